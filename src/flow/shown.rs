//! What of a document a caller may see.
//!
//! The index and storage hold what upstreams said; they know nothing of callers and rules. So every document that is about to be given
//! passes here: a list loses the versions that are refused, a query that resolves to a refused version is refused, and an `@latest` that is
//! refused gives way to the newest version that is not.

use std::{borrow::Cow, ops::ControlFlow, time::Duration};

use super::{
    Known, Next,
    logged::dated,
    published::{Publication, Recorded, published_by},
    question::{Question, Serving},
    ruling::{Substitute, refusal, when},
    sifting::{Sifting, SiftingKey},
    withdrawn::Withdrawn,
};
use crate::{
    config::{Clock, Config},
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Found, Info, Missing, Refusal},
    metrics::OwnReason,
    plan::Want,
    policy::{Decision, View},
    shared::Index,
};

/// What of a document may be shown.
#[derive(Clone, Debug)]
pub(super) enum Shown<'f> {
    /// This.
    As(Cow<'f, Found>),
    /// This, and there may be more that could not be found out: it is not fresh for any time.
    InPart(Found),
    /// No version of the list is given in place of the `@latest` that upstreams do not know: this is what they said.
    NoLatest(Missing),
}

impl Question {
    /// What of `document`, as it was `found`, answers this question; `left` is how long it stays fresh.
    pub(super) fn show<'f>(
        &self,
        document: &Document,
        found: &'f Found,
        left: Option<Duration>,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Shown<'f>> {
        if let Serving::Retractions(reading) = &self.serving {
            return ControlFlow::Break(reading.read(Some(&found.body)));
        }
        let Document::Module { module, file } = document else { return whole(found) };
        let policy = known.in_force.policy();
        let is_list = matches!(file, File::List | File::Stored);
        if policy.is_open() && !is_list {
            return whole(found);
        }
        let view = policy.view(module, &self.caller);
        match view.whole() {
            Some(decision) if decision.is_denied() => {
                return match refusal(
                    &view,
                    (module, None),
                    &decision,
                    &self.caller,
                    (known.config, known.index),
                    cx,
                ) {
                    Some(refusal) => self.substitute(&Substitute::Refused(refusal), cx),
                    None => whole(found),
                };
            }
            Some(_) if !is_list => return whole(found),
            _ => {}
        }
        match file {
            File::List | File::Stored => self.show_list((module, file), found, left, &view, known, cx),
            File::Info(_) | File::Latest | File::Query(_) => {
                self.show_info((module, file), found, &view, known, cx)
            }
            // It was decided by its version.
            File::Mod(_) => whole(found),
        }
    }

    fn show_list<'f>(
        &self,
        (module, file): (&ModulePath, &File),
        found: &'f Found,
        left: Option<Duration>,
        view: &View<'_>,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Shown<'f>> {
        if *file == File::List && !view.is_mixed() {
            match &self.serving {
                Serving::Itself => return whole(found),
                // The go command reads it itself.
                Serving::Unnamed { missing } if !found.left => {
                    return ControlFlow::Continue(Shown::NoLatest(missing.clone()));
                }
                _ => {}
            }
        }
        if found.body.is_empty() && *file == File::Stored {
            return self.substitute(&nothing_stored(module, &self.serving, found), cx);
        }
        let shows_pseudo = *file == File::List;
        let key = SiftingKey::of(module, &self.caller, view, shows_pseudo);
        let sifting = Sifting::of(key, found).without(&self.withdrawn);
        let mut short = None;
        if !sifting.is_long() {
            short = Some(sifting.clone().finish(view, known, cx));
        }
        let config = known.config;
        let clock = config.clock(module);
        let Known { index, publications, shelf, .. } = known;
        let sifted = match &mut short {
            Some(sifted) => sifted,
            None => match shelf.get(sifting.key(), found.etag, cx.now) {
                Some(sifted) => sifted,
                None => return ControlFlow::Break(Next::Sift(self.clone().park(), sifting.into())),
            },
        };
        let now = cx.now;
        let undated =
            sifted.settle(module, view, publications, || Recorded::recall(module, clock, index, cx), now);
        if !self.dated && !undated.is_empty() {
            return ControlFlow::Break(Next::Dates(self.clone().park(), module.clone(), undated));
        }
        if self.withdrawn == Withdrawn::Unasked {
            // An upstream that passes over the newest for its `@latest` has read there that it is retracted.
            let passed_over = match &self.serving {
                Serving::Newest { named: Some(named), .. } => sifted
                    .speaker()
                    .filter(|newest| *newest > named || (named.is_prerelease() && !newest.is_prerelease())),
                _ => None,
            };
            let by = passed_over.or_else(|| sifted.hidden_speaker());
            if let Some(by) = by {
                return ControlFlow::Break(self.read_retractions(module, by));
            }
        }
        let is_part = sifted.is_part() || self.withdrawn == Withdrawn::Unknown;
        if let (None, Some(failure)) = (sifted.newest(false), sifted.failed()) {
            return self.substitute(&Substitute::Failed(failure.clone()), cx);
        }
        let latest = |version: &Version| {
            let file = File::Info(version.clone());
            let want = Want::Document(Document::Module { module: module.clone(), file });
            let fresh_for = if is_part { Some(Duration::ZERO) } else { left };
            let serving = Serving::Latest { fresh_for };
            ControlFlow::Break(Next::Ask(Self { want, serving, ..self.clone() }.park()))
        };
        match &self.serving {
            Serving::Unnamed { missing } => match (sifted.newest(false), sifted.top()) {
                (Some(version), _) if found.left => latest(version),
                // Everything that the go command would look at is hidden from the caller, who is told why.
                (None, Some(top)) => self.refuse_all((module, top), view, (config, index), cx),
                (Some(_) | None, _) => ControlFlow::Continue(Shown::NoLatest(missing.clone())),
            },
            Serving::Newest { refused, fits_path, .. } => match sifted.newest(*fits_path) {
                Some(version) => latest(version),
                None => match (refused, sifted.top()) {
                    (Some(refusal), _) => self.substitute(&Substitute::Refused(refusal.clone()), cx),
                    (None, Some(top)) => self.refuse_all((module, top), view, (config, index), cx),
                    (None, None) => self.substitute(&unreadable(module), cx),
                },
            },
            Serving::Itself | Serving::Latest { .. } | Serving::Retractions(_) => {
                let (body, etag) = sifted.listed();
                let shown = Found { body, etag, ..found.clone() };
                ControlFlow::Continue(if is_part {
                    Shown::InPart(shown)
                } else {
                    Shown::As(Cow::Owned(shown))
                })
            }
        }
    }

    /// All that is stored is refused, for as many reasons as there are versions: that of the newest is given.
    fn refuse_all<'f>(
        &self,
        (module, top): (&ModulePath, &Version),
        view: &View<'_>,
        (config, index): (&Config, &Index),
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Shown<'f>> {
        let published = dated(module, top, config, index, cx).and_then(|dated| dated.time());
        let decision = view.decide(top, published, cx.now);
        match refusal(view, (module, Some(top)), &decision, &self.caller, (config, index), cx) {
            Some(refusal) => self.substitute(&Substitute::Refused(refusal), cx),
            None => self.substitute(&unreadable(module), cx),
        }
    }

    fn show_info<'f>(
        &self,
        (module, file): (&ModulePath, &File),
        found: &'f Found,
        view: &View<'_>,
        known: &Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Shown<'f>> {
        // What the index or storage has was checked when it came.
        let Some(info) = Info::read(&found.body) else { return self.substitute(&unreadable(module), cx) };
        let decision = match known.config.clock(module) {
            Clock::Info => {
                let published = published_by(&info, module, found, known.index, cx);
                view.decide(&info.version, Some(published), cx.now)
            }
            Clock::Log => self.decide_by_log(&info, module, view, known, cx)?,
        };
        match refusal(
            view,
            (module, Some(&info.version)),
            &decision,
            &self.caller,
            (known.config, known.index),
            cx,
        ) {
            None => whole(found),
            Some(refusal) if *file == File::Latest => {
                let want = Want::Document(Document::Module { module: module.clone(), file: File::List });
                let fits_path = !info.version.is_incompatible();
                let serving =
                    Serving::Newest { refused: Some(refusal), named: Some(info.version), fits_path };
                ControlFlow::Break(Next::Ask(Self { want, serving, ..self.clone() }.park()))
            }
            Some(refusal) => self.substitute(&Substitute::Refused(refusal), cx),
        }
    }
}

