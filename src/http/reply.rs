//! What came of a callout.
//!
//! Envoy tells an upstream's answer and its own failure apart in no field: a refused connection arrives as a `503` with
//! a text body, what is no HTTP (or has more headers than the host takes) as a `502`, a timeout before the headers as a
//! `504`, a circuit breaker as a `503` with `x-envoy-overloaded`, and anything that breaks after the headers (or a body
//! above the host's limit) as no headers at all. Here they become what they are.

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
    /// Reads what the host hands over: `head` is the status and the headers, or nothing where the host gave none.
    pub fn read(head: Option<(u16, Headers)>, body: Vec<u8>) -> Self {
        let Some((status, headers)) = head else {
            return Self::Failed(CallFailure::Broken);
        };
        match (status, made_by_host(&headers)) {
            (502, true) => Self::Failed(CallFailure::Broken),
            (503, true) if headers.has("x-envoy-overloaded") => Self::Failed(CallFailure::Overloaded),
            (503, true) if body.ends_with(b"connection termination") => Self::Failed(CallFailure::Dropped),
            (503, true) => Self::Failed(CallFailure::Unreachable),
            (504, true) => Self::Failed(CallFailure::TimedOut),
            _ => Self::Answered { status, headers, body },
        }
    }

    /// Reads the head of a response to a request that was routed to the cluster `expected`. Where the host says how it came
    /// about, nothing is guessed. What another cluster answers, because a route of the gateway's own took the request, is
    /// no answer.
    pub fn routed(head: &ResponseHead, expected: &str) -> Self {
        if head.cluster.as_deref().is_some_and(|cluster| cluster != expected) {
            return Self::Failed(CallFailure::Misconfigured);
        }
        let details = head.details.as_deref().unwrap_or_default();
        let reset = details.strip_prefix("upstream_reset_before_response_started{");
        match (details, reset) {
            ("via_upstream", _) => {
                Self::Answered { status: head.status, headers: head.headers.clone(), body: Vec::new() }
            }
            ("cluster_not_found" | "direct_response" | "route_not_found", _) => {
                Self::Failed(CallFailure::Misconfigured)
            }
            ("no_healthy_upstream", _) => Self::Failed(CallFailure::Unavailable),
            ("response_timeout" | "stream_idle_timeout" | "upstream_response_timeout", _) => {
                Self::Failed(CallFailure::TimedOut)
            }
            (_, Some(why)) if why.starts_with("overflow") => Self::Failed(CallFailure::Overloaded),
            (_, Some(why)) if why.starts_with("protocol_error") => Self::Failed(CallFailure::Broken),
            (_, Some(why)) if why.starts_with("connection_termination") => Self::Failed(CallFailure::Dropped),
            (_, Some(_)) => Self::Failed(CallFailure::Unreachable),
            // Envoy itself answers 404 where no route takes the request.
            _ if head.status == 404 && made_by_host(&head.headers) => {
                Self::Failed(CallFailure::Misconfigured)
            }
            _ => Self::read(Some((head.status, head.headers.clone())), Vec::new()),
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

/// Whether the host itself made this answer: it has neither `date` nor `server`, which every HTTP server in use sends, nor
/// anything else beside its content headers and the mark of an open circuit breaker.
pub fn made_by_host(headers: &Headers) -> bool {
    headers.names().all(|name| matches!(name, "content-length" | "content-type" | "x-envoy-overloaded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, headers: &[(&str, &str)]) -> Reply {
        Reply::read(Some((status, headers.iter().copied().collect())), Vec::new())
    }

    #[test]
    fn hosts_own_answers_are_failures() {
        let text = ("content-type", "text/plain");
        assert_eq!(Reply::read(None, Vec::new()), Reply::Failed(CallFailure::Broken));
        assert_eq!(read(502, &[text]), Reply::Failed(CallFailure::Broken));
        assert_eq!(read(503, &[text]), Reply::Failed(CallFailure::Unreachable));
        assert_eq!(read(504, &[text, ("content-length", "24")]), Reply::Failed(CallFailure::TimedOut));
        assert_eq!(
            read(503, &[text, ("x-envoy-overloaded", "true")]),
            Reply::Failed(CallFailure::Overloaded)
        );
    }

    #[test]
    fn where_the_host_says_how_nothing_is_guessed() {
        let bare = |status, details: &str| {
            let headers = [("content-type", "text/plain")].into_iter().collect();
            let details = Some(details.to_owned());
            Reply::routed(&ResponseHead { status, headers, details, cluster: None, ends: false }, "any")
        };
        for (status, details, failure) in [
            (404, "direct_response", CallFailure::Misconfigured),
            (404, "route_not_found", CallFailure::Misconfigured),
            (404, "a_filter_of_theirs", CallFailure::Misconfigured),
            (503, "cluster_not_found", CallFailure::Misconfigured),
            (503, "no_healthy_upstream", CallFailure::Unavailable),
            (503, "upstream_reset_before_response_started{overflow}", CallFailure::Overloaded),
            (502, "upstream_reset_before_response_started{protocol_error}", CallFailure::Broken),
            (503, "upstream_reset_before_response_started{connection_termination}", CallFailure::Dropped),
            (
                503,
                "upstream_reset_before_response_started{remote_connection_failure|x}",
                CallFailure::Unreachable,
            ),
            (504, "stream_idle_timeout", CallFailure::TimedOut),
        ] {
            assert_eq!(bare(status, details), Reply::Failed(failure), "{details}");
        }
        for status in [200, 404, 503] {
            assert!(
                matches!(bare(status, "via_upstream"), Reply::Answered { status: same, .. } if same == status)
            );
        }
    }

    #[test]
    fn an_upstreams_own_outage_is_an_answer() {
        assert!(matches!(
            read(503, &[("date", "x"), ("content-type", "text/plain")]),
            Reply::Answered { status: 503, .. }
        ));
        assert!(matches!(read(502, &[("server", "x")]), Reply::Answered { status: 502, .. }));
        assert!(matches!(read(503, &[("x-envoy-upstream-service-time", "1")]), Reply::Answered { .. }));
        assert!(matches!(read(404, &[]), Reply::Answered { status: 404, .. }));
    }
}
