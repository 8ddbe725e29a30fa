//! Which versions a range holds. Semantics of golang.org/x/vuln's `Affects`.

use std::borrow::Borrow;
use std::cmp::Ordering;

use crate::gomod::Version;

/// Ranges of versions, as events in the order of versions. Without an event: every version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<Event>);

/// From where on versions are affected, or no longer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<V = Version> {
    /// From this version on; `None` from the first.
    Introduced(Option<V>),
    /// From this version on no longer.
    Fixed(V),
    /// Behind this version no longer.
    LastAffected(V),
}

impl Ranges {
    /// Of events in any order.
    pub fn new(mut events: Vec<Event>) -> Self {
        events.sort_by(Event::order);
        Self(events)
    }

    /// Its events, in the order of their versions.
    pub fn events(&self) -> &[Event] {
        &self.0
    }

    /// Whether `version` is in one of them.
    pub fn contain(&self, version: &Version) -> bool {
        self.0.is_empty() || contain(self.0.iter().map(Event::by_ref), version)
    }

    /// Whether every version is in them.
    pub fn are_whole(&self) -> bool {
        matches!(self.0.as_slice(), [] | [Event::Introduced(None)])
    }

    /// The versions that fix it, ascending.
    pub fn fixes(&self) -> impl Iterator<Item = &Version> {
        self.0.iter().filter_map(|event| event.by_ref().fix())
    }
}

/// Whether `version` is in a range with these events, of which there is one, in the order of their versions.
pub(super) fn contain<'v>(events: impl Iterator<Item = Event<&'v Version>>, version: &Version) -> bool {
    events.fold(false, |is_affected, event| match event {
        Event::Introduced(None) => true,
        Event::Introduced(Some(from)) if !is_affected => version.precedence(from).is_ge(),
        Event::Fixed(fixed) if is_affected => version.precedence(fixed).is_lt(),
        Event::LastAffected(last) if is_affected => version.precedence(last).is_le(),
        Event::Introduced(_) | Event::Fixed(_) | Event::LastAffected(_) => is_affected,
    })
}

impl<V: Borrow<Version>> Event<V> {
    pub(super) fn version(&self) -> Option<&Version> {
        match self {
            Self::Introduced(version) => version.as_ref().map(Borrow::borrow),
            Self::Fixed(version) | Self::LastAffected(version) => Some(version.borrow()),
        }
    }

    /// Which of two is looked at first. What is introduced at a version of which another range has the end is looked at after that, as it
    /// is where the events come in their order.
    fn order(&self, other: &Self) -> Ordering {
        match (self.version(), other.version()) {
            (Some(ours), Some(theirs)) => ours.precedence(theirs),
            (ours, theirs) => ours.is_some().cmp(&theirs.is_some()),
        }
    }

    /// The same of borrowed versions.
    pub(super) fn by_ref(&self) -> Event<&Version> {
        match self {
            Self::Introduced(version) => Event::Introduced(version.as_ref().map(Borrow::borrow)),
            Self::Fixed(version) => Event::Fixed(version.borrow()),
            Self::LastAffected(version) => Event::LastAffected(version.borrow()),
        }
    }
}

impl<'v> Event<&'v Version> {
    /// The version that fixes it. [`LEAST`] stands for a text that is no version, and nothing is fixed in that.
    pub(super) fn fix(self) -> Option<&'v Version> {
        match self {
            Event::Fixed(fixed) => Some(fixed).filter(|fixed| fixed.as_str() != LEAST),
            Event::Introduced(_) | Event::LastAffected(_) => None,
        }
    }
}

/// The least version there is. Go takes a text that is no version for less than all of them.
pub(super) const LEAST: &str = "v0.0.0-0";
