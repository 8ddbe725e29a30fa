//! What came of a callout, or of a request that was routed.

use super::{Headers, ResponseHead};
use crate::words::words;

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

words! {
    /// Why an upstream gave no answer: for logs and metrics.
    pub enum CallFailure {
        /// The answer broke off after its headers, was no HTTP, or was larger than the host lets a callout be (in Envoy 32 MiB
        /// of body and 60 KiB of headers).
        Broken = "broken",
        /// The connection was closed before an answer: often one that was kept open and that the other side had just given up.
        Dropped = "dropped",
        /// The host does not know the cluster or has no route to it, or the request was malformed: a mistake in the
        /// configuration.
        Misconfigured = "misconfigured",
        /// The cluster's circuit breaker is open.
        Overloaded = "overloaded",
        /// No answer within the callout's timeout.
        TimedOut = "timed_out",
        /// The cluster took no request: it has no healthy host, or its circuit breaker is open. A callout that fails at once
        /// does not say which.
        Unavailable = "unavailable",
        /// The connection was refused.
        Unreachable = "unreachable",
    }
}

words! {
    /// What an answer says by its status alone.
    pub enum AnswerKind {
        /// A 5xx.
        Error = "error",
        /// 404 or 410: there is none.
        Missing = "missing",
        /// A 2xx.
        Ok = "ok",
        /// A 3xx.
        Redirect = "redirect",
        /// Another 4xx.
        Refused = "refused",
    }
}

words! {
    /// What came of a callout, for logs and metrics.
    pub enum CallOutcome {
        /// An answer.
        Answered(AnswerKind),
        /// None.
        Failed(CallFailure),
    }
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

    /// What came of it.
    pub fn outcome(&self) -> CallOutcome {
        let kind = match self {
            Self::Answered { status: 404 | 410, .. } => AnswerKind::Missing,
            Self::Answered { status: 200..=299, .. } => AnswerKind::Ok,
            Self::Answered { status: 300..=399, .. } => AnswerKind::Redirect,
            Self::Answered { status: 400..=499, .. } => AnswerKind::Refused,
            Self::Answered { .. } => AnswerKind::Error,
            Self::Failed(failure) => return CallOutcome::Failed(*failure),
        };
        CallOutcome::Answered(kind)
    }
}

impl CallFailure {
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
