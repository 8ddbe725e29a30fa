//! What was heard of another gateway before, and what of its bulletin is to be heeded therefore.

use std::time::Duration;

use super::{Left, Round};
use crate::{
    cx::Cx,
    fleet::{Bulletin, Told},
    http::Timestamp,
    metrics::{Counter, FleetOutcome},
    shared::{Follows, Member},
};

impl Round {
    /// Notes what another gateway tells: what was not heard of it before is to be heeded.
    pub(super) fn note(&mut self, bulletin: &Bulletin, place: u8, own: &str, etag: String, cx: &mut Cx<'_>) {
        if bulletin.member == own {
            return;
        }
        self.heard.members.retain(|member| member.place != place || member.name == bulletin.member);
        let at = match self.heard.members.iter().position(|member| member.name == bulletin.member) {
            Some(at) => at,
            None => {
                self.heard.members.push(self.newcomer(bulletin));
                self.heard.members.len().saturating_sub(1)
            }
        };
        let Some(member) = self.heard.members.get_mut(at) else { return };
        // It has left that place, and has another.
        if member.revision > bulletin.revision && member.place != place {
            return;
        }
        (member.place, member.etag) = (place, etag);
        (member.written, member.revision) = (bulletin.at(), bulletin.revision);
        let mut missed = bulletin.first_told() > member.told.saturating_add(1);
        for told in bulletin.hooks.iter().filter(|told| told.number > member.told) {
            self.left.push_back(Left::Hook(member.name.clone(), told.clone()));
        }
        let next = member.segment.saturating_add(1);
        let name = member.name.clone();
        for segment in next.max(bulletin.first)..=bulletin.last {
            self.left.push_back(Left::Segment(name.clone(), place, segment));
        }
        let is_behind = next < bulletin.first;
        let follows = bulletin.feeds.iter().map(|reading| {
            let before = member.feeds.iter().find(|follows| follows.feed == reading.feed);
            let is_same = before.filter(|before| before.polls == reading.polls);
            // When it was that a gateway which is new here has ended its poll is only known by its clock.
            let ended = if member.feeds.is_empty() { bulletin.at().min(cx.now) } else { cx.now };
            let seen = is_same.map_or(ended, |before| before.seen);
            Follows { feed: reading.feed.clone(), polls: reading.polls, seen, upto: reading.upto }
        });
        member.feeds = follows.collect();
        if is_behind {
            member.segment = bulletin.first.saturating_sub(1);
            missed = true;
            self.fall_behind(&name, cx.now);
        }
        if missed {
            cx.count(Counter::Fleet { outcome: FleetOutcome::Missed });
        }
    }

    /// Another gateway that this one knows nothing of yet. All that it tells is heard, unless this gateway is new itself: then its index knows
    /// nothing from before, and what of feeds is from before it has read itself, or has read by another.
    fn newcomer(&self, bulletin: &Bulletin) -> Member {
        let before = self.since.before(FIRST_HOOKS);
        let is_heard = |told: &&Told| self.is_first && Timestamp(told.at) < before;
        let told = bulletin.hooks.iter().take_while(is_heard).last().map(|told| told.number);
        let segment = if self.is_first { bulletin.last } else { 0 };
        let told = told.unwrap_or_else(|| bulletin.first_told().saturating_sub(1));
        Member { name: bulletin.member.clone(), segment, told, ..Member::default() }
    }

    pub(super) fn member(&mut self, name: &str) -> Option<&mut Member> {
        self.heard.members.iter_mut().find(|member| member.name == name)
    }

    pub(super) fn has_heard(&mut self, name: &str, segment: u64) {
        if let Some(member) = self.member(name) {
            member.segment = segment;
        }
    }

    /// A segment is not there, or is not what it has to be.
    pub(super) fn miss(&mut self, name: &str, segment: u64, cx: &mut Cx<'_>) {
        cx.count(Counter::Fleet { outcome: FleetOutcome::Missed });
        self.fall_behind(name, cx.now);
        self.has_heard(name, segment);
    }

    /// Something was missed of the feeds that this gateway reads: they are read here once.
    fn fall_behind(&mut self, name: &str, now: Timestamp) {
        let feeds: Vec<String> = self
            .member(name)
            .iter()
            .flat_map(|member| &member.feeds)
            .map(|follows| follows.feed.clone())
            .collect();
        feeds.iter().for_each(|feed| self.fall_behind_on(feed, now));
    }

    /// As [`Round::fall_behind`], of one feed.
    pub(in crate::worker::fleet) fn fall_behind_on(&mut self, feed: &str, now: Timestamp) {
        self.heard.behind.retain(|(behind, _)| behind != feed);
        if self.heard.behind.len() < MAX_BEHIND {
            self.heard.behind.push((feed.to_owned(), now));
        }
    }
}

/// Hooks from so long before this gateway began are none of its business; what is later may be by a clock that lies behind.
const FIRST_HOOKS: Duration = Duration::from_secs(60);

/// Feeds that are read here because something was missed: all that others may have, of which this gateway has four.
const MAX_BEHIND: usize = 16;
