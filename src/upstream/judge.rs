//! What an upstream's reply means.

use crate::{
    goproxy::{Document, Failure, Fault, Found, Lifetime, Missing, Outcome, accept, freshness_limit},
    http::{CallFailure, Headers, Reply, Timestamp},
};

/// Reads the reply to a GET of `document`. `who` is the upstream as reasons name it.
pub fn judge(document: &Document, who: &str, reply: Reply, now: Timestamp) -> Outcome {
    match reply {
        Reply::Answered { status: 200, headers, body } => match accept(document, body) {
            Ok(body) => {
                // What never changes is as true tomorrow, whatever a framework puts into every reply.
                let limit =
                    if document.lifetime() == Lifetime::Immutable { None } else { freshness_limit(&headers) };
                Outcome::Found(Found { limit, ..Found::fetched(body, now) })
            }
            Err(bad) => failed(Fault::Bad, format!("{document}: bad answer from {who}: {bad}")),
        },
        reply => without(&document.to_string(), who, &reply, now),
    }
}

/// Reads the head of a streamed zip: nothing means that it is what was asked for, or the part or the news of it where not
/// the `whole` was.
///
/// `what` is what was asked for, as reasons name it.
pub fn judge_download(what: &str, who: &str, reply: Reply, whole: bool, now: Timestamp) -> Option<Outcome> {
    match reply {
        Reply::Answered { status: 200, .. } => None,
        Reply::Answered { status: 206 | 304 | 412 | 416, .. } if !whole => None,
        reply => Some(without(what, who, &reply, now)),
    }
}

/// Reads the reply to a HEAD of a zip, or to a GET of its version's `.info`: nothing means that it is there.
///
/// `what` is what was asked for, as reasons name it.
pub fn judge_presence(what: &str, who: &str, reply: Reply, now: Timestamp) -> Option<Outcome> {
    match reply {
        Reply::Answered { status: 200 | 204, .. } => None,
        reply => Some(without(what, who, &reply, now)),
    }
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
    let retry_after = headers.first("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    let fail = |fault, why: &str| {
        Outcome::Failed(Failure { fault, reason: format!("{what}: {who} {why}{said}"), retry_after })
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
        401 | 407 => fail(Fault::Bad, &format!("does not accept this gateway's credentials ({status})")),
        403 | 451 => fail(Fault::Forbidden, &format!("refuses it ({status})")),
        429 | 503 => fail(Fault::Overloaded, &format!("is overloaded ({status})")),
        // 304 is no redirect, and an answer to nothing that was asked.
        300..=303 | 305..=399 => {
            let to = headers.first("location").map_or("nowhere", without_secrets);
            fail(Fault::Bad, &format!("redirects to {to} ({status}), and redirects are not followed"))
        }
        408 | 504 => fail(Fault::Slow, &format!("timed out ({status})")),
        _ => fail(Fault::Bad, &format!("answered {status}")),
    }
}

fn unanswered(what: &str, who: &str, failure: CallFailure) -> Outcome {
    let fault = match failure {
        CallFailure::TimedOut => Fault::Slow,
        CallFailure::Overloaded | CallFailure::Unavailable => Fault::Overloaded,
        CallFailure::Broken
        | CallFailure::Dropped
        | CallFailure::Misconfigured
        | CallFailure::Unreachable => Fault::Bad,
    };
    failed(fault, format!("{what}: {who}: {}", failure.describe()))
}

fn failed(fault: Fault, reason: String) -> Outcome {
    Outcome::Failed(Failure { fault, reason, retry_after: None })
}

/// An address without its query, in which a presigned one carries its credential.
fn without_secrets(location: &str) -> &str {
    location.split(['?', '#']).next().unwrap_or_default()
}

/// The first line an upstream gave as its reason, if it gave one that is meant for people.
fn said(headers: &Headers, body: &[u8]) -> String {
    let is_text = headers.first("content-type").is_some_and(|kind| kind.starts_with("text/plain"));
    let line = std::str::from_utf8(body)
        .ok()
        .and_then(|text| text.lines().next())
        .map(str::trim)
        .unwrap_or_default();
    if is_text && !line.is_empty() {
        format!(
            ": {}",
            line.chars().filter(|character| !character.is_control()).take(MAX_SAID).collect::<String>()
        )
    } else {
        String::new()
    }
}

/// Leaves room, in the 648 bytes the go command shows, for who said it and what was asked.
const MAX_SAID: usize = 240;

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
}
