//! What is done with what a source gave, until it is believed, and with what is not.

use log::Level;

use super::{
    End, Failure, FailureKind, Outcome, Search, Step,
    candidate::Candidate,
    heard::Heard,
    source_request::{Form, SourceRequest},
};
use crate::{
    config::Config,
    cx::Cx,
    flow::{Sums, Verified, VerifyError, loss_by},
    goproxy::{Document, File},
    http::{Body, Reply},
    metrics::Metric,
    plan::{Source, Want},
    shared::Loss,
    store::{self, WriteFailure, Written},
};

impl Search {
    /// The sums that [`Step::Sums`] asked for.
    pub fn learn(&mut self, sums: Sums, config: &Config, cx: &mut Cx<'_>) -> Step {
        self.sums = Some(sums);
        self.weigh(config, cx)
    }

    /// Goes on checking or reading what is held, for a few milliseconds.
    pub fn work(&mut self, config: &Config, cx: &mut Cx<'_>) -> Step {
        if let Some(step) = self.decode_on(config, cx).or_else(|| self.read_on(config, cx)) {
            return step;
        }
        let Some(candidate) = &mut self.candidate else {
            return self.advance(config, cx);
        };
        match candidate.work() {
            Ok(false) => Step::Work,
            Ok(true) => self.weigh(config, cx),
            Err(unfit) => {
                let source = candidate.source();
                self.candidate = None;
                cx.count(Metric::Verification { outcome: "unfit" });
                self.disbelieve(source, loss_by(&unfit), &unfit.to_string(), config, cx)
            }
        }
    }

    /// Compares what is held to its sums.
    pub(super) fn weigh(&mut self, config: &Config, cx: &mut Cx<'_>) -> Step {
        let Some(sums) = &self.sums else { return Step::Sums };
        let Some(candidate) = self.candidate.take() else { return self.advance(config, cx) };
        let source = candidate.source();
        let Some(proven) = candidate.weigh(sums) else {
            self.candidate = Some(candidate);
            return Step::Work;
        };
        let outcome = proven.as_ref().map_or_else(VerifyError::label, |proof| proof.label());
        cx.count(Metric::Verification { outcome });
        match proven {
            // Not proven, or another: what was cut short is no alarm, and storage is not said to have it.
            Ok(Verified::Exempt | Verified::Accepted) | Err(VerifyError::Mismatch { .. })
                if candidate.may_be_cut() =>
            {
                let heard = self.hear_cut(source, config, cx);
                return self.go_on(source, heard, config, cx);
            }
            Ok(proof) => self.unproven = proof == Verified::Accepted,
            Err(VerifyError::Unproven(failure)) => return self.done(End::Failed(failure), Some(source)),
            Err(VerifyError::Mismatch { expected, got }) => {
                let why = format!("the checksum database says {expected}, and it has {got}");
                return self.disbelieve(source, Loss::Wrong, &why, config, cx);
            }
            Err(error) => return self.disbelieve(source, Loss::Wrong, &error.to_string(), config, cx),
        }
        match candidate {
            Candidate::Document { source, found, .. } => self.done(End::Document(found), Some(source)),
            Candidate::Zip { source, bytes, .. } if source != Source::Storage && !self.unproven => {
                self.store(source, bytes, config, cx)
            }
            Candidate::Zip { source, .. } => self.done(End::zip(true, !self.unproven), Some(source)),
        }
    }

    /// What `source` gave is not what it should be, and that is an alarm.
    fn disbelieve(
        &mut self,
        source: Source,
        loss: Loss,
        why: &str,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Step {
        let (what, who) = (self.want.describe(), self.who(source, config));
        cx.log(Level::Error, format!("{what} from {who} is not served: {why}"));
        let heard = if source == Source::Storage {
            self.corrupt = Some(loss);
            self.unavailable = Some(why.to_owned());
            Heard::AskNext
        } else {
            self.hear_wrong(source, loss, why, config, cx)
        };
        self.go_on(source, heard, config, cx)
    }

    /// `source` gave what is none.
    pub(super) fn hear_wrong(
        &mut self,
        source: Source,
        loss: Loss,
        why: &str,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Heard {
        let who = self.who(source, config);
        let reason = format!("{}: bad answer from {who}: {why}", self.want.describe());
        if source == Source::Storage {
            cx.log(Level::Warn, reason);
            self.corrupt = Some(loss);
            self.unavailable = Some(why.to_owned());
            return Heard::AskNext;
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
                cx.count(Metric::StorageWrite { outcome: "stored" });
                self.stored = true;
                self.done(End::zip(true, true), Some(Source::Storage))
            }
            // Another gateway was faster. Whether what it wrote is the same is seen by reading it.
            Written::Exists => {
                cx.count(Metric::StorageWrite { outcome: "exists" });
                self.exists = true;
                self.ahead.push_front(from);
                self.ask(SourceRequest { source: Source::Storage, form: Form::Whole, tries: 0 }, config, cx)
            }
            Written::Failed(WriteFailure { label, why, scope, .. }) => {
                cx.count(Metric::StorageWrite { outcome: label });
                cx.log(Level::Warn, format!("storage: {}: not written: {why}", self.want.describe()));
                self.unavailable = Some(format!("not written: {why}"));
                self.not_taken = Some(scope);
                self.done(End::zip(true, false), Some(from))
            }
        }
    }
}
