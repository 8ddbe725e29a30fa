//! The one place where a status, a `Cache-Control` and the other headers of an answer are chosen.
//!
//! | what happened | status | `Cache-Control` |
//! |---|---|---|
//! | an immutable document | 200 or 304 | a day, `immutable` |
//! | a mutable document | 200 or 304 | what is left of its freshness |
//! | a zip that storage hands out itself | 302 | `no-store`: the address is good for minutes |
//! | a zip that its source redirects, which was learnt just now | 307, to itself | `no-store` |
//! | a zip, to a HEAD | 200, without a length where its source does not say it | a day, `immutable` |
//! | a file of the mirror of advisories | 200 or 304 | as a list |
//! | none exists | 404 or 410, as the source said | what is left of the negative freshness |
//! | a rule or an upstream forbids it | 403 | `no-store` |
//! | a delivery of a webhook | 202 | `no-store` |
//! | a build that is fetched | 202, with where that is shown | `no-store` |
//! | such a delivery that is not signed | 401 | `no-store` |
//! | malformed | 400, 405 | `no-store` |
//! | what the storage cannot list | 501 | `no-store` |
//! | a body that a page does not take | 408, 411, 413 | `no-store` |
//! | an upstream fails, is overloaded, is slow | 502, 503, 504, with `Retry-After` | `no-store` |
//!
//! An answer that may be cached is also `private` where the module is private, where rules depend on the caller, and wherever `callers` are
//! configured; nothing is `public`.
//!
//! 404 and 410 make the go command ask its next proxy, then the origin; a refusal or an outage must never look like them.

use std::time::Duration;

use super::{BodyFault, Document, Etag, Failure, FailureKind, Found, Missing, Refusal, Zip};
use crate::{
    gomod::is_graphic,
    http::{Account, Body, Cache, Length, Monitored, Response},
};

/// Everything this proxy answers by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// What was sent was taken, and what comes of it is not waited for.
    Accepted,
    /// The same, and what comes of it is shown on a page.
    Begun {
        /// Where, as the last elements of its path.
        page: String,
        /// The same for who sent it, as JSON.
        body: String,
    },
    /// It is to be asked for once more, for its source redirects and will be asked where to.
    Again {
        /// Itself, as the last element of its path.
        file: &'a str,
        /// The source that has it.
        cache: Cache,
    },
    /// It is to be had there.
    Elsewhere {
        /// The URL.
        to: &'a str,
        /// The source that has it there.
        cache: Cache,
    },
    /// No source could say.
    Failed(&'a Failure),
    /// A document.
    Found {
        /// Which.
        document: &'a Document,
        /// Its bytes.
        found: &'a Found,
        /// How long caches may keep it.
        validity: Validity,
        /// Where it came from.
        cache: Cache,
    },
    /// There is no such document.
    Missing {
        /// The source that says so.
        missing: &'a Missing,
        /// How long caches may keep that.
        validity: Validity,
        /// Where that came from.
        cache: Cache,
    },
    /// A file of the mirror of advisories.
    Mirrored {
        /// Its bytes.
        body: &'a Body,
        /// Its media type.
        content_type: &'static str,
        /// Its entity tag.
        etag: Etag,
        /// How long caches may keep it.
        validity: Validity,
    },
    /// One of our own pages.
    Page {
        /// Whether what it reports is as it should be.
        healthy: bool,
        /// Its media type.
        content_type: &'static str,
        /// Its bytes.
        body: String,
    },
    /// A zip is there: the answer to a HEAD.
    Present {
        /// How long caches may keep that.
        validity: Validity,
        /// The source that has it.
        cache: Cache,
        /// How many bytes it has, where that is known.
        length: Option<u64>,
        /// Its entity tag.
        etag: Option<&'a str>,
        /// When it was last modified.
        last_modified: Option<&'a str>,
    },
    /// The request was turned away.
    Refused(&'a Refusal),
    /// A checksum database is served here.
    Supported,
}

/// What of the request shapes the answer beside its target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    /// Its `If-None-Match`.
    pub if_none_match: Option<String>,
}

