//! Finding out when versions were published, for clients that may have them only when they are old enough.
//!
//! A publish time is found by a search for the version's `.info`, which is one for all clients, like any other. A list may need hundreds of
//! them at once, so they are asked for a few at a time. A client that waits for the list waits until all are answered or its time ends.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    flight::Flight,
    key::{DateLookupKey, Waiter},
    services::Services,
};
use crate::{
    cx::{Cx, StreamId},
    flow::{End, Publication, Published, Searched, cache_state, published_by},
    gomod::{ModulePath, Version},
    goproxy::{Document, Failure, FailureKind, File, Info},
    http::Timestamp,
    plan::Want,
};

/// The modules whose versions one worker asks about.
#[derive(Debug, Default)]
pub(super) struct Dates(BTreeMap<DateLookupKey, DateLookup>);

/// The versions of one module, being asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DateLookup {
    key: DateLookupKey,
    /// The newest comes next: should time run out, it is old ones that are missing.
    ahead: BTreeSet<Version>,
    asked: BTreeSet<Version>,
    found: Published,
    /// How many failed since the last one that did not.
    failed: usize,
    /// The clients that wait for all of them.
    waiting: Vec<StreamId>,
    since: Timestamp,
}

impl Dates {
    /// Of how many modules versions are asked about.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is asked about.
    pub(super) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a client waits for the versions that are asked about as `key`.
    pub(super) fn has(&self, key: &DateLookupKey) -> bool {
        self.0.contains_key(key)
    }

    /// Has `stream` wait until it is known when these versions were published. They are asked about by [`Dates::next`].
    pub(super) fn join(
        &mut self,
        key: &DateLookupKey,
        versions: Vec<Version>,
        stream: StreamId,
        now: Timestamp,
    ) {
        let dating = self.0.entry(key.clone()).or_insert_with(|| DateLookup {
            key: key.clone(),
            ahead: BTreeSet::new(),
            asked: BTreeSet::new(),
            found: Published::default(),
            failed: 0,
            waiting: Vec::new(),
            since: now,
        });
        dating.add(versions, stream);
    }

    /// What is to be looked up next, as many as may be asked about at once; what the index knows is noted. Where more is under way than may
    /// be, the other look-ups wait their turn.
    pub(super) fn next(
        &mut self,
        key: &DateLookupKey,
        services: &Services,
        cx: &mut Cx<'_>,
    ) -> Option<(Version, Flight)> {
        while self.asked() < MAX_ASKED && services.budget.has_room() {
            let dating = self.0.get_mut(key)?;
            let version = dating.ahead.pop_last()?;
            dating.asked.insert(version.clone());
            let want = info_of(&key.module, &version);
            let Services { index, source_health, config, .. } = services;
            let indexed = cache_state::indexed(&want, false, index, source_health, config, cx)
                .and_then(Searched::indexed);
            match indexed {
                Some(searched) => self.note(key, version, &searched, services, cx),
                None => {
                    let waiter = Waiter::Date(key.clone(), version.clone());
                    return Some((version, Flight::of_waiter(want, key.may_fetch, waiter, cx.now)));
                }
            }
        }
        None
    }

    /// The `.info` of a version has come, or has not.
    pub(super) fn note(
        &mut self,
        key: &DateLookupKey,
        version: Version,
        searched: &Searched,
        services: &Services,
        cx: &Cx<'_>,
    ) {
        if let Some(dating) = self.0.get_mut(key) {
            let publication = read_date(&key.module, searched, services, cx);
            dating.asked.remove(&version);
            match &publication {
                Publication::Failed(failure) => dating.note_failed(failure),
                Publication::At(_) | Publication::Missing(_) => dating.failed = 0,
            }
            dating.found.note(version, publication);
        }
    }

    /// The look-ups that wait their turn.
    pub(super) fn waiting(&self) -> Vec<DateLookupKey> {
        let waits = |dating: &&DateLookup| !dating.ahead.is_empty();
        self.0.values().filter(waits).map(|dating| dating.key.clone()).collect()
    }

    /// The waiting look-up with the fewest versions under way: one for a long list would keep others waiting until it is done.
    pub(super) fn first_waiting(&self) -> Option<DateLookupKey> {
        let waits = |dating: &&DateLookup| !dating.ahead.is_empty();
        let next = self.0.values().filter(waits).map(|dating| (dating.asked.len(), &dating.key));
        next.min().map(|(_, next)| next.clone())
    }

