//! What a reply of storage means.

use super::xml::Answer;
use crate::{
    endpoint::destination,
    goproxy::{BadBody, Document, Found, accept},
    http::{CallFailure, Headers, Reply, Timestamp},
    metrics::{Ended, WriteOutcome},
};

/// What storage says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored<T> {
    /// It has none.
    Absent,
    /// It has something else under that name; what.
    Corrupt(String),
    /// It has this.
    Present(T),
    /// It could not say; why.
    Unavailable(String),
}

/// What storage says of an object of the gateways' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object<'r> {
    /// It has none.
    Absent,
    /// It has this.
    Present(&'r [u8]),
    /// It could not say; why.
    Unavailable(String),
}

/// What came of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// There is an object of that name already, and it was left unchanged. A GET tells whether it has the same bytes.
    Exists,
    /// Nothing was stored, as far as is known.
    Failed(WriteFailure),
    /// It is stored.
    Stored,
}

/// Why a write came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteFailure {
    /// What it counts as.
    pub outcome: WriteOutcome,
    /// What a person reads: "it answered 403 (AccessDenied)".
    pub why: String,
    /// Whether the same request may succeed the next time.
    pub passing: bool,
    /// What else it holds for.
    pub scope: Scope,
}

/// What a failed write says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// That this object was not written. Of others it says something only where they fail too.
    Object,
    /// That the store takes nothing just now.
    Store,
}

impl Scope {
    /// A name that a store does not take, or that a firewall before it refuses, concerns one object. A store that is full, overloaded, or
    /// not there concerns all.
    fn of(reply: &Reply) -> Self {
        match reply {
            Reply::Answered { status: 429 | 502..=504 | 507, .. } | Reply::Failed(_) => Self::Store,
            Reply::Answered { .. } => Self::Object,
        }
    }
}

impl<T> Stored<T> {
    /// What is there, made into something else.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Stored<U> {
        match self {
            Self::Absent => Stored::Absent,
            Self::Corrupt(why) => Stored::Corrupt(why),
            Self::Present(what) => Stored::Present(make(what)),
            Self::Unavailable(why) => Stored::Unavailable(why),
        }
    }
}

/// Reads the reply to a GET of `document`.
pub fn judge(document: &Document, reply: Reply, now: Timestamp) -> Stored<Found> {
    match reply {
        Reply::Answered { status: 200, body, .. } => {
            judge_read(accept(document, body).map(|body| Found::fetched(body, now)))
        }
        reply => without(&reply),
    }
}

/// Reads the reply to a GET of an object of the gateways' own, of at most so many bytes.
pub fn judge_small(reply: &Reply, most: usize) -> Object<'_> {
    match reply {
        Reply::Answered { status: 200, body, .. } if body.len() > most => {
            Object::Unavailable(format!("it answered with {} bytes, more than {most}", body.len()))
        }
        Reply::Answered { status: 200, body, .. } => Object::Present(body),
        reply => match without::<()>(reply) {
            Stored::Absent => Object::Absent,
            Stored::Unavailable(why) | Stored::Corrupt(why) => Object::Unavailable(why),
            Stored::Present(()) => Object::Unavailable("bad answer".to_owned()),
        },
    }
}

/// As [`judge`], of a 200 whose body was read in slices.
pub fn judge_read(read: Result<Found, BadBody>) -> Stored<Found> {
    match read {
        Ok(found) => Stored::Present(Found { stored: true, ..found }),
        Err(bad) => Stored::Corrupt(format!("bad object: {bad}")),
    }
}

/// Reads the reply to a HEAD, or to a GET of the first byte.
pub fn judge_presence(reply: &Reply) -> Stored<()> {
    match reply {
        // Of a proxy before the store, most likely: it says nothing of the object.
        Reply::Answered { status: 200 | 206, headers, .. } if is_page(headers) => {
            Stored::Unavailable("it answered with a web page".to_owned())
        }
        Reply::Answered { status: 200 | 206, .. } => Stored::Present(()),
        reply => without(reply),
    }
}

/// Reads a reply that hands nothing over. A bucket that is missing is a mistake in the configuration, not an object that is.
fn without<T>(reply: &Reply) -> Stored<T> {
    match reply {
        Reply::Answered { status: 404 | 410, body, .. } if code(body).as_deref() != Some("NoSuchBucket") => {
            Stored::Absent
        }
        reply => Stored::Unavailable(explain(reply)),
    }
}

/// Reads the reply to a PUT.
pub fn judge_write(reply: &Reply) -> Written {
    match reply {
        Reply::Answered { status: 200 | 201 | 204, .. } => Written::Stored,
        Reply::Answered { status: 412, .. } => Written::Exists,
        reply => Written::Failed(WriteFailure::of(reply)),
    }
}

impl WriteFailure {
    /// What is wrong, by a reply that reports neither success nor absence.
    pub(super) fn of(reply: &Reply) -> Self {
        let (outcome, passing) = match reply {
            // Another client of the store is writing it at this moment.
            Reply::Answered { status: 409, .. } => (Ended::Conflict.into(), true),
            Reply::Answered { status: 507, .. } => (Ended::Full.into(), false),
            // Of an extension that it does not know: a create-only PUT, or multipart uploads.
            Reply::Answered { status: 501, .. } => (Ended::Unsupported.into(), false),
            Reply::Answered { status, body, .. } => {
                let passing =
                    matches!(status, 408 | 429 | 500..) || code(body).as_deref() == Some("RequestTimeout");
                (Ended::Refused.into(), passing)
            }
            Reply::Failed(failure) => {
                (WriteOutcome::Unanswered(*failure), *failure != CallFailure::Misconfigured)
            }
        };
        Self { outcome, why: explain(reply), passing, scope: Scope::of(reply) }
    }

