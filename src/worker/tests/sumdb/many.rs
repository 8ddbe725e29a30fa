//! Many at once: for the same and for different modules, over all workers, with deaths and departures in between.

use super::*;
use crate::cx::Verdict;

#[test]
fn scenario_a_crowd_for_a_version_costs_one_lookup() {
    for workers in WORKERS {
        let mut world = world(workers);
        let mods = crowd(&mut world, workers, 25, MOD);
        let zips = crowd(&mut world, workers, 25, ZIP);
        world.pass(60);
        let late = crowd(&mut world, workers, 5, MOD);
        let lookups = crowd(&mut world, workers, 5, LOOKUP);
        world.settle();
        mods.iter().chain(&late).for_each(|stream| assert_good(&world.response(*stream)));
        lookups.iter().for_each(|stream| assert_eq!(world.response(*stream).status, 200));
        assert_eq!(
            world.clusters["sum"].asked,
            ["GET /lookup/example.com/m@v1.0.0", "GET /tile/8/0/000.p/21"]
        );
        assert_eq!(world.clusters["public"].asked.len(), 3, "the .info follows into storage");
        for (at, stream) in zips.iter().enumerate() {
            assert_eq!(routed_to(&world, *stream), "storage");
            world.leave(at % workers, *stream);
        }
        assert_settled(&mut world, workers);
    }
}

#[test]
fn scenario_many_modules_at_once_all_end_whatever_the_budget() {
    let fetch = r#""fetch": {"concurrent": 3, "concurrent_per_upstream": 2},"#;
    for workers in WORKERS {
        let mut world = world_of(workers, &config(fetch));
        database(&mut world).grow("", 1000);
        let paths: Vec<_> =
            (0..60).map(|number| publish(&mut world, &format!("example.com/n{number}"))).collect();
        let mut streams = Vec::new();
        for (number, path) in paths.iter().enumerate() {
            streams.push(world.begin(number % workers, path));
            world.pass(20);
        }
        world.settle();
        assert_settled(&mut world, workers);
        let mut good = 0;
        for stream in streams {
            let answer = world.response(stream);
            assert!(matches!(answer.status, 200 | 503), "{} {}", answer.status, body(&answer));
            good += usize::from(answer.status == 200);
        }
        assert!(good >= 3, "{good}");
        for path in paths {
            assert_eq!(get(&mut world, workers, &path).status, 200);
        }
    }
}

/// The tree grows with every lookup, as the first for a version makes it: everybody is behind somebody all the time.
#[test]
fn scenario_many_proofs_in_a_growing_tree_all_end_and_ask_for_each_part_once() {
    for workers in WORKERS {
        let mut world = world(workers);
        database(&mut world).grow("", 1_000);
        let mut streams = Vec::new();
        for number in 0..80 {
            let path = publish(&mut world, &format!("example.com/n{number}"));
            world.cluster("sum").latency = 40 + number * 37 % 100;
            streams.push(world.begin(usize::try_from(number).unwrap() % workers, &path));
            if number % 8 == 0 {
                world.pass(10);
            }
        }
        world.settle();
        assert_settled(&mut world, workers);
        for stream in streams {
            assert_eq!(world.response(stream).status, 200, "{}", body(&world.response(stream)));
        }
        assert_eq!(counted(&world, "sumdb_proofs_total.outcome.proven"), 80);
        let mut asked = world.clusters["sum"].asked.clone();
        let all = asked.len();
        asked.sort_unstable();
        let lookups = asked.iter().filter(|path| path.contains("/lookup/")).count();
        asked.dedup();
        assert_eq!(lookups, 80, "whatever is looked up ahead");
        // A tile that came is kept for others once one of the proofs that need it is done.
        assert!(all <= asked.len() * workers + 80 / 8, "{all} for {}", asked.len());
        assert!(all <= 80 * 6, "{all}");
    }
}

#[test]
fn scenario_a_client_that_leaves_costs_nobody_the_proof() {
    for workers in WORKERS {
        for wait in [0, 40, 52, 60, 90, 101] {
            let mut world = world(workers);
            let first = world.begin(0, MOD);
            let zip = world.begin(0, ZIP);
            let second = world.begin(workers - 1, MOD);
            world.pass(wait);
            world.leave(0, first);
            world.leave(0, zip);
            world.settle();
            assert_settled(&mut world, workers);
            assert_good(&world.response(second));
            assert_eq!(*world.verdict(first), Verdict::Wait);
            assert_eq!(stored(&world, STORED_MOD).as_deref(), Some(GO_MOD));
        }
    }
}

