//! What may be shown of long lists, as one worker has found out lately.
//!
//! To judge a list of a hundred thousand versions takes half a second of work. Without the shelf it would be done anew for each client.

use std::{collections::VecDeque, time::Duration};

use super::sifting::{Sifted, Sifting, SiftingKey};
use crate::{goproxy::Etag, http::Timestamp};

/// What may be shown of long lists.
#[derive(Debug, Default)]
pub struct Shelf {
    /// What was used last stands last.
    kept: VecDeque<KeptList>,
}

#[derive(Debug)]
struct KeptList {
    key: SiftingKey,
    /// Of the list.
    tag: Etag,
    since: Timestamp,
    bytes: usize,
    sifted: Sifted,
}

impl Shelf {
    /// Keeps what came of judging a list.
    pub fn keep(&mut self, sifting: Sifting, now: Timestamp) {
        let (key, tag) = (sifting.key().clone(), sifting.tag());
        self.kept.retain(|kept| kept.key != key || kept.tag != tag);
        let sifted = sifting.sifted();
        self.kept.push_back(KeptList { key, tag, since: now, bytes: sifted.bytes(), sifted });
        let bytes = |kept: &VecDeque<KeptList>| kept.iter().map(|kept| kept.bytes).sum::<usize>();
        // The last one stays in any case: a client waits for it.
        while self.kept.len() > 1 && (self.kept.len() > MAX_KEPT || bytes(&self.kept) > MAX_BYTES) {
            self.kept.pop_front();
        }
    }

    /// What may be shown of the list with this tag.
    pub(super) fn get(&mut self, key: &SiftingKey, tag: Etag, now: Timestamp) -> Option<&mut Sifted> {
        let at = self.kept.iter().position(|kept| kept.key == *key && kept.tag == tag)?;
        let kept = self.kept.remove(at).filter(|kept| kept.holds(now))?;
        self.kept.push_back(kept);
        self.kept.back_mut().map(|kept| &mut kept.sifted)
    }

    /// Forgets everything: the rules are others by now.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}

impl KeptList {
    fn holds(&self, now: Timestamp) -> bool {
        let is_true = self.sifted.holds_until().is_none_or(|until| now < until);
        now.is_within(if is_true { MAX_AGE } else { GRACE }, self.since)
    }
}

/// How long it is believed: a version that upstreams did not know is asked about again then.
const MAX_AGE: Duration = Duration::from_secs(60);

/// How long it is given though another version has grown old enough meanwhile. Without this, a client would wait without end where a
/// version does so each second.
const GRACE: Duration = Duration::from_secs(1);

/// Bytes of all that is kept, but for the last one, which has 5 MiB at most.
const MAX_BYTES: usize = 32 << 20;

/// Each look-up reads all of their keys.
const MAX_KEPT: usize = 64;
