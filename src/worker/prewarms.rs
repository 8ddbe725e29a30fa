//! Files that are fetched before a client asks for them, and those of which it is to be said whether storage has them.
//!
//! Builds that clients post, and versions that have just appeared, are batches of versions. An errand asks for the files of one version, one after
//! the other, as a client would ask (`flow/prewarm/errand.rs`). The worker carries out what becomes of each (`worker/errands.rs`).
//!
//! ```text
//!  posted ─▶ read in slices ─▶ batch ─┐ in turn, a few at once       ┌─ searched, undecided ─▶ came ─▶ its next file: due
//!  a new version ─────────────▶ batch ─┴──▶ errand ─▶ due ─▶ turn? ──┤
//!                                              ▲  no room for clients,│  too large to be held: copied into storage ─▶ came
//!                                              └─ or the pace: wait ◀─┘
//! ```
//!
//! Nothing here comes before clients. An errand begins only while no callout waits for its turn, and while half of what may be under way is
//! free; from then on it is a flight like any other, which clients may join.

mod batch;
mod errand;
mod waiting;

use std::{collections::BTreeMap, time::Duration};

use self::{
    batch::{Batch, What},
    errand::Errand,
};
use super::{
    key::{ErrandId, Slice},
    services::Services,
};
use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{
        Build, Came, Files, Order, OrderKind, Parked, PrewarmStatus, Wish, begun, cache_state, refuse_page,
        too_many_orders,
    },
    gomod::{ModulePath, Version},
    http::Timestamp,
    metrics::{Counter, PrewarmOutcome},
    plan::Want,
    policy::Caller,
    shared::{Entry, Progress, Region, take_turn},
};

/// What one worker fetches before a client asks for it.
#[derive(Debug, Default)]
pub(super) struct Prewarms {
    /// What clients have posted, while it is read.
    orders: BTreeMap<StreamId, Box<Order>>,
    batches: BTreeMap<u64, Batch>,
    errands: BTreeMap<ErrandId, Errand>,
    /// The new versions that were told of within a second: however often that is, each costs its sources a question a second.
    lately: BTreeMap<(ModulePath, Version), Timestamp>,
    /// The batch that an errand was begun for last: the next one is another's.
    served: u64,
    /// Numbers that were given out.
    numbers: u64,
}

impl Prewarms {
    /// Whether anything here depends on time.
    pub(super) fn is_at_work(&self) -> bool {
        !self.batches.is_empty()
    }

    /// Whether nothing is left to be done.
    #[cfg(test)]
    pub(super) fn is_done(&self) -> bool {
        self.orders.is_empty() && self.batches.is_empty() && self.errands.is_empty()
    }

    /// How much is left to be done.
    pub(super) fn status(&self, status: &mut PrewarmStatus) {
        *status = PrewarmStatus {
            builds: self.batches.values().filter(|batch| batch.is_build()).count(),
            versions: self.errands.len(),
            versions_due: self.waiting(),
        };
    }

    /// Whether a file is asked for that is called so.
    pub(super) fn has(&self, errand: ErrandId) -> bool {
        self.errands.contains_key(&errand)
    }

    /// Reads what `stream` has posted and waits for; the answer, where it cannot wait.
    pub(super) fn take(
        &mut self,
        stream: StreamId,
        order: Box<Order>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        if self.orders.len() >= MAX_ORDERS {
            return Some(too_many_orders("too many other builds are being read", cx));
        }
        self.orders.insert(stream, order);
        services.slices.add(Slice::Order(stream));
        None
    }

    /// Reads on; the answer to that client, where it `is_there` yet and there is one now.
    pub(super) fn read(
        &mut self,
        stream: StreamId,
        is_there: bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        let mut order = self.orders.remove(&stream).filter(|_| is_there)?;
        match order.read() {
            Ok(None) => {
                self.orders.insert(stream, order);
                services.slices.add(Slice::Order(stream));
                None
            }
            Ok(Some(build)) => match order.kind {
                OrderKind::Missing => self.begin_lacking(stream, build, order.caller, cx),
                OrderKind::Prewarm => Some(self.begin_build(build, order.caller, cx)),
            },
            Err(refusal) => Some(refuse_page(&refusal, cx)),
        }
    }

    fn begin_build(&mut self, build: Build, caller: Caller, cx: &mut Cx<'_>) -> Verdict {
        if self.waiting().saturating_add(build.wishes.len()) > MAX_WAITING {
            return too_many_orders("too many versions of other builds are still to be fetched", cx);
        }
        let files = build.wishes.iter().map(|wish| wish.wants().len()).fold(0, usize::saturating_add);
        let files = u32::try_from(files).unwrap_or(u32::MAX);
        let Some(mut progress) = Progress::begin(files, build.passed_over, cx.kv, cx.now) else {
            return too_many_orders("too many other builds are being fetched", cx);
        };
        let ahead = build.wishes.iter().map(|wish| (wish.module.as_str(), wish.version.as_str()));
        progress.look_ahead(ahead);
        progress.tell(cx.kv, cx.now);
        let begun = begun(&progress);
        if !build.wishes.is_empty() {
            let number = self.number();
            let batch = Batch::new(What::Build(Box::new(progress)), caller, build.wishes, cx.now);
            self.batches.insert(number, batch);
        }
        begun
    }

