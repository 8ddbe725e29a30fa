//! Why a request is not served at all: the client's mistake, or a rule.

use crate::metrics::{OwnReason, Reason};

/// A request turned away before anything is fetched for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This is no path at all, or no query of ours.
    Malformed(String),
    /// The method is neither GET nor HEAD.
    Method(String),
    /// A rule forbids it.
    Forbidden {
        /// The rule, or which reason of ours it is.
        rule: Reason,
        /// What the developer reads.
        reason: String,
    },
    /// There can be no such thing here.
    Unknown(String),
}

impl Refusal {
    /// What is wrong, for who asked.
    pub fn reason(&self) -> &str {
        match self {
            Self::Malformed(reason) | Self::Unknown(reason) | Self::Forbidden { reason, .. } => reason,
            Self::Method(method) => method,
        }
    }

    /// What it counts as.
    pub fn counts_as(&self) -> Reason {
        match self {
            Self::Malformed(_) => OwnReason::Malformed.into(),
            Self::Method(_) => OwnReason::Method.into(),
            Self::Forbidden { rule, .. } => rule.clone(),
            Self::Unknown(_) => OwnReason::Unknown.into(),
        }
    }
}
