//! Whether a reply is one after which the same request is worth another attempt.

use std::time::Duration;

use super::{Form, Outcome, Search, SourceRequest};
use crate::{
    config::Config,
    goproxy::{Failure, accept},
    http::{CallFailure, Reply, Timestamp},
    plan::Want,
    upstream::{self, Presence},
};

/// What the reply to a request says of the next attempt at the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It may well succeed.
    Soon,
    /// The source wants it after this time, and no sooner.
    After(Duration),
}

impl Search {
    /// The next attempt that `reply` leaves to be made at `request`; `None` where the reply is final.
    pub(super) fn attempt(
        &self,
        request: &SourceRequest,
        reply: &Reply,
        config: &Config,
        now: Timestamp,
    ) -> Option<Attempt> {
        // A write has attempts of its own.
        if matches!(request.form, Form::Store { .. }) {
            return None;
        }
        match reply {
            Reply::Answered { status: status @ (429 | 503), headers, .. } => {
                let after = upstream::retry_after(headers, now);
                match (after, status) {
                    (Some(seconds), _) => Some(Attempt::After(Duration::from_secs(seconds.into()))),
                    (None, 429) => Some(Attempt::After(LIMITED)),
                    (None, _) => Some(Attempt::Soon),
                }
            }
            // The source does not know this kind of request, and will not the next time.
            Reply::Answered { status: 501 | 505, .. } => None,
            Reply::Answered { status: 408 | 500.., .. } => Some(Attempt::Soon),
            // A signed address holds for seconds, and a store refuses an expired one like this: the upstream is asked for another.
            Reply::Answered { status: 400 | 403, .. }
                if request.tries == 0 && self.has_strayed(request.source) =>
            {
                Some(Attempt::Soon)
            }
            Reply::Answered { status: 404 | 410, .. } if self.expected.is_recorded() => Some(Attempt::Soon),
            Reply::Answered { status: 200, headers, body } => {
                let Want::Document(document) = &self.want else { return None };
                let is_cut = headers.coding().is_none()
                    && document.shows_its_end()
                    && self.shows_no_end(request.source, reply, config)
                    && accept(document, body.clone()).is_err();
                is_cut.then_some(Attempt::Soon)
            }
            Reply::Answered { .. } => None,
            // A zip that breaks off may be larger than the host lets an answer be.
            Reply::Failed(CallFailure::Broken) => {
                matches!(self.want, Want::Document(_)).then_some(Attempt::Soon)
            }
            Reply::Failed(
                CallFailure::Dropped
                | CallFailure::Overloaded
                | CallFailure::Unavailable
                | CallFailure::Unreachable,
            ) => Some(Attempt::Soon),
            Reply::Failed(CallFailure::Misconfigured | CallFailure::TimedOut) => None,
        }
    }

    /// The failure that `reply` is, for clients that will not wait for another attempt.
    pub(super) fn trouble_of(
        &self,
        request: &SourceRequest,
        reply: &Reply,
        config: &Config,
        now: Timestamp,
    ) -> Option<Failure> {
        let reply = match reply {
            Reply::Answered { status, headers, body } => Reply::Answered {
                status: *status,
                headers: headers.clone(),
                body: body.iter().take(SAID).copied().collect(),
            },
            failed @ Reply::Failed(_) => failed.clone(),
        };
        let judged = match self.discreet(request.source, reply, config) {
            Ok(reply) => {
                let who = self.who(request.source, config);
                upstream::judge_presence(&self.want.describe(), &who, reply, now)
            }
            Err(refused) => Presence::NotHere(refused),
        };
        match judged {
            Presence::NotHere(Outcome::Failed(failure)) => Some(failure),
            Presence::Here | Presence::NotHere(_) => None,
        }
    }
}

/// Bytes of an answer in which its reason stands, if it gives one.
const SAID: usize = 1024;

/// How long a source is left alone that answers 429 and does not say for how long.
const LIMITED: Duration = Duration::from_secs(1);