    /// An answer that says too little to go on with.
    pub(super) fn bad(why: &str) -> Self {
        let why = format!("bad answer: {why}");
        Self { outcome: Ended::Bad.into(), why, passing: true, scope: Scope::Object }
    }
}

/// Why nothing came of it: "it answered 403 (AccessDenied): ...".
pub(super) fn explain(reply: &Reply) -> String {
    let (status, headers, body) = match reply {
        Reply::Answered { status, headers, body } => (status, headers, body),
        Reply::Failed(failure) => return failure.describe().to_owned(),
    };
    if let Some(why) = redirect(reply) {
        return why;
    }
    let code = code(body);
    let is_hidden = *status == 403
        && match code.as_deref() {
            Some(code) => code == "AccessDenied",
            // There is no body to say why after a HEAD.
            None => is_s3(headers),
        };
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    let hint = if is_hidden { HIDDEN } else { "" };
    format!("it answered {status}{code}{hint}")
}

/// What is wrong where storage redirects, as S3 does from one region to another (301 or 307, `PermanentRedirect`). The redirect is not
/// followed: what Envoy signs is for one host, and a wrong region in the configuration would cost another round trip for every object.
pub fn redirect(reply: &Reply) -> Option<String> {
    let Reply::Answered { status: status @ (300..=303 | 305..=399), headers, body } = reply else {
        return None;
    };
    let to = destination(headers.first("location"));
    let code = code(body).map(|code| format!(" {code}")).unwrap_or_default();
    let region = headers.first("x-amz-bucket-region").filter(|region| is_region(region));
    let region = region.map(|region| format!(", as the bucket is in {region}")).unwrap_or_default();
    Some(format!(
        "it redirects to {to} ({status}{code}){region}: its address or its region is configured wrongly; redirects of storage \
         are not followed"
    ))
}

fn is_region(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Amazon's own behaviour, which others have copied: GetObject documents the two answers to a missing key.
const HIDDEN: &str = ": its key may not do this, or may not list the bucket (s3:ListBucket), without which S3 answers that of \
                      what is missing, too";

/// What S3 calls an error: a word such as `NoSuchKey`.
pub(super) fn code(body: &[u8]) -> Option<String> {
    let answer = Answer::read(body).filter(|answer| answer.root == "Error")?;
    let code = answer.field("Code")?;
    let is_word = !code.is_empty() && code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    is_word.then(|| code.to_owned())
}

/// Whether an answer is a web page, which no zip is.
pub fn is_page(headers: &Headers) -> bool {
    let media_type = headers.first("content-type").and_then(|kind| kind.split(';').next());
    media_type.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

/// Whether a store that speaks S3 answered: all of them send one of these.
fn is_s3(headers: &Headers) -> bool {
    headers.has("x-amz-request-id") || headers.has("x-guploader-uploadid")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str) -> Reply {
        Reply::Answered { status, headers: Headers::default(), body: body.into() }
    }

    fn error(status: u16, code: &str) -> Reply {
        answered(status, &format!("<Error><Code>{code}</Code><Message>m</Message></Error>"))
    }

    #[test]
    fn a_missing_object_is_told_from_a_store_that_does_not_say() {
        for reply in [error(404, "NoSuchKey"), answered(404, ""), answered(404, "<html>"), answered(410, "")]
        {
            assert_eq!(judge_presence(&reply), Stored::Absent, "{reply:?}");
        }
        let headers: Headers = [("x-amz-request-id", "1")].into_iter().collect();
        for (reply, why) in [
            (error(404, "NoSuchBucket"), "it answered 404 (NoSuchBucket)".to_owned()),
            (error(403, "AccessDenied"), format!("it answered 403 (AccessDenied){HIDDEN}")),
            (Reply::Answered { status: 403, headers, body: Vec::new() }, format!("it answered 403{HIDDEN}")),
            (error(403, "SignatureDoesNotMatch"), "it answered 403 (SignatureDoesNotMatch)".to_owned()),
            (answered(403, ""), "it answered 403".to_owned()),
            (error(503, "Slow Down\n"), "it answered 503".to_owned()),
            (Reply::Failed(CallFailure::TimedOut), "it did not answer in time".to_owned()),
        ] {
            assert_eq!(judge_presence(&reply), Stored::Unavailable(why));
        }
    }

    #[test]
    fn a_write_is_done_or_needless_or_says_whether_to_try_again() {
        for status in [200, 201, 204] {
            assert_eq!(judge_write(&answered(status, "")), Written::Stored);
        }
        assert_eq!(judge_write(&error(412, "PreconditionFailed")), Written::Exists);
        for (reply, label, passing) in [
            (error(409, "ConditionalRequestConflict"), "conflict", true),
            (answered(507, ""), "full", false),
            (error(501, "NotImplemented"), "unsupported", false),
            (error(403, "AccessDenied"), "refused", false),
            (error(400, "RequestTimeout"), "refused", true),
            (error(400, "EntityTooSmall"), "refused", false),
            (error(503, "SlowDown"), "refused", true),
            (Reply::Failed(CallFailure::Dropped), "dropped", true),
            (Reply::Failed(CallFailure::Misconfigured), "misconfigured", false),
        ] {
            let Written::Failed(trouble) = judge_write(&reply) else { panic!("{reply:?}") };
            assert_eq!((trouble.outcome.as_str(), trouble.passing), (label, passing), "{reply:?}");
        }
    }
}
