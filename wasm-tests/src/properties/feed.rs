//! Pages of the feed of an index: whatever comes, reading it ends, is bounded, and what was read is not read again.
//!
//! Input: a page.

use modgate::feed::{Cursor, Mark, Moment, PAGE_LINES, Page};
use modgate::gomod::check as is_version_of;
use modgate::http::Timestamp;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// No bytes panic, and all that is told are versions that the proxy protocol knows.
pub fn check(input: &[u8]) {
    for latest in [Moment::of(NOW), Moment::of(Timestamp(u64::MAX))] {
        check_until(input, latest);
    }
    // As a cursor, too, it is nothing or what it says.
    if let Some(cursor) = Cursor::decode(input) {
        assert_eq!(cursor.encode(), input);
    }
}

fn check_until(input: &[u8], latest: Moment) {
    let lines = input.iter().filter(|byte| **byte == b'\n').count() + 1;
    let mut mark = Mark::from(Moment::of(NOW));
    let begun = mark.since();
    let mut published = Vec::new();
    let mut page = Page::new(input.to_vec().into(), &mark, latest);
    let turns = (0..).take_while(|_| !page.work(3, &mut mark, &mut published)).count();
    assert!(turns <= lines / 3, "{turns} turns for {lines} lines");
    let (news, odd) = page.counts();
    assert!(published.len() <= news && news + odd <= lines);
    for one in &published {
        assert!(is_version_of(&one.module, &one.version).is_ok());
    }
    assert!(mark.since() >= begun && mark.since() <= latest);
    let is_page = page.end(&mut mark).is_ok();
    assert!(is_page || published.is_empty());

    let cursor = Cursor { since: NOW, mark: mark.clone() };
    let bytes = cursor.encode();
    assert!(bytes.len() <= 1000, "{} bytes", bytes.len());
    let kept = Cursor::decode(&bytes).expect("what was written");
    assert_eq!((kept.since, kept.mark.since()), (NOW, mark.since()));
    // What is from the future is told again: it leads the mark nowhere.
    if lines < 100 && latest > Moment::of(NOW) {
        assert_eq!(kept, cursor);
        let mut again = Vec::new();
        let mut page = Page::new(input.to_vec().into(), &mark, latest);
        assert!(page.work(PAGE_LINES, &mut mark, &mut again) && again.is_empty(), "{again:?}");
    }
}
