//! GOPRIVATE-style patterns: `path.Match` globs matched against the leading elements of a module path.
//!
//! Semantics of golang.org/x/mod module.MatchPrefixPatterns. Go skips a malformed pattern in silence. Here it is refused when read, and so
//! is one that no module path can match: a rule that never holds is a hole that no operator sees.

mod glob;

#[cfg(test)]
mod tests;

pub use self::glob::Glob;
use self::glob::Item;
use super::ModulePath;
use super::element::{self, ElementFault, Kind};
use super::path::{self, FirstFault};
use super::quoted::Quoted;

/// One glob of a GOPRIVATE-style list, e.g. `*.corp.example.com` or `github.com/acme/*`.
///
/// It matches a path which has at least as many elements and whose first ones it matches: `github.com/acme` matches
/// `github.com/acme` and `github.com/acme/x/v2`, not `github.com/acme-x`. A single trailing slash is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    glob: Glob,
    // How many slashes are in the text, and so in the part of a path that is matched.
    depth: usize,
}

/// Why a text is not a pattern. The message names the text and the reason on one bounded line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed pattern {}: {fault}", Quoted(.pattern))]
pub struct InvalidPattern {
    pattern: String,
    fault: PatternFault,
}

/// A list of patterns; it matches where one of them does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<Pattern>);

impl Pattern {
    /// Reads one glob.
    ///
    /// # Errors
    /// Where Go's `path.Match` would report `ErrBadPattern`, or where the pattern could match no module path: it is
    /// empty, begins with a slash, holds a comma (which separates patterns in Go) or a character or element that
    /// module paths cannot have.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        match read(trimmed) {
            Ok(glob) => Ok(Self { text: text.to_owned(), glob, depth: slashes(trimmed) }),
            Err(fault) => Err(InvalidPattern { pattern: text.to_owned(), fault }),
        }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches the path or one above it.
    pub fn matches(&self, path: &ModulePath) -> bool {
        self.matches_str(path.as_str())
    }

    /// As [`Self::matches`], for a text that need not be a module path.
    pub fn matches_str(&self, path: &str) -> bool {
        leading(path, self.depth).is_some_and(|prefix| self.glob.matches(prefix))
    }

    /// The only text that the pattern is matched with, where it has no wildcards.
    pub fn literal(&self) -> Option<&str> {
        self.glob.literal()
    }

    /// A glob for each of the elements that it is matched with, where that is all the same: it matches a path where each of
    /// them matches the element in its place. `None` where a class is written with a slash, which counts as one more element.
    pub fn elements(&self) -> Option<Vec<Glob>> {
        Some(self.glob.elements()).filter(|elements| elements.len() == self.depth.saturating_add(1))
    }

    /// Whether the first element is made of `*` only, so that no host is told apart.
    pub fn is_catch_all(&self) -> bool {
        self.text.split('/').next().is_some_and(|first| !first.is_empty() && first.bytes().all(|b| b == b'*'))
    }
}

impl Patterns {
    /// Reads a comma-separated list, as GOPRIVATE holds; empty items are skipped.
    ///
    /// # Errors
    /// For the first item that [`Pattern::parse`] refuses. Spaces are part of an item, as in Go, and so refused.
    pub fn parse_list(list: &str) -> Result<Self, InvalidPattern> {
        list.split(',').filter(|item| !item.is_empty()).map(Pattern::parse).collect()
    }

    /// Whether one of the patterns matches the path.
    pub fn matches(&self, path: &ModulePath) -> bool {
        self.matches_str(path.as_str())
    }

    /// As [`Self::matches`], for a text that need not be a module path.
    pub fn matches_str(&self, path: &str) -> bool {
        self.iter().any(|pattern| pattern.matches_str(path))
    }

