//! Looking again at modules of which the gateway was told that they have changed, before what it knows of them has aged.
//!
//! Nothing that is told is believed: it has documents that can change asked for anew, and "not found" forgotten. Files of a version stay.
//!
//! ```text
//! told: paths, refs ─▶ the modules at these paths: now ─────────────┐
//!                  └─▶ all below them: a walk through the index ────┤
//!                                                                   ▼
//!    "not found" of it ─▶ forgotten                    list, `@latest` ─▶ due, once a second at most
//!    what a query stands for ─▶ never fresh                               │ an answer is under way that may be older: after it
//!                                                                         ▼
//!                                                        never fresh, and a flight that no client waits for
//! ```
//!
//! What grows old so is still given where no source can be asked. A document is asked for by one worker of all, by its lease. A walk reads
//! what other workers write meanwhile, and may miss a record that moves: then it ages as if nothing had been told.

mod places;

use std::{collections::BTreeMap, time::Duration};

use self::places::{Sort, module_of, places, sort_of, versions};
use super::{event::Event, key::Slice, services::Services};
use crate::{
    cx::Cx,
    feed::Published,
    flow::{Renewal, keep},
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Found},
    hook::{RefName, plain},
    http::Timestamp,
    metrics::{Counter, LookOutcome},
    plan::{Want, may_be_asked_anew},
    shared::{Cursor, Entry, Region},
};

/// What one worker is to look at again.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// What is to be asked for anew, by its key in the index.
    due: BTreeMap<String, Due>,
    /// What was asked for lately, and when: within a second, and since the walk that is under way was told of, it is not asked for again.
    asked: BTreeMap<String, Timestamp>,
    /// The walk that is under way.
    walk: Option<Walk>,
    /// The paths that the next walk looks below, and when the gateway was told of each.
    next: BTreeMap<String, Timestamp>,
    /// When the last walk began.
    walked: Option<Timestamp>,
    /// Since when flights are counted that were begun, and how many those are.
    begun: (Timestamp, usize),
}

/// A document that is to be asked for anew.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Due {
    want: Want,
    /// Not before.
    at: Timestamp,
    /// An answer that came after this is new enough.
    told: Timestamp,
    /// Whether it was being asked for when the gateway was told: that answer may be older.
    is_asked: bool,
}

/// A walk through the index.
#[derive(Debug)]
struct Walk {
    cursor: Cursor,
    /// Paths, as [`plain`] has them, and when the gateway was told of each.
    roots: BTreeMap<String, Timestamp>,
}

