//! Databases that are down, slow, or know nothing, and what was seen before.

use super::*;
use crate::http::{CallFailure, Reply};

const WAIT: &str = r#""fetch": {"wait": "10s"},"#;

#[test]
fn scenario_what_cannot_be_proven_is_not_served_where_proof_is_required() {
    for workers in WORKERS {
        for (fault, status) in [(CallFailure::Unreachable, 502), (CallFailure::TimedOut, 504)] {
            for path in [MOD, ZIP] {
                let mut world = world(workers);
                world.cluster("sum").fault = Some(fault);
                let answer = get(&mut world, workers, path);
                assert_eq!(answer.status, status, "{}", body(&answer));
                assert!(
                    body(&answer).contains("example.com/m@v1.0.0 cannot be verified"),
                    "{}",
                    body(&answer)
                );
                assert!(body(&answer).contains("sum.test"), "{}", body(&answer));
                assert_eq!(world.clusters["storage"].paths().count(), 0);
                world.cluster("sum").fault = None;
                assert_good(&get(&mut world, workers, MOD));
            }
        }
    }
}

#[test]
fn scenario_a_version_that_the_database_does_not_know_is_not_served_where_proof_is_required() {
    for workers in WORKERS {
        let mut world = world(workers);
        world.cluster("sum").answer("/lookup/example.com/m@v1.0.0", 404, &[], "not found: example.com/m");
        let answer = get(&mut world, workers, MOD);
        assert_eq!(answer.status, 503);
        assert!(body(&answer).contains("cannot be verified yet: not found"), "{}", body(&answer));
        assert_eq!(get(&mut world, workers, LOOKUP).status, 404);
        assert_eq!(
            gets(&world, "sum", "v1.0.0"),
            5,
            "once before the go.mod was here, and then known for a moment"
        );
        world.cluster("sum").remove("/lookup/example.com/m@v1.0.0");
        world.pass(61_000);
        assert_good(&get(&mut world, workers, MOD));
    }
}

#[test]
fn scenario_what_cannot_be_proven_is_served_and_not_kept_where_that_is_allowed() {
    for workers in WORKERS {
        for fault in [Some(CallFailure::Unreachable), Some(CallFailure::TimedOut), None] {
            let mut world = world_of(workers, &config(WHEN_AVAILABLE));
            world.cluster("sum").fault = fault;
            if fault.is_none() {
                world.cluster("sum").answer("/lookup/example.com/m@v1.0.0", 410, &[], "gone");
            }
            for _ in 0..3 {
                assert_good(&get(&mut world, workers, MOD));
            }
            let asked = gets(&world, "sum", "v1.0.0");
            let tries = if fault == Some(CallFailure::Unreachable) { 2 } else { 1 };
            assert_eq!(asked, tries, "it is left alone for a minute: {fault:?}");
            assert_eq!(gets(&world, "public", MOD), 3, "nothing is indexed");
            assert_eq!(route(&mut world, workers, ZIP), "public");
            assert_eq!(world.clusters["storage"].paths().count(), 0, "nothing is stored");
            assert!(counted(&world, "verifications_total.outcome.accepted") >= 3);
            world.cluster("sum").fault = None;
            world.cluster("sum").remove("/lookup/example.com/m@v1.0.0");
            world.pass(61_000);
            assert_good(&get(&mut world, workers, MOD));
            assert_eq!(stored(&world, STORED_MOD).as_deref(), Some(GO_MOD));
        }
    }
}

#[test]
fn scenario_a_slow_database_is_waited_for_no_longer_than_configured() {
    for workers in WORKERS {
        let mut world = world_of(workers, &config(WAIT));
        world.cluster("sum").latency = 20_000;
        let streams = crowd(&mut world, workers, 3, MOD);
        world.pass(11_000);
        for stream in streams {
            assert_eq!(world.response(stream).status, 504);
        }
        world.settle();
        assert_settled(&mut world, workers);
        assert_eq!(world.get(0, LOOKUP).status, 200, "what was asked for went on");
    }
}

/// All that clients and this gateway itself need of the database is here.
fn down(world: &mut World) {
    world.cluster("sum").fault = Some(CallFailure::Unreachable);
    world.cluster("public").fault = Some(CallFailure::Unreachable);
}

#[test]
fn scenario_whatever_was_seen_is_answered_while_the_database_is_down() {
    for workers in WORKERS {
        let mut world = world(workers);
        let seen = [MOD, LOOKUP, "/sumdb/sum.test/latest", "/sumdb/sum.test/tile/8/0/000.p/21"];
        let first: Vec<_> = seen.iter().map(|path| world.get(0, path)).collect();
        down(&mut world);
        for wait in [0, 120_000] {
            world.pass(wait);
            for (path, first) in seen.iter().zip(&first) {
                let answer = get(&mut world, workers, path);
                assert_eq!((answer.status, &answer.body), (200, &first.body), "{path}");
            }
        }
        restart(&mut world, workers);
        for (path, first) in seen.iter().zip(&first) {
            let answer = get(&mut world, workers, path);
            assert_eq!((answer.status, &answer.body), (200, &first.body), "{path}");
        }
    }
}

