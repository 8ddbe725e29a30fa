//! Why a request is not served at all: the client's mistake, or a rule.

use crate::metrics::{OwnReason, Reason};

/// A request turned away before anything is fetched for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This is no path at all, or no query of ours.
    Malformed(String),
    /// What is asked for does not answer this method.
    Method {
        /// The method.
        method: String,
        /// Which it answers, as `Allow` lists them.
        allow: &'static str,
    },
    /// A page takes no such body.
    Body {
        /// What is wrong with it.
        fault: BodyFault,
        /// The same, for who sent it.
        reason: String,
    },
    /// A rule forbids it.
    Forbidden {
        /// The rule, or which reason of ours it is.
        rule: Reason,
        /// What the developer reads.
        reason: String,
    },
    /// There can be no such thing here.
    Unknown(String),
    /// It is a delivery of a webhook, and not signed.
    Unsigned(String),
    /// The storage of this gateway cannot do what that takes.
    Unsupported(String),
}

/// What is wrong with the body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// It has not come in time.
    Late,
    /// It is longer than the page takes.
    Long,
    /// There is none.
    Unsized,
}

impl Refusal {
    /// What is wrong, for who asked.
    pub fn reason(&self) -> &str {
        match self {
            Self::Malformed(reason)
            | Self::Unknown(reason)
            | Self::Unsigned(reason)
            | Self::Unsupported(reason)
            | Self::Body { reason, .. }
            | Self::Forbidden { reason, .. } => reason,
            Self::Method { method, .. } => method,
        }
    }

    /// What it counts as.
    pub fn counts_as(&self) -> Reason {
        match self {
            Self::Malformed(_) => OwnReason::Malformed.into(),
            Self::Method { .. } => OwnReason::Method.into(),
            Self::Body { .. } => OwnReason::Body.into(),
            Self::Forbidden { rule, .. } => rule.clone(),
            Self::Unknown(_) | Self::Unsupported(_) => OwnReason::Unknown.into(),
            Self::Unsigned(_) => OwnReason::Unsigned.into(),
        }
    }
}
