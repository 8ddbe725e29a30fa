//! What the same source is asked instead, where its reply says nothing yet.

use super::{Form, Search, Source, SourceRequest, ZipHead, aside::may_be_aside};
use crate::{
    config::Config,
    http::{CallFailure, Reply},
    upstream,
};

impl Search {
    /// What the same source is asked once more, where the reply says nothing yet.
    pub(super) fn instead(
        &self,
        request: &SourceRequest,
        reply: &Reply,
        config: &Config,
    ) -> Option<SourceRequest> {
        match reply {
            // The server closed a kept connection just then, which is no outage: the request is sent once more, over a new connection.
            Reply::Failed(failure) if request.tries == 0 && self.may_be_dropped(request, *failure) => {
                Some(SourceRequest { tries: 1, ..request.clone() })
            }
            reply if may_be_aside(&self.want, request, reply) => {
                Some(SourceRequest { form: Form::Aside, ..request.clone() })
            }
            Reply::Answered { status, .. } if request.is_head(&self.want) => {
                let form = match instead_of_head(request.source, *status) {
                    // That a version has an `.info` says neither how long its zip is nor where.
                    Some(Form::ByInfo)
                        if self.zip.is_head_only() || self.asks_by_get(request.source, config) =>
                    {
                        Form::First
                    }
                    // It had it a moment ago: a HEAD alone is not believed to say that it is gone.
                    None if self.storage.is_known_there()
                        && request.source == Source::Storage
                        && upstream::may_be_headless(*status) =>
                    {
                        Form::First
                    }
                    None if self.is_untold(&request.form, reply) => Form::First,
                    form => form?,
                };
                Some(SourceRequest { form, ..request.clone() })
            }
            // Larger than the host lets an answer be, or broken off: whether it is there, to be streamed, takes no body.
            Reply::Failed(CallFailure::Broken) if request.form == Form::Whole => {
                let by_get =
                    request.source != Source::Storage && (self.zip.has_moved() || !self.trail.is_empty());
                let form = if by_get { Form::First } else { Form::Plain };
                Some(SourceRequest { form, ..request.clone() })
            }
            _ => None,
        }
    }

    /// Whether the reply says that the zip is there, but not how long it is, and the length is needed.
    fn is_untold(&self, form: &Form, reply: &Reply) -> bool {
        self.zip.is_head_only() && ZipHead::of(form, reply).is_some_and(|head| head.length.is_none())
    }

    /// The host's own answer to a HEAD has no text that tells a closed connection from a refused one.
    fn may_be_dropped(&self, request: &SourceRequest, failure: CallFailure) -> bool {
        match failure {
            CallFailure::Dropped => true,
            CallFailure::Unreachable => request.is_head(&self.want),
            _ => false,
        }
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