/// How long an answer may be cached, and by which caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From now on; `None` for what never changes.
    pub fresh_for: Option<Duration>,
    /// The clients that caches may give it to again.
    pub audience: Audience,
}

/// The clients that caches may give an answer to again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Only the caller that it was for: another caller may be answered otherwise.
    Caller,
    /// All clients: any cache may keep it. It does not say `public`, which would let a shared cache give to all clients what was an answer
    /// to one that had signed in (RFC 9111, section 3.5). Without `public`, a shared cache keeps answers to requests without an
    /// `Authorization`, and no others.
    Everybody,
    /// All clients of this gateway: shared caches, which others may read, do not keep it.
    Gateway,
}

impl Validity {
    /// The `Cache-Control` for it.
    pub fn cache_control(self) -> String {
        let scope = if self.audience == Audience::Everybody { "" } else { "private, " };
        match self.fresh_for {
            // Rounded down: never longer than it is true.
            Some(left) => format!("{scope}max-age={}", left.as_secs()),
            None => format!("{scope}max-age={IMMUTABLE_SECONDS}, immutable"),
        }
    }
}

impl Answer<'_> {
    /// The whole response, which counts as this.
    pub fn respond(&self, asker: &Asker, account: Account) -> Response {
        match self {
            Self::Accepted => Response {
                status: 202,
                headers: vec![no_store()],
                body: Body::default(),
                length: Length::Body,
                account,
                monitored: None,
                retracted: None,
            },
            Self::Again { file, cache } => {
                let location = ("location", (*file).to_owned());
                let headers = vec![location, (CACHE_HEADER, cache.as_str().to_owned()), no_store()];
                Response {
                    status: 307,
                    headers,
                    body: Body::default(),
                    length: Length::Body,
                    account,
                    monitored: None,
                    retracted: None,
                }
            }
            Self::Begun { page, body } => Response {
                status: 202,
                headers: vec![
                    ("location", page.clone()),
                    ("content-type", "application/json".to_owned()),
                    no_store(),
                ],
                body: body.clone().into(),
                length: Length::Body,
                account,
                monitored: None,
                retracted: None,
            },
            Self::Elsewhere { to, cache } => {
                let location = ("location", (*to).to_owned());
                let headers = vec![location, (CACHE_HEADER, cache.as_str().to_owned()), no_store()];
                Response {
                    status: 302,
                    headers,
                    body: Body::default(),
                    length: Length::Body,
                    account,
                    monitored: None,
                    retracted: None,
                }
            }
            Self::Failed(failure) => failed(failure, account),
            Self::Found { document, found, validity, cache } => {
                let is_known = asker.if_none_match.as_deref().is_some_and(|tags| found.etag.matches(tags));
                let headers = vec![
                    ("cache-control", validity.cache_control()),
                    ("etag", found.etag.to_string()),
                    (CACHE_HEADER, cache.as_str().to_owned()),
                    ("content-type", document.content_type().to_owned()),
                ];
                let whole = Response {
                    status: 200,
                    headers,
                    body: found.body.clone(),
                    length: Length::Body,
                    account,
                    monitored: None,
                    retracted: None,
                };
                if is_known { not_modified(&whole) } else { whole }
            }
            Self::Missing { missing, validity, cache } => {
                let mut response = text(if missing.gone { 410 } else { 404 }, &missing.reason, account);
                response.headers.push(("cache-control", validity.cache_control()));
                response.headers.push((CACHE_HEADER, cache.as_str().to_owned()));
                response
            }
            Self::Mirrored { body, content_type, etag, validity } => {
                let is_known = asker.if_none_match.as_deref().is_some_and(|tags| etag.matches(tags));
                let whole = Response {
                    status: 200,
                    headers: vec![
                        ("cache-control", validity.cache_control()),
                        ("etag", etag.to_string()),
                        ("content-type", (*content_type).to_owned()),
                    ],
                    body: (*body).clone(),
                    length: Length::Body,
                    account,
                    monitored: None,
                    retracted: None,
                };
                if is_known { not_modified(&whole) } else { whole }
            }
            Self::Page { healthy, content_type, body } => Response {
                status: if *healthy { 200 } else { 503 },
                headers: vec![("content-type", (*content_type).to_owned()), no_store()],
                body: body.clone().into(),
                length: Length::Body,
                account,
                monitored: None,
                retracted: None,
            },
            Self::Present { validity, cache, length, etag, last_modified } => {
                let mut headers = vec![
                    ("cache-control", validity.cache_control()),
                    (CACHE_HEADER, cache.as_str().to_owned()),
                    ("content-type", Zip::CONTENT_TYPE.to_owned()),
                ];
                headers.extend(etag.map(|etag| ("etag", etag.to_owned())));
                headers.extend(last_modified.map(|date| ("last-modified", date.to_owned())));
                Response {
                    status: 200,
                    headers,
                    body: Body::default(),
                    length: length.map_or(Length::Unsaid, Length::Said),
                    account,
                    monitored: None,
                    retracted: None,
                }
            }
            Self::Refused(refusal) => refused(refusal, account),
            Self::Supported => Response {
                status: 200,
                headers: vec![("content-type", TEXT.to_owned()), no_store()],
                body: Body::default(),
                length: Length::Body,
                account,
                monitored: None,
                retracted: None,
            },
        }
    }
}

