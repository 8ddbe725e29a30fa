//! What clients get that have waited long enough for a search for a zip: an upstream that may have it streams it to them, and says itself
//! whether it has it.

use super::{End, Form, Search, Searched};
use crate::{
    config::Config,
    goproxy::{Failure, FailureKind},
    plan::{Source, Want, plan},
};

impl Search {
    /// Whether the client is sent to the last upstream without asking it first.
    pub(super) fn is_taken_unasked(&self) -> bool {
        self.zip.may_go_unasked() && self.order.is_over()
    }

    /// The upstream that streams the zip in place of this search: the one that is asked just now, or else the next one. The upstreams
    /// before have said that they have nothing.
    pub fn stream_fallback(&self) -> Option<Searched> {
        let asked =
            self.asking.request().or_else(|| self.retries.paused()).map(|request| match request.form {
                Form::Store { from, .. } => from,
                Form::Aside | Form::ByInfo | Form::First | Form::Listing(_) | Form::Plain | Form::Whole => {
                    request.source
                }
            });
        let asked = asked.or_else(|| self.unverified.source());
        let fallback = stream_fallback(&self.want, asked.into_iter().chain(self.order.iter()))?;
        // Where redirects have led is where the zip is, as far as is known.
        let is_of_another_file = self.asking.request().is_some_and(|request| request.form == Form::ByInfo);
        let at = self.address(fallback.source).filter(|_| asked == fallback.source && !is_of_another_file);
        let end = End::Zip {
            confirmed: false,
            checked: false,
            moved: at.is_some(),
            to: at.map(Box::new),
            head: None,
            licenses: None,
        };
        let earlier_failure = self.said.failure().cloned();
        let earlier_failure =
            earlier_failure.or_else(|| fallback.earlier_failure.clone().or_else(|| self.storage_failure()));
        Some(Searched { end, earlier_failure, ..fallback })
    }
}

impl Searched {
    /// As [`Search::stream_fallback`], for a search of another worker, whose state is unknown.
    pub fn stream_fallback(want: &Want, config: &Config, may_fetch: bool) -> Option<Self> {
        stream_fallback(want, plan(want, config, may_fetch).into_iter())
    }

    /// The end for clients that have waited long enough.
    pub fn too_slow(want: &Want) -> Self {
        Self::failed(too_slow(want))
    }
}

/// The first upstream that has not answered. If it has no such zip, that says little: others, storage above all, may have it.
fn stream_fallback(want: &Want, open: impl Iterator<Item = Source>) -> Option<Searched> {
    let Want::Zip(_) = want else { return None };
    let open: Vec<_> = open.collect();
    let source = *open.iter().find(|source| matches!(source, Source::Upstream(_)))?;
    let earlier_failure = open.iter().any(|other| *other != source).then(|| too_slow(want));
    let end = End::zip(false, false);
    Some(Searched { earlier_failure, ..Searched::new(end, Some(source)) })
}

fn too_slow(want: &Want) -> Failure {
    let reason = format!("{}: the sources that were asked take too long; try again", want.describe());
    Failure { kind: FailureKind::Slow, reason, retry_after: None }
}