impl Question {
    /// What the rules say of the version that an `.info` names, where its time can be told by the log. What is too young by its own word
    /// is not looked up there: the log makes nothing older.
    fn decide_by_log<'p>(
        &self,
        info: &Info,
        module: &ModulePath,
        view: &View<'p>,
        known: &Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Decision<'p>> {
        let Info { version, time, .. } = info;
        let decision = view.decide(version, None, cx.now);
        if !matches!(decision, Decision::NeedsDate(_)) {
            return ControlFlow::Continue(decision);
        }
        if time.is_some()
            && let decision @ Decision::TooYoung(..) = view.decide(version, *time, cx.now)
        {
            return ControlFlow::Continue(decision);
        }
        match when(module, version, known, cx) {
            Some(Publication::At(time) | Publication::ForNow(time)) => {
                ControlFlow::Continue(view.decide(version, Some(time), cx.now))
            }
            Some(Publication::Failed(failure)) => self.substitute(&Substitute::Failed(failure), cx),
            Some(Publication::Missing(missing)) => self.substitute(&Substitute::Missing(missing), cx),
            None => {
                let parked = self.clone().park();
                ControlFlow::Break(Next::Dates(parked, module.clone(), vec![version.clone()]))
            }
        }
    }
}

/// All of it, unchanged.
fn whole(found: &Found) -> ControlFlow<Next, Shown<'_>> {
    ControlFlow::Continue(Shown::As(Cow::Borrowed(found)))
}

/// Not an empty list, after which the go command would ask no other proxy for a version that fits `@v1`.
fn nothing_stored(module: &ModulePath, serving: &Serving, found: &Found) -> Substitute {
    let what = if *serving == Serving::Itself { "" } else { "@latest" };
    let reason = format!("not found: {module}{what}: nothing of it is stored here");
    let missing = Missing { gone: false, reason, since: found.since, limit: None };
    Substitute::Missing(missing)
}

fn unreadable(module: &ModulePath) -> Substitute {
    let reason = format!("forbidden: {module}: the gateway cannot tell which version that is");
    Substitute::Refused(Refusal::Forbidden { rule: OwnReason::Policy.into(), reason })
}
