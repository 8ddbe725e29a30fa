//! Proving what a checksum database gave, with the other files that the proof needs.

use log::Level;

use super::{
    super::{
        event::{Event, PartFound, ToProve},
        key::{PartSource, SearchKey},
        services::Services,
    },
    Verify, forged, sumdb_at,
};
use crate::{
    cx::Cx,
    flow::{ProofStep, Proving, Searched, keep},
    goproxy::{Document, Failure, FailureKind, Found},
    metrics::{Counter, SumdbOutcome},
    plan::Want,
    shared::{Advanced, Entry, Region, tree_heads},
    sumdb::{Key, Proven, Refused},
};

/// A proof under way.
#[derive(Clone, Debug)]
pub(super) struct PendingProof {
    /// What is to be proven.
    want: Want,
    proving: Proving,
    /// Whether it was seen to that storage is asked for its head.
    recalled: bool,
    /// Whether storage is not asked, as something of the proof was spoiled there.
    fresh: bool,
}

/// What comes next of a proof.
pub(in crate::worker) enum Progress {
    /// These are needed, and told by [`Verify::supply`].
    Ask(Vec<Need>),
    /// This is needed before, and told by [`Verify::on_recalled`].
    Recall(Need),
    /// What is needed is on its way.
    Wait,
    /// What was found, or why it is not given.
    Over(Searched),
    /// It is refused for what may have been spoiled in storage: the database itself is to be asked for all of it.
    Again,
}

/// What comes of a proof that is to be begun.
pub(in crate::worker) enum Begun {
    /// It is under way: [`Verify::advance`].
    Proving,
    /// No such file can exist: this is the answer.
    Unprovable(Searched),
}

/// Something that a proof needs.
pub(in crate::worker) struct Need {
    pub(in crate::worker) want: Want,
    /// The attempt that asked.
    pub(in crate::worker) attempt: u64,
    /// Whether the database may be asked.
    pub(in crate::worker) may_fetch: bool,
    /// The source that is asked.
    pub(in crate::worker) source: PartSource,
}

impl Verify {
    /// Begins the proof of what a search found.
    pub(in crate::worker) fn begin(&mut self, to_prove: ToProve, services: &mut Services) -> Begun {
        let ToProve { key, want, fresh, searched } = to_prove;
        let Want::Document(Document::Sumdb { sumdb, file }) = &want else {
            return Begun::Unprovable(searched);
        };
        let attempt = services.attempt();
        let known = services.config.sumdb.iter().find(|known| known.name == *sumdb);
        let proving =
            known.and_then(|known| Proving::begin(attempt, sumdb, file, searched, known.key.clone()));
        let Some(proving) = proving else {
            return Begun::Unprovable(Searched::failed(forged(&want, "nothing proves such a file")));
        };
        // The attempt before has seen to the head.
        self.proofs.insert(key, PendingProof { want, proving, recalled: fresh, fresh });
        Begun::Proving
    }

    /// A file that `attempt` at the proof for `key` needs is here. Returns whether the proof still needs it: a file that a failed attempt
    /// has asked for says nothing to the next, which may not even have begun.
    pub(in crate::worker) fn supply(
        &mut self,
        key: &SearchKey,
        attempt: u64,
        want: &Want,
        searched: &Searched,
    ) -> bool {
        let proof = self.proofs.get_mut(key).filter(|proof| proof.proving.attempt == attempt);
        proof.map(|proof| proof.proving.supply(want, searched)).is_some()
    }

    /// As [`Verify::supply`], of a search's result. The head that storage has from before is told by [`Verify::on_recalled`] instead.
    pub(in crate::worker) fn on_part(&mut self, key: &SearchKey, attempt: u64, found: &PartFound) -> bool {
        if found.key.source == PartSource::Before {
            return self.proofs.get(key).is_some_and(|proof| proof.proving.attempt == attempt);
        }
        self.supply(key, attempt, &found.want, &found.searched)
    }

