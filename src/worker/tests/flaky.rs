//! Sources that fail now and then: they are asked again, a bounded number of times, within the time that somebody waits.

use super::{EMPTY_ZIP, INFO, body, gets, header, world};
use crate::{
    http::{CallFailure, Headers, Reply},
    sim::World,
};

const LIST: &str = "/example.com/m/@v/list";

fn answer(status: u16, headers: &[(&str, &str)]) -> Reply {
    let headers = headers.iter().copied().chain([("date", "now")]).collect::<Headers>();
    Reply::Answered { status, headers, body: b"no".to_vec() }
}

/// Without storage: nobody but the upstream can say.
fn alone() -> World {
    let mut world = World::new(
        1,
        r#"{"upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base"}]}"#,
    );
    let public = world.cluster("public");
    public.latency = 100;
    public
        .serve("/base/example.com/m/@v/list", "v1.0.0\n")
        .serve("/base/example.com/m/@latest", INFO)
        .serve("/base/example.com/m/@v/main.info", INFO)
        .serve("/base/example.com/m/@v/v1.0.0.info", INFO)
        .serve("/base/example.com/m/@v/v1.0.0.mod", "module example.com/m\n");
    world
}

#[test]
fn scenario_what_fails_in_passing_fails_nobody() {
    for (what, fails, fault) in [
        ("500", true, answer(500, &[])),
        ("502", true, answer(502, &[])),
        ("503", true, answer(503, &[])),
        ("504", true, answer(504, &[])),
        ("520", true, answer(520, &[])),
        ("408", true, answer(408, &[])),
        ("cut, or a reset in the middle", true, Reply::Failed(CallFailure::Broken)),
        ("a connection that closes", true, Reply::Failed(CallFailure::Dropped)),
        ("refused", true, Reply::Failed(CallFailure::Unreachable)),
        ("no healthy host", true, Reply::Failed(CallFailure::Unavailable)),
        ("a circuit breaker", true, Reply::Failed(CallFailure::Overloaded)),
        // What says something, and what was waited for long enough, is asked for once.
        ("501", false, answer(501, &[])),
        ("404", false, answer(404, &[])),
        ("401", false, answer(401, &[])),
        ("403", false, answer(403, &[])),
        ("400", false, answer(400, &[])),
        ("a timeout", false, Reply::Failed(CallFailure::TimedOut)),
        ("no such cluster", false, Reply::Failed(CallFailure::Misconfigured)),
    ] {
        for path in ["@v/list", "@latest", "@v/main.info", "@v/v1.0.0.info", "@v/v1.0.0.mod"] {
            let mut world = alone();
            let path = format!("/example.com/m/{path}");
            world.cluster("public").first(&format!("/base{path}"), vec![fault.clone(); 3]);
            let response = world.get(0, &path);
            assert_eq!(response.status == 200, fails, "{what}: {path}: {}", body(&response));
            let asked = gets(&world, "public", &path);
            assert_eq!(asked, if fails { 4 } else { 1 }, "{what}: {path}");
            assert!(world.is_idle(), "{what}: {path}");
        }
    }
}

#[test]
fn scenario_what_goes_on_failing_ends_soon_and_is_said() {
    let mut world = alone();
    world.cluster("public").get_answered = Some((500, "no"));
    let began = world.now;
    let response = world.get(0, LIST);
    assert_eq!((response.status, gets(&world, "public", LIST)), (502, 4));
    let took = world.now.since(began).as_millis();
    assert!((1300..3500).contains(&took), "{took} ms");
    // The pauses are not the same for everything.
    let mut pauses = Vec::new();
    for number in 0..20 {
        let path = format!("/example.com/m{number}/@v/list");
        let began = world.now;
        assert_eq!(world.get(0, &path).status, 502);
        pauses.push(world.now.since(began).as_millis() / 100);
    }
    pauses.sort_unstable();
    pauses.dedup();
    assert!(pauses.len() > 4, "{pauses:?}");
}

