//! The answer from what the index has.

use std::{borrow::Cow, ops::ControlFlow, time::Duration};

use super::{Question, Serving};
use crate::{
    config::MissMode,
    cx::Cx,
    flow::{Hit, Known, Next, Routed, cache_state, is_to_be_read, is_unwritten, shown::Shown},
    goproxy::{Answer, CacheState, Document, Found, FreshnessCheck, Missing, Zip},
    metrics::Cache,
    plan::{Source, Want, plan},
    shared::{Entry, Region},
};

impl Question {
    /// What becomes of it by what the index has; else it is searched for, and this is the document that the index has, where that is
    /// not to be believed unasked.
    pub(in crate::flow) fn look_up(
        &self,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Option<Found>> {
        let key = self.want.key();
        let mut before = None;
        // Nearly every request ends here, with one read: "not found" is looked up only where nothing else is known.
        for region in [Region::Found, Region::Missing] {
            let Some(entry) = known.index.look_up(cx.kv, region, &key, cx.now) else {
                continue;
            };
            let jitter = known.index.jitter(&key, entry.since());
            if let Some(found) = self.look_at(entry, jitter, known, cx)? {
                before = Some(found);
            }
        }
        ControlFlow::Continue(before)
    }

    /// As [`Question::look_up`], of one entry; `jitter` is its share of the jitter.
    fn look_at(
        &self,
        entry: Entry,
        jitter: u8,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Option<Found>> {
        let config = known.config;
        let check = self.freshness_check(jitter, config, cx.now);
        let next = match (&self.want, cache_state::state(&self.want, &entry, check), entry) {
            (Want::Document(document), state, Entry::Found(found)) => {
                return self.look_at_document(document, state, check, found, known, cx);
            }
            (_, _, Entry::Found(found)) => return ControlFlow::Continue(Some(found)),
            (_, CacheState::Fresh { .. }, Entry::Missing(_))
                if let Serving::Unnamed { missing } = &self.serving =>
            {
                Next::Hit(self.no_latest(missing, check, known))
            }
            (_, CacheState::Fresh { .. }, Entry::Missing(_))
                if let Serving::Retractions(reading) = &self.serving =>
            {
                reading.read(None, known, cx)
            }
            (_, CacheState::Fresh { .. }, Entry::Missing(_))
                if let Serving::Speaker(finding) = &self.serving =>
            {
                finding.end()
            }
            (_, CacheState::Fresh { .. }, Entry::Missing(_))
                if let Serving::License(recalling) = &self.serving =>
            {
                recalling.read(None, known, cx)
            }
            // Here it is missing, and not where its client is sent to; or it is a part of the answer alone.
            (_, _, Entry::Missing(_)) if self.redirects || self.serving != Serving::Itself => {
                return ControlFlow::Continue(None);
            }
            (_, CacheState::Fresh { .. }, Entry::Missing(missing))
                if let Some(list) = self.unnamed(&missing, known, cx) =>
            {
                Next::Ask(list.park())
            }
            (_, CacheState::Fresh { left }, Entry::Missing(missing)) => {
                let validity = self.validity(left, known);
                let answer = Answer::Missing { missing: &missing, validity, cache: Cache::Hit };
                Next::Hit(Hit::new(&answer, validity, self.kind))
            }
            // Whether it gives anything is to be asked before, and another where it does not.
            (Want::Zip(_), _, entry) if !cache_state::may_be_given(&entry, known.source_health, cx) => {
                return ControlFlow::Continue(None);
            }
            // What it says of the zip is the answer, and some know no HEAD.
            (Want::Zip(_), ..) if self.head_only && !self.selects => return ControlFlow::Continue(None),
            // It is read before.
            (Want::Zip(_), ..) if self.awaits_license(known, cx) => return ControlFlow::Continue(None),
            // A search reads it whole, if it is not too large: a client that is refused is told so then, before anything is sent.
            (Want::Zip(zip), _, Entry::Stored { .. }) if is_to_be_read(zip, known, cx) => {
                return ControlFlow::Continue(None);
            }
            (Want::Zip(zip), CacheState::Fresh { .. }, Entry::Stored { checked, .. }) => {
                return self.send(zip, Source::Storage, checked, known, cx);
            }
            (Want::Zip(zip), CacheState::Fresh { .. }, Entry::Streamed { upstream, .. })
                if self.may_fetch && config.on_miss(&zip.module) == MissMode::Fetch =>
            {
                return self.send(zip, Source::Upstream(upstream), false, known, cx);
            }
            _ => return ControlFlow::Continue(None),
        };
        ControlFlow::Break(next)
    }

    /// The same of a document.
    fn look_at_document(
        &self,
        document: &Document,
        state: CacheState,
        check: FreshnessCheck<'_>,
        found: Found,
        known: &mut Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Option<Found>> {
        let config = known.config;
        let (left, refresh) = match state {
            CacheState::Fresh { left } => (left, false),
            // No source that knows better may be asked.
            _ if !self.may_fetch || plan(&self.want, config, true).is_empty() => {
                (Some(Duration::ZERO), false)
            }
            CacheState::Stale { refresh } => (Some(Duration::ZERO), refresh),
            CacheState::Expired { .. } => return ControlFlow::Continue(Some(found)),
        };
        let (shown, left) = match self.show(document, &found, left, known, cx)? {
            Shown::As(shown) => (shown, self.left(left)),
            Shown::InPart(shown) => (Cow::Owned(shown), Some(Duration::ZERO)),
            Shown::NoLatest(missing) => {
                return ControlFlow::Break(Next::Hit(self.no_latest(&missing, check, known)));
            }
        };
        ControlFlow::Break(if matches!(state, CacheState::Fresh { .. }) {
            let hit = self.hit(document, &shown, left, known);
            if is_unwritten(document, &found, config, cx.now) {
                Next::Rewrite(hit, self.want.clone(), found)
            } else {
                Next::Hit(hit)
            }
        } else {
            let verdict = self.found(document, &shown, Cache::Stale, left, known);
            if refresh { Next::Refresh(verdict, self.want.clone(), found) } else { Next::Answer(verdict) }
        })
    }

    /// Routes the client to the source that has the zip, as the index says.
    fn send(
        &self,
        zip: &Zip,
        source: Source,
        checked: bool,
        known: &Known<'_>,
        cx: &mut Cx<'_>,
    ) -> ControlFlow<Next, Option<Found>> {
        let config = known.config;
        let routed = Routed { confirmed: true, ..self.route(zip, source, checked, known, cx) };
        if !routed.may_pass(known.host) {
            return ControlFlow::Continue(None);
        }
        if let Some(verdict) = routed.redirect(config, cx) {
            return ControlFlow::Break(Next::Answer(verdict));
        }
        match routed.verdict(config) {
            Some(verdict) => ControlFlow::Break(Next::Route(verdict, routed)),
            None => ControlFlow::Continue(None),
        }
    }

    /// Upstreams know no `@latest`, and the list has none either that is to be given in its place.
    fn no_latest(&self, missing: &Missing, check: FreshnessCheck<'_>, known: &Known<'_>) -> Hit {
        let validity = self.validity(Some(check.missing(missing.into()).unwrap_or_default()), known);
        Hit::new(&Answer::Missing { missing, validity, cache: Cache::Hit }, validity, self.kind)
    }

    fn hit(&self, document: &Document, found: &Found, left: Option<Duration>, known: &Known<'_>) -> Hit {
        let validity = self.validity(left, known);
        let answer = Answer::Found { document, found, validity, cache: Cache::Hit };
        Hit::new(&answer, validity, self.kind)
    }
}
