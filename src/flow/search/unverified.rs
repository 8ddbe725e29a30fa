//! What a source gave and what it has to hash to, until both are there and are compared.

use super::{Candidate, Source};
use crate::{
    flow::{Sums, Verified, VerifyError},
    modzip::Unfit,
};

/// A go.mod, or a zip that was fetched whole, that is not verified yet.
#[derive(Debug, Default)]
pub(super) struct Unverified {
    candidate: Option<Candidate>,
    /// What it must hash to, once that is known.
    sums: Option<Sums>,
    /// Whether what was compared last may be given although no sums prove it.
    accepted: bool,
}

/// What came of comparing a candidate to its sums.
pub(super) enum Weighed {
    /// There is no candidate.
    Nothing,
    /// The sums are not known yet.
    NeedsSums,
    /// The candidate is not read to its end yet.
    NotRead,
    /// Both were there.
    Done(Box<Candidate>, Result<Verified, VerifyError>),
}

impl Unverified {
    pub(super) fn hold(&mut self, candidate: Candidate) {
        self.candidate = Some(candidate);
    }

    /// The source that gave the candidate.
    pub(super) fn source(&self) -> Option<Source> {
        self.candidate.as_ref().map(Candidate::source)
    }

    /// How many bytes of a go.mod are held.
    pub(super) fn go_mod_bytes(&self) -> usize {
        match &self.candidate {
            Some(Candidate::Document { found, .. }) => found.body.len(),
            Some(Candidate::Zip { .. }) | None => 0,
        }
    }

    pub(super) fn set_sums(&mut self, sums: Sums) {
        self.sums = Some(sums);
    }

    /// Reads the candidate on for a few milliseconds, and says whether it is read to its end; `None` where there is no candidate. One that
    /// is not what it should be is dropped.
    pub(super) fn work(&mut self) -> Option<Result<bool, (Source, Unfit)>> {
        let candidate = self.candidate.as_mut()?;
        let (source, read) = (candidate.source(), candidate.work());
        if read.is_err() {
            self.candidate = None;
        }
        Some(read.map_err(|unfit| (source, unfit)))
    }

    /// Compares the candidate to its sums and hands it over.
    pub(super) fn weigh(&mut self) -> Weighed {
        let is_believed = self.candidate.as_ref().is_some_and(Candidate::is_believed);
        let sums = if is_believed { Some(&Sums::Exempt) } else { self.sums.as_ref() };
        let Some(sums) = sums else { return Weighed::NeedsSums };
        let Some(candidate) = self.candidate.take() else { return Weighed::Nothing };
        match candidate.weigh(sums) {
            Some(weighed) => Weighed::Done(candidate.into(), weighed),
            None => {
                self.candidate = Some(candidate);
                Weighed::NotRead
            }
        }
    }

    /// What was compared last is given, verified or `accepted` without.
    pub(super) fn note_given(&mut self, accepted: bool) {
        self.accepted = accepted;
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.accepted
    }
}
