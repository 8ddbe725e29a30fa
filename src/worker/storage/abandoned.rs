//! Why a zip is not stored that storage could have taken.

use crate::{flow::VerifyError, metrics::Ended};

/// Why a zip is not stored that storage could have taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Abandoned {
    /// It is not what it has to be, or what it holds is refused.
    Flawed,
    /// It broke off: the client left, or the upstream did.
    Left,
    /// The upstream does not give parts of it.
    NoRanges,
    /// The upstream does not give it.
    NotGiven,
    /// Storage did not keep up.
    Overrun,
    /// There is no room in memory just now.
    Skipped,
    /// It came too slowly for the room that it takes meanwhile.
    Slow,
    /// It is larger than storage takes in one request.
    TooLarge,
    /// It could not be proven.
    Unproven,
}

impl Abandoned {
    /// Why a zip with this error is not stored.
    pub(super) fn by(error: &VerifyError) -> Self {
        match error {
            // Of the way it came, which a copy does not.
            VerifyError::Crowded | VerifyError::Late => Self::Left,
            VerifyError::Mismatch { .. }
            | VerifyError::Overlong
            | VerifyError::Refused(_)
            | VerifyError::Unfit(_) => Self::Flawed,
            VerifyError::Unproven(_) => Self::Unproven,
        }
    }

    /// What it counts as.
    pub(super) fn outcome(self) -> Ended {
        match self {
            Self::Flawed => Ended::Flawed,
            Self::Left => Ended::Left,
            Self::NoRanges => Ended::NoRanges,
            Self::NotGiven => Ended::NotGiven,
            Self::Overrun => Ended::Overrun,
            Self::Skipped => Ended::Skipped,
            Self::Slow => Ended::Slow,
            Self::TooLarge => Ended::TooLarge,
            Self::Unproven => Ended::Unproven,
        }
    }
}
