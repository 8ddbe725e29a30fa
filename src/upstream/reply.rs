//! What an upstream's reply means.

use std::time::Duration;

use super::told::said;
use crate::{
    endpoint::destination,
    goproxy::{
        BadBody, CacheClass, Document, Failure, FailureKind, Found, Missing, Outcome, accept, freshness_limit,
    },
    http::{CallFailure, Headers, Reply, Timestamp, delta_seconds, http_date},
};

/// Whether an upstream has what it was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Presence {
    /// It has.
    Here,
    /// It has not, or does not say; which, and why.
    NotHere(Outcome),
}

/// Reads the reply to a GET of `document`. `who` is the upstream as reasons name it.
pub fn judge(document: &Document, who: &str, reply: Reply, now: Timestamp) -> Outcome {
    match reply {
        Reply::Answered { status: 200, headers, body } => {
            let read = accept(document, body).map(|body| Found::fetched(body, now));
            judge_read(document, who, &headers, read)
        }
        reply => without(&document.to_string(), who, &reply, now),
    }
}

/// As [`judge`], of a 200 whose body was read in slices.
pub fn judge_read(
    document: &Document,
    who: &str,
    headers: &Headers,
    read: Result<Found, BadBody>,
) -> Outcome {
    match read {
        Ok(found) => {
            // What never changes is as true tomorrow, even if a framework puts a short lifetime into every reply.
            let limit =
                if document.cache_class() == CacheClass::Immutable { None } else { freshness_limit(headers) };
            Outcome::Found(Found { limit, ..found })
        }
        Err(bad) => failed(FailureKind::Bad, format!("{document}: bad answer from {who}: {bad}")),
    }
}

/// Reads the head of a streamed zip. It is here where this is what was asked for, or the part or the news of it where not the
/// `whole` was.
///
/// `what` is what was asked for, as reasons name it.
pub fn judge_download(what: &str, who: &str, reply: Reply, whole: bool, now: Timestamp) -> Presence {
    match reply {
        Reply::Answered { status: 200, .. } => Presence::Here,
        Reply::Answered { status: 206 | 304 | 412 | 416, .. } if !whole => Presence::Here,
        reply => Presence::NotHere(without(what, who, &reply, now)),
    }
}

/// Reads the reply to a HEAD of a zip, or to a GET of its first byte or of its version's `.info`.
///
/// `what` is what was asked for, as reasons name it.
pub fn judge_presence(what: &str, who: &str, reply: Reply, now: Timestamp) -> Presence {
    match reply {
        Reply::Answered { status: 200 | 204 | 206, .. } => Presence::Here,
        reply => Presence::NotHere(without(what, who, &reply, now)),
    }
}

/// Whether a server that knows no HEAD may have answered one with this status: a refusal of the method, or a general error.
pub fn may_be_headless(status: u16) -> bool {
    matches!(status, 400 | 403 | 404 | 405 | 410 | 501)
}

/// Reads a reply that does not hand over what was asked for.
fn without(what: &str, who: &str, reply: &Reply, now: Timestamp) -> Outcome {
    match reply {
        Reply::Answered { status, headers, body } => refused(what, who, *status, headers, body, now),
        Reply::Failed(failure) => unanswered(what, who, *failure),
    }
}

fn refused(what: &str, who: &str, status: u16, headers: &Headers, body: &[u8], now: Timestamp) -> Outcome {
    let said = said(headers, body);
    let retry_after = retry_after(headers, now);
    let fail = |kind, why: &str| {
        Outcome::Failed(Failure { kind, reason: format!("{what}: {who} {why}{said}"), retry_after })
    };
    match status {
        404 | 410 => {
            let reason = format!("not found: {what}: {who} answered {status}{said}");
            Outcome::Missing(Missing {
                gone: status == 410,
                reason,
                since: now,
                limit: freshness_limit(headers),
            })
        }
        // Not the developer's mistake: the gateway's own credentials are wrong or missing.
        401 | 407 => {
            fail(FailureKind::Bad, &format!("does not accept this gateway's credentials ({status})"))
        }
        403 | 451 => fail(FailureKind::Forbidden, &format!("refuses it ({status})")),
        429 | 503 => fail(FailureKind::Overloaded, &format!("is overloaded ({status})")),
        // Redirects that can be followed are followed before. 304 is no redirect, and the filter sends no condition that it could answer.
        300..=303 | 305..=399 => {
            let to = destination(headers.first("location"));
            fail(FailureKind::Bad, &format!("redirects to {to} ({status}), which cannot be followed"))
        }
        408 | 504 => fail(FailureKind::Slow, &format!("timed out ({status})")),
        _ => fail(FailureKind::Bad, &format!("answered {status}")),
    }
}

