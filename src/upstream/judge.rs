//! What an upstream's reply means.

use crate::{
    goproxy::{Document, Failure, Fault, Found, Missing, Outcome, accept},
    http::{CallFailure, Headers, Reply, Timestamp},
};

/// Reads the reply to a GET of `document`. `who` is the upstream as reasons name it.
pub fn judge(document: &Document, who: &str, reply: Reply, now: Timestamp) -> Outcome {
    match reply {
        Reply::Answered { status: 200, body, .. } => match accept(document, body) {
            Ok(body) => Outcome::Found(Found::fetched(body, now)),
            Err(bad) => failed(Fault::Bad, format!("{document}: bad answer from {who}: {bad}")),
        },
        reply => without(&document.to_string(), who, &reply, now),
    }
}

/// Reads the head of a streamed zip: nothing means that it is what was asked for, or the part or the news of it.
///
/// `what` is what was asked for, as reasons name it.
pub fn judge_download(what: &str, who: &str, reply: Reply, now: Timestamp) -> Option<Outcome> {
    match reply {
        Reply::Answered { status: 200 | 206 | 304 | 412 | 416, .. } => None,
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
            Outcome::Missing(Missing { gone: status == 410, reason, since: now, limit: None })
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
