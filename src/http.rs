//! HTTP as values: what a stream asks, what is answered, what a callout sends and what came of it.

mod account;
mod body;
mod cache_control;
mod coding;
mod date;
mod end;
pub mod gzip;
mod headers;
mod ranged;
mod reply;

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

pub use self::account::{Account, BodyEnd, Cache, Ending, Kind, Monitored, RetractedAs};
pub use self::body::Body;
pub use self::cache_control::{CacheControl, delta_seconds};
pub use self::coding::{BadCoding, Decoder};
pub use self::date::http_date;
pub use self::headers::Headers;
pub use self::ranged::{Piece, Ranged};
pub use self::reply::{AnswerKind, CallFailure, CallOutcome, Reply};

/// The head of a client's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// The method as sent, e.g. `GET`.
    pub method: String,
    /// `:authority` (HTTP/2) or `Host`, with its port if it had one.
    pub authority: String,
    /// The raw path with its query, exactly as the client sent it.
    pub path: String,
    /// Every other header.
    pub headers: Headers,
    /// The host's attributes that say who asks, in the order in which they were configured.
    pub properties: Vec<Property>,
    /// Whether nothing follows it, no body and no trailers.
    pub ends: bool,
}

/// An attribute of the host. A missing attribute and an unreadable one are different: a caller whose attribute cannot be read is not
/// anonymous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// There is none of that name.
    Absent,
    /// There is one, and it is no text.
    NoText,
    /// A text, or the texts of a list.
    Texts(Vec<String>),
    /// There is one, and the host cannot hand it over: Envoy cannot where a value holds a null, at any depth.
    Unreadable,
}

/// Reads one header of a request by its name in lower case, or a pseudo-header; the first where it is repeated. Asking the
/// host for a few is cheaper than taking them all.
pub type ReadHeader<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The head of a response that a routed stream got from its upstream (or from the router itself).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status.
    pub status: u16,
    /// Every header but `:status`.
    pub headers: Headers,
    /// Why no upstream gave it, where the host made it itself.
    pub failed: Option<CallFailure>,
    /// The cluster that answered, where the host says so.
    pub cluster: Option<String>,
    /// Whether nothing follows it, no body and no trailers.
    pub ends: bool,
}

/// A whole response, made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers beside `content-length`, which the host sets.
    pub headers: Vec<(&'static str, String)>,
    /// The body; for a HEAD request too, the host then sends its length alone.
    pub body: Body,
    /// Which length it says that it has.
    pub length: Length,
    /// What it counts as.
    pub account: Account,
    /// What would have been decided of its request if all of the policy were enforced.
    pub monitored: Option<Monitored>,
    /// What counts of a version that is retracted, or may be.
    pub retracted: Option<RetractedAs>,
}

/// Which length a response says that it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Length {
    /// That of its body.
    #[default]
    Body,
    /// This one: it is the answer to a HEAD, and who answers has no body that has it.
    Said(u64),
    /// Unknown: it is the answer to a HEAD without a length.
    Unsaid,
}

/// A request this filter makes of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callout {
    /// The cluster, by its name, or by [`Callout::address`] where the host knows no names.
    pub cluster: String,
    /// `GET`, `HEAD`, `PUT`, `POST` or `DELETE`.
    pub method: &'static str,
    /// `http` or `https`, sent as `:scheme`.
    pub scheme: &'static str,
    /// `:authority`.
    pub authority: String,
    /// The percent-encoded path.
    pub path: String,
    /// Every other header.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Body,
    /// After this the host gives up and says [`CallFailure::TimedOut`] or [`CallFailure::Broken`].
    pub timeout: Duration,
}

/// Milliseconds since the Unix epoch, by the host's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp(pub u64);

impl RequestHead {
    /// Whether the method is one this proxy answers.
    pub fn is_read(&self) -> bool {
        is_read(&self.method)
    }

    /// Whether the head alone is asked for.
    pub fn is_head(&self) -> bool {
        is_head(&self.method)
    }

    /// Bytes of what the client sent, as far as its host keeps it.
    pub fn bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        headers + self.method.len() + self.authority.len() + self.path.len()
    }

    /// One header or pseudo-header, as a [`ReadHeader`] gives it.
    pub fn value(&self, name: &str) -> Option<String> {
        let value = match name {
            ":authority" => Some(self.authority.as_str()),
            ":method" => Some(self.method.as_str()),
            ":path" => Some(self.path.as_str()),
            _ => self.headers.first(name),
        };
        value.map(str::to_owned)
    }
}

/// Whether the method is one this proxy answers.
pub fn is_read(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

/// Whether the method asks for the head of an answer alone.
pub fn is_head(method: &str) -> bool {
    method == "HEAD"
}

impl Callout {
    /// Where its host can be reached, with a port.
    pub fn address(&self) -> String {
        let has_port =
            |(_, port): (&str, &str)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        if self.authority.rsplit_once(':').is_some_and(has_port) {
            return self.authority.clone();
        }
        let port = if self.scheme == "http" { 80 } else { 443 };
        format!("{}:{port}", self.authority)
    }
}

impl ResponseHead {
    /// Bytes of the body, where it says so.
    pub fn content_length(&self) -> Option<u64> {
        self.headers.first("content-length")?.trim().parse().ok()
    }
}

/// The end of the year 9999, in milliseconds: beyond, there is no such format.
const LAST: u64 = 253_402_300_799_000;

/// How far the times of two workers may lie apart: they read one clock, each when an event of its own began.
pub const SKEW: Duration = Duration::from_secs(2);

impl Timestamp {
    /// The time `later` than this.
    #[must_use]
    pub fn after(self, later: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(later.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The time `earlier` than this; the beginning of all where there is none.
    #[must_use]
    pub fn before(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(earlier.as_millis()).unwrap_or(u64::MAX)))
    }

    /// As RFC 3339 has it, in whole seconds and UTC; the end of the year 9999 for what is later.
    pub fn rfc3339(self) -> String {
        let time = UNIX_EPOCH.checked_add(Duration::from_millis(self.0.min(LAST))).unwrap_or(UNIX_EPOCH);
        humantime::format_rfc3339_seconds(time).to_string()
    }

    /// The time from `earlier` to this, nothing if it is later (clocks are set back).
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Whether this is less than `time` after `earlier`. What is from before the clock was set back says nothing.
    pub fn is_within(self, time: Duration, earlier: Self) -> bool {
        self.since(earlier) < time && earlier.is_credible(self)
    }

    /// Whether this, which some worker noted, is not from before the clock was set back. It may be a little ahead of `now`: that
    /// worker's event began later than this one's.
    pub fn is_credible(self, now: Self) -> bool {
        self.since(now) <= SKEW
    }
}
