//! Walks a plan: asks one source after the other until one has what is wanted.
//!
//! Between upstreams Go's own two rules hold. After one with `not_found` (GOPROXY's comma) the next is asked only where it answered 404 or
//! 410; after one with `any_error` (the pipe) the next is asked after any failure. As in the go command, the search reports the last
//! failure that is not a "not found", or else the last "not found".
//!
//! A zip is streamed by the host, and the search asks only whether a source has it. Where the zip may be fetched `whole`, it is put into
//! storage first: all clients that wait for it then stream it from there, and the upstream sends it once.
//!
//! A go.mod, or a zip that was fetched whole, is held until it was checked and its sums are known, also where storage gave it
//! (`unverified.rs`, `verify.rs`). A wrong one is a failure of the upstream. If storage returns a wrong one, it is treated as unavailable.

mod aside;
mod asking;
mod attempt;
mod candidate;
mod cut;
mod decode;
mod expected;
mod head;
mod instead;
mod left;
mod long;
mod moved;
mod order;
mod pause;
mod postponed;
mod reading;
mod remedy;
mod reply;
mod retry;
mod said;
mod source_request;
mod storage;
mod stored;
mod stream_fallback;
mod unverified;
mod verify;
mod whole;
mod zip;

use std::{ops::ControlFlow, time::Duration};

pub use self::head::ZipHead;
use self::{
    asking::Asking,
    candidate::Candidate,
    expected::Expected,
    order::Order,
    postponed::Postponed,
    reading::Reading,
    reply::{AfterReply, Taken},
    retry::Retries,
    said::Said,
    source_request::{Form, SourceRequest},
    storage::StorageState,
    unverified::Unverified,
    whole::Whole,
    zip::ZipState,
};
pub(super) use self::{
    cut::objection,
    moved::{discreet, same_file, who},
    remedy::{failure_of, with_remedy},
};
use super::searched::{End, Searched};
use crate::{
    config::Config,
    cx::Cx,
    endpoint::Trail,
    goproxy::{Failure, FailureKind, Outcome},
    http::{CallFailure, Callout, Reply},
    plan::{Source, Want, plan},
};

/// A search under way.
#[derive(Debug)]
pub struct Search {
    want: Want,
    order: Order,
    asking: Asking,
    /// The redirects that the request under way has followed.
    trail: Trail,
    retries: Retries,
    postponed: Option<Postponed>,
    expected: Expected,
    storage: StorageState,
    said: Said,
    zip: ZipState,
    reading: Option<Reading>,
    unverified: Unverified,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Ask this source this, and report its reply.
    Ask(Source, Callout),
    /// Wait, and call [`Search::ask_again`].
    Pause {
        /// For so long.
        least: Duration,
        /// And for a part of this, which is not the same for everything.
        jitter: Duration,
    },
    /// Find out what the module version must hash to, and tell [`Search::set_sums`].
    Sums,
    /// Call [`Search::work`].
    Work,
    /// The search is over.
    Done(Searched),
}

impl Search {
    /// A search for `want` by its plan. `whole` says whether a zip may be fetched into memory.
    pub fn new(want: Want, config: &Config, may_fetch: bool, whole: bool) -> Self {
        Self {
            order: Order::new(plan(&want, config, may_fetch)),
            want,
            asking: Asking::default(),
            trail: Trail::default(),
            retries: Retries::default(),
            postponed: None,
            expected: Expected::default(),
            storage: StorageState::default(),
            said: Said::default(),
            zip: ZipState::new(whole),
            reading: None,
            unverified: Unverified::default(),
        }
    }

