//! One line.

use super::filter_warning::FilterWarning;
use super::qualifier;
use crate::gomod::Quoted;
use crate::policy::Action;

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'t> {
    pub(super) sign: Sign,
    /// Without slashes at its ends; empty for the default.
    pub(super) path: &'t str,
    /// What its qualifiers come to, as texts of `Versions`; those that no version fits are left out.
    pub(super) versions: Option<Vec<String>>,
    pub(super) warnings: Vec<FilterWarning>,
}

/// The first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Direct,
    Exclude,
    Include,
}

impl<'t> Line<'t> {
    /// Reads a line; `None` where it says nothing.
    pub(super) fn parse(written: &'t str) -> Result<Option<Self>, String> {
        let trimmed = written.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return Ok(None);
        }
        let mut words = trimmed.split_whitespace();
        let sign = Sign::parse(words.next().unwrap_or_default())?;
        let (path, qualifiers) = (words.next(), words.next());
        if words.next().is_some() {
            return Err(TOO_MANY.to_owned());
        }
        let mut line = Self {
            sign,
            path: path.unwrap_or_default().trim_matches('/'),
            versions: None,
            warnings: Vec::new(),
        };
        // Between two spaces Athens sees an empty word, and at a tab none ends.
        if trimmed.split(' ').ne(trimmed.split_whitespace()) {
            line.warnings.push(FilterWarning::Spacing);
        }
        if path.is_some() && line.path.is_empty() {
            line.warnings.push(FilterWarning::Root);
        }
        if line.has_glob() {
            line.warnings.push(FilterWarning::Glob);
        }
        if let Some(qualifiers) = qualifiers {
            let mut versions = Vec::new();
            for written in qualifiers.split(',') {
                let read =
                    qualifier::read(written).map_err(|fault| format!("{fault}: {}", Quoted(written)))?;
                versions.extend(read.term);
                line.warnings.extend(read.warnings);
            }
            line.versions = Some(versions);
        }
        Ok(Some(line))
    }

    /// How many elements the path has before its last.
    pub(super) fn depth(&self) -> usize {
        self.path.matches('/').count()
    }

    /// Whether the path is a pattern.
    pub(super) fn has_glob(&self) -> bool {
        self.path.contains(['*', '?', '[', '\\'])
    }
}

impl Sign {
    fn parse(word: &str) -> Result<Self, String> {
        match word {
            "+" => Ok(Self::Include),
            "-" => Ok(Self::Exclude),
            "D" => Ok(Self::Direct),
            _ => Err(format!("{} is none of the signs + - D, with one space after it", Quoted(word))),
        }
    }

    pub(super) fn action(self) -> Action {
        match self {
            Self::Direct => Action::Redirect(None),
            Self::Exclude => Action::Deny,
            Self::Include => Action::Allow,
        }
    }
}

const TOO_MANY: &str =
    "too many words: no space stands between qualifiers, and a comment has a line of its own";
