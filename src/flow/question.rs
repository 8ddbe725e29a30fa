//! What one client asks, and its answer: from the index at once (`indexed.rs`), or at the end of a search (`resumed.rs`).

mod indexed;
mod resumed;

use std::time::Duration;

use super::{
    Ask, Known, Routed, Searched,
    caller::first_name,
    content::is_to_be_read,
    license::{Licensing, Recalling},
    respond::{answer, audience},
    withdrawn::{Finding, Reading, Withdrawn},
};
use crate::{
    config::{Config, MissMode, Reverify},
    cx::{Cx, Verdict},
    gomod::Version,
    goproxy::{
        Answer, Asker, Audience, Document, Failure, File, Found, FreshnessCheck, Missing, Refusal, Validity,
        Zip,
    },
    http::Timestamp,
    metrics::{Cache, Kind},
    plan::{Source, Want},
    policy::Caller,
};

/// A request that waits for a search. Of its head nothing is kept but what the question holds: the host has the rest, and a
/// thousand who wait must not cost a thousand heads more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    pub(super) question: Question,
    /// What its search came to, where it waits for something else before it can be answered with that.
    pub(super) ended: Option<Box<Ended>>,
}

/// What the search came to that a request had waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// That.
    pub searched: Searched,
    /// Whether another request had begun it.
    pub coalesced: bool,
}

/// What a request asks, as far as the answer depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) want: Want,
    /// When the client asked; searches that were needed before this one do not change it.
    pub(super) since: Timestamp,
    pub(super) may_fetch: bool,
    /// Whether the client asks for more than what the index has.
    pub(super) no_cache: bool,
    pub(super) asker: Asker,
    /// Whether the head of the answer alone is asked for.
    pub(super) head_only: bool,
    /// Whether the client asks for a part, or on a condition.
    pub(super) selects: bool,
    /// Whether a body follows the request's head.
    pub(super) has_body: bool,
    pub(super) kind: Kind,
    pub(super) caller: Caller,
    /// What the answer is for.
    pub(super) serving: Serving,
    /// Whether the client is sent to the upstream where storage has nothing.
    pub(super) redirects: bool,
    /// Whether it was waited for once to be found out when versions were published: what is not known then is not shown.
    pub(super) dated: bool,
    /// Which versions the author has taken back, where that had to be found out.
    pub(super) withdrawn: Withdrawn,
    /// What is known of the licences of the version that it names.
    pub(super) licensing: Licensing,
}

/// What the answer to a question is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Serving {
    /// It is what the client asked for.
    Itself,
    /// It is the list in which `@latest` is looked for.
    Newest {
        /// Why what upstreams call the latest is refused; `None` where they were not asked.
        refused: Option<Refusal>,
        /// That version.
        named: Option<Version>,
        /// Whether that is known to be no `+incompatible` version.
        fits_path: bool,
    },
    /// It is what storage has of a version's licences, before its zip.
    License(Recalling),
    /// It is the list from which the go command takes the latest version where upstreams know no `@latest`.
    Unnamed {
        /// What they said.
        missing: Missing,
    },
    /// It is the go.mod in which it is read which versions are retracted, before another answer.
    Retractions(Reading),
    /// It is the list, or the `@latest`, by which that go.mod is found.
    Speaker(Finding),
    /// It is the `.info` that `@latest` is answered with, for as long as the list is fresh in which it was found.
    Latest {
        /// As in [`Validity`].
        fresh_for: Option<Duration>,
    },
}

impl Parked {
    pub(super) fn new(question: Question) -> Self {
        Self { question, ended: None }
    }

    /// What is searched for.
    pub fn want(&self) -> &Want {
        &self.question.want
    }

    /// What is asked, in the word of metrics.
    pub fn kind(&self) -> Kind {
        self.question.kind
    }

    /// When the client asked: it may have waited for something else before this.
    pub fn since(&self) -> Timestamp {
        self.question.since
    }

    /// What the client has already, by its `If-None-Match`.
    pub fn if_none_match(&self) -> Option<&str> {
        self.question.asker.if_none_match.as_deref()
    }

    /// Whether upstreams may be asked (no `Disable-Module-Fetch`).
    pub fn may_fetch(&self) -> bool {
        self.question.may_fetch
    }

    /// Whether the client asks for more than what the index has.
    pub fn no_cache(&self) -> bool {
        self.question.no_cache
    }

    /// Whether upstreams may be asked when its versions were published: where its client is sent to them, too.
    pub fn may_date(&self) -> bool {
        self.question.may_fetch || self.question.redirects
    }

    /// Whether the head of the answer alone is asked for.
    pub fn head_only(&self) -> bool {
        self.question.head_only
    }

    /// It was found out when versions were published, as far as one request may have that done.
    pub fn note_dated(&mut self) {
        self.question.dated = true;
    }

    /// Takes out what its search came to, where that is over: [`Parked::resume`] is to be told, and else it is to
    /// [`Parked::ask`] again.
    pub fn take_ended(&mut self) -> Option<Box<Ended>> {
        self.ended.take()
    }

    /// Whether it is answered without what is searched for, where that is not found in time.
    pub fn does_without(&self) -> bool {
        matches!(self.question.serving, Serving::License(_) | Serving::Retractions(_) | Serving::Speaker(_))
    }

    /// Its answer, where it cannot be answered.
    pub fn fail(&self, failure: &Failure) -> Verdict {
        self.question.failed(failure)
    }
}