#[test]
fn scenario_nobody_is_kept_waiting_for_another_try_for_longer_than_anybody_waits() {
    let config = r#"{"fetch": {"wait": "1s"},
        "upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base", "timeout": "900ms"}]}"#;
    let mut world = World::new(1, config);
    world.cluster("public").latency = 400;
    world.cluster("public").get_answered = Some((500, "no"));
    let began = world.now;
    let response = world.get(0, LIST);
    assert_eq!((response.status, gets(&world, "public", LIST)), (502, 2));
    assert!(world.now.since(began).as_millis() <= 1300);
}

#[test]
fn scenario_where_others_may_have_it_they_are_asked_soon() {
    let mut world = World::new(
        1,
        r#"{"upstreams": [
            {"name": "one", "cluster": "one", "url": "http://one.test", "fallback": "any_error"},
            {"name": "two", "cluster": "two", "url": "http://two.test"}]}"#,
    );
    world.cluster("one").get_answered = Some((503, "no"));
    world.cluster("two").serve(LIST, "v1.0.0\n");
    assert_eq!(world.get(0, LIST).status, 200);
    assert_eq!((gets(&world, "one", LIST), gets(&world, "two", LIST)), (2, 1));
}

/// Storage may have the list of before: it is asked before the last tries. Where it has none, those are made.
#[test]
fn scenario_a_list_that_is_stored_is_not_waited_for_and_one_that_is_not_is() {
    let mut stored = world(1);
    stored.cluster("storage").serve(&format!("/modules{LIST}"), "v0.9.0\n");
    stored.cluster("public").get_answered = Some((500, "no"));
    let response = stored.get(0, LIST);
    assert_eq!((response.status, body(&response)), (200, "v0.9.0\n"));
    assert_eq!(gets(&stored, "public", LIST), 2);

    let mut fresh = world(1);
    fresh.cluster("public").first(&format!("/base{LIST}"), vec![answer(500, &[]); 3]);
    let response = fresh.get(0, LIST);
    assert_eq!((response.status, body(&response)), (200, "v1.0.0\nv1.1.0\n"));
    assert_eq!((gets(&fresh, "public", LIST), gets(&fresh, "storage", LIST)), (4, 1));

    let mut down = world(1);
    down.cluster("public").get_answered = Some((500, "no"));
    assert_eq!(down.get(0, LIST).status, 502);
    assert_eq!(gets(&down, "public", LIST), 4);
}

/// A "not found" after a failure is not the word of all who were asked before.
#[test]
fn scenario_what_failed_before_is_not_forgotten_over_another_try() {
    let mut world = World::new(
        1,
        r#"{"upstreams": [
            {"name": "one", "cluster": "one", "url": "http://one.test", "fallback": "any_error"},
            {"name": "two", "cluster": "two", "url": "http://two.test"}],
            "storage": {"cluster": "storage", "url": "http://storage.test/modules"}}"#,
    );
    world.cluster("storage");
    world.cluster("one").get_answered = Some((500, "no"));
    world.cluster("two").first(LIST, vec![answer(500, &[]); 2]);
    let response = world.get(0, LIST);
    assert_eq!((response.status, gets(&world, "two", LIST)), (502, 3), "{}", body(&response));
}

