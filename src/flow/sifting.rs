//! Which of a module's versions a caller may see.
//!
//! The publisher of a module decides how long its list is, and so how long it takes to judge each of its versions. A short list is judged
//! at once; a long one in slices, and the result is kept for a while (`shelf.rs`).
//!
//! Of a version that has to be of some age it must be known when it was published. That is asked about a bounded number of
//! versions for each request, those first that Go would take first for the latest. All others stay undated, and an undated version is
//! not shown.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    Known, content,
    listed::Listed,
    published::{Publication, Publications, Recorded},
    statement::Statement,
    withdrawn::Withdrawn,
};
use crate::{
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Etag, Failure, Found, Line, Moment},
    http::{Body, Timestamp},
    policy::{Caller, Decision, View},
};

/// The module whose versions are judged, and the callers for whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiftingKey {
    module: ModulePath,
    /// For all callers, where no rule tells them apart.
    caller: Option<Caller>,
    /// Whether pseudo-versions are shown: a list is shown as it was given, and what is counted by us has none.
    shows_pseudo: bool,
    /// The version whose go.mod says which are retracted, where those are not shown.
    retracted_by: Option<Version>,
}

/// A list being judged.
#[derive(Clone, Debug)]
pub struct Sifting {
    key: SiftingKey,
    list: Body,
    tag: Etag,
    /// Up to where it is judged.
    at: usize,
    sifted: Sifted,
    /// What the index has of when its versions were published, once that was needed.
    recorded: Option<Recorded>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Sifted {
    listed: Listed,
    /// Whether pseudo-versions are shown.
    shows_pseudo: bool,
    /// The newest that may be shown, as Go looks for the latest.
    newest: Option<Turn>,
    /// The same, if it may not be `+incompatible` where there is another.
    newest_fitting: Option<Turn>,
    /// The newest of all.
    top: Option<Turn>,
    /// The one in whose go.mod retractions are looked for: the newest that is not denied, and that has a go.mod if any has.
    speaker: Option<Turn>,
    /// What is retracted there, where that is not shown.
    statement: Option<Rc<Statement>>,
    /// Versions whose publish times are not known.
    undated: BTreeSet<Turn>,
    /// Whether there are more of those than are remembered.
    is_cut: bool,
    /// Why that could not be found out of one of them.
    failed: Option<Failure>,
    /// When the next one is old enough.
    holds_until: Option<Timestamp>,
}

/// A line in the order in which Go takes one for the latest, the last one first: a tag before a pseudo-version, a release before a
/// pre-release, a version with a go.mod before an `+incompatible` one. Of pseudo-versions Go takes the one with the latest time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    is_tag: bool,
    is_release: bool,
    fits: bool,
    /// Of a pseudo-version.
    when: Option<Moment>,
    line: Line,
}

impl SiftingKey {
    /// The versions of `module` for `caller`, to whom `view` applies.
    pub(super) fn of(module: &ModulePath, caller: &Caller, view: &View<'_>, shows_pseudo: bool) -> Self {
        let caller = view.is_personal().then(|| caller.clone());
        Self { module: module.clone(), caller, shows_pseudo, retracted_by: None }
    }
}

impl Sifting {
    /// Nothing of `found` is judged yet.
    pub(super) fn of(key: SiftingKey, found: &Found) -> Self {
        let sifted = Sifted { shows_pseudo: key.shows_pseudo, ..Sifted::default() };
        Self { key, list: found.body.clone(), tag: found.etag, at: 0, sifted, recorded: None }
    }

    /// The same without what is retracted.
    pub(super) fn without(mut self, withdrawn: &Withdrawn) -> Self {
        if let Withdrawn::Known(statement) = withdrawn
            && !statement.retractions.is_empty()
        {
            self.key.retracted_by = Some(statement.by.clone());
            self.sifted.statement = Some(statement.clone());
        }
        self
    }

    /// The module whose versions are judged, and the callers for whom.
    pub fn key(&self) -> &SiftingKey {
        &self.key
    }

    /// The tag of the list.
    pub fn tag(&self) -> Etag {
        self.tag
    }

    /// Whether it takes more time than one callback may.
    pub(super) fn is_long(&self) -> bool {
        self.list.len() > AT_ONCE
    }

    /// Begins once more: the rules are others by now.
    pub fn begin_again(&mut self) {
        let statement = self.sifted.statement.take();
        let sifted = Sifted { shows_pseudo: self.key.shows_pseudo, statement, ..Sifted::default() };
        (self.at, self.sifted, self.recorded) = (0, sifted, None);
    }

    /// Judges on for a few milliseconds; whether it is done.
    pub fn work(&mut self, known: &mut Known<'_>, cx: &mut Cx<'_>) -> bool {
        let nobody = Caller::default();
        let caller = self.key.caller.clone().unwrap_or(nobody);
        let view = content::view(&self.key.module, &caller, known, cx);
        self.work_on(SLICE_LINES, &view, known, cx)
    }

