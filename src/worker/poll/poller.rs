//! One document's poller: when this worker asks, how it reads what comes, and what is in force here.

mod end;

use std::time::Duration;

use log::Level;

use self::end::News;
use super::{
    polled::{Installed, PollSource, Polled, Tidings},
    reading::{Reading, Turn},
    reply::{Came, PollFailure, judge},
};
use crate::{
    cx::{CallId, Cx},
    endpoint::{Address, Trail, leads_to},
    flow::DocumentStatus,
    goproxy::Etag,
    http::{Callout, Reply, Timestamp},
    metrics::{Counter, FeedLine, Gauge},
    policy::InForce,
    shared::{
        QueueId, RecordStore, SharedKv,
        polled::{PollState, SnapshotStore, patience},
    },
    worker::{
        event::Event,
        key::{Owner, PollKey, Slice},
        services::Services,
    },
};

/// What this worker knows of one polled document.
#[derive(Debug)]
pub(super) struct Poller {
    document: Box<dyn Polled>,
    store: SnapshotStore,
    /// Where its records are kept, if they are.
    records: RecordStore,
    /// Whether the log was told that not all of them are.
    told_full: bool,
    queue: QueueId,
    phase: Phase,
    current: Option<Current>,
    /// The revision that was looked at last, whether it could be put in force or not.
    seen: u64,
    /// The last body that this worker was given and that is wrong: as long as the source gives it, it is not read once more.
    wrong: Option<(Etag, Vec<String>)>,
    /// The version and its age, as the host was told last.
    told: Option<(u64, u64)>,
    /// Whether the host was told last that it is stale.
    told_stale: Option<bool>,
    /// When this worker looked first.
    begun: Option<Timestamp>,
}

/// What this worker is doing about it.
#[derive(Debug)]
enum Phase {
    /// Nothing.
    Resting,
    /// It polls.
    Asking(Box<Poll>),
    /// It reads what came of its poll.
    ReadingReply(Box<Reading>, Timestamp),
    /// It reads what another worker has kept.
    ReadingSnapshot(Box<Reading>, u64),
}

/// A poll of this worker's that is under way.
#[derive(Debug)]
struct Poll {
    call: CallId,
    /// Until when this worker has claimed it.
    claimed: Timestamp,
    /// The request, as the document made it.
    request: Callout,
    /// Whether only what has changed is asked for.
    conditional: bool,
    /// The redirects of it, as far as they were followed.
    trail: Trail,
}

/// What this worker has put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Current {
    revision: u64,
    content: Etag,
    version: u64,
}

impl Poller {
    pub(super) fn new(document: Box<dyn Polled>, queue: QueueId) -> Self {
        let PollSource { name, variant, endpoint, interval, .. } = document.source();
        Self {
            store: SnapshotStore::new(&format!("{name}{variant}"), endpoint, *interval),
            records: RecordStore::new(&name.to_string(), endpoint),
            told_full: false,
            document,
            queue,
            phase: Phase::Resting,
            current: None,
            seen: 0,
            wrong: None,
            told: None,
            told_stale: None,
            begun: None,
        }
    }

    /// The name by which it is known.
    pub(super) fn key(&self) -> PollKey {
        PollKey(self.document.source().name.clone())
    }

    /// How the polling goes.
    pub(super) fn status(&self, in_force: &InForce, cx: &Cx<'_>) -> DocumentStatus {
        let (name, state) = (self.document.source().name.clone(), self.store.state(cx.kv));
        let failing = state.trouble != 0;
        DocumentStatus {
            name: name.to_string(),
            version: in_force.version(name),
            revision: state.revision,
            confirmed_seconds_ago: (state.confirmed != Timestamp::default())
                .then(|| cx.now.since(state.confirmed).as_secs()),
            polled_in_seconds: state.next.since(cx.now).as_secs(),
            failing,
            trouble: failing.then_some(state.why),
        }
    }

    /// Reads what other workers have kept, and puts it in force, at once.
    pub(super) fn start(&mut self, in_force: &mut InForce, kv: &dyn SharedKv) {
        let state = self.store.state(kv);
        self.look_at(&state, kv);
        while let Phase::ReadingSnapshot(..) = self.phase {
            self.work_on_snapshot(in_force);
        }
        let source = self.document.source();
        if source.stale_after.is_some() {
            in_force.note_awaited(&source.name, self.current.is_none() && state.trouble == 0);
        }
    }