/// Whose failure ends the chain may say 404 when it is asked again, behind storage: then the next is asked, as ever after a 404.
#[test]
fn scenario_a_not_found_of_another_try_is_followed_by_the_next_upstream() {
    let chain = r#"{"upstreams": [
        {"name": "one", "cluster": "one", "url": "http://one.test"},
        {"name": "two", "cluster": "two", "url": "http://two.test"}],
        "storage": {"cluster": "storage", "url": "http://storage.test/modules"}}"#;
    for (what, faults) in [
        ("500", vec![answer(500, &[]); 2]),
        ("503", vec![answer(503, &[("retry-after", "2")])]),
        ("429", vec![answer(429, &[("retry-after", "2")])]),
        ("a connection that closes", vec![Reply::Failed(CallFailure::Dropped); 2]),
    ] {
        for path in [LIST, "/example.com/m/@latest", "/example.com/m/@v/main.info"] {
            // A query is not kept in storage.
            let is_stored = !path.contains("main");
            let mut world = World::new(1, chain);
            world.cluster("storage");
            world.cluster("one").first(path, faults.clone());
            world.cluster("two").serve(path, if path == LIST { "v1.0.0\n" } else { INFO });
            let response = world.get(0, path);
            assert_eq!(response.status, 200, "{what}: {path}: {}", body(&response));
            let asked = (gets(&world, "one", path), gets(&world, "two", path));
            assert_eq!(asked, (faults.len() + 1, 1), "{what}: {path}");
            assert_eq!(gets(&world, "storage", path), usize::from(is_stored), "{what}: {path}");
            assert!(world.is_idle(), "{what}: {path}");
        }
    }
    // It is left alone because of something else.
    let mut world = World::new(1, chain);
    world.cluster("storage");
    world.cluster("one").first("/example.com/n/@v/list", [answer(429, &[("retry-after", "3")])]);
    world.cluster("two").serve(LIST, "v1.0.0\n");
    world.begin(0, "/example.com/n/@v/list");
    world.pass(500);
    assert_eq!(world.get(0, LIST).status, 200);
    // What goes on failing is no 404, and ends the chain.
    let mut world = World::new(1, chain);
    world.cluster("storage");
    world.cluster("one").get_answered = Some((500, "no"));
    world.cluster("two").serve(LIST, "v1.0.0\n");
    assert_eq!((world.get(0, LIST).status, gets(&world, "two", LIST)), (502, 0));
}

/// Storage is asked before it, and it is not asked any sooner for that.
#[test]
fn scenario_nobody_comes_back_sooner_than_was_asked_for() {
    for status in [429, 503] {
        for seconds in [1, 10, 60, 100] {
            for is_stored in [false, true] {
                for number in 0..5 {
                    let mut world = if is_stored { world(1) } else { alone() };
                    let path = format!("/example.com/m{number}/@v/list");
                    let busy = answer(status, &[("retry-after", &seconds.to_string())]);
                    let upstream = format!("/base{path}");
                    world.cluster("public").serve(&upstream, "v1.0.0\n").first(&upstream, [busy]);
                    let began = world.now;
                    assert_eq!(world.get(0, &path).status, 200);
                    let took = world.now.since(began).as_millis();
                    let least = u128::from(seconds * 1000_u32);
                    assert!((least..least + 3_500).contains(&took), "{status}, {seconds} s: {took} ms");
                }
            }
        }
    }
}

/// One client's request in an outage does not become hundreds, whatever the upstream says of coming back.
#[test]
fn scenario_one_that_says_at_once_each_time_is_asked_less_and_less() {
    for said in ["0", "1", "5"] {
        let mut world = alone();
        let path = format!("/base{LIST}");
        world.cluster("public").first(&path, vec![answer(503, &[("retry-after", said)]); 1000]);
        let began = world.now;
        assert_eq!(world.get(0, LIST).status, 503);
        let asked = gets(&world, "public", LIST);
        assert!((6..=14).contains(&asked), "{said}: {asked}");
        assert!(world.now.since(began).as_secs() <= 151);
    }
}

#[test]
fn scenario_what_is_known_is_given_without_many_tries() {
    let mut world = world(1);
    assert_eq!(world.get(0, LIST).status, 200);
    world.pass(10 * 60 * 1000);
    world.cluster("public").get_answered = Some((500, "no"));
    let began = world.now;
    let response = world.get(0, LIST);
    assert_eq!((response.status, header(&response, "x-modgate-cache")), (200, "stale"));
    assert!(world.now.since(began).as_millis() < 1000);
    assert_eq!(gets(&world, "public", LIST), 3);
}

