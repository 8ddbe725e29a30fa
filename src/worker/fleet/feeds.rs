//! Whether this gateway reads a feed, or another one does.
//!
//! By default each does. A gateway puts its next poll off while it hears that another one has read the feed, and has read all lines
//! of it. So where storage fails, the other one dies or its source does, the poll comes due. Of two that read a feed at once, because both came
//! to be the first or their storage was cut in two, the one with the lower place goes on.

use std::time::Duration;

use super::{Fleet, every, round::Round};
use crate::{
    config::Feed,
    cx::Cx,
    feed::Cursor,
    fleet::Bulletin,
    http::Timestamp,
    metrics::{DocumentName, Gauge},
    shared::{Follows, Member, Said, feed_number, polled::SnapshotStore},
    worker::services::Services,
};

/// A feed that is read by one gateway of all.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) document: DocumentName,
    /// By which number all know it.
    pub(super) feed: String,
    /// What the workers know of its polls.
    store: SnapshotStore,
    interval: Duration,
}

impl Followed {
    pub(super) fn new(feed: &Feed) -> Self {
        let document = feed.document();
        Self {
            store: SnapshotStore::new(&document.to_string(), &feed.endpoint, feed.interval),
            feed: feed_number(&feed.endpoint),
            interval: feed.interval,
            document,
        }
    }

    /// Puts a poll that is due off for so long.
    pub(super) fn put_off(&self, by: Duration, cx: &mut Cx<'_>) {
        if self.store.is_due(&self.store.state(cx.kv), cx.now) {
            self.store.follow(cx.kv, None, cx.now.after(by), cx.now);
        }
    }

    /// How long after its last poll another gateway is believed to read it: for longer than it rests between two polls, and than this gateway
    /// takes to hear of one.
    fn lapse(&self, every: Duration) -> Duration {
        self.interval
            .saturating_add(self.interval / 2)
            .saturating_add(every.saturating_mul(2))
            .saturating_add(SLACK)
    }

    /// How far a bulletin says that it was read.
    fn cursor(&self, bulletin: &Bulletin, now: Timestamp) -> Option<Cursor> {
        bulletin.feeds.iter().find(|reading| reading.feed == self.feed)?.cursor(now)
    }
}

impl Fleet {
    /// Has each feed be read by one gateway, as far as is known after this round.
    pub(super) fn follow(&self, round: &mut Round, said: &Said, services: &Services, cx: &mut Cx<'_>) {
        for feed in &self.feeds {
            let lapse = feed.lapse(every(services));
            let polled = said.polled(&feed.feed);
            round.heard.behind.retain(|(behind, since)| {
                *behind != feed.feed || polled.is_none_or(|polled| polled <= *since)
            });
            if round.heard.behind.iter().any(|(behind, _)| *behind == feed.feed) {
                continue;
            }
            let before = Cursor::decode(&feed.store.state(cx.kv).cursor);
            if round.is_first && before.is_some() {
                // It was read here, and elsewhere, while storage could not say so: which of both has read what is not known.
                round.fall_behind_on(&feed.feed, cx.now);
                continue;
            }
            let newest = self.newest(feed, before.as_ref(), round, cx.now);
            let is_reader = polled.is_some_and(|polled| cx.now.is_within(lapse, polled));
            let reader = round.heard.members.iter().filter_map(|member| {
                let follows = whole(member, &feed.feed).filter(|_| round.has_read(member.place))?;
                let is_before = !is_reader || said.place.is_none_or(|place| member.place < place);
                (is_before && cx.now.is_within(lapse, follows.seen)).then_some(follows.seen)
            });
            let reader = reader.max();
            // The first of those that take over is the one with the lowest place, so that not all ask at once.
            let rank = u32::from(said.place.unwrap_or(LAST_RANK).min(LAST_RANK));
            let until =
                reader.map(|seen| seen.after(lapse.saturating_add(every(services).saturating_mul(rank))));
            let encoded = newest.as_ref().map(Cursor::encode);
            let confirmed = newest.as_ref().map_or(cx.now, |newest| newest.since.min(cx.now));
            let cursor = encoded.as_deref().map(|cursor| (cursor, confirmed));
            let next = match (until, &cursor) {
                (Some(until), _) => until,
                // Whoever has read it so far does so no more.
                (None, Some(_)) if before.is_none() => cx.now,
                (None, _) => continue,
            };
            if feed.store.follow(cx.kv, cursor, next, cx.now)
                && let Some(newest) = newest
            {
                let until = newest.mark.since().unix_seconds();
                cx.set(Gauge::FeedUntil { document: feed.document.clone() }, until);
            }
        }
    }

    /// The cursor of another gateway that is further than the one here, and whose lines were heard. One that has read nothing
    /// yet believes the furthest: its index is as new as it.
    fn newest(
        &self,
        feed: &Followed,
        before: Option<&Cursor>,
        round: &Round,
        now: Timestamp,
    ) -> Option<Cursor> {
        let bulletins = round.bulletins().filter(|bulletin| bulletin.member != self.name);
        let cursors = bulletins.filter_map(|bulletin| {
            let member = round.heard.members.iter().find(|member| member.name == bulletin.member);
            let is_heard = member.is_some_and(|member| whole(member, &feed.feed).is_some());
            feed.cursor(bulletin, now).filter(|_| before.is_none() || is_heard)
        });
        // One that brings nothing new is newer all the same.
        let rank = |cursor: &Cursor| (cursor.mark.since(), cursor.since);
        let newest = cursors.max_by_key(rank)?;
        before.is_none_or(|before| rank(before) < rank(&newest)).then_some(newest)
    }
}

/// What `member` has read of a feed, where all lines of it were heard.
fn whole<'m>(member: &'m Member, feed: &str) -> Option<&'m Follows> {
    member.feeds.iter().find(|follows| follows.feed == feed && follows.upto <= member.segment)
}

/// How long a poll may take beside: its pages, and what is written of them.
const SLACK: Duration = Duration::from_secs(10);

/// Gateways with this place and those behind it take over at once.
const LAST_RANK: u8 = 4;
