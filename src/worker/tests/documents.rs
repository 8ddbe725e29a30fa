use super::{EMPTY_ZIP, INFO, body, header, lasts, world};
use crate::config::limits::LEASE_SLOTS;

#[test]
fn scenario_a_miss_is_fetched_indexed_and_written_back() {
    let mut world = world(1);
    let first = world.get(0, "/example.com/m/@v/v1.0.0.info");
    assert_eq!((first.status, body(&first)), (200, INFO), "unknown fields survive");
    assert_eq!(header(&first, "x-modgate-cache"), "upstream");
    assert_eq!(header(&first, "content-type"), "application/json");
    assert_eq!(header(&first, "cache-control"), "max-age=86400, immutable");
    // In its place it would say that storage has all of its version, and that is not so yet.
    let aside = "/modules/aside/example.com/m/v1.0.0.json";
    assert_eq!(
        world.clusters["storage"].asked,
        [
            "GET /modules/example.com/m/@v/v1.0.0.info".to_owned(),
            format!("GET {aside}"),
            format!("PUT {aside}")
        ]
    );

    let second = world.get(0, "/example.com/m/@v/v1.0.0.info");
    assert_eq!((second.status, body(&second), header(&second, "x-modgate-cache")), (200, INFO, "hit"));
    assert_eq!(header(&second, "etag"), header(&first, "etag"));
    assert_eq!(world.clusters["public"].asked.len(), 1);
    assert_eq!(world.counters["modgate.requests_total.kind.info.cache.hit.class.2xx"], 1);
    assert_eq!(world.counters["modgate.requests_total.kind.info.cache.upstream.class.2xx"], 1);
    assert_eq!(world.counters["modgate.callouts_total.target.public.outcome.ok"], 1);
    assert!(world.is_idle());

    let go_mod = "module example.com/m\n";
    assert_eq!(body(&world.get(0, "/example.com/m/@v/v1.0.0.mod")), go_mod);
    assert_eq!(
        world.clusters["storage"].asked[3..],
        ["GET /modules/example.com/m/@v/v1.0.0.mod", "PUT /modules/example.com/m/@v/v1.0.0.mod"]
    );
    let stored = |file| world.clusters["storage"].body(&format!("/modules/example.com/m/@v/v1.0.0.{file}"));
    assert_eq!(stored("mod").as_deref(), Some(go_mod));
    assert_eq!(world.counters["modgate.storage_writes_total.outcome.stored"], 2);
    world.begin(0, "/example.com/m/@v/v1.0.0.zip");
    world.settle();
    let stored = |file| world.clusters["storage"].body(&format!("/modules/example.com/m/@v/v1.0.0.{file}"));
    assert_eq!(stored("zip").as_deref(), Some(EMPTY_ZIP));
    assert_eq!(stored("info").as_deref(), Some(INFO));
}

#[test]
fn scenario_another_worker_hits_what_the_first_fetched() {
    let mut world = world(2);
    world.get(0, "/example.com/m/@v/v1.0.0.mod");
    assert_eq!(header(&world.get(1, "/example.com/m/@v/v1.0.0.mod"), "x-modgate-cache"), "hit");
    assert_eq!(world.clusters["public"].asked.len(), 1);
}

#[test]
fn scenario_simultaneous_requests_of_a_worker_share_one_fetch() {
    let mut world = world(1);
    let streams: Vec<_> = (0..100).map(|_| world.begin(0, "/example.com/m/@v/list")).collect();
    world.settle();
    for stream in &streams {
        assert_eq!(body(&world.response(*stream)), "v1.0.0\nv1.1.0\n");
    }
    assert_eq!(header(&world.response(streams[0]), "x-modgate-cache"), "upstream");
    assert_eq!(header(&world.response(streams[99]), "x-modgate-cache"), "coalesced");
    assert_eq!(world.clusters["public"].asked, ["GET /base/example.com/m/@v/list"]);
}