#[test]
fn scenario_what_is_known_is_given_where_an_upstream_takes_its_time_and_the_next_does_not_wait() {
    let mut world = world(1);
    assert_eq!(world.get(0, LIST).status, 200);
    world.pass(10 * 60 * 1000);
    world.cluster("public").latency = 58_000;
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\nv1.1.0\nv1.2.0\n");
    let stream = world.begin(0, LIST);
    world.pass(21_000);
    let response = world.response(stream);
    assert_eq!((response.status, header(&response, "x-modgate-cache")), (200, "stale"));
    let next = world.begin(0, LIST);
    assert_eq!(header(&world.response(next), "x-modgate-cache"), "stale");
    world.settle();
    assert!(body(&world.get(0, LIST)).contains("v1.2.0"));
}

/// Restarted: the index has nothing, and the upstream hangs. One waits for it; the others have what is stored.
#[test]
fn scenario_an_upstream_that_hangs_is_waited_for_by_one_and_others_have_what_is_stored() {
    let mut world = world(1);
    for name in ["m", "n", "o"] {
        let list = format!("/modules/example.com/{name}/@v/list");
        world.cluster("storage").serve(&list, "v0.9.0\n");
    }
    world.cluster("public").fault = Some(CallFailure::TimedOut);
    world.cluster("public").latency = 120_000;
    assert_eq!(body(&world.get(0, LIST)), "v0.9.0\n");
    for name in ["n", "o"] {
        let path = format!("/example.com/{name}/@v/list");
        let began = world.now;
        let response = world.get(0, &path);
        assert_eq!((response.status, header(&response, "x-modgate-cache")), (200, "stale"));
        assert!(world.now.since(began).as_millis() < 1000);
        assert_eq!(gets(&world, "public", &path), 0);
    }
    // One in five seconds sees whether it still hangs; when it answers, its word counts again.
    world.pass(5_000);
    world.cluster("public").fault = None;
    world.cluster("public").latency = 100;
    assert_eq!(body(&world.get(0, "/example.com/m/@v/v1.0.0.mod")), "module example.com/m\n");
    world.pass(60_000);
    assert_eq!(body(&world.get(0, LIST)), "v1.0.0\nv1.1.0\n");
}

#[test]
fn scenario_only_storage_can_say_and_it_fails_in_passing() {
    let config =
        r#"{"mode": "offline", "storage": {"cluster": "storage", "url": "http://storage.test/modules"}}"#;
    for fault in [answer(500, &[]), Reply::Failed(CallFailure::Dropped), Reply::Failed(CallFailure::Broken)] {
        let mut world = World::new(1, config);
        let path = "/modules/example.com/m/@v/v1.0.0.info";
        world.cluster("storage").serve(path, INFO).first(path, vec![fault; 3]);
        assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.info").status, 200);
        assert_eq!(gets(&world, "storage", path), 4);
    }
    // Others can: they are asked at once. And a path of no module stays a quick 404.
    let mut world = world(1);
    world.cluster("storage").get_answered = Some((500, "no"));
    let began = world.now;
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.info").status, 200);
    assert_eq!(world.get(0, "/example.com/other/@v/list").status, 404);
    assert!(world.now.since(began).as_millis() < 500);
}

/// A version that only storage has left: one failure of storage makes no 502 of it, as long as there is time.
#[test]
fn scenario_what_upstreams_have_lost_is_asked_of_storage_once_more_where_that_fails_in_passing() {
    for fault in [answer(500, &[]), answer(503, &[("retry-after", "3")]), Reply::Failed(CallFailure::Dropped)]
    {
        for failures in 1..=3 {
            let mut world = world(1);
            let path = "/modules/example.com/gone/@v/v1.0.0.info";
            let faults = vec![fault.clone(); failures];
            world.cluster("storage").serve(path, INFO).first(path, faults);
            let response = world.get(0, "/example.com/gone/@v/v1.0.0.info");
            assert_eq!(response.status, 200, "{failures} of {fault:?}: {}", body(&response));
            assert!(gets(&world, "public", "/base/example.com/gone/@v/v1.0.0.info") <= 1, "{fault:?}");
        }
    }
    // Where it goes on failing, that ends and is said.
    let mut world = world(1);
    world.cluster("storage").get_answered = Some((500, "no"));
    let response = world.get(0, "/example.com/gone/@v/v1.0.0.info");
    assert_eq!(response.status, 502, "{}", body(&response));
    assert!(gets(&world, "storage", "/modules/example.com/gone/@v/v1.0.0.info") <= 5);
    assert!(world.is_idle());
}

