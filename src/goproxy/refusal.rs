//! Why a request is not served at all: the client's mistake, or a rule.

use std::borrow::Cow;

/// A request turned away before anything is fetched for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This is no path at all, or no query of ours.
    Malformed(String),
    /// The method is neither GET nor HEAD.
    Method(String),
    /// A rule forbids it.
    Forbidden {
        /// The rule, as a metric label.
        rule: Cow<'static, str>,
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

    /// The word for metrics.
    pub fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Malformed(_) => "malformed".into(),
            Self::Method(_) => "method".into(),
            Self::Forbidden { rule, .. } => rule.clone(),
            Self::Unknown(_) => "unknown".into(),
        }
    }
}
