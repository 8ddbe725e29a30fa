//! What is known before any source is asked.

use super::Search;

/// What the index and clients know before any source is asked.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Whether the index has something that may be given where no source has an answer.
    substitute: bool,
    /// Whether the module version exists, so that a checksum database has to record it.
    recorded: bool,
    /// Whether the index knows the module.
    known_here: bool,
}

impl Expected {
    pub(super) fn has_substitute(&self) -> bool {
        self.substitute
    }

    pub(super) fn is_recorded(&self) -> bool {
        self.recorded
    }

    pub(super) fn is_known_here(&self) -> bool {
        self.known_here
    }
}

impl Search {
    /// The index has something that may be given where no source has an answer: no client is then kept waiting for long.
    pub fn expect_a_substitute(&mut self) {
        self.expected.substitute = true;
    }

    /// A client or a search holds the module version that a checksum database is asked about. It exists, so a database that does not know
    /// it does not know it yet.
    pub fn expect_it_recorded(&mut self) {
        self.expected.recorded = true;
    }

    /// The index knows the module: while storage cannot say what it has, the module is not taken for one that is gone.
    pub fn expect_it_known(&mut self) {
        self.expected.known_here = true;
    }
}
