//! Judging long lists, a slice at each turn, for those who wait for that.

use super::{Job, Owner, Slice, Stream, Undecided, Worker};
use crate::{
    cx::{Cx, StreamId, Verdict},
    flow::{Known, Sifting, SiftingKey},
    goproxy::{Failure, Fault},
    metrics::Metric,
};

/// A list being judged, and who waits for that.
#[derive(Debug)]
pub(super) struct Sorting {
    pub(super) sifting: Box<Sifting>,
    waiting: Vec<StreamId>,
}

impl Worker {
    /// Has `stream` wait until the list is judged.
    pub(super) fn wait_for_sifting(
        &mut self,
        stream: StreamId,
        then: Undecided,
        sifting: Box<Sifting>,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        let key = Owner::Sifting(sifting.key().clone());
        // Where it is another list of the same module, the next look finds that it is not judged yet.
        if let Some(Job::Sifting(sorting)) = self.jobs.get_mut(&key) {
            sorting.waiting.push(stream);
        } else {
            let under_way = self.jobs.values().filter(|job| matches!(job, Job::Sifting(_))).count();
            if under_way >= MAX_SIFTINGS {
                cx.count(Metric::Refusal { reason: "budget".into() });
                let parked = then.parked();
                let reason = format!("{}: too many others as long are being read", parked.want().describe());
                let failure = Failure { fault: Fault::Overloaded, reason, retry_after: None };
                return parked.fail(&failure, cx);
            }
            self.services.slices.push_back(Slice::Sifting(sifting.key().clone()));
            self.jobs.insert(key, Job::Sifting(Sorting { sifting, waiting: vec![stream] }));
        }
        self.streams.insert(stream, Stream::Undecided(Box::new(then)));
        Verdict::Wait
    }

    /// Judges on; whoever waits goes on when all of the list is judged.
    pub(super) fn work_on_sifting(&mut self, key: &SiftingKey, cx: &mut Cx<'_>) {
        let job_key = Owner::Sifting(key.clone());
        let Some(Job::Sifting(mut sorting)) = self.jobs.remove(&job_key) else { return };
        sorting.waiting.retain(|stream| self.streams.contains_key(stream));
        if sorting.waiting.is_empty() {
            return;
        }
        let mut known = Known {
            config: &self.services.config,
            index: &mut self.services.index,
            publications: &self.services.publications,
            sightings: &self.services.sightings,
            shelf: &mut self.services.shelf,
        };
        if !sorting.sifting.work(&mut known, cx) {
            self.jobs.insert(job_key, Job::Sifting(sorting));
            self.services.slices.push_back(Slice::Sifting(key.clone()));
            return;
        }
        self.services.shelf.keep(*sorting.sifting, cx.now);
        self.let_decided_go_on(sorting.waiting, cx);
    }

    /// The rules are others by now.
    pub(super) fn sift_anew(&mut self) {
        self.services.shelf.clear();
        for job in self.jobs.values_mut() {
            if let Job::Sifting(sorting) = job {
                sorting.sifting.begin_again();
            }
        }
    }

    /// It is known now what these waited for.
    pub(super) fn let_decided_go_on(&mut self, waiting: Vec<StreamId>, cx: &mut Cx<'_>) {
        for stream in waiting {
            if let Some(Stream::Undecided(then)) = self.streams.remove(&stream) {
                let verdict = self.decide(stream, *then, cx);
                if verdict != Verdict::Wait {
                    self.go_on_with(stream, verdict, cx);
                }
            }
        }
    }

    fn decide(&mut self, stream: StreamId, then: Undecided, cx: &mut Cx<'_>) -> Verdict {
        match then {
            Undecided::Asked(parked) => self.ask_again(stream, *parked, cx),
            Undecided::Searched { parked, coalesced, searched } => {
                self.resume(stream, *parked, coalesced, &searched, cx)
            }
        }
    }
}

/// Lists judged at once, each of at most 4 MiB, of which as much may be shown.
const MAX_SIFTINGS: usize = 16;