/// At whatever point the leader dies.
#[test]
fn scenario_a_dead_leaders_proof_is_taken_over() {
    for workers in [2, 4] {
        for wait in (0..260).step_by(13) {
            for path in [MOD, ZIP, LOOKUP] {
                let mut world = world(workers);
                world.begin(0, path);
                let others: Vec<_> = (1..workers).map(|worker| world.begin(worker, path)).collect();
                world.pass(wait);
                world.crash(0);
                world.settle();
                for (at, stream) in others.iter().enumerate() {
                    match world.verdict(*stream) {
                        Verdict::Respond(answer) => assert_eq!(answer.status, 200, "{}", body(answer)),
                        Verdict::Wait => panic!("{path} after {wait} ms: never answered"),
                        _ => assert_eq!(routed_to(&world, *stream), "storage"),
                    }
                    world.leave(at + 1, *stream);
                }
                assert_settled(&mut world, workers);
            }
        }
    }
}

/// One of a proof's parts fails while the others are on their way, and somebody asks again meanwhile.
#[test]
fn scenario_parts_that_come_late_disturb_nobody() {
    for workers in WORKERS {
        for gap in [0, 10, 40, 60, 110] {
            let mut world = world(workers);
            database(&mut world).grow("", 1_000);
            let path = publish(&mut world, "example.com/n");
            world.cluster("sum").fault_once = None;
            let first = world.begin(0, &path);
            // The lookup is there, its tiles are being asked for.
            world.pass(58);
            assert!(world.clusters["sum"].asked.len() > 2, "{:?}", world.clusters["sum"].asked);
            world.fail_one("sum");
            world.pass(gap);
            let second = world.begin(workers - 1, &path);
            world.settle();
            assert_settled(&mut world, workers);
            for stream in [first, second] {
                let answer = world.response(stream);
                assert!(matches!(answer.status, 200 | 504), "{}", body(&answer));
                assert!(!body(&answer).contains("nothing proves"), "{}", body(&answer));
            }
            assert_eq!(get(&mut world, workers, &path).status, 200);
        }
    }
}

/// As above, with somebody who asks while the rest of what failed is still to come.
#[test]
fn scenario_what_comes_late_is_no_answer_to_an_attempt_that_has_not_begun() {
    for gap in (0..50).step_by(6) {
        let mut world = world(1);
        database(&mut world).grow("", 1_000);
        let first = world.begin(0, LOOKUP);
        world.pass(58);
        assert!(gets(&world, "sum", "/tile/8/1/000.p/3") == 1, "{:?}", world.clusters["sum"].asked);
        world.fail_one("sum");
        world.pass(1);
        assert_eq!(world.response(first).status, 504);
        world.pass(gap);
        let second = world.begin(0, LOOKUP);
        world.settle();
        assert_settled(&mut world, 1);
        let answer = world.response(second);
        assert_eq!(answer.status, 200, "{gap}: {}", body(&answer));
    }
}

/// Each commit of a module may have the largest go.mod there can be, and whoever asks for all at once would end the VM.
#[test]
fn scenario_no_more_is_held_unproven_than_there_is_memory_for() {
    let mut world = world(1);
    world.cluster("sum").latency = 5_000;
    let lines = "// words\n".repeat((15 << 20) / 9);
    let modules: Vec<_> = (0..10).map(|number| format!("example.com/large{number}")).collect();
    for module in &modules {
        let go_mod = format!("module {module}\n{lines}");
        let h1 = H1::of_go_mod(go_mod.as_bytes());
        database(&mut world).publish(module, "v1.0.0", &H1([7; 32]), &h1);
        world.cluster("public").serve(&format!("/base/{module}/@v/v1.0.0.mod"), &go_mod);
    }
    let usual = publish(&mut world, "example.com/usual");
    world.cluster("storage").latency = 100;
    let large: Vec<_> =
        modules.iter().map(|module| world.begin(0, &format!("/{module}/@v/v1.0.0.mod"))).collect();
    world.pass(1_000);
    let usual = world.begin(0, &usual);
    world.settle();
    let answers: Vec<_> = large.iter().map(|stream| world.response(*stream)).collect();
    let said = |text: &str| {
        answers.iter().filter(|answer| answer.status == 503 && body(answer).contains(text)).count()
    };
    assert_eq!(said("too many other large go.mod files are being fetched; try again"), 2, "eight are held");
    // Four of which are given at once, until they are read.
    assert_eq!(said("too many other clients have not read their answers yet"), 4);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 4);
    assert_eq!(world.response(usual).status, 200, "what is small is no burden");
    // Nor are more on their way into storage than there is memory for: the rest is written when it is asked for again.
    let written = |world: &World| {
        let paths = world.clusters["storage"].paths();
        paths.filter(|path| path.contains("large") && path.ends_with(".mod")).count()
    };
    assert_eq!(written(&world), 4);
    assert_settled(&mut world, 1);
}
