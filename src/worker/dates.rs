//! Finding out when versions were published, for clients that may have them only when they are old enough.
//!
//! A publish time is found by a search for the version's `.info`, which is one for all clients, like any other. A list may need hundreds of
//! them at once, so they are asked for a few at a time. A client that waits for the list waits until all are answered or its time ends.
//!
//! Where the log of a checksum database is the clock, a version that its `.info` calls old enough is looked up there as well; what the
//! `.info` calls too young stays too young, whatever the log has.
//!
//! ```text
//!  ahead ─▶ asked: the .info ── too young for all rules, missing, failed ─▶ found
//!                     └─ said ─▶ asked: the lookup ── missing, failed ────▶ found
//!                                   └─ logged: its record is known ─▶ placed, once it is known how old the log is ─▶ found
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::{
    flight::Flight,
    key::{DateLookupKey, Undecided, Waiter},
    services::Services,
};
use crate::{
    config::Clock,
    cx::Cx,
    flow::{
        End, Publication, Published, Said, Searched, cache_state, log, lookup, place, published_by, record_of,
    },
    gomod::{ModulePath, Version},
    goproxy::{Document, Failure, FailureKind, File, Info},
    http::Timestamp,
    plan::Want,
    policy::Action,
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
    /// What the `.info`s of those said that are looked up in the log.
    said: BTreeMap<Version, Said>,
    /// Of those, the ones that are to be looked up yet.
    unasked: BTreeSet<Version>,
    /// The numbers of their records, until it is known how old the log is.
    logged: BTreeMap<Version, u64>,
    found: Published,
    /// How many failed since the last one that did not.
    failed: usize,
    /// The clients and errands that wait for all of them.
    waiting: Vec<Undecided>,
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

    /// Has `who` wait until it is known when these versions were published. They are asked about by [`Dates::next`].
    pub(super) fn join(
        &mut self,
        key: &DateLookupKey,
        versions: Vec<Version>,
        who: Undecided,
        now: Timestamp,
    ) {
        let dating = self.0.entry(key.clone()).or_insert_with(|| DateLookup {
            key: key.clone(),
            ahead: BTreeSet::new(),
            asked: BTreeSet::new(),
            said: BTreeMap::new(),
            unasked: BTreeSet::new(),
            logged: BTreeMap::new(),
            found: Published::default(),
            failed: 0,
            waiting: Vec::new(),
            since: now,
        });
        dating.add(versions, who);
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
            let Services { index, source_health, config, .. } = services;
            // What was begun is ended first.
            let unasked = dating.unasked.pop_last();
            let looked_up =
                unasked.and_then(|version| Some((lookup(&key.module, &version, config)?, version)));
            let (want, version) = match looked_up {
                Some(looked_up) => looked_up,
                None => {
                    let version = dating.ahead.pop_last()?;
                    (info_of(&key.module, &version), version)
                }
            };
            dating.asked.insert(version.clone());
            let indexed = cache_state::indexed(&want, false, index, source_health, config, cx)
                .and_then(Searched::indexed);
            match indexed {
                Some(searched) => self.note(key, version, &want, &searched, services, cx),
                None => {
                    let waiter = Waiter::Date(key.clone(), version.clone());
                    return Some((version, Flight::of_waiter(want, key.may_fetch, waiter, cx.now)));
                }
            }
        }
        None
    }

    /// The `.info` of a version has come, or its lookup, as was wanted; or it has not.
    pub(super) fn note(
        &mut self,
        key: &DateLookupKey,
        version: Version,
        want: &Want,
        searched: &Searched,
        services: &Services,
        cx: &Cx<'_>,
    ) {
        let Some(dating) = self.0.get_mut(key) else { return };
        dating.asked.remove(&version);
        let module = &key.module;
        let publication = if matches!(want, Want::Document(Document::Sumdb { .. })) {
            match read_record(module, &version, searched) {
                Ok(record) => {
                    dating.failed = 0;
                    if dating.is_awaited() {
                        dating.logged.insert(version, record);
                    }
                    return;
                }
                Err(failure) => Publication::Failed(failure),
            }
        } else {
            match read_date(module, &version, searched, services, cx) {
                Ok(publication) => publication,
                Err(said) => {
                    dating.failed = 0;
                    // For no client the log is not asked.
                    if dating.is_awaited() {
                        dating.said.insert(version.clone(), said);
                        dating.unasked.insert(version);
                    }
                    return;
                }
            }
        };
        match &publication {
            Publication::Failed(failure) => dating.note_failed(failure),
            Publication::At(_) | Publication::ForNow(_) | Publication::Missing(_) => dating.failed = 0,
        }
        dating.said.remove(&version);
        dating.found.note(version, publication);
    }

    /// Dates the versions whose records are known, if it is known by now how old the log is.
    pub(super) fn place(&mut self, key: &DateLookupKey, services: &Services, cx: &Cx<'_>) {
        let Some(dating) = self.0.get_mut(key).filter(|dating| !dating.logged.is_empty()) else { return };
        let Some(log) = log(&services.config, &services.index, cx) else { return };
        for (version, record) in std::mem::take(&mut dating.logged) {
            let said = dating.said.remove(&version).unwrap_or(Said { time: None, seen: cx.now });
            dating.found.note(version, place(record, said, &log, cx.now));
        }
    }

    /// The look-ups that wait their turn, or to hear how old the log is.
    pub(super) fn waiting(&self) -> Vec<DateLookupKey> {
        let waits = |dating: &&DateLookup| dating.waits() || !dating.logged.is_empty();
        self.0.values().filter(waits).map(|dating| dating.key.clone()).collect()
    }

    /// The waiting look-up with the fewest versions under way: one for a long list would keep others waiting until it is done.
    pub(super) fn first_waiting(&self) -> Option<DateLookupKey> {
        let waits = |dating: &&DateLookup| dating.waits();
        let next = self.0.values().filter(waits).map(|dating| (dating.asked.len(), &dating.key));
        next.min().map(|(_, next)| next.clone())
    }

    /// Who goes on, where nothing is left to be asked: what was found out is known to all from here on.
    pub(super) fn end(
        &mut self,
        key: &DateLookupKey,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Vec<Undecided>> {
        if !self.0.get(key)?.is_done() {
            return None;
        }
        let DateLookup { found, waiting, .. } = self.0.remove(key)?;
        found.keep(&key.module, services.config.clock(&key.module), &mut services.index, cx);
        services.publications.learn(&key.module, found);
        Some(waiting)
    }

    /// Waiting clients may have left. Versions that no client waits for any more are not asked about; replies that are under way are still
    /// taken in. The remaining clients may be at their end now.
    pub(super) fn leave(&mut self, is_there: impl Fn(Undecided) -> bool) -> Vec<DateLookupKey> {
        let mut ended = Vec::new();
        for dating in self.0.values_mut() {
            dating.waiting.retain(|who| is_there(*who));
            if dating.waiting.is_empty() {
                dating.ahead.clear();
                dating.unasked.clear();
                dating.logged.clear();
                dating.said.clear();
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
    pub(super) fn late(&mut self, is_late: impl Fn(Undecided) -> bool) -> Vec<(Undecided, Failure)> {
        let mut late = Vec::new();
        for dating in self.0.values_mut() {
            let module = &dating.key.module;
            let gone = dating.waiting.extract_if(.., |who| is_late(*who));
            late.extend(gone.map(|who| {
                let reason = format!(
                    "{module}: the publish times of its versions were not found out in time; try again"
                );
                (who, Failure { kind: FailureKind::Slow, reason, retry_after: None })
            }));
        }
        late
    }

    fn asked(&self) -> usize {
        self.0.values().map(|dating| dating.asked.len()).sum()
    }
}

/// When a version was published, by what came of the search for its `.info`; or what that said, where the log has to be asked.
fn read_date(
    module: &ModulePath,
    version: &Version,
    searched: &Searched,
    services: &Services,
    cx: &Cx<'_>,
) -> Result<Publication, Said> {
    let unreadable = || Failure {
        kind: FailureKind::Bad,
        reason: format!("{module}: the publish time of a version cannot be read"),
        retry_after: None,
    };
    let found = match &searched.end {
        End::Document(found) => found,
        End::Missing(missing) => return Ok(Publication::Missing(missing.clone())),
        End::Failed(failure) => return Ok(Publication::Failed(failure.clone())),
        End::Zip { .. } => return Ok(Publication::Failed(unreadable())),
    };
    let Some(info) = Info::read(&found.body) else { return Ok(Publication::Failed(unreadable())) };
    match (services.config.clock(module), info.time) {
        (Clock::Info, _) => Ok(Publication::At(published_by(&info, module, found, &services.index, cx))),
        (Clock::Log, Some(time)) if is_too_young(time, module, version, services, cx) => {
            Ok(Publication::ForNow(time))
        }
        (Clock::Log, _) => Err(Said::of(&info, module, found, &services.index, cx)),
    }
}

/// Whether a version that was published then is too young for every rule that may want it older.
fn is_too_young(
    time: Timestamp,
    module: &ModulePath,
    version: &Version,
    services: &Services,
    cx: &Cx<'_>,
) -> bool {
    let rules = services.in_force.policy().naming(module).filter(|rule| rule.has(version));
    let ages = rules.filter_map(|rule| match rule.action {
        Action::Cooldown(age) => Some(age),
        Action::Allow | Action::Deny | Action::Redirect(_) => None,
    });
    ages.min().is_some_and(|age| cx.now < time.after(age))
}

/// The number of a version's record, by what came of its lookup; or why it is not known.
fn read_record(module: &ModulePath, version: &Version, searched: &Searched) -> Result<u64, Failure> {
    let fail = |kind, why: &str, retry_after| {
        let reason = format!("{module}@{version}: it has no known age: {why}");
        Failure { kind, reason, retry_after }
    };
    match &searched.end {
        End::Document(found) => record_of(module, version, found)
            .ok_or_else(|| fail(FailureKind::Forged, "its record is of another module version", None)),
        // The database learns of a tag later than the host that serves it. Where no one could be asked, it may be known another time.
        End::Missing(missing) => {
            let retry_after = searched.source.map(|_| UNKNOWN_RETRY);
            Err(fail(FailureKind::Overloaded, &missing.reason, retry_after))
        }
        End::Failed(failure) => Err(fail(failure.kind, &failure.reason, failure.retry_after)),
        End::Zip { .. } => Err(fail(FailureKind::Bad, "what was found is no record", None)),
    }
}

impl DateLookup {
    fn add(&mut self, versions: Vec<Version>, who: Undecided) {
        for version in versions {
            let is_under_way = self.asked.contains(&version) || self.said.contains_key(&version);
            if self.found.get(&version).is_none() && !is_under_way {
                self.ahead.insert(version);
            }
        }
        self.waiting.push(who);
    }

    fn is_done(&self) -> bool {
        !self.waits() && self.asked.is_empty() && self.logged.is_empty()
    }

    fn is_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether any is yet to be asked about.
    fn waits(&self) -> bool {
        !self.ahead.is_empty() || !self.unasked.is_empty()
    }

    /// After many failures and nothing else, the others are taken to fail too: the list lacks them, what was found is kept, and the
    /// next request goes on from there.
    fn note_failed(&mut self, failure: &Failure) {
        self.failed = self.failed.saturating_add(1);
        if self.failed >= MAX_FAILED {
            let unasked = std::mem::take(&mut self.unasked);
            for version in std::mem::take(&mut self.ahead).into_iter().chain(unasked) {
                self.said.remove(&version);
                self.found.note(version, Publication::Failed(failure.clone()));
            }
        }
    }

    fn give_up(&mut self) {
        let [ahead, asked, unasked] =
            [&mut self.ahead, &mut self.asked, &mut self.unasked].map(std::mem::take);
        self.said.clear();
        for version in std::mem::take(&mut self.logged).into_keys() {
            let reason = format!(
                "{}@{version}: it has no known age: storage or the checksum database did not say in time how old the log is; try again",
                self.key.module
            );
            let failure = Failure { kind: FailureKind::Slow, reason, retry_after: None };
            self.found.note(version, Publication::Failed(failure));
        }
        for version in ahead.into_iter().chain(asked).chain(unasked) {
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

/// Seconds after which a database is asked again that did not know what is there, as where a file is to be verified.
const UNKNOWN_RETRY: u32 = 10;

/// Failures in a row after which a source is not asked for the other versions of a module: each is asked for a few times, and a list
/// has a thousand. More than there are broken versions beside each other in any module, or those behind them would never be asked for.
const MAX_FAILED: usize = MAX_ASKED;