/// The tree has grown since, and what joins the old part to the new one nobody has asked for.
#[test]
fn scenario_whatever_was_seen_is_answered_after_the_tree_has_grown() {
    for workers in WORKERS {
        let mut world = world(workers);
        // One of them answered by a cache, with a head that was not the newest even then.
        let lookup = database(&mut world).lookup("example.com/m@v1.0.0", 21);
        assert_eq!(get(&mut world, workers, "/sumdb/sum.test/latest").status, 200);
        for number in 0..3 {
            database(&mut world).grow("", 300);
            let path = publish(&mut world, &format!("example.com/n{number}"));
            assert_eq!(get(&mut world, workers, &path).status, 200);
            world.pass(61_000);
        }
        world.cluster("sum").serve("/lookup/example.com/m@v1.0.0", &lookup);
        assert_good(&get(&mut world, workers, MOD));
        database(&mut world).grow("", 300);
        let last = publish(&mut world, "example.com/last");
        assert_eq!(get(&mut world, workers, &last).status, 200);
        down(&mut world);
        for is_new in [false, true] {
            if is_new {
                restart(&mut world, workers);
            }
            assert_good(&get(&mut world, workers, MOD));
            for path in [
                "/example.com/n0/@v/v1.0.0.mod",
                "/example.com/n2/@v/v1.0.0.mod",
                &last,
                LOOKUP,
                "/sumdb/sum.test/latest",
                "/sumdb/sum.test/tile/8/0/000",
            ] {
                let answer = get(&mut world, workers, path);
                assert_eq!(answer.status, 200, "{path}, anew: {is_new}: {}", body(&answer));
            }
        }
    }
}

/// A database that hangs is one that cannot be asked, to the first who needs it as well.
#[test]
fn scenario_a_database_that_hangs_keeps_nobody_from_what_may_be_given_without_it() {
    for workers in WORKERS {
        let mut world = world_of(workers, &config(&[WHEN_AVAILABLE, WAIT].concat()));
        world.cluster("sum").latency = 60_000;
        let streams = crowd(&mut world, workers, 3, MOD);
        world.pass(10_000);
        for stream in streams {
            assert_good(&world.response(stream));
        }
        world.settle();
        assert_settled(&mut world, workers);
        // Nothing else is to be had from it by now.
        let again = world.begin(0, MOD);
        world.pass(1_000);
        assert_good(&world.response(again));
        world.settle();
    }
}

/// The minute in which a database is left alone is over, whatever the clock says.
#[test]
fn scenario_a_clock_set_back_does_not_prolong_what_is_given_unproven() {
    let mut world = world_of(1, &config(WHEN_AVAILABLE));
    world.cluster("sum").fault = Some(CallFailure::Unreachable);
    assert_good(&get(&mut world, 1, MOD));
    world.cluster("sum").fault = None;
    let before = crate::http::Timestamp(world.now.0 - 3_600_000);
    world.set_clock(before);
    assert_good(&get(&mut world, 1, MOD));
    assert_eq!(counted(&world, "verifications_total.outcome.ok"), 1);
    assert_eq!(stored(&world, STORED_MOD).as_deref(), Some(GO_MOD));
}

/// Whoever finds a name at which the database fails would else have everything given unproven for a minute.
#[test]
fn scenario_one_lookup_that_fails_leaves_all_else_proven() {
    let mut world = world_of(1, &config(WHEN_AVAILABLE));
    for number in 0..2 {
        let odd = format!("/example.com/odd{number}/@v/v1.0.0.mod");
        world.cluster("public").serve(&format!("/base{odd}"), &format!("module example.com/odd{number}\n"));
        world.cluster("sum").answer(&format!("/lookup/example.com/odd{number}@v1.0.0"), 500, &[], "");
        for _ in 0..5 {
            assert_eq!(world.get(0, &odd).status, 200);
        }
    }
    assert_good(&get(&mut world, 1, MOD));
    assert_eq!(counted(&world, "verifications_total.outcome.ok"), 1);
    assert_eq!(stored(&world, STORED_MOD).as_deref(), Some(GO_MOD));
}

/// The upstream has just given it: the database will know it in a moment.
#[test]
fn scenario_a_database_that_does_not_know_yet_is_asked_again_and_then_the_client_is_told_when() {
    let unknown = Reply::Answered {
        status: 404,
        headers: [("date", "now")].into_iter().collect(),
        body: b"not found: unknown revision v1.0.0".to_vec(),
    };
    // The first question is asked while the go.mod is on its way, and counts for nothing.
    for (times, status) in [(1, 200), (4, 200), (5, 503)] {
        let mut world = world(1);
        world.cluster("sum").first("/lookup/example.com/m@v1.0.0", vec![unknown.clone(); times]);
        let response = get(&mut world, 1, MOD);
        assert_eq!(response.status, status, "{times}: {}", body(&response));
        if status == 503 {
            let retry_after = response.headers.iter().find(|(name, _)| *name == "retry-after");
            assert_eq!(retry_after.map(|(_, value)| value.as_str()), Some("10"));
            let text = body(&response);
            assert!(text.contains("yet") && !text.contains("nosumdb") && !text.contains("private"), "{text}");
            // Remembered for seconds.
            assert_eq!(get(&mut world, 1, MOD).status, 503);
            world.pass(6_000);
            assert_eq!(get(&mut world, 1, MOD).status, 200);
        }
    }
}
