//! Zips that are read along as they pass, and what comes of it for the client, the index and the operator.

use std::collections::BTreeMap;

use log::Level;

use super::{event::Event, key::Slice, services::Services};
use crate::{
    cx::{BodyVerdict, Command, Cx, StreamId, Verdict},
    flow::{
        IndexUpdate, Passing, Routed, Sums, Verified, VerifyError, keep, note_content, reads_licenses,
        refused_by_license, refused_for,
    },
    goproxy::{Failure, FailureKind, Refusal, Zip},
    http::{Ending, Reply, ResponseHead},
    license::Licenses,
    metrics::{Counter, OwnReason, Reason, VerificationOutcome},
    modzip::{Check, H1},
    plan::{Source, Want},
    policy::Content,
    shared::{Entry, Loss},
};

/// The zips that pass by one worker.
#[derive(Debug, Default)]
pub(super) struct Passages {
    zips: BTreeMap<StreamId, Passage>,
}

#[derive(Debug)]
enum Passage {
    /// The response passes by, and is read along.
    Open(Box<Passing>),
    /// The stream is about to be reset: nothing of the response passes any more.
    Refused,
}

impl Passages {
    /// Whether none passes by.
    pub(super) fn is_empty(&self) -> bool {
        self.zips.is_empty()
    }

    /// How many pass by.
    pub(super) fn len(&self) -> usize {
        self.zips.len()
    }

    /// Whether one passes by on `stream`.
    pub(super) fn has(&self, stream: StreamId) -> bool {
        self.zips.contains_key(&stream)
    }

    /// How the response of `stream` ends with its stream, where one passes by that was not let go: whole it is not.
    pub(super) fn ending(&self, stream: StreamId, told: Ending) -> Ending {
        match self.zips.get(&stream) {
            Some(Passage::Refused) => Ending::Reset,
            // All of it is there, and its verdict is not.
            Some(Passage::Open(_)) if told == Ending::Whole => Ending::Aborted,
            Some(Passage::Open(_)) | None => told,
        }
    }

    /// How many bytes at the front of the host's buffer are known already, where the response of `stream` is read along.
    pub(super) fn inspects(&self, stream: StreamId) -> Option<usize> {
        match self.zips.get(&stream)? {
            Passage::Open(passing) => Some(passing.parked()),
            Passage::Refused => Some(0),
        }
    }

