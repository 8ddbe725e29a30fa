//! What a reply to a request for the first so many bytes of a zip is.

use crate::http::{Body, Headers, Reply};

/// What came of asking for a whole zip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// All of it.
    Here(Body),
    /// It is there, and larger than what was asked for.
    TooLarge,
    /// What came is no zip.
    NoZip,
    /// It is not there, or the source fails; the reply says which.
    NotHere(Reply),
}

impl Whole {
    /// Reads the reply to a GET of the first `most` bytes. A source that knows no ranges may send more than that, and no budget counts the
    /// memory it takes.
    pub(super) fn read(reply: Reply, most: u32) -> Self {
        let is_too_large = |body: &[u8]| u32::try_from(body.len()).is_ok_and(|length| length > most);
        match reply {
            Reply::Answered { status: 200 | 206, body, .. } if is_too_large(&body) => Self::TooLarge,
            Reply::Answered { status: 206, headers, body } if length(&headers) != Some(body.len()) => {
                Self::TooLarge
            }
            Reply::Answered { status: 200 | 206, body, .. } => {
                if is_zip(&body) {
                    Self::Here(body.into())
                } else {
                    Self::NoZip
                }
            }
            reply => Self::NotHere(reply),
        }
    }
}

/// The length of the whole in `Content-Range: bytes 0-99/100` (RFC 9110, section 14.4), where it begins at its beginning.
fn length(headers: &Headers) -> Option<usize> {
    usize::try_from(whole_length(headers)?).ok()
}

/// As [`length`], of what may be larger than fits into memory.
pub(super) fn whole_length(headers: &Headers) -> Option<u64> {
    let (first, range) = headers.first("content-range")?.trim().strip_prefix("bytes ")?.split_once('-')?;
    let (_, length) = range.split_once('/')?;
    (first == "0").then(|| length.parse().ok())?
}

/// Whether `bytes` hold the end of a zip where Go looks for it (APPNOTE 4.3.16), so that no error page and nothing cut short is
/// stored. What stands before a zip may be anything.
fn is_zip(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(END_REACH)..).unwrap_or_default();
    tail.len() >= END_LENGTH && tail.windows(END.len()).any(|window| window == END)
}

const END: &[u8] = b"PK\x05\x06";

/// Bytes of the end record without a comment, and how far from the end Go looks for it.
const END_LENGTH: usize = 22;
const END_REACH: usize = 65 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::CallFailure;

    const EMPTY: &str = "PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    fn read(status: u16, range: &str, body: &str) -> &'static str {
        let headers = [("content-range", range)].into_iter().collect();
        match Whole::read(Reply::Answered { status, headers, body: body.into() }, 22) {
            Whole::Here(bytes) => {
                assert_eq!(&bytes[..], body.as_bytes());
                "here"
            }
            Whole::TooLarge => "too large",
            Whole::NoZip => "no zip",
            Whole::NotHere(_) => "not here",
        }
    }

    #[test]
    fn a_whole_zip_is_told_from_the_beginning_of_one_and_from_what_is_none() {
        for (status, range, body, want) in [
            (200, "", EMPTY, "here"),
            (206, "bytes 0-21/22", EMPTY, "here"),
            (206, "bytes 0-5/6", "<html>", "no zip"),
            (206, "bytes 0-21/23", EMPTY, "too large"),
            (206, "bytes 0-21/*", EMPTY, "too large"),
            (206, "", EMPTY, "too large"),
            // Another part than was asked for.
            (206, "bytes 1-22/22", EMPTY, "too large"),
            (200, "", "<html>", "no zip"),
            (200, "", "", "no zip"),
            (200, "", &EMPTY[..21], "no zip"),
            // More than was asked for.
            (200, "", &format!("{EMPTY}x"), "too large"),
            (404, "", "", "not here"),
            (500, "", EMPTY, "not here"),
            (416, "bytes */0", "", "not here"),
        ] {
            assert_eq!(read(status, range, body), want, "{status} {range:?} {body:?}");
        }
        let refused = Reply::Failed(CallFailure::Unreachable);
        assert_eq!(Whole::read(refused.clone(), 22), Whole::NotHere(refused));
    }
}
