//! What is too large for the index, as long as this worker has room for it.
//!
//! A list of a thousand versions or a large go.mod would otherwise be fetched, read and ordered anew for each client. Shared data is no
//! place for it: every look-up there copies the whole under a lock that all workers share. So each worker keeps what it found out itself,
//! and drops what was not used for the longest time.

use std::collections::BTreeMap;

use crate::goproxy::Found;

/// Documents by their key in the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Annex {
    documents: BTreeMap<String, (u64, Found)>,
    bytes: usize,
    /// Counts uses: the number of its last one says how long ago a document was used.
    uses: u64,
}

impl Annex {
    /// Keeps a document in place of the one before.
    pub(super) fn keep(&mut self, path: &str, found: &Found) {
        self.forget(path);
        let bytes = size(path, found);
        if bytes > MAX_BYTES / 2 {
            return;
        }
        while self.documents.len() >= MAX_DOCUMENTS || self.bytes.saturating_add(bytes) > MAX_BYTES {
            let oldest = self.documents.iter().min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(path, _)| path.clone()) else { break };
            self.forget(&oldest);
        }
        self.uses = self.uses.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.documents.insert(path.to_owned(), (self.uses, found.clone()));
    }

    /// The document that is kept under this key.
    pub(super) fn get(&self, path: &str) -> Option<&Found> {
        self.documents.get(path).map(|(_, found)| found)
    }

    /// It was used.
    pub(super) fn touch(&mut self, path: &str) {
        self.uses = self.uses.saturating_add(1);
        if let Some((used, _)) = self.documents.get_mut(path) {
            *used = self.uses;
        }
    }

    /// Drops what is kept under this key.
    pub(super) fn forget(&mut self, path: &str) {
        if let Some((_, found)) = self.documents.remove(path) {
            self.bytes = self.bytes.saturating_sub(size(path, &found));
        }
    }
}

fn size(path: &str, found: &Found) -> usize {
    found.body.len().saturating_add(path.len())
}

/// Bytes of all that one worker keeps: eight lists of the largest size, or a hundred and fifty of the largest that public modules have.
const MAX_BYTES: usize = 32 << 20;

/// Documents that one worker keeps: by default each has 32 KiB at least, but an index may be configured to hold no more than half a
/// KiB of each.
const MAX_DOCUMENTS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Timestamp;

    fn found(bytes: usize, since: u64) -> Found {
        Found::fetched(vec![b'x'; bytes], Timestamp(since))
    }

    #[test]
    fn it_never_holds_more_than_it_may_and_drops_what_nobody_used() {
        const MIB: usize = 1 << 20;
        let mut annex = Annex::default();
        for number in 0..100 {
            annex.keep(&number.to_string(), &found(4 * MIB, number));
            annex.touch("0");
            let held: usize = annex.documents.iter().map(|(path, (_, found))| size(path, found)).sum();
            assert_eq!(annex.bytes, held);
            assert!(
                held <= MAX_BYTES && annex.get("0").is_some() && annex.get(&number.to_string()).is_some()
            );
        }
        assert_eq!(annex.documents.len(), 7);
        annex.keep("large", &found(MAX_BYTES / 2, 0));
        assert_eq!(
            (annex.get("large"), annex.documents.len()),
            (None, 7),
            "it would leave room for nothing else"
        );
        for number in 0..1000 {
            annex.keep(&format!("small{number}"), &found(1, 0));
            assert!(annex.documents.len() <= MAX_DOCUMENTS);
        }
    }

    #[test]
    fn the_last_one_stays_and_what_is_forgotten_is_gone() {
        let mut annex = Annex::default();
        annex.keep("a", &found(2, 5));
        annex.keep("a", &found(3, 5));
        assert_eq!((annex.get("a"), annex.bytes), (Some(&found(3, 5)), 4));
        annex.forget("a");
        assert_eq!(annex, Annex { uses: annex.uses, ..Annex::default() });
    }
}
