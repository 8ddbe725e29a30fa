//! Proving what a checksum database gave, with whatever else of it that takes.

use std::time::Duration;

use log::Level;

use super::{
    Job, JobKey, SearchKey, Worker,
    fetch::{Done, Fetch},
    sums::forged,
};
use crate::{
    cx::Cx,
    flow::{End, Next, Proving, Search, Searched, Step},
    goproxy::{Document, Failure, Fault, Found, SumdbFile},
    http::Reply,
    metrics::Metric,
    plan::Want,
    shared::{Advanced, Entry, Region, heads},
    sumdb::{Proven, Refused, SignedHead},
};

/// Something that proofs need, being asked for.
#[derive(Debug)]
pub(super) struct Part {
    want: Want,
    search: Search,
    /// The searches whose proofs need it.
    waiting: Vec<SearchKey>,
}

impl Worker {
    /// What is to be proven of what was found, where something is; else what was found, or why it cannot be.
    pub(super) fn begin_proof(&self, want: &Want, searched: Searched) -> Result<Proving, Searched> {
        let (Want::Document(Document::Sumdb { sumdb, file }), End::Document(_), Some(_)) =
            (want, &searched.end, searched.source)
        else {
            return Err(searched);
        };
        let known = self.config.sumdb.iter().find(|known| known.name == *sumdb);
        known
            .and_then(|known| Proving::begin(sumdb, file, searched, known.key.clone()))
            .ok_or_else(|| Searched::failed(forged(want, "nothing proves such a file")))
    }

    /// Goes on with the proof of a search's result.
    pub(super) fn prove(&mut self, key: SearchKey, mut fetch: Box<Fetch>, cx: &mut Cx<'_>) -> Option<Done> {
        while let Some(proving) = &mut fetch.proving {
            let Some(at) = sumdb_at(&fetch.errand.want, &self.config) else { break };
            let Some(database) = self.config.sumdb.get(at).map(|sumdb| sumdb.key.clone()) else { break };
            if proving.known().is_none() {
                match heads::head(cx.kv, &database) {
                    Some(head) => proving.learn(head),
                    None if !std::mem::replace(&mut fetch.recalled, true) && self.recall(at, &key, cx) => {
                        self.jobs.insert(JobKey::Search(key), Job::Fetch(fetch));
                        return None;
                    }
                    None => {}
                }
            }
            match proving.next() {
                Next::Ask(wants) => {
                    for want in wants {
                        if let Some(searched) = self.part(&want, &key, key.may_fetch, fetch.fresh, cx)
                            && let Some(proving) = &mut fetch.proving
                        {
                            proving.supply(&want, &searched);
                        }
                    }
                }
                Next::Wait => {
                    self.jobs.insert(JobKey::Search(key), Job::Fetch(fetch));
                    return None;
                }
                Next::Proven(proven) => {
                    if let Advanced::Behind(newer) =
                        heads::advance(cx.kv, &database, proving.known(), &proven.head)
                    {
                        // Each continues what was known; whether one continues the other is yet to be seen.
                        proving.learn(newer);
                        continue;
                    }
                    cx.count(Metric::Sumdb { outcome: "proven" });
                    self.keep_proven(at, &fetch, *proven, cx);
                    let searched = fetch.proving.take().map(|proving| proving.into_searched());
                    return searched.map(|searched| self.finish(&key, *fetch, searched, cx));
                }
                Next::Refused(refused) => return self.refused(key, fetch, &refused, cx),
                Next::Failed(failure) => {
                    cx.count(Metric::Sumdb { outcome: "failed" });
                    return Some(self.finish(&key, *fetch, Searched::failed(failure), cx));
                }
            }
        }
        let failed = Searched::failed(forged(&fetch.errand.want, "nothing proves it"));
        Some(self.finish(&key, *fetch, failed, cx))
    }

