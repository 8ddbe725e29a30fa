//! What every part of a worker works with beside its own state: the configuration, what all workers share, what may be asked at once,
//! and the callouts and slices of work that are under way for whichever part.

pub(super) mod budget;
pub(super) mod failures;
mod index_update;
mod slices;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use self::{
    budget::{Budget, Permit, Told},
    slices::Slices,
};
use super::{event::Event, key::Owner};
use crate::{
    config::Config,
    cx::{CallId, Cx},
    flow::{Asked, Known, Mirror, Publications, Shelf, Sightings, SourceHealth, Status, Wishes},
    gomod::ModulePath,
    goproxy::{Document, File},
    http::{Callout, Reply, Timestamp, is_read},
    metrics::{Counter, DocumentName, Histogram, Measure, StatusClass, Tally, Target},
    plan::{Source, Want},
    policy::InForce,
    shared::{Capabilities, Index, Leases, Seat},
};

/// What all parts of one worker work with.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) budget: Budget,
    /// Callouts that are under way.
    calls: BTreeMap<CallId, Call>,
    pub(super) config: Config,
    /// What the host can do.
    pub(super) host: Capabilities,
    /// What is to be handed on, in order.
    events: VecDeque<Event>,
    /// Which rules are in force: those of the configuration, and what was polled.
    pub(super) in_force: InForce,
    pub(super) index: Index,
    pub(super) leases: Leases,
    /// The mirror of advisories, as far as this worker has made it.
    mirror: Mirror,
    next_attempt: u64,
    next_call: u32,
    /// When versions were published, as far as this worker found out.
    pub(super) publications: Publications,
    /// What may be shown of long lists, as far as this worker found out.
    pub(super) shelf: Shelf,
    /// What was said lately of rules that are not enforced.
    sightings: Sightings,
    pub(super) source_health: SourceHealth,
    /// What is left to be done.
    pub(super) slices: Slices,
    /// What was counted.
    tally: Tally,
    /// The modules of which it is to be found out what their authors say.
    pub(super) wishes: Wishes,
}

/// A callout that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Whose it is.
    pub(super) owner: Owner,
    /// What it counts as.
    pub(super) account: Account,
    /// When it began.
    pub(super) since: Timestamp,
}

/// What a callout counts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// One of the questions that a source may be asked.
    Source(Permit, Asked),
    /// A poll of this document. Of all workers one polls at a time, which is bound enough.
    Document(DocumentName),
}

impl Services {
    /// With nothing under way.
    pub(super) fn new(config: Config, seat: Seat) -> Self {
        let index = Index::new(&config, seat);
        let source_health = SourceHealth::new(&config);
        Self {
            budget: Budget::new(config.fetch, seat, source_health.clone()),
            calls: BTreeMap::new(),
            host: seat.host,
            events: VecDeque::new(),
            in_force: config.in_force(),
            leases: Leases::new(&index, seat),
            mirror: Mirror::default(),
            next_attempt: 0,
            next_call: 0,
            publications: Publications::default(),
            shelf: Shelf::default(),
            sightings: Sightings::default(),
            source_health,
            slices: Slices::default(),
            tally: Tally::default(),
            wishes: Wishes::default(),
            config,
            index,
        }
    }

