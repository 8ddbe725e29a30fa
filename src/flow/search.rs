//! Walks a plan: asks one source after the other until one has what is wanted.
//!
//! Between upstreams Go's own two rules hold: after one with `not_found` (GOPROXY's comma) the next is asked only where it
//! answered 404 or 410, after one with `any_error` (the pipe) whatever went wrong. What is reported in the end is, as in
//! the go command, the last failure that is not a "not found", or else the last "not found".
//!
//! A zip is streamed by the host and only its presence is asked for; where it may be fetched `whole`, it is put into
//! storage first, so that everybody who waits for it streams it from there and the upstream gives it once.
//!
//! A go.mod, and a zip that was fetched whole, is held until it was checked and its sums are known, whoever gave it
//! (`held.rs`, `belief.rs`). One that is wrong is an upstream's failure; storage that has such a one is taken for one that cannot say.

mod around;
mod aside;
mod belief;
mod cut;
mod decode;
mod egress;
mod head;
mod heard;
mod held;
mod left;
mod long;
mod moved;
mod question;
mod retry;
mod stored;
mod trust;
mod whole;

use std::{collections::VecDeque, ops::ControlFlow, time::Duration};

use log::Level;

pub use self::head::ZipHead;
use self::{
    aside::may_be_aside,
    decode::Decoding,
    heard::{Heard, Taken},
    held::Held,
    long::Long,
    question::{Form, Question},
    retry::{Attempt, Postponed},
    whole::Whole,
};
pub(super) use self::{
    cut::objection,
    egress::{by_way_of, is_unconnected},
    moved::{discreet, same_file, who},
};
use super::{
    Sums,
    searched::{End, Searched},
};
use crate::{
    config::{Config, Fallback},
    cx::Cx,
    endpoint::Trail,
    goproxy::{Failure, Fault, Lifetime, Missing, Outcome},
    http::{CallFailure, Callout, Decoder, Reply, Timestamp},
    plan::{Source, Want, plan},
    shared::Loss,
    store::Scope,
    upstream::{self, Presence},
};

/// A search under way.
#[derive(Debug)]
pub struct Search {
    want: Want,
    /// Whether a zip may be fetched into memory, to be stored.
    whole: bool,
    /// Whether that took too long.
    is_slow: bool,
    /// How often that broke off, or was larger than the host lets an answer be.
    broken_wholes: u32,
    ahead: VecDeque<Source>,
    asking: Option<Question>,
    /// What is asked again when its pause is over.
    paused: Option<Question>,
    /// What is taken up again where storage has nothing either.
    postponed: Option<Postponed>,
    /// How storage may answer yet that failed before others were asked.
    recovers: Option<Attempt>,
    /// Why the last question was asked again.
    trouble: Option<Failure>,
    /// How often it was told to come later.
    limits: u32,
    /// Whether the question that was asked last has less time than its source may take.
    hurries: bool,
    /// When the time of the question is over that was asked last.
    deadline: Option<Timestamp>,
    /// When the first question was asked.
    began: Option<Timestamp>,
    /// Whether the index has something that may stand in.
    stands_in: bool,
    /// Whether somebody holds what is asked about.
    exists_elsewhere: bool,
    /// The redirects of the question that was put to an upstream or a checksum database last.
    trail: Trail,
    /// Whether the zip was met at another address than its own.
    moved: bool,
    /// What was told of the zip.
    head: Option<ZipHead>,
    /// Whether whoever waits has waited for somebody else before.
    hurried: bool,
    /// What a source gave, until it is believed.
    held: Option<Held>,
    /// The document that a source gave, while it is decoded.
    decoding: Option<Decoding>,
    /// The list that a source gave, while it is read.
    long: Option<Long>,
    /// What it must hash to, once that is known.
    sums: Option<Sums>,
    /// Whether it is for the head of an answer alone: then how long the zip is has to be told.
    head_only: bool,
    /// Whether what storage has was checked before.
    checked_before: bool,
    /// Whether a download of what storage has failed just now.
    doubted: bool,
    /// Whether storage is known to have it: it need only say that it still has.
    known_there: bool,
    /// Whether a zip is given only after it was read here.
    reads_all: bool,
    /// Whether storage is asked after all others, as it kept others waiting in vain.
    spares_storage: bool,
    /// Whether storage is asked before upstreams that know better, as they kept others waiting in vain.
    spares_upstreams: bool,
    /// What storage had in its place before, where that was not it.
    lost: Option<Loss>,
    /// What storage has in its place, where that is something wrong.
    corrupt: Option<Loss>,
    /// Whether it is given although nothing proves it.
    unproven: bool,
    refusal: Option<(Source, Outcome)>,
    /// Why storage could not say, where it could not.
    unavailable: Option<String>,
    /// Whether storage said, of a zip that it was given, that it has one already.
    exists: bool,
    /// Whether it was counted what storage has left of the module.
    counted: bool,
    /// Whether the module was seen here.
    known_here: bool,
    /// Whether storage was given a zip and took it.
    stored: bool,
    /// Whether storage was given a zip and did not take it, and what that says.
    not_taken: Option<Scope>,
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
        spread: Duration,
    },
    /// Find out what the module version must hash to, and tell [`Search::learn`].
    Sums,
    /// Call [`Search::work`].
    Work,
    /// The search is over.
    Done(Searched),
}

