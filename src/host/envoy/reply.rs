//! How Envoy tells an upstream's answer from its own.
//!
//! Of a callout it tells them apart in no field: a refused connection arrives as a `503` with a text body, what is no HTTP (or has
//! more headers than the host takes) as a `502`, a timeout before the headers as a `504`, a circuit breaker as a `503` with
//! `x-envoy-overloaded`, and anything that breaks after the headers (or a body above the host's limit) as no headers at all. Of a
//! response to a routed request its response code details say how it came about.

use crate::http::{BodyEnd, CallFailure, Ending, Headers, Reply, ResponseHead};

/// The outcome of a callout: `head` is the status and the headers, or nothing where Envoy gave none.
pub fn of_callout(head: Option<(u16, Headers)>, body: Vec<u8>) -> Reply {
    let Some((status, headers)) = head else {
        return Reply::Failed(CallFailure::Broken);
    };
    match guessed(status, &headers, &body) {
        Some(failure) => Reply::Failed(failure),
        None => Reply::Answered { status, headers, body },
    }
}

/// The head of a response to a routed request; `details` are Envoy's response code details, where it has some.
pub fn response_head(
    status: u16,
    headers: Headers,
    details: Option<&str>,
    cluster: Option<String>,
    ends: bool,
) -> ResponseHead {
    let failed = failure(status, &headers, details.unwrap_or_default());
    ResponseHead { status, headers, failed, cluster, ends }
}

/// How a response to a routed request ended whose stream is over. `is_shown` says whether the host has shown all of it, `sent` is the
/// attribute `response.size`, `details` asks for Envoy's response code details.
pub fn body_end(is_shown: bool, sent: Option<&[u8]>, details: impl FnOnce() -> Option<String>) -> BodyEnd {
    let bytes = sent.and_then(|sent| sent.try_into().ok()).map_or(0, u64::from_le_bytes);
    let how = if is_shown {
        Ending::Whole
    } else if details().is_some_and(|details| details.starts_with("upstream_")) {
        // `upstream_reset_after_response_started{..}`, or a timeout of a route that an operator wrote.
        Ending::Cut
    } else {
        // `downstream_remote_disconnect`; over HTTP/2 what they were before, when the client resets the stream.
        Ending::Aborted
    };
    BodyEnd { bytes, how }
}

/// Why no upstream gave this response, where none did. Where Envoy says how it came about, nothing is guessed.
fn failure(status: u16, headers: &Headers, details: &str) -> Option<CallFailure> {
    Some(match details {
        "via_upstream" => return None,
        "cluster_not_found" | "direct_response" | "route_not_found" => CallFailure::Misconfigured,
        "no_healthy_upstream" => CallFailure::Unavailable,
        "response_timeout" | "stream_idle_timeout" | "upstream_response_timeout" => CallFailure::TimedOut,
        _ => match details.strip_prefix("upstream_reset_before_response_started{") {
            Some(why) if why.starts_with("overflow") => CallFailure::Overloaded,
            Some(why) if why.starts_with("protocol_error") => CallFailure::Broken,
            Some(why) if why.starts_with("connection_termination") => CallFailure::Dropped,
            Some(_) => CallFailure::Unreachable,
            // Envoy itself answers 404 where no route takes the request.
            None if status == 404 && is_made_by_envoy(headers) => CallFailure::Misconfigured,
            None => return guessed(status, headers, &[]),
        },
    })
}

/// The failure that an answer of Envoy's own stands for, told by its status and what else it has.
fn guessed(status: u16, headers: &Headers, body: &[u8]) -> Option<CallFailure> {
    if !is_made_by_envoy(headers) {
        return None;
    }
    match status {
        502 => Some(CallFailure::Broken),
        503 if headers.has("x-envoy-overloaded") => Some(CallFailure::Overloaded),
        503 if body.ends_with(b"connection termination") => Some(CallFailure::Dropped),
        503 => Some(CallFailure::Unreachable),
        504 => Some(CallFailure::TimedOut),
        _ => None,
    }
}

/// Whether Envoy itself made this answer: it has neither `date` nor `server`, which every HTTP server in use sends, nor
/// anything else beside its content headers and the mark of an open circuit breaker.
fn is_made_by_envoy(headers: &Headers) -> bool {
    headers.names().all(|name| matches!(name, "content-length" | "content-type" | "x-envoy-overloaded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, headers: &[(&str, &str)]) -> Reply {
        of_callout(Some((status, headers.iter().copied().collect())), Vec::new())
    }

    #[test]
    fn hosts_own_answers_are_failures() {
        let text = ("content-type", "text/plain");
        assert_eq!(of_callout(None, Vec::new()), Reply::Failed(CallFailure::Broken));
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
            Reply::routed(&response_head(status, headers, Some(details), None, false), "any")
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
    fn a_body_is_whole_where_all_of_it_was_shown_and_else_the_client_or_the_source_ended_it() {
        let bytes = 300_000_u64.to_le_bytes();
        for (is_shown, sent, details, how, size) in [
            (true, Some(&bytes[..]), Some("via_upstream"), Ending::Whole, 300_000),
            // It has gone into the connection before the client left.
            (true, Some(&bytes[..]), Some("downstream_remote_disconnect"), Ending::Whole, 300_000),
            (false, Some(&bytes[..]), Some("downstream_remote_disconnect"), Ending::Aborted, 300_000),
            (false, Some(&bytes[..]), Some("via_upstream"), Ending::Aborted, 300_000),
            (
                false,
                Some(&bytes[..]),
                Some("upstream_reset_after_response_started{connection_termination}"),
                Ending::Cut,
                300_000,
            ),
            (false, Some(b"123"), None, Ending::Aborted, 0),
            (false, None, None, Ending::Aborted, 0),
        ] {
            let end = body_end(is_shown, sent, || details.map(str::to_owned));
            assert_eq!(end, BodyEnd { bytes: size, how }, "{details:?}");
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
