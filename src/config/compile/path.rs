//! Path prefixes: checked, and written one way.

use crate::config::Admin;
use crate::config::problems::{Collector, Path, quoted};
use crate::config::raw::RawAdmin;

/// Whether percent-escapes may stand in a prefix.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Escapes {
    /// They are sent as they are.
    Kept,
    /// Requests are compared after decoding: an escape would never match.
    Refused,
}

/// The prefix of an endpoint: empty or `/x/y`.
pub(super) fn endpoint_prefix(raw: Option<&str>, at: &Path, found: &mut Collector) -> String {
    noted(raw.unwrap_or_default(), normalised(raw.unwrap_or_default(), Escapes::Kept), at, found)
}

/// The prefix of the module proxy: empty or `/x/y`.
pub(super) fn match_prefix(raw: Option<&str>, at: &Path, found: &mut Collector) -> String {
    let text = raw.unwrap_or_default();
    let prefix = normalised(text, Escapes::Refused).and_then(|prefix| match prefix.contains('@') {
        true => Err("an `@` makes it look like a request for a module"),
        false => Ok(prefix),
    });
    noted(text, prefix, at, found)
}

/// The prefix of Modgate's own pages: `/x/`.
pub(super) fn admin_prefix(raw: Option<&str>, at: &Path, found: &mut Collector) -> String {
    let text = raw.unwrap_or(RawAdmin::PATH_PREFIX);
    let prefix = own_prefix(text).map(|prefix| format!("{prefix}/"));
    noted(text, prefix, at, found)
}

/// The prefix of the mirror of advisories: `/x`. It neither holds Modgate's own pages nor lies among them.
pub(super) fn mirror(
    text: &str,
    has_no_sources: bool,
    admin: &Admin,
    at: &Path,
    found: &mut Collector,
) -> String {
    let pages = &admin.path_prefix;
    let prefix = own_prefix(text).and_then(|prefix| {
        let mirror = format!("{prefix}/");
        if !pages.is_empty() && (mirror.starts_with(pages.as_str()) || pages.starts_with(&mirror)) {
            Err("the gateway's own pages lie there (`admin.path_prefix`)")
        } else {
            Ok(prefix)
        }
    });
    if has_no_sources && !found.covers(&at.key("sources")) {
        found.note(at, "a mirror without `sources`: there is nothing to serve");
    }
    noted(text, prefix, at, found)
}

/// A prefix that takes no request for a module or a checksum database.
fn own_prefix(text: &str) -> Result<String, &'static str> {
    let prefix = normalised(text, Escapes::Refused)?;
    let first = prefix.split('/').nth(1).unwrap_or_default();
    if first.is_empty() {
        Err("it would take every request")
    } else if prefix.contains('@') || (first.contains('.') && !first.starts_with('-')) {
        // The first element of a module path has a dot and does not begin with a dash (module.CheckPath).
        Err("it looks like the path of a module")
    } else if first == "sumdb" {
        Err("checksum databases lie there")
    } else {
        Ok(prefix)
    }
}

/// What the names of objects begin with: empty or `x/y/`.
pub(super) fn key_prefix(raw: Option<&str>, at: &Path, found: &mut Collector) -> String {
    let text = raw.unwrap_or_default();
    if text.is_empty() {
        return String::new();
    }
    let prefix = normalised(&format!("/{text}"), Escapes::Refused);
    let why = match prefix.as_deref().map(|prefix| prefix.strip_prefix('/')) {
        Ok(Some(prefix)) => return format!("{prefix}/"),
        Ok(None) => "it has an empty element, `.` or `..`",
        Err(why) => why,
    };
    found.note(at, format!("{} is not the beginning of a name such as x/y: {why}", quoted(text)));
    String::new()
}

/// `/x/y/` and `/x/y` are `/x/y`; `/` and nothing are nothing. What is not a plain path is refused.
pub(super) fn normalised(text: &str, escapes: Escapes) -> Result<String, &'static str> {
    let prefix = text.strip_suffix('/').unwrap_or(text);
    if prefix.is_empty() {
        return Ok(String::new());
    }
    let Some(elements) = prefix.strip_prefix('/') else { return Err("it does not begin with a slash") };
    for element in elements.split('/') {
        if matches!(element, "" | "." | "..") {
            return Err("it has an empty element, `.` or `..`");
        }
        if element.contains(['?', '#']) {
            return Err("it has a query or a fragment");
        }
        if element.contains('%') && escapes == Escapes::Refused {
            return Err("it has an escape; write it as it is after decoding");
        }
        if !element.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&b)) {
            return Err("it has a character that cannot stand in a path");
        }
        let mut after_percent = element.split('%').skip(1).map(str::as_bytes);
        if !after_percent
            .all(|rest| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
        {
            return Err("it has a `%` that escapes nothing");
        }
    }
    Ok(prefix.to_owned())
}

fn noted(text: &str, prefix: Result<String, &'static str>, at: &Path, found: &mut Collector) -> String {
    prefix.unwrap_or_else(|why| {
        found.note(at, format!("{} is not a path prefix such as /x/y: {why}", quoted(text)));
        String::new()
    })
}
