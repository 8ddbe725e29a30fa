//! What proofs need beside their subject: tiles and heads of a checksum database, each asked for once, for all who wait.

use super::{
    super::{
        event::{Event, PartFound},
        key::{Owner, PartKey, PartSource, SearchKey},
    },
    Flights, Ground,
    queued::Turn,
};
use crate::{
    flow::{Search, Searched, Step},
    goproxy::{Document, Failure, FailureKind, SumdbFile},
    http::{Reply, Timestamp},
    plan::Want,
    shared::Region,
};

/// Something that proofs need, being asked for.
#[derive(Debug)]
pub(super) struct PartSearch {
    want: Want,
    search: Search,
    /// When what it asks is asked again, while it pauses.
    pub(super) again_at: Option<Timestamp>,
    /// The searches whose proofs need it, and which attempt of each.
    waiting: Vec<(SearchKey, u64)>,
}

impl PartSearch {
    pub(super) fn search(&self) -> &Search {
        &self.search
    }
}

impl Flights {
    /// Something that `attempt` at the proof that `who` is about needs: from the index, where that has it, else it is asked for.
    pub(in crate::worker) fn part(
        &mut self,
        want: &Want,
        (who, attempt): (&SearchKey, u64),
        may_fetch: bool,
        source: PartSource,
        ground: &mut Ground<'_, '_>,
    ) -> Option<Searched> {
        let key = SearchKey { path: want.key(), may_fetch };
        let Ground { services, cx, .. } = ground;
        if source == PartSource::Anywhere
            && !is_latest(want)
            && let Some(entry) = services.index.look_up(cx.kv, Region::Found, &key.path, cx.now)
            && let Some(searched) = Searched::indexed(entry)
        {
            return Some(searched);
        }
        let key = PartKey { key, source };
        if let Some(part) = self.parts.get_mut(&key) {
            part.waiting.push((who.clone(), attempt));
            return None;
        }
        let mut search = Search::new(want.clone(), &services.config, may_fetch, false);
        if source == PartSource::Database {
            search.avoid_storage();
        }
        let step = search.advance(&services.config, cx);
        let part =
            PartSearch { want: want.clone(), search, again_at: None, waiting: vec![(who.clone(), attempt)] };
        self.ask_part(key, part.into(), step, ground)
    }

    /// Asks for a part, or returns what came of it.
    fn ask_part(
        &mut self,
        key: PartKey,
        mut part: Box<PartSearch>,
        mut step: Step,
        ground: &mut Ground<'_, '_>,
    ) -> Option<Searched> {
        loop {
            match step {
                Step::Ask(source, callout) => {
                    let owner = Owner::Part(key.clone());
                    if self.call_or_queue(owner, source, callout, Turn::GoOn, ground).is_ok() {
                        break;
                    }
                    step = part.search.turned_away(None, &ground.services.config, ground.cx);
                }
                Step::Pause { least, jitter } => {
                    let path = part.want.key();
                    let again_at = ground.services.after_pause(&path, (least, jitter), ground.cx.now);
                    part.again_at = Some(again_at);
                    break;
                }
                Step::Done(searched) => return Some(searched),
                // It came encoded. A part is small: what it takes to decode it is no more than it takes to prove it.
                Step::Work => step = part.search.work(&ground.services.config, ground.cx),
                // It is neither a go.mod nor a zip.
                Step::Sums => {
                    let reason = format!("{}: nothing proves it", part.want.describe());
                    return Some(Searched::failed(Failure {
                        kind: FailureKind::Forged,
                        reason,
                        retry_after: None,
                    }));
                }
            }
        }
        self.parts.insert(key, part);
        None
    }

    /// The reply to the question for a part.
    pub(in crate::worker) fn on_part_reply(
        &mut self,
        key: PartKey,
        reply: Reply,
        ground: &mut Ground<'_, '_>,
    ) {
        if let Some(mut part) = self.parts.remove(&key) {
            let step = part.search.on_reply(reply, &ground.services.config, ground.cx);
            self.walk_part(key, part, step, ground);
        }
    }

    /// The pause before a part is asked for again is over.
    pub(super) fn ask_part_again(&mut self, key: PartKey, ground: &mut Ground<'_, '_>) {
        if let Some(mut part) = self.parts.remove(&key) {
            part.again_at = None;
            let step = part.search.ask_again(&ground.services.config, ground.cx);
            self.walk_part(key, part, step, ground);
        }
    }

    fn walk_part(&mut self, key: PartKey, part: Box<PartSearch>, step: Step, ground: &mut Ground<'_, '_>) {
        let (want, waiting) = (part.want.clone(), part.waiting.clone());
        if let Some(searched) = self.ask_part(key.clone(), part, step, ground) {
            if key.source == PartSource::Before {
                ground.services.emit(Event::Recalled(want.clone(), searched.clone()));
            }
            let found = PartFound { key, want, searched, waiting: waiting.into() };
            ground.services.emit(Event::PartFound(found.into()));
        }
    }
}

fn is_latest(want: &Want) -> bool {
    matches!(want, Want::Document(Document::Sumdb { file: SumdbFile::Latest, .. }))
}