#[test]
fn scenario_the_fetch_outlives_the_client_that_began_it() {
    let mut world = world(1);
    let stream = world.begin(0, "/example.com/m/@v/list");
    world.leave(0, stream);
    let other = world.begin(0, "/example.com/m/@v/list");
    world.settle();
    assert_eq!(world.response(other).status, 200);
    assert_eq!(world.clusters["public"].asked.len(), 1);
    assert_eq!(header(&world.get(0, "/example.com/m/@v/list"), "x-modgate-cache"), "hit");
    assert!(world.is_idle());
}

#[test]
fn scenario_a_document_is_in_memory_once_however_many_wait() {
    let mut world = world(1);
    let streams: Vec<_> = (0..3).map(|_| world.begin(0, "/example.com/m/@v/list")).collect();
    world.settle();
    let first = world.response(streams[0]).body;
    assert!(streams.iter().all(|stream| std::ptr::eq(&*world.response(*stream).body, &*first)));
}

#[test]
fn scenario_a_list_is_fetched_again_when_its_time_is_over() {
    let mut world = world(1);
    world.cluster("storage").latency = 0;
    let first = world.get(0, "/example.com/m/@v/list");
    assert!(lasts(&first, 60), "{first:?}");
    world.pass(20_000);
    assert!(lasts(&world.get(0, "/example.com/m/@v/list"), 40));
    world.pass(100_000);
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\nv1.1.0\nv1.2.0\n");
    assert_eq!(body(&world.get(0, "/example.com/m/@v/list")), "v1.0.0\nv1.1.0\nv1.2.0\n");
    let stored = world.clusters["storage"].body("/modules/example.com/m/@v/list");
    assert_eq!(stored.as_deref(), Some("v1.0.0\nv1.1.0\nv1.2.0\n"));
}

#[test]
fn scenario_an_unchanged_list_is_not_written_again() {
    let mut world = world(1);
    world.get(0, "/example.com/m/@v/list");
    world.pass(61_000);
    world.get(0, "/example.com/m/@v/list");
    assert_eq!(world.clusters["public"].asked.len(), 2);
    assert_eq!(world.clusters["storage"].asked, ["PUT /modules/example.com/m/@v/list"]);
}

#[test]
fn scenario_a_query_is_mutable_and_never_stored() {
    let mut world = world(1);
    let answer = world.get(0, "/example.com/m/@v/master.info");
    assert!(answer.status == 200 && lasts(&answer, 60), "{answer:?}");
    assert!(world.cluster("storage").asked.is_empty());
    assert!(world.counters.contains_key("modgate.requests_total.kind.query.cache.upstream.class.2xx"));
}

#[test]
fn scenario_a_list_loses_what_does_not_belong_in_it() {
    let mut world = world(1);
    let list = "v2.0.0\nv1.0.0 2024-01-01T00:00:00Z\nnonsense\nv0.0.0-20240102030405-abcdefabcdef\nv1.0.0\nv2.0.0+incompatible\n";
    world.cluster("public").serve("/base/example.com/m/@v/list", list);
    // v2.0.0 is no version of a module without /v2. Times and pseudo-versions are what the go command takes the latest by where there
    // is no `@latest`.
    let read = "v0.0.0-20240102030405-abcdefabcdef\nv1.0.0 2024-01-01T00:00:00Z\nv2.0.0+incompatible\n";
    assert_eq!(body(&world.get(0, "/example.com/m/@v/list")), read);
}

#[test]
fn scenario_an_empty_list_is_a_list() {
    let mut world = world(1);
    world.cluster("public").serve("/base/example.com/m/@v/list", "");
    let answer = world.get(0, "/example.com/m/@v/list");
    assert_eq!((answer.status, body(&answer)), (200, ""));
}

