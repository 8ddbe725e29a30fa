//! A search is over: the index learns of it, and the workers that follow.

use std::time::Duration;

use super::{
    super::{
        event::Event,
        flight::{Flight, Landed},
        key::SearchKey,
        services::Services,
    },
    Fetch,
};
use crate::{
    cx::{Command, Cx},
    flow::{
        End, News, Searched, appeared, cache_state, heard, keep, keep_first_seen, note_content, note_origin,
    },
    goproxy::{CacheClass, Found},
    http::Body,
    plan::{Source, Want, is_kept_here},
    shared::{Entry, Loss, Region},
};

/// Tells the index what a search came to, and the workers that follow.
pub(super) fn land(
    key: &SearchKey,
    fetch: Fetch,
    searched: Searched,
    services: &mut Services,
    cx: &mut Cx<'_>,
) -> Landed {
    let Fetch { flight, search, renew_at, .. } = fetch;
    services.budget.end(search.is_whole());
    // Whether there is such a version is not known yet. What is said of it now would be too much once its file is here: then the database is
    // asked once more, here and by the workers that follow.
    if flight.is_ahead() && matches!(searched.end, End::Missing(_)) {
        if renew_at.is_some() {
            services.leases.release(cx.kv, &key.path);
        }
        return Landed { flight, searched, coalesced: false, stored: None };
    }
    if flight.want.version().is_some() && matches!(searched.end, End::Document(_) | End::Zip { .. }) {
        services.budget.note_version_found();
    }
    match (&searched.end, flight.want.module()) {
        // That storage has some of it, or nothing, says nothing about what there is.
        _ if flight.want.is_of_storage() => {}
        (End::Missing(_), Some(module)) if flight.may_fetch => services.budget.note_missing(module, cx.now),
        (End::Document(_) | End::Zip { .. }, Some(module)) => services.budget.note_found(module, cx.now),
        _ => {}
    }
    if let Some(scope) = search.not_taken() {
        services.budget.note_not_taken(&key.path, scope, cx.now);
    } else if search.was_stored() {
        services.budget.note_taken();
    }
    if let (Want::Zip(zip), Some(licenses)) = (&flight.want, searched.licenses())
        && !searched.unproven
    {
        services.emit(Event::Licensed(zip.clone(), licenses.clone()));
    }
    if let (End::Document(found), Some(module), Some(prewarm)) =
        (&searched.end, flight.want.module(), &services.config.sync.prewarm)
        && flight.want.is_list()
        && let Some(before) = &flight.known
        && (prewarm.modules.matches(module) || flight.is_told && services.is_hot(module, cx))
    {
        services.emit(Event::Appeared(module.clone(), appeared(&before.body, &found.body)));
    }
    let in_vain = searched.is_failed() || searched.is_stale(&flight.want);
    // What may stand in is each filter's own to say.
    let news = renew_at.is_some().then(|| searched.clone());
    let searched = flight.or_known(searched, &services.config, cx.now);
    // What one configuration does not ask for is another's to ask for, and it may come soon.
    let may_fetch = flight.may_fetch && !is_kept_here(&flight.want, &services.config);
    if let Some(entry) = searched.entry(&flight.want, may_fetch, cx.now)
        && !loss(&key.path, services, cx).is_some_and(|loss| says_less(&entry, loss))
        && !(searched.storage_failed && hides_what_is_stored(&entry, &key.path, services, cx))
    {
        // The two regions do not know of each other, and either would be believed once the other's word has aged.
        match entry {
            Entry::Missing(_) if flight.known.is_none() => {}
            Entry::Missing(_) => services.index.forget(cx.kv, Region::Found, &key.path, cx.now),
            _ => services.index.forget(cx.kv, Region::Missing, &key.path, cx.now),
        }
        keep(&mut services.index, &key.path, &entry, cx);
    } else if searched.is_forbidden() && flight.want.cache_class() != CacheClass::Immutable {
        services.index.forget(cx.kv, Region::Found, &key.path, cx.now);
    } else if let (Some(known), true) = (worth_knowing(&flight, &searched), in_vain) {
        keep_asked_in_vain(key, known, services, cx);
    }
    if let (Want::Zip(zip), Some(content)) = (&flight.want, search.content()) {
        note_content(zip, content, &mut services.known(), cx);
    }
    // What is told of a repository is for modules that are called otherwise, too.
    if let End::Document(found) = &searched.end
        && !services.config.sync.hooks.is_empty()
    {
        note_origin(&flight.want, found, &services.index, cx);
    }
    // A part that asks about many versions keeps what it finds out of all of them at once.
    if let (End::Document(found), false) = (&searched.end, flight.is_nested()) {
        keep_first_seen(&flight.want, found, services.in_force.policy(), &mut services.index, cx);
    }
    if let (End::Document(found), false) = (&searched.end, searched.unproven || in_vain)
        && services.config.policy.hears_authors()
        && let Some(want) = heard(&flight.want, found, &mut services.known(), cx)
    {
        services.emit(Event::Wanted(want));
    }
    if let Some(news) = news {
        release(key, &news, services, cx);
    }
    Landed { flight, searched, coalesced: false, stored: Some(search.was_stored()) }
}

