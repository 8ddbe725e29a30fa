//! What became of an answer that was to be kept.

use super::Region;

/// What became of an answer that was to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// This worker alone has it, for it is too large for a slot.
    Apart,
    /// It stands in the slot of this record, which was worth less.
    Evicted {
        /// What the record was about. It may be one of another configuration.
        path: String,
        /// Where it stood.
        region: Region,
    },
    /// It stands in a slot that was free.
    New,
    /// It is not kept.
    Not(NotKept),
    /// It stands in the place of what was known of the same before.
    Replaced,
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
    /// What stands in its slots was used more often.
    WorthLess,
}
