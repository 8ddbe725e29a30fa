//! What all workers learn of a zip that was routed and did not come.
//!
//! It learns little, as this decides where all other clients are sent. A failure says nothing of the zip: storage is asked once more, and
//! if it says that it gives the zip, the next download goes there like the last.

use super::Services;
use crate::{
    cx::Cx,
    flow::{IndexUpdate, Routed, cache_state, keep},
    plan::{Source, Want},
    shared::{Entry, Loss, Region},
};

impl Services {
    /// The index learns of a zip that did not come. What it has of another source stays.
    pub(in crate::worker) fn apply(&mut self, routed: &Routed, update: IndexUpdate, cx: &mut Cx<'_>) {
        let path = Want::Zip(routed.zip.clone()).key();
        let known = self.index.peek(cx.kv, Region::Found, &path);
        let is_stored = routed.source == Source::Storage;
        match (&update, known) {
            (IndexUpdate::Lost(loss), known) if is_stored => {
                let worse = cache_state::loss(known.as_ref(), &self.config, cx.now)
                    .filter(|known| known.is_spoiled());
                if worse.is_none() || *loss == Loss::Wrong {
                    keep(&mut self.index, &path, &Entry::Lost { since: cx.now, loss: *loss }, cx);
                }
            }
            (IndexUpdate::Failed, Some(Entry::Stored { checked, .. })) if is_stored => {
                let doubted = Entry::Stored { since: cx.now, checked, doubted: true };
                keep(&mut self.index, &path, &doubted, cx);
            }
            (IndexUpdate::Nothing, _) => {}
            (IndexUpdate::Moved, None | Some(Entry::Streamed { .. }))
                if let Source::Upstream(upstream) = routed.source =>
            {
                let moved = Entry::Streamed { upstream, since: cx.now, moved: true };
                keep(&mut self.index, &path, &moved, cx);
            }
            (IndexUpdate::Moved, _) => {}
            (_, Some(Entry::Streamed { .. })) if !is_stored => {
                self.index.forget(cx.kv, Region::Found, &path, cx.now);
            }
            _ => {}
        }
        if let IndexUpdate::Missing(missing) = update {
            keep(&mut self.index, &path, &Entry::Missing(missing), cx);
        }
    }
}
