//! What of a document may be shown to who asks.
//!
//! The index and storage hold what upstreams said, whoever may have it and whatever rules came since. So every document that
//! is about to be given passes here, wherever it is from: a list loses the versions that are refused, what resolves to a
//! refused version is refused, and an `@latest` that is refused gives way to the newest version that is not.

use std::{borrow::Cow, time::Duration};

use super::{
    Known,
    published::{Recorded, published, published_by},
    question::{Question, Serving},
    ruling::{Instead, refusal},
    sifting::{Sifting, SiftingKey},
};
use crate::{
    cx::Cx,
    gomod::{ModulePath, Version},
    goproxy::{Document, File, Found, Info, Missing, Refusal},
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
    /// Nothing of it: this is answered.
    Instead(Instead),
    /// It is a part of the answer: this is to be asked next.
    Next(Box<Question>),
    /// That depends on when these versions of the module were published.
    Undated(ModulePath, Vec<Version>),
    /// That takes more time than one callback has: this list is to be judged first.
    Long(Box<Sifting>),
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
    ) -> Shown<'f> {
        let Document::Module { module, file } = document else { return Shown::As(Cow::Borrowed(found)) };
        let policy = known.in_force.policy();
        let is_list = matches!(file, File::List | File::Stored);
        if policy.is_open() && !is_list {
            return Shown::As(Cow::Borrowed(found));
        }
        let view = policy.view(module, &self.caller);
        match view.whole() {
            Some(decision @ Decision::Denied(_)) => {
                return refused(refusal(&view, module, None, &decision, &self.caller, cx.now), found);
            }
            Some(_) if !is_list => return Shown::As(Cow::Borrowed(found)),
            _ => {}
        }
        match file {
            File::List | File::Stored => self.show_list((module, file), found, left, &view, known, cx),
            File::Info(_) | File::Latest | File::Query(_) => {
                self.show_info(module, file, found, &view, known.index, cx)
            }
            // It was decided by its version.
            File::Mod(_) => Shown::As(Cow::Borrowed(found)),
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
    ) -> Shown<'f> {
        if *file == File::List && !view.is_mixed() {
            match &self.serving {
                Serving::Itself => return Shown::As(Cow::Borrowed(found)),
                // The go command reads it itself.
                Serving::Unnamed { missing } if !found.left => {
                    return Shown::Instead(Instead::Missing(missing.clone()));
                }
                _ => {}
            }
        }
        if found.body.is_empty() && *file == File::Stored {
            return nothing_stored(module, &self.serving, found);
        }
        let shows_pseudo = *file == File::List;
        let sifting = Sifting::of(SiftingKey::of(module, &self.caller, view, shows_pseudo), found);
        let mut short = None;
        if !sifting.is_long() {
            short = Some(sifting.clone().finish(view, known, cx));
        }
        let Known { index, publications, shelf, .. } = known;
        let sifted = match &mut short {
            Some(sifted) => sifted,
            None => match shelf.get(sifting.key(), found.etag, cx.now) {
                Some(sifted) => sifted,
                None => return Shown::Long(sifting.into()),
            },
        };
        let now = cx.now;
        let undated = sifted.settle(module, view, publications, || Recorded::recall(module, index, cx), now);
        if !self.dated && !undated.is_empty() {
            return Shown::Undated(module.clone(), undated);
        }
        if let (None, Some(failure)) = (sifted.newest(false), sifted.failed()) {
            return Shown::Instead(Instead::Failed(failure.clone()));
        }
        let latest = |version: &Version| {
            let file = File::Info(version.clone());
            let want = Want::Document(Document::Module { module: module.clone(), file });
            let fresh_for = if sifted.is_part() { Some(Duration::ZERO) } else { left };
            let serving = Serving::Latest { fresh_for };
            Shown::Next(Self { want, serving, ..self.clone() }.into())
        };
        match &self.serving {
            Serving::Unnamed { missing } => match (sifted.newest(false), sifted.top()) {
                (Some(version), _) if found.left => latest(version),
                // All that the go command would look at is hidden from it: who asks is told why.
                (None, Some(top)) => self.refuse_all(module, top, view, index, cx),
                (Some(_) | None, _) => Shown::Instead(Instead::Missing(missing.clone())),
            },
            Serving::Newest { refused, fits_path } => match sifted.newest(*fits_path) {
                Some(version) => latest(version),
                None => match (refused, sifted.top()) {
                    (Some(refusal), _) => Shown::Instead(Instead::Refused(refusal.clone())),
                    (None, Some(top)) => self.refuse_all(module, top, view, index, cx),
                    (None, None) => Shown::Instead(unreadable(module)),
                },
            },
            Serving::Itself | Serving::Latest { .. } => {
                let (body, etag) = sifted.listed();
                let shown = Found { body, etag, ..found.clone() };
                if sifted.is_part() { Shown::InPart(shown) } else { Shown::As(Cow::Owned(shown)) }
            }
        }
    }

    /// All that is stored is refused, for as many reasons as there are versions: that of the newest is given.
    fn refuse_all(
        &self,
        module: &ModulePath,
        top: &Version,
        view: &View<'_>,
        index: &Index,
        cx: &Cx<'_>,
    ) -> Shown<'static> {
        let decision = view.decide(top, published(module, top, index, cx), cx.now);
        match refusal(view, module, Some(top), &decision, &self.caller, cx.now) {
            Some(refusal) => Shown::Instead(Instead::Refused(refusal)),
            None => Shown::Instead(unreadable(module)),
        }
    }

    fn show_info<'f>(
        &self,
        module: &ModulePath,
        file: &File,
        found: &'f Found,
        view: &View<'_>,
        index: &Index,
        cx: &Cx<'_>,
    ) -> Shown<'f> {
        // Whatever is in the index or in storage was looked at when it came.
        let Some(info) = Info::read(&found.body) else { return Shown::Instead(unreadable(module)) };
        let published = published_by(&info, module, found, index, cx);
        let decision = view.decide(&info.version, Some(published), cx.now);
        match refusal(view, module, Some(&info.version), &decision, &self.caller, cx.now) {
            None => Shown::As(Cow::Borrowed(found)),
            Some(refusal) if *file == File::Latest => {
                let want = Want::Document(Document::Module { module: module.clone(), file: File::List });
                let fits_path = !info.version.is_incompatible();
                let serving = Serving::Newest { refused: Some(refusal), fits_path };
                Shown::Next(Self { want, serving, ..self.clone() }.into())
            }
            Some(refusal) => Shown::Instead(Instead::Refused(refusal)),
        }
    }
}

fn refused(refusal: Option<Refusal>, found: &Found) -> Shown<'_> {
    match refusal {
        Some(refusal) => Shown::Instead(Instead::Refused(refusal)),
        None => Shown::As(Cow::Borrowed(found)),
    }
}

/// Not an empty list, after which the go command would ask nobody else for a version that fits `@v1`.
fn nothing_stored(module: &ModulePath, serving: &Serving, found: &Found) -> Shown<'static> {
    let what = if *serving == Serving::Itself { "" } else { "@latest" };
    let reason = format!("not found: {module}{what}: nothing of it is stored here");
    let missing = Missing { gone: false, reason, since: found.since, limit: None };
    Shown::Instead(Instead::Missing(missing))
}

fn unreadable(module: &ModulePath) -> Instead {
    let reason = format!("forbidden: {module}: it cannot be said which version that is");
    Instead::Refused(Refusal::Forbidden { rule: "policy".into(), reason })
}
