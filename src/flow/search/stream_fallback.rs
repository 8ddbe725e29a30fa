//! The way around a search for a zip, for those who have waited long enough: an upstream that may have it streams it to
//! them, and says itself whether it has.

use super::{Candidate, End, Form, Outcome, Search, Searched};
use crate::{
    config::Config,
    goproxy::{Failure, FailureKind},
    plan::{Source, Want, plan},
};

impl Search {
    /// Whoever waits has waited for somebody else already.
    pub fn hurry(&mut self) {
        self.hurried = true;
    }

    /// Whether the last upstream is taken for who has the zip, unasked.
    pub(super) fn is_taken_unasked(&self) -> bool {
        (self.hurried || self.is_slow) && self.ahead.is_empty() && !self.head_only
    }

    /// The way around this search: the upstream that is asked just now, or else the next one. Those before have said that
    /// they have nothing.
    pub fn stream_fallback(&self) -> Option<Searched> {
        let asked = self.asking.as_ref().or(self.paused.as_ref()).map(|request| match request.form {
            Form::Store { from, .. } => from,
            Form::Aside | Form::ByInfo | Form::First | Form::Listing(_) | Form::Plain | Form::Whole => {
                request.source
            }
        });
        let asked = asked.or_else(|| self.candidate.as_ref().map(Candidate::source));
        let fallback = stream_fallback(&self.want, asked.into_iter().chain(self.ahead.iter().copied()))?;
        // Where redirects have led is where the zip is, as far as is known.
        let is_of_another_file = self.asking.as_ref().is_some_and(|request| request.form == Form::ByInfo);
        let at = self.address(fallback.source).filter(|_| asked == fallback.source && !is_of_another_file);
        let end = End::Zip {
            confirmed: false,
            checked: false,
            moved: at.is_some(),
            to: at.map(Box::new),
            head: None,
        };
        let doubt = match &self.refusal {
            Some((_, Outcome::Failed(failure))) => Some(failure.clone()),
            _ => fallback.doubt.or_else(|| self.storage_failure()),
        };
        Some(Searched { end, doubt, ..fallback })
    }
}

impl Searched {
    /// The way around a search of another worker for `want`, of which nothing is known.
    pub fn stream_fallback(want: &Want, config: &Config, may_fetch: bool) -> Option<Self> {
        stream_fallback(want, plan(want, config, may_fetch).into_iter())
    }

    /// An end for those who will not wait any longer.
    pub fn too_slow(want: &Want) -> Self {
        Self::failed(too_slow(want))
    }
}

/// The first upstream of those that have not answered. That it has nothing says little while the others, storage above
/// all, may have it.
fn stream_fallback(want: &Want, open: impl Iterator<Item = Source>) -> Option<Searched> {
    let Want::Zip(_) = want else { return None };
    let open: Vec<_> = open.collect();
    let source = *open.iter().find(|source| matches!(source, Source::Upstream(_)))?;
    let doubt = open.iter().any(|other| *other != source).then(|| too_slow(want));
    let end = End::zip(false, false);
    Some(Searched { doubt, ..Searched::new(end, Some(source)) })
}

fn too_slow(want: &Want) -> Failure {
    let reason = format!("{}: those who were asked take too long", want.describe());
    Failure { kind: FailureKind::Slow, reason, retry_after: None }
}
