//! How many records may be looked up before it is known that there is such a version.
//!
//! A checksum database that is asked about a version which it does not know looks for it itself, for seconds. So a client that asks for versions
//! that do not exist must not have it asked about each. Each version that is found pays for one lookup ahead, and some are free: what is asked in
//! vain is at most what was found, and those. A lookup that fails is tried a few times, as any search is, so that a database which is unwell
//! hears more.

/// The lookups ahead that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ahead {
    left: u32,
}

impl Default for Ahead {
    fn default() -> Self {
        Self { left: MOST }
    }
}

impl Ahead {
    /// Takes one, if any is left.
    pub(super) fn take(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or_default();
        left.is_some()
    }

    /// A version was found.
    pub(super) fn earn(&mut self) {
        self.left = self.left.saturating_add(1).min(MOST);
    }
}

/// As many as there are go.mods under way at once of a build on a large machine: the go command asks for as many as the machine has cores.
const MOST: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_in_vain_is_paid_for_by_what_is_found() {
        let mut ahead = Ahead::default();
        let taken = |ahead: &mut Ahead| (0..1000).filter(|_| ahead.take()).count();
        assert_eq!(taken(&mut ahead), 64);
        (0..3).for_each(|_| ahead.earn());
        assert_eq!(taken(&mut ahead), 3);
        (0..1000).for_each(|_| ahead.earn());
        assert_eq!(taken(&mut ahead), 64);
    }
}
