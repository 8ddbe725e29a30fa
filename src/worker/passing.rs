//! Zips that are read along as they pass, and what comes of it for the client, the index and the operator.

use log::Level;

use super::{GivenUp, Slice, Stream, Worker, key::SumsWaiter};
use crate::{
    cx::{BodyVerdict, Command, Cx, StreamId, Verdict},
    flow::{Flaw, Lesson, Passing, Proof, Routed, Sums},
    goproxy::{Failure, Fault, Zip},
    http::{Reply, ResponseHead},
    metrics::Metric,
    modzip::Check,
    plan::{Source, Want},
    shared::{Entry, Loss},
};

impl Worker {
    /// How many bytes at the front of the host's buffer are known already, where this stream's response is read along;
    /// only what stands behind them is for [`Worker::response_body`]. Nothing where it is none of the filter's business.
    pub fn inspects(&self, stream: StreamId) -> Option<usize> {
        match self.streams.get(&stream)? {
            Stream::Passing(passing) => Some(passing.parked()),
            Stream::Refused => Some(0),
            Stream::Parked { .. } | Stream::Probing | Stream::Routed(_) | Stream::Undecided(_) => None,
        }
    }

    /// The next bytes of a response came; `ends` says that nothing follows, not even trailers.
    pub fn response_body(
        &mut self,
        stream: StreamId,
        bytes: Vec<u8>,
        ends: bool,
        cx: &mut Cx<'_>,
    ) -> BodyVerdict {
        self.push_along(stream, &bytes, cx);
        let room = MAX_UNREAD.saturating_sub(self.unread(stream));
        match self.streams.get_mut(&stream) {
            Some(Stream::Passing(passing)) => {
                let verdict = passing.body(bytes, ends, room);
                self.judge(stream, verdict, cx)
            }
            Some(Stream::Refused) => BodyVerdict::Reset,
            _ => BodyVerdict::Pass(None),
        }
    }

    /// The trailers of a response came: nothing follows.
    pub fn response_trailers(&mut self, stream: StreamId, cx: &mut Cx<'_>) -> BodyVerdict {
        match self.streams.get_mut(&stream) {
            Some(Stream::Passing(passing)) => {
                passing.trailers();
                self.judge(stream, BodyVerdict::Hold(None), cx)
            }
            Some(Stream::Refused) => BodyVerdict::Reset,
            _ => BodyVerdict::Pass(None),
        }
    }

    /// The head of a zip came that is to be read along.
    pub(super) fn begin_passing(
        &mut self,
        stream: StreamId,
        routed: Routed,
        head: &ResponseHead,
        reply: Reply,
        cx: &mut Cx<'_>,
    ) -> Verdict {
        if let Some(failure) = routed.objection(head, &self.services.config) {
            cx.count(Metric::Verification { outcome: "unfit" });
            cx.log(Level::Error, failure.reason.clone());
            self.services.learn(&routed, Lesson::Lost(Loss::NoZip), cx);
            return routed.refuse(&failure, cx);
        }
        if self.being_read() > MAX_READ.saturating_sub(Check::LEAST) {
            cx.count(Metric::Refusal { reason: "budget".into() });
            let reason = format!("{}: too many other zips are being read", routed.zip);
            return routed.refuse(&Failure { fault: Fault::Overloaded, reason, retry_after: None }, cx);
        }
        let sums = self.sums(&routed.zip.module, &routed.zip.version, SumsWaiter::Passing(stream), cx);
        if let Some(Sums::Unproven { failure, acceptable: false }) = &sums {
            cx.count(Metric::Verification { outcome: "unproven" });
            return routed.refuse(failure, cx);
        }
        let (verdict, lesson) = routed.response(head, reply, &self.services.config, cx);
        self.services.learn(&routed, lesson, cx);
        if !matches!(sums, Some(Sums::Unproven { .. })) {
            self.store_along(stream, &routed.zip, routed.source, head.content_length(), cx);
        }
        self.streams.insert(stream, Stream::Passing(Box::new(Passing::new(routed, head, sums))));
        verdict
    }

    /// The sums are known that a passing zip waits for.
    pub(super) fn passing_sums(&mut self, stream: StreamId, sums: Sums, cx: &mut Cx<'_>) {
        if let Some(Stream::Passing(passing)) = self.streams.get_mut(&stream) {
            passing.hear(sums);
            self.go_on(stream, cx);
        }
    }

    /// Reads some more of a zip that was read more slowly than it came.
    pub(super) fn read_on(&mut self, stream: StreamId, cx: &mut Cx<'_>) {
        if let Some(Stream::Passing(passing)) = self.streams.get_mut(&stream) {
            passing.work();
            self.go_on(stream, cx);
        }
    }