    fn begin_lacking(
        &mut self,
        stream: StreamId,
        build: Build,
        caller: Caller,
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        if self.batches.values().filter(|batch| batch.is_lacking()).count() >= MAX_LACKING {
            return Some(too_many_orders("too many other builds are being compared with storage", cx));
        }
        let what = What::Lacking { stream, lines: String::new() };
        let batch = Batch::new(what, caller, build.wishes, cx.now);
        if batch.is_over() {
            return batch.answer();
        }
        let number = self.number();
        self.batches.insert(number, batch);
        None
    }

    /// A stream ended: what it waits for is not looked for any more.
    pub(super) fn leave(&mut self, stream: StreamId) {
        self.orders.remove(&stream);
        let left = self.batches.iter().find(|(_, batch)| batch.waits_for(stream)).map(|(number, _)| *number);
        if let Some(number) = left {
            self.drop_batch(number);
        }
    }

    /// These versions of `module` are new, and are fetched as no caller in particular may have them.
    pub(super) fn appeared(
        &mut self,
        module: &ModulePath,
        versions: Vec<Version>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if services.config.sync.prewarm.is_none() || versions.is_empty() {
            return;
        }
        let now = cx.now;
        self.lately.retain(|_, told| now.is_within(PACE, *told));
        let known = self.batches.iter().find(|(_, batch)| batch.is_new()).map(|(number, _)| *number);
        let number = known.unwrap_or_else(|| self.number());
        let batch = self
            .batches
            .entry(number)
            .or_insert_with(|| Batch::new(What::New, Caller::default(), Vec::new(), cx.now));
        for version in versions {
            let wish = Wish { module: module.clone(), version, files: Files::Whole };
            let is_under_way =
                self.errands.values().any(|errand| errand.batch == number && errand.wish == wish);
            let name = (wish.module.clone(), wish.version.clone());
            if is_under_way || batch.waiting.contains(&wish) || self.lately.contains_key(&name) {
                continue;
            }
            if batch.waiting.len().max(self.lately.len()) >= MAX_NEW {
                cx.add(Counter::Prewarm { outcome: PrewarmOutcome::Left }, 3);
                continue;
            }
            // It was not there when a client asked, and is now.
            for want in wish.wants() {
                services.index.forget(cx.kv, Region::Missing, &want.key(), cx.now);
            }
            self.lately.insert(name, now);
            batch.waiting.push_back(wish);
        }
        if batch.is_over() {
            self.batches.remove(&number);
        }
    }