    /// It does not hold. What storage has may have been spoiled there: the database itself is asked once more.
    fn refused(
        &mut self,
        key: SearchKey,
        mut fetch: Box<Fetch>,
        refused: &Refused,
        cx: &mut Cx<'_>,
    ) -> Option<Done> {
        let want = &fetch.errand.want;
        let second_hand = fetch.proving.take().is_some_and(|proving| proving.is_second_hand());
        if second_hand && !fetch.fresh && fetch.errand.may_fetch {
            let line = format!("{}: {refused}; the database itself is asked", want.describe());
            cx.log(Level::Warn, line);
            fetch.fresh = true;
            fetch.search = Search::new(want.clone(), &self.config, true, false);
            fetch.search.avoid_storage();
            let step = fetch.search.advance(&self.config, cx);
            return self.proceed(key, fetch, step, cx);
        }
        let outcome = match refused {
            Refused::Forged(_) => "forged",
            Refused::Fork { .. } => "fork",
            Refused::Unknown(_) => "failed",
        };
        cx.count(Metric::Sumdb { outcome });
        // A developer is told what it is; the evidence is for the log.
        let (level, why) = match refused {
            Refused::Fork { .. } => {
                (Level::Error, "the checksum database has signed two histories".to_owned())
            }
            Refused::Forged(why) => (Level::Error, why.clone()),
            Refused::Unknown(_) => (Level::Warn, refused.to_string()),
        };
        cx.log(level, format!("{} is refused: {refused}", want.describe()));
        let failure = match refused {
            Refused::Unknown(_) => {
                let reason = format!("{}: {why}", want.describe());
                Failure { fault: Fault::Bad, reason, retry_after: None }
            }
            _ => forged(want, &why),
        };
        Some(self.finish(&key, *fetch, Searched::failed(failure), cx))
    }

    /// Something that a proof needs: from the index, where that has it, else it is asked for.
    fn part(
        &mut self,
        want: &Want,
        who: &SearchKey,
        may_fetch: bool,
        fresh: bool,
        cx: &mut Cx<'_>,
    ) -> Option<Searched> {
        let key = SearchKey { path: want.key(), may_fetch };
        if !fresh
            && !is_latest(want)
            && let Some(entry) = self.index.look_up(cx.kv, Region::Found, &key.path, cx.now)
            && let Some(searched) = Searched::indexed(entry)
        {
            return Some(searched);
        }
        let job_key = JobKey::Part { key, fresh };
        if let Some(Job::Part(part)) = self.jobs.get_mut(&job_key) {
            part.waiting.push(who.clone());
            return None;
        }
        let mut search = Search::new(want.clone(), &self.config, may_fetch, false);
        if fresh {
            search.avoid_storage();
        }
        let step = search.advance(&self.config, cx);
        let part = Part { want: want.clone(), search, waiting: vec![who.clone()] };
        self.ask_part(job_key, part.into(), step, cx)
    }

    /// Asks for a part, or returns what came of it.
    fn ask_part(&mut self, key: JobKey, part: Box<Part>, step: Step, cx: &mut Cx<'_>) -> Option<Searched> {
        match step {
            Step::Ask(source, callout) => {
                let permit = self.budget.take(source);
                self.call(key.clone(), permit, callout, cx);
                self.jobs.insert(key, Job::Part(part));
                None
            }
            Step::Done(searched) => Some(searched),
            // It is neither a go.mod nor a zip.
            Step::Sums | Step::Work => Some(Searched::failed(forged(&part.want, "nothing proves it"))),
        }
    }

    /// The reply to the question for a part.
    pub(super) fn hear_part(&mut self, key: JobKey, mut part: Box<Part>, reply: Reply, cx: &mut Cx<'_>) {
        let step = part.search.step(reply, &self.config, cx);
        let (want, waiting) = (part.want.clone(), part.waiting.clone());
        let JobKey::Part { key: SearchKey { may_fetch, .. }, fresh } = &key else { return };
        let (may_fetch, fresh) = (*may_fetch, *fresh);
        let Some(searched) = self.ask_part(key, part, step, cx) else { return };
        if !may_fetch && is_latest(&want) {
            self.recalled(&want, &searched, cx);
        }
        for key in waiting {
            let Some(mut fetch) = self.take_fetch(&key) else { continue };
            // What was spoiled, or failed, once is another attempt's: this one may not even have begun its proof.
            let Some(proving) = fetch.proving.as_mut().filter(|_| fetch.fresh == fresh || !may_fetch) else {
                self.jobs.insert(JobKey::Search(key), Job::Fetch(fetch));
                continue;
            };
            // A head that was recalled to compare with is no answer of the database's.
            if key.may_fetch == may_fetch {
                proving.supply(&want, &searched);
            }
            if let Some(done) = self.prove(key, fetch, cx) {
                self.answer(&done.errand, &done.searched, cx);
            }
        }
    }

