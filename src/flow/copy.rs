//! A zip that is read from an upstream once more, piece by piece, because storage did not get it while it passed by.
//!
//! No client waits for it. Each piece is checked in slices, like a zip that passes by. The worker asks for the next piece when it has room
//! for it.

use std::fmt;

use super::{SLICE, Sums, Verified, VerifyError};
use crate::{
    config::Endpoint,
    endpoint::{self, Trail, leads_to},
    goproxy::Zip,
    http::{CallFailure, CallOutcome, Callout, Piece, Ranged, Reply},
    modzip::{Check, H1},
};

/// A zip that is being read.
pub struct Copying {
    ranged: Ranged,
    /// The redirects of the piece that is asked for. Each piece begins at the first address: what they led to may be good for seconds.
    trail: Trail,
    /// Whether redirects led to another host: what that called it is nothing to the first.
    strayed: bool,
    /// The parser, until it has come to a verdict.
    check: Option<Box<Check>>,
    found: Option<H1>,
    sums: Option<Sums>,
    piece: Vec<u8>,
    /// How many bytes of the piece are checked.
    checked: usize,
    /// Whether the piece is the last one.
    is_last: bool,
    /// How often the next piece was asked for without success.
    tries: u32,
    failed: Option<NotCopied>,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum NextPiece {
    /// Ask this, when there is room for a few megabytes, and report the reply.
    Ask(Callout),
    /// It is over.
    Over(Result<Verified, NotCopied>),
    /// All is read; the sums are waited for.
    Wait,
    /// Call [`Copying::work`].
    Work,
}

/// Why nothing came of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCopied {
    /// What came must not be stored.
    #[error("{0}")]
    Flawed(VerifyError),
    /// The upstream gives all or nothing.
    #[error("it gives no parts of it")]
    NoRanges,
    /// The upstream redirects to where it is not followed; why, as the end of a sentence.
    #[error("it {0}")]
    Redirected(String),
    /// The upstream did not give it; what came in place of it, as metrics call that.
    #[error("it did not give it: {0}")]
    NotGiven(CallOutcome),
}

impl Copying {
    /// The zip, from an upstream.
    pub fn new(zip: &Zip, upstream: &Endpoint, sums: Option<Sums>) -> Self {
        let mut copying = Self {
            ranged: Ranged::new(endpoint::get(upstream, &zip.path()), PIECE),
            trail: Trail::default(),
            strayed: false,
            check: Some(Box::new(Check::new(&zip.module, &zip.version))),
            found: None,
            sums: None,
            piece: Vec::new(),
            checked: 0,
            is_last: false,
            tries: 0,
            failed: None,
        };
        if let Some(sums) = sums {
            copying.set_sums(sums);
        }
        copying
    }

    /// How long the zip is, once the upstream has said so.
    pub fn length(&self) -> Option<u64> {
        self.ranged.length()
    }

    /// The sums are known. A zip that they do not prove is not stored, even if clients may be given it.
    pub fn set_sums(&mut self, sums: Sums) {
        if let Sums::Unproven { failure, .. } = &sums {
            self.failed = Some(NotCopied::Flawed(VerifyError::Unproven(failure.clone())));
        }
        self.sums = Some(sums);
    }

    /// The reply of the upstream, or of the server that it redirected to. `who` is that server as reasons name it.
    pub fn on_reply(&mut self, reply: Reply, upstream: &Endpoint, who: &str) {
        if let Some(location) = leads_to(&reply) {
            match self.trail.follow(&self.callout(upstream), location, upstream, who) {
                Ok(trail) => {
                    self.strayed |= trail.at().is_some_and(|at| at.strayed);
                    self.trail = trail;
                }
                Err(why) => self.failed = Some(NotCopied::Redirected(why)),
            }
            return;
        }
        self.trail = Trail::default();
        let (piece, is_last) = match self.ranged.read(reply) {
            Piece::More(piece) => (piece, false),
            Piece::Last(piece) => (piece, true),
            Piece::Failed(reply) => return self.not_given(&reply),
        };
        if u32::try_from(piece.len()).is_ok_and(|length| length <= PIECE) {
            (self.piece, self.checked, self.is_last, self.tries) = (piece, 0, is_last, 0);
        } else {
            self.failed = Some(NotCopied::NoRanges);
        }
    }

    /// Checks some more of the piece, for as long as one call may take: these bytes are for storage.
    pub fn work(&mut self) -> &[u8] {
        let Some(check) = &mut self.check else { return &[] };
        let from = self.checked;
        let unread = self.piece.get(from..).unwrap_or_default();
        match check.push(unread, SLICE) {
            Ok(taken) => self.checked = from.saturating_add(taken),
            Err(unfit) => self.failed = Some(NotCopied::Flawed(unfit.into())),
        }
        if self.is_last
            && !self.lags()
            && let Some(check) = self.check.take()
        {
            match check.finish() {
                Ok(checked) => self.found = Some(checked.h1),
                Err(unfit) => self.failed = Some(NotCopied::Flawed(unfit.into())),
            }
        }
        self.piece.get(from..self.checked).unwrap_or_default()
    }

    /// Asks for the next piece, where redirects have led.
    fn callout(&self, upstream: &Endpoint) -> Callout {
        let mut callout = self.ranged.callout();
        if self.strayed && self.trail.at().is_none_or(|at| !at.strayed) {
            callout.headers.retain(|(name, _)| name != "if-match");
        }
        self.trail.lead(callout, upstream)
    }

    /// What comes next, at any time when no callout is under way.
    pub fn next(&self, upstream: &Endpoint) -> NextPiece {
        match (&self.failed, &self.found, &self.sums) {
            (Some(failed), _, _) => NextPiece::Over(Err(failed.clone())),
            (None, Some(got), Some(sums)) => NextPiece::Over(sums.prove(got).map_err(NotCopied::Flawed)),
            (None, Some(_), None) => NextPiece::Wait,
            (None, None, _) if self.lags() || self.is_last => NextPiece::Work,
            (None, None, _) => NextPiece::Ask(self.callout(upstream)),
        }
    }

    fn lags(&self) -> bool {
        self.check.as_ref().is_some_and(|check| self.checked < self.piece.len() || check.has_more_work())
    }

    fn not_given(&mut self, reply: &Reply) {
        self.tries = self.tries.saturating_add(1);
        let is_first = self.ranged.length().is_none();
        let (why, passing) = match reply {
            // More than the host lets a callout bring.
            Reply::Failed(CallFailure::Broken) if is_first => (NotCopied::NoRanges, false),
            // All of it, or another part than was asked for.
            Reply::Answered { status: 200 | 206, .. } => (NotCopied::NoRanges, false),
            Reply::Answered { status, .. } => {
                (NotCopied::NotGiven(reply.outcome()), matches!(status, 408 | 429 | 500..))
            }
            Reply::Failed(failure) => {
                (NotCopied::NotGiven(reply.outcome()), *failure != CallFailure::Misconfigured)
            }
        };
        if !passing || self.tries >= MAX_TRIES {
            self.failed = Some(why);
        }
    }
}

/// Bytes of one piece. The host holds each while it comes, and the filter after that: less than the smallest part of an upload,
/// so that one that has room takes it whole.
const PIECE: u32 = 4 << 20;

/// How often one piece is asked for that fails in passing.
const MAX_TRIES: u32 = 3;

/// Neither the parser nor the bytes say much.
impl fmt::Debug for Copying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copying")
            .field("ranged", &self.ranged)
            .field("found", &self.found)
            .field("sums", &self.sums)
            .field("tries", &self.tries)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
