//! From a raw `:path` to the one spelling everything behind it relies on.
//!
//! Percent-escapes are decoded once (the go command sends `!` as `%21`), slashes merged, the configured prefix cut off.
//! Nothing is resolved: a `.` or `..` element is refused, never followed, so that no two components on the way can
//! disagree about which module a path names.
//!
//! Whether a path is ours at all is decided first and leniently, by its shape: what is not ours passes untouched, however
//! odd it looks.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Refusal, Route, catalog::CatalogPage, go_import::go_import, page::ROUTES};
use crate::{
    config::{Admin, Match},
    http::RequestHead,
};

/// Whose request this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The gateway's: pass it on untouched.
    Foreign,
    /// Ours: the path below the prefix, decoded, without its leading slash.
    Ours(String),
    /// One of our own pages.
    Page {
        /// Its row in the table.
        route: &'static Route,
        /// What follows the page's own name in the path.
        rest: String,
    },
    /// A page that lists what storage has.
    Catalog(CatalogPage),
    /// The mirror of the database of advisories: the path below it, without its leading slash.
    Mirror(String),
    /// A question where the repository of an import path is: the page that says it.
    Import(String),
    /// Ours by its shape, and no path: what cannot be decoded, would have to be resolved, or is longer than any.
    Refused(Refusal),
}

/// Whether a request for `path` can be one of ours, on any host. A path for which this is false is [`Place::Foreign`].
pub fn may_be_ours(path: &str, matching: &Match, admin: &Admin) -> bool {
    let decoded = decoded(without_query(path));
    (!matching.vanity.is_empty() && path.contains("go-get=1"))
        || strip_prefix(&decoded, &matching.path_prefix).is_some_and(|below| {
            page(below, &admin.path_prefix).is_some()
                || catalogued(below, matching).is_some()
                || mirrored(below, matching).is_some()
                || has_our_shape(below)
        })
}

/// Whether a request with this `:authority` is addressed to a host that is answered for here.
pub fn is_our_host(authority: &str, matching: &Match) -> bool {
    matching.hosts.is_empty() || matching.hosts.iter().any(|host| host.matches(authority))
}

/// Decides whose request `head` is and normalises its path.
pub fn place(head: &RequestHead, matching: &Match, admin: &Admin) -> Place {
    if let Some(page) = go_import(&head.authority, &head.path, &matching.vanity) {
        return Place::Import(page);
    }
    if !is_our_host(&head.authority, matching) {
        return Place::Foreign;
    }
    let raw = without_query(&head.path);
    let decoded = decoded(raw);
    let Some(below) = strip_prefix(&decoded, &matching.path_prefix) else {
        return Place::Foreign;
    };
    if let Some((route, rest)) = page(below, &admin.path_prefix) {
        return Place::Page { route, rest: rest.to_owned() };
    }
    if let Some(page) = catalogued(below, matching) {
        return Place::Catalog(page);
    }
    if let Some(file) = mirrored(below, matching) {
        return Place::Mirror(String::from_utf8_lossy(file).into_owned());
    }
    if !has_our_shape(below) {
        return Place::Foreign;
    }
    match checked(raw, below) {
        Ok(path) => Place::Ours(path.to_owned()),
        Err(refusal) => Place::Refused(refusal),
    }
}

/// Percent-encodes a path for a request line, leaving what Go's `url.PathEscape` leaves, and slashes.
pub fn encode(path: &str) -> String {
    utf8_percent_encode(path, &ESCAPED).to_string()
}

fn without_query(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or_default()
}

fn decoded(raw: &str) -> Cow<'_, [u8]> {
    merge_slashes(percent_decode_str(raw).into())
}

fn merge_slashes(path: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if !path.windows(2).any(|pair| pair == b"//") {
        return path;
    }
    let mut merged = path.into_owned();
    merged.dedup_by(|next, kept| *next == b'/' && *kept == b'/');
    Cow::Owned(merged)
}

/// What is left of `path` below `prefix`, without the slash between them.
fn strip_prefix<'a>(path: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    path.strip_prefix(prefix.as_bytes())?.strip_prefix(b"/")
}

fn page<'a>(below: &'a [u8], prefix: &str) -> Option<(&'static Route, &'a str)> {
    Route::find(&ROUTES, below.strip_prefix(prefix.trim_start_matches('/').as_bytes())?)
}

/// The page of that name that lists what storage has, if such pages are served. No module has such a path: the first element of one has
/// a dot.
fn catalogued(below: &[u8], matching: &Match) -> Option<CatalogPage> {
    matching.catalog.then(|| CatalogPage::find(below)).flatten()
}

/// What follows the path of the mirror, if a mirror is served and this is below it.
fn mirrored<'a>(below: &'a [u8], matching: &Match) -> Option<&'a [u8]> {
    let mirror = matching.mirror.as_deref()?;
    strip_prefix(below.strip_prefix(mirror.trim_start_matches('/').as_bytes())?, "")
}

/// Whether only the module proxy protocol asks for paths of this shape.
fn has_our_shape(below: &[u8]) -> bool {
    let mut elements = below.split(|byte| *byte == b'/');
    if elements.clone().any(|element| element == b"@v" || element == b"@latest") {
        return true;
    }
    elements.next() == Some(b"sumdb")
        && elements.next().is_some()
        && elements.any(|element| matches!(element, b"latest" | b"lookup" | b"supported" | b"tile"))
}

fn checked<'a>(raw: &str, below: &'a [u8]) -> Result<&'a str, Refusal> {
    let malformed = |why: &str| Err(Refusal::Malformed(format!("malformed path: {why}")));
    if raw.len() > MAX_PATH {
        return malformed(&format!("{} bytes long, more than {MAX_PATH}", raw.len()));
    }
    if let Some(escape) = bad_escape(raw) {
        return malformed(&format!("{escape:?} is not a percent-escape"));
    }
    let Ok(path) = std::str::from_utf8(below) else {
        return malformed("not UTF-8");
    };
    if path.chars().any(char::is_control) {
        return malformed("a control character");
    }
    if let Some(element) = path.split('/').find(|element| matches!(*element, "." | "..")) {
        return malformed(&format!("{element:?} is not resolved"));
    }
    Ok(path)
}

/// The first `%` of `raw` that two hexadecimal digits do not follow, with what does.
fn bad_escape(raw: &str) -> Option<&str> {
    raw.match_indices('%').find_map(|(at, _)| {
        let escape = raw.get(at..at + 3);
        let is_hex = escape
            .and_then(|escape| escape.get(1..))
            .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let shown = || {
            raw.get(at..).map(|rest| {
                rest.char_indices().nth(3).map_or(rest, |(end, _)| rest.get(..end).unwrap_or(rest))
            })
        };
        if is_hex { None } else { shown() }
    })
}

/// Longer than any request of the go command: the longest module path and version in the public index are under 500 bytes
/// together, and `%21` makes at most three bytes of one.
const MAX_PATH: usize = 4096;

const ESCAPED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/');