impl Search {
    /// A search for `want` by its plan. `whole` says whether a zip may be fetched into memory.
    pub fn new(want: Want, config: &Config, may_fetch: bool, whole: bool) -> Self {
        let ahead = plan(&want, config, may_fetch);
        Self {
            want,
            whole,
            is_slow: false,
            broken_wholes: 0,
            ahead,
            asking: None,
            paused: None,
            postponed: None,
            recovers: None,
            trouble: None,
            limits: 0,
            hurries: false,
            deadline: None,
            began: None,
            stands_in: false,
            exists_elsewhere: false,
            trail: Trail::default(),
            moved: false,
            head: None,
            hurried: false,
            held: None,
            decoding: None,
            long: None,
            sums: None,
            head_only: false,
            checked_before: false,
            doubted: false,
            known_there: false,
            reads_all: false,
            spares_storage: false,
            spares_upstreams: false,
            lost: None,
            corrupt: None,
            unproven: false,
            refusal: None,
            unavailable: None,
            exists: false,
            counted: false,
            known_here: false,
            stored: false,
            not_taken: None,
        }
    }

    /// Whether storage was given a zip and did not take it, and what that says.
    pub fn not_taken(&self) -> Option<Scope> {
        self.not_taken
    }

    /// Whether storage was given a zip and has it now.
    pub fn was_stored(&self) -> bool {
        self.stored
    }

    /// How many bytes of a go.mod it holds.
    pub fn go_mod_bytes(&self) -> usize {
        match &self.held {
            Some(Held::Document { found, .. }) => found.body.len(),
            Some(Held::Zip { .. }) | None => 0,
        }
    }

    /// Whether it holds a zip in memory, or is about to.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The first step, and after every reply the next one.
    pub fn advance(&mut self, config: &Config, cx: &Cx<'_>) -> Step {
        let Some(source) = self.ahead.pop_front() else {
            return match self.count_what_is_left(config, cx) {
                Some(step) => step,
                None => self.conclude(config, cx),
            };
        };
        self.broken_wholes = 0;
        let form = match (&self.want, source) {
            (Want::Zip(_), Source::Storage) if self.is_to_be_read(config) => Form::Whole,
            (Want::Zip(_), Source::Upstream(_)) if self.whole && !self.is_slow && self.may_store(config) => {
                Form::Whole
            }
            // Who is slow is not asked twice, unless it is known to redirect.
            (Want::Zip(_), Source::Upstream(_)) if self.is_slow && !self.moved && self.is_taken_unasked() => {
                return self.done(End::zip(false, false), Some(source));
            }
            // Even the last one who may have it is asked: it may redirect, and a client is sent to where that leads.
            (Want::Zip(_), Source::Upstream(_)) if self.asks_by_get(source, config) => Form::First,
            // Unless whoever waits has waited for long enough: the streamed answer itself says whether it has it.
            (Want::Zip(_), Source::Upstream(_)) if self.is_taken_unasked() => {
                return self.done(End::zip(false, false), Some(source));
            }
            (Want::Zip(_), Source::Storage) if self.doubted => Form::First,
            _ => self.listing(source, config).map_or(Form::Plain, Form::Listing),
        };
        self.ask(Question { source, form, tries: 0 }, config, cx)
    }

    /// Asks at the first address: where redirects of another question have led is over.
    fn ask(&mut self, question: Question, config: &Config, cx: &Cx<'_>) -> Step {
        if question.source != Source::Storage {
            self.trail = Trail::default();
        }
        if !matches!(question.form, Form::Store { .. }) {
            self.head = None;
        }
        self.put(question, config, cx)
    }

