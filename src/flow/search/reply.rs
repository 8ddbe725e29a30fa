//! What a search makes of a reply, and how it goes on by that.

use super::{
    Candidate, End, Form, Search, Source, SourceRequest, Step, Trail, Whole, ZipHead, failure_of, with_remedy,
};
use crate::{
    config::Config,
    cx::Cx,
    http::{CallFailure, Decoder, Reply},
    plan::Want,
    shared::Loss,
    upstream::{self, Presence},
};

/// What a reply to a request says of what is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum AfterReply {
    /// Nothing that ends the search, and what it does say is noted: the next source is asked.
    AskNext,
    /// The search comes to this.
    End(End),
}

/// What is done with a reply before what it says is taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Taken {
    /// It is worked on in slices: [`Step::Work`].
    InSlices,
    /// Nothing: it can be taken in as it is.
    AtOnce(Reply),
}

impl Search {
    /// The reply of a source, decoded where it had to be.
    pub(super) fn on_plain_reply(
        &mut self,
        request: SourceRequest,
        reply: Reply,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> Step {
        let source = request.source;
        if let (Want::Zip(_), Some(head)) = (&self.want, ZipHead::of(&request.form, &reply)) {
            self.zip.note_head(Some(head));
        }
        let may_be_cut = self.may_be_cut(source, &reply, config);
        let encoded = encoded(&reply);
        let may_be_read = !may_be_cut && encoded.is_none();
        let taken = if may_be_read { self.begin_long(&request, reply, cx) } else { Taken::AtOnce(reply) };
        let Taken::AtOnce(reply) = taken else { return Step::Work };
        let is_by_info = request.form == Form::ByInfo;
        let after = match (request.form, source) {
            (Form::Store { from, .. }, _) => return self.stored(from, &reply, config, cx),
            (Form::Listing(inventory), _) => return self.count(inventory, &reply, config, cx),
            (Form::Aside | Form::Plain | Form::Whole, _) if let Some(why) = encoded => {
                self.fail_wrong(source, Loss::NoZip, &why, config, cx)
            }
            // A go.mod may turn out to be whole.
            _ if may_be_cut && !self.is_proven_by_sums() => self.fail_cut(source, config, cx),
            (Form::Whole, _) => match (Whole::read(reply, config.fetch.zip_bytes), &self.want) {
                (Whole::Here(bytes), Want::Zip(zip)) => {
                    // What was proven before, or is believed as the configuration says, is read for what it holds alone.
                    let is_believed = source == Source::Storage
                        && self.storage.is_checked(config)
                        && !self.storage.says_it_exists();
                    let candidate = Candidate::zip(source, zip, bytes, self.zip.reads_licenses());
                    self.unverified.hold(candidate.believed(is_believed));
                    return Step::Work;
                }
                (Whole::TooLarge, _) => {
                    let checked = source == Source::Storage && self.storage.is_checked(config);
                    AfterReply::End(End::zip(true, checked))
                }
                (Whole::NoZip | Whole::Here(_), _) => {
                    self.fail_wrong(source, Loss::NoZip, "not a zip", config, cx)
                }
                (Whole::NotHere(reply), _) if source == Source::Storage => {
                    self.on_storage_reply(reply, false, config, cx)
                }
                (Whole::NotHere(reply), _) => self.on_upstream_reply(source, reply, config, cx),
            },
            (Form::First, Source::Storage)
                if self.storage.is_doubted() && reply == Reply::Failed(CallFailure::Broken) =>
            {
                self.storage.fail_broken();
                self.order.extend([Source::Storage]);
                AfterReply::AskNext
            }
            // Larger than the host lets an answer be: it is there, and it ignores ranges.
            (Form::First, _) if reply == Reply::Failed(CallFailure::Broken) => {
                let checked = source == Source::Storage && self.storage.is_checked(config);
                AfterReply::End(End::zip(true, checked))
            }
            (Form::Aside, Source::Storage) => self.on_storage_reply(reply, true, config, cx),
            (Form::ByInfo | Form::First | Form::Plain, Source::Storage) => {
                self.on_storage_reply(reply, false, config, cx)
            }
            (Form::Aside | Form::ByInfo | Form::First | Form::Plain, _) => {
                let after = self.on_upstream_reply(source, reply, config, cx);
                // Where that file is, the zip is not.
                if is_by_info {
                    self.trail = Trail::default();
                }
                after
            }
        };
        match after {
            AfterReply::End(End::Document(found)) if self.is_proven_by_sums() => {
                self.unverified.hold(Candidate::Document { source, found, may_be_cut });
                self.weigh(config, cx)
            }
            after => self.go_on(source, after, config, cx),
        }
    }

    fn on_upstream_reply(
        &mut self,
        source: Source,
        reply: Reply,
        config: &Config,
        cx: &mut Cx<'_>,
    ) -> AfterReply {
        let reply = match self.discreet(source, reply, config) {
            Ok(reply) => reply,
            Err(refused) => return self.note(source, refused, false, config, cx),
        };
        let who = self.who(source, config);
        let answered = matches!(reply, Reply::Answered { status: 200, .. });
        let failure = failure_of(&reply);
        let outcome = match &self.want {
            Want::Document(document) => upstream::judge(document, &who, reply, cx.now),
            Want::Zip(zip) => match upstream::judge_presence(&zip.to_string(), &who, reply, cx.now) {
                Presence::Here => return AfterReply::End(End::zip(true, false)),
                Presence::NotHere(outcome) => outcome,
            },
        };
        let outcome = with_remedy(outcome, failure, source, self.trail.at(), config);
        self.note(source, outcome, answered, config, cx)
    }

    /// The step after a reply of `source`.
    pub(super) fn go_on(&mut self, source: Source, after: AfterReply, config: &Config, cx: &Cx<'_>) -> Step {
        match after {
            AfterReply::AskNext => self.advance(config, cx),
            AfterReply::End(end) => self.done(end, Some(source)),
        }
    }
}

/// Why the body cannot be read: it came in a coding that was not asked for and is not decoded here. The answer to a HEAD has no body. A zip
/// is verified as it is, and the clients that stream it decode nothing.
fn encoded(reply: &Reply) -> Option<String> {
    match reply {
        Reply::Answered { status: 200 | 206, headers, body } => match Decoder::of(headers, body, 0) {
            Ok(None) => None,
            Ok(Some(decoder)) => {
                Some(format!("it is encoded ({}), which the gateway did not ask for", decoder.name()))
            }
            Err(why) => Some(why.to_string()),
        },
        _ => None,
    }
}
