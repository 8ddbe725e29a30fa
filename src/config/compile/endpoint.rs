//! Endpoints: where requests go and what they carry.

use serde_json::{Map, Value};

use super::{header, path};
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::RawEndpoint;
use crate::config::{Config, Endpoint, Match, Redirects, Scheme, host, limits};

pub(super) fn endpoint(
    raw: &RawEndpoint<'_>,
    at: &Path,
    matching: &Match,
    found: &mut Collector,
) -> Endpoint {
    let reached_by = cluster(raw.cluster, &at.key("cluster"), found);
    let (scheme, authority, path_prefix) = match raw.url {
        Some(url) => by_url(url, raw, at, found),
        None => by_parts(raw, at, found),
    };
    Endpoint {
        cluster: reached_by,
        authority,
        scheme,
        path_prefix,
        headers: headers(raw.headers, &at.key("headers"), matching, found),
        timeout: raw.timeout_setting.read(raw.timeout, at, found),
        http2: false,
        egress: None,
        redirects: Redirects::read(raw.redirects, &at.key("redirects"), found, cluster),
    }
}

/// What people call the proxy on the way to an endpoint. It stands in the middle of a sentence.
pub(super) fn egress(raw: Option<&str>, at: &Path, found: &mut Collector) -> Option<String> {
    let name = raw?;
    let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    // Before an @ stands a password.
    if !is_word || name.len() > limits::MAX_EGRESS_BYTES || name.contains('@') {
        let most = limits::MAX_EGRESS_BYTES;
        found.note(at, format!("it is not 1 to {most} characters of ASCII without blanks and `@`, such as http-proxy.internal:3128"));
        return None;
    }
    Some(name.to_owned())
}

/// What to say of headers that downloads may lack: no filter can see whether the gateway's route adds them.
pub(super) fn unconfided(config: &Config) -> Vec<String> {
    let upstreams = config.upstreams.iter().enumerate();
    let upstreams = upstreams.map(|(n, upstream)| (format!("upstreams[{n}]"), &upstream.endpoint));
    let storage = config.storage.iter().map(|storage| ("storage".to_owned(), &storage.endpoint));
    let warn = |at: &str, name: &str| {
        format!(
            "{at}.headers.{name}: a download carries it only where the gateway's download route adds it, by \
             {{header: {{key: {name}, value: \"%FILTER_STATE(wasm.modgate.{name}:PLAIN)%\"}}}} in request_headers_to_add"
        )
    };
    let named = upstreams.chain(storage).flat_map(|(at, endpoint)| {
        let names = endpoint.headers.iter().map(|(name, _)| name.as_str());
        let unknown = names.filter(|name| !limits::CONFIDED_HEADERS.contains(name));
        unknown.map(|name| warn(&at, name)).collect::<Vec<_>>()
    });
    named.collect()
}

/// The name an upstream has by default: what it is addressed to, made fit for a metric.
pub(super) fn name_of(authority: &str) -> String {
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' { c } else { '_' };
    authority.chars().map(plain).take(limits::MAX_NAME_BYTES).collect()
}

/// Any name Envoy and Istio give, such as `outbound|443||proxy.golang.org`.
fn cluster(raw: Option<&str>, at: &Path, found: &mut Collector) -> String {
    match raw {
        None => found.note(at, "missing: the name of the Envoy cluster that reaches it"),
        Some("") => found.note(at, "empty: it must name the Envoy cluster that reaches it"),
        Some(name) if name.contains(|c: char| c.is_control() || c.is_whitespace()) => {
            found.note(
                at,
                format!("{} is not a cluster name: it has blanks or control characters", quoted(name)),
            );
        }
        Some(_) => {}
    }
    raw.unwrap_or_default().to_owned()
}

fn by_url(url: &str, raw: &RawEndpoint<'_>, at: &Path, found: &mut Collector) -> (Scheme, String, String) {
    let parts = [
        ("scheme", raw.scheme.is_some()),
        ("authority", raw.authority.is_some()),
        ("path_prefix", raw.path_prefix.is_some()),
    ];
    for (name, _) in parts.into_iter().filter(|(_, is_given)| *is_given) {
        found.note(&at.key(name), "`url` says it already; keep one of the two");
    }
    split(url, &at.key("url"), found)
}

/// A URL as scheme, authority and path prefix.
pub(super) fn split(url: &str, at: &Path, found: &mut Collector) -> (Scheme, String, String) {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
        // The rest of the text is not quoted in any of these: a URL may carry credentials.
        _ => {
            found.note(at, "a URL begins with http:// or https://");
            return (Scheme::Https, String::new(), String::new());
        }
    };
    let split = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, prefix) = rest.split_at_checked(split).unwrap_or((rest, ""));
    let authority = host::authority(authority).unwrap_or_else(|why| {
        found.note(at, format!("its host: {why}"));
        String::new()
    });
    let prefix = path::normalised(prefix, path::Escapes::Kept).unwrap_or_else(|why| {
        found.note(at, format!("its path: {why}"));
        String::new()
    });
    (scheme, authority, prefix)
}

fn by_parts(raw: &RawEndpoint<'_>, at: &Path, found: &mut Collector) -> (Scheme, String, String) {
    let here = at.key("authority");
    let authority = match raw.authority {
        // A `url` of the wrong type has been noted; it would have told.
        None if found.covers(&at.key("url")) => String::new(),
        None => {
            found.note(&here, "missing: give `url`, or the host it is addressed to");
            String::new()
        }
        Some(text) => host::authority(text).unwrap_or_else(|why| {
            found.note(&here, why);
            String::new()
        }),
    };
    let path_prefix = path::endpoint_prefix(raw.path_prefix, &at.key("path_prefix"), found);
    (raw.scheme.unwrap_or_default(), authority, path_prefix)
}

/// Checks every header. No message quotes a value: it may be a credential.
fn headers(
    raw: Option<&Map<String, Value>>,
    at: &Path,
    matching: &Match,
    found: &mut Collector,
) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in raw.into_iter().flatten() {
        let (at, name) = (at.key(name.clone()), name.to_ascii_lowercase());
        if let Err(why) = header::may_be_added(&name, matching) {
            found.note(&at, why);
        } else if headers.iter().any(|(known, _)| *known == name) {
            found.note(&at, "given twice; the case of a header's name says nothing");
        }
        match value {
            Value::String(value) if header::is_value(value) => headers.push((name, value.clone())),
            Value::String(_) => {
                found.note(&at, "a header's value is printable ASCII, with no blank at its ends");
            }
            _ => found.note(&at, "a header's value is text"),
        }
    }
    headers
}