    /// Asks where redirects have led.
    fn put(&mut self, question: Question, config: &Config, cx: &Cx<'_>) -> Step {
        match question.callout(&self.want, config) {
            Some(callout) => {
                let source = question.source;
                let hurried =
                    question.has_for_a_zip(&self.want, config).filter(|_| !self.is_slow && !self.reads_all);
                self.began.get_or_insert(cx.now);
                self.asking = Some(question);
                let endpoint = source.endpoint(config).filter(|_| source != Source::Storage);
                let mut callout = match endpoint {
                    Some(endpoint) => self.trail.lead(callout, endpoint),
                    None => callout,
                };
                let less = hurried.filter(|hurried| *hurried < callout.timeout);
                self.hurries = less.is_some();
                callout.timeout = less.unwrap_or(callout.timeout);
                self.deadline = Some(cx.now.after(callout.timeout));
                Step::Ask(source, callout)
            }
            None => self.advance(config, cx),
        }
    }

    /// The reply of the source asked last.
    pub fn step(&mut self, reply: Reply, config: &Config, cx: &mut Cx<'_>) -> Step {
        let Some(question) = self.asking.take() else {
            return self.advance(config, cx);
        };
        if let Some(step) = self.follow(&question, &reply, config, cx) {
            return step;
        }
        // What stands still in the middle breaks off when its time is over. Of a first byte that says that it is there.
        let is_over = self.deadline.is_some_and(|deadline| deadline <= cx.now.after(EARLY));
        let is_late = reply == Reply::Failed(CallFailure::TimedOut)
            || reply == Reply::Failed(CallFailure::Broken) && is_over && question.form != Form::First;
        if is_late && std::mem::take(&mut self.hurries) {
            // Too slow to be waited for: it is streamed, by whoever is next.
            self.is_slow = true;
            self.moved = self.moved || self.trail.at().is_some();
            self.ahead.push_front(question.source);
            return self.advance(config, cx);
        }
        let is_of_upstream = question.source != Source::Storage;
        if is_of_upstream && question.form == Form::Whole && reply == Reply::Failed(CallFailure::Broken) {
            self.broken_wholes = self.broken_wholes.saturating_add(1);
        }
        if let Some(step) = self.whole_again(&question, &reply, config) {
            return step;
        }
        if let Some(question) = self.instead(&question, &reply, config) {
            return self.ask(question, config, cx);
        }
        let question = if is_late {
            question
        } else {
            match self.once_more(question, &reply, config, cx) {
                ControlFlow::Break(step) => return step,
                ControlFlow::Continue(question) => *question,
            }
        };
        match self.begin_decoding(&question, reply) {
            Taken::InSlices => Step::Work,
            Taken::AtOnce(reply) => self.hear(question, reply, config, cx),
        }
    }

    /// The reply of a source, which can be read as it is.
    fn hear(&mut self, question: Question, reply: Reply, config: &Config, cx: &mut Cx<'_>) -> Step {
        let source = question.source;
        if let (Want::Zip(_), Some(head)) = (&self.want, ZipHead::of(&question.form, &reply)) {
            self.head = Some(head);
        }
        let may_be_cut = self.may_be_cut(source, &reply, config);
        let encoded = encoded(&reply);
        let may_be_read = !may_be_cut && encoded.is_none();
        let taken = if may_be_read { self.begin_long(&question, reply, cx) } else { Taken::AtOnce(reply) };
        let Taken::AtOnce(reply) = taken else { return Step::Work };
        let is_by_info = question.form == Form::ByInfo;
        let heard = match (question.form, source) {
            (Form::Store { from, .. }, _) => return self.stored(from, &reply, config, cx),
            (Form::Listing(inventory), _) => return self.count(inventory, &reply, config, cx),
            (Form::Aside | Form::Plain | Form::Whole, _) if let Some(why) = encoded => {
                self.hear_wrong(source, Loss::NoZip, &why, config, cx)
            }
            // A go.mod may turn out to be whole.
            _ if may_be_cut && !self.is_proven_by_sums() => self.hear_cut(source, config, cx),
            (Form::Whole, _) => match (Whole::read(reply, config.fetch.zip_bytes), &self.want) {
                (Whole::Here(bytes), Want::Zip(zip)) => {
                    self.held = Some(Held::zip(source, zip, bytes));
                    return Step::Work;
                }
                (Whole::TooLarge, _) => Heard::End(End::zip(true, false)),
                (Whole::NoZip | Whole::Here(_), _) => {
                    self.hear_wrong(source, Loss::NoZip, "not a zip", config, cx)
                }
                (Whole::NotHere(reply), _) if source == Source::Storage => {
                    self.hear_storage(reply, false, config, cx)
                }
                (Whole::NotHere(reply), _) => self.hear_upstream(source, reply, config, cx),
            },
            (Form::First, Source::Storage) if self.doubted && reply == Reply::Failed(CallFailure::Broken) => {
                self.ask_storage_again();
                Heard::AskNext
            }
            // Larger than the host lets an answer be: it is there, and it ignores ranges.
            (Form::First, _) if reply == Reply::Failed(CallFailure::Broken) => {
                let checked = source == Source::Storage && self.is_checked(config);
                Heard::End(End::zip(true, checked))
            }
            (Form::Aside, Source::Storage) => self.hear_storage(reply, true, config, cx),
            (Form::ByInfo | Form::First | Form::Plain, Source::Storage) => {
                self.hear_storage(reply, false, config, cx)
            }
            (Form::Aside | Form::ByInfo | Form::First | Form::Plain, _) => {
                let heard = self.hear_upstream(source, reply, config, cx);
                // Where that file is, the zip is not.
                if is_by_info {
                    self.trail = Trail::default();
                }
                heard
            }
        };
        match heard {
            Heard::End(End::Document(found)) if self.is_proven_by_sums() => {
                self.held = Some(Held::Document { source, found, may_be_cut });
                self.weigh(config, cx)
            }
            heard => self.go_on(source, heard, config, cx),
        }
    }