#[test]
fn scenario_if_none_match_is_answered_304_from_any_tier() {
    let mut world = world(1);
    let etag = header(&world.get(0, "/example.com/m/@v/list"), "etag").to_owned();
    for tags in [etag.as_str(), "*", &format!("W/{etag}"), &format!("\"x\", {etag}")] {
        let stream = world.begin_with(0, "GET", "/example.com/m/@v/list", &[("if-none-match", tags)]);
        let answer = world.response(stream);
        assert_eq!(
            (answer.status, answer.body.len(), header(&answer, "etag")),
            (304, 0, etag.as_str()),
            "{tags}"
        );
    }
    let stream = world.begin_with(0, "GET", "/example.com/m/@v/list", &[("if-none-match", "\"other\"")]);
    assert_eq!(world.response(stream).status, 200);
    world.pass(61_000);
    let stream = world.begin_with(0, "GET", "/example.com/m/@v/list", &[("if-none-match", &etag)]);
    world.settle();
    assert_eq!(world.response(stream).status, 304, "a refetched document that did not change");
}

#[test]
fn scenario_disable_module_fetch_asks_storage_alone() {
    let mut world = world(1);
    let forbids = [("disable-module-fetch", "true")];
    let stream = world.begin_with(0, "GET", "/example.com/m/@v/v1.0.0.mod", &forbids);
    world.settle();
    let answer = world.response(stream);
    assert_eq!(
        (answer.status, header(&answer, "cache-control")),
        (404, "no-store"),
        "the next may not forbid it"
    );
    assert!(world.cluster("public").asked.is_empty());

    // What could not be looked for is not remembered as missing.
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.mod").status, 200);
    world.get(0, "/example.com/m/@v/list");
    world.pass(600_000);
    let stream = world.begin_with(0, "GET", "/example.com/m/@v/list", &forbids);
    assert_eq!(world.response(stream).status, 200, "from the index, however old");
}

#[test]
fn scenario_a_flood_of_names_leaves_memory_bounded() {
    let config = r#"{"upstreams": [{"cluster": "public", "url": "https://proxy.test"}]}"#;
    let mut world = crate::sim::World::new(1, config);
    world.resize_index(super::tiny_index(16, 8));
    let large = "v1.0.0\n".to_owned() + &(1..200).map(|minor| format!("v1.{minor}.0\n")).collect::<String>();
    world.cluster("public").serve("/large.test/m/@v/list", &large).serve("/small.test/m/@v/list", "v1.0.0\n");
    for number in 0..2_000 {
        assert_eq!(world.get(0, &format!("/unknown.test/m{number}/@v/list")).status, 404);
        world.get(0, "/small.test/m/@v/list");
    }
    let records = world.gateways[0].memory.keys().filter(|key| key.starts_with("modgate/index/")).count();
    assert!(records <= 24 && world.gateways[0].memory.bytes() <= 24 * 1024, "{:?}", world.gateways[0].memory);
    assert!(
        world.gateways[0].memory.keys().len() <= 24 + LEASE_SLOTS as usize,
        "{:?}",
        world.gateways[0].memory
    );
    assert_eq!(
        header(&world.get(0, "/small.test/m/@v/list"), "x-modgate-cache"),
        "hit",
        "no name evicted it"
    );
    world.get(0, "/large.test/m/@v/list");
    assert_eq!(
        header(&world.get(0, "/large.test/m/@v/list"), "x-modgate-cache"),
        "hit",
        "too large to index, and kept apart"
    );
}

#[test]
fn scenario_another_configuration_of_sources_does_not_read_the_index() {
    let mut world = world(1);
    world.get(0, "/example.com/m/@v/list");
    let elsewhere = super::CONFIG.replace("proxy.test/base", "other.test");
    let mut other = crate::sim::World::new(1, &elsewhere);
    other.gateways[0].memory = std::mem::take(&mut world.gateways[0].memory);
    other.cluster("public").serve("/example.com/m/@v/list", "v9.9.9+incompatible\n");
    other.cluster("storage");
    assert_eq!(body(&other.get(0, "/example.com/m/@v/list")), "v9.9.9+incompatible\n");
}
