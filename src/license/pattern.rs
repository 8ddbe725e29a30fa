//! What a licence says, as the hashes of its runs of words: every word of a run must be there, and none besides.
//!
//! A pattern is a row of steps. A step is one of several runs, behind some words that may be any.

use super::text::Text;

/// How many words a pattern is looked for by: all of them begin with so many that are fixed.
pub(super) const ANCHOR: usize = 4;

/// The most places at which a pattern is followed at once: what a text makes of it is bounded.
const MAX_PLACES: usize = 32;

/// One way in which a licence is written.
pub(super) struct Pattern {
    /// The hash of the first words.
    pub(super) anchor: u64,
    /// Its place in the list of identifiers. None: what stands beside licences and says nothing of its own.
    pub(super) id: Option<usize>,
    pub(super) steps: &'static [Step],
}

/// A part of it.
pub(super) struct Step {
    /// How many words may stand before it, as for a name.
    pub(super) gap: usize,
    /// Any of these. One of no words: the step may be left out.
    pub(super) runs: &'static [Run],
}

/// So many words that have this hash.
pub(super) struct Run {
    pub(super) words: usize,
    pub(super) hash: u64,
}

impl Pattern {
    /// Where the licence ends that begins at this word.
    pub(super) fn end(&self, text: &Text<'_>, at: usize) -> Option<usize> {
        let mut places = vec![at];
        for step in self.steps {
            let mut next = Vec::new();
            for (place, run) in places.iter().flat_map(|place| {
                (0..=step.gap).flat_map(move |gap| step.runs.iter().map(move |run| (place + gap, run)))
            }) {
                if text.hash(place, run.words) == Some(run.hash)
                    && !next.contains(&(place + run.words))
                    && next.len() < MAX_PLACES
                {
                    next.push(place + run.words);
                }
            }
            places = next;
        }
        places.into_iter().max()
    }
}
