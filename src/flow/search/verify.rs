//! Verifying what a source gave: checking it, comparing it to its sums, and then giving, storing or refusing it.

use log::Level;

use super::{
    AfterReply, Candidate, End, Failure, FailureKind, Form, Outcome, Reading, Search, SourceRequest, Step,
    unverified::Weighed,
};
use crate::{
    config::Config,
    cx::Cx,
    flow::{Sums, Verified, VerifyError, loss_by},
    gomod::{ModulePath, Version},
    goproxy::{Document, File},
    http::{Body, Reply},
    metrics::{Counter, Ended, VerificationOutcome, WriteOutcome},
    plan::{Source, Want},
    shared::Loss,
    store::{self, WriteFailure, Written},
};

impl Search {
    /// The sums that [`Step::Sums`] asked for.
    pub fn set_sums(&mut self, sums: Sums, config: &Config, cx: &mut Cx<'_>) -> Step {
        self.unverified.set_sums(sums);
        self.weigh(config, cx)
    }

    /// The sums, told before they are asked for.
    pub fn know_sums(&mut self, sums: Sums) {
        self.unverified.set_sums(sums);
    }

    /// The module version whose sums will be needed if a source has what is wanted, as far as that is known before one is asked. Where
    /// storage alone is asked, which is near, it is not foreseen.
    pub fn foresees_sums(&self, config: &Config) -> Option<(&ModulePath, &Version)> {
        // Where hashes are listed, its sums may refuse it before it is on its way.
        let is_given_unread =
            matches!(self.want, Want::Zip(_)) && self.storage.is_checked(config) && !self.zip.may_be_listed();
        self.want.version().filter(|_| !is_given_unread && self.order.has_others())
    }

    /// How many bytes of a go.mod the search holds.
    pub fn go_mod_bytes(&self) -> usize {
        self.unverified.go_mod_bytes()
    }

    /// Decodes, reads or checks on what a source gave, for a few milliseconds.
    pub fn work(&mut self, config: &Config, cx: &mut Cx<'_>) -> Step {
        match self.reading.take() {
            Some(Reading::Encoded(decoding)) => return self.decode_on(decoding, config, cx),
            Some(Reading::List(long)) => return self.read_on(long, config, cx),
            None => {}
        }
        match self.unverified.work() {
            None => self.advance(config, cx),
            Some(Ok(false)) => Step::Work,
            Some(Ok(true)) => self.weigh(config, cx),
            Some(Err((source, unfit))) => {
                cx.count(Counter::Verification { outcome: VerificationOutcome::Unfit });
                self.refuse(source, loss_by(&unfit), &unfit.to_string(), config, cx)
            }
        }
    }

    /// Compares what is held to its sums.
    pub(super) fn weigh(&mut self, config: &Config, cx: &mut Cx<'_>) -> Step {
        let (candidate, verified) = match self.unverified.weigh() {
            Weighed::NeedsSums => return Step::Sums,
            Weighed::NotRead => return Step::Work,
            Weighed::Nothing => return self.advance(config, cx),
            Weighed::Done(candidate, verified) => (*candidate, verified),
        };
        let source = candidate.source();
        let outcome = verified.as_ref().map_or_else(VerifyError::outcome, |verified| verified.outcome());
        cx.count(Counter::Verification { outcome });
        let is_accepted = match verified {
            // A file that was cut short hashes to something else as well: that is no alarm, and storage is not said to have a wrong one.
            Ok(Verified::Exempt | Verified::Accepted) | Err(VerifyError::Mismatch { .. })
                if candidate.may_be_cut() =>
            {
                let after = self.fail_cut(source, config, cx);
                return self.go_on(source, after, config, cx);
            }
            Ok(verified) => verified == Verified::Accepted,
            Err(VerifyError::Unproven(failure)) => return self.done(End::Failed(failure), Some(source)),
            Err(VerifyError::Mismatch { expected, got }) => {
                let why = format!("the checksum database says {expected}, and it has {got}");
                return self.refuse(source, Loss::Wrong, &why, config, cx);
            }
            Err(error) => return self.refuse(source, Loss::Wrong, &error.to_string(), config, cx),
        };
        self.unverified.note_given(is_accepted);
        self.zip.note_licenses(candidate.licenses());
        if let Some(holds) = candidate.holds().filter(|_| !is_accepted) {
            self.zip.note_content(holds.into());
        }
        match candidate {
            Candidate::Document { source, found, .. } => self.done(End::Document(found), Some(source)),
            Candidate::Zip { source, .. } if source != Source::Storage && self.zip.is_listed() => {
                self.done(End::zip(true, false), Some(source))
            }
            Candidate::Zip { source, bytes, .. }
                if source != Source::Storage && !is_accepted && self.may_store(config) =>
            {
                self.store(source, bytes, config, cx)
            }
            // What an upstream gives the next time is read as it passes by.
            Candidate::Zip { source, .. } => {
                let checked = !is_accepted && source == Source::Storage;
                self.done(End::zip(true, checked), Some(source))
            }
        }
    }

