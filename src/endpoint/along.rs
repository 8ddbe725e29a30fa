//! What of a client's request goes along when it is routed: what says which bytes it wants, and what traces it. Everything else
//! stays here, above all `authorization`, `cookie` and `x-forwarded-for`.
//!
//! **No client can have storage refuse what it asks for.** A server answers 400 or 431 to a head that is too large or malformed,
//! and what one client was answered must not become what is known of the object. So a header goes along only where it has the
//! form it should have and a length that every server takes. Without a condition or a range the client gets the whole (RFC
//! 9110, sections 13.1 and 14.2), without a trace it begins anew.

use crate::http::http_date;

/// Whether this header of a client's request, its name in lower case, may go along.
///
/// One header by itself: see [`left_behind`] for what several together may be.
pub fn goes(name: &str, value: &str) -> bool {
    match name {
        // Without it Envoy finds no route at all; the route removes it afterwards.
        "x-forwarded-proto" => true,
        "x-request-id" => {
            !value.is_empty() && value.len() <= MAX_REQUEST_ID && value.bytes().all(|b| b.is_ascii_graphic())
        }
        "traceparent" => is_traceparent(value),
        "tracestate" => {
            value.len() <= MAX_TRACESTATE && value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        }
        _ if selects(name) => value.len() <= MAX_CONDITION && is_condition(name, value),
        _ => name.starts_with(':'),
    }
}

/// The names, in lower case, of those `headers` of a client's request that may not go along: every name once.
///
/// What [`goes`] lets along by itself stays as well where it comes twice, so that lengths do not add up; `tracestate` without a
/// `traceparent` that goes means nothing (W3C Trace Context, section 3.3).
pub fn left_behind<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<&'a str> {
    let headers: Vec<_> = headers.collect();
    let count = |name: &str| headers.iter().filter(|(other, _)| *other == name).count();
    let may_go = |(name, value): (&str, &str)| goes(name, value) && count(name) == 1;
    let is_traced = headers.iter().any(|header| header.0 == "traceparent" && may_go(*header));
    let mut names: Vec<_> = headers
        .iter()
        .filter(|header| !may_go(**header) || header.0 == "tracestate" && !is_traced)
        .map(|(name, _)| *name)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a client's header says which bytes it wants, or whether it wants any.
pub fn selects(header: &str) -> bool {
    matches!(
        header,
        "if-match" | "if-modified-since" | "if-none-match" | "if-range" | "if-unmodified-since" | "range"
    )
}

fn is_condition(name: &str, value: &str) -> bool {
    match name {
        "if-match" | "if-none-match" => value == "*" || value.split(',').map(str::trim).all(is_tag),
        "if-range" => is_tag(value) || http_date(value).is_some(),
        "range" => value.strip_prefix("bytes=").is_some_and(is_range),
        _ => http_date(value).is_some(),
    }
}

/// An entity tag (RFC 9110, 8.8.3), in ASCII.
fn is_tag(tag: &str) -> bool {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag);
    opaque
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .is_some_and(|tag| tag.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
}

/// One range (RFC 9110, 14.1.2). Several are for a server to refuse or to multiply its work by, and no go command asks for them.
fn is_range(range: &str) -> bool {
    let Some((first, last)) = range.split_once('-') else { return false };
    let is_number = |text: &str| text.len() <= MAX_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    let is_ordered = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) => first <= last,
        _ => true,
    };
    is_number(first) && is_number(last) && !(first.is_empty() && last.is_empty()) && is_ordered
}

/// W3C Trace Context, section 3.2: version, trace, parent and flags, in small hexadecimal letters; neither the invalid version nor an id of
/// zeros. A later version may have more behind, which cannot be checked.
fn is_traceparent(value: &str) -> bool {
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |text: &str, length| is_hex(text, length) && text.bytes().any(|b| b != b'0');
    let mut parts = value.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(version), Some(trace), Some(parent), Some(flags), None) => {
            is_hex(version, 2) && version != "ff" && is_id(trace, 32) && is_id(parent, 16) && is_hex(flags, 2)
        }
        _ => false,
    }
}

/// The go command sends none of these; tags of stores have up to some 40 bytes, and a browser sends one.
const MAX_CONDITION: usize = 256;

/// Bytes of a list that every proxy has to pass on (W3C Trace Context, section 3.3.1.5).
const MAX_TRACESTATE: usize = 512;

/// Envoy's own have 36 bytes; others' ids have fewer than this.
const MAX_REQUEST_ID: usize = 128;

/// No object has more bytes than this has digits, and every server can count so far.
const MAX_DIGITS: usize = 18;

#[cfg(test)]
mod tests;