    /// Judges all that is left, at once.
    pub(super) fn finish(mut self, view: &View<'_>, known: &mut Known<'_>, cx: &mut Cx<'_>) -> Sifted {
        self.work_on(usize::MAX, view, known, cx);
        self.sifted
    }

    /// What came of it, once it is done.
    pub fn sifted(self) -> Sifted {
        self.sifted
    }

    fn work_on(&mut self, lines: usize, view: &View<'_>, known: &mut Known<'_>, cx: &mut Cx<'_>) -> bool {
        if self.at == 0 {
            // What changes while it is judged counts, too: the lines before that were judged by what was before.
            self.sifted.hold_until(view.changes_at(cx.now));
        }
        let end = self.at.saturating_add(SLICE_BYTES);
        for _ in 0..lines {
            let rest = self.list.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                self.sifted.listed.seal();
                return true;
            }
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
            self.at = self.at.saturating_add(line.len()).saturating_add(1);
            if let Some(line) = std::str::from_utf8(line).ok().and_then(Line::parse) {
                self.judge(Turn::of(line), view, known, cx);
            }
            if lines != usize::MAX && self.at >= end {
                break;
            }
        }
        self.sifted.listed.digest();
        false
    }

    fn judge(&mut self, turn: Turn, view: &View<'_>, known: &mut Known<'_>, cx: &mut Cx<'_>) {
        let Self { key: SiftingKey { module, .. }, sifted, recorded, .. } = self;
        if sifted.top.as_ref().is_none_or(|top| turn.is_newer(top)) {
            sifted.top = Some(turn.clone());
        }
        let version = turn.version();
        let mut decision = view.decide(version, None, cx.now);
        let is_denied = decision.is_denied();
        if !is_denied && sifted.speaker.as_ref().is_none_or(|speaker| turn > *speaker) {
            sifted.speaker = Some(turn.clone());
        }
        if let Decision::NeedsDate(_) = decision {
            let found = known.publications.of(module).and_then(|found| found.get(version));
            let time = match found {
                Some(publication) => publication.time(),
                None => recorded
                    .get_or_insert_with(|| {
                        Recorded::recall(module, known.config.clock(module), known.index, cx)
                    })
                    .get(version.as_str()),
            };
            match time {
                Some(time) => decision = view.decide(version, Some(time), cx.now),
                None => return sifted.wait_for(turn),
            }
        }
        if sifted.allows(&decision) && !sifted.is_retracted(version) {
            sifted.note_newest(&turn);
            if sifted.shows(&turn) {
                sifted.listed.push(&turn.line);
            }
        }
    }
}

impl Sifted {
    /// Judges the versions whose publish times are known by now, and says which are to be looked up next.
    pub(super) fn settle(
        &mut self,
        module: &ModulePath,
        view: &View<'_>,
        publications: &Publications,
        recall: impl FnOnce() -> Recorded,
        now: Timestamp,
    ) -> Vec<Version> {
        self.failed = None;
        self.hold_until(view.changes_at(now));
        let found = publications.of(module);
        let (mut recall, mut recorded) = (Some(recall), Recorded::default());
        let (mut unknown, mut settled, mut shown) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut open: usize = 0;
        for turn in self.undated.iter().rev() {
            if open >= MAX_DATED {
                break;
            }
            match found.and_then(|found| found.get(turn.version())) {
                Some(Publication::Failed(failure)) => {
                    self.failed = Some(failure.clone());
                    open = open.saturating_add(1);
                }
                Some(Publication::Missing(_)) => settled.push((turn.clone(), None)),
                Some(Publication::At(time) | Publication::ForNow(time)) => {
                    settled.push((turn.clone(), Some(*time)));
                }
                // Another worker may have found it out.
                None => {
                    if let Some(recall) = recall.take() {
                        recorded = recall();
                    }
                    match recorded.get(turn.version().as_str()) {
                        Some(time) => settled.push((turn.clone(), Some(time))),
                        None => {
                            unknown.push(turn.version().clone());
                            open = open.saturating_add(1);
                        }
                    }
                }
            }
        }
        for (turn, time) in settled {
            self.undated.remove(&turn);
            let decision = time.map(|time| view.decide(turn.version(), Some(time), now));
            if decision.is_some_and(|decision| self.allows(&decision)) && !self.is_retracted(turn.version()) {
                self.note_newest(&turn);
                if self.shows(&turn) {
                    shown.insert(turn.line);
                }
            }
        }
        self.listed.insert(shown);
        unknown
    }

    /// What may be shown, one a line.
    pub(super) fn listed(&self) -> (Body, Etag) {
        self.listed.shared()
    }

