//! Zips that are fetched into storage for nobody, because it did not get them while they passed by: storage did not keep up or
//! failed, or a client left before the end.
//!
//! The upstream is asked for the next piece when storage has taken those before. So a slow store slows the copy and nothing
//! else. What fails is given up: whoever streams the version next begins anew.

use log::Level;

use super::{
    Job, Owner, Slice, Worker,
    key::{SumsWaiter, ZipKey},
    services::budget::{Purpose, ZIP_REST},
    upload::{Feed, GivenUp},
};
use crate::{
    cx::{CallId, Cx},
    flow::{Copying, Flaw, NextPiece, NotCopied, Proof, Sums},
    goproxy::Zip,
    http::{Reply, Timestamp},
    metrics::Metric,
    plan::Source,
};

/// A copy under way. What it reads goes to the upload of the same zip.
#[derive(Debug)]
pub(super) struct Copier {
    zip: Zip,
    source: Source,
    copying: Copying,
    /// What the upstream is being asked.
    call: Option<CallId>,
}

/// A copy that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    zip: Zip,
    source: Source,
    at: Timestamp,
}

impl Worker {
    /// Has `zip` copied from `source` at `at`, or when there is room after that.
    pub(super) fn copy_later(&mut self, zip: &Zip, source: Source, at: Timestamp, cx: &mut Cx<'_>) {
        if self.copies.iter().any(|due| due.zip == *zip) {
            return;
        }
        if self.copies.len() >= MAX_DUE {
            cx.count(Metric::StorageWrite { outcome: "skipped" });
            return;
        }
        self.copies.push_back(Due { zip: zip.clone(), source, at });
    }

    /// Begins what is due, as many as may be under way.
    pub(super) fn begin_copies(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now;
        // One that is further away than any is set is from before the clock was set back.
        let is_due = |due: &Due| due.at <= now || due.at.since(now) > ZIP_REST;
        while self.jobs.values().filter(|job| matches!(job, Job::Copy(_))).count() < MAX_COPIES {
            let Some(due) = self.copies.iter().position(is_due).and_then(|at| self.copies.remove(at)) else {
                return;
            };
            self.begin_copy(due, cx);
        }
    }

    /// Goes on with those that the upstream was not asked for, as too much else was under way.
    pub(super) fn go_on_with_copies(&mut self, cx: &mut Cx<'_>) {
        let waiting: Vec<_> = self
            .jobs
            .values()
            .filter_map(|job| match job {
                Job::Copy(copier) if copier.call.is_none() => Some(copier.zip.clone()),
                _ => None,
            })
            .collect();
        for zip in waiting {
            self.go_on_copying(&zip, cx);
        }
    }

    fn begin_copy(&mut self, due: Due, cx: &mut Cx<'_>) {
        let Due { zip, source, .. } = due;
        if !self.begin_upload(&zip, source, Feed::Copy, None, cx) {
            return;
        }
        let sums = self.sums(&zip.module, &zip.version, SumsWaiter::Copy(zip.clone()), cx);
        let Some(upstream) = source.endpoint(&self.services.config) else {
            return self.end_upload(upload_key(&zip), Err(GivenUp::NotGiven), cx);
        };
        let copying = Copying::new(&zip, upstream, sums);
        let copier = Copier { zip: zip.clone(), source, copying, call: None };
        self.jobs.insert(key(&zip), Job::Copy(Box::new(copier)));
        self.go_on_copying(&zip, cx);
    }

    /// The upstream has answered a copy.
    pub(super) fn hear_copy(
        &mut self,
        key: Owner,
        mut copier: Box<Copier>,
        call: CallId,
        reply: Reply,
        cx: &mut Cx<'_>,
    ) {
        let zip = copier.zip.clone();
        // Else it is what an earlier copy of the same had asked.
        if copier.call == Some(call) {
            copier.call = None;
            if let Some(upstream) = copier.source.endpoint(&self.services.config) {
                copier.copying.hear(reply, upstream, &copier.source.describe(&self.services.config));
            }
        }
        self.jobs.insert(key, Job::Copy(copier));
        self.go_on_copying(&zip, cx);
    }