    /// What the same source is asked once more, where the reply says nothing yet.
    fn instead(&self, question: &Question, reply: &Reply, config: &Config) -> Option<Question> {
        match reply {
            // A kept connection that the other side closes just then is nobody's outage. Once more, over a new one.
            Reply::Failed(failure) if question.tries == 0 && self.may_be_dropped(question, *failure) => {
                Some(Question { tries: 1, ..question.clone() })
            }
            reply if may_be_aside(&self.want, question, reply) => {
                Some(Question { form: Form::Aside, ..question.clone() })
            }
            Reply::Answered { status, .. } if question.is_head(&self.want) => {
                let form = match instead_of_head(question.source, *status) {
                    // That a version has an `.info` says neither how long its zip is nor where.
                    Some(Form::ByInfo) if self.head_only || self.asks_by_get(question.source, config) => {
                        Form::First
                    }
                    // It had it a moment ago: a HEAD alone is not believed to say that it is gone.
                    None if self.known_there
                        && question.source == Source::Storage
                        && upstream::may_be_headless(*status) =>
                    {
                        Form::First
                    }
                    None if self.is_untold(&question.form, reply) => Form::First,
                    form => form?,
                };
                Some(Question { form, ..question.clone() })
            }
            // Larger than the host lets an answer be, or broken off: whether it is there, to be streamed, takes no body.
            Reply::Failed(CallFailure::Broken) if question.form == Form::Whole => {
                let by_get = question.source != Source::Storage && (self.moved || !self.trail.is_empty());
                let form = if by_get { Form::First } else { Form::Plain };
                Some(Question { form, ..question.clone() })
            }
            _ => None,
        }
    }

    /// Whether a zip is there by this reply, of which it has to be told how long it is, and is not.
    fn is_untold(&self, form: &Form, reply: &Reply) -> bool {
        self.head_only && ZipHead::of(form, reply).is_some_and(|head| head.length.is_none())
    }

    /// The host's own answer to a HEAD has no text by which to tell a connection that closed from one that was refused.
    fn may_be_dropped(&self, question: &Question, failure: CallFailure) -> bool {
        match failure {
            CallFailure::Dropped => true,
            CallFailure::Unreachable => question.is_head(&self.want),
            _ => false,
        }
    }

    fn hear_upstream(&mut self, source: Source, reply: Reply, config: &Config, cx: &mut Cx<'_>) -> Heard {
        let reply = match self.discreet(source, reply, config) {
            Ok(reply) => reply,
            Err(refused) => return self.note(source, refused, false, config, cx),
        };
        let who = self.who(source, config);
        let answered = matches!(reply, Reply::Answered { status: 200, .. });
        let unconnected = is_unconnected(&reply);
        let outcome = match &self.want {
            Want::Document(document) => upstream::judge(document, &who, reply, cx.now),
            Want::Zip(zip) => match upstream::judge_presence(&zip.to_string(), &who, reply, cx.now) {
                Presence::Here => return Heard::End(End::zip(true, false)),
                Presence::NotHere(outcome) => outcome,
            },
        };
        let outcome = if unconnected { by_way_of(outcome, source, config) } else { outcome };
        self.note(source, outcome, answered, config, cx)
    }

