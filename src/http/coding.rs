//! Bodies that come encoded although `identity` was asked for, as servers and CDNs send them that compress everything, or objects that
//! were stored so (RFC 9110, section 8.4).
//!
//! What comes out is bounded, and so is what one call does. A body is whole where its coding says so: a gzip ends with the CRC-32 and
//! the length of what is in it.

use std::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::{Headers, Reply};

/// Why a body cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCoding {
    /// It is not what the coding makes of anything.
    #[error("it is encoded ({0}), and the encoding is broken")]
    Corrupt(&'static str),
    /// It ends too soon.
    #[error("it is encoded ({0}), and is cut short")]
    Cut(&'static str),
    /// It is in more parts than anything that was made to be read.
    #[error("it is encoded ({0}), and in more than {MAX_MEMBERS} parts")]
    Scattered(&'static str),
    /// There are several codings, one within the other.
    #[error("it is encoded several times over ({0}), which the gateway did not ask for")]
    Stacked(String),
    /// More comes out than such a document has.
    #[error("it is encoded ({0}), and there are more than {1} bytes in it")]
    TooLarge(&'static str, usize),
    /// A coding that is not decoded here.
    #[error("it is encoded ({0}), which the gateway did not ask for")]
    Unknown(String),
}

/// A body that is being decoded.
pub struct Decoder {
    /// Its coding.
    name: &'static str,
    inflate: Inflate,
    body: Vec<u8>,
    /// Up to where it is decoded.
    at: usize,
    made: Vec<u8>,
    most: usize,
    /// How many gzips it was so far, one after the other.
    members: usize,
}

impl Decoder {
    /// Of a body with these headers, of which at most so many bytes may be made. Nothing where it is not encoded.
    ///
    /// # Errors
    /// Where its coding is not known here.
    pub fn of(headers: &Headers, body: &[u8], most: usize) -> Result<Option<Self>, BadCoding> {
        let mut codings = headers.codings();
        let Some(first) = codings.next().filter(|_| !body.is_empty()) else { return Ok(None) };
        if codings.next().is_some() {
            return Err(BadCoding::Stacked(headers.codings().map(shown).collect::<Vec<_>>().join(", ")));
        }
        let name = match first.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => GZIP,
            "deflate" => DEFLATE,
            _ => return Err(BadCoding::Unknown(shown(first))),
        };
        let inflate = begin(name);
        Ok(Some(Self { name, inflate, body: body.to_vec(), at: 0, made: Vec::new(), most, members: 1 }))
    }

    /// The coding it is in.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// About how many bytes it takes until it is done.
    pub fn weight(&self) -> usize {
        // Text deflates to a fourth or so, a list of versions to a tenth.
        self.body.len().saturating_add(self.body.len().saturating_mul(10).min(self.most))
    }

    /// Decodes on, for about so many bytes taken or made; whether that was all.
    ///
    /// # Errors
    /// Where it cannot be decoded, or makes too much.
    pub fn work(&mut self, budget: usize) -> Result<bool, BadCoding> {
        let mut left = budget.max(1);
        while left > 0 {
            let input = self.body.get(self.at..).unwrap_or_default();
            let input = input.get(..left).unwrap_or(input);
            let made = self.made.len();
            let room = left.min(MADE).min(self.most.saturating_add(1).saturating_sub(made));
            self.made.resize(made + room, 0);
            let (taken_before, made_before) = (self.inflate.total_in(), self.inflate.total_out());
            let output = self.made.get_mut(made..).unwrap_or_default();
            let status = self.inflate.decompress(input, output, InflateFlush::NoFlush);
            let since = |before: u64, now: u64| usize::try_from(now - before).unwrap_or_default();
            let taken = since(taken_before, self.inflate.total_in());
            let new = since(made_before, self.inflate.total_out());
            self.at += taken;
            self.made.truncate(made + new);
            let is_starved = self.at >= self.body.len();
            if self.made.len() > self.most {
                return Err(BadCoding::TooLarge(self.name, self.most));
            }
            match status {
                Ok(Status::StreamEnd) if is_starved => return Ok(true),
                // One after the other, they are one (RFC 1952, section 2.2).
                Ok(Status::StreamEnd) if self.name == GZIP && self.members < MAX_MEMBERS => {
                    self.members += 1;
                    self.inflate = begin(GZIP);
                    left = left.saturating_sub(MEMBER);
                }
                Ok(Status::StreamEnd) if self.name == GZIP => return Err(BadCoding::Scattered(self.name)),
                Ok(Status::StreamEnd) => return Err(BadCoding::Corrupt(self.name)),
                Ok(_) if taken + new > 0 => {}
                Ok(_) if is_starved => return Err(BadCoding::Cut(self.name)),
                Ok(_) | Err(_) => return Err(BadCoding::Corrupt(self.name)),
            }
            left = left.saturating_sub(taken.max(new).max(1));
        }
        Ok(false)
    }

    /// What came out, when that is all.
    pub fn finish(self) -> Vec<u8> {
        self.made
    }

    /// All that is in it, at once.
    ///
    /// # Errors
    /// As [`work`](Self::work).
    pub fn whole(mut self) -> Result<Vec<u8>, BadCoding> {
        while !self.work(usize::MAX)? {}
        Ok(self.made)
    }
}

impl Headers {
    /// The same, of a body that was decoded and has so many bytes now.
    #[must_use]
    pub fn decoded(&self, length: usize) -> Self {
        let stays = |name: &str| !matches!(name, "content-encoding" | "content-length" | "transfer-encoding");
        let kept = self.iter().filter(|(name, _)| stays(name)).map(|(name, value)| (name, value.to_owned()));
        kept.chain([("content-length", length.to_string())]).collect()
    }
}

impl Reply {
    /// The same where it is no success and came encoded: what the other side says can be read then, if it is no more than so many bytes;
    /// else it says nothing.
    #[must_use]
    pub fn said_plainly(self, most: usize) -> Self {
        match self {
            Self::Answered { status, headers, body } if status >= 300 && headers.coding().is_some() => {
                let is_short = body.len() <= most;
                let decoder = Decoder::of(&headers, &body, most).ok().flatten().filter(|_| is_short);
                let body = decoder.and_then(|decoder| decoder.whole().ok()).unwrap_or_default();
                Self::Answered { status, headers: headers.decoded(body.len()), body }
            }
            reply => reply,
        }
    }
}

fn begin(name: &str) -> Inflate {
    Inflate::new(true, if name == GZIP { GZIP_WINDOW } else { WINDOW })
}

/// Names of codings are short words.
fn shown(coding: &str) -> String {
    coding.chars().filter(char::is_ascii_graphic).take(MAX_NAME).collect()
}

const GZIP: &str = "gzip";
const DEFLATE: &str = "deflate";

/// A window of 32 KiB, which is all that deflate has; 16 more says that a gzip is around it.
const WINDOW: u8 = 15;
const GZIP_WINDOW: u8 = WINDOW + 16;

/// Bytes made at once.
const MADE: usize = 64 << 10;

/// To begin another gzip takes as long as to make so many bytes, however little is in it.
const MEMBER: usize = 64 << 10;

/// Gzips one after the other. Programs that write in blocks make one of 64 KiB, and the largest document has 256 of those; twenty bytes
/// make an empty one.
const MAX_MEMBERS: usize = 1024;

const MAX_NAME: usize = 16;

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder({}, {} of {}, {} made)", self.name, self.at, self.body.len(), self.made.len())
    }
}

#[cfg(test)]
mod tests;
