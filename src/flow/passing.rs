//! A zip on its way to a client: read along, and completed only when it is proven.
//!
//! What the parser has taken goes on at once, all but the zip's end records. The bytes that complete the zip are held back
//! where nothing can lose them: in the host's own buffer, paused. They go on when three things are known: that the zip is fit,
//! that it has the hash which the checksum database has for it, and that the response ends there. Else the stream is
//! reset, and no client holds a zip without its end for a whole one.
//!
//! The pause is made on the bytes that complete the zip and not at the end of the stream: where trailers end it, nothing could
//! be put before them any more by then. But the host resets a stream that holds back more than its buffer's limit, so of a
//! large piece all but the end records goes on, and these wait here for the end of the stream.
//!
//! **Bounds.** A few bytes may inflate to many, so each call does [`BUDGET`] bytes of work and leaves the rest to later ones
//! ([`Passing::work`]). What is not read yet waits here. How much may wait is bounded; beyond it the call works on, for a
//! worker that stalls is better than one out of memory, or a stream whose end does not fit into the host's buffer.

mod held_bytes;
mod verdict;

use std::fmt;

use self::held_bytes::HeldBytes;
pub use self::verdict::{Verified, VerifyError, loss_by};
use super::{Routed, Sums};
use crate::{
    cx::BodyVerdict,
    http::ResponseHead,
    license::Licenses,
    modzip::{Check, Checked},
};

/// A zip that passes by.
pub struct Passing {
    routed: Routed,
    /// The parser, until it has come to a verdict.
    check: Option<Box<Check>>,
    found: Option<Result<Checked, VerifyError>>,
    sums: Option<Sums>,
    /// Bytes of the whole zip, where the response headers tell.
    length: Option<u64>,
    /// Bytes that came.
    received: u64,
    /// Bytes that went on.
    released: u64,
    /// Bytes that came and did not go on; once the host holds back all that did not, those alone that are not read yet.
    held: HeldBytes,
    /// How many bytes the host holds back, once it does.
    parked: Option<usize>,
    /// Whether nothing follows.
    ended: bool,
}

impl Passing {
    /// A zip of which only the response headers have come. Whether it is read for its licences as well is up to `reads_licenses`.
    pub fn new(routed: Routed, head: &ResponseHead, sums: Option<Sums>, reads_licenses: bool) -> Self {
        let mut check = Check::new(&routed.zip.module, &routed.zip.version);
        check.read_licenses(reads_licenses);
        Self {
            routed,
            check: Some(Box::new(check)),
            found: None,
            sums,
            length: head.content_length(),
            received: 0,
            released: 0,
            held: HeldBytes::default(),
            parked: None,
            ended: false,
        }
    }

    /// What was asked for, and the source that was asked.
    pub fn routed(&self) -> &Routed {
        &self.routed
    }

    /// How many bytes the host holds back.
    pub fn parked(&self) -> usize {
        self.parked.unwrap_or_default()
    }

    /// How many bytes came and are not read yet.
    pub fn unread(&self) -> usize {
        self.held.unread().len()
    }

    /// About how many bytes of memory what is known of it takes, without the bytes that wait.
    pub fn weight(&self) -> usize {
        self.check.as_ref().map_or(0, |check| check.weight())
    }

    /// There is no memory to go on with.
    pub fn crowd_out(&mut self) {
        if self.check.is_some() {
            self.flawed(VerifyError::Crowded);
        }
    }

    /// Whether [`Passing::work`] has something to do.
    pub fn lags(&self) -> bool {
        self.check.as_ref().is_some_and(|check| self.unread() > 0 || check.has_more_work())
    }

    /// The next bytes came; `ends` says that nothing follows, not even trailers. At most `room` bytes may stay unread, and
    /// never more than `UNREAD`.
    pub fn body(&mut self, bytes: Vec<u8>, ends: bool, room: usize) -> BodyVerdict {
        self.ended |= ends;
        if self.is_over() && !bytes.is_empty() {
            self.flawed(VerifyError::Overlong);
        }
        if self.parked.is_some() {
            return BodyVerdict::Hold(None);
        }
        let as_they_are = self.held.is_empty();
        self.received = self.received.saturating_add(bytes.len() as u64);
        self.held.push(bytes);
        self.work();
        while self.check.is_some() && self.unread() > room.min(UNREAD) {
            self.work();
        }
        let may_be_last = self.is_read() || self.length.is_some_and(|length| length <= self.received);
        if ends || may_be_last && self.held.len() <= PARKED {
            self.park(as_they_are)
        } else {
            self.release_read(as_they_are)
        }
    }

    /// Trailers came: nothing follows, and no bytes can be put before them any more.
    pub fn trailers(&mut self) {
        self.ended = true;
        if self.parked.is_none() && (self.lags() || self.is_over()) {
            self.flawed(VerifyError::Late);
        }
    }

