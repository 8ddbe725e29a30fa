//! The answer from what the index has.

use std::{borrow::Cow, time::Duration};

use super::{Parked, Question, Serving, is_always_checked};
use crate::{
    config::{Config, MissMode},
    cx::Cx,
    flow::{
        Hit, Known, Reception, Routed, is_unwritten, judge, request::give_instead, ruling::Instead,
        shown::Shown,
    },
    goproxy::{Answer, Document, Found, Judge, Missing, Standing, Zip},
    metrics::Cache,
    plan::{Source, Want, plan},
    shared::Entry,
};

/// What the index can do for a request.
pub(in crate::flow) enum Indexed {
    /// This.
    Answer(Reception),
    /// It has a document that is not to be believed unasked.
    Known(Found),
    /// It has a part of the answer: this is to be asked next.
    Next(Box<Question>),
    /// Nothing.
    Nothing,
}

impl Question {
    /// The answer from what the index has; `spread` is its share of the jitter.
    pub(in crate::flow) fn look_at(
        &self,
        entry: Entry,
        spread: u8,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> Indexed {
        let config = known.config;
        let judge = self.judge(spread, config, cx.now);
        match (&self.want, judge::standing(&self.want, &entry, judge), entry) {
            (Want::Document(document), standing, Entry::Found(found)) => {
                let (left, refresh) = match standing {
                    Standing::Fresh { left } => (left, false),
                    // Nobody may be asked who knows better.
                    _ if !self.may_fetch || plan(&self.want, config, true).is_empty() => {
                        (Some(Duration::ZERO), false)
                    }
                    Standing::Stale { refresh } => (Some(Duration::ZERO), refresh),
                    Standing::Expired { .. } => return Indexed::Known(found),
                };
                let is_fresh = matches!(standing, Standing::Fresh { .. });
                let (shown, left) = match self.show(document, &found, left, known, cx) {
                    Shown::As(shown) => (shown, self.left(left)),
                    Shown::InPart(shown) => (Cow::Owned(shown), Some(Duration::ZERO)),
                    Shown::Instead(Instead::Missing(missing)) if self.is_unnamed() => {
                        return Indexed::Answer(Reception::Hit(self.no_latest(&missing, judge, config)));
                    }
                    Shown::Instead(instead) => {
                        return Indexed::Answer(Reception::Decided(give_instead(&instead, self.kind, cx)));
                    }
                    Shown::Next(question) => return Indexed::Next(question),
                    Shown::Long(sifting) => {
                        let parked = Parked { question: self.clone() };
                        return Indexed::Answer(Reception::Long(parked.into(), sifting));
                    }
                    Shown::Undated(module, versions) => {
                        let parked = Parked { question: self.clone() };
                        return Indexed::Answer(Reception::Undated(parked.into(), module, versions));
                    }
                };
                Indexed::Answer(if is_fresh {
                    let hit = self.hit(document, &shown, left, config);
                    if is_unwritten(document, &found, config, cx.now) {
                        Reception::Unwritten(hit, self.want.clone(), found)
                    } else {
                        Reception::Hit(hit)
                    }
                } else {
                    let verdict = self.found(document, &shown, Cache::Stale, left, config, cx);
                    if refresh {
                        Reception::Stale(verdict, self.want.clone(), found)
                    } else {
                        Reception::Decided(verdict)
                    }
                })
            }
            (_, _, Entry::Found(found)) => Indexed::Known(found),
            (_, Standing::Fresh { .. }, Entry::Missing(_))
                if let Serving::Unnamed { missing } = &self.serving =>
            {
                Indexed::Answer(Reception::Hit(self.no_latest(missing, judge, config)))
            }
            // Here it is missing, and not where its client is sent to; or it is a part of the answer alone.
            (_, _, Entry::Missing(_)) if self.redirects || self.serving != Serving::Itself => {
                Indexed::Nothing
            }
            (_, Standing::Fresh { .. }, Entry::Missing(missing))
                if let Some(list) = self.unnamed(&missing, config) =>
            {
                Indexed::Next(list)
            }
            (_, Standing::Fresh { left }, Entry::Missing(missing)) => {
                let validity = self.validity(left, config);
                let answer = Answer::Missing { missing: &missing, validity, cache: Cache::Hit };
                Indexed::Answer(Reception::Hit(Hit::new(&answer, validity, self.kind)))
            }
            // Whether it gives anything is to be asked before, and another where it does not.
            (Want::Zip(_), _, entry) if !judge::may_be_given(&entry, known.sightings, cx) => Indexed::Nothing,
            // What it says of the zip is the answer, and some know no HEAD.
            (Want::Zip(_), ..) if self.head_only && !self.selects => Indexed::Nothing,
            (Want::Zip(zip), Standing::Fresh { .. }, Entry::Stored { checked, .. }) => {
                self.routed(zip, Source::Storage, checked, config, cx)
            }
            (Want::Zip(zip), Standing::Fresh { .. }, Entry::Streamed { upstream, .. })
                if self.may_fetch && config.on_miss(&zip.module) == MissMode::Fetch =>
            {
                self.routed(zip, Source::Upstream(upstream), false, config, cx)
            }
            _ => Indexed::Nothing,
        }
    }

    fn routed(&self, zip: &Zip, source: Source, checked: bool, config: &Config, cx: &mut Cx<'_>) -> Indexed {
        let checked = checked && !is_always_checked(config);
        let routed = Routed { confirmed: true, checked, ..self.route(zip, source) };
        if let Some(verdict) = routed.redirect(config, cx) {
            return Indexed::Answer(Reception::Decided(verdict));
        }
        match routed.verdict(config) {
            Some(verdict) => Indexed::Answer(Reception::Routed(verdict, routed)),
            None => Indexed::Nothing,
        }
    }

    fn is_unnamed(&self) -> bool {
        matches!(self.serving, Serving::Unnamed { .. })
    }

    /// Upstreams know no `@latest`, and the list has none either that is to be given in its place.
    fn no_latest(&self, missing: &Missing, judge: Judge<'_>, config: &Config) -> Hit {
        let validity = self.validity(Some(judge.missing(missing.into()).unwrap_or_default()), config);
        Hit::new(&Answer::Missing { missing, validity, cache: Cache::Hit }, validity, self.kind)
    }

    fn hit(&self, document: &Document, found: &Found, left: Option<Duration>, config: &Config) -> Hit {
        let validity = self.validity(left, config);
        let answer = Answer::Found { document, found, validity, cache: Cache::Hit };
        Hit::new(&answer, validity, self.kind)
    }
}