    /// What `source` gave is not what the checksum database says: it is refused, with an alarm.
    fn refuse(&mut self, source: Source, loss: Loss, why: &str, config: &Config, cx: &mut Cx<'_>) -> Step {
        let (what, who) = (self.want.describe(), self.who(source, config));
        cx.log(Level::Error, format!("{what} from {who} is not served: {why}"));
        let after = if source == Source::Storage {
            self.storage.fail_corrupt(loss, why);
            AfterReply::AskNext
        } else {
            self.fail_wrong(source, loss, why, config, cx)
        };
        self.go_on(source, after, config, cx)
    }

    /// `source` gave something that is not the file asked for.
    pub(super) fn fail_wrong(
        &mut self,
        source: Source,
        loss: Loss,
        why: &str,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> AfterReply {
        let who = self.who(source, config);
        let reason = format!("{}: bad answer from {who}: {why}", self.want.describe());
        if source == Source::Storage {
            cx.log(Level::Warn, reason);
            self.storage.fail_corrupt(loss, why);
            return AfterReply::AskNext;
        }
        let failure = Failure { kind: FailureKind::Bad, reason, retry_after: None };
        self.note(source, Outcome::Failed(failure), true, config, cx)
    }

    /// Whether it is a go.mod.
    pub(super) fn is_proven_by_sums(&self) -> bool {
        matches!(&self.want, Want::Document(Document::Module { file: File::Mod(_), .. }))
    }

    fn store(&mut self, from: Source, zip: Body, config: &Config, cx: &Cx<'_>) -> Step {
        let form = Form::Store { zip, from };
        self.ask(SourceRequest { source: Source::Storage, form, tries: 0 }, config, cx)
    }

    /// A store that does not take it costs the copy: the upstream has it.
    pub(super) fn stored(&mut self, from: Source, reply: &Reply, config: &Config, cx: &mut Cx<'_>) -> Step {
        match store::judge_write(reply) {
            Written::Stored => {
                cx.count(Counter::StorageWrite { outcome: WriteOutcome::STORED });
                self.storage.note_stored();
                self.done(End::zip(true, true), Some(Source::Storage))
            }
            // Another gateway was faster. Whether what it wrote is the same is seen by reading it.
            Written::Exists => {
                cx.count(Counter::StorageWrite { outcome: Ended::Exists.into() });
                self.storage.note_exists();
                self.order.push_first(from);
                self.ask(SourceRequest { source: Source::Storage, form: Form::Whole, tries: 0 }, config, cx)
            }
            Written::Failed(WriteFailure { outcome, why, scope, .. }) => {
                cx.count(Counter::StorageWrite { outcome });
                cx.log(Level::Warn, format!("storage: {}: not written: {why}", self.want.describe()));
                self.storage.fail(format!("not written: {why}"));
                self.storage.note_not_taken(scope);
                self.done(End::zip(true, false), Some(from))
            }
        }
    }
}
