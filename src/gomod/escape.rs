//! The `!`-escaping of the proxy protocol: no two escaped texts differ in case alone.
//!
//! Semantics of golang.org/x/mod module.escapeString and module.unescapeString. A capital becomes `!` and its small
//! letter, so that proxies and caches may live on file systems which ignore case.

/// Escapes an already checked text: ASCII without `!`, which paths and versions cannot hold.
///
/// Semantics of module.escapeString.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(c.to_ascii_lowercase());
    }
    escaped
}

/// Undoes [`escape`]; `None` where no text escapes to this one.
///
/// Semantics of module.unescapeString.
pub(super) fn unescape(escaped: &str) -> Option<String> {
    let mut text = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        match c {
            '!' => text.push(chars.next().filter(char::is_ascii_lowercase)?.to_ascii_uppercase()),
            'A'..='Z' => return None,
            _ if !c.is_ascii() => return None,
            _ => text.push(c),
        }
    }
    Some(text)
}
