//! An answer from the index, complete: given to the client that asked, and perhaps to the next that asks for the same.

use std::{cell::OnceCell, rc::Rc, time::Duration};

use super::advice::Advice;
use crate::{
    cx::Verdict,
    goproxy::{Answer, Asker, Audience, Etag, Validity, mark, not_modified},
    http::{Monitored, Response},
    metrics::{Account, Cache, Kind},
};

/// An answer from the index, for any client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    response: Rc<Response>,
    etag: Option<Etag>,
    /// The answer to a client that has the document already, once a client has asked with `If-None-Match`.
    unchanged: OnceCell<Rc<Response>>,
    validity: Validity,
    /// Whether it is kept from other callers, for whom rules that are not enforced may have decided otherwise.
    is_for_one: bool,
}

impl Hit {
    /// The answer to a question of this kind; `validity` is the one that it states.
    pub(super) fn new(answer: &Answer<'_>, validity: Validity, kind: Kind) -> Self {
        let etag = match answer {
            Answer::Found { found, .. } => Some(found.etag),
            _ => None,
        };
        let response = answer.respond(&Asker::default(), Account { kind, cache: Cache::Hit });
        Self { response: response.into(), etag, unchanged: OnceCell::new(), validity, is_for_one: false }
    }

    /// Gives it to a client who may have it already.
    pub fn give(&self, if_none_match: Option<&str>) -> Verdict {
        let is_known = self.etag.zip(if_none_match).is_some_and(|(etag, tags)| etag.matches(tags));
        let response = if is_known {
            self.unchanged.get_or_init(|| not_modified(&self.response).into())
        } else {
            &self.response
        };
        Verdict::Respond(Rc::clone(response))
    }

    /// The same, marked with what would have been decided if all of the policy were enforced; where that `is_personal`, it is for this
    /// caller alone.
    pub(super) fn marked(mut self, monitored: Option<&Monitored>, is_personal: bool) -> Self {
        if let Some(monitored) = monitored {
            mark(Rc::make_mut(&mut self.response), monitored);
            self.unchanged = OnceCell::new();
        }
        self.is_for_one |= is_personal;
        self
    }

    /// The same, with what is said beside it.
    pub(super) fn advised(mut self, advice: &Advice) -> Self {
        advice.say(Rc::make_mut(&mut self.response));
        self.unchanged = OnceCell::new();
        self
    }

    /// It, as it is given to a client who does not have it yet.
    pub(super) fn response(&self) -> &Response {
        &self.response
    }

    /// Whether another caller may be answered otherwise.
    pub fn is_personal(&self) -> bool {
        self.is_for_one || self.validity.audience == Audience::Caller
    }

    /// How long the headers of the answer stay exact; `None` if they never expire. Its `max-age` counts whole seconds, and promises too much
    /// as soon as the next one has begun.
    pub fn holds_for(&self) -> Option<Duration> {
        self.validity.fresh_for.map(|left| Duration::from_millis(left.subsec_millis().into()))
    }

    /// The bytes of its body.
    pub fn body_len(&self) -> usize {
        self.response.body.len()
    }
}
