//! What came of looking for a document.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::http::{Body, Timestamp};

/// What came of looking for a document. Not found and could not look are never mixed up: the go command falls through to
/// the next proxy on the first and must not on the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is there.
    Found(Found),
    /// A source that knows says that there is none.
    Missing(Missing),
    /// No source could say.
    Failed(Failure),
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its bytes.
    pub body: Body,
    /// Its entity tag.
    pub etag: Etag,
    /// When a source last said so.
    pub since: Timestamp,
    /// Whether storage is known to have it, or something else in its place: it is not to be written.
    pub stored: bool,
    /// Whether storage keeps it aside: the `.info` of a version whose zip it does not have.
    pub aside: bool,
    /// Whether it is what storage has left of a module that all upstreams say does not exist.
    pub left: bool,
    /// How long the upstream allows it to be held fresh from `since` on, where it said so.
    pub limit: Option<Duration>,
    /// When a refresh last failed since.
    pub checked: Option<Timestamp>,
}

/// There is no such document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Whether there was one once (410 and not 404).
    pub gone: bool,
    /// The source that says so, for the developer.
    pub reason: String,
    /// When a source last said so.
    pub since: Timestamp,
    /// How long the upstream allows it to be held fresh from `since` on, where it said so.
    pub limit: Option<Duration>,
}

/// Why no source could say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// Who failed and how, for the developer.
    pub reason: String,
    /// Seconds after which to try again, where the upstream named them.
    pub retry_after: Option<u32>,
}

/// Kinds of failure, as far as the answer differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The upstream could not be reached, or what it answered is no answer.
    Bad,
    /// The upstream refuses to hand it out.
    Forbidden,
    /// Its answer is not what it was once, or not what other clients are told: it is never given.
    Forged,
    /// The upstream, or the way to it, is overloaded.
    Overloaded,
    /// The upstream did not answer in time.
    Slow,
}

/// A strong entity tag: the first half of the body's SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Etag(pub [u8; Self::LEN]);

impl Found {
    /// A document that an upstream handed over at `now`.
    pub fn fetched(body: Vec<u8>, now: Timestamp) -> Self {
        let etag = Etag::of(&body);
        Self::tagged(body, etag, now)
    }

    /// As [`Found::fetched`], where the tag is known already.
    pub fn tagged(body: Vec<u8>, etag: Etag, now: Timestamp) -> Self {
        let (stored, aside, left) = (false, false, false);
        Self { body: body.into(), etag, since: now, stored, aside, left, limit: None, checked: None }
    }

    /// A document that storage handed over at `now`.
    pub fn stored(body: Vec<u8>, now: Timestamp) -> Self {
        Self { stored: true, ..Self::fetched(body, now) }
    }
}

impl Etag {
    /// 128 bits: collisions would have to be found by chance, in one URL's history.
    pub const LEN: usize = 16;

    /// The tag of `body`.
    pub fn of(body: &[u8]) -> Self {
        Self::read(Sha256::new_with_prefix(body))
    }

    /// The tag of what was digested.
    pub fn read(digest: Sha256) -> Self {
        let mut tag = [0; Self::LEN];
        tag.iter_mut().zip(digest.finalize()).for_each(|(tag, byte)| *tag = byte);
        Self(tag)
    }

    /// Whether an `If-None-Match` names this tag (RFC 9110, section 13.1.2: `*`, or a list compared weakly).
    pub fn matches(self, if_none_match: &str) -> bool {
        let own = self.to_string();
        if_none_match
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == own)
    }
}

/// As it stands in the header, with its quotes.
impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("\"")
    }
}
