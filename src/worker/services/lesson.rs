//! What all workers learn of a zip that was routed and did not come.
//!
//! Little: what is written here decides whom everybody else is sent to. A failure is no word on the zip, so storage is asked
//! once more, and given it says so, the next download goes there like the last.

use super::Services;
use crate::{
    cx::Cx,
    flow::{Lesson, Routed, judge, keep},
    plan::{Source, Want},
    shared::{Entry, Loss, Region},
};

impl Services {
    /// The index learns of a zip that did not come. What it has of another source stays.
    pub(in crate::worker) fn learn(&mut self, routed: &Routed, lesson: Lesson, cx: &mut Cx<'_>) {
        let path = Want::Zip(routed.zip.clone()).key();
        let known = self.index.peek(cx.kv, Region::Found, &path);
        let is_stored = routed.source == Source::Storage;
        match (&lesson, known) {
            (Lesson::Lost(loss), known) if is_stored => {
                let worse =
                    judge::loss(known.as_ref(), &self.config, cx.now).filter(|known| known.is_spoiled());
                if worse.is_none() || *loss == Loss::Wrong {
                    keep(&mut self.index, &path, &Entry::Lost { since: cx.now, loss: *loss }, cx);
                }
            }
            (Lesson::Failed, Some(Entry::Stored { checked, .. })) if is_stored => {
                let doubted = Entry::Stored { since: cx.now, checked, doubted: true };
                keep(&mut self.index, &path, &doubted, cx);
            }
            (Lesson::Nothing, _) => {}
            (Lesson::Moved, None | Some(Entry::Streamed { .. }))
                if let Source::Upstream(upstream) = routed.source =>
            {
                let moved = Entry::Streamed { upstream, since: cx.now, moved: true };
                keep(&mut self.index, &path, &moved, cx);
            }
            (Lesson::Moved, _) => {}
            (_, Some(Entry::Streamed { .. })) if !is_stored => {
                self.index.forget(cx.kv, Region::Found, &path, cx.now);
            }
            _ => {}
        }
        if let Lesson::Missing(missing) = lesson {
            keep(&mut self.index, &path, &Entry::Missing(missing), cx);
        }
    }
}
