//! What the log is told of rules that are not enforced: each module version once for each rule and hour, and no more than so many.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use log::Level;

use crate::{cx::Cx, http::Timestamp};

/// What one worker has told its log in the last hour.
#[derive(Debug, Default)]
pub struct Sightings {
    since: Timestamp,
    /// Hashes of what was told.
    told: BTreeSet<u64>,
    /// Whether there was more.
    is_cut: bool,
}

impl Sightings {
    /// Tells the log, unless it was told within the hour, or was told too much.
    pub(super) fn note(&mut self, what: &impl Hash, cx: &mut Cx<'_>, line: impl FnOnce() -> String) {
        // An hour that begins in the future began before the clock was set back.
        if cx.now < self.since || cx.now.since(self.since) >= HOUR {
            *self = Self { since: cx.now, ..Self::default() };
        }
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let hash = hasher.finish();
        if self.is_cut || self.told.contains(&hash) {
            return;
        }
        if self.told.len() >= MAX_TOLD {
            self.is_cut = true;
            let line = "monitored: no more is logged within the hour, while metrics count all";
            return cx.log(Level::Info, line.to_owned());
        }
        self.told.insert(hash);
        cx.log(Level::Info, format!("monitored: {}", line()));
    }
}

/// How long what was told is not told again: the builds of a day show what is still in use.
const HOUR: Duration = Duration::from_secs(3600);

/// Lines within that time. A large build has as many module versions, and clients must not fill a disk with names.
const MAX_TOLD: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cx::Command, shared::Memory};

    #[test]
    fn the_log_is_told_once_an_hour_and_not_without_end() {
        let (mut sightings, mut memory) = (Sightings::default(), Memory::default());
        let mut lines = |n: usize, at: u64| {
            let mut cx = Cx::new(Timestamp(1_700_000_000_000 + at), &mut memory);
            sightings.note(&n, &mut cx, || n.to_string());
            cx.commands.iter().filter(|command| matches!(command, Command::Log(..))).count()
        };
        assert_eq!((lines(1, 0), lines(1, 3_599_999)), (1, 0));
        // The clock is set back, and an hour passes.
        assert_eq!((lines(1, 3_600_000), lines(1, 0), lines(1, 1)), (1, 1, 0));
        // One more than are told says that there are more.
        let told: usize = (2..5_000).map(|n| lines(n, 2)).sum();
        assert_eq!((told, lines(5_000, 3)), (MAX_TOLD, 0));
        assert_eq!(lines(5_000, 3_600_000), 1);
        assert_eq!(sightings.told.len(), 1);
    }
}
