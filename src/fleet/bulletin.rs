//! What one gateway tells all others.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{LAYOUT, SEGMENTS};
use crate::{feed::Cursor, hook::RefName, http::Timestamp};

/// What one gateway tells all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulletin {
    /// The layout of this.
    #[serde(rename = "modgate")]
    pub layout: u8,
    /// Which gateway it is: a name that it has drawn at its start, and no other has.
    pub member: String,
    /// When it was written, by the gateway's own clock, in milliseconds.
    pub written: u64,
    /// Counts what has changed of it.
    pub revision: u64,
    /// The number of the last hook that has come.
    pub told: u64,
    /// What hooks have told lately, in the order of their numbers.
    pub hooks: Vec<Told>,
    /// The first segment that is there.
    pub first: u64,
    /// The last one; less than the first where none is.
    pub last: u64,
    /// How far it has read feeds itself.
    pub feeds: Vec<Reading>,
}

/// What a hook has told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Counts the hooks of this gateway.
    pub number: u64,
    /// When it came, by the gateway's own clock, in milliseconds.
    pub at: u64,
    /// Paths at which, and below which, modules may have changed.
    pub roots: Vec<String>,
    /// Tags that have changed.
    pub tags: Vec<String>,
    /// Branches that have.
    pub branches: Vec<String>,
}

/// How far a gateway has read a feed itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Which feed: a number for its address.
    pub feed: String,
    /// Counts its polls that came to their end.
    pub polls: u64,
    /// Where the next one goes on, in base64.
    pub cursor: String,
    /// The last segment that has lines from before.
    pub upto: u64,
}

impl Bulletin {
    /// Nothing to tell yet.
    pub fn new(member: &str) -> Self {
        Self { layout: LAYOUT, member: member.to_owned(), first: 1, ..Self::default() }
    }

    /// As text, with the newest of what hooks have told where not all of it has room.
    pub fn text(&self) -> String {
        let mut bulletin = self.clone();
        loop {
            // It is made of texts and numbers, so it can be written.
            let text = serde_json::to_string(&bulletin).unwrap_or_default();
            if text.len() <= MAX_BULLETIN_BYTES || bulletin.hooks.is_empty() {
                return text;
            }
            bulletin.hooks.remove(0);
        }
    }

    /// Reads one; `None` where it is none, or no gateway can have written it.
    pub fn read(text: &[u8]) -> Option<Self> {
        let bulletin: Self = Some(text)
            .filter(|text| text.len() <= MAX_BULLETIN_BYTES)
            .and_then(|text| serde_json::from_slice(text).ok())?;
        let is_member = bulletin.member.len() == MEMBER_DIGITS
            && bulletin.member.bytes().all(|byte| byte.is_ascii_hexdigit());
        let in_order = bulletin.hooks.is_sorted_by(|one, other| one.number < other.number)
            && bulletin.hooks.last().is_none_or(|last| last.number == bulletin.told);
        let segments = bulletin.last.checked_add(1).and_then(|end| end.checked_sub(bulletin.first));
        let is_bounded = segments.is_some_and(|segments| segments <= SEGMENTS)
            && bulletin.feeds.len() <= MAX_READINGS
            && bulletin.feeds.iter().all(Reading::is_bounded)
            && bulletin.hooks.iter().all(Told::is_bounded);
        (bulletin.layout == LAYOUT && is_member && in_order && is_bounded).then_some(bulletin)
    }

    /// The number of the first hook that it still has.
    pub fn first_told(&self) -> u64 {
        self.hooks.first().map_or_else(|| self.told.saturating_add(1), |told| told.number)
    }

    /// When it was written.
    pub fn at(&self) -> Timestamp {
        Timestamp(self.written)
    }
}

impl Told {
    /// The paths and refs of a hook, as far as an entry has room for them. What lies below the paths is looked at without the refs as well.
    pub fn new(roots: &[String], refs: &[RefName]) -> Self {
        let mut told = Self { roots: roots.iter().take(MAX_ROOTS).cloned().collect(), ..Self::default() };
        told.roots.retain(|root| root.len() <= MAX_ROOT_BYTES);
        for name in refs.iter().take(MAX_REFS) {
            match name {
                RefName::Branch(name) => told.branches.push(name.clone()),
                RefName::Tag(name) => told.tags.push(name.clone()),
            }
        }
        told
    }

    /// The refs that have changed.
    pub fn refs(&self) -> Vec<RefName> {
        let tags = self.tags.iter().filter_map(|name| RefName::tag(name));
        tags.chain(self.branches.iter().filter_map(|name| RefName::branch(name))).collect()
    }

    fn is_bounded(&self) -> bool {
        self.roots.len() <= MAX_ROOTS
            && self.roots.iter().all(|root| root.len() <= MAX_ROOT_BYTES)
            && self.tags.len().saturating_add(self.branches.len()) <= MAX_REFS
    }
}

