//! What clients remember together: which answer they got of what, by its tag, and what was refused during the outage.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::catalogue::Catalogue;
use super::draw::Ask;
use super::parameters::Kind;

/// Different files that were served, or had to be fetched for what was served.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Touched {
    pub(super) info: u64,
    pub(super) go_mod: u64,
    pub(super) zip: u64,
    pub(super) list: u64,
    pub(super) latest: u64,
}

impl Touched {
    /// What the index keeps of it: bodies of usual length, and so much for each record as usual documents have it
    /// (`a_hundred_thousand_documents_have_room_within_the_bytes`). A go.mod has its record of the checksum database.
    pub(super) fn kept(&self) -> u64 {
        const RECORD: u64 = 250;
        const INFO: u64 = 50;
        const GO_MOD: u64 = 830;
        const LOOKUP: u64 = 450;
        self.info * (RECORD + INFO) + self.go_mod * (2 * RECORD + GO_MOD + LOOKUP) + self.zip * RECORD
    }
}

/// A place for everything that has a name.
#[derive(Debug)]
pub(super) struct Ledger {
    versions: usize,
    /// `.info`, `.mod`, `.zip` and lookups of each version, then `list` and `@latest` of each module: the tag, or an empty text.
    served: [Vec<OnceLock<Box<str>>>; 6],
    /// By kind and place.
    refused: Mutex<BTreeMap<(Kind, usize), Ask>>,
}

impl Ledger {
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let (modules, versions) = (catalogue.modules(), catalogue.versions());
        let of = |count: usize| (0..count).map(|_| OnceLock::new()).collect();
        let all = modules * versions;
        Self {
            versions,
            served: [of(all), of(all), of(all), of(all), of(modules), of(modules)],
            refused: Mutex::default(),
        }
    }

    fn place(&self, ask: &Ask) -> Option<&OnceLock<Box<str>>> {
        let at = ask.module * self.versions + ask.version;
        Some(match ask.kind {
            Kind::Info => &self.served[0][at],
            Kind::Mod => &self.served[1][at],
            Kind::Zip => &self.served[2][at],
            Kind::Lookup => &self.served[3][at],
            Kind::List => &self.served[4][ask.module],
            Kind::Latest => &self.served[5][ask.module],
            _ => return None,
        })
    }

    /// The tag of the answer that clients have, if they have one.
    pub(super) fn known(&self, ask: &Ask) -> Option<&str> {
        self.place(ask)?.get().map(|tag| &**tag)
    }

    /// Notes an answer; whether its tag is that of the first.
    pub(super) fn served(&self, ask: &Ask, tag: Option<&str>) -> bool {
        let Some(place) = self.place(ask) else { return true };
        let tag = if ask.kind == Kind::Zip { "" } else { tag.unwrap_or_default() };
        &**place.get_or_init(|| tag.into()) == tag
    }

    /// Notes that it could not be had.
    pub(super) fn refused(&self, ask: Ask) {
        if self.place(&ask).is_some() {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            refused.insert((ask.kind, ask.module * self.versions + ask.version), ask);
        }
    }

    /// Everything that could not be had, once each.
    pub(super) fn all_refused(&self) -> Vec<Ask> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).values().copied().collect()
    }

    /// How many there are of each, of what was served.
    pub(super) fn touched(&self) -> Touched {
        let [info, go_mod, zip, _, list, latest] = &self.served;
        let is_there = |place: &OnceLock<Box<str>>| place.get().is_some();
        let count = |places: &[OnceLock<Box<str>>]| places.iter().filter(|place| is_there(place)).count() as u64;
        // With a zip goes the rest of its version, so that storage has all of it.
        let with_zip = |places: &[OnceLock<Box<str>>]| {
            places.iter().zip(zip).filter(|(own, zip)| is_there(own) || is_there(zip)).count() as u64
        };
        Touched {
            info: with_zip(info),
            go_mod: with_zip(go_mod),
            zip: count(zip),
            list: count(list),
            latest: count(latest),
        }
    }
}
