//! The proof of what a checksum database gave, for clients or for ourselves: nothing of it is kept, or believed, before.

use super::{End, Searched};
use crate::{
    goproxy::{Document, Etag, Failure, FailureKind, Found, SumdbFile},
    plan::{Source, Want},
    sumdb::{Goal, Key, Progress, Proof, Proven, Refused, Resource, SignedHead, Tile},
};

/// A proof under way, of what a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Proving {
    /// What tells it from others of the same thing, before and after it.
    pub attempt: u64,
    /// Whether the database is not asked: by what storage has, and by the head that came with it.
    pub alone: bool,
    /// The database's name.
    sumdb: String,
    /// What is to be proven.
    subject: Resource,
    searched: Searched,
    proof: Proof,
    /// The head it is compared to.
    known: Option<SignedHead>,
    /// How often another was found to have become the newest.
    overtaken: u32,
    /// What was asked for and is not there yet.
    awaited: Vec<Resource>,
    /// Who gave what, and whether storage could not.
    sources: Vec<(Resource, Option<Source>, bool)>,
    failure: Option<Failure>,
}

/// What comes next of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofStep {
    /// These are needed.
    Ask(Vec<Want>),
    /// What is needed is on its way.
    Wait,
    /// It holds.
    Proven(Box<Proven>),
    /// It does not.
    Refused(Refused),
    /// No source could say.
    Failed(Failure),
}

impl Proving {
    /// The proof that a file of `sumdb` needs; `None` where no such file can be proven.
    pub fn begin(attempt: u64, sumdb: &str, file: &SumdbFile, searched: Searched, key: Key) -> Option<Self> {
        let (subject, goal) = match file {
            SumdbFile::Latest => (Resource::Latest, Goal::Head),
            SumdbFile::Lookup(module, version) => {
                let (module, version) = (module.clone(), version.clone());
                let subject = Resource::Lookup { module: module.clone(), version: version.clone() };
                (subject, Goal::Record { module, version })
            }
            SumdbFile::Tile(path) => {
                let tile = Tile::parse(path)?;
                (Resource::Tile(tile), Goal::Tile(tile))
            }
        };
        Some(Self {
            attempt,
            alone: false,
            sumdb: sumdb.to_owned(),
            subject,
            searched,
            proof: Proof::new(key, goal, None),
            known: None,
            overtaken: 0,
            awaited: Vec::new(),
            sources: Vec::new(),
            failure: None,
        })
    }

    /// Compares with this head from now on.
    pub fn learn(&mut self, known: SignedHead) {
        self.proof.learn(known.clone());
        self.known = Some(known);
    }

    /// The same once more, of a lookup that storage has, while the database cannot be asked for what joins its head to ours.
    pub fn by_itself(&self, attempt: u64, key: Key) -> Option<Self> {
        let Resource::Lookup { module, version } = &self.subject else { return None };
        let file = SumdbFile::Lookup(module.clone(), version.clone());
        let is_stored = self.searched.source == Some(Source::Storage);
        let again = (is_stored && !self.alone)
            .then(|| Self::begin(attempt, &self.sumdb, &file, self.searched.clone(), key))??;
        Some(Self { alone: true, ..again })
    }

    /// Compares with this head as well: it is not known whether the two continue one another.
    pub fn recall(&mut self, head: SignedHead) {
        self.proof.recall(head);
    }

    /// Another became the newest head meanwhile, and this is compared to that; or why it is not, any more.
    pub fn fall_behind(&mut self, newer: SignedHead) -> Result<(), Failure> {
        self.overtaken += 1;
        if self.overtaken > MAX_OVERTAKEN {
            let reason =
                format!("{}: its tree grows faster than the gateway can follow it; try again", self.sumdb);
            return Err(Failure { kind: FailureKind::Overloaded, reason, retry_after: None });
        }
        self.learn(newer);
        Ok(())
    }

    /// The head it is compared to.
    pub fn known(&self) -> Option<&SignedHead> {
        self.known.as_ref()
    }