impl Question {
    /// The request that asks this, to wait or to go on with it.
    pub(super) fn park(self) -> Box<Parked> {
        Parked::new(self).into()
    }

    /// What is asked for of a zip.
    fn ask(&self) -> Ask {
        Ask { head_only: self.head_only, selects: self.selects, has_body: self.has_body }
    }

    /// Whether the head of a zip is asked for, of which no part goes along.
    pub(super) fn is_for_the_head(&self) -> bool {
        self.head_only && matches!(self.want, Want::Zip(_))
    }

    /// This, of `zip`, routed to `source`, which has what was `checked` or is read as it passes.
    fn route(&self, zip: &Zip, source: Source, checked: bool, known: &Known<'_>, cx: &Cx<'_>) -> Routed {
        let config = known.config;
        let remembered_as = config.exposure.map(|_| first_name(&self.caller, &config.callers).into());
        let judges_license = self.judges_license(zip, known, cx);
        let is_judged = judges_license || known.in_force.policy().looks_into_zips(&zip.module);
        let is_given_unread = checked && !is_always_checked(config) && !is_to_be_read(zip, known, cx);
        Routed {
            checked: is_given_unread,
            remembered_as,
            judged_for: is_judged.then(|| self.caller.clone().into()),
            judges_license,
            ..Routed::new(zip.clone(), source, self.ask())
        }
    }

    fn freshness_check<'a>(&self, jitter: u8, config: &'a Config, now: Timestamp) -> FreshnessCheck<'a> {
        FreshnessCheck { rules: &config.freshness, now, jitter, no_cache: self.no_cache }
    }

    /// The same question, asked of storage alone where no upstream may be asked for the module. To apply this twice changes nothing more.
    pub(super) fn in_reach(self, config: &Config) -> Self {
        let Some(module) = self.want.module().filter(|_| self.serving == Serving::Itself) else {
            return self;
        };
        let stored = || Want::Document(Document::Module { module: module.clone(), file: File::Stored });
        match (&self.want, config.on_miss(module)) {
            (Want::Document(Document::Module { file: File::List, .. }), MissMode::None) => {
                Self { want: stored(), ..self }
            }
            (Want::Document(Document::Module { file: File::Latest, .. }), MissMode::None) => Self {
                want: stored(),
                serving: Serving::Newest { refused: None, named: None, fits_path: false },
                ..self
            },
            (
                Want::Zip(_) | Want::Document(Document::Module { file: File::Info(_) | File::Mod(_), .. }),
                MissMode::Redirect,
            ) => Self { redirects: self.redirects || self.may_fetch, may_fetch: false, ..self },
            _ => self,
        }
    }

    /// How long what is given stays fresh: `@latest` as long as the list, even where it is taken from an `.info`.
    fn left(&self, left: Option<Duration>) -> Option<Duration> {
        match &self.serving {
            Serving::Latest { fresh_for } => *fresh_for,
            Serving::Itself
            | Serving::License(_)
            | Serving::Newest { .. }
            | Serving::Retractions(_)
            | Serving::Speaker(_)
            | Serving::Unnamed { .. } => left,
        }
    }

    /// The question that follows where upstreams know no `@latest`: the list, if storage may have versions of the module left, or if all
    /// versions that the go command would take from it are refused.
    fn unnamed(&self, missing: &Missing, known: &Known<'_>, cx: &Cx<'_>) -> Option<Self> {
        let Want::Document(Document::Module { module, file: File::Latest }) = &self.want else { return None };
        if self.serving != Serving::Itself || !self.may_fetch {
            return None;
        }
        let policy = known.in_force.policy();
        let may_be_left = known.config.storage.is_some() && !module.is_short_of_a_repository();
        let is_mixed = || {
            known.config.policy.denies_retracted()
                || !policy.is_open() && known.view(module, &self.caller, cx).is_mixed()
        };
        (may_be_left || is_mixed()).then(|| {
            let want = Want::Document(Document::Module { module: module.clone(), file: File::List });
            let serving = Serving::Unnamed { missing: missing.clone() };
            Self { want, serving, ..self.clone() }
        })
    }

    /// The clients that caches may give the answer to again.
    fn audience(&self, known: &Known<'_>) -> Audience {
        audience(self.want.module(), known.config, known.in_force.policy())
    }

    /// How long the answer may be cached, and by which caches; `left` is what is left of its freshness, `None` for what never changes.
    fn validity(&self, left: Option<Duration>, known: &Known<'_>) -> Validity {
        Validity { fresh_for: left, audience: self.audience(known) }
    }

    fn found(
        &self,
        document: &Document,
        found: &Found,
        cache: Cache,
        left: Option<Duration>,
        known: &Known<'_>,
    ) -> Verdict {
        let validity = self.validity(left, known);
        answer(&Answer::Found { document, found, validity, cache }, &self.asker, self.kind, cache)
    }

    fn missing(&self, missing: &Missing, cache: Cache, left: Option<Duration>, known: &Known<'_>) -> Verdict {
        let validity = self.validity(Some(left.unwrap_or_default()), known);
        answer(&Answer::Missing { missing, validity, cache }, &self.asker, self.kind, cache)
    }

    fn failed(&self, failure: &Failure) -> Verdict {
        answer(&Answer::Failed(failure), &self.asker, self.kind, Cache::None)
    }
}

/// Whether each time that a stored zip is given it is checked.
fn is_always_checked(config: &Config) -> bool {
    config.storage.as_ref().is_some_and(|storage| storage.reverify == Reverify::Always)
}
