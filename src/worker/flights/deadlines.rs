//! What becomes of clients and parts that have waited long enough.

use std::time::Duration;

use super::{
    super::{
        event::Event,
        flight::Answered,
        key::{Owner, SearchKey, Waiter},
        services::Services,
    },
    Course, Flights, Ground,
    land::keep_asked_in_vain,
};
use crate::{
    config::{Config, Mode, limits::RETRACTIONS_WAIT},
    cx::Cx,
    flow::{Searched, cache_state},
    goproxy::{Document, Failure, FailureKind, Found, SumdbFile},
    plan::{Source, Want},
    shared::{Lease, Region},
    upstream,
};

impl Flights {
    /// Answers the clients and parts that have waited long enough: by what the index had, by a stream from the upstream, or by 504.
    pub(super) fn answer_expired(&mut self, key: &SearchKey, ground: &mut Ground<'_, '_>) {
        let Ground { services, cx, present } = ground;
        let Some(course) = self.searches.get_mut(key) else { return };
        let (trouble, stream_fallback) = match course {
            Course::Fetch(fetch) => (fetch.search.trouble().cloned(), fetch.search.stream_fallback()),
            Course::Follow { flight, .. } => {
                (None, Searched::stream_fallback(&flight.want, &services.config, flight.may_fetch))
            }
        };
        let wait = services.config.fetch.wait;
        // The source of a zip that moved redirects, and would redirect the client too: then the client waits until the search has followed.
        let leads_on = |stream_fallback: &Searched| {
            stream_fallback.is_located()
                || !services.index.peek(cx.kv, Region::Found, &key.path).is_some_and(|entry| entry.is_moved())
        };
        let stream_fallback = stream_fallback.filter(leads_on).filter(|_| services.host.hold_response);
        let flight = course.flight_mut();
        if flight.is_of_errands() {
            return;
        }
        let stands_in =
            |known: &&Found| cache_state::may_stand_in(&flight.want, known, &services.config, cx.now);
        let known = flight.known.as_ref().filter(stands_in).cloned();
        let patience = match known {
            _ if stream_fallback.is_some() => services.config.fetch.zip_wait,
            Some(_) => wait.min(WAIT_FOR_NEWER),
            None => wait,
        };
        let mut expired = flight.take_expired(patience, cx.now);
        if flight.may_be_late(wait, cx.now) {
            expired.extend(flight.take_out(|waiter| {
                let Waiter::Stream(stream) = waiter else { return false };
                present.has_waited(*stream, &services.config, cx.now)
            }));
        }
        if is_dispensable(&flight.want, &services.config) {
            // While those are still there who wait for what needs it.
            expired
                .extend(flight.take_expired_of(wait / 2, cx.now, |waiter| matches!(waiter, Waiter::Sums(_))));
        }
        expired.extend(flight.take_expired_of(
            wait.min(RETRACTIONS_WAIT),
            cx.now,
            |waiter| matches!(waiter, Waiter::Stream(stream) if present.does_without(*stream)),
        ));
        if expired.is_empty() {
            return;
        }
        let want = flight.want.clone();
        let searched = stream_fallback.unwrap_or_else(|| {
            let queued_for = self.queued_for(&Owner::Search(key.clone()));
            waited_in_vain(queued_for, &want, trouble, services, cx)
        });
        let searched = match &known {
            Some(_) => searched.or_known(&want, known.as_ref()),
            None => searched,
        };
        if let Some(known) = known {
            keep_asked_in_vain(key, known, services, cx);
        }
        let answered = Answered { waiting: expired.into(), want, searched };
        services.emit(Event::Answered(answered.into()));
    }

    /// Stops following another worker where a zip has been waited for long enough and more than one upstream may have it: only a search
    /// says which of them has. It fetches nothing whole, so it costs little. The waiters give this search as much time as they gave the
    /// other worker.
    pub(super) fn stop_following(&mut self, key: &SearchKey, ground: &mut Ground<'_, '_>) {
        let Some(Course::Follow { flight, .. }) = self.searches.get(key) else { return };
        let (services, now) = (&ground.services, ground.cx.now);
        if !flight.is_expired(services.config.fetch.zip_wait, now)
            || flight.is_of_errands()
            || !has_choice(&flight.want, &services.config)
            || !services.host.hold_response
            || !services.budget.has_room()
        {
            return;
        }
        if let Some(Course::Follow { mut flight, .. }) = self.searches.remove(key)
            && self.is_awaited(&flight, ground.present)
        {
            flight.begin_again(now);
            if let Some(landed) = self.search(key.clone(), *flight, Lease::Alone, false, ground) {
                ground.services.emit(Event::Landed(landed.into()));
            }
        }
    }
}

/// What waiters are told that have waited for as long as any may; `queued_for` is the source whose turn has not come yet.
fn waited_in_vain(
    queued_for: Option<Source>,
    want: &Want,
    trouble: Option<Failure>,
    services: &Services,
    cx: &Cx<'_>,
) -> Searched {
    match (queued_for, trouble) {
        (Some(source), Some(trouble)) => {
            let pause = services.budget.paused_for(source, cx).or(trouble.retry_after);
            Searched::failed(Failure { kind: FailureKind::Overloaded, retry_after: pause, ..trouble })
        }
        (Some(source), None) => {
            let pause = services.budget.paused_for(source, cx);
            let why = match pause {
                Some(_) => "asks for a pause (429)",
                None => "is being sent too many requests at once",
            };
            let reason = format!("{}: {} {why}", want.describe(), source.describe(&services.config));
            Searched::failed(Failure { kind: FailureKind::Overloaded, reason, retry_after: pause })
        }
        (None, Some(trouble)) => Searched::failed(trouble),
        (None, None) => Searched::too_slow(want),
    }
}

/// How long a client waits for a newer answer than the known one, before it is given that. A search that takes longer goes on, for the next
/// client.
const WAIT_FOR_NEWER: Duration = Duration::from_secs(20);

/// Whether it is a lookup without which its module is given all the same.
fn is_dispensable(want: &Want, config: &Config) -> bool {
    let Want::Document(Document::Sumdb { file: SumdbFile::Lookup(module, _), .. }) = want else {
        return false;
    };
    matches!(config.verification(module), Some((_, Mode::WhenAvailable)))
}

/// Whether several upstreams may have the zip that is wanted.
fn has_choice(want: &Want, config: &Config) -> bool {
    matches!(want, Want::Zip(zip) if upstream::chain(config, &zip.module).nth(1).is_some())
}