    /// Goes on with the proof for `key`.
    pub(in crate::worker) fn advance(
        &mut self,
        key: &SearchKey,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Progress {
        let Some(mut proof) = self.proofs.remove(key) else { return Progress::Wait };
        let progress = self.step(key, &mut proof, services, cx);
        if matches!(progress, Progress::Ask(_) | Progress::Recall(_) | Progress::Wait) {
            self.proofs.insert(key.clone(), proof);
        }
        progress
    }

    fn step(
        &mut self,
        key: &SearchKey,
        proof: &mut PendingProof,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Progress {
        let at = sumdb_at(&proof.want, &services.config);
        let known = at.and_then(|at| Some((at, services.config.sumdb.get(at)?.key.clone())));
        let Some((at, database)) = known else {
            return Progress::Over(Searched::failed(forged(&proof.want, "nothing proves it")));
        };
        loop {
            let attempt = proof.proving.attempt;
            if !proof.proving.alone {
                if !std::mem::replace(&mut proof.recalled, true)
                    && let Some(want) = self.recall(at, services, cx)
                {
                    let source = PartSource::Before;
                    return Progress::Recall(Need { want, attempt, may_fetch: false, source });
                }
                if let Some(head) = self.sumdbs.get(at).and_then(|known| known.recalled.clone()) {
                    proof.proving.recall(head);
                }
                if proof.proving.known().is_none()
                    && let Some(head) = tree_heads::head(cx.kv, &database)
                {
                    proof.proving.learn(head);
                }
            }
            match proof.proving.advance() {
                ProofStep::Ask(wants) => {
                    let may_fetch = key.may_fetch && !proof.proving.alone;
                    let source = if proof.fresh { PartSource::Database } else { PartSource::Anywhere };
                    let need = |want| Need { want, attempt, may_fetch, source };
                    return Progress::Ask(wants.into_iter().map(need).collect());
                }
                ProofStep::Wait => return Progress::Wait,
                ProofStep::Proven(proven) if proof.proving.alone => {
                    cx.count(Counter::Sumdb { outcome: SumdbOutcome::Alone });
                    return Progress::Over(proof.proving.clone().into_searched(&proven));
                }
                ProofStep::Proven(proven) => {
                    if let Advanced::Behind(newer) =
                        tree_heads::advance(cx.kv, &database, proof.proving.known(), &proven.head)
                    {
                        // Each continues what was known; whether one continues the other is yet to be seen.
                        match proof.proving.fall_behind(newer) {
                            Ok(()) => continue,
                            Err(failure) => return give_up(proof, failure, &database, cx),
                        }
                    }
                    cx.count(Counter::Sumdb { outcome: SumdbOutcome::Proven });
                    self.note_compared(at, &database, services, cx);
                    self.keep_proven(at, proof, &proven, services, cx);
                    return Progress::Over(proof.proving.clone().into_searched(&proven));
                }
                ProofStep::Refused(refused) => return refuse(key, proof, &refused, cx),
                ProofStep::Failed(failure) => {
                    let attempt = services.attempt();
                    let Some(alone) = proof.proving.by_itself(attempt, database.clone()) else {
                        return give_up(proof, failure, &database, cx);
                    };
                    cx.log(Level::Warn, format!("{}; what storage has is proven alone", failure.reason));
                    proof.proving = alone;
                }
            }
        }
    }

    /// What was proven beside the subject is kept too: the next proof needs most of it, and so do clients.
    fn keep_proven(
        &mut self,
        at: usize,
        proof: &PendingProof,
        proven: &Proven,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        let proving = &proof.proving;
        for (resource, bytes) in &proven.proven {
            let want = proving.want(resource);
            if !matches!(want, Want::Document(_))
                || proving.is_subject(resource)
                || services.index.peek(cx.kv, Region::Found, &want.key()).is_some()
            {
                continue;
            }
            let stored = proving.is_stored(resource);
            let found = Found { stored, ..Found::fetched(bytes.clone(), cx.now) };
            if proving.is_to_be_stored(resource) && !proof.fresh {
                services.emit(Event::Proven(want.clone(), found.clone()));
            }
            keep(&mut services.index, &want.key(), &Entry::Found(found), cx);
        }
        if proven.grew {
            self.keep_head(at, &proven.head, services, cx);
        }
    }
}

/// No source could be asked for what the proof needs.
fn give_up(proof: &PendingProof, failure: Failure, database: &Key, cx: &mut Cx<'_>) -> Progress {
    cx.count(Counter::Sumdb { outcome: SumdbOutcome::Failed });
    let newest = tree_heads::head(cx.kv, database);
    Progress::Over(proof.proving.clone().unproven(failure, newest.as_ref()))
}

/// It does not hold. Storage's copy may be spoiled, so the database itself is asked once more. Not where the database has signed two
/// histories: the signatures and hashes that say so are its own, wherever they were kept.
fn refuse(key: &SearchKey, proof: &PendingProof, refused: &Refused, cx: &mut Cx<'_>) -> Progress {
    let want = &proof.want;
    let is_fork = matches!(refused, Refused::Fork { .. });
    if proof.proving.is_second_hand() && !is_fork && !proof.fresh && key.may_fetch {
        let line = format!("{}: {refused}; the database itself is asked", want.describe());
        cx.log(Level::Warn, line);
        return Progress::Again;
    }
    let outcome = match refused {
        Refused::Forged(_) => SumdbOutcome::Forged,
        Refused::Fork { .. } => SumdbOutcome::Fork,
        Refused::Unknown(_) => SumdbOutcome::Failed,
    };
    cx.count(Counter::Sumdb { outcome });
    // A developer is told what it is; the evidence is for the log.
    let (level, why) = match refused {
        Refused::Fork { .. } => (Level::Error, "the checksum database has signed two histories".to_owned()),
        Refused::Forged(why) => (Level::Error, why.clone()),
        Refused::Unknown(_) => (Level::Warn, refused.to_string()),
    };
    cx.log(level, format!("{} is refused: {refused}", want.describe()));
    let failure = match refused {
        Refused::Unknown(_) => {
            let reason = format!("{}: {why}", want.describe());
            Failure { kind: FailureKind::Bad, reason, retry_after: None }
        }
        _ => forged(want, &why),
    };
    Progress::Over(Searched::failed(failure))
}