    /// Time has passed.
    pub(super) fn on_tick(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let state = self.store.state(cx.kv);
        if self.look_at(&state, cx.kv) {
            self.read_on(services);
        }
        self.tell(&state, &mut services.in_force, cx);
        let may_ask = matches!(self.phase, Phase::Resting | Phase::Asking(_));
        let claimed = cx.now.after(self.patience());
        if may_ask
            && self.store.is_due(&state, cx.now)
            && self.store.claim(cx.kv, self.queue, claimed, cx.now)
        {
            // A cursor is of a revision, and says nothing to a worker that has another.
            let cursor = if self.is_current(&state) { state.cursor.as_slice() } else { &[] };
            let request = self.document.begin(cursor, cx.now);
            self.ask(request, !cursor.is_empty(), (Trail::default(), claimed), services, cx);
        }
    }

    /// The reply to a poll.
    pub(super) fn on_reply(&mut self, call: CallId, reply: Reply, services: &mut Services, cx: &mut Cx<'_>) {
        let poll = match std::mem::replace(&mut self.phase, Phase::Resting) {
            Phase::Asking(poll) if poll.call == call => poll,
            other => {
                self.phase = other;
                return;
            }
        };
        // A worker that was given up has nothing to say any more.
        let until = cx.now.after(self.patience());
        if !self.store.prolong(cx.kv, self.queue, poll.claimed, until) {
            return;
        }
        let who = who(&poll.trail);
        let source = self.document.source();
        if let Some(location) = leads_to(&reply) {
            let sent = poll.trail.lead(poll.request.clone(), &source.endpoint);
            return match poll.trail.follow(&sent, location, &source.endpoint, &source.section) {
                Ok(trail) => self.ask(poll.request, poll.conditional, (trail, until), services, cx),
                Err(why) => self.fail(&PollFailure::Failed(format!("{who} {why}")), services, cx),
            };
        }
        if let Reply::Answered { status: 403 | 404 | 410, .. } = reply
            && let Some(instead) = self.document.absent()
        {
            return self.ask(instead, false, (Trail::default(), until), services, cx);
        }
        let source = self.document.source();
        let most = source.most_bytes;
        let cluster = poll.trail.at().map_or(&source.endpoint.cluster, |at| &at.cluster);
        let reading = judge(reply, &who, cluster, poll.conditional).and_then(|came| match came {
            Came::Unchanged => Ok(None),
            Came::Body(headers, body) => Reading::of_reply(headers, body, most).map(Some),
        });
        match reading {
            Ok(Some(reading)) => {
                self.phase = Phase::ReadingReply(Box::new(reading), until);
                self.read_on(services);
            }
            Ok(None) => {
                let cursor = self.store.state(cx.kv).cursor;
                self.finish(News::Same(cursor), services, cx);
            }
            Err(trouble) => self.fail(&trouble, services, cx),
        }
    }

    /// Reads on for a slice; whether something else is in force now.
    pub(super) fn work(&mut self, services: &mut Services, cx: &mut Cx<'_>) -> bool {
        let is_new = match &self.phase {
            Phase::Resting | Phase::Asking(_) => false,
            Phase::ReadingReply(..) => self.work_on_reply(services, cx),
            Phase::ReadingSnapshot(..) => self.work_on_snapshot(&mut services.in_force),
        };
        if matches!(self.phase, Phase::ReadingReply(..) | Phase::ReadingSnapshot(..)) {
            self.read_on(services);
        }
        is_new
    }

    /// Has the reading go on, once at a time.
    fn read_on(&self, services: &mut Services) {
        services.slices.add(Slice::Poll(self.key()));
    }

    fn ask(
        &mut self,
        request: Callout,
        conditional: bool,
        (trail, claimed): (Trail, Timestamp),
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let source = self.document.source();
        let callout = trail.lead(request.clone(), &source.endpoint);
        let call = services.poll(Owner::Poll(self.key()), source.name.clone(), callout, cx);
        self.phase = Phase::Asking(Box::new(Poll { call, claimed, request, conditional, trail }));
    }

    /// Begins to read what another worker has kept, where that is another revision than was looked at last. A poll of this worker's
    /// that is under way was given up by the others then.
    fn look_at(&mut self, state: &PollState, kv: &dyn SharedKv) -> bool {
        if self.seen == state.revision {
            return false;
        }
        self.seen = state.revision;
        let Some(snapshot) = self.store.read(kv) else { return false };
        let reading = Box::new(Reading::of_snapshot(snapshot.bytes));
        self.phase = Phase::ReadingSnapshot(reading, snapshot.revision);
        true
    }

    fn work_on_snapshot(&mut self, in_force: &mut InForce) -> bool {
        let most = self.document.source().most_bytes;
        let Phase::ReadingSnapshot(reading, revision) = &mut self.phase else { return false };
        let revision = *revision;
        match reading.work(&mut *self.document, most) {
            Turn::More => false,
            Turn::Compared(content) => {
                match self.current.as_mut().filter(|current| current.content == content) {
                    Some(current) => {
                        current.revision = revision;
                        self.phase = Phase::Resting;
                    }
                    None => reading.go_on(&mut *self.document, true),
                }
                false
            }
            Turn::Read(_, _, content) => {
                self.phase = Phase::Resting;
                let Installed { version, .. } = self.document.install(in_force);
                in_force.note_content(&self.document.source().name, content.0);
                self.current = Some(Current { revision, content, version });
                true
            }
            // What another build of this filter understands, and this one does not, is asked for once more, and refused with reasons.
            Turn::Ask(_) | Turn::Same(_) | Turn::Failed(..) => {
                self.phase = Phase::Resting;
                false
            }
        }
    }

