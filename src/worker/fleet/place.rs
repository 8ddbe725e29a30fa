//! The place of this gateway among those that share the storage.

use std::time::Duration;

use super::{Fleet, are_near, ask, round::Read, round::Round, storage};
use crate::{
    cx::Cx,
    fleet::PLACES,
    http::{Reply, Timestamp},
    metrics::{Counter, FleetOutcome},
    shared::Said,
    store::{self, Written},
    worker::{key::FleetCall, services::Services},
};

impl Fleet {
    /// Says whether what stands at this gateway's place is its own. One that has its place taken looks for another.
    pub(super) fn look_at_place(&mut self, round: &mut Round, cx: &mut Cx<'_>) {
        let Some(store) = &self.store else { return };
        let Some(place) = store.said(cx.kv).place else { return };
        match round.read.get(&place) {
            Some(Read::Bulletin(bulletin)) if bulletin.member != self.name => {
                cx.count(Counter::Fleet { outcome: FleetOutcome::Moved });
                store.say(cx.kv, |said| {
                    said.leave_place();
                    Some(())
                });
                round.heard.written = None;
            }
            // A write that was late has come after the last one.
            Some(Read::Bulletin(bulletin)) => {
                if round.heard.written.is_some_and(|(revision, _)| revision != bulletin.revision) {
                    round.heard.written = None;
                }
            }
            Some(Read::Absent | Read::Unreadable) => round.heard.written = None,
            Some(Read::Same | Read::Failed) | None => {}
        }
    }

    /// Has storage take what this gateway has to say, if there is anything, or it was silent for long; whether it was asked to.
    pub(super) fn write(&mut self, round: &mut Round, services: &mut Services, cx: &mut Cx<'_>) -> bool {
        let (Some(store), Some(storage)) = (&self.store, storage(services).filter(|storage| storage.write))
        else {
            return false;
        };
        let said = store.said(cx.kv);
        let is_told = round
            .heard
            .written
            .is_some_and(|(revision, at)| revision == said.revision && cx.now.is_within(BEAT, at));
        if said.place.is_some() && is_told {
            return false;
        }
        let place = said.place.or_else(|| round.free_place(cx.now));
        let Some(place) = place else {
            let why =
                format!("all {PLACES} places are taken: what comes to this gateway is not told to others");
            if round.has_read_all() {
                self.fail(&why, cx);
            }
            return false;
        };
        let now = cx.now;
        let Some(bulletin) = store.say(cx.kv, |said: &mut Said| Some(said.bulletin(&self.name, now))) else {
            return false;
        };
        let key = store::fleet_key(storage, place);
        let is_new = said.place.is_none() && matches!(round.read.get(&place), Some(Read::Absent));
        let (kind, body) = ("application/json", bulletin.text().into_bytes().into());
        // A store that knows conditions lets one of two gateways have a place that both have seen free.
        let callout = match is_new {
            true => store::create(storage, &key, kind, body),
            false => store::replace(storage, &key, kind, body),
        };
        round.writing = Some((place, bulletin.revision));
        ask(FleetCall::Write(round.number), callout, services, cx);
        true
    }

    /// Storage has answered.
    pub(super) fn on_write(&mut self, reply: &Reply, services: &mut Services, cx: &mut Cx<'_>) {
        let Some(mut round) = self.round.take() else { return };
        let Some((place, revision)) = round.writing.take() else { return };
        match store::judge_write(reply) {
            Written::Stored => {
                round.heard.written = Some((revision, cx.now));
                round.heard.places = round.heard.places.max(place.saturating_add(1));
                self.trouble = None;
                if let Some(store) = &self.store {
                    store.say(cx.kv, |said| {
                        let is_new = said.place.is_none();
                        said.place = Some(place);
                        is_new.then_some(())
                    });
                }
            }
            // Another gateway was faster. The next round sees it.
            Written::Exists => round.heard.places = round.heard.places.max(place.saturating_add(1)),
            Written::Failed(failure) => self.fail(&failure.why, cx),
        }
        self.rest(&round, services, cx);
    }
}

impl Round {
    /// A place that no gateway has: one that has been silent for long, or the first that was never taken.
    fn free_place(&self, now: Timestamp) -> Option<u8> {
        let is_silent = |read: &Read, place: u8| match read {
            Read::Absent => true,
            Read::Bulletin(bulletin) => !are_near(bulletin.at(), now, SILENT),
            Read::Same => {
                let member = self.heard.members.iter().find(|member| member.place == place);
                member.is_some_and(|member| !are_near(member.written, now, SILENT))
            }
            Read::Failed | Read::Unreadable => false,
        };
        self.read.iter().find(|(place, read)| is_silent(read, **place)).map(|(place, _)| *place)
    }

    /// Whether it is known of each place whether it is taken.
    fn has_read_all(&self) -> bool {
        !self.read.values().any(|read| matches!(read, Read::Failed))
    }
}

/// How long a gateway says nothing: its place is another's after five times that.
const BEAT: Duration = Duration::from_secs(2 * 60);

/// How long a gateway may have been silent. Clocks that lie further apart than that have one take the place of another, who takes another then.
const SILENT: Duration = Duration::from_secs(10 * 60);