    /// What a request is decided by.
    pub(super) fn known(&mut self) -> Known<'_> {
        Known {
            config: &self.config,
            host: self.host,
            in_force: &self.in_force,
            index: &mut self.index,
            mirror: &mut self.mirror,
            publications: &self.publications,
            source_health: &self.source_health,
            sightings: &mut self.sightings,
            shelf: &mut self.shelf,
            wishes: &mut self.wishes,
        }
    }

    /// What all know of the sources, how much is being asked, and what was counted.
    pub(super) fn status(&self, cx: &Cx<'_>, status: &mut Status) {
        status.time = cx.now.rfc3339();
        status.ready = self.source_health.is_ready(&self.config, &self.in_force, cx.kv);
        status.mode = if self.config.offline { "offline" } else { "online" };
        status.sources = self.source_health.status(&self.config, cx.kv, cx.now);
        status.worker.callouts = self.calls.len();
        self.budget.status(&self.config, &mut status.worker.budget);
        status.counters = self.tally.iter().map(|(counter, total)| (counter.to_string(), total)).collect();
    }

    /// Whether clients ask for the versions of `module` time and again.
    pub(super) fn is_hot(&self, module: &ModulePath, cx: &Cx<'_>) -> bool {
        [File::List, File::Latest].into_iter().any(|file| {
            let want = Want::Document(Document::Module { module: module.clone(), file });
            self.index.is_hot(cx.kv, &want.key(), cx.now)
        })
    }

    /// Makes a callout that counts.
    pub(super) fn call(&mut self, owner: Owner, permit: Permit, callout: Callout, cx: &mut Cx<'_>) -> CallId {
        let usual = permit.source.endpoint(&self.config).map_or(Duration::ZERO, |endpoint| endpoint.timeout);
        let is_usual = is_read(callout.method) && owner != Owner::Probe && callout.timeout >= usual;
        let asked = match callout.method {
            "POST" | "PUT" => Asked::Write,
            _ if is_usual => Asked::Read,
            _ => Asked::Other,
        };
        self.send(owner, Account::Source(permit, asked), callout, cx)
    }

    /// Makes a callout that polls this document.
    pub(super) fn poll(
        &mut self,
        owner: Owner,
        document: DocumentName,
        callout: Callout,
        cx: &mut Cx<'_>,
    ) -> CallId {
        self.send(owner, Account::Document(document), callout, cx)
    }

    fn send(&mut self, owner: Owner, account: Account, mut callout: Callout, cx: &mut Cx<'_>) -> CallId {
        if !self.host.named_clusters {
            callout.cluster = callout.address();
        }
        let id = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        self.calls.insert(id, Call { owner, account, since: cx.now });
        cx.call(id, callout);
        id
    }

    /// A callout was answered: what it says of its source, and that it counts no longer. `told` says whether the source has told this owner
    /// to come later before; `None` where another host answers for the source.
    pub(super) fn note_reply(
        &mut self,
        (account, since): (Account, Timestamp),
        told: impl FnOnce(Source) -> Option<Told>,
        reply: &Reply,
        cx: &mut Cx<'_>,
    ) {
        let (permit, asked) = match account {
            Account::Source(permit, asked) => (permit, asked),
            Account::Document(name) => {
                return measure(Target::Polled(name), since, reply, cx);
            }
        };
        let source = permit.source;
        let told = told(source);
        self.budget.release(permit, cx);
        if let Some(told) = told {
            self.budget.heed(source, reply, told, cx);
        }
        measure(source.target(&self.config), since, reply, cx);
        self.source_health.note(source, asked, reply, &self.config, cx);
    }

    /// The response to a routed request has begun: what it says of its source, or of the host that the source has redirected to.
    pub(super) fn note_routed(&mut self, source: Source, is_its_own: bool, reply: &Reply, cx: &mut Cx<'_>) {
        self.source_health.note(source, Asked::Other, reply, &self.config, cx);
        if is_its_own {
            self.budget.heed(source, reply, Told::First, cx);
        }
    }

    /// A callout ended; nothing if it is one that was never made.
    pub(super) fn take_call(&mut self, id: CallId) -> Option<Call> {
        self.calls.remove(&id)
    }

    /// The callouts that are under way.
    pub(super) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }

    /// Whether a callout is under way.
    pub(super) fn is_calling(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Adds up what one step has counted.
    pub(super) fn add_up(&mut self, counted: Vec<(Counter, u64)>) {
        for (counter, by) in counted {
            self.tally.add(counter, by);
        }
    }

    /// What was counted.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What was counted since this was asked last.
    pub(super) fn tell(&mut self) -> Vec<Measure> {
        self.tally.tell()
    }

    /// Leaves something for another part to do.
    pub(super) fn emit(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// What was left to be done, in order.
    pub(super) fn take_events(&mut self) -> VecDeque<Event> {
        std::mem::take(&mut self.events)
    }

    /// A number that no other attempt has, and that is larger than those before.
    pub(super) fn attempt(&mut self) -> u64 {
        self.next_attempt = self.next_attempt.wrapping_add(1);
        self.next_attempt
    }

    /// When a pause that begins now is over: after the least that it lasts and a share of its jitter, so that what failed together is not
    /// asked for together again. `what` is asked for, by its key in the index.
    pub(super) fn after_pause(
        &self,
        what: &str,
        (least, jitter): (Duration, Duration),
        now: Timestamp,
    ) -> Timestamp {
        let share = u32::from(self.index.jitter(what, now));
        now.after(least.saturating_add(jitter.saturating_mul(share) / u32::from(u8::MAX)))
    }
}

/// A callout that was made at `since` has ended.
fn measure(target: Target, since: Timestamp, reply: &Reply, cx: &mut Cx<'_>) {
    let class = StatusClass::of_reply(reply);
    cx.record(Histogram::CalloutDuration { target: target.clone(), class }, cx.now.since(since));
    cx.count(Counter::Callout { target, outcome: reply.outcome() });
}