    /// The patterns in the order written.
    pub fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter()
    }

    /// Whether the list is empty, and so matches nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Pattern> for Patterns {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Self {
        Self(patterns.into_iter().collect())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum PatternFault {
    #[error("it holds a comma: write two patterns")]
    Comma,
    #[error("no module path matches it: {0}")]
    Element(#[from] ElementFault),
    #[error("it is empty")]
    Empty,
    #[error("no module path matches it: {0}")]
    First(#[from] FirstFault),
    #[error("it begins with a slash")]
    LeadingSlash,
    #[error("a slash in a class counts as one more element, which this class cannot match")]
    SlashInClass,
    #[error("{0}")]
    Syntax(&'static str),
    #[error("no module path holds a character of one of its classes")]
    VainClass,
}

/// Reads a glob without its trailing slash, and refuses one that can match nothing.
fn read(trimmed: &str) -> Result<Glob, PatternFault> {
    if trimmed.is_empty() {
        return Err(PatternFault::Empty);
    }
    if trimmed.starts_with('/') {
        return Err(PatternFault::LeadingSlash);
    }
    if trimmed.contains(',') {
        return Err(PatternFault::Comma);
    }
    let glob = Glob::parse(trimmed).map_err(PatternFault::Syntax)?;
    check_reach(&glob, slashes(trimmed))?;
    Ok(glob)
}

/// Refuses a glob that can match no module path, as far as each of its elements shows by itself.
fn check_reach(glob: &Glob, depth: usize) -> Result<(), PatternFault> {
    if let Some(text) = glob.literal() {
        return text.split('/').enumerate().try_for_each(|(index, element)| {
            element::check(element, Kind::Module)?;
            if index == 0 { Ok(path::check_first(element)?) } else { Ok(()) }
        });
    }
    let mut parts = vec![Part::default()];
    let mut matchable_slashes = 0;
    for chunk in glob.chunks() {
        if let Some(part) = parts.last_mut() {
            part.open |= chunk.star;
        }
        for item in &chunk.items {
            match (item, parts.last_mut()) {
                (Item::Literal(text), Some(part)) => {
                    let mut pieces = text.split('/');
                    part.text.push_str(pieces.next().unwrap_or_default());
                    parts.extend(pieces.map(|piece| Part { text: piece.to_owned(), ..Part::default() }));
                    matchable_slashes += slashes(text);
                }
                (Item::Any, Some(part)) => part.open = true,
                (class @ Item::Class { .. }, Some(part)) => {
                    let has_slash = class.has('/');
                    if !has_slash && !(' '..='~').any(|c| element::module_char(c) && class.has(c)) {
                        return Err(PatternFault::VainClass);
                    }
                    part.open = true;
                    part.many |= has_slash;
                    matchable_slashes += usize::from(has_slash);
                }
                (_, None) => {}
            }
        }
    }
    if matchable_slashes < depth {
        return Err(PatternFault::SlashInClass);
    }
    parts.iter().enumerate().try_for_each(|(index, part)| part.check(index == 0))
}

/// A piece of a glob between two literal slashes.
#[derive(Default)]
struct Part {
    /// Its literal characters.
    text: String,
    /// Whether it matches more than its text.
    open: bool,
    /// Whether it may match more than one element, a class of it having a slash.
    many: bool,
}

impl Part {
    fn check(&self, is_first: bool) -> Result<(), PatternFault> {
        if !self.open {
            element::check(&self.text, Kind::Module)?;
        } else if let Some(c) = self.text.chars().find(|c| !element::module_char(*c)) {
            return Err(ElementFault::Forbidden(c).into());
        }
        if !is_first || self.many {
            return Ok(());
        }
        if !self.open {
            path::check_first(&self.text)?;
        } else if let Some(c) = self.text.chars().find(|c| !path::first_char(*c)) {
            return Err(FirstFault::Forbidden(c).into());
        }
        Ok(())
    }
}

/// The first elements of a path, as many as there are with `depth` slashes between them; `None` if it has fewer.
fn leading(path: &str, depth: usize) -> Option<&str> {
    match path.match_indices('/').nth(depth) {
        Some((end, _)) => path.get(..end),
        None => (slashes(path) == depth).then_some(path),
    }
}

fn slashes(text: &str) -> usize {
    text.bytes().filter(|b| *b == b'/').count()
}
