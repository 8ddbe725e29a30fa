//! Proving what a checksum database gave, with whatever else of it that takes.

use log::Level;

use super::{
    Job, Owner, Worker,
    fetch::{Done, Fetch},
    key::{PartSource, SearchKey},
    sums::forged,
};
use crate::{
    config::Config,
    cx::Cx,
    flow::{End, Next, Proving, Search, Searched},
    goproxy::{Document, Failure, Fault, Found},
    metrics::Metric,
    plan::Want,
    shared::{Advanced, Entry, Region, heads},
    sumdb::{Key, Proven, Refused},
};

impl Worker {
    /// What is to be proven of what was found, where something is; else what was found, or why it cannot be.
    pub(super) fn begin_proof(&mut self, want: &Want, searched: Searched) -> Result<Proving, Box<Searched>> {
        let (Want::Document(Document::Sumdb { sumdb, file }), End::Document(_), Some(_)) =
            (want, &searched.end, searched.source)
        else {
            return Err(searched.into());
        };
        let attempt = self.services.attempt();
        let known = self.services.config.sumdb.iter().find(|known| known.name == *sumdb);
        known
            .and_then(|known| Proving::begin(attempt, sumdb, file, searched, known.key.clone()))
            .ok_or_else(|| Searched::failed(forged(want, "nothing proves such a file")).into())
    }

    /// Goes on with the proof of a search's result.
    pub(super) fn prove(&mut self, key: SearchKey, mut fetch: Box<Fetch>, cx: &mut Cx<'_>) -> Option<Done> {
        while let Some(proving) = &mut fetch.proving {
            let Some(at) = sumdb_at(&fetch.errand.want, &self.services.config) else { break };
            let Some(database) = self.services.config.sumdb.get(at).map(|sumdb| sumdb.key.clone()) else {
                break;
            };
            let attempt = proving.attempt;
            if !proving.alone {
                if !std::mem::replace(&mut fetch.recalled, true) && self.recall(at, (&key, attempt), cx) {
                    self.jobs.insert(Owner::Search(key), Job::Fetch(fetch));
                    return None;
                }
                if let Some(head) = self.sumdbs.get(at).and_then(|known| known.recalled.clone()) {
                    proving.recall(head);
                }
                if proving.known().is_none()
                    && let Some(head) = heads::head(cx.kv, &database)
                {
                    proving.learn(head);
                }
            }
            match proving.advance() {
                Next::Ask(wants) => {
                    let may_fetch = key.may_fetch && !proving.alone;
                    let from = if fetch.fresh { PartSource::Database } else { PartSource::Anywhere };
                    for want in wants {
                        if let Some(searched) = self.part(&want, (&key, attempt), may_fetch, from, cx)
                            && let Some(proving) = &mut fetch.proving
                        {
                            proving.supply(&want, &searched);
                        }
                    }
                }
                Next::Wait => {
                    self.jobs.insert(Owner::Search(key), Job::Fetch(fetch));
                    return None;
                }
                Next::Proven(proven) if proving.alone => {
                    cx.count(Metric::Sumdb { outcome: "alone" });
                    let searched = fetch.proving.take().map(|proving| proving.into_searched(&proven));
                    return searched.map(|searched| self.finish(&key, *fetch, searched, cx));
                }
                Next::Proven(proven) => {
                    if let Advanced::Behind(newer) =
                        heads::advance(cx.kv, &database, proving.known(), &proven.head)
                    {
                        // Each continues what was known; whether one continues the other is yet to be seen.
                        match proving.fall_behind(newer) {
                            Ok(()) => continue,
                            Err(failure) => return Some(self.give_up(&key, fetch, failure, &database, cx)),
                        }
                    }
                    cx.count(Metric::Sumdb { outcome: "proven" });
                    self.note_compared(at, &database, cx);
                    self.keep_proven(at, &fetch, &proven, cx);
                    let searched = fetch.proving.take().map(|proving| proving.into_searched(&proven));
                    return searched.map(|searched| self.finish(&key, *fetch, searched, cx));
                }
                Next::Refused(refused) => return self.refused(key, fetch, &refused, cx),
                Next::Failed(failure) => {
                    let attempt = self.services.attempt();
                    let Some(alone) = proving.by_itself(attempt, database.clone()) else {
                        return Some(self.give_up(&key, fetch, failure, &database, cx));
                    };
                    cx.log(Level::Warn, format!("{}; what storage has is proven alone", failure.reason));
                    **proving = alone;
                }
            }
        }
        let failed = Searched::failed(forged(&fetch.errand.want, "nothing proves it"));
        Some(self.finish(&key, *fetch, failed, cx))
    }

    /// Nobody could be asked for what the proof needs.
    fn give_up(
        &mut self,
        key: &SearchKey,
        mut fetch: Box<Fetch>,
        failure: Failure,
        database: &Key,
        cx: &mut Cx<'_>,
    ) -> Done {
        cx.count(Metric::Sumdb { outcome: "failed" });
        let newest = heads::head(cx.kv, database);
        let searched = match fetch.proving.take() {
            Some(proving) => proving.unproven(failure, newest.as_ref()),
            None => Searched::failed(failure),
        };
        self.finish(key, *fetch, searched, cx)
    }

    /// It does not hold. What storage has may have been spoiled there: the database itself is asked once more. Not where it has
    /// signed two histories: the signatures and hashes that say so are its own, whoever kept them.
    fn refused(
        &mut self,
        key: SearchKey,
        mut fetch: Box<Fetch>,
        refused: &Refused,
        cx: &mut Cx<'_>,
    ) -> Option<Done> {
        let want = &fetch.errand.want;
        let second_hand = fetch.proving.take().is_some_and(|proving| proving.is_second_hand());
        let is_fork = matches!(refused, Refused::Fork { .. });
        if second_hand && !is_fork && !fetch.fresh && fetch.errand.may_fetch {
            let line = format!("{}: {refused}; the database itself is asked", want.describe());
            cx.log(Level::Warn, line);
            fetch.fresh = true;
            fetch.search = Search::new(want.clone(), &self.services.config, true, false);
            fetch.search.avoid_storage();
            let step = fetch.search.advance(&self.services.config, cx);
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

    /// What was proven beside the subject is kept too: the next proof needs most of it, and so do clients.
    fn keep_proven(&mut self, at: usize, fetch: &Fetch, proven: &Proven, cx: &mut Cx<'_>) {
        let Some(proving) = &fetch.proving else { return };
        for (resource, bytes) in &proven.proven {
            let want = proving.want(resource);
            let Want::Document(document) = &want else { continue };
            if proving.is_subject(resource)
                || self.services.index.peek(cx.kv, Region::Found, &want.key()).is_some()
            {
                continue;
            }
            let stored = proving.is_stored(resource);
            let found = Found { stored, ..Found::fetched(bytes.clone(), cx.now) };
            if proving.is_to_be_stored(resource) && !fetch.fresh {
                self.write(&want, document, &found, true, cx);
            }
            self.services.index.keep(cx.kv, &want.key(), &Entry::Found(found), cx.now);
        }
        if proven.grew {
            self.keep_head(at, &proven.head, cx);
        }
    }
}

/// The database that `want` is of: its place in the configuration.
pub(super) fn sumdb_at(want: &Want, config: &Config) -> Option<usize> {
    let Want::Document(Document::Sumdb { sumdb, .. }) = want else { return None };
    config.sumdb.iter().position(|known| known.name == *sumdb)
}
