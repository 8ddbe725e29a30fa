//! A round: what other gateways tell is read, compared with what was heard, and heeded.

mod note;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use super::{Fleet, are_near, ask, every, patience, storage};
use crate::{
    cx::Cx,
    fleet::{Bulletin, MAX_BULLETIN_BYTES, PLACES, Segment, Told},
    flow::Renewal,
    http::{Reply, Timestamp},
    metrics::{Counter, FeedLine, FleetOutcome, Gauge},
    shared::{FleetHeard, Member},
    store::{self, Object},
    worker::{
        event::Event,
        key::{FleetCall, Slice},
        services::Services,
    },
};

/// A round that is under way.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) number: u64,
    begun: Timestamp,
    /// Whether this gateway has not heard of others before, and has told none.
    pub(super) is_first: bool,
    /// When this gateway began.
    since: Timestamp,
    /// When it is given up.
    pub(super) until: Timestamp,
    /// What was heard, in this round and before.
    pub(super) heard: FleetHeard,
    /// Places that are asked for, and how many were.
    waits: u8,
    asked: u8,
    /// What each place has.
    pub(super) read: BTreeMap<u8, Read>,
    /// What is to be heeded.
    left: VecDeque<Left>,
    /// The segment that is being read, of whom, which, and of which feed.
    segment: Option<(Segment, String, u64)>,
    /// The segment that is asked for.
    fetching: Option<(String, u64)>,
    /// The place at which this gateway's bulletin is being written, and which that is.
    pub(super) writing: Option<(u8, u64)>,
}

/// What a place has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Absent,
    Bulletin(Bulletin),
    /// Storage could not say.
    Failed,
    /// What it had before.
    Same,
    /// Something else.
    Unreadable,
}

/// What is to be heeded.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Left {
    /// A hook of this gateway.
    Hook(String, Told),
    /// A segment of this gateway, at its place.
    Segment(String, u8, u64),
}

impl Fleet {
    /// Begins a round, if one is due and no other worker makes one.
    pub(super) fn begin(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let until = cx.now.after(patience(services));
        let Some(store) = &self.store else { return };
        if !store.claim(cx.kv, self.queue, until, cx.now) {
            return;
        }
        self.rounds = self.rounds.wrapping_add(1);
        let heard = store.heard(cx.kv);
        let places = heard.places.min(PLACES);
        let mut round = Round {
            number: self.rounds,
            begun: cx.now,
            is_first: heard.written.is_none() && heard.members.is_empty(),
            since: store.begun(cx.kv),
            until,
            heard,
            waits: 0,
            asked: 0,
            read: BTreeMap::new(),
            left: VecDeque::new(),
            segment: None,
            fetching: None,
            writing: None,
        };
        // One more than there are: it may have been taken since.
        for _ in 0..=places {
            round.ask(services, cx);
        }
        self.round = Some(Box::new(round));
    }

    /// Storage has said what a place has.
    pub(super) fn on_place(&mut self, place: u8, reply: &Reply, services: &mut Services, cx: &mut Cx<'_>) {
        let read = match (reply, store::judge_small(reply, MAX_BULLETIN_BYTES)) {
            (Reply::Answered { status: 304, .. }, _) => Read::Same,
            (_, Object::Absent) => Read::Absent,
            (_, Object::Present(text)) => Bulletin::read(text).map_or(Read::Unreadable, Read::Bulletin),
            (Reply::Answered { status: 200, .. }, Object::Unavailable(_)) => Read::Unreadable,
            (_, Object::Unavailable(why)) => {
                self.fail(&why, cx);
                Read::Failed
            }
        };
        if read == Read::Unreadable {
            cx.count(Counter::Fleet { outcome: FleetOutcome::Unreadable });
        }
        let Some(round) = &mut self.round else { return };
        round.waits = round.waits.saturating_sub(1);
        let is_last = place.saturating_add(1) == round.asked;
        if let Read::Bulletin(bulletin) = &read {
            round.note(bulletin, place, &self.name, etag(reply), cx);
        }
        if is_last && !matches!(read, Read::Absent | Read::Failed) {
            round.ask(services, cx);
        }
        round.read.insert(place, read);
        if round.waits > 0 {
            return;
        }
        let taken = |(place, read): (&u8, &Read)| {
            let is_taken = match read {
                Read::Absent => false,
                Read::Failed => *place < round.heard.places,
                Read::Bulletin(_) | Read::Same | Read::Unreadable => true,
            };
            is_taken.then(|| place.saturating_add(1))
        };
        round.heard.places = round.read.iter().filter_map(taken).max().unwrap_or_default();
        services.slices.add(Slice::Fleet);
    }

