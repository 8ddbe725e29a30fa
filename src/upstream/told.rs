//! What of an upstream's own words may be shown: to clients, in logs, on pages.
//!
//! An upstream's answer can hold what was meant for this gateway alone. A `Location` is presigned, or has a name and password before
//! its host, or a token as an element of its path; an error text of git names the address it was told to fetch from, with the
//! credentials in it.

use crate::http::Headers;

/// Where a `Location` leads, as far as it can be shown: to which host. The rest may be a credential.
pub(super) fn destination(location: Option<&str>) -> String {
    let Some(location) = location.map(str::trim).filter(|location| !location.is_empty()) else {
        return "nowhere".to_owned();
    };
    let (scheme, rest) = match location.split_once("//") {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => return "another path".to_owned(),
    };
    let host = rest.split(['/', '\\', '?', '#']).next().and_then(|authority| authority.rsplit('@').next());
    match host.filter(|host| is_host(host)) {
        Some(host) => format!("{scheme}//{host}"),
        None => "another address".to_owned(),
    }
}

/// The first line an upstream gave as its reason, if it gave one that is meant for people.
pub(super) fn said(headers: &Headers, body: &[u8]) -> String {
    let is_text = headers.first("content-type").is_some_and(|kind| kind.starts_with("text/plain"));
    let line = std::str::from_utf8(body)
        .ok()
        .and_then(|text| text.lines().next())
        .map(str::trim)
        .unwrap_or_default();
    if is_text && !line.is_empty() {
        let line: String = line.chars().filter(|character| !character.is_control()).collect();
        format!(": {}", without_secrets(&line).chars().take(MAX_SAID).collect::<String>())
    } else {
        String::new()
    }
}

/// `text`, and of every URL in it no name and password, no query and no fragment.
fn without_secrets(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("//") {
        let (before, after) = rest.split_at(at);
        shown.push_str(before);
        shown.push_str("//");
        let after = after.strip_prefix("//").unwrap_or_default();
        let (url, next) = after.split_at(after.find(ends_url).unwrap_or(after.len()));
        let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
        let (authority, path) = url.split_at(authority);
        // A password with a slash in it ends no authority that is one.
        if let Some(host) = authority.rsplit('@').next().filter(|host| is_host(host)) {
            shown.push_str(host);
            shown.push_str(path.split(['?', '#']).next().unwrap_or_default());
        }
        rest = next;
    }
    shown + rest
}

/// What stands behind a URL in a text, and in none.
fn ends_url(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '<' | '>' | '`' | '(' | ')' | ',')
}

/// The scheme and its colon, or neither.
fn is_scheme(text: &str) -> bool {
    text.is_empty() || matches!(text.to_ascii_lowercase().as_str(), "http:" | "https:")
}

/// Whether it has the form of a host, with or without a port: what has another may be anything.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (text, ""),
    };
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let is_address = |b: u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.bytes().all(is_address),
        None => host.bytes().all(is_name),
    };
    !host.is_empty() && is_host && text.len() <= MAX_HOST && port.bytes().all(|b| b.is_ascii_digit())
}

/// The longest name in DNS, and a port.
const MAX_HOST: usize = 259;

/// Leaves room, in the 648 bytes the go command shows, for who said it and what was asked.
const MAX_SAID: usize = 240;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_location_its_host_is_shown_alone() {
        for (location, want) in [
            ("https://else.example/x", "https://else.example"),
            ("HTTPS://Else.example:8443", "https://Else.example:8443"),
            ("https://user:SECRET@else.example/x", "https://else.example"),
            ("https://user:p@SECRET@else.example/x", "https://else.example"),
            ("https://user:SECRET@else.example?x@y", "https://else.example"),
            ("https://else.example/t/SECRET/x?sig=SECRET#SECRET", "https://else.example"),
            ("https://else.example?SECRET", "https://else.example"),
            ("https://else.example#SECRET", "https://else.example"),
            ("https://else.example\\SECRET", "https://else.example"),
            ("//user:SECRET@cdn.example/SECRET", "//cdn.example"),
            ("http://[::1]:80/SECRET", "http://[::1]:80"),
            ("/login?SECRET", "another path"),
            ("SECRET", "another path"),
            ("/SECRET//else.example/", "another path"),
            ("mailto:SECRET", "another path"),
            ("ftp://SECRET@h/", "another path"),
            ("https:/SECRET", "another path"),
            ("https:///SECRET", "another address"),
            ("https://user:SECRET@", "another address"),
            ("https://user:SEC/RET@else.example/", "another address"),
            ("https://se cret/", "another address"),
            ("https://\u{2028}h/", "another address"),
            (&format!("https://{}/", "x".repeat(400)), "another address"),
            ("", "nowhere"),
            (" ", "nowhere"),
        ] {
            let shown = destination(Some(location));
            assert_eq!(shown, want, "{location}");
            assert!(!["SEC", "RET"].iter().any(|part| shown.contains(part)), "{location}: {shown}");
        }
        assert_eq!(destination(None), "nowhere");
    }

    #[test]
    fn of_an_upstreams_reason_no_url_keeps_its_credentials() {
        let kind = [("content-type", "text/plain; charset=utf-8")].into_iter().collect();
        for (line, want) in [
            ("not found: no such version", ": not found: no such version"),
            (
                "fatal: unable to access 'https://bot:SECRET@git.example/a.git/': 403",
                ": fatal: unable to access 'https://git.example/a.git/': 403",
            ),
            ("ssh://git:SECRET@h/a and http://x:SECRET@h", ": ssh://h/a and http://h"),
            ("see https://h/x?X-Amz-Signature=SECRET for it", ": see https://h/x for it"),
            ("see <https://h/x#SECRET>, (https://h?SECRET)", ": see <https://h/x>, (https://h)"),
            ("https://a:SECRET@", ": https://"),
            ("at https://a:SEC//RET@h/x it is", ": at https:// it is"),
            ("a // b, and // c", ": a // b, and // c"),
            ("git@github.com:acme/x.git", ": git@github.com:acme/x.git"),
            ("", ""),
        ] {
            assert_eq!(said(&kind, line.as_bytes()), want, "{line}");
            assert!(!["SEC", "RET"].iter().any(|part| want.contains(part)));
        }
        let html = [("content-type", "text/html")].into_iter().collect();
        assert_eq!(said(&html, b"https://a:SECRET@h"), "");
        // What is cut off is cut off of what may be shown.
        let long = format!("{} https://u:SECRET@h/x", "y".repeat(230));
        assert!(!said(&kind, long.as_bytes()).contains("u:"), "{long}");
    }
}