    /// A file that may be asked for now, and the question. `is_backed_up` says whether anything waits for its turn to be asked.
    pub(super) fn next(
        &mut self,
        is_backed_up: bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<(ErrandId, Box<Parked>)> {
        // Without its rules nothing is decided.
        if services.in_force.lacking().is_some() {
            return None;
        }
        let may_fetch = !is_backed_up && services.budget.may_prewarm(cx.now);
        let may_ask = services.budget.has_room();
        self.begin_errands(cx.now);
        let due = self.errands.iter().filter(|(_, errand)| errand.is_due(cx.now));
        let may = |errand: &Errand| if errand.fetches { may_fetch } else { may_ask };
        let due: Vec<_> = due.filter(|(_, errand)| may(errand)).map(|(id, _)| *id).collect();
        let rate = services.config.sync.prewarm.as_ref().map_or(1, |prewarm| prewarm.rate);
        for id in due {
            let Some(errand) = self.errands.get_mut(&id) else { continue };
            let Some(want) = errand.want() else { continue };
            let is_free = !errand.fetches || errand.is_paid || is_known(want, services, cx);
            if is_free || take_turn(cx.kv, rate, cx.now) {
                errand.is_paid = true;
                let caller = self.batches.get(&errand.batch).map(|batch| batch.caller.clone());
                return Some((id, errand.ask(&caller.unwrap_or_default(), cx.now)?));
            }
        }
        None
    }

    /// Begins as many errands as may be under way, for one batch after the other.
    fn begin_errands(&mut self, now: Timestamp) {
        for fetches in [false, true] {
            let most = if fetches { AT_ONCE } else { LACKING_AT_ONCE };
            let mut under_way = self.errands.values().filter(|errand| errand.fetches == fetches).count();
            while under_way < most {
                let waits = |batch: &&mut Batch| batch.is_lacking() != fetches && !batch.waiting.is_empty();
                let served = self.served;
                let mut ready = self.batches.iter_mut().filter(|(_, batch)| waits(batch));
                let mut first = None;
                let next = loop {
                    match ready.next() {
                        Some(batch) if *batch.0 > served => break Some(batch),
                        Some(batch) => first = first.or(Some(batch)),
                        None => break first,
                    }
                };
                let Some((number, batch)) = next else { break };
                let Some(wish) = batch.waiting.pop_front() else { break };
                batch.under_way = batch.under_way.saturating_add(1);
                self.served = *number;
                let errand = Errand::new(*number, wish, fetches, now);
                let id = ErrandId(self.number());
                self.errands.insert(id, errand);
                under_way = under_way.saturating_add(1);
            }
        }
    }

    /// This has become of a file. The client that is answered now, and the answer.
    pub(super) fn came(
        &mut self,
        id: ErrandId,
        came: &Came,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<(StreamId, Verdict)> {
        let errand = self.errands.get_mut(&id)?;
        if matches!(came, Came::Failed { again: true, .. }) && errand.try_again(cx.now) {
            return None;
        }
        let batch = self.batches.get_mut(&errand.batch)?;
        let want = errand.wants.pop_front()?;
        if matches!(came, Came::Missing(_)) && batch.is_new() {
            // What is told may be there before an upstream knows of it: who asks then is not told that there is none.
            services.index.forget(cx.kv, Region::Missing, &want.key(), cx.now);
        }
        batch.note(&want, came, cx);
        if errand.decides(came) {
            // Of the others of the version it is so as well.
            for want in std::mem::take(&mut errand.wants) {
                batch.note(&want, came, cx);
            }
        }
        if !errand.wants.is_empty() {
            errand.begin(cx.now);
            return None;
        }
        if batch.is_new() {
            batch.log_new(&errand.wish, came, cx);
        }
        let number = errand.batch;
        batch.under_way = batch.under_way.saturating_sub(1);
        self.errands.remove(&id);
        self.end_batch(number, cx)
    }

    /// A batch may be over. The client that is answered now, and the answer.
    fn end_batch(&mut self, number: u64, cx: &mut Cx<'_>) -> Option<(StreamId, Verdict)> {
        if !self.batches.get(&number)?.is_over() {
            return None;
        }
        let mut batch = self.batches.remove(&number)?;
        batch.tell(cx);
        let stream = batch.stream()?;
        Some((stream, batch.answer()?))
    }

    /// Tells how far builds are. The clients whose time is over, and their answers.
    pub(super) fn tell(&mut self, cx: &mut Cx<'_>) -> Vec<(StreamId, Verdict)> {
        let mut late = Vec::new();
        for (number, batch) in &mut self.batches {
            if batch.is_lacking() && !cx.now.is_within(LACKING_TIME, batch.since) {
                late.push(*number);
            } else if !cx.now.is_within(TELL, batch.told) {
                batch.tell(cx);
            }
        }
        let mut answers = Vec::new();
        for number in late {
            let stream = self.drop_batch(number).and_then(|batch| batch.stream());
            let why = "storage did not say in time which of these files it has; ask for fewer at once";
            answers.extend(stream.map(|stream| (stream, too_many_orders(why, cx))));
        }
        answers
    }

    fn drop_batch(&mut self, number: u64) -> Option<Batch> {
        self.errands.retain(|_, errand| errand.batch != number);
        self.batches.remove(&number)
    }

    /// Versions that no errand was begun for.
    fn waiting(&self) -> usize {
        self.batches.values().map(|batch| batch.waiting.len()).fold(0, usize::saturating_add)
    }

    fn number(&mut self) -> u64 {
        self.numbers = self.numbers.wrapping_add(1);
        self.numbers
    }
}

/// Whether no source needs to be asked: the index has the answer, and of a zip it is that storage has it.
fn is_known(want: &Want, services: &Services, cx: &Cx<'_>) -> bool {
    let Services { index, source_health, config, .. } = services;
    let entry = cache_state::indexed(want, false, index, source_health, config, cx);
    entry.is_some_and(|entry| !matches!(entry, Entry::Streamed { .. }))
}

/// Versions of which one worker fetches files at once. With answers of a third of a second, that is the pace of the default.
const AT_ONCE: usize = 8;

/// The same of those of which storage alone is asked.
const LACKING_AT_ONCE: usize = 32;

/// Builds that one worker reads at once: each has up to 256 KiB.
const MAX_ORDERS: usize = 8;

/// Builds that one worker compares with storage at once. The answer to each has up to some 2 MB.
const MAX_LACKING: usize = 4;

/// For how long one is: no client, and no proxy before the gateway, waits for longer.
const LACKING_TIME: Duration = Duration::from_secs(60);

/// Versions that wait in one worker: those of two of the largest builds, in 2 MB.
const MAX_WAITING: usize = 6000;

/// New versions that wait in one worker. What is beyond is fetched when a client asks for it.
const MAX_NEW: usize = 256;

/// Between two times at which a new version is asked for, as between two looks at a document.
const PACE: Duration = Duration::from_secs(1);

/// How often it is told how far a build is.
const TELL: Duration = Duration::from_secs(1);