    /// Nothing came of the response, and more is known of it.
    fn go_on(&mut self, stream: StreamId, cx: &mut Cx<'_>) {
        match self.judge(stream, BodyVerdict::Hold(None), cx) {
            BodyVerdict::Pass(_) => cx.commands.push(Command::Release { stream }),
            BodyVerdict::Reset => cx.commands.push(Command::Reset { stream }),
            BodyVerdict::Hold(_) => {}
        }
    }

    /// The verdict on what came, where it comes to one; else it is `verdict`, what the stream itself has to do next.
    fn judge(&mut self, stream: StreamId, verdict: BodyVerdict, cx: &mut Cx<'_>) -> BodyVerdict {
        let is_heavy =
            matches!(self.streams.get(&stream), Some(Stream::Passing(passing)) if passing.weight() > LIGHT);
        let is_too_much = is_heavy && self.being_read() > MAX_READ;
        let Some(Stream::Passing(passing)) = self.streams.get_mut(&stream) else {
            return verdict;
        };
        if is_too_much {
            passing.crowd_out();
        }
        let judged = passing.verdict();
        if judged.is_none() && passing.lags() && !self.services.slices.contains(&Slice::Passing(stream)) {
            self.services.slices.push_back(Slice::Passing(stream));
        }
        let Some(judged) = judged else {
            return verdict;
        };
        let routed = passing.routed().clone();
        if let Some(upload) = self.fed_by(stream) {
            let verdict = judged.as_ref().map_err(GivenUp::by).copied();
            self.end_upload(upload, verdict, cx);
        }
        match judged {
            Ok(proof) => {
                self.streams.remove(&stream);
                self.proven(&routed, proof, cx);
                match verdict {
                    BodyVerdict::Hold(bytes) | BodyVerdict::Pass(bytes) => BodyVerdict::Pass(bytes),
                    BodyVerdict::Reset => BodyVerdict::Reset,
                }
            }
            Err(flaw) => {
                // Until the host says that it is gone, nothing more of it may pass.
                self.streams.insert(stream, Stream::Refused);
                self.disproved(&routed, &flaw, cx);
                BodyVerdict::Reset
            }
        }
    }

    fn proven(&mut self, routed: &Routed, proof: Proof, cx: &mut Cx<'_>) {
        cx.count(Metric::Verification { outcome: proof.label() });
        if routed.source == Source::Storage && proof != Proof::Accepted {
            self.keep_checked(&routed.zip, cx);
        }
    }

    fn disproved(&mut self, routed: &Routed, flaw: &Flaw, cx: &mut Cx<'_>) {
        cx.count(Metric::Verification { outcome: flaw.label() });
        let who = routed.source.describe(&self.services.config);
        cx.log(Level::Error, format!("{} from {who}: {flaw}; the download was reset", routed.zip));
        if let Some(loss) = flaw.loss() {
            self.services.learn(routed, Lesson::Lost(loss), cx);
        }
    }

    /// Storage has this zip, and it is what it has to be.
    fn keep_checked(&mut self, zip: &Zip, cx: &mut Cx<'_>) {
        let key = Want::Zip(zip.clone()).key();
        self.services.index.keep(
            cx.kv,
            &key,
            &Entry::Stored { since: cx.now, checked: true, doubted: false },
            cx.now,
        );
    }

    /// Bytes of memory that is taken by what is known of all zips that pass by.
    fn being_read(&self) -> usize {
        let weights = self.streams.values().map(|stream| match stream {
            Stream::Passing(passing) => passing.weight(),
            _ => 0,
        });
        weights.sum()
    }

    /// Bytes that came of all streams but `stream` and are not read yet.
    fn unread(&self, stream: StreamId) -> usize {
        let lagging = self.services.slices.iter().map(|toil| match toil {
            Slice::Passing(other) if *other != stream => match self.streams.get(other) {
                Some(Stream::Passing(passing)) => passing.unread(),
                _ => 0,
            },
            Slice::Copy(_) | Slice::Passing(_) | Slice::Search(_) | Slice::Sifting(_) => 0,
        });
        lagging.sum()
    }
}

/// Bytes that wait in one worker until they are read, of all zips together: a thirtieth of what a VM may have in Envoy.
const MAX_UNREAD: usize = 32 << 20;

/// Bytes of memory for what is known of all zips that pass by one worker: a fourth of what a VM may have in Envoy, and two thousand
/// usual zips. One with as many entries as a zip may have takes a tenth of it.
const MAX_READ: usize = 256 << 20;

/// What a zip may always take: a thousand entries.
const LIGHT: usize = Check::LEAST + (256 << 10);