    fn work_on_reply(&mut self, services: &mut Services, cx: &mut Cx<'_>) -> bool {
        if !self.holds_claim(cx) {
            self.phase = Phase::Resting;
            return false;
        }
        let most = self.document.source().most_bytes;
        let Phase::ReadingReply(reading, claimed) = &mut self.phase else { return false };
        let claimed = *claimed;
        let turn = reading.work(&mut *self.document, most);
        self.keep_records(cx);
        self.hand_on(services, cx);
        let Phase::ReadingReply(reading, _) = &mut self.phase else { return false };
        match turn {
            Turn::More => return false,
            Turn::Compared(content) => {
                if let Some((_, reasons)) = self.wrong.as_ref().filter(|(wrong, _)| *wrong == content) {
                    let trouble = PollFailure::Invalid(reasons.clone());
                    self.fail(&trouble, services, cx);
                } else if self.current.as_ref().is_some_and(|current| {
                    current.content == content && current.revision == self.store.state(cx.kv).revision
                }) {
                    let cursor = self.document.unchanged(reading.headers());
                    return self.finish(News::Same(cursor), services, cx);
                } else {
                    reading.go_on(&mut *self.document, false);
                }
            }
            Turn::Ask(callout) => self.ask(*callout, false, (Trail::default(), claimed), services, cx),
            Turn::Same(cursor) => return self.finish(News::Same(cursor), services, cx),
            Turn::Read(cursor, body, content) => {
                return self.finish(News::Read(cursor, body, content), services, cx);
            }
            Turn::Failed(content, trouble) => {
                if let (Some(content), PollFailure::Invalid(reasons)) = (content, &trouble) {
                    self.wrong = Some((content, reasons.clone()));
                }
                self.fail(&trouble, services, cx);
            }
        }
        false
    }

    /// Keeps the records that were read just now, where the document is one of which they are kept.
    fn keep_records(&mut self, cx: &mut Cx<'_>) {
        for (id, packed) in self.document.records() {
            let all_fit = self.records.keep(cx.kv, &id, &packed);
            if !all_fit && !std::mem::replace(&mut self.told_full, true) {
                let why = "its records are more than the mirror has room for, and it answers 503 for some";
                cx.log(Level::Warn, format!("{}: {why}; the first was {id}", self.title()));
            }
        }
    }

    /// Hands on what the document tells of versions that became known.
    fn hand_on(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let Tidings { published, lines, odd, gaps, until } = self.document.tidings();
        let document = &self.document.source().name;
        for (outcome, lines) in [(FeedLine::New, lines), (FeedLine::Odd, odd)] {
            if lines > 0 {
                cx.add(Counter::FeedLine { document: document.clone(), outcome }, lines);
            }
        }
        if gaps > 0 {
            cx.add(Counter::FeedGap { document: document.clone() }, gaps);
            let line =
                format!("{}: it was not read for days; what it has told meanwhile is left out", self.title());
            cx.log(Level::Warn, line);
        }
        if let Some(until) = until {
            cx.set(Gauge::FeedUntil { document: document.clone() }, until);
        }
        if !published.is_empty() {
            services.emit(Event::Published(document.clone(), published));
        }
    }

    /// Whether the poll whose reply is being read is still this worker's. Its claim is prolonged in good time.
    fn holds_claim(&mut self, cx: &mut Cx<'_>) -> bool {
        let patience = self.patience();
        let Phase::ReadingReply(_, claimed) = &mut self.phase else { return true };
        if *claimed > cx.now.after(patience / 2) {
            return true;
        }
        let until = cx.now.after(patience);
        let is_held = self.store.prolong(cx.kv, self.queue, *claimed, until);
        *claimed = until;
        is_held
    }

    /// Whether this worker has the revision in force that all have.
    fn is_current(&self, state: &PollState) -> bool {
        self.current.as_ref().is_some_and(|current| current.revision == state.revision)
    }

    fn title(&self) -> &str {
        &self.document.source().title
    }

    fn patience(&self) -> Duration {
        patience(&self.document.source().endpoint)
    }
}

/// The source that is asked.
fn who(trail: &Trail) -> String {
    match trail.at().and_then(Address::elsewhere) {
        Some(host) => format!("{host}, to which its source redirects,"),
        None => "its source".to_owned(),
    }
}
