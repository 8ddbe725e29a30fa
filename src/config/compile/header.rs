//! Which request headers a configuration may set, and which may carry the route.

use crate::config::Match;
use crate::config::problems::{Collector, Path, quoted};

/// They belong to one connection, not to the request (RFC 9110, 7.6.1); HTTP/2 has no place for them.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What decides how an answer is read is the filter's to say, per request. Fixed, they would spoil every answer.
const OWN: &[&str] = &["accept-encoding", "content-length", "expect", "host", "range"];

/// Headers that have a meaning already; a cluster's name in one of them would replace it.
const STANDARD: &[&str] = &[
    "accept",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "cookie",
    "date",
    "etag",
    "expires",
    "forwarded",
    "from",
    "last-modified",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "referer",
    "retry-after",
    "server",
    "set-cookie",
    "traceparent",
    "tracestate",
    "user-agent",
    "vary",
    "via",
    "x-real-ip",
    "x-request-id",
];

/// Families of headers that have a meaning already.
const STANDARD_FAMILIES: &[&str] =
    &["accept-", "access-control-", "content-", "if-", "proxy-", "sec-", "x-b3-", "x-envoy-", "x-forwarded-"];

/// The name of a header that carries the route, or a part of it, in lower case.
pub(super) fn carrier(raw: Option<&str>, default: &str, at: &Path, found: &mut Collector) -> String {
    let Some(name) = raw else { return default.to_owned() };
    let lower = name.to_ascii_lowercase();
    let is_taken = [HOP_BY_HOP, OWN, STANDARD].concat().contains(&lower.as_str())
        || STANDARD_FAMILIES.iter().any(|family| lower.starts_with(family));
    if !is_token(&lower) {
        found.note(at, format!("{} is not a header name", quoted(name)));
    } else if is_taken {
        found.note(at, format!("{} has a meaning of its own; take one such as {default}", quoted(name)));
    }
    lower
}

/// Whether a configured header may be added to requests. `name` is in lower case.
pub(super) fn may_be_added(name: &str, matching: &Match) -> Result<(), &'static str> {
    if name.starts_with(':') {
        Err("pseudo-headers come from `url` (or `authority` and `path_prefix`)")
    } else if !is_token(name) {
        Err("not a header name")
    } else if HOP_BY_HOP.contains(&name) {
        Err("it belongs to a connection; Envoy sets it")
    } else if name == "host" {
        Err("it comes from `url` or `authority`")
    } else if OWN.contains(&name) || name.starts_with("if-") {
        Err("Modgate sets it for each request")
    } else {
        is_no_header_of_the_route(name, matching)
    }
}

/// Whether a request header may say who asks. `name` is in lower case.
pub(super) fn may_name_callers(name: &str, matching: &Match) -> Result<(), &'static str> {
    if name.starts_with(':') || !is_token(name) {
        Err("not a header name")
    } else if matches!(name, "authorization" | "cookie") || name.starts_with("proxy-") {
        Err(
            "it is a credential, which Modgate does not check; take the header in which the gateway puts the name",
        )
    } else if name == "x-forwarded-client-cert" {
        Err("it says many things; take `xfcc`")
    } else if [HOP_BY_HOP, OWN, STANDARD].concat().contains(&name)
        || name.starts_with("if-")
        || matches!(name, "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto")
    {
        Err("it has a meaning of its own")
    } else {
        is_no_header_of_the_route(name, matching)
    }
}

fn is_no_header_of_the_route(name: &str, matching: &Match) -> Result<(), &'static str> {
    if name == matching.route_header {
        Err("it carries the route (match.route_header)")
    } else if name == matching.host_header {
        Err("it carries the route's host (match.host_header)")
    } else {
        Ok(())
    }
}

/// Printable ASCII, and no blank where a proxy would trim one.
pub(super) fn is_value(value: &str) -> bool {
    value.trim() == value && value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

/// A token (RFC 9110, 5.6.2).
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
