//! Lines of a feed that one gateway has read, for the others.

use serde::{Deserialize, Serialize};

use super::LAYOUT;
use crate::{
    feed::Published,
    gomod::{ModulePath, Version, check},
    http::Body,
};

/// A segment that is being read.
#[derive(Debug)]
pub struct Segment {
    feed: String,
    body: Body,
    at: usize,
}

/// Its first line: the rest of it is lines of `module@version`.
#[derive(Serialize, Deserialize)]
struct Head<'a> {
    modgate: u8,
    member: &'a str,
    number: u64,
    feed: &'a str,
    /// Bytes behind this line.
    bytes: usize,
}

/// A segment of `lines`, which end in line feeds.
pub fn segment(member: &str, number: u64, feed: &str, lines: &str) -> String {
    let head = Head { modgate: LAYOUT, member, number, feed, bytes: lines.len() };
    format!("{}\n{lines}", serde_json::to_string(&head).unwrap_or_default())
}

impl Segment {
    /// The one that `member` has written under this number; `None` where `body` is another one, or is cut.
    pub fn open(body: &Body, member: &str, number: u64) -> Option<Self> {
        let end = body.iter().position(|byte| *byte == b'\n').filter(|_| body.len() <= MAX_SEGMENT_BYTES)?;
        let at = end.checked_add(1)?;
        let head: Head<'_> = serde_json::from_slice(body.get(..end)?).ok()?;
        let is_it = head.modgate == LAYOUT && head.member == member && head.number == number;
        (is_it && body.len().checked_sub(at) == Some(head.bytes)).then(|| Self {
            feed: head.feed.to_owned(),
            body: body.clone(),
            at,
        })
    }

    /// The feed that it is of.
    pub fn feed(&self) -> &str {
        &self.feed
    }

    /// Reads on, at most `most` lines, and adds what they say to `published`. Whether that was all.
    pub fn work(&mut self, most: usize, published: &mut Vec<Published>) -> bool {
        for _ in 0..most {
            let rest = self.body.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            published.extend(rest.get(..length).and_then(read));
            self.at = self.at.saturating_add(length).saturating_add(1);
        }
        self.at >= self.body.len()
    }
}

/// What a line says, where the proxy protocol knows such a version.
fn read(line: &[u8]) -> Option<Published> {
    let (module, version) = std::str::from_utf8(line).ok()?.split_once('@')?;
    let (module, version) = (ModulePath::parse(module).ok()?, Version::parse(version).ok()?);
    check(&module, &version).ok().map(|_| Published { module, version })
}

/// Bytes of lines with which a segment is written: a thousand lines, in an object that any store takes at once.
pub const SEGMENT_BYTES: usize = 56 << 10;

/// The most bytes of a segment: what was read of a feed at once, 64 lines, may be on top.
pub const MAX_SEGMENT_BYTES: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: &str = "0123456789abcdef";

    fn open(text: &str, member: &str, number: u64) -> Option<Segment> {
        Segment::open(&text.as_bytes().to_vec().into(), member, number)
    }

    #[test]
    fn lines_are_read_a_few_at_a_time_and_what_is_odd_is_passed_over() {
        let lines = "a.b@v1.0.0\nnodot@v1.0.0\na.b@1\n\na.b/v2@v1.0.0\n@\na.b/c@v0.0.1\n";
        let (mut segment, mut published) =
            (open(&segment(MEMBER, 7, "f", lines), MEMBER, 7).unwrap(), Vec::new());
        let mut turns = 1;
        while !segment.work(2, &mut published) {
            turns += 1;
        }
        let read: Vec<_> = published.iter().map(|one| format!("{}@{}", one.module, one.version)).collect();
        assert_eq!((read.as_slice(), turns), (&["a.b@v1.0.0".to_owned(), "a.b/c@v0.0.1".to_owned()][..], 4));
    }

    #[test]
    fn what_is_cut_or_another_s_is_none() {
        let whole = segment(MEMBER, 7, "f", "a.b@v1.0.0\n");
        for cut in 0..whole.len() {
            assert!(open(&whole[..cut], MEMBER, 7).is_none(), "{cut} bytes");
        }
        assert!(open(&whole, MEMBER, 8).is_none() && open(&whole, "fedcba9876543210", 7).is_none());
        assert!(open(&format!("{whole}x"), MEMBER, 7).is_none());
        assert!(open(&segment(MEMBER, 7, "f", ""), MEMBER, 7).unwrap().work(1, &mut Vec::new()));
    }
}
