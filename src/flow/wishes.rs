//! Modules of which it is to be found out what their authors say, though no client waits for it.

use std::{collections::BTreeMap, time::Duration};

use crate::{gomod::ModulePath, http::Timestamp};

/// What one worker has wished for lately.
#[derive(Debug, Default)]
pub struct Wishes {
    /// The modules, and when each was wished for.
    lately: BTreeMap<ModulePath, Timestamp>,
    /// Those that nothing was done about yet.
    open: Vec<ModulePath>,
}

impl Wishes {
    /// Wishes for it, unless that was done a moment ago, or too much is wished for.
    pub(super) fn add(&mut self, module: &ModulePath, now: Timestamp) {
        if self.lately.get(module).is_some_and(|since| now.is_within(PAUSE, *since)) {
            return;
        }
        if self.lately.len() >= MAX_WISHES {
            self.lately.retain(|_, since| now.is_within(PAUSE, *since));
        }
        if self.lately.len() < MAX_WISHES && self.open.len() < MAX_OPEN {
            self.lately.insert(module.clone(), now);
            self.open.push(module.clone());
        }
    }

    /// Takes out what nothing was done about yet.
    pub fn take(&mut self) -> Vec<ModulePath> {
        std::mem::take(&mut self.open)
    }
}

/// How long a module is not wished for again: what it takes is under way, or has failed.
const PAUSE: Duration = Duration::from_secs(60);

/// Modules that are remembered as wished for: a build has a few hundred. One costs some hundred bytes.
const MAX_WISHES: usize = 1000;

/// Those that one event may leave to be done.
const MAX_OPEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_wished_for_once_a_minute_and_not_too_many_are() {
        let module = |n: usize| ModulePath::parse(&format!("example.com/m{n}")).unwrap();
        let mut wishes = Wishes::default();
        let mut wish = |n: usize, at: u64| {
            wishes.add(&module(n), Timestamp(1_700_000_000_000 + at));
            wishes.take().len()
        };
        assert_eq!((wish(0, 0), wish(0, 59_999), wish(0, 60_000)), (1, 0, 1));
        let wished: usize = (1..5000).map(|n| wish(n, 60_001)).sum();
        assert_eq!(wish(4998, 119_999), 0, "all that is remembered is young");
        assert_eq!((wished, wish(0, 120_000), wish(4999, 120_001)), (MAX_WISHES - 1, 1, 1));
        let mut wishes = Wishes::default();
        (0..100).for_each(|n| wishes.add(&module(n), Timestamp(1)));
        assert_eq!(wishes.take().len(), MAX_OPEN);
    }
}