/// The answer to a client that has the document already: 304 in place of the whole of it.
pub fn not_modified(whole: &Response) -> Response {
    let headers = whole.headers.iter().filter(|(name, _)| *name != "content-type").cloned().collect();
    let (body, length) = (Body::default(), Length::Body);
    let Response { account, ref monitored, retracted, .. } = *whole;
    Response { status: 304, headers, body, length, account, monitored: monitored.clone(), retracted }
}

/// Marks an answer to a request of which a rule that is not enforced would have decided otherwise: it counts as that, and says so.
pub fn mark(response: &mut Response, monitored: &Monitored) {
    response.headers.push((MONITORED_HEADER, monitored_by(monitored)));
    response.monitored = Some(monitored.clone());
}

/// What the header of such an answer says: which rule, and whether that depends on an age that is not known.
pub fn monitored_by(Monitored { rule, undated }: &Monitored) -> String {
    if *undated { format!("{rule}; undated") } else { rule.clone() }
}

/// The `Cache-Control` in place of this one of an answer that a cache is to ask for again each time.
pub fn doubt(cache_control: &str) -> String {
    let Some((scope, _)) = cache_control.split_once("max-age=") else { return cache_control.to_owned() };
    format!("{scope}max-age=0")
}

fn failed(failure: &Failure, account: Account) -> Response {
    let status = match failure.kind {
        FailureKind::Bad | FailureKind::Forged => 502,
        FailureKind::Forbidden => 403,
        FailureKind::Overloaded => 503,
        FailureKind::Slow => 504,
    };
    let mut response = uncached(status, &failure.reason, account);
    if status != 403 {
        let seconds = failure.retry_after.unwrap_or(RETRY_SECONDS);
        response.headers.push(("retry-after", seconds.to_string()));
    }
    response
}

fn refused(refusal: &Refusal, account: Account) -> Response {
    match refusal {
        Refusal::Malformed(reason) => uncached(400, reason, account),
        Refusal::Method { method, allow } => {
            let answers = match *allow {
                READ => "a module proxy answers GET and HEAD".to_owned(),
                allow => format!("this page answers {allow}"),
            };
            let mut response = uncached(405, &format!("method {method} not allowed: {answers}"), account);
            response.headers.push(("allow", (*allow).to_owned()));
            response
        }
        Refusal::Body { fault, reason } => {
            let status = match fault {
                BodyFault::Late => 408,
                BodyFault::Long => 413,
                BodyFault::Unsized => 411,
            };
            uncached(status, reason, account)
        }
        Refusal::Forbidden { reason, .. } => uncached(403, reason, account),
        Refusal::Unknown(reason) => uncached(404, reason, account),
        Refusal::Unsigned(reason) => {
            let mut response = uncached(401, reason, account);
            // RFC 9110, section 15.5.2: it names a scheme. The scheme of a webhook has no registered name.
            response.headers.push(("www-authenticate", "Signature".to_owned()));
            response
        }
        Refusal::Unsupported(reason) => uncached(501, reason, account),
    }
}