    /// The sums are known.
    pub fn set_sums(&mut self, sums: Sums) {
        self.sums = Some(sums);
    }

    /// Reads on, for as long as one call may take.
    pub fn work(&mut self) {
        let Some(check) = &mut self.check else {
            return;
        };
        match check.push(self.held.unread(), BUDGET) {
            Ok(taken) => self.held.note_read(taken),
            Err(unfit) => return self.flawed(unfit.into()),
        }
        if self.parked.is_some() {
            self.held.leave(self.held.read());
        }
    }

    /// Whether it may be completed, once that is certain.
    pub fn verdict(&mut self) -> Option<Result<Verified, VerifyError>> {
        if (self.is_read() || self.ended && !self.lags())
            && let Some(check) = self.check.take()
        {
            self.found = Some(check.finish().map_err(VerifyError::Unfit));
        }
        match (&self.found, &self.sums) {
            (Some(Err(error)), _) => Some(Err(error.clone())),
            (_, Some(Sums::Unproven { failure, acceptable: false })) => {
                Some(Err(VerifyError::Unproven(failure.clone())))
            }
            // Of what is good, more might come.
            (Some(Ok(got)), Some(sums)) => {
                Some(sums.prove(&got.h1)).filter(|proven| proven.is_err() || self.ended)
            }
            _ => None,
        }
    }

    /// What licences its files say; `None` where it was not read for that, or not to its end, or they cannot be told.
    pub fn licenses(&self) -> Option<&Licenses> {
        self.holds()?.licenses.as_ref()
    }

    /// What it holds, once it is read to its end.
    pub fn holds(&self) -> Option<&Checked> {
        self.found.as_ref()?.as_ref().ok()
    }

    /// Whether the parser has taken the end of the zip, and all that came is read.
    fn is_read(&self) -> bool {
        self.check.as_ref().is_some_and(|check| check.is_complete()) && !self.lags()
    }

    /// Whether no more bytes may come: the zip is read to its end, or as many as were promised are with the host.
    fn is_over(&self) -> bool {
        self.parked.is_some() || matches!(self.found, Some(Ok(_)))
    }

    /// The bytes that did not go on stay with the host.
    fn park(&mut self, as_they_are: bool) -> BodyVerdict {
        let bytes = (!as_they_are).then(|| self.held.first(self.held.len()));
        self.parked = Some(self.held.len());
        self.held.leave(self.held.read());
        BodyVerdict::Hold(bytes)
    }

    /// What is read goes on, but for the end of the zip.
    fn release_read(&mut self, as_they_are: bool) -> BodyVerdict {
        let taken = self.check.as_ref().map_or(0, |check| check.releasable());
        // A client that counts bytes takes the last promised one for the end of the zip, so that byte is held back.
        let most = self.length.map_or(u64::MAX, |length| length.saturating_sub(END));
        let may_go = taken.min(most).saturating_sub(self.released);
        let count = usize::try_from(may_go).unwrap_or(usize::MAX).min(self.held.read());
        self.released = self.released.saturating_add(count as u64);
        let all_go = as_they_are && count == self.held.len();
        let bytes = (!all_go).then(|| self.held.first(count));
        self.held.leave(count);
        BodyVerdict::Pass(bytes)
    }

    fn flawed(&mut self, error: VerifyError) {
        self.check = None;
        self.found = Some(Err(error));
    }
}

/// Bytes that one call unpacks and hashes, 3 ms of a worker's time (Envoy 1.40). In pieces of 32 KiB, as upstreams' clusters have them
/// (`envoy/gateway.yaml`), only what deflates to less than a thirtieth is read later than it comes; in those of 128 KiB, as storage's has
/// them, less than an eighth. Usual zips deflate to a fourth.
const BUDGET: usize = 1 << 20;

/// Bytes that may wait to be read: what is left of them at the end of the stream has to fit into the host's buffer, with the
/// last piece, of 192 KiB at most. In Envoy that has 640 KiB (`envoy/gateway.yaml`), or 1 MiB where nothing is configured.
const UNREAD: usize = 384 << 10;

/// Bytes that are held back with the host before the stream ends: no more than the smallest limit in use, that of Istio's profile EDGE and
/// of Envoy Gateway. Only where trailers end a larger piece is that too little.
const PARKED: usize = 32 << 10;

/// Bytes of the smallest record that ends a zip.
const END: u64 = 22;

/// Neither the parser nor the bytes that wait say much.
impl fmt::Debug for Passing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passing")
            .field("routed", &self.routed)
            .field("found", &self.found)
            .field("sums", &self.sums)
            .field("received", &self.received)
            .field("released", &self.released)
            .field("parked", &self.parked)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