fn unanswered(what: &str, who: &str, failure: CallFailure) -> Outcome {
    let kind = match failure {
        CallFailure::TimedOut => FailureKind::Slow,
        CallFailure::Overloaded | CallFailure::Unavailable => FailureKind::Overloaded,
        CallFailure::Broken
        | CallFailure::Dropped
        | CallFailure::Misconfigured
        | CallFailure::Unreachable => FailureKind::Bad,
    };
    failed(kind, format!("{what}: {who}: {}", failure.describe()))
}

fn failed(kind: FailureKind, reason: String) -> Outcome {
    Outcome::Failed(Failure { kind, reason, retry_after: None })
}

/// Seconds after which to try again, at most an hour: as a number, or as a date (RFC 9110, section 10.2.3).
pub fn retry_after(headers: &Headers, now: Timestamp) -> Option<u32> {
    let said = headers.first("retry-after")?.trim();
    let later = delta_seconds(said).or_else(|| {
        // One that has passed is of a clock that is wrong. Not before that second has begun.
        let millis = http_date(said).filter(|date| *date > now)?.since(now).as_millis();
        Some(Duration::from_secs(u64::try_from(millis.div_ceil(1000)).unwrap_or(u64::MAX)))
    })?;
    u32::try_from(later.min(MAX_RETRY_AFTER).as_secs()).ok()
}

/// No client waits for longer, and a date may come from a clock that is wrong.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goproxy::Target;

    fn limit_of(path: &str, status: u16, cache_control: &str, body: &str) -> Option<u64> {
        let Ok(Target::Document(document)) = Target::parse(path) else { panic!("{path}") };
        let headers = [("cache-control", cache_control), ("age", "10")].into_iter().collect();
        let reply = Reply::Answered { status, headers, body: body.into() };
        let limit = match judge(&document, "it", reply, Timestamp(0)) {
            Outcome::Found(found) => found.limit,
            Outcome::Missing(missing) => missing.limit,
            Outcome::Failed(failure) => panic!("{failure:?}"),
        };
        limit.map(|limit| limit.as_secs())
    }

    /// A version that is not found may be there tomorrow; one that is there stays what it is.
    #[test]
    fn an_upstream_limits_what_can_change() {
        let info = r#"{"Version":"v1.0.0"}"#;
        for (path, status, body, limit) in [
            ("example.com/a/@v/list", 200, "v1.0.0\n", Some(50)),
            ("example.com/a/@latest", 200, info, Some(50)),
            ("example.com/a/@v/main.info", 200, info, Some(50)),
            ("example.com/a/@v/v1.0.0.info", 200, info, None),
            ("example.com/a/@v/v1.0.0.mod", 200, "module example.com/a\n", None),
            ("example.com/a/@v/v1.0.0.info", 404, "", Some(50)),
            ("example.com/a/@v/list", 410, "", Some(50)),
        ] {
            assert_eq!(limit_of(path, status, "max-age=60", body), limit, "{path} {status}");
            assert_eq!(limit_of(path, status, "no-store", body), limit.map(|_| 0), "{path} {status}");
            assert_eq!(limit_of(path, status, "private", body), None, "{path} {status}");
        }
    }

    #[test]
    fn when_to_try_again_is_said_in_seconds_or_as_a_date() {
        // Half a second into it.
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap().after(Duration::from_millis(500));
        for (said, seconds) in [
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("0", Some(0)),
            ("3601", Some(3600)),
            ("99999999999999999999", Some(3600)),
            ("Sun, 06 Nov 1994 08:49:38 GMT", Some(1)),
            ("Sun, 06 Nov 1994 08:51:37 GMT", Some(120)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(3600)),
            // it has passed already
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
            ("Thu, 01 Jan 1970 00:00:00 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let headers = [("retry-after", said)].into_iter().collect();
            let reply = Reply::Answered { status: 503, headers, body: Vec::new() };
            let Presence::NotHere(Outcome::Failed(failure)) = judge_presence("it", "who", reply, now) else {
                panic!()
            };
            assert_eq!(failure.retry_after, seconds, "{said}");
        }
    }
}
