//! What a search begins with: which sources it trusts and which it spares, and how long it asks, by what is known before a source is asked.

use super::super::{flight::Flight, key::SearchKey, services::Services};
use crate::{
    config::{Config, Mode},
    cx::Cx,
    flow::{Search, cache_state, is_to_be_read, reads_licenses},
    plan::{Source, Want},
    shared::{Entry, Region},
};

/// The search for what is wanted, by what is known of its sources; and whether it is to fetch a zip whole.
pub(super) fn prepare(
    key: &SearchKey,
    flight: &Flight,
    whole: bool,
    services: &mut Services,
    cx: &mut Cx<'_>,
) -> (Search, bool) {
    let found = services.index.peek(cx.kv, Region::Found, &key.path);
    // Storage does not take it: it is not fetched once more for its head.
    let whole = whole && !(flight.head_only && matches!(found, Some(Entry::Streamed { .. })));
    let mut search = Search::new(flight.want.clone(), &services.config, flight.may_fetch, whole);
    if flight.head_only {
        search.for_a_head();
    }
    if flight.hurried {
        search.hurry();
    }
    if !services.host.hold_response {
        search.read_all();
    }
    if let Want::Zip(zip) = &flight.want {
        let licenses = reads_licenses(&services.config, &services.in_force);
        search.read_for(licenses, !flight.head_only && is_to_be_read(zip, &services.known(), cx));
        search.spare_storage_of(services.in_force.policy().listed_hashes());
    }
    if matches!(found, Some(Entry::Streamed { moved: true, .. })) {
        search.expect_it_moved();
    }
    if let Some(Entry::Stored { checked, doubted, .. }) = found {
        search.trust_storage(checked, doubted);
    } else if let Some(loss) = cache_state::loss(found.as_ref(), &services.config, cx.now) {
        search.ask_storage_last(loss);
    }
    if matches!(flight.want, Want::Zip(_)) {
        let fresh = cache_state::fresh(&flight.want, flight.no_cache, &services.index, &services.config, cx);
        if matches!(fresh, Some(Entry::Stored { .. })) {
            search.expect_it_stored();
        }
    }
    let stands_in = |known| cache_state::may_stand_in(&flight.want, known, &services.config, cx.now);
    if flight.known.as_ref().is_some_and(stands_in) {
        search.expect_a_substitute();
    }
    expect_record(&mut search, flight, &services.config);
    if cache_state::has_seen(&flight.want, flight.known.as_ref(), &services.index, cx) {
        search.expect_it_known();
    }
    // A source that does not answer in time is asked after the others that may have it.
    if let Some(first) = search.first().filter(|_| search.has_choice()) {
        if services.source_health.takes_its_turn(first, cx) {
            // Storage that comes later anyway is given nothing meanwhile.
            if first != Source::Storage && !services.source_health.takes_its_turn(Source::Storage, cx) {
                search.spare_storage();
            }
        } else if first == Source::Storage {
            search.spare_storage();
        } else {
            search.spare_upstreams();
        }
    }
    (search, whole)
}

/// What a search for a record may expect. Where a file of the module version is here, the version exists. Where it is given without a proof, no
/// client waits long for the database.
pub(super) fn expect_record(search: &mut Search, flight: &Flight, config: &Config) {
    match flight.want.module().map(|module| config.verification(module)) {
        Some(Some((_, Mode::Require))) if flight.is_of_a_file_here() => search.expect_it_recorded(),
        Some(Some((_, Mode::WhenAvailable))) if flight.is_of_sums() => search.expect_a_substitute(),
        _ => {}
    }
}
