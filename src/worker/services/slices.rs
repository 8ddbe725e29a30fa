//! Work that takes more time than one callback may have: a slice of it at each turn, in the order in which it was left to be done.

use std::collections::VecDeque;

use super::super::key::Slice;
use crate::cx::StreamId;

/// The work that one worker has left to do.
#[derive(Debug, Default)]
pub(in crate::worker) struct Slices(VecDeque<Slice>);

impl Slices {
    /// Leaves this to be done, once: what is to be done already is done no sooner and no more often.
    pub(in crate::worker) fn add(&mut self, slice: Slice) {
        if !self.0.contains(&slice) {
            self.0.push_back(slice);
        }
    }

    /// What is done next.
    pub(in crate::worker) fn next(&mut self) -> Option<Slice> {
        self.0.pop_front()
    }

    /// Whether there is nothing to do.
    pub(in crate::worker) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The streams on which a zip passes by that is read more slowly than it comes.
    pub(in crate::worker) fn lagging(&self) -> impl Iterator<Item = StreamId> {
        self.0.iter().filter_map(|slice| match slice {
            Slice::Passing(stream) => Some(*stream),
            Slice::Catalog(_)
            | Slice::Census
            | Slice::Copy(_)
            | Slice::Exposures
            | Slice::Fleet
            | Slice::Forecast
            | Slice::Looks
            | Slice::Making
            | Slice::Order(_)
            | Slice::Poll(_)
            | Slice::Search(_)
            | Slice::Sifting(_) => None,
        })
    }
}
