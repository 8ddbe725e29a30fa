//! Who asks, and the callers that a rule is for.

use crate::gomod::Glob;

/// The caller of a request: all the names that the gateway's authentication gave it. It has no names where the authentication gave none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    principals: Vec<String>,
}

/// The callers that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// `@anonymous`: a caller without a name.
    Anonymous,
    /// `@authenticated`: a caller with a name.
    Authenticated,
    /// A caller with a name that the glob (Go's path.Match) matches as a whole; `*` does not match a slash.
    Named(Glob),
}

/// Why a text names no principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPrincipal(&'static str);

impl Caller {
    /// A caller with these names, of which the empty ones are none.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut principals: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).collect();
        principals.sort();
        principals.dedup();
        Self { principals }
    }

    /// Whether the caller has no name.
    pub fn is_anonymous(&self) -> bool {
        self.principals.is_empty()
    }

    /// Its names, in order.
    pub fn principals(&self) -> &[String] {
        &self.principals
    }
}

impl Principal {
    /// Reads `@anonymous`, `@authenticated`, or a glob for names.
    ///
    /// # Errors
    /// For another word with an `@` before it, an empty text, or what is no glob.
    pub fn parse(text: &str) -> Result<Self, InvalidPrincipal> {
        match text {
            "" => Err(InvalidPrincipal("it is empty")),
            "@anonymous" => Ok(Self::Anonymous),
            "@authenticated" => Ok(Self::Authenticated),
            _ if text.starts_with('@') => {
                Err(InvalidPrincipal("of the words with @ there are @anonymous and @authenticated alone"))
            }
            _ => Glob::parse(text).map(Self::Named).map_err(InvalidPrincipal),
        }
    }

    /// Whether it is this caller.
    pub fn matches(&self, caller: &Caller) -> bool {
        match self {
            Self::Anonymous => caller.is_anonymous(),
            Self::Authenticated => !caller.is_anonymous(),
            Self::Named(glob) => caller.principals.iter().any(|name| glob.matches(name)),
        }
    }
}
