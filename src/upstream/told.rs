//! What of an upstream's own words may be shown: to clients, in logs, on pages.
//!
//! An upstream's answer can hold what was meant for this gateway alone: an error text of git names the address it was told to fetch
//! from, with the credentials in it.

use crate::{endpoint::is_host, http::Headers};

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

/// Leaves room, in the 648 bytes the go command shows, for who said it and what was asked.
const MAX_SAID: usize = 240;

#[cfg(test)]
mod tests {
    use super::*;

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
        // The text is cut after what must not be shown was removed.
        let long = format!("{} https://u:SECRET@h/x", "y".repeat(230));
        assert!(!said(&kind, long.as_bytes()).contains("u:"), "{long}");
    }
}
