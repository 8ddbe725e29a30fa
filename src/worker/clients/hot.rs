//! Answers that this worker gave a moment ago, ready to be given again.
//!
//! Above the index that all workers share stands what this worker read from it in the last second. A document that a
//! hundred builds ask for at once is then parsed, looked up and copied out of shared data once a second, not each time.
//!
//! **How long it holds.** An answer is given again for at most [`MAX_AGE`] after it was read from the index, and never longer than its
//! headers stay exact ([`Hit::holds_for`]). Then the index is read again, which also counts as a use of the entry. So an answer that
//! another worker has replaced is given for no longer than that. A new configuration begins with nothing, for this belongs to the worker of
//! one configuration.
//!
//! **Which requests it answers.** `GET` and `HEAD` on a host that is ours, from a client that sends no `Cache-Control` where that could
//! make a difference. The key is the path as it was sent: two spellings of one path are two entries.
//!
//! **What it costs.** [`SLOTS`] answers of at most [`MAX_BODY`] bytes under paths of at most [`MAX_PATH`]: 4.5 MiB per worker and no more,
//! whatever clients ask for. Only answers that the index had are kept, so a scan of names that no source has does not touch it. An answer
//! replaces the one in its slot, and the keyed hash keeps clients from choosing the slot.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use crate::{
    config::Match,
    flow::Hit,
    goproxy::is_our_host,
    http::{ReadHeader, RequestHead, Timestamp, is_head, is_read},
};

/// The answers of one worker.
#[derive(Debug)]
pub(super) struct HotAnswers {
    slots: Vec<Option<Slot>>,
    seed: u64,
}

#[derive(Debug)]
struct Slot {
    path: String,
    hit: Hit,
    /// When it was read from the index.
    since: Timestamp,
    /// For how long it may be given.
    life: Duration,
}

impl HotAnswers {
    /// None yet. `seed` is the key of the hash.
    pub(super) fn new(seed: u64) -> Self {
        Self { slots: (0..SLOTS).map(|_| None).collect(), seed }
    }

    /// Forgets everything: what was given a moment ago may be refused from now on.
    pub(super) fn clear(&mut self) {
        self.slots.fill_with(|| None);
    }

    /// Whether there is an answer to a request for `path`, too old or not.
    pub(super) fn has(&self, path: &str) -> bool {
        self.slots
            .get(self.place(path))
            .is_some_and(|slot| slot.as_ref().is_some_and(|slot| slot.path == path))
    }

    /// The answer to a request for `path`, if there is one that this client may be given, and whether the head alone is asked for. Where there
    /// is none, nothing else of the request is read.
    pub(super) fn look_up(
        &self,
        path: &str,
        header: ReadHeader<'_>,
        matching: &Match,
        now: Timestamp,
    ) -> Option<(&Hit, bool)> {
        let slot = self.slots.get(self.place(path))?.as_ref()?;
        // What is said to be from the future is from before the clock was set back.
        let holds = slot.since <= now && now.since(slot.since) < slot.life;
        if !holds || slot.path != path {
            return None;
        }
        let method = plain_method(header, &slot.hit)?;
        is_for_us(header, matching).then(|| (&slot.hit, is_head(&method)))
    }

    /// Keeps the answer to `head`, which was read from the index just now.
    pub(super) fn keep(&mut self, head: &RequestHead, hit: Hit, now: Timestamp) {
        let life = hit.holds_for().map_or(MAX_AGE, |holds| holds.min(MAX_AGE));
        if life.is_zero()
            || hit.is_personal()
            || hit.body_len() > MAX_BODY
            || head.path.len() > MAX_PATH
            || plain_method(&|name| head.value(name), &hit).is_none()
        {
            return;
        }
        let place = self.place(&head.path);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Some(Slot { path: head.path.clone(), hit, since: now, life });
        }
    }

    fn place(&self, path: &str) -> usize {
        let mut hasher = DefaultHasher::new();
        (self.seed, path).hash(&mut hasher);
        usize::try_from(hasher.finish() % SLOTS).unwrap_or_default()
    }
}

/// The method of a client that takes an answer from a cache. One that forbids fetching (`Disable-Module-Fetch`) does: what is here is fresh,
/// and the client would get just that. So does one that asks a cache for news of what never changes. NB: each header looked at is a call
/// of the host.
fn plain_method(header: ReadHeader<'_>, hit: &Hit) -> Option<String> {
    let never_changes = hit.holds_for().is_none();
    header(":method")
        .filter(|method| is_read(method))
        .filter(|_| never_changes || header("cache-control").is_none())
}

fn is_for_us(header: ReadHeader<'_>, matching: &Match) -> bool {
    // Where every host is answered for, it need not be known.
    matching.hosts.is_empty() || header(":authority").is_some_and(|host| is_our_host(&host, matching))
}

/// How long an answer is given again. A second is nothing to a client, and makes the reads of the index two per worker,
/// document and second.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The documents of some hundred module versions: more than a worker's clients ask for again within a second.
const SLOTS: u64 = 512;

/// Nearly every go.mod is smaller, and what is larger costs more to send than to look up.
const MAX_BODY: usize = 8 * 1024;

/// Paths of the go command are under 500 bytes; only odd spellings are longer.
const MAX_PATH: usize = 1024;

#[cfg(test)]
mod tests;