impl Reading {
    /// A poll of `feed` has come so far.
    pub fn new(feed: &str, polls: u64, cursor: &[u8], upto: u64) -> Self {
        Self { feed: feed.to_owned(), polls, cursor: STANDARD_NO_PAD.encode(cursor), upto }
    }

    fn is_bounded(&self) -> bool {
        self.feed.len() <= MAX_FEED_BYTES && self.cursor.len() <= MAX_CURSOR_BYTES
    }

    /// How far it has come; `None` where it says nothing, or where it is further than a feed can be by now: what is taken for read is
    /// not read.
    pub fn cursor(&self, now: Timestamp) -> Option<Cursor> {
        let cursor = Cursor::decode(&STANDARD_NO_PAD.decode(&self.cursor).ok()?)?;
        let latest = now.after(AHEAD);
        let is_past = cursor.since <= latest && cursor.mark.since().unix_seconds() <= latest.0 / 1000;
        is_past.then_some(cursor)
    }
}

/// Bytes of a bulletin: a few hundred hooks with a path or two. It is read by each gateway when it changes, which a hook does.
pub const MAX_BULLETIN_BYTES: usize = 64 << 10;

/// The name of a gateway: 64 bits.
const MEMBER_DIGITS: usize = 16;

/// Feeds of one gateway: more than a configuration has (`config/limits.rs`), for those of another one.
const MAX_READINGS: usize = 16;

/// Bytes of the number of a feed: 16 digits.
const MAX_FEED_BYTES: usize = 64;

/// Bytes of a cursor: a thousand, in base64.
const MAX_CURSOR_BYTES: usize = 2048;

/// Paths of one hook, as many as a delivery leads to (`flow/hooked.rs`).
const MAX_ROOTS: usize = 64;

/// Bytes of such a path: the longest module paths have 300.
const MAX_ROOT_BYTES: usize = 512;

/// Refs of one hook (`hook/payload.rs`).
const MAX_REFS: usize = 16;

/// How far the clock of another gateway, or of an index, may be ahead of this one's.
const AHEAD: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::{Mark, Moment};

    const MEMBER: &str = "0123456789abcdef";
    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn bulletin() -> Bulletin {
        let refs = [RefName::tag("v1.0.0").unwrap(), RefName::branch("main").unwrap()];
        let told = Told { number: 7, at: NOW.0, ..Told::new(&["example.com/m".to_owned()], &refs) };
        let cursor = Cursor { since: NOW, mark: Mark::from(Moment::of(NOW)) };
        let feeds = vec![Reading::new("f", 3, &cursor.encode(), 2)];
        Bulletin {
            written: NOW.0,
            revision: 9,
            told: 7,
            hooks: vec![told],
            last: 2,
            feeds,
            ..Bulletin::new(MEMBER)
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let bulletin = bulletin();
        let read = Bulletin::read(bulletin.text().as_bytes()).unwrap();
        assert_eq!(read, bulletin);
        assert_eq!(
            read.hooks[0].refs(),
            [RefName::Tag("v1.0.0".to_owned()), RefName::Branch("main".to_owned())]
        );
        assert_eq!(read.feeds[0].cursor(NOW).unwrap().since, NOW);
        assert_eq!(read.feeds[0].cursor(NOW.before(AHEAD * 2)), None, "it is from the future");
    }

    #[test]
    fn what_is_cut_or_can_not_be_is_none() {
        let whole = bulletin().text();
        for cut in 0..whole.len() {
            assert_eq!(Bulletin::read(&whole.as_bytes()[..cut]), None, "{cut} bytes");
        }
        for (right, wrong) in [
            (r#""modgate":1"#, r#""modgate":2"#),
            (MEMBER, "me"),
            (r#""number":7"#, r#""number":8"#),
            (r#""first":1"#, r#""first":4"#),
            (r#""last":2"#, r#""last":65"#),
            (r#""last":2"#, r#""last":18446744073709551615"#),
            (r#""told":7"#, r#""told":-1"#),
        ] {
            let text = whole.replacen(right, wrong, 1);
            assert!(text != whole && Bulletin::read(text.as_bytes()).is_none(), "{text}");
        }
        let more = whole.replacen('{', r#"{"new":[1],"#, 1);
        assert_eq!(Bulletin::read(more.as_bytes()), Some(bulletin()), "a later build says more");
    }

    #[test]
    fn the_newest_have_room() {
        let told = |number| Told { number, ..Told::new(&vec!["x".repeat(MAX_ROOT_BYTES); MAX_ROOTS], &[]) };
        let many = Bulletin { hooks: (1..=9).map(told).collect(), told: 9, ..Bulletin::new(MEMBER) };
        let read = Bulletin::read(many.text().as_bytes()).unwrap();
        assert_eq!((read.hooks.len(), read.told, read.first_told()), (1, 9, 9));
        assert_eq!(Bulletin::new(MEMBER).first_told(), 1);
    }
}