    /// Heeds a little of what was heard.
    pub(in crate::worker) fn work(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(number) = self.round.as_ref().map(|round| round.number) else { return };
        if !self.holds_round(number, services, cx) {
            return;
        }
        let feeds = &self.feeds;
        let Some(round) = &mut self.round else { return };
        if round.waits > 0 || round.fetching.is_some() || round.writing.is_some() {
            return;
        }
        if let Some((mut segment, name, number)) = round.segment.take() {
            let mut published = Vec::new();
            let is_over = segment.work(LINES_AT_ONCE, &mut published);
            if let Some(feed) = feeds.iter().find(|feed| feed.feed == segment.feed()) {
                let lines = u64::try_from(published.len()).unwrap_or_default();
                cx.add(
                    Counter::FeedLine { document: feed.document.clone(), outcome: FeedLine::Heard },
                    lines,
                );
                services.emit(Event::Heard(published));
            }
            if is_over {
                round.has_heard(&name, number);
            } else {
                round.segment = Some((segment, name, number));
            }
            return services.slices.add(Slice::Fleet);
        }
        match round.left.pop_front() {
            Some(Left::Hook(name, told)) => {
                cx.count(Counter::Fleet { outcome: FleetOutcome::Heard });
                let refs = told.refs();
                services.emit(Event::Told(Renewal { roots: told.roots, refs }));
                if let Some(member) = round.member(&name) {
                    member.told = told.number;
                }
                services.slices.add(Slice::Fleet);
            }
            Some(Left::Segment(name, place, segment)) => {
                let Some(storage) = storage(services) else { return };
                let callout = store::get(storage, &store::fleet_segment_key(storage, place, segment));
                round.fetching = Some((name, segment));
                ask(FleetCall::Segment(round.number), callout, services, cx);
            }
            None => self.conclude(services, cx),
        }
    }

    /// A segment has come.
    pub(super) fn on_segment(&mut self, reply: Reply, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(round) = &mut self.round else { return };
        let Some((name, number)) = round.fetching.take() else { return };
        let why = match store::judge_small(&reply, usize::MAX) {
            Object::Unavailable(why) => Some(why),
            Object::Absent | Object::Present(_) => None,
        };
        match (why, reply) {
            (Some(why), _) => {
                // The next round asks for it again. Until then the feed is not taken to be read.
                round.left.retain(|left| !matches!(left, Left::Segment(of, ..) if *of == name));
                if let Some(member) = round.member(&name) {
                    member.etag.clear();
                }
                self.fail(&why, cx);
            }
            (None, Reply::Answered { status: 200, body, .. }) => {
                match Segment::open(&body.into(), &name, number) {
                    Some(segment) => round.segment = Some((segment, name, number)),
                    None => {
                        cx.count(Counter::Fleet { outcome: FleetOutcome::Unreadable });
                        round.miss(&name, number, cx);
                    }
                }
            }
            (None, _) => round.miss(&name, number, cx),
        }
        services.slices.add(Slice::Fleet);
    }

    /// All was heeded.
    fn conclude(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(mut round) = self.round.take() else { return };
        let Some(store) = &self.store else { return };
        let said = store.said(cx.kv);
        self.follow(&mut round, &said, services, cx);
        self.look_at_place(&mut round, cx);
        let is_alive = |member: &&Member| are_near(member.written, cx.now, ALIVE);
        let others = round.heard.members.iter().filter(is_alive).count();
        let members = u64::try_from(others).unwrap_or_default().saturating_add(1);
        if std::mem::replace(&mut round.heard.counted, members) != members {
            cx.set(Gauge::FleetMembers, members);
        }
        if self.write(&mut round, services, cx) {
            self.round = Some(round);
        } else {
            self.rest(&round, services, cx);
        }
    }

    /// The round is over.
    pub(super) fn rest(&self, round: &Round, services: &Services, cx: &mut Cx<'_>) {
        let Some(store) = &self.store else { return };
        store.keep(cx.kv, &round.heard);
        let soonest = round.begun.after(PACE);
        store.end(cx.kv, self.queue, round.begun.after(every(services)), soonest);
    }
}

impl Round {
    /// Whether other workers take this one for dead.
    pub(super) fn is_given_up(&self, now: Timestamp) -> bool {
        self.until <= now
    }

    /// Whether it is known what this place has.
    pub(super) fn has_read(&self, place: u8) -> bool {
        matches!(self.read.get(&place), Some(Read::Bulletin(_) | Read::Same))
    }

    /// What was read that is new.
    pub(super) fn bulletins(&self) -> impl Iterator<Item = &Bulletin> {
        self.read.values().filter_map(|read| match read {
            Read::Bulletin(bulletin) => Some(bulletin),
            Read::Absent | Read::Failed | Read::Same | Read::Unreadable => None,
        })
    }

    /// Asks for the next place.
    fn ask(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let place = self.asked;
        let Some(storage) = storage(services).filter(|_| place < PLACES) else { return };
        let mut callout = store::get(storage, &store::fleet_key(storage, place));
        let known = self.heard.members.iter().find(|member| member.place == place);
        if let Some(member) = known.filter(|member| !member.etag.is_empty()) {
            callout.headers.push(("if-none-match".to_owned(), member.etag.clone()));
        }
        (self.asked, self.waits) = (self.asked.saturating_add(1), self.waits.saturating_add(1));
        ask(FleetCall::Place(self.number, place), callout, services, cx);
    }
}

/// The entity tag of a reply, if it has one that is worth keeping.
fn etag(reply: &Reply) -> String {
    let Reply::Answered { headers, .. } = reply else { return String::new() };
    headers.first("etag").filter(|etag| etag.len() <= MAX_ETAG_BYTES).unwrap_or_default().to_owned()
}

/// Between the beginnings of two rounds, whatever there is to say.
const PACE: Duration = Duration::from_secs(1);

/// Lines that are heeded at once, as many as of a feed itself: each costs some microseconds here, and as much again where its module is looked
/// for.
const LINES_AT_ONCE: usize = 64;

/// Entity tags are some dozens of bytes.
const MAX_ETAG_BYTES: usize = 128;

/// How long after its last sign of life a gateway is counted: it gives one every two minutes.
const ALIVE: Duration = Duration::from_secs(5 * 60);
