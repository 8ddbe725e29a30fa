//! `x-forwarded-client-cert`, as Envoy writes it.
//!
//! Elements are separated by commas, one for each proxy that added one; their pairs by semicolons, a key and its value by an
//! equals sign. Keys are case-insensitive and may be repeated. A value with any of `,;=` in it stands in double quotes, and a
//! double quote in it is `\"`.
//!
//! It is read strictly. What a client sent may stand before what this Envoy appended (`APPEND_FORWARD`), and a quote that the
//! client left open would swallow it.

/// The header's name.
pub(super) const HEADER: &str = "x-forwarded-client-cert";

/// The values of `key` in the last element, which is about the peer that this Envoy talks to; `None` where the header is malformed
/// anywhere.
pub(super) fn values(header: &str, key: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = header.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let (value, after) = value(after)?;
        if name.eq_ignore_ascii_case(key) {
            found.push(value);
        }
        let mut signs = after.chars();
        match signs.next() {
            None => break,
            Some(';') => rest = signs.as_str(),
            Some(',') => {
                found.clear();
                rest = signs.as_str().trim_start();
            }
            Some(_) => return None,
        }
        if rest.is_empty() {
            return None;
        }
    }
    Some(found)
}

/// A value, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ';']).unwrap_or(text.len());
        let (value, after) = text.split_at_checked(end)?;
        return (!value.contains(['"', '='])).then(|| (value.to_owned(), after));
    };
    let mut value = String::new();
    let mut signs = quoted.chars();
    loop {
        match signs.next()? {
            '"' => return Some((value, signs.as_str())),
            // What follows a backslash ends nothing: a distinguished name has backslashes of its own, and `\\` is one.
            '\\' => match signs.next()? {
                '"' => value.push('"'),
                other => value.extend(['\\', other]),
            },
            sign => value.push(sign),
        }
    }
}