    /// Takes in what a source that knows said; `answered` if it gave something that it should not have.
    fn note(
        &mut self,
        source: Source,
        outcome: Outcome,
        answered: bool,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Heard {
        match outcome {
            Outcome::Found(found) => return Heard::End(End::Document(found)),
            Outcome::Missing(mut missing) => {
                if self.exists_elsewhere {
                    missing.limit = Some(missing.limit.map_or(NOT_YET, |limit| limit.min(NOT_YET)));
                }
                if !matches!(self.refusal, Some((_, Outcome::Failed(_)))) {
                    self.refusal = Some((source, Outcome::Missing(missing)));
                }
            }
            Outcome::Failed(failure) => {
                if answered {
                    cx.log(Level::Warn, failure.reason.clone());
                }
                // What changes and was refused is not given as it was before.
                if failure.fault == Fault::Forbidden && self.want.lifetime() != Lifetime::Immutable {
                    self.ahead.retain(|ahead| *ahead != Source::Storage);
                }
                self.refusal = Some((source, Outcome::Failed(failure)));
                if stops_at_failure(source, config) {
                    self.ahead.retain(|ahead| *ahead == Source::Storage);
                }
            }
        }
        Heard::AskNext
    }

    fn conclude(&mut self, config: &Config, cx: &Cx<'_>) -> Step {
        if let Some(step) = self.take_up_again(config, cx.now) {
            return step;
        }
        if let Some(step) = self.ask_storage_once_more(config, cx.now) {
            return step;
        }
        let storage = self.storage_failure();
        match (self.refusal.clone(), storage) {
            (Some((source, Outcome::Failed(failure))), _) => self.done(End::Failed(failure), Some(source)),
            (Some((_, Outcome::Missing(_))), Some(failure)) if self.may_be_kept() => {
                self.done(End::Failed(failure), Some(Source::Storage))
            }
            (Some((source, Outcome::Missing(missing))), _) => self.done(End::Missing(missing), Some(source)),
            (_, Some(failure)) => self.done(End::Failed(failure), Some(Source::Storage)),
            (_, None) => {
                let what = self.want.describe();
                let reason =
                    format!("not found: {what}: not stored here, and no upstream may be asked for it");
                self.done(End::Missing(Missing { gone: false, reason, since: cx.now, limit: None }), None)
            }
        }
    }

    fn storage_failure(&self) -> Option<Failure> {
        let why = self.unavailable.as_ref()?;
        let reason = format!("{}: no answer from storage: {why}", self.want.describe());
        Some(Failure { fault: Fault::Bad, reason, retry_after: None })
    }

    fn done(&mut self, end: End, source: Option<Source>) -> Step {
        let doubt = match self.refusal.take() {
            Some((_, Outcome::Failed(failure))) => Some(failure),
            _ => {
                self.storage_failure().or_else(|| self.unasked_storage()).or_else(|| self.unasked_upstreams())
            }
        };
        let was_passed_over = self.spares_storage && self.ahead.contains(&Source::Storage);
        let storage_failed = self.unavailable.is_some() || was_passed_over;
        Step::Done(Searched {
            end: self.located(end, source),
            source,
            storage_failed,
            unproven: self.unproven,
            corrupt: self.corrupt,
            doubt,
        })
    }
}

/// Why what came cannot be read, where it came in another coding than was asked for and is not decoded here. There is none in the
/// answer to a HEAD. A zip is what its sums prove as it is, and whoever streams it decodes nothing.
fn encoded(reply: &Reply) -> Option<String> {
    match reply {
        Reply::Answered { status: 200 | 206, headers, body } => match Decoder::of(headers, body, 0) {
            Ok(None) => None,
            Ok(Some(decoder)) => Some(format!("it is encoded ({}), which nobody asked for", decoder.name())),
            Err(why) => Some(why.to_string()),
        },
        _ => None,
    }
}

/// How a source is asked that answered a HEAD so, where that may only say that it knows no HEAD.
fn instead_of_head(source: Source, status: u16) -> Option<Form> {
    match (source, status) {
        (Source::Storage, 405 | 501) => Some(Form::First),
        (Source::Storage, _) => None,
        (_, 405 | 501) => Some(Form::ByInfo),
        // What a server says to a HEAD that it does not know is not for others to hear who GET it.
        (_, status) => upstream::may_be_headless(status).then_some(Form::First),
    }
}

/// By so much a host's clock may be ahead of the one by which it tells the time.
const EARLY: Duration = Duration::from_millis(50);

/// How long it is believed of what exists that a source does not know it.
const NOT_YET: Duration = Duration::from_secs(5);

/// Whether a failure of `source` ends the chain.
fn stops_at_failure(source: Source, config: &Config) -> bool {
    match source {
        Source::Upstream(at) => {
            config.upstreams.get(at).is_none_or(|upstream| upstream.fallback == Fallback::NotFound)
        }
        Source::Storage | Source::Sumdb(_) => false,
    }
}
