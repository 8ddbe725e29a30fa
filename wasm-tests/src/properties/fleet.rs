//! What gateways tell each other through storage: whatever stands there, reading it is bounded, and nothing is read that no gateway writes.
//!
//! Input: a bulletin, or a segment.

use modgate::fleet::{Bulletin, MAX_BULLETIN_BYTES, MAX_SEGMENT_BYTES, Segment};
use modgate::gomod::check as is_version_of;
use modgate::http::Timestamp;

/// Who the seeds are of.
const MEMBER: &str = "0123456789abcdef";

/// Which segment of it they are.
const NUMBER: u64 = 7;

/// No bytes panic, and what is read is little, in order and plain.
pub fn check(input: &[u8]) {
    let _ = bulletin(input);
    let _ = segment(input);
}

/// Whether a seed is one or the other.
#[must_use]
pub fn is_read(input: &[u8]) -> bool {
    bulletin(input) || segment(input)
}

fn bulletin(input: &[u8]) -> bool {
    let Some(bulletin) = Bulletin::read(input) else { return false };
    assert!(input.len() <= MAX_BULLETIN_BYTES && bulletin.member.len() == 16);
    let mut last = 0;
    for told in &bulletin.hooks {
        assert!(told.number > last || last == 0 && told.number == 0, "{} after {last}", told.number);
        last = told.number;
        assert!(told.roots.len() <= 64 && told.roots.iter().all(|root| root.len() <= 512));
        assert!(told.refs().len() <= 16);
    }
    assert!(last == bulletin.told || bulletin.hooks.is_empty());
    assert!(bulletin.first_told() <= bulletin.told.saturating_add(1));
    assert!(bulletin.first > bulletin.last || bulletin.last - bulletin.first < 64);
    let now = Timestamp(1_700_000_000_000);
    for cursor in bulletin.feeds.iter().filter_map(|reading| reading.cursor(now)) {
        assert!(cursor.mark.since().unix_seconds() <= 1_700_000_000 + 600, "{cursor:?}");
    }
    let text = bulletin.text();
    assert!(text.len() <= MAX_BULLETIN_BYTES);
    let again = Bulletin::read(text.as_bytes()).expect("what was written");
    // Written anew it may be longer, and then it has fewer hooks.
    assert!(again.hooks.len() <= bulletin.hooks.len() && bulletin.hooks.ends_with(&again.hooks));
    assert_eq!(again.feeds, bulletin.feeds);
    true
}

fn segment(input: &[u8]) -> bool {
    let lines = input.iter().filter(|byte| **byte == b'\n').count() + 1;
    let Some(mut segment) = Segment::open(&input.to_vec().into(), MEMBER, NUMBER) else { return false };
    assert!(input.len() <= MAX_SEGMENT_BYTES);
    assert!(Segment::open(&input.to_vec().into(), MEMBER, NUMBER + 1).is_none());
    let mut published = Vec::new();
    let turns = (0..).take_while(|_| !segment.work(3, &mut published)).count();
    assert!(turns <= lines / 3, "{turns} turns for {lines} lines");
    assert!(published.len() < lines);
    assert!(published.iter().all(|one| is_version_of(&one.module, &one.version).is_ok()));
    true
}