    /// The first step, and after every reply the next one.
    pub fn advance(&mut self, config: &Config, cx: &Cx<'_>) -> Step {
        let Some(source) = self.order.next() else {
            return match self.count_what_is_left(config, cx) {
                Some(step) => step,
                None => self.conclude(config, cx),
            };
        };
        self.zip.begin_source();
        let form = match (&self.want, source) {
            (Want::Zip(_), Source::Storage)
                if self.zip.is_whole()
                    && (self.zip.is_to_be_read() || self.storage.is_to_be_read(config)) =>
            {
                Form::Whole
            }
            (Want::Zip(_), Source::Upstream(_))
                if self.zip.is_whole()
                    && !self.zip.is_slow()
                    && (self.zip.is_to_be_read() || self.may_store(config)) =>
            {
                Form::Whole
            }
            // A slow upstream is not asked twice, unless it is known to redirect.
            (Want::Zip(_), Source::Upstream(_))
                if self.zip.is_slow() && !self.zip.has_moved() && self.is_taken_unasked() =>
            {
                return self.done(End::zip(false, false), Some(source));
            }
            // Even the last one who may have it is asked: it may redirect, and a client is sent to where that leads.
            (Want::Zip(_), Source::Upstream(_)) if self.asks_by_get(source, config) => Form::First,
            // Clients that have waited long enough are sent there unasked: the streamed answer itself says whether it has it.
            (Want::Zip(_), Source::Upstream(_)) if self.is_taken_unasked() => {
                return self.done(End::zip(false, false), Some(source));
            }
            (Want::Zip(_), Source::Storage) if self.storage.is_doubted() => Form::First,
            _ => self.listing(source, config).map_or(Form::Plain, Form::Listing),
        };
        self.ask(SourceRequest { source, form, tries: 0 }, config, cx)
    }

    /// Asks at the first address: where redirects of another request have led is over.
    fn ask(&mut self, request: SourceRequest, config: &Config, cx: &Cx<'_>) -> Step {
        if request.source != Source::Storage {
            self.trail = Trail::default();
        }
        if !matches!(request.form, Form::Store { .. }) {
            self.zip.note_head(None);
        }
        self.put(request, config, cx)
    }

    /// Asks where redirects have led.
    fn put(&mut self, request: SourceRequest, config: &Config, cx: &Cx<'_>) -> Step {
        let Some(mut callout) = request.callout(&self.want, config) else {
            return self.advance(config, cx);
        };
        let source = request.source;
        if let Some(endpoint) = source.endpoint(config).filter(|_| source != Source::Storage) {
            callout = self.trail.lead(callout, endpoint);
        }
        let may_wait = self.zip.is_slow() || self.storage.reads_all();
        let less = request.has_for_a_zip(&self.want, config).filter(|_| !may_wait);
        let less = less.filter(|less| *less < callout.timeout);
        callout.timeout = less.unwrap_or(callout.timeout);
        self.retries.note_sent(cx.now);
        self.asking.begin(request, less.is_some(), cx.now.after(callout.timeout));
        Step::Ask(source, callout)
    }

    /// The reply of the source asked last.
    pub fn on_reply(&mut self, reply: Reply, config: &Config, cx: &mut Cx<'_>) -> Step {
        let Some(request) = self.asking.take() else {
            return self.advance(config, cx);
        };
        if let Some(step) = self.follow(&request, &reply, config, cx) {
            return step;
        }
        let is_late = self.asking.is_late(&request, &reply, cx.now);
        if is_late && self.asking.take_hurry() {
            // Too slow for clients to wait for: the next upstream that may have the zip streams it.
            self.zip.note_slow(self.trail.at().is_some());
            self.order.push_first(request.source);
            return self.advance(config, cx);
        }
        let is_of_upstream = request.source != Source::Storage;
        if is_of_upstream && request.form == Form::Whole && reply == Reply::Failed(CallFailure::Broken) {
            self.zip.note_broken();
        }
        if let Some(step) = self.whole_again(&request, &reply, config) {
            return step;
        }
        if let Some(request) = self.instead(&request, &reply, config) {
            return self.ask(request, config, cx);
        }
        let request = if is_late {
            request
        } else {
            match self.once_more(request, &reply, config, cx) {
                ControlFlow::Break(step) => return step,
                ControlFlow::Continue(request) => *request,
            }
        };
        match self.begin_decoding(&request, reply) {
            Taken::InSlices => Step::Work,
            Taken::AtOnce(reply) => self.on_plain_reply(request, reply, config, cx),
        }
    }
}