    /// The version that Go would take for the latest of those that may be shown. Where one is known that `fits_path` without being
    /// `+incompatible`, it comes before those: the module has a go.mod by now.
    pub(super) fn newest(&self, fits_path: bool) -> Option<&Version> {
        let newest = if fits_path { &self.newest_fitting } else { &self.newest };
        newest.as_ref().map(Turn::version)
    }

    /// The version that Go would take for the latest if all might be shown.
    pub(super) fn top(&self) -> Option<&Version> {
        self.top.as_ref().map(Turn::version)
    }

    /// The version in whose go.mod retractions are looked for, if it is not shown and any other is.
    pub(super) fn hidden_speaker(&self) -> Option<&Version> {
        let shown = self.newest_fitting.as_ref()?;
        self.speaker.as_ref().filter(|speaker| *speaker != shown).map(Turn::version)
    }

    /// The same, whatever is shown.
    pub(super) fn first_speaker(&self) -> Option<&Version> {
        self.speaker.as_ref().map(Turn::version)
    }

    /// The same, shown or not.
    pub(super) fn speaker(&self) -> Option<&Version> {
        self.newest_fitting.as_ref().and(self.speaker.as_ref()).map(Turn::version)
    }

    /// Whether there may be more to be shown that could not be found out.
    pub(super) fn is_part(&self) -> bool {
        self.is_cut || !self.undated.is_empty()
    }

    /// Why it could not be found out of one when it was published, where that failed.
    pub(super) fn failed(&self) -> Option<&Failure> {
        self.failed.as_ref()
    }

    /// Until when the result holds; `None` if it holds without end.
    pub(super) fn holds_until(&self) -> Option<Timestamp> {
        self.holds_until
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let undated =
            self.undated.iter().map(|turn| turn.version().as_str().len().saturating_add(BYTES_EACH));
        self.listed.len().saturating_add(undated.sum())
    }

    fn wait_for(&mut self, turn: Turn) {
        self.undated.insert(turn);
        if self.undated.len() > MAX_UNDATED {
            self.is_cut = true;
            self.undated.pop_first();
        }
    }

    fn allows(&mut self, decision: &Decision<'_>) -> bool {
        if let Decision::TooYoung(_, until) = decision {
            self.hold_until(Some(*until));
        }
        matches!(decision, Decision::Allowed(_) | Decision::Redirected(..))
    }

    /// At that time, if at any, the result may be another one.
    fn hold_until(&mut self, until: Option<Timestamp>) {
        self.holds_until = self.holds_until.into_iter().chain(until).min();
    }

    fn is_retracted(&self, version: &Version) -> bool {
        self.statement.as_ref().is_some_and(|statement| statement.retractions.has(version))
    }

    fn shows(&self, turn: &Turn) -> bool {
        turn.is_tag || self.shows_pseudo
    }

    fn note_newest(&mut self, turn: &Turn) {
        if self.newest.as_ref().is_none_or(|newest| turn.is_newer(newest)) {
            self.newest = Some(turn.clone());
        }
        if self.newest_fitting.as_ref().is_none_or(|newest| turn > newest) {
            self.newest_fitting = Some(turn.clone());
        }
    }
}

impl Turn {
    fn of(line: Line) -> Self {
        let version = line.version();
        let is_tag = !version.is_pseudo();
        Self {
            is_tag,
            is_release: !version.is_prerelease(),
            fits: is_tag && !version.is_incompatible(),
            when: if is_tag { None } else { line.when() },
            line,
        }
    }

    fn version(&self) -> &Version {
        self.line.version()
    }

    /// Whether Go would take it for the latest rather than `other`.
    fn is_newer(&self, other: &Self) -> bool {
        let rank = |turn: &Self| (turn.is_tag, turn.is_release, turn.when);
        rank(self).cmp(&rank(other)).then_with(|| self.line.cmp(&other.line)).is_gt()
    }
}

/// Bytes of a list that is judged at once, in some ten milliseconds. The answer from a shorter one is kept for a second, so it is not
/// judged for each client either (`worker/clients/hot.rs`).
const AT_ONCE: usize = 8 << 10;

/// Lines of a slice: about 4 ms (Envoy's V8).
const SLICE_LINES: usize = 1000;

/// Bytes of a slice, where its lines are long.
const SLICE_BYTES: usize = 64 << 10;

/// Versions whose publish times one request may have looked up: each is a request to storage and one to an upstream. Most modules have
/// fewer; for those that have more, the next request gets further.
const MAX_DATED: usize = 512;

/// Versions that wait for that and are remembered: those of sixteen requests.
const MAX_UNDATED: usize = 16 * MAX_DATED;

/// What a version takes beside its name.
const BYTES_EACH: usize = 96;

#[cfg(test)]
mod tests;
