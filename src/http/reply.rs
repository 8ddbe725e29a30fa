//! What came of a callout, or of a request that was routed.

use super::{Headers, ResponseHead};

/// The outcome of one callout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The upstream answered in full.
    Answered {
        /// The status.
        status: u16,
        /// Every header but `:status`.
        headers: Headers,
        /// The whole body.
        body: Vec<u8>,
    },
    /// It did not.
    Failed(CallFailure),
}

/// Why an upstream gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// The answer broke off after its headers, was no HTTP, or was larger than the host lets a callout be (in Envoy 32 MiB
    /// of body and 60 KiB of headers).
    Broken,
    /// The connection was closed before an answer: often one that was kept open and that the other side had just given up.
    Dropped,
    /// The host does not know the cluster or has no route to it, or the request was malformed: a mistake in the
    /// configuration.
    Misconfigured,
    /// The cluster's circuit breaker is open.
    Overloaded,
    /// No answer within the callout's timeout.
    TimedOut,
    /// The cluster took no request: it has no healthy host, or its circuit breaker is open. A callout that fails at once
    /// does not say which.
    Unavailable,
    /// The connection was refused.
    Unreachable,
}

impl Reply {
    /// What the head of a response says, to a request that was routed to the cluster `expected`. What another cluster answers, because
    /// a route of the gateway's own took the request, is no answer.
    pub fn routed(head: &ResponseHead, expected: &str) -> Self {
        if head.cluster.as_deref().is_some_and(|cluster| cluster != expected) {
            return Self::Failed(CallFailure::Misconfigured);
        }
        match head.failed {
            Some(failure) => Self::Failed(failure),
            None => Self::Answered { status: head.status, headers: head.headers.clone(), body: Vec::new() },
        }
    }

    /// The word for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Answered { status: 404 | 410, .. } => "missing",
            Self::Answered { status: 200..=299, .. } => "ok",
            Self::Answered { status: 300..=399, .. } => "redirect",
            Self::Answered { status: 400..=499, .. } => "refused",
            Self::Answered { .. } => "error",
            Self::Failed(failure) => failure.as_str(),
        }
    }
}

impl CallFailure {
    /// The word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Dropped => "dropped",
            Self::Misconfigured => "misconfigured",
            Self::Overloaded => "overloaded",
            Self::TimedOut => "timed_out",
            Self::Unavailable => "unavailable",
            Self::Unreachable => "unreachable",
        }
    }

    /// What a person reads.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Broken => "its answer broke off, was too large or was no HTTP",
            Self::Dropped => "it closed the connection without an answer",
            Self::Misconfigured => "the gateway has no such cluster, or no route to it",
            Self::Overloaded => "too many requests to it are under way",
            Self::TimedOut => "it did not answer in time",
            Self::Unavailable => "it has no healthy host, or too many requests to it are under way",
            Self::Unreachable => "it could not be reached",
        }
    }
}
