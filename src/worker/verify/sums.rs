//! What a module version's content must hash to, for those here who have some of it.

use std::time::Duration;

use super::{
    super::{
        flight::Flight,
        key::{SumsWaiter, Waiter},
        services::{Services, failures::Failures},
    },
    Verify, forged,
};
use crate::{
    config::{Config, Mode},
    cx::Cx,
    flow::{End, Searched, Sums, cache_state},
    gomod::{ModulePath, Version},
    goproxy::{Document, Failure, FailureKind, SumdbFile},
    http::Timestamp,
    plan::{Source, Want},
    shared::Region,
    sumdb::{Record, SignedHead},
};

/// A checksum database, as this worker knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownSumdb {
    /// The lookups that it did not answer lately.
    failed: Failures,
    /// When storage last could not say which head was the last that was verified.
    pub(super) forgotten: Option<Timestamp>,
    /// The head that storage has, as long as it is to be compared to the newest.
    pub(super) recalled: Option<SignedHead>,
    /// When its head was last written to storage.
    pub(super) written: Option<Timestamp>,
}

impl Default for KnownSumdb {
    fn default() -> Self {
        Self { failed: Failures::within(REST), forgotten: None, recalled: None, written: None }
    }
}

/// Where the sums of a version are.
pub(in crate::worker) enum Lookup {
    /// Here, or none are needed.
    Known(Sums),
    /// In this flight, which is to be begun. Where it is not under way yet, these waiters stand in its place, if there are any.
    Ask(Box<Flight>, Option<Sums>),
}

impl Verify {
    /// The sums, where they are known already or none are needed; else what `who` waits for.
    pub(in crate::worker) fn look_up(
        &mut self,
        module: &ModulePath,
        version: &Version,
        who: Waiter,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Lookup {
        let Some((at, mode)) = services.config.verification(module) else {
            return Lookup::Known(Sums::Exempt);
        };
        let acceptable = mode == Mode::WhenAvailable;
        let sumdb = services.config.sumdb.get(at).map(|sumdb| sumdb.name.clone()).unwrap_or_default();
        let file = SumdbFile::Lookup(module.clone(), version.clone());
        let want = Want::Document(Document::Sumdb { sumdb, file });
        let may_fetch = !matches!(
            &who,
            Waiter::Ahead(key) | Waiter::Sums(SumsWaiter::Search(key)) if !key.may_fetch
        );
        let path = want.key();
        // Used, and not only looked at: what is proven of a version in use is to stay.
        let _ = services.index.look_up(cx.kv, Region::Found, &path, cx.now);
        let Services { index, source_health, config, .. } = services;
        if let Some(searched) =
            cache_state::indexed(&want, false, index, source_health, config, cx).and_then(Searched::indexed)
        {
            // That it has none, the index was told by the database.
            let source = matches!(searched.end, End::Missing(_)).then_some(Source::Sumdb(at));
            return Lookup::Known(self.read(&want, &Searched { source, ..searched }, config, cx.now));
        }
        // A file that is given without a proof does not wait for a database that has just not answered this lookup, or any. One lookup that
        // fails must not have all other files given unproven: a client that finds a name at which the database fails could have it so.
        let rests = self
            .sumdbs
            .get(at)
            .is_some_and(|known| known.failed.has(&path, cx.now) || known.failed.are_several(cx.now));
        let instead = (acceptable && rests).then(|| {
            let reason = format!("{}: it did not answer a moment ago; try again", want.describe());
            let failure = Failure { kind: FailureKind::Bad, reason, retry_after: None };
            Sums::Unproven { failure, acceptable }
        });
        let flight = Flight::of_waiter(want, may_fetch, who, cx.now);
        Lookup::Ask(flight.into(), instead)
    }

    /// The sums in a lookup that was proven, or why there are none.
    pub(in crate::worker) fn read(
        &mut self,
        want: &Want,
        searched: &Searched,
        config: &Config,
        now: Timestamp,
    ) -> Sums {
        let Want::Document(Document::Sumdb { file: SumdbFile::Lookup(module, version), .. }) = want else {
            return Sums::Exempt;
        };
        let Some((at, mode)) = config.verification(module) else {
            return Sums::Exempt;
        };
        let acceptable = mode == Mode::WhenAvailable;
        if let (Some(known), Some(Source::Sumdb(_)), false) =
            (self.sumdbs.get_mut(at), searched.source, searched.is_failed())
        {
            known.failed.clear();
        }
        let (failure, acceptable) = match &searched.end {
            End::Document(found) => {
                match Record::parse(&found.body).and_then(|record| record.sums(module, version)) {
                    Ok(sums) => return Sums::Proven { zip: sums.zip, go_mod: sums.go_mod },
                    Err(why) => (forged(want, why), false),
                }
            }
            End::Missing(missing) if searched.source.is_none() => {
                let reason = format!(
                    "{module}@{version} cannot be verified: {}\n\
                     A module that the checksum database must not know belongs into the gateway's private.nosumdb.",
                    missing.reason
                );
                (Failure { kind: FailureKind::Bad, reason, retry_after: None }, acceptable)
            }
            End::Missing(missing) => {
                // It was served a moment ago: a database learns of a tag later than the host that serves it, and it does not know what it
                // could not fetch in time.
                let reason = format!(
                    "{module}@{version} cannot be verified yet: {}\n\
                     It is there, and the checksum database has no record of it so far. Try again in a few seconds.",
                    missing.reason
                );
                let retry_after = Some(UNKNOWN_RETRY);
                (Failure { kind: FailureKind::Overloaded, reason, retry_after }, acceptable)
            }
            End::Failed(failure) => {
                let is_down = matches!(failure.kind, FailureKind::Bad | FailureKind::Slow);
                if let Some(known) = self.sumdbs.get_mut(at).filter(|_| is_down) {
                    known.failed.note(&want.key(), now);
                }
                let reason = format!("{module}@{version} cannot be verified: {}", failure.reason);
                (Failure { reason, ..failure.clone() }, acceptable && failure.kind != FailureKind::Forged)
            }
            End::Zip { .. } => (forged(want, "not a record"), false),
        };
        Sums::Unproven { failure, acceptable }
    }
}

/// Seconds after which a database is asked again that did not know what is there.
const UNKNOWN_RETRY: u32 = 10;

/// How long a database that could not be asked is left alone where modules are given without it.
pub(super) const REST: Duration = Duration::from_secs(60);