impl Looks {
    /// Whether nothing is left to be done.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        !self.is_at_work()
    }

    /// Whether anything here depends on time.
    pub(super) fn is_at_work(&self) -> bool {
        !self.due.is_empty() || self.is_walking()
    }

    /// Looks again at what may have changed. `is_flying` says whether this worker asks for what is called so.
    pub(super) fn begin(
        &mut self,
        renewal: &Renewal,
        is_flying: &dyn Fn(&str) -> bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let mut looked: usize = 0;
        for root in &renewal.roots {
            for (place, refs) in places(&renewal.refs) {
                let Ok(module) = ModulePath::parse(&format!("{root}{place}")) else { continue };
                // The others are met by the walk.
                if looked < MAX_AT_ONCE {
                    let _ = self.look_at(&module, &refs, is_flying, services, cx);
                    foresee(&module, versions(&module, &refs), services, cx);
                }
                looked = looked.saturating_add(1);
            }
            let root = plain(root);
            if self.next.len() < MAX_ROOTS || self.next.contains_key(&root) {
                self.next.insert(root, cx.now);
            } else {
                cx.count(Counter::Look { outcome: LookOutcome::Left });
            }
        }
        self.begin_walk(services, cx.now);
    }

    /// Looks again at the modules of which versions became known; whether any of them is of interest here. Most of what an index tells is of
    /// modules that no client here uses.
    pub(super) fn hear(
        &mut self,
        published: &[Published],
        is_flying: &dyn Fn(&str) -> bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> bool {
        let mut is_any = false;
        for Published { module, version } in published {
            let refs = [&RefName::Tag(version.to_string())];
            is_any |= self.look_at(module, &refs, is_flying, services, cx);
            foresee(module, vec![version.clone()], services, cx);
        }
        is_any
    }

    /// Looks again at one module, by the names that its documents have, and at what `refs` may be of it; whether it is of interest to a client.
    fn look_at(
        &mut self,
        module: &ModulePath,
        refs: &[&RefName],
        is_flying: &dyn Fn(&str) -> bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> bool {
        let is_followed = services.config.sync.modules.matches(module);
        let mut is_any = is_followed;
        for file in [File::List, File::Latest] {
            let want = Want::Document(Document::Module { module: module.clone(), file });
            let key = want.key();
            // What is not known, and not being found out, is of no interest to a client.
            let is_known =
                last_said(&key, services, cx).is_some() || is_under_way(&key, is_flying, services, cx);
            is_any |= is_known;
            if is_known || is_followed {
                services.index.forget(cx.kv, Region::Missing, &key, cx.now);
                self.add(want, cx.now, is_flying, services, cx);
            }
        }
        for want in places::files(module, refs, &services.config) {
            let key = want.key();
            services.index.forget(cx.kv, Region::Missing, &key, cx.now);
            if sort_of(&want) == Some(Sort::Query) {
                outdate(&want, services, cx);
            }
        }
        is_any
    }

    /// Has `want` asked for anew, as soon as that may be, as the gateway was `told`.
    fn add(
        &mut self,
        want: Want,
        told: Timestamp,
        is_flying: &dyn Fn(&str) -> bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let key = want.key();
        let is_asked = is_under_way(&key, is_flying, services, cx);
        if let Some(due) = self.due.get_mut(&key) {
            if due.told < told {
                due.told = told;
                due.is_asked |= is_asked;
                cx.count(Counter::Look { outcome: LookOutcome::Merged });
            }
            return;
        }
        if !may_be_asked_anew(&want, &services.config) {
            return;
        }
        if self.due.len() >= MAX_DUE {
            outdate(&want, services, cx);
            return cx.count(Counter::Look { outcome: LookOutcome::Left });
        }
        let at = self.after_pace(&key, services, cx);
        self.due.insert(key, Due { want, at, told, is_asked });
    }

    /// What is to be asked for now, and what the index has of it: it is not fresh any more.
    pub(super) fn take(
        &mut self,
        is_flying: &dyn Fn(&str) -> bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Vec<(Want, Option<Found>)> {
        let mut taken = Vec::new();
        let now = cx.now;
        if !now.is_within(TURN, self.begun.0) {
            self.begun = (now, 0);
        }
        if self.due.is_empty() || self.begun.1 >= AT_ONCE {
            return taken;
        }
        // One that is further away is from before the clock was set back.
        let is_due = |due: &Due| due.at <= now || due.at.since(now) > PACE;
        let keys: Vec<String> =
            self.due.iter().filter(|(_, due)| is_due(due)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            if self.begun.1 >= AT_ONCE || !services.budget.has_room() {
                break;
            }
            let is_under_way = is_under_way(&key, is_flying, services, cx);
            let Some(mut due) = self.due.remove(&key) else { continue };
            if due.is_asked && !is_under_way {
                // What that brought may be older than what the gateway was told.
                let at = self.after_pace(&key, services, cx);
                due = Due { at, told: now, is_asked: false, ..due };
            }
            if due.is_asked || !is_due(&due) {
                self.due.insert(key, due);
                continue;
            }
            let Due { want, told, .. } = due;
            // Asked for since, or answered since: that is new enough.
            if is_under_way || last_said(&key, services, cx).is_some_and(|since| since > told) {
                cx.count(Counter::Look { outcome: LookOutcome::Newer });
                continue;
            }
            cx.count(Counter::Look { outcome: LookOutcome::Asked });
            if self.asked.len() < MAX_DUE {
                self.asked.insert(key, now);
            }
            let found = outdate(&want, services, cx);
            self.begun.1 = self.begun.1.saturating_add(1);
            taken.push((want, found));
        }
        taken
    }

    /// Whether a walk is under way, or waits.
    fn is_walking(&self) -> bool {
        self.walk.is_some() || !self.next.is_empty()
    }

    /// Time has passed.
    pub(super) fn on_tick(&mut self, services: &mut Services, now: Timestamp) {
        if !self.is_walking() {
            self.asked.retain(|_, asked| now.is_within(PACE, *asked));
        }
        self.begin_walk(services, now);
    }

    /// Begins to look below all paths that wait for it, unless that is being done or was done a moment ago.
    fn begin_walk(&mut self, services: &mut Services, now: Timestamp) {
        let rests = self.walked.is_some_and(|walked| now.is_within(PACE, walked));
        if self.walk.is_none() && !self.next.is_empty() && !rests {
            self.walked = Some(now);
            self.walk = Some(Walk { cursor: Cursor::BEGIN, roots: std::mem::take(&mut self.next) });
            services.slices.add(Slice::Looks);
        }
    }

    /// Walks on.
    pub(super) fn work(
        &mut self,
        is_flying: &dyn Fn(&str) -> bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let Some(Walk { cursor, roots }) = self.walk.take() else { return };
        let (mut met, sources) = (Vec::new(), services.index.sources());
        let next = services.index.scan(cx.kv, cursor, PAGES_AT_ONCE, |region, _, occupant| {
            let path = occupant.key.path;
            if occupant.key.sources == sources
                && let Some(told) = module_of(path).and_then(|module| told_of(&module, &roots))
            {
                met.push((region, path.to_owned(), told));
            }
        });
        for (region, path, told) in met {
            if region == Region::Missing {
                services.index.forget(cx.kv, Region::Missing, &path, cx.now);
                continue;
            }
            let Some(want) = places::want_of(&path) else { continue };
            match sort_of(&want) {
                Some(Sort::Query) => drop(outdate(&want, services, cx)),
                // Else it was asked for since: by its name.
                Some(Sort::Whole) if self.asked.get(&path).is_none_or(|asked| *asked < told) => {
                    self.add(want, told, is_flying, services, cx);
                }
                Some(Sort::Whole) => {}
                None => {}
            }
        }
        if let Some(cursor) = next {
            self.walk = Some(Walk { cursor, roots });
            services.slices.add(Slice::Looks);
        }
    }

    /// When what is called `key` may be asked for again, whichever worker has had an answer last.
    fn after_pace(&self, key: &str, services: &Services, cx: &Cx<'_>) -> Timestamp {
        let last = last_said(key, services, cx).max(self.asked.get(key).copied());
        let last = last.filter(|last| cx.now.is_within(PACE, *last));
        last.map_or(cx.now, |last| last.after(PACE))
    }
}

/// When the gateway was told of the module at `module`, where it lies at or below one of `roots`; all as [`plain`] has them. A server that is
/// none of the large forges is often named with `.git` in module paths.
fn told_of(module: &str, roots: &BTreeMap<String, Timestamp>) -> Option<Timestamp> {
    let ends = module.match_indices('/').map(|(at, _)| at).chain([module.len()]);
    let heads = ends.filter_map(|end| module.get(..end));
    let names = heads.flat_map(|head| [Some(head), head.strip_suffix(".git")]).flatten();
    names.filter_map(|name| roots.get(name)).max().copied()
}

/// Has new versions fetched before a client asks for them, where their module is one of which that is wanted, or is hot.
fn foresee(module: &ModulePath, versions: Vec<Version>, services: &mut Services, cx: &Cx<'_>) {
    let Some(prewarm) = &services.config.sync.prewarm else { return };
    if !versions.is_empty() && (prewarm.modules.matches(module) || services.is_hot(module, cx)) {
        services.emit(Event::Appeared(module.clone(), versions));
    }
}

/// What the index has of `want`, which it has no longer as fresh: it is asked for before it is given, and given where that fails.
fn outdate(want: &Want, services: &mut Services, cx: &mut Cx<'_>) -> Option<Found> {
    if !may_be_asked_anew(want, &services.config) {
        return None;
    }
    let key = want.key();
    let Some(Entry::Found(found)) = services.index.peek(cx.kv, Region::Found, &key) else { return None };
    let found = Found { limit: Some(Duration::ZERO), ..found };
    keep(&mut services.index, &key, &Entry::Found(found.clone()), cx);
    Some(found)
}

/// Whether some worker asks for what is called `key`.
fn is_under_way(key: &str, is_flying: &dyn Fn(&str) -> bool, services: &Services, cx: &Cx<'_>) -> bool {
    is_flying(key) || services.leases.is_held(cx.kv, key, cx.now)
}

/// When a source last said anything of what is called `key`.
fn last_said(key: &str, services: &Services, cx: &Cx<'_>) -> Option<Timestamp> {
    let said = |region| services.index.peek(cx.kv, region, key).map(|entry| entry.since());
    said(Region::Found).max(said(Region::Missing))
}

/// Between two looks at one document, and between two walks: as often as a client's `no-cache` has one asked for.
const PACE: Duration = Duration::from_secs(1);

/// Documents that wait to be asked for: the lists and `@latest` of five hundred modules, which the largest repositories have. What is beyond
/// is asked for by who wants it.
const MAX_DUE: usize = 1024;

/// Paths that wait for a walk: those of a few deliveries, of which one has 64 at most.
const MAX_ROOTS: usize = 256;

/// Modules that are looked at by their names, each by a few dozen reads of the index: ten milliseconds for all of them. A delivery of one tag has
/// one or two for each name of its repository.
const MAX_AT_ONCE: usize = 32;

/// Flights that are begun in one turn, whatever tells of how much: the documents of forty modules a second, which leaves the upstream to clients.
const AT_ONCE: usize = 8;

/// As long as a tick is.
const TURN: Duration = Duration::from_millis(100);

/// Pages of the index that are read at one turn, some twenty records each, of which few are looked at.
const PAGES_AT_ONCE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_below_what_it_begins_with_on_a_boundary() {
        let roots = ["h.example/a/b", "h.example/c"].map(|root| (root.to_owned(), Timestamp(1))).into();
        let is_below = |module| told_of(module, &roots).is_some();
        for module in [
            "h.example/a/b",
            "h.example/a/b/v2",
            "h.example/a/b.git",
            "h.example/a/b.git/c",
            "h.example/c.git/d",
        ] {
            assert!(is_below(module), "{module}");
        }
        for module in ["h.example/a", "h.example/a/bc", "h.example/cd", "", "h.example/x/a/b"] {
            assert!(!is_below(module), "{module}");
        }
    }
}