    /// Who goes on, where nothing is left to be asked: what was found out is known to all from here on.
    pub(super) fn end(
        &mut self,
        key: &DateLookupKey,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Vec<StreamId>> {
        if !self.0.get(key)?.is_done() {
            return None;
        }
        let DateLookup { found, waiting, .. } = self.0.remove(key)?;
        found.keep(&key.module, &mut services.index, cx);
        services.publications.learn(&key.module, found);
        Some(waiting)
    }

    /// Waiting clients may have left. Versions that no client waits for any more are not asked about; replies that are under way are still
    /// taken in. The remaining clients may be at their end now.
    pub(super) fn leave(&mut self, is_there: impl Fn(StreamId) -> bool) -> Vec<DateLookupKey> {
        let mut ended = Vec::new();
        for dating in self.0.values_mut() {
            dating.waiting.retain(|stream| is_there(*stream));
            if dating.waiting.is_empty() {
                dating.ahead.clear();
                ended.push(dating.key.clone());
            }
        }
        ended
    }

    /// Gives up on versions that were asked about for as long as a client waits for anything. The clients that wait for them may be at
    /// their end now.
    pub(super) fn give_up(&mut self, services: &Services, now: Timestamp) -> Vec<DateLookupKey> {
        let mut late = Vec::new();
        for dating in self.0.values_mut() {
            if now.since(dating.since) >= services.config.fetch.wait {
                dating.give_up();
                late.push(dating.key.clone());
            }
        }
        late
    }

    /// Takes out the clients that have waited for as long as they may in all, other waits included, and says why they are not answered. The
    /// others wait on.
    pub(super) fn late(&mut self, is_late: impl Fn(StreamId) -> bool) -> Vec<(StreamId, Failure)> {
        let mut late = Vec::new();
        for dating in self.0.values_mut() {
            let module = &dating.key.module;
            let gone = dating.waiting.extract_if(.., |stream| is_late(*stream));
            late.extend(gone.map(|stream| {
                let reason = format!(
                    "{module}: the publish times of its versions were not found out in time; try again"
                );
                (stream, Failure { kind: FailureKind::Slow, reason, retry_after: None })
            }));
        }
        late
    }

    fn asked(&self) -> usize {
        self.0.values().map(|dating| dating.asked.len()).sum()
    }
}

/// When a version was published, by what came of the search for its `.info`.
fn read_date(module: &ModulePath, searched: &Searched, services: &Services, cx: &Cx<'_>) -> Publication {
    let unreadable = || Failure {
        kind: FailureKind::Bad,
        reason: format!("{module}: the publish time of a version cannot be read"),
        retry_after: None,
    };
    match &searched.end {
        End::Document(found) => match Info::read(&found.body) {
            Some(info) => Publication::At(published_by(&info, module, found, &services.index, cx)),
            None => Publication::Failed(unreadable()),
        },
        End::Missing(missing) => Publication::Missing(missing.clone()),
        End::Failed(failure) => Publication::Failed(failure.clone()),
        End::Zip { .. } => Publication::Failed(unreadable()),
    }
}

impl DateLookup {
    fn add(&mut self, versions: Vec<Version>, stream: StreamId) {
        for version in versions {
            if self.found.get(&version).is_none() && !self.asked.contains(&version) {
                self.ahead.insert(version);
            }
        }
        self.waiting.push(stream);
    }

    fn is_done(&self) -> bool {
        self.ahead.is_empty() && self.asked.is_empty()
    }

    /// After many failures and nothing else, the others are taken to fail too: the list lacks them, what was found is kept, and the
    /// next request goes on from there.
    fn note_failed(&mut self, failure: &Failure) {
        self.failed = self.failed.saturating_add(1);
        if self.failed >= MAX_FAILED {
            for version in std::mem::take(&mut self.ahead) {
                self.found.note(version, Publication::Failed(failure.clone()));
            }
        }
    }

    fn give_up(&mut self) {
        let open = std::mem::take(&mut self.ahead).into_iter().chain(std::mem::take(&mut self.asked));
        for version in open {
            let reason = format!(
                "{}@{version}: its publish time was not found out in time; try again",
                self.key.module
            );
            let failure = Failure { kind: FailureKind::Slow, reason, retry_after: None };
            self.found.note(version, Publication::Failed(failure));
        }
    }
}

fn info_of(module: &ModulePath, version: &Version) -> Want {
    Want::Document(Document::Module { module: module.clone(), file: File::Info(version.clone()) })
}

/// Versions that one worker asks about at once, of all modules: enough to be done with a long list in the time of a few
/// answers, and few beside what else an upstream is asked.
const MAX_ASKED: usize = 64;

/// Failures in a row after which a source is not asked for the other versions of a module: each is asked for a few times, and a list
/// has a thousand. More than there are broken versions beside each other in any module, or those behind them would never be asked for.
const MAX_FAILED: usize = MAX_ASKED;
