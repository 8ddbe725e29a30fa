//! Which versions a range holds. Semantics of golang.org/x/vuln's `Affects`.

use crate::gomod::Version;

/// Ranges of versions, as events in the order of versions. Without an event: every version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<Event>);

/// From where on versions are affected, or no longer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// From this version on; `None` from the first.
    Introduced(Option<Version>),
    /// From this version on no longer.
    Fixed(Version),
    /// Behind this version no longer.
    LastAffected(Version),
}

impl Ranges {
    /// Of events in any order.
    pub fn new(mut events: Vec<Event>) -> Self {
        events.sort_by(|a, b| match (a.version(), b.version()) {
            (Some(a), Some(b)) => a.precedence(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        Self(events)
    }

    /// Whether `version` is in one of them.
    pub fn contain(&self, version: &Version) -> bool {
        let mut is_affected = self.0.is_empty();
        for event in &self.0 {
            match event {
                Event::Introduced(None) => is_affected = true,
                Event::Introduced(Some(from)) if !is_affected => {
                    is_affected = version.precedence(from).is_ge();
                }
                Event::Fixed(fixed) if is_affected => is_affected = version.precedence(fixed).is_lt(),
                Event::LastAffected(last) if is_affected => is_affected = version.precedence(last).is_le(),
                _ => {}
            }
        }
        is_affected
    }

    /// Whether every version is in them.
    pub fn are_whole(&self) -> bool {
        matches!(self.0.as_slice(), [] | [Event::Introduced(None)])
    }

    /// The versions that fix it, ascending.
    pub fn fixes(&self) -> impl Iterator<Item = &Version> {
        self.0.iter().filter_map(|event| match event {
            Event::Fixed(fixed) => Some(fixed),
            Event::Introduced(_) | Event::LastAffected(_) => None,
        })
    }
}

impl Event {
    fn version(&self) -> Option<&Version> {
        match self {
            Self::Introduced(version) => version.as_ref(),
            Self::Fixed(version) | Self::LastAffected(version) => Some(version),
        }
    }
}
