//! How much may be asked at once.
//!
//! A client that asks for names that no source has makes every request a miss. Three bounds keep such a flood from the upstreams, and none
//! of them touches a hit: searches in one worker, callouts of all workers to one upstream, and, of the callouts of one worker, the few that
//! are left to names below a prefix under which hardly anything was found lately. A callout that finds no room waits for its turn
//! (`worker/flights/queued.rs`), also where an upstream wants to be left alone (`shared/pace.rs`). A refusal is 503 and says when to try
//! again; it is never a 404, for no source was asked.
//!
//! What a worker needs for something that it has begun (sums, dates) counts like all else and is not refused: it waits until it may be
//! asked (`worker/flights/queued.rs`). A part of what an upstream may be asked is left to it, so that it does not wait for flights that
//! begin.

mod ahead;
mod prefixes;
mod tally;

use std::{collections::BTreeMap, time::Duration};

use self::{ahead::Ahead, prefixes::Prefixes, tally::Tally};
use super::failures::Failures;
use crate::{
    config::{Config, Fetch},
    cx::Cx,
    flow::{BudgetStatus, SourceHealth},
    gomod::ModulePath,
    http::{Reply, Timestamp},
    plan::Source,
    shared::{
        Gate, Mine, QueueId, SHARE, Seat, begin_call, complain, left_in_all, pass, pauses_until, tell_calls,
    },
    store::Scope,
    upstream,
};

/// What is under way in one worker, as far as it is bounded.
#[derive(Debug)]
pub(in crate::worker) struct Budget {
    ahead: Ahead,
    limits: Fetch,
    worker: QueueId,
    /// Whose record in shared data is whose.
    ids: SourceHealth,
    /// When the other workers were last told that calls are still under way.
    told: Timestamp,
    searches: u32,
    zips: u32,
    /// Since when storage takes none.
    zips_rest_since: Option<Timestamp>,
    /// The zips that storage did not take lately.
    not_taken: Failures,
    calls: BTreeMap<Source, u32>,
    /// Calls that no client waits for any more, as far as that was looked at.
    left: BTreeMap<Source, u32>,
    /// Answers that were not complaints.
    answered: BTreeMap<Source, Tally>,
    /// Callouts for names below a barren prefix.
    barren_calls: u32,
    prefixes: Prefixes,
}

/// What a callout is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) enum Purpose<'a> {
    /// To begin something that is about this module, if it is about one; beside so many calls of this worker that no client waits for any
    /// more, and that cannot be ended.
    Begin(Option<&'a ModulePath>, u32),
    /// To go on with something that was begun.
    GoOn,
}

/// Whether the source has told this owner to come later before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) enum Told {
    /// Not yet.
    First,
    /// It was.
    Again,
}

/// Why a source is not to be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) enum NotNow {
    /// Enough are asking for names below prefixes under which hardly anything was found lately.
    Barren,
    /// Too much is under way.
    Full,
    /// So many calls are under way that no client waits for that it is unknown when there is room.
    Held,
    /// It wants to be left alone until then.
    Paused(Timestamp),
}

/// A callout that counts until it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::worker) struct Permit {
    pub(in crate::worker) source: Source,
    barren: bool,
}

impl Budget {
    pub(in crate::worker) fn new(limits: Fetch, seat: Seat, ids: SourceHealth) -> Self {
        let prefixes = Prefixes::new(seat.seed);
        Self {
            ahead: Ahead::default(),
            limits,
            worker: seat.queue,
            ids,
            told: Timestamp::default(),
            searches: 0,
            zips: 0,
            zips_rest_since: None,
            not_taken: Failures::within(ZIP_REST),
            calls: BTreeMap::new(),
            left: BTreeMap::new(),
            answered: BTreeMap::new(),
            barren_calls: 0,
            prefixes,
        }
    }

    /// How much is under way.
    pub(in crate::worker) fn status(&self, config: &Config, status: &mut BudgetStatus) {
        let calls = self.calls.iter().filter(|(_, calls)| **calls > 0);
        *status = BudgetStatus {
            searches: self.searches,
            most_searches: self.limits.concurrent,
            zips: self.zips,
            calls: calls.map(|(source, calls)| (source.describe(config), *calls)).collect(),
            most_calls_per_upstream: self.limits.concurrent_per_upstream,
        };
    }

    /// Whether one more search may begin.
    pub(in crate::worker) fn has_room(&self) -> bool {
        self.searches < self.limits.concurrent
    }

    /// Whether a record may be looked up before the file is here that it is about, which may turn out not to exist. It then counts.
    /// Half of the searches are left to what clients ask for.
    pub(in crate::worker) fn may_look_ahead(&mut self) -> bool {
        self.searches < self.limits.concurrent / 2 && self.ahead.take()
    }

