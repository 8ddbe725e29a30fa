//! Why a request is not served at all: the client's mistake, or a rule.

use std::borrow::Cow;

/// A request turned away before anything is fetched for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This cannot be a request of the module proxy protocol.
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
    /// It is well formed, and there can be no such thing here.
    Unknown(String),
}

impl Refusal {
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