fn uncached(status: u16, reason: &str, account: Account) -> Response {
    let mut response = text(status, reason, account);
    response.headers.push(no_store());
    response
}

fn text(status: u16, reason: &str, account: Account) -> Response {
    let headers = vec![("content-type", TEXT.to_owned()), ("x-content-type-options", "nosniff".to_owned())];
    Response {
        status,
        headers,
        body: printable(reason).into(),
        length: Length::Body,
        account,
        monitored: None,
        retracted: None,
    }
}

fn no_store() -> (&'static str, String) {
    ("cache-control", "no-store".to_owned())
}

/// `reason` as the go command shows it: of a body with anything unprintable it shows nothing, and of others at most 8 lines and
/// 648 bytes. A line that goes beyond is not shown in part.
fn printable(reason: &str) -> String {
    let mut shown = String::new();
    // As the go command counts, and one more for the last line feed.
    let mut counted = 1;
    for line in reason.lines().filter(|line| !line.trim().is_empty()).take(MAX_LINES) {
        if counted >= MAX_BYTES {
            break;
        }
        for character in line.chars().filter(|character| is_graphic(*character)) {
            if counted + character.len_utf8() > MAX_BYTES {
                break;
            }
            counted += character.len_utf8();
            shown.push(character);
        }
        shown.push('\n');
        // The next line is indented by a tab.
        counted += 2;
    }
    shown
}

/// The methods of all but a few pages, as `Allow` lists them.
pub const READ: &str = "GET, HEAD";

/// What a person reads. An empty body has a type too: it is by the type that the host's loss of the length is made good.
const TEXT: &str = "text/plain; charset=utf-8";

/// Says where an answer came from.
pub const CACHE_HEADER: &str = "x-modgate-cache";

/// Names the rule that would have decided otherwise if it were enforced.
pub const MONITORED_HEADER: &str = "x-modgate-monitored";

/// Says why the author of a module has retracted the version.
pub const RETRACTED_HEADER: &str = "x-modgate-retracted";

/// Says why the author of a module calls it deprecated.
pub const DEPRECATED_HEADER: &str = "x-modgate-deprecated";

/// What never changes is kept for a day and then asked for again, at the price of a 304. Otherwise a cache that no operator can clear would
/// ignore a new rule for a year.
const IMMUTABLE_SECONDS: u32 = 86_400;

/// When to try again where the failing upstream did not say: soon, for most outages are short.
const RETRY_SECONDS: u32 = 5;

/// cmd/go/internal/web shows no line of an error text that goes beyond these.
const MAX_LINES: usize = 8;
const MAX_BYTES: usize = 648;

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether cmd/go/internal/web (`formatErrorDetail`) shows all lines of a text.
    fn is_shown(text: &str) -> bool {
        let mut length = 0;
        text.lines().enumerate().all(|(at, line)| {
            length += line.len() + if at > 0 { "\n\t".len() } else { 0 };
            at < 8 && length <= 648
        })
    }

    #[test]
    fn of_every_reason_the_go_command_shows_all_that_is_left() {
        for count in 1..12 {
            for length in (1..=700).step_by(3) {
                let text = printable(&format!("{}\n", "x".repeat(length)).repeat(count));
                assert!(is_shown(&text) && text.len() <= MAX_BYTES, "{count} lines of {length}: {text}");
                let is_whole = is_shown(&format!("{}\n", "x".repeat(length + 1)).repeat(count));
                assert!(!is_whole || text.len() == (length + 1) * count, "{count} lines of {length}: {text}");
            }
        }
    }
}