#[test]
fn scenario_a_whole_zip_is_asked_for_again() {
    for fault in [answer(502, &[]), Reply::Failed(CallFailure::Dropped)] {
        let mut world = world(1);
        let path = "/base/example.com/m/@v/v1.0.0.zip";
        world.cluster("public").first(path, vec![fault; 2]);
        let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
        world.settle();
        assert_eq!(super::routed_to(&world, stream), "storage");
        assert_eq!(
            world.clusters["storage"].bytes("/modules/example.com/m/@v/v1.0.0.zip"),
            Some(EMPTY_ZIP.as_bytes())
        );
        assert_eq!(gets(&world, "public", path), 3);
    }
}

/// That it broke off may say that it is larger than the host lets an answer be: its length tells.
#[test]
fn scenario_a_whole_zip_that_breaks_off_is_asked_for_again_where_it_is_small() {
    for (times, stored) in [(1, true), (3, true), (4, false)] {
        let mut world = world(1);
        let path = "/base/example.com/m/@v/v1.0.0.zip";
        let head = answer(200, &[("content-length", "22")]);
        let cut = Reply::Failed(CallFailure::Broken);
        let replies = (0..times).flat_map(|_| [cut.clone(), head.clone()]);
        world.cluster("public").first(path, replies.collect::<Vec<_>>());
        let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
        world.settle();
        let cluster = if stored { "storage" } else { "public" };
        assert_eq!(super::routed_to(&world, stream), cluster, "{times}");
        assert_eq!(gets(&world, "public", path), (times + 1).min(4), "{times}");
    }
    let mut world = world(1);
    let path = "/base/example.com/m/@v/v1.0.0.zip";
    let large = answer(200, &[("content-length", "99000000")]);
    world.cluster("public").first(path, [Reply::Failed(CallFailure::Broken), large]);
    let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
    world.settle();
    assert_eq!(super::routed_to(&world, stream), "public");
    assert_eq!(gets(&world, "public", path), 1);
}

#[test]
fn scenario_a_zip_too_slow_to_be_fetched_whole_is_streamed_and_not_fetched_twice_at_once() {
    let mut world = world(1);
    world.cluster("public").latency = 40_000;
    let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
    world.pass(13_000);
    let whole = world.clusters["public"].callouts.last().cloned().unwrap();
    assert_eq!((whole.method, whole.timeout.as_millis()), ("GET", 13_500));
    // The host ends it then.
    world.fail_one("public");
    world.pass(200);
    assert_eq!(super::routed_to(&world, stream), "public");
    assert_eq!(gets(&world, "public", "v1.0.0.zip"), 1);
}

/// A server that ignores ranges gives all of a zip where its first byte is asked for: its client is not kept until that is over.
#[test]
fn scenario_a_zip_whose_first_byte_takes_long_is_streamed_unasked() {
    let config = r#"{"upstreams": [{"name": "public", "cluster": "public", "url": "https://proxy.test/base",
        "redirects": {"objects.test": "objects"}}]}"#;
    for broken in [false, true] {
        let mut world = World::new(1, config);
        world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP).latency = 60_000;
        let stream = world.begin(0, "/example.com/m/@v/v1.0.0.zip");
        world.pass(1_000);
        let first = world.clusters["public"].callouts.last().cloned().unwrap();
        assert!(first.timeout.as_secs() <= 15, "{first:?}");
        // The host ends it then: before its head, or in its body.
        world.pass(u64::try_from(first.timeout.as_millis()).unwrap() - 1_000);
        world.fail_one_as("public", if broken { CallFailure::Broken } else { CallFailure::TimedOut });
        world.pass(200);
        assert_eq!(super::routed_to(&world, stream), "public");
        assert_eq!(gets(&world, "public", "v1.0.0.zip"), 1);
    }
}