    /// What comes next.
    pub fn advance(&mut self) -> ProofStep {
        loop {
            if let Some(failure) = self.failure.take() {
                return ProofStep::Failed(failure);
            }
            let needs = match self.proof.step() {
                Progress::Needs(needs) => needs,
                Progress::Proven(proven) => return ProofStep::Proven(proven.into()),
                Progress::Refused(refused) => return ProofStep::Refused(refused),
            };
            let body = match &self.searched.end {
                End::Document(found) if needs.contains(&self.subject) => found.body.to_vec(),
                _ => {
                    let new: Vec<_> =
                        needs.into_iter().filter(|needed| !self.awaited.contains(needed)).collect();
                    if new.is_empty() {
                        return ProofStep::Wait;
                    }
                    let wants = new.iter().map(|needed| self.want(needed)).collect();
                    self.awaited.extend(new);
                    return ProofStep::Ask(wants);
                }
            };
            self.note(self.subject.clone(), self.searched.source, self.searched.storage_failed);
            self.proof.supply(self.subject.clone(), Some(body));
        }
    }

    /// What a search for something that it needs came to.
    pub fn supply(&mut self, want: &Want, searched: &Searched) {
        let Some(at) = self.awaited.iter().position(|awaited| self.want(awaited) == *want) else { return };
        let resource = self.awaited.swap_remove(at);
        match &searched.end {
            End::Document(found) => {
                self.note(resource.clone(), searched.source, searched.storage_failed);
                self.proof.supply(resource, Some(found.body.to_vec()));
            }
            End::Missing(_) => self.proof.supply(resource, None),
            End::Failed(failure) => self.failure = Some(failure.clone()),
            End::Zip { .. } => {}
        }
    }

    /// Whether anything it was told is storage's word, or the index's, rather than the database's.
    pub fn is_second_hand(&self) -> bool {
        self.sources.iter().any(|(_, source, _)| !matches!(source, Some(Source::Sumdb(_))))
    }

    /// Whether storage has `resource`.
    pub fn is_stored(&self, resource: &Resource) -> bool {
        self.sources.iter().any(|(known, source, _)| known == resource && *source == Some(Source::Storage))
    }

    /// Whether storage has no `resource` yet, and the database gave it.
    pub fn is_to_be_stored(&self, resource: &Resource) -> bool {
        let is_new = |source: &_, failed: &_| matches!(source, Some(Source::Sumdb(_))) && !failed;
        self.sources.iter().any(|(known, source, failed)| known == resource && is_new(source, failed))
    }

    fn note(&mut self, resource: Resource, source: Option<Source>, storage_failed: bool) {
        self.sources.push((resource, source, storage_failed));
    }

    /// Whether `resource` is what was to be proven.
    pub fn is_subject(&self, resource: &Resource) -> bool {
        *resource == self.subject
    }

    /// What the search found, with what of it is proven in its place.
    pub fn into_searched(self, proven: &Proven) -> Searched {
        let Self { subject, mut searched, alone, .. } = self;
        let kept = proven.proven.iter().find(|(resource, _)| *resource == subject);
        if let (End::Document(found), Some((_, bytes))) = (&mut searched.end, kept)
            && found.body[..] != bytes[..]
        {
            *found = Found { body: bytes.clone().into(), etag: Etag::of(bytes), ..found.clone() };
        }
        // This head was not compared with ours yet.
        searched.unproven = alone;
        searched
    }

    /// What may be given of storage's copy though no database can be asked for a proof: what a client proves itself, or `newest`, the
    /// newest head that was proven.
    pub fn unproven(self, failure: Failure, newest: Option<&SignedHead>) -> Searched {
        let Self { subject, mut searched, .. } = self;
        let is_stored = searched.source == Some(Source::Storage);
        match (&mut searched.end, subject, newest) {
            (End::Document(_), Resource::Tile(_), _) if is_stored => {}
            (End::Document(found), Resource::Latest, Some(newest)) if is_stored => {
                let body = newest.note().to_vec();
                *found = Found { etag: Etag::of(&body), body: body.into(), ..found.clone() };
            }
            _ => return Searched::failed(failure),
        }
        Searched { unproven: true, earlier_failure: Some(failure), ..searched }
    }

    /// `resource`, as something to look for.
    pub fn want(&self, resource: &Resource) -> Want {
        let file = match resource {
            Resource::Latest => SumdbFile::Latest,
            Resource::Lookup { module, version } => SumdbFile::Lookup(module.clone(), version.clone()),
            Resource::Tile(tile) => SumdbFile::Tile(tile.to_string()),
        };
        Want::Document(Document::Sumdb { sumdb: self.sumdb.clone(), file })
    }
}

/// How often a proof begins anew because another has got ahead of it. Each time one did, so all but the last of a crowd have;
/// only a database that signs a new head for every question gets this far.
const MAX_OVERTAKEN: u32 = 64;
