//! What proofs need beside their subject: tiles and heads of a checksum database, each asked for once, for all who wait.

use super::{
    Job, Owner, Worker,
    key::{PartKey, PartSource, SearchKey},
    queued::Turn,
    sums::forged,
};
use crate::{
    cx::Cx,
    flow::{Search, Searched, Step},
    goproxy::{Document, SumdbFile},
    http::{Reply, Timestamp},
    plan::Want,
    shared::Region,
};

/// Something that proofs need, being asked for.
#[derive(Debug)]
pub(super) struct Part {
    want: Want,
    search: Search,
    /// When what it asks is asked again, while it pauses.
    pub(super) again_at: Option<Timestamp>,
    /// The searches whose proofs need it, and which attempt of each.
    waiting: Vec<(SearchKey, u64)>,
}

impl Part {
    pub(super) fn search(&self) -> &Search {
        &self.search
    }
}

impl Worker {
    /// Something that `attempt` at the proof that `who` is about needs: from the index, where that has it, else it is asked for.
    pub(super) fn part(
        &mut self,
        want: &Want,
        (who, attempt): (&SearchKey, u64),
        may_fetch: bool,
        from: PartSource,
        cx: &mut Cx<'_>,
    ) -> Option<Searched> {
        let key = SearchKey { path: want.key(), may_fetch };
        if from == PartSource::Anywhere
            && !is_latest(want)
            && let Some(entry) = self.services.index.look_up(cx.kv, Region::Found, &key.path, cx.now)
            && let Some(searched) = Searched::indexed(entry)
        {
            return Some(searched);
        }
        let job_key = Owner::Part(PartKey { key, source: from });
        if let Some(Job::Part(part)) = self.jobs.get_mut(&job_key) {
            part.waiting.push((who.clone(), attempt));
            return None;
        }
        let mut search = Search::new(want.clone(), &self.services.config, may_fetch, false);
        if from == PartSource::Database {
            search.avoid_storage();
        }
        let step = search.advance(&self.services.config, cx);
        let part = Part { want: want.clone(), search, again_at: None, waiting: vec![(who.clone(), attempt)] };
        self.ask_part(job_key, part.into(), step, cx)
    }

    /// Asks for a part, or returns what came of it.
    fn ask_part(
        &mut self,
        key: Owner,
        mut part: Box<Part>,
        mut step: Step,
        cx: &mut Cx<'_>,
    ) -> Option<Searched> {
        loop {
            match step {
                Step::Ask(source, callout) => match self.call_or_queue(&key, source, callout, Turn::GoOn, cx)
                {
                    Ok(()) => {
                        self.jobs.insert(key, Job::Part(part));
                        return None;
                    }
                    Err(_) => step = part.search.turned_away(None, &self.services.config, cx),
                },
                Step::Pause { least, spread } => {
                    part.again_at =
                        Some(self.services.after_pause(&part.want.key(), (least, spread), cx.now));
                    self.jobs.insert(key, Job::Part(part));
                    return None;
                }
                Step::Done(searched) => return Some(searched),
                // It came encoded. A part is small: what it takes to decode it is no more than it takes to prove it.
                Step::Work => step = part.search.work(&self.services.config, cx),
                // It is neither a go.mod nor a zip.
                Step::Sums => {
                    return Some(Searched::failed(forged(&part.want, "nothing proves it")));
                }
            }
        }
    }

    /// The reply to the question for a part.
    pub(super) fn hear_part(&mut self, key: Owner, mut part: Box<Part>, reply: Reply, cx: &mut Cx<'_>) {
        let step = part.search.step(reply, &self.services.config, cx);
        self.walk_part(key, part, step, cx);
    }

    /// The pause before a part is asked for again is over.
    pub(super) fn ask_part_again(&mut self, key: Owner, mut part: Box<Part>, cx: &mut Cx<'_>) {
        part.again_at = None;
        let step = part.search.ask_again(&self.services.config, cx);
        self.walk_part(key, part, step, cx);
    }

    fn walk_part(&mut self, key: Owner, part: Box<Part>, step: Step, cx: &mut Cx<'_>) {
        let (want, waiting) = (part.want.clone(), part.waiting.clone());
        let is_answer = !matches!(&key, Owner::Part(PartKey { source: PartSource::Before, .. }));
        let Some(searched) = self.ask_part(key, part, step, cx) else { return };
        if !is_answer {
            self.hear_recalled(&want, &searched, cx);
        }
        for (key, attempt) in waiting {
            let Some(mut fetch) = self.take_fetch(&key) else { continue };
            // What was asked for by an attempt that has failed says nothing to the next, which may not even have begun.
            let Some(proving) = fetch.proving.as_mut().filter(|proving| proving.attempt == attempt) else {
                self.jobs.insert(Owner::Search(key), Job::Fetch(fetch));
                continue;
            };
            if is_answer {
                proving.supply(&want, &searched);
            }
            if let Some(done) = self.prove(key, fetch, cx) {
                self.answer(&done.errand, &done.searched, cx);
            }
        }
    }
}

fn is_latest(want: &Want) -> bool {
    matches!(want, Want::Document(Document::Sumdb { file: SumdbFile::Latest, .. }))
}
