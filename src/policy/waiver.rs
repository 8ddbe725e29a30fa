//! What operators have decided to live with: an advisory, by its id, for some versions and until a day.
//!
//! A waiver lifts an id and no rule. Another advisory about the same version still counts, and so does every rule that asks for none.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{Caller, Principal, Versions};
use crate::gomod::{ModulePath, Patterns};
use crate::http::Timestamp;

/// A waiver.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiver {
    /// What metrics call it, as a rule's name; where empty, its place does.
    pub name: String,
    /// Where it stands, for people: `policy.waivers[3]`.
    pub place: String,
    /// The modules, as GOPRIVATE-style globs.
    pub modules: Patterns,
    /// More modules: these very ones.
    pub exact: Vec<ModulePath>,
    /// The versions; `None` for every one.
    pub versions: Option<Versions>,
    /// The ids of the advisories that are lifted.
    pub ids: Vec<String>,
    /// The callers for whom; empty for all.
    pub principals: Vec<Principal>,
    /// From when on it lifts nothing.
    pub until: Timestamp,
    /// Who has decided it.
    pub by: String,
    /// Where that is tracked; empty where nowhere.
    pub ticket: String,
    /// Why.
    pub reason: String,
}

/// The waivers of one origin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waivers {
    list: Arc<[Waiver]>,
    by_id: Arc<BTreeMap<Box<str>, Vec<usize>>>,
}

impl Waiver {
    /// Whether it lifts anything at this time.
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.until
    }

    /// Whether it ends soon: in time to see to it.
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        self.holds(now) && now.after(NOTICE) >= self.until
    }

    /// What metrics call it: its name, or else its place in letters that a metric may have.
    pub fn label(&self) -> String {
        super::rule::label(&self.name, &self.place)
    }

    /// Whether it is for this module.
    pub fn names(&self, module: &ModulePath) -> bool {
        self.modules.matches(module) || self.exact.contains(module)
    }

    /// Whether it is for this caller.
    pub fn is_for(&self, caller: &Caller) -> bool {
        self.principals.is_empty() || self.principals.iter().any(|principal| principal.matches(caller))
    }
}

impl Waivers {
    /// Of these, in their order.
    pub fn new(list: impl Into<Arc<[Waiver]>>) -> Self {
        let list: Arc<[Waiver]> = list.into();
        let mut by_id: BTreeMap<Box<str>, Vec<usize>> = BTreeMap::new();
        for (place, waiver) in list.iter().enumerate() {
            for id in &waiver.ids {
                by_id.entry(id.as_str().into()).or_default().push(place);
            }
        }
        Self { list, by_id: by_id.into() }
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Waiver> {
        self.list.iter()
    }

    /// Those that lift the advisory with this id, in their order.
    pub fn of(&self, id: &str) -> impl Iterator<Item = &Waiver> {
        self.by_id.get(id).into_iter().flatten().filter_map(|place| self.list.get(*place))
    }
}

/// How long before its end operators are warned of a waiver.
pub const NOTICE: Duration = Duration::from_secs(14 * 86_400);