    /// Whether something may be asked for that no client waits for. Half of the searches, and half of the zips that may be held, are left to what
    /// clients ask for; while storage takes no zips there is nothing to be won.
    pub(in crate::worker) fn may_prewarm(&self, now: Timestamp) -> bool {
        self.searches < self.limits.concurrent.div_ceil(2)
            && self.zips < MAX_ZIPS / 2
            && !self.rests_from_zips(now)
    }

    /// A go.mod or a zip was found that a client had asked for.
    pub(in crate::worker) fn note_version_found(&mut self) {
        self.ahead.earn();
    }

    /// Whether one more zip may be held in memory.
    pub(in crate::worker) fn has_room_for_a_zip(&self, now: Timestamp) -> bool {
        self.limits.zip_bytes > 0 && self.zips < MAX_ZIPS && !self.rests_from_zips(now)
    }

    /// Whether storage takes no zips just now.
    pub(in crate::worker) fn rests_from_zips(&self, now: Timestamp) -> bool {
        self.zips_rest_since.is_some_and(|since| now.is_within(ZIP_REST, since))
    }

    /// Storage did not take the zip that is called `path` in the index. Where storage takes no zip, or has refused so many different ones
    /// that it seems to, the next would be fetched for nothing.
    pub(in crate::worker) fn note_not_taken(&mut self, path: &str, scope: Scope, now: Timestamp) {
        self.not_taken.note(path, now);
        if scope == Scope::Store || self.not_taken.are_several(now) {
            self.not_taken.clear();
            self.zips_rest_since = Some(now);
        }
    }

    /// Storage took a zip: that it did not take others is theirs.
    pub(in crate::worker) fn note_taken(&mut self) {
        self.not_taken.clear();
    }

    /// A search began, with a zip in memory or without.
    pub(in crate::worker) fn begin(&mut self, zip: bool) {
        self.searches += 1;
        self.zips += u32::from(zip);
    }

    /// A search ended.
    pub(in crate::worker) fn end(&mut self, zip: bool) {
        self.searches = self.searches.saturating_sub(1);
        self.zips = self.zips.saturating_sub(u32::from(zip));
    }

    /// Whether enough are asking for names like `module` below prefixes under which hardly anything was found lately.
    pub(in crate::worker) fn is_too_barren(&self, module: &ModulePath, now: Timestamp) -> bool {
        self.barren_calls >= BARREN_CALLS && self.prefixes.is_barren(module, now)
    }

