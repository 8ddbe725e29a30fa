//! What became of an answer that was to be kept.

use super::Region;

/// What became of an answer that was to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// This worker alone has it, for it is too large for a page.
    Apart,
    /// It stands where these records were, which were worth less.
    Evicted {
        /// What the records were about. They may be of another configuration.
        paths: Vec<String>,
        /// Where they stood.
        region: Region,
    },
    /// It stands where there was room.
    New,
    /// It is not kept.
    Not(NotKept),
    /// It stands in the place of what was known of the same before.
    Replaced,
}

impl Kept {
    /// The same, where something was evicted `before` for the same answer.
    pub(super) fn after(self, before: Self) -> Self {
        match (self, before) {
            (Self::Evicted { mut paths, region }, Self::Evicted { paths: more, .. }) => {
                paths.extend(more);
                Self::Evicted { paths, region }
            }
            (Self::New | Self::Replaced, evicted @ Self::Evicted { .. }) => evicted,
            (kept, _) => kept,
        }
    }
}

/// Why an answer is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// Other workers wrote each time that this one tried.
    Contended,
    /// A newer one is known.
    Older,
    /// It is too large, and no document: only documents are kept apart.
    TooLarge,
    /// What stands in its pages was used more often.
    WorthLess,
}
