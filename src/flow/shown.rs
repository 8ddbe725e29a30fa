//! What of a document a caller may see.
//!
//! The index and storage hold what upstreams said; they know nothing of callers and rules. So every document that is about to be given
//! passes here: a list loses the versions that are refused, a query that resolves to a refused version is refused, and an `@latest` that is
//! refused gives way to the newest version that is not.

use std::{borrow::Cow, ops::ControlFlow, time::Duration};

use super::{
    Known, Next, content,
    logged::dated,
    published::{Recorded, published_by},
    question::{Question, Serving},
    ruling::{Substitute, refusal},
    sifting::{Sifting, SiftingKey},
    statement::{Heard, is_heeded},
    withdrawn::{Withdrawn, retracted},
};
use crate::{
    config::{Clock, Config},
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Found, Info, Missing, Refusal},
    metrics::OwnReason,
    plan::Want,
    policy::View,
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
        match &self.serving {
            Serving::Retractions(reading) => {
                return ControlFlow::Break(reading.read(Some(&found.body), known, cx));
            }
            Serving::Speaker(finding) => {
                return ControlFlow::Break(finding.read(self, document, found, known, cx));
            }
            _ => {}
        }
        let Document::Module { module, file } = document else { return whole(found) };
        let policy = known.in_force.policy();
        let is_list = matches!(file, File::List | File::Stored);
        let denies_retracted = known.config.policy.denies_retracted();
        if policy.is_open() && !is_list && !denies_retracted {
            return whole(found);
        }
        let view = content::view(module, &self.caller, known, cx);
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
            Some(_) if !is_list && !denies_retracted => return whole(found),
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
        let denies_retracted = known.config.policy.denies_retracted();
        if *file == File::List && !view.is_mixed() && !denies_retracted {
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
        let withdrawn = match &self.withdrawn {
            Withdrawn::Unasked if denies_retracted => said_before(module, view, known, cx),
            withdrawn => withdrawn.clone(),
        };
        let sifting = Sifting::of(key, found).without(&withdrawn);
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
            let by = if denies_retracted { sifted.first_speaker() } else { None };
            let by = by.or(passed_over).or_else(|| sifted.hidden_speaker());
            let is_heard = |by: &&Version| matches!(&withdrawn, Withdrawn::Known(said) if said.by == **by);
            if let Some(by) = by.filter(|by| !is_heard(by)) {
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
                (None, Some(top)) => self.refuse_all((module, top), (view, &withdrawn), (config, index), cx),
                (Some(_) | None, _) => ControlFlow::Continue(Shown::NoLatest(missing.clone())),
            },
            Serving::Newest { refused, fits_path, .. } => match sifted.newest(*fits_path) {
                Some(version) => latest(version),
                None => match (refused, sifted.top()) {
                    (Some(refusal), _) => self.substitute(&Substitute::Refused(refusal.clone()), cx),
                    (None, Some(top)) => {
                        self.refuse_all((module, top), (view, &withdrawn), (config, index), cx)
                    }
                    (None, None) => self.substitute(&unreadable(module), cx),
                },
            },
            Serving::Itself | Serving::Latest { .. } | Serving::Retractions(_) | Serving::Speaker(_) => {
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
        (view, withdrawn): (&View<'_>, &Withdrawn),
        (config, index): (&Config, &Index),
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Shown<'f>> {
        let published = dated(module, top, config, index, cx).and_then(|dated| dated.time());
        let decision = view.decide(top, published, cx.now);
        let refused = refusal(view, (module, Some(top)), &decision, &self.caller, (config, index), cx);
        let refused = refused.or_else(|| match withdrawn {
            Withdrawn::Known(said) if said.retractions.has(top) => Some(retracted(module, top, said)),
            _ => None,
        });
        match refused {
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
        let mut refused = refusal(
            view,
            (module, Some(&info.version)),
            &decision,
            &self.caller,
            (known.config, known.index),
            cx,
        );
        // Of one that the client names it was asked before, and what stands in for `@latest` was taken from a list without such.
        if refused.is_none() && self.serving == Serving::Itself && !matches!(file, File::Info(_)) {
            refused = self.retraction((module, &info.version), (Some(view), Some(&decision)), known, cx)?;
        }
        match refused {
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

/// What was read before of what is retracted. Whether it still holds is seen once the list is judged.
fn said_before(module: &ModulePath, view: &View<'_>, known: &Known<'_>, cx: &Cx<'_>) -> Withdrawn {
    let said = Heard::peek(module, known.index, cx).and_then(|heard| heard.statement);
    match said.filter(|said| is_heeded(said, view, cx.now)) {
        Some(said) => Withdrawn::Known(said.into()),
        None => Withdrawn::Unasked,
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