/// The sources were just asked about a known document without an answer: the next client need not find that out by waiting.
pub(super) fn keep_asked_in_vain(key: &SearchKey, known: Found, services: &mut Services, cx: &mut Cx<'_>) {
    let known = Found { checked: Some(cx.now), ..known };
    keep(&mut services.index, &key.path, &Entry::Found(known), cx);
}

/// Whether `entry` says who else has a zip that is known to be stored. Storage that does not answer has not lost it.
fn hides_what_is_stored(entry: &Entry, path: &str, services: &Services, cx: &Cx<'_>) -> bool {
    let is_stored = || matches!(services.index.peek(cx.kv, Region::Found, path), Some(Entry::Stored { .. }));
    matches!(entry, Entry::Streamed { .. }) && is_stored()
}

/// What storage has in place of the zip that is called `path` in the index, as far as that is known. It holds also where another source has
/// the zip.
fn loss(path: &str, services: &Services, cx: &Cx<'_>) -> Option<Loss> {
    let entry = services.index.peek(cx.kv, Region::Found, path);
    cache_state::loss(entry.as_ref(), &services.config, cx.now)
}

/// Gives up the lease of what was found out, and tells the workers that waited for it.
pub(super) fn release(key: &SearchKey, searched: &Searched, services: &Services, cx: &mut Cx<'_>) {
    let followers = services.leases.release(cx.kv, &key.path);
    if followers.is_empty() {
        return;
    }
    let Some(message) = News::encode(services.index.fetch_scope(), &key.path, searched) else {
        return;
    };
    let message = Body::from(message);
    for queue in followers {
        cx.commands.push(Command::Notify { queue, message: message.clone() });
    }
}

/// Whether what was found out leaves it as it was that storage has something else in place of a zip, or nothing.
fn says_less(entry: &Entry, loss: Loss) -> bool {
    match entry {
        // It was merely asked whether it has something.
        Entry::Stored { checked: false, .. } => loss.is_spoiled(),
        // With that, storage would not be asked at all.
        Entry::Streamed { .. } => true,
        // An answer of a proxy before the store says nothing of what is in the store.
        Entry::Lost { loss: Loss::NoZip, .. } => loss == Loss::Wrong,
        Entry::Found(_) | Entry::Lost { .. } | Entry::Missing(_) | Entry::Stored { .. } => false,
    }
}

/// What is known of a document after its sources were asked without an answer: what storage has, never fresh, or else what the index had.
fn worth_knowing(flight: &Flight, searched: &Searched) -> Option<Found> {
    match (&searched.end, searched.source) {
        (End::Document(found), Some(Source::Storage)) if flight.may_fetch => {
            Some(Found { limit: Some(Duration::ZERO), ..found.clone() })
        }
        _ => flight.known.clone(),
    }
}
