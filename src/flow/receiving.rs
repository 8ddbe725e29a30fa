//! The body of a request to one of this proxy's own pages, while it comes.
//!
//! Only a page that takes a body has one collected, and only for a client that may ask for the page: who it is was looked at before.
//! A length that is too large is refused by the head; one that is not said is refused as soon as too much has come. What came is kept
//! as it was sent, byte for byte, for a signature may be over it: a body in a coding is refused, and not decoded.

use std::time::Duration;

use super::{evidence::Evident, hooked::Delivery, prewarm::OrderHead};
use crate::{
    config::limits::{BODY_TIME, OPEN_BODY_TIME},
    goproxy::{BodyFault, Refusal},
    http::{RequestHead, Timestamp},
    policy::Caller,
};

/// What a body is for, and what its request's head says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Post {
    /// A build that is to be fetched, or of which is to be said what storage lacks.
    Build(OrderHead),
    /// A go.sum, of whose hashes is to be said what is known.
    GoSum(Evident),
    /// A delivery of a webhook.
    Hook(Delivery),
    /// Module versions, to be explained as to this caller.
    Modules(Caller),
}

/// A body that is coming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiving {
    post: Post,
    bytes: Vec<u8>,
    /// Which length it says that it has.
    length: Option<usize>,
    most: usize,
    since: Timestamp,
}

impl Receiving {
    /// The body that follows `head`, of at most so many bytes.
    pub(super) fn begin(
        post: Post,
        head: &RequestHead,
        most: usize,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        if let Some(coding) = head.headers.coding() {
            let coding: String = coding.chars().take(32).collect();
            return Err(malformed(&format!("it is in a coding, {coding}; send it as it is")));
        }
        let length = head.headers.first("content-length").map(|length| length.trim().parse::<u64>());
        let length = match length {
            None if head.ends => {
                let reason =
                    "length required: there is no body; one has a length, or comes in chunks".to_owned();
                return Err(Refusal::Body { fault: BodyFault::Unsized, reason });
            }
            None => None,
            Some(Err(_)) => return Err(malformed("its content-length is no number")),
            Some(Ok(length)) => match usize::try_from(length) {
                Ok(length) if length <= most => Some(length),
                _ => return Err(longer_than(most)),
            },
        };
        if head.ends && length != Some(0) {
            return Err(malformed("the request ended without the body that it announced"));
        }
        Ok(Self { post, bytes: Vec::new(), length, most, since: now })
    }

    /// How many bytes it may come to.
    pub fn weight(&self) -> usize {
        self.length.unwrap_or(self.most)
    }

    /// Whether every client may send it, whoever it is: what proves a delivery of a webhook is in its body.
    pub fn is_open(&self) -> bool {
        matches!(self.post, Post::Hook(_))
    }

    /// How much of it has come.
    pub fn came(&self) -> usize {
        self.bytes.len()
    }

    /// For how long it has been coming, where that is longer than a host of webhooks takes.
    pub fn slow(&self, now: Timestamp) -> Option<Duration> {
        (!now.is_within(OPEN_BODY_TIME, self.since)).then(|| now.since(self.since))
    }

    /// More of it came.
    ///
    /// # Errors
    /// With the refusal of a body that is longer than its page takes, or than it says.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if bytes.len() > self.weight().saturating_sub(self.bytes.len()) {
            return Err(match self.length {
                Some(_) => malformed("it is longer than its content-length"),
                None => longer_than(self.most),
            });
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// All of it came: what is to be done, and with what.
    ///
    /// # Errors
    /// With the refusal of a body that is shorter than it says.
    pub(super) fn end(self) -> Result<(Post, Vec<u8>), Refusal> {
        match self.length {
            Some(length) if length != self.bytes.len() => {
                Err(malformed("it is shorter than its content-length"))
            }
            _ => Ok((self.post, self.bytes)),
        }
    }

    /// The refusal of a body that has had its time.
    pub fn late(&self, now: Timestamp) -> Option<Refusal> {
        // What began in the future began before the clock was set back.
        if now.is_within(BODY_TIME, self.since) {
            return None;
        }
        let (came, seconds) = (self.bytes.len(), BODY_TIME.as_secs());
        let reason = format!(
            "request timeout: only {came} bytes of the body arrived within {seconds} s.\n\
             If it is always 0, set allow_on_headers_stop_iteration for the filter in Envoy's configuration: without it Envoy gives the filter no body."
        );
        Some(Refusal::Body { fault: BodyFault::Late, reason })
    }
}

/// The refusal of a body that cannot be read.
pub(super) fn malformed(why: &str) -> Refusal {
    Refusal::Malformed(format!("malformed body: {why}"))
}

/// The refusal of what is too much, in a body or in the answer to it.
pub(super) fn too_long(why: &str) -> Refusal {
    Refusal::Body { fault: BodyFault::Long, reason: format!("content too large: {why}") }
}

fn longer_than(most: usize) -> Refusal {
    too_long(&format!("the body has more than {most} bytes"))
}