    /// The answer to a client whose zip cannot be given though its response has begun: it is no zip, or too many other zips are being read.
    pub(super) fn turn_away(
        &self,
        routed: &Routed,
        head: &ResponseHead,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> Option<Verdict> {
        if let Some(failure) = routed.objection(head, &services.config) {
            cx.count(Counter::Verification { outcome: VerificationOutcome::Unfit });
            cx.log(Level::Error, failure.reason.clone());
            services.apply(routed, IndexUpdate::Lost(Loss::NoZip), cx);
            return Some(routed.refuse(&failure));
        }
        if self.being_read() > MAX_READ.saturating_sub(Check::LEAST) {
            cx.count(Counter::Refusal { reason: OwnReason::Budget.into() });
            let reason = format!("{}: too many other zips are being read", routed.zip);
            let failure = Failure { kind: FailureKind::Overloaded, reason, retry_after: None };
            return Some(routed.refuse(&failure));
        }
        None
    }

    /// The head of a zip came that is to be read along, and its `sums` are known or on their way. Whether it passes is the verdict's to
    /// say, and whether it may be stored meanwhile that of the other.
    pub(super) fn begin(
        &mut self,
        stream: StreamId,
        routed: Routed,
        (head, reply): (&ResponseHead, Reply),
        sums: Option<Sums>,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> (Verdict, bool) {
        if let Some(Sums::Unproven { failure, acceptable: false }) = &sums {
            cx.count(Counter::Verification { outcome: VerificationOutcome::Unproven });
            return (routed.refuse(failure), false);
        }
        if let Some(Sums::Proven { zip, .. }) = &sums
            && let Some(refusal) = refused(&routed, Content::logged(H1(*zip)), services, cx)
        {
            return (routed.forbid(&refusal, cx), false);
        }
        let (verdict, update) =
            routed.response(head, reply, &services.config, services.in_force.policy(), cx);
        services.apply(&routed, update, cx);
        // The rule for which it is judged may be gone by now.
        let reads = routed.judges_license || reads_licenses(&services.config, &services.in_force);
        let is_storable = !matches!(sums, Some(Sums::Unproven { .. }));
        let passing = Passing::new(routed, head, sums, reads);
        self.zips.insert(stream, Passage::Open(Box::new(passing)));
        (verdict, is_storable)
    }

    /// The next bytes of a response came; `ends` says that nothing follows, not even trailers.
    pub(super) fn body(
        &mut self,
        stream: StreamId,
        bytes: Vec<u8>,
        ends: bool,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> BodyVerdict {
        let room = MAX_UNREAD.saturating_sub(self.unread(stream, services));
        match self.zips.get_mut(&stream) {
            Some(Passage::Open(passing)) => {
                let verdict = passing.body(bytes, ends, room);
                self.judge(stream, verdict, services, cx)
            }
            Some(Passage::Refused) => BodyVerdict::Reset,
            None => BodyVerdict::Pass(None),
        }
    }

    /// The trailers of a response came: nothing follows.
    pub(super) fn trailers(
        &mut self,
        stream: StreamId,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> BodyVerdict {
        match self.zips.get_mut(&stream) {
            Some(Passage::Open(passing)) => {
                passing.trailers();
                self.judge(stream, BodyVerdict::Hold(None), services, cx)
            }
            Some(Passage::Refused) => BodyVerdict::Reset,
            None => BodyVerdict::Pass(None),
        }
    }

    /// The sums are known that a passing zip waits for.
    pub(super) fn set_sums(
        &mut self,
        stream: StreamId,
        sums: Sums,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) {
        if let Some(Passage::Open(passing)) = self.zips.get_mut(&stream) {
            passing.set_sums(sums);
            self.go_on(stream, services, cx);
        }
    }

    /// Reads some more of a zip that was read more slowly than it came.
    pub(super) fn work(&mut self, stream: StreamId, services: &mut Services, cx: &mut Cx<'_>) {
        if let Some(Passage::Open(passing)) = self.zips.get_mut(&stream) {
            passing.work();
            self.go_on(stream, services, cx);
        }
    }

    /// The stream ended.
    pub(super) fn leave(&mut self, stream: StreamId) {
        self.zips.remove(&stream);
    }

    /// Nothing came of the response, and more is known of it.
    fn go_on(&mut self, stream: StreamId, services: &mut Services, cx: &mut Cx<'_>) {
        match self.judge(stream, BodyVerdict::Hold(None), services, cx) {
            BodyVerdict::Pass(_) => cx.commands.push(Command::Release { stream }),
            BodyVerdict::Reset => cx.commands.push(Command::Reset { stream }),
            BodyVerdict::Hold(_) => {}
        }
    }

    /// The verdict on what came, where it comes to one; else it is `verdict`, what the stream itself has to do next.
    fn judge(
        &mut self,
        stream: StreamId,
        verdict: BodyVerdict,
        services: &mut Services,
        cx: &mut Cx<'_>,
    ) -> BodyVerdict {
        let is_heavy =
            matches!(self.zips.get(&stream), Some(Passage::Open(passing)) if passing.weight() > LIGHT);
        let is_too_much = is_heavy && self.being_read() > MAX_READ;
        let Some(Passage::Open(passing)) = self.zips.get_mut(&stream) else {
            return verdict;
        };
        if is_too_much {
            passing.crowd_out();
        }
        let judged = passing.verdict();
        if judged.is_none() && passing.lags() {
            services.slices.add(Slice::Passing(stream));
        }
        let Some(judged) = judged else {
            return verdict;
        };
        let (routed, licenses) = (passing.routed().clone(), passing.licenses().cloned());
        let content = passing.holds().map(Content::from);
        let judged = judged.and_then(|proof| match content {
            Some(content) => allowed(&routed, content, proof, services, cx),
            None => Ok(proof),
        });
        services.emit(Event::Passed(stream, judged.clone()));
        match judged {
            Ok(proof) => {
                proven(&routed, proof, services, cx);
                if let Some(licenses) = licenses.clone().filter(|_| proof != Verified::Accepted) {
                    services.emit(Event::Licensed(routed.zip.clone(), licenses));
                }
                if !is_licensed(&routed, licenses.as_ref(), services, cx) {
                    self.zips.insert(stream, Passage::Refused);
                    return BodyVerdict::Reset;
                }
                self.zips.remove(&stream);
                match verdict {
                    BodyVerdict::Hold(bytes) | BodyVerdict::Pass(bytes) => BodyVerdict::Pass(bytes),
                    BodyVerdict::Reset => BodyVerdict::Reset,
                }
            }
            Err(error) => {
                // Until the host says that it is gone, nothing more of it may pass.
                self.zips.insert(stream, Passage::Refused);
                disproved(&routed, &error, services, cx);
                BodyVerdict::Reset
            }
        }
    }

    /// Bytes of memory that is taken by what is known of all zips that pass by.
    fn being_read(&self) -> usize {
        let weights = self.zips.values().map(|passage| match passage {
            Passage::Open(passing) => passing.weight(),
            Passage::Refused => 0,
        });
        weights.sum()
    }

    /// Bytes that came of all streams but `stream` and are not read yet.
    fn unread(&self, stream: StreamId, services: &Services) -> usize {
        let others = services.slices.lagging().filter(|other| *other != stream);
        let unread = others.map(|other| match self.zips.get(&other) {
            Some(Passage::Open(passing)) => passing.unread(),
            Some(Passage::Refused) | None => 0,
        });
        unread.sum()
    }

    /// Has a zip pass by, for a client or for a copy.
    #[cfg(test)]
    pub(super) fn insert(&mut self, stream: StreamId, passing: Passing) {
        self.zips.insert(stream, Passage::Open(Box::new(passing)));
    }

    /// Has `stream` be about to be reset.
    #[cfg(test)]
    pub(super) fn refuse(&mut self, stream: StreamId) {
        self.zips.insert(stream, Passage::Refused);
    }

    #[cfg(test)]
    pub(super) fn streams(&self) -> impl Iterator<Item = StreamId> {
        self.zips.keys().copied()
    }
}

/// What was proven of a zip that holds this, if it may be had; what it holds is known from then on.
fn allowed(
    routed: &Routed,
    content: Content,
    proof: Verified,
    services: &mut Services,
    cx: &mut Cx<'_>,
) -> Result<Verified, VerifyError> {
    if proof != Verified::Accepted {
        note_content(&routed.zip, &content, &mut services.known(), cx);
    }
    match refused(routed, content, services, cx) {
        None => Ok(proof),
        Some(refusal) => Err(VerifyError::Refused(refusal)),
    }
}

/// Why what holds this may not be had by who asks.
fn refused(routed: &Routed, content: Content, services: &mut Services, cx: &Cx<'_>) -> Option<Refusal> {
    refused_for(&routed.zip, content, routed.judged_for.as_deref()?, &services.known(), cx)
}

fn proven(routed: &Routed, proof: Verified, services: &mut Services, cx: &mut Cx<'_>) {
    cx.count(Counter::Verification { outcome: proof.outcome() });
    if routed.source == Source::Storage && proof != Verified::Accepted && !routed.believed {
        keep_checked(&routed.zip, services, cx);
    }
}

/// Whether its client may have it by its licences, where that is for them to say.
fn is_licensed(routed: &Routed, licenses: Option<&Licenses>, services: &Services, cx: &mut Cx<'_>) -> bool {
    let Some(caller) = routed.judged_for.as_ref().filter(|_| routed.judges_license) else { return true };
    let zip = &routed.zip;
    let Some(licenses) = licenses else {
        let why = "its licences cannot be told as it passes by, for headers in it have other names than its directory";
        cx.log(Level::Error, format!("{zip}: {why}; the download was reset"));
        return false;
    };
    let Some(rule) = refused_by_license(zip, licenses, caller, &services.in_force, cx) else { return true };
    cx.count(Counter::Refusal { reason: Reason::Rule(rule.label()) });
    let label = rule.label();
    let line =
        format!("{zip}: refused by the rule {label}: its licence is {licenses}; the download was reset");
    cx.log(Level::Warn, line);
    false
}

fn disproved(routed: &Routed, error: &VerifyError, services: &mut Services, cx: &mut Cx<'_>) {
    cx.count(Counter::Verification { outcome: error.outcome() });
    if let VerifyError::Refused(refusal) = error {
        cx.count(Counter::Refusal { reason: refusal.counts_as() });
    }
    let who = routed.source.describe(&services.config);
    cx.log(Level::Error, format!("{} from {who}: {error}; the download was reset", routed.zip));
    if let Some(loss) = error.loss() {
        services.apply(routed, IndexUpdate::Lost(loss), cx);
    }
}

/// Storage has this zip, and it is what it has to be.
fn keep_checked(zip: &Zip, services: &mut Services, cx: &mut Cx<'_>) {
    let key = Want::Zip(zip.clone()).key();
    keep(&mut services.index, &key, &Entry::Stored { since: cx.now, checked: true, doubted: false }, cx);
}

/// Bytes that wait in one worker until they are read, of all zips together: a thirtieth of what a VM may have in Envoy.
const MAX_UNREAD: usize = 32 << 20;

/// Bytes of memory for what is known of all zips that pass by one worker: a fourth of what a VM may have in Envoy, and two thousand
/// usual zips. One with as many entries as a zip may have takes a tenth of it.
const MAX_READ: usize = 256 << 20;

/// What a zip may always take: a thousand entries.
const LIGHT: usize = Check::LEAST + (256 << 10);
