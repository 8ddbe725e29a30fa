//! What the reply to a poll means, before anything of its body is read.

use crate::{
    config::describe_failure,
    goproxy::Etag,
    http::{Headers, Reply},
    metrics::PollOutcome,
};

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// Nothing but that what is in force is still right.
    Unchanged,
    /// This is to be read.
    Body(Headers, Vec<u8>),
}

/// Why a poll brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PollFailure {
    /// It could not be had.
    Failed(String),
    /// It is wrong, for these reasons.
    Invalid(Vec<String>),
}

/// What a reply of `who` in `cluster` means, who was asked for what has changed where that was `conditional`.
///
/// # Errors
/// Why there is nothing in it to be read.
pub(super) fn judge(reply: Reply, who: &str, cluster: &str, conditional: bool) -> Result<Came, PollFailure> {
    match reply {
        Reply::Answered { status: 200, headers, body } => Ok(Came::Body(headers, body)),
        Reply::Answered { status: 304, .. } if conditional => Ok(Came::Unchanged),
        Reply::Answered { status: 304, .. } => {
            Err(PollFailure::Failed(format!("{who} answers 304 though no tag was sent")))
        }
        Reply::Answered { status, .. } => Err(PollFailure::Failed(format!("{who} answers {status}"))),
        Reply::Failed(failure) => {
            Err(PollFailure::Failed(format!("it cannot be had: {}", describe_failure(failure, cluster))))
        }
    }
}

impl PollFailure {
    pub(super) fn outcome(&self) -> PollOutcome {
        match self {
            Self::Failed(_) => PollOutcome::Failed,
            Self::Invalid(_) => PollOutcome::Invalid,
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Failed(why) => vec![why.clone()],
            Self::Invalid(reasons) => reasons.iter().map(|reason| format!("refused: {reason}")).collect(),
        }
    }

    /// Another one for each, never 0.
    pub(super) fn number(&self) -> u64 {
        let Etag(digest) = Etag::of(self.lines().join("\n").as_bytes());
        digest.first_chunk().map_or(1, |first| u64::from_le_bytes(*first).max(1))
    }
}