    /// Asks storage, once, for the last head that was verified before this Envoy started. Whether `who` is to wait for it.
    fn recall(&mut self, at: usize, who: &SearchKey, cx: &mut Cx<'_>) -> bool {
        let Some(sumdb) = self.config.sumdb.get(at) else { return false };
        if self.sumdbs.get(at).is_none_or(|known| known.is_recalled) {
            return false;
        }
        let file = SumdbFile::Latest;
        let want = Want::Document(Document::Sumdb { sumdb: sumdb.name.clone(), file });
        match self.part(&want, who, false, false, cx) {
            Some(searched) => {
                self.recalled(&want, &searched, cx);
                false
            }
            None => true,
        }
    }

    /// What storage says of the last head.
    fn recalled(&mut self, want: &Want, searched: &Searched, cx: &mut Cx<'_>) {
        let Some(at) = sumdb_at(want, &self.config) else { return };
        let (Some(sumdb), Some(known)) = (self.config.sumdb.get(at), self.sumdbs.get_mut(at)) else { return };
        // Where storage could not say, it is asked again.
        known.is_recalled = !searched.is_failed();
        if let End::Document(found) = &searched.end {
            match SignedHead::open(&found.body, &sumdb.key) {
                Ok(head) => {
                    let _ = heads::advance(cx.kv, &sumdb.key, None, &head);
                }
                Err(error) => cx.log(Level::Error, format!("storage: {}: {error}", want.describe())),
            }
        }
    }

    /// What was proven beside the subject is kept too: the next proof needs most of it, and so do clients.
    fn keep_proven(&mut self, at: usize, fetch: &Fetch, proven: Proven, cx: &mut Cx<'_>) {
        let Some(proving) = &fetch.proving else { return };
        for (resource, bytes) in proven.proven {
            let want = proving.want(&resource);
            let Want::Document(document) = &want else { continue };
            if proving.is_subject(&resource) || self.index.peek(cx.kv, Region::Found, &want.key()).is_some() {
                continue;
            }
            let stored = proving.is_stored(&resource);
            let found = Found { stored, ..Found::fetched(bytes, cx.now) };
            if proving.is_to_be_stored(&resource) && !fetch.fresh {
                self.write(&want, document, &found, true, cx);
            }
            self.index.keep(cx.kv, &want.key(), &Entry::Found(found), cx.now);
        }
        let Some(known) = self.sumdbs.get_mut(at) else { return };
        if proven.grew && known.written.is_none_or(|written| cx.now.since(written) >= HEAD_REST) {
            known.written = Some(cx.now);
            let want = proving.want(&crate::sumdb::Resource::Latest);
            if let Want::Document(document) = &want {
                let found = Found::fetched(proven.head.note().to_vec(), cx.now);
                self.write(&want, document, &found, true, cx);
            }
        }
    }
}

fn is_latest(want: &Want) -> bool {
    matches!(want, Want::Document(Document::Sumdb { file: SumdbFile::Latest, .. }))
}

fn sumdb_at(want: &Want, config: &crate::config::Config) -> Option<usize> {
    let Want::Document(Document::Sumdb { sumdb, .. }) = want else { return None };
    config.sumdb.iter().position(|known| known.name == *sumdb)
}

/// How often a head is written to storage: it moves with every lookup, and what is lost of it is a minute's memory.
const HEAD_REST: Duration = Duration::from_secs(60);
