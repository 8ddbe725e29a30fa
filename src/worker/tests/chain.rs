//! Several upstreams: Go's `,` and `|`, and what is reported in the end.

use super::{body, header, lasts};
use crate::{http::CallFailure, sim::World};

fn world(first: &str, second: &str) -> World {
    World::new(
        1,
        &format!(
            r#"{{"upstreams": [
                {{"name": "one", "cluster": "one", "url": "http://one.test", "fallback": "{first}"}},
                {{"name": "two", "cluster": "two", "url": "http://two.test", "fallback": "{second}"}}]}}"#
        ),
    )
}

const PATH: &str = "/example.com/m/@v/v1.0.0.mod";

/// What each upstream answers (0: unreachable), the rule after the first, and the status that comes of it.
#[test]
fn outcomes_of_a_chain() {
    for (one, rule, two, want) in [
        (200, "not_found", 200, 200),
        (404, "not_found", 200, 200),
        (410, "not_found", 200, 200),
        (500, "not_found", 200, 502),
        (0, "not_found", 200, 502),
        (403, "not_found", 200, 403),
        (429, "not_found", 200, 503),
        (504, "not_found", 200, 504),
        (500, "any_error", 200, 200),
        (0, "any_error", 200, 200),
        (403, "any_error", 200, 200),
        (404, "not_found", 404, 404),
        (404, "not_found", 410, 410),
        (410, "not_found", 404, 404),
        // A failure outlives a later "not found": nobody knows that the module is not there.
        (500, "any_error", 404, 502),
        (404, "not_found", 500, 502),
        (404, "any_error", 0, 502),
        // Of two failures the last is reported.
        (500, "any_error", 403, 403),
        (403, "any_error", 500, 502),
        (301, "any_error", 404, 502),
        (401, "not_found", 200, 502),
    ] {
        let mut world = world(rule, "not_found");
        for (name, status) in [("one", one), ("two", two)] {
            let cluster = world.cluster(name);
            if status == 0 {
                cluster.fault = Some(CallFailure::Unreachable);
            }
            cluster.answer(PATH, status, &[], "module example.com/m\n");
        }
        assert_eq!(world.get(0, PATH).status, want, "{one} {rule} {two}");
    }
}

#[test]
fn scenario_outages_say_when_to_come_back_and_are_not_remembered() {
    let mut world = world("not_found", "not_found");
    world.cluster("one").answer(PATH, 503, &[("retry-after", "17")], "");
    let answer = world.get(0, PATH);
    assert_eq!((answer.status, header(&answer, "retry-after")), (503, "17"));
    assert_eq!(header(&answer, "cache-control"), "no-store");
    world.cluster("one").fault = Some(CallFailure::TimedOut);
    let answer = world.get(0, PATH);
    assert_eq!((answer.status, header(&answer, "retry-after")), (504, "5"));
    world.cluster("one").fault = None;
    world.cluster("one").serve(PATH, "module example.com/m\n");
    assert_eq!(world.get(0, PATH).status, 200);
    assert_eq!(world.counters["modgate.callouts_total.target.one.outcome.timed_out"], 1);
}

#[test]
fn scenario_what_is_missing_is_remembered_for_a_while_with_its_reason() {
    let mut world = world("not_found", "not_found");
    world.cluster("one");
    world.cluster("two").answer(
        PATH,
        410,
        &[("content-type", "text/plain; charset=utf-8")],
        "not found: gone for good\nmore\n",
    );
    let first = world.get(0, PATH);
    assert_eq!(first.status, 410);
    assert_eq!(
        body(&first),
        "not found: example.com/m@v1.0.0: upstream two answered 410: not found: gone for good\n"
    );
    assert!(lasts(&first, 30), "{first:?}");
    let second = world.get(0, PATH);
    assert_eq!(
        (second.status, header(&second, "x-modgate-cache"), body(&second)),
        (410, "hit", body(&first))
    );
    world.pass(30_000);
    world.cluster("one").serve(PATH, "module example.com/m\n");
    assert_eq!(world.get(0, PATH).status, 200);
}

#[test]
fn scenario_every_way_a_callout_can_fail_is_answered_as_an_outage() {
    for (fault, want) in [
        (CallFailure::Broken, 502),
        (CallFailure::Dropped, 502),
        (CallFailure::Misconfigured, 502),
        (CallFailure::Overloaded, 503),
        (CallFailure::TimedOut, 504),
        (CallFailure::Unavailable, 503),
        (CallFailure::Unreachable, 502),
    ] {
        let mut world = world("not_found", "not_found");
        world.cluster("one").fault = Some(fault);
        let answer = world.get(0, PATH);
        assert_eq!(answer.status, want, "{fault:?}");
        assert!(body(&answer).contains("upstream one"), "{fault:?}: {}", body(&answer));
        assert_eq!(header(&answer, "content-type"), "text/plain; charset=utf-8");
        let counter = format!("modgate.callouts_total.target.one.outcome.{}", fault.as_str());
        // What was waited for in vain, and what no configuration reaches, is asked once.
        let asked = if matches!(fault, CallFailure::TimedOut | CallFailure::Misconfigured) { 1 } else { 4 };
        assert_eq!(world.counters[&counter], asked, "{counter}");
    }
}

#[test]
fn scenario_a_connection_that_closes_just_then_is_nobody_s_outage() {
    let mut world = World::new(1, super::CONFIG);
    for name in ["storage", "public"] {
        world.cluster(name).fault_once = Some(CallFailure::Dropped);
    }
    world.cluster("public").serve(&format!("/base{PATH}"), "module example.com/m\n");
    assert_eq!(world.get(0, PATH).status, 200);
    assert_eq!(world.clusters["public"].asked.len(), 2);
    assert_eq!(world.clusters["storage"].asked.len(), 3, "asked twice, and written");
}

#[test]
fn scenario_what_is_not_the_document_is_not_served() {
    let info = "/example.com/m/@v/v1.0.0.info";
    for (path, wrong) in [
        (PATH, "<!DOCTYPE html><html>"),
        (PATH, "\n  <html>"),
        (info, "<html>"),
        (info, "{}"),
        (info, r#"{"Version":"v1.0.1"}"#),
        (info, r#"{"Version":"v1.0.0""#),
        ("/example.com/m/@v/master.info", r#"{"Version":"master"}"#),
        ("/example.com/m/@v/master.info", r#"{"Version":"v2.0.0"}"#),
        ("/example.com/m/@latest", "v1.0.0"),
        ("/example.com/m/@v/list", "<html>"),
        ("/example.com/m/@v/list", "please log in\n"),
    ] {
        let mut world = world("not_found", "not_found");
        world.cluster("one").serve(path, wrong);
        let answer = world.get(0, path);
        assert_eq!(answer.status, 502, "{path} {wrong}");
        assert!(body(&answer).contains("bad answer from upstream one"), "{}", body(&answer));
    }
}