    /// The sums are known that a copy waits for.
    pub(super) fn copy_sums(&mut self, zip: &Zip, sums: Sums, cx: &mut Cx<'_>) {
        if let Some(Job::Copy(copier)) = self.jobs.get_mut(&key(zip)) {
            copier.copying.learn(sums);
            self.go_on_copying(zip, cx);
        }
    }

    /// One slice of the work on a copy.
    pub(super) fn work_on_copy(&mut self, zip: &Zip, cx: &mut Cx<'_>) {
        let Some(mut copier) = self.take_copy(zip) else { return };
        self.push_upload(upload_key(zip), copier.copying.work(), cx);
        self.jobs.insert(key(zip), Job::Copy(copier));
        self.go_on_copying(zip, cx);
    }

    /// Does what comes next for a copy, unless the upstream is being asked.
    pub(super) fn go_on_copying(&mut self, zip: &Zip, cx: &mut Cx<'_>) {
        let Some(mut copier) = self.take_copy(zip) else { return };
        let (is_open, has_room) = match self.jobs.get(&upload_key(zip)) {
            Some(Job::Upload(uploading)) if uploading.feed == Feed::Copy => {
                (uploading.upload.is_open(), uploading.upload.has_room())
            }
            _ => (false, false),
        };
        if !is_open {
            return self.end_upload(upload_key(zip), Err(GivenUp::Left), cx);
        }
        let Some(upstream) = copier.source.endpoint(&self.services.config) else { return };
        if copier.call.is_none() {
            match copier.copying.next(upstream) {
                // It is in nobody's way, and asked for once more at the next tick.
                NextPiece::Ask(callout) if has_room => {
                    if let Ok(permit) =
                        self.services.budget.permit(copier.source, Purpose::Begin(None, 0), cx)
                    {
                        copier.call = Some(self.services.call(key(zip), permit, callout, cx));
                    }
                }
                NextPiece::Work => {
                    let toil = Slice::Copy(zip.clone());
                    if !self.services.slices.contains(&toil) {
                        self.services.slices.push_back(toil);
                    }
                }
                NextPiece::Ask(_) | NextPiece::Wait => {}
                NextPiece::Over(verdict) => return self.end_copy(&copier, verdict, cx),
            }
        }
        self.jobs.insert(key(zip), Job::Copy(copier));
    }

    fn end_copy(&mut self, copier: &Copier, verdict: Result<Proof, NotCopied>, cx: &mut Cx<'_>) {
        let verified = match &verdict {
            Ok(proof) => Some(proof.label()),
            Err(NotCopied::Flawed(flaw)) => Some(flaw.label()),
            Err(NotCopied::NoRanges | NotCopied::NotGiven(_) | NotCopied::Redirected(_)) => None,
        };
        if let Some(outcome) = verified {
            cx.count(Metric::Verification { outcome });
        }
        if let Err(why) = &verdict {
            let level = if matches!(why, NotCopied::Flawed(flaw) if flaw.is_the_sources()) {
                Level::Error
            } else {
                Level::Info
            };
            let who = copier.source.describe(&self.services.config);
            cx.log(level, format!("{} from {who}, for storage: {why}", copier.zip));
        }
        let verdict = verdict.map_err(|why| match why {
            // It does not come late here.
            NotCopied::Flawed(Flaw::Late) => GivenUp::Flawed,
            NotCopied::Flawed(flaw) => GivenUp::by(&flaw),
            NotCopied::NoRanges => GivenUp::NoRanges,
            NotCopied::NotGiven(_) | NotCopied::Redirected(_) => GivenUp::NotGiven,
        });
        self.end_upload(upload_key(&copier.zip), verdict, cx);
    }

    fn take_copy(&mut self, zip: &Zip) -> Option<Box<Copier>> {
        let key = key(zip);
        match self.jobs.remove(&key)? {
            Job::Copy(copier) => Some(copier),
            job => {
                self.jobs.insert(key, job);
                None
            }
        }
    }
}

fn key(zip: &Zip) -> Owner {
    Owner::Copy(ZipKey::of(zip))
}

fn upload_key(zip: &Zip) -> Owner {
    Owner::Upload(ZipKey::of(zip))
}

/// Copies under way at once in one worker: it is behind with them already, and they are in nobody's way.
const MAX_COPIES: usize = 2;

/// Copies that may be due in one worker. Beyond these it is left to whoever asks for the version next.
const MAX_DUE: usize = 8;
