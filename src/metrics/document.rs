//! What a polled document is called.

use std::fmt;
use std::sync::Arc;

/// Which polled document, by what shared data, metrics and pages call it. Of most kinds there is one; of others one from each source that the
/// configuration names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentName {
    family: &'static str,
    source: Option<Arc<str>>,
}

impl DocumentName {
    /// That of the kind `family`, a name of `[a-z_]`, from the `source` that the configuration calls so, a name of `[a-z0-9_-]`.
    pub fn of_source(family: &'static str, source: &str) -> Self {
        Self { family, source: Some(source.into()) }
    }

    /// Its kind, which metrics have in their names.
    pub fn family(&self) -> &'static str {
        self.family
    }

    /// What the configuration calls its source, where there may be several of its kind.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }
}

impl From<&'static str> for DocumentName {
    fn from(family: &'static str) -> Self {
        Self { family, source: None }
    }
}

impl fmt::Display for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.family)?;
        self.source.iter().try_for_each(|source| write!(f, "_{source}"))
    }
}
