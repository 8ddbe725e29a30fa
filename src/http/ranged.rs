//! Reads what is larger than one callout may bring, piece by piece: to compare it, to check it, or to bring it elsewhere.

use super::{Callout, Reply};

/// A reading by ranges (RFC 9110, section 14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranged {
    get: Callout,
    /// Bytes of one piece, at least one.
    step: u32,
    /// Where the next piece begins.
    at: u64,
    /// How long all of it is, once that is known.
    length: Option<u64>,
    /// What the source called it in its first answer: what comes later must be of the same.
    tag: Option<String>,
}

/// What an answer brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The next bytes; more follow.
    More(Vec<u8>),
    /// The last bytes, which may be none.
    Last(Vec<u8>),
    /// Nothing that fits; what the source said. The same piece may be asked for again.
    Failed(Reply),
}

impl Ranged {
    /// A reading of what `get` asks for, `step` bytes at a time.
    pub fn new(get: Callout, step: u32) -> Self {
        Self { get, step: step.max(1), at: 0, length: None, tag: None }
    }

    /// How long all of it is, in bytes, once a first answer has said so.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Asks for the next piece.
    pub fn callout(&self) -> Callout {
        let mut callout = self.get.clone();
        let last = self.at.saturating_add(u64::from(self.step)).saturating_sub(1);
        callout.headers.push(("range".to_owned(), format!("bytes={}-{last}", self.at)));
        if let Some(tag) = &self.tag {
            callout.headers.push(("if-match".to_owned(), tag.clone()));
        }
        callout
    }

    /// The answer. A source that knows no ranges sends all at once, if the host lets it.
    pub fn read(&mut self, reply: Reply) -> Piece {
        match reply {
            Reply::Answered { status: 206, headers, body } => {
                let range = headers.first("content-range").and_then(range);
                let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
                let next = self.at.saturating_add(length);
                match range {
                    Some((first, end, whole))
                        if first == self.at
                            && end == next
                            && end <= whole
                            && length > 0
                            && length <= u64::from(self.step)
                            && self.length.is_none_or(|known| known == whole) =>
                    {
                        self.length = Some(whole);
                        // A weak tag says nothing about bytes (RFC 9110, 8.8.3.2).
                        if let Some(tag) = headers.first("etag").filter(|tag| tag.starts_with('"')) {
                            self.tag.get_or_insert_with(|| tag.to_owned());
                        }
                        self.at = next;
                        if next == whole { Piece::Last(body) } else { Piece::More(body) }
                    }
                    _ => Piece::Failed(Reply::Answered { status: 206, headers, body }),
                }
            }
            Reply::Answered { status: 200, body, .. } if self.at == 0 => {
                self.length = u64::try_from(body.len()).ok();
                Piece::Last(body)
            }
            reply => Piece::Failed(reply),
        }
    }
}

/// First byte, byte after the last, and length of the whole, of `bytes 0-99/1234`.
fn range(header: &str) -> Option<(u64, u64, u64)> {
    let (range, whole) = header.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse::<u64>().ok()?.checked_add(1)?, whole.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::{Body, CallFailure};

    fn reading(step: u32) -> Ranged {
        let get = Callout {
            cluster: "c".to_owned(),
            method: "GET",
            scheme: "http",
            authority: "h".to_owned(),
            path: "/k".to_owned(),
            headers: Vec::new(),
            body: Body::default(),
            timeout: Duration::from_secs(1),
        };
        Ranged::new(get, step)
    }

    fn answered(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
        Reply::Answered { status, headers: headers.iter().copied().collect(), body: body.into() }
    }

    fn piece(range: &str, tag: &str, body: &str) -> Reply {
        answered(206, &[("content-range", range), ("etag", tag)], body)
    }

    #[test]
    fn pieces_follow_each_other_and_are_of_one_object() {
        let mut reading = reading(4);
        assert_eq!(reading.callout().headers, [("range".to_owned(), "bytes=0-3".to_owned())]);
        assert_eq!(reading.read(piece("bytes 0-3/6", "\"e\"", "abcd")), Piece::More(b"abcd".to_vec()));
        assert_eq!(reading.length(), Some(6));
        let next = [("range", "bytes=4-7"), ("if-match", "\"e\"")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(reading.callout().headers, next);
        let dropped = Reply::Failed(CallFailure::Dropped);
        assert_eq!(reading.read(dropped.clone()), Piece::Failed(dropped));
        assert_eq!(reading.callout().headers, next, "it is asked for again");
        assert_eq!(reading.read(piece("bytes 4-5/6", "\"e\"", "ef")), Piece::Last(b"ef".to_vec()));
    }

    #[test]
    fn who_knows_no_ranges_sends_all() {
        assert_eq!(reading(4).read(answered(200, &[], "abcdef")), Piece::Last(b"abcdef".to_vec()));
        let mut late = reading(4);
        assert!(matches!(late.read(piece("bytes 0-3/6", "W/\"e\"", "abcd")), Piece::More(_)));
        assert_eq!(late.callout().headers.len(), 1, "a weak tag is no condition");
        assert!(matches!(late.read(answered(200, &[], "abcdef")), Piece::Failed(_)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (range, body) in [
            ("", "abcd"),
            ("bytes 0-3/*", "abcd"),
            ("bytes 1-4/6", "abcd"),
            ("bytes 0-3/6", "abc"),
            ("bytes 0-3/3", "abcd"),
            ("bytes 0-4/6", "abcde"),
            ("bytes 0-18446744073709551615/6", "abcd"),
            ("pages 0-3/6", "abcd"),
        ] {
            let mut reading = reading(4);
            let before = reading.clone();
            assert!(matches!(reading.read(piece(range, "", body)), Piece::Failed(_)), "{range}");
            assert_eq!(reading, before);
        }
        let mut grown = reading(4);
        assert!(matches!(grown.read(piece("bytes 0-3/6", "", "abcd")), Piece::More(_)));
        assert!(matches!(grown.read(piece("bytes 4-6/7", "", "efg")), Piece::Failed(_)));
        assert!(matches!(grown.read(answered(412, &[], "")), Piece::Failed(_)));
    }
}
