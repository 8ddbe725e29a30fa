//! Sources that fail now and then: they are asked again, a bounded number of times, within the time that a client waits.

mod stored;
mod zips;

use super::{INFO, body, gets, world};
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