    /// A permit to ask `source`.
    ///
    /// # Errors
    /// Why it is not to be asked now.
    pub(in crate::worker) fn permit(
        &mut self,
        source: Source,
        purpose: Purpose<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Permit, NotNow> {
        if source == Source::Storage {
            return Ok(self.take(source, cx));
        }
        let barren = match purpose {
            Purpose::Begin(Some(module), _) => self.prefixes.is_barren(module, cx.now),
            Purpose::Begin(None, _) | Purpose::GoOn => false,
        };
        if barren && self.barren_calls >= BARREN_CALLS {
            return Err(NotNow::Barren);
        }
        let all = self.limits.concurrent_per_upstream;
        if let Purpose::Begin(_, left) = purpose
            && left > 0
        {
            self.note_left(source, left);
        }
        let most = match purpose {
            Purpose::Begin(..) => all - all / RESERVE,
            Purpose::GoOn => all,
        };
        let mine = self.mine(source);
        let may_begin = match self.ids.id(source) {
            Some(id) => begin_call(cx.kv, id, self.worker, mine, most, cx.now),
            None => mine.calls < most,
        };
        if !may_begin {
            let left = self.ids.id(source).map_or(0, |id| left_in_all(cx.kv, id, cx.now));
            return Err(if left >= all / 2 && left > 0 { NotNow::Held } else { NotNow::Full });
        }
        if let Some(id) = self.ids.id(source)
            && let Gate::Closed(until) = pass(cx.kv, id, cx.now)
        {
            self.tell(source, cx);
            return Err(NotNow::Paused(until));
        }
        self.calls.insert(source, mine.calls + 1);
        self.barren_calls += u32::from(barren);
        Ok(Permit { source, barren })
    }

    /// `source` has answered. Where it wants to be left alone, all workers leave it.
    /// Who was told to come later, comes, and is told so again, while others are answered, has asked for something that the source does
    /// not give just now: that is no reason to leave the source alone.
    pub(in crate::worker) fn heed(&mut self, source: Source, reply: &Reply, told: Told, cx: &mut Cx<'_>) {
        match reply {
            Reply::Answered { status: 429, headers, .. } => {
                let pause = upstream::retry_after(headers, cx.now).unwrap_or_default();
                let answered = self.answered.get(&source).map_or(0, |tally| tally.lately(cx.now));
                if told == Told::Again && answered > 0 {
                    return;
                }
                if let Some(id) = self.ids.id(source).filter(|_| source != Source::Storage) {
                    complain(cx.kv, id, Duration::from_secs(pause.into()), answered, cx.now);
                }
            }
            Reply::Answered { .. } => self.answered.entry(source).or_default().count(cx.now),
            Reply::Failed(_) => {}
        }
    }

    /// Seconds until `source` may be asked again, where it wants to be left alone.
    pub(in crate::worker) fn paused_for(&self, source: Source, cx: &Cx<'_>) -> Option<u32> {
        let until = pauses_until(cx.kv, self.ids.id(source)?, cx.now)?;
        u32::try_from(until.since(cx.now).as_millis().div_ceil(1000)).ok()
    }

    /// A permit to ask `source` something that is asked seldom: it counts, and is never refused.
    pub(in crate::worker) fn take(&mut self, source: Source, cx: &mut Cx<'_>) -> Permit {
        *self.calls.entry(source).or_default() += 1;
        self.tell(source, cx);
        Permit { source, barren: false }
    }

    /// The callout ended.
    pub(in crate::worker) fn release(&mut self, permit: Permit, cx: &mut Cx<'_>) {
        if let Some(calls) = self.calls.get_mut(&permit.source) {
            *calls = calls.saturating_sub(1);
        }
        self.barren_calls = self.barren_calls.saturating_sub(u32::from(permit.barren));
        self.tell(permit.source, cx);
    }

    /// Whether the other workers have to be told from time to time that calls are still under way.
    pub(in crate::worker) fn has_shares(&self) -> bool {
        self.calls.iter().any(|(source, calls)| *source != Source::Storage && *calls > 0)
    }

    /// Tells the other workers, from time to time, that calls are still under way.
    pub(in crate::worker) fn renew(&mut self, cx: &mut Cx<'_>) {
        if cx.now.is_within(SHARE / 3, self.told) || !self.has_shares() {
            return;
        }
        self.told = cx.now;
        for source in self.asked() {
            self.tell(source, cx);
        }
    }

    /// The other workers are not told of calls to storage: these have no bound.
    fn tell(&self, source: Source, cx: &mut Cx<'_>) {
        if let Some(id) = self.ids.id(source).filter(|_| source != Source::Storage) {
            tell_calls(cx.kv, id, self.worker, self.mine(source), cx.now);
        }
    }

    /// Of this worker's calls to `source` so many have no client that waits.
    pub(in crate::worker) fn note_left(&mut self, source: Source, left: u32) {
        self.left.insert(source, left);
    }

    /// The sources that are being asked.
    pub(in crate::worker) fn asked(&self) -> Vec<Source> {
        self.calls.iter().filter(|(_, calls)| **calls > 0).map(|(source, _)| *source).collect()
    }

    fn mine(&self, source: Source) -> Mine {
        let calls = self.calls.get(&source).copied().unwrap_or_default();
        let left = self.left.get(&source).copied().unwrap_or_default();
        Mine { calls, left: left.min(calls) }
    }

    /// Whether everything taken was given back.
    #[cfg(test)]
    pub(in crate::worker) fn is_unused(&self) -> bool {
        let calls: u32 = self.calls.values().sum();
        (self.searches, self.zips, calls, self.barren_calls) == (0, 0, 0, 0)
    }

    /// A source has what was asked for of `module`.
    pub(in crate::worker) fn note_found(&mut self, module: &ModulePath, now: Timestamp) {
        self.prefixes.note_found(module, now);
    }

    /// A source that knows says that there is no such thing of `module`.
    pub(in crate::worker) fn note_missing(&mut self, module: &ModulePath, now: Timestamp) {
        self.prefixes.note_missing(module, now);
    }
}

/// Zips held in memory at once, each of at most `fetch.zip_bytes`: 128 MiB in all by default, and 512 MiB with the most that
/// can be configured; a VM may have 1 GiB. What is beyond is streamed to each client.
const MAX_ZIPS: u32 = 16;

/// How long zips are only streamed after storage took none.
pub(in crate::worker) const ZIP_REST: Duration = Duration::from_secs(10);

/// One in eight calls to an upstream is left to what goes on with something that was begun.
const RESERVE: u32 = 8;

/// Callouts at once for names below barren prefixes: a new module there is found, if slowly.
const BARREN_CALLS: u32 = 4;
