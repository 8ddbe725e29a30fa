//! What gateways that share a storage tell each other there ([`crate::fleet`]): hooks, and feeds, which one of them reads for all.
//!
//! One worker of each gateway makes a round, every few seconds:
//!
//! ```text
//! begin ─▶ GET fleet/00.json, 01.json, .. until there is none ─▶ compare ─▶ hear: hooks ─▶ looked at again
//!                                                                   │             segments, one after the other: GET, lines
//!                                                                   └─▶ own place: lost? missing?
//! conclude ─▶ follow: whose feeds are read elsewhere ─▶ PUT fleet/NN.json, where this gateway has something to say ─▶ rest
//! ```
//!
//! What goes wrong here costs a question and loses nothing. A gateway that hears nothing of a feed reads it itself, from where it knows that
//! it was read, and so does one that has missed a segment. A bulletin has all that its gateway has to say, so that a write that is lost is made
//! good by the next.

mod feeds;
mod lines;
mod place;
mod round;

use std::{collections::BTreeMap, time::Duration};

use log::Level;
use sha2::{Digest, Sha256};

use self::{feeds::Followed, lines::Lines, round::Round};
use super::{
    key::{FleetCall, Owner},
    services::Services,
};
use crate::{
    config::{Config, Storage},
    cx::Cx,
    fleet::Told,
    flow::Renewal,
    http::{Callout, Reply, Timestamp},
    metrics::{Counter, DocumentName, FleetOutcome},
    plan::Source,
    shared::{FleetStore, QueueId, Seat},
};

/// What one worker does for the fleet.
#[derive(Debug)]
pub(super) struct Fleet {
    /// What this gateway is called.
    name: String,
    queue: QueueId,
    /// Where the workers share what they know of the fleet; `None` where there is none.
    store: Option<FleetStore>,
    /// The feeds that are read by one gateway of all.
    feeds: Vec<Followed>,
    /// The round that this worker makes.
    round: Option<Box<Round>>,
    /// Rounds that it has begun.
    rounds: u64,
    /// The lines of polls of this worker's, which are being written.
    lines: BTreeMap<DocumentName, Lines>,
    /// Why storage failed last.
    trouble: Option<String>,
}

impl Fleet {
    /// Nothing is known yet.
    pub(super) fn new(config: &Config, seat: Seat) -> Self {
        // The seed is nothing to tell.
        let digest = Sha256::new_with_prefix(b"fleet").chain_update(seat.seed.to_le_bytes()).finalize();
        let fleet = config.sync.fleet.zip(config.storage.as_ref());
        let store = fleet.map(|(fleet, storage)| FleetStore::new(storage, fleet.every));
        let feeds = store.iter().flat_map(|_| &config.sync.feeds).map(Followed::new);
        Self {
            name: digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect(),
            queue: seat.queue,
            feeds: feeds.collect(),
            store,
            round: None,
            rounds: 0,
            lines: BTreeMap::new(),
            trouble: None,
        }
    }

    /// Whether there is a fleet.
    pub(super) fn watches(&self) -> bool {
        self.store.is_some()
    }

    /// A hook has told this gateway of what may have changed, and is to tell the others.
    pub(super) fn tell(&self, renewal: &Renewal, services: &Services, cx: &mut Cx<'_>) {
        let Some(store) = self.store.as_ref().filter(|_| services.config.writable_storage().is_some()) else {
            return;
        };
        let told = Told::new(&renewal.roots, &renewal.refs);
        let now = cx.now;
        let is_said = store.say(cx.kv, |said| {
            said.tell(told.clone(), now);
            Some(())
        });
        store.ring(cx.kv);
        let outcome = if is_said.is_some() { FleetOutcome::Told } else { FleetOutcome::Failed };
        cx.count(Counter::Fleet { outcome });
    }

    /// Time has passed.
    pub(super) fn on_tick(&mut self, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(store) = &self.store else { return };
        if store.awaits_first(cx.kv, FIRST, cx.now) {
            for feed in &self.feeds {
                feed.put_off(HOLD, cx);
            }
        }
        if self.round.as_ref().is_some_and(|round| round.is_given_up(cx.now)) {
            self.round = None;
        }
        if self.round.is_none() {
            self.begin(services, cx);
        }
    }

    /// Storage has answered.
    pub(super) fn on_reply(
        &mut self,
        call: FleetCall,
        reply: Reply,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        match call {
            FleetCall::Lines(document, number) => {
                return self.on_lines(&document, number, &reply, cx);
            }
            FleetCall::Place(round, _) | FleetCall::Segment(round) | FleetCall::Write(round) => {
                if !self.holds_round(round, services, cx) {
                    return;
                }
            }
        }
        match call {
            FleetCall::Lines(..) => {}
            FleetCall::Place(_, place) => self.on_place(place, &reply, services, cx),
            FleetCall::Segment(_) => self.on_segment(reply, services, cx),
            FleetCall::Write(_) => self.on_write(&reply, services, cx),
        }
    }

    /// Whether that is the round under way, and still this worker's. Its claim is prolonged.
    fn holds_round(&mut self, number: u64, services: &Services, cx: &mut Cx<'_>) -> bool {
        let Some((store, round)) =
            self.store.as_ref().zip(self.round.as_mut()).filter(|(_, round)| round.number == number)
        else {
            return false;
        };
        let until = cx.now.after(patience(services));
        round.until = until;
        let is_held = store.prolong(cx.kv, self.queue, until);
        if !is_held {
            self.round = None;
        }
        is_held
    }

    /// Storage could not say something, or take it: the log is told once.
    fn fail(&mut self, why: &str, cx: &mut Cx<'_>) {
        cx.count(Counter::Fleet { outcome: FleetOutcome::Failed });
        if self.trouble.as_deref() != Some(why) {
            cx.log(Level::Warn, format!("storage: what gateways tell each other: {why}; tried again"));
            self.trouble = Some(why.to_owned());
        }
    }
}

/// The storage, where there is a fleet on it.
fn storage(services: &Services) -> Option<&Storage> {
    services.config.storage.as_ref().filter(|_| services.config.sync.fleet.is_some())
}

/// How often a round begins.
fn every(services: &Services) -> Duration {
    services.config.sync.fleet.map_or(Duration::ZERO, |fleet| fleet.every)
}

/// For how long a worker that makes a round is believed to be alive after a sign of life: for longer than storage may take to answer.
fn patience(services: &Services) -> Duration {
    storage(services).map_or(Duration::ZERO, |storage| storage.endpoint.timeout).saturating_add(AFTER_TIMEOUT)
}

fn ask(call: FleetCall, callout: Callout, services: &mut Services, cx: &mut Cx<'_>) {
    let permit = services.budget.take(Source::Storage, cx);
    services.call(Owner::Fleet(call), permit, callout, cx);
}

/// Whether two times of two clocks lie no further apart.
fn are_near(one: Timestamp, other: Timestamp, most: Duration) -> bool {
    one.since(other).max(other.since(one)) <= most
}

/// How long no feed is read by a gateway that has just begun and has not heard yet whether another one reads it: twice as long as storage may
/// take by default. A storage that takes longer is down.
const FIRST: Duration = Duration::from_secs(10);

/// For how long a poll is put off at once meanwhile.
const HOLD: Duration = Duration::from_secs(1);

/// As long as a worker may be busy otherwise.
const AFTER_TIMEOUT: Duration = Duration::from_secs(5);
