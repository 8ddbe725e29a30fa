//! Builds that are posted.

use super::*;
use crate::{cx::Verdict, http::CallFailure, worker::tests::routed_to};

#[test]
fn scenario_a_build_that_was_posted_is_a_hit_for_the_client_that_comes_later() {
    for workers in [1, 3] {
        let mut world = open(workers);
        for n in 0..5 {
            publish(&mut world, "public", &format!("example.com/m{n}"), "v1.0.0");
        }
        let go_sum: String = (0..5)
            .map(|n| {
                let name = format!("example.com/m{n} v1.0.0");
                // Of the last one the go.mod alone is read.
                let zip = if n < 4 { format!("{name} {HASH}\n") } else { String::new() };
                format!("{zip}{name}/go.mod {HASH}\n")
            })
            .collect();
        let page = prewarm(&mut world, 0, &go_sum);
        let seen = shown(&mut world, workers - 1, &page);
        assert_eq!((seen["state"].as_str(), seen["files"]["all"].as_u64()), (Some("running"), Some(13)));
        assert!(seen["to_do"].as_array().unwrap().iter().any(|one| one == "example.com/m4@v1.0.0"));
        world.settle();
        let seen = shown(&mut world, workers - 1, &page);
        assert_eq!((seen["state"].as_str(), counts(&seen)), (Some("done"), [13, 0, 0, 0, 0]), "{seen}");
        assert_eq!(counted(&world, "prewarm_files_total.outcome.ready"), 13);
        assert_eq!((asked(&world, "public", "m4/@v"), asked(&world, "public", "m4/@v/v1.0.0.mod")), (1, 1));
        for n in 0..4 {
            for file in ["info", "mod", "zip"] {
                let path = format!("/modules/example.com/m{n}/@v/v1.0.0.{file}");
                assert!(world.clusters["storage"].bytes(&path).is_some(), "{path}");
            }
        }
        // The upstream is gone.
        world.cluster("public").fault = Some(CallFailure::Dropped);
        for worker in 0..workers {
            for file in ["info", "mod"] {
                let path = format!("/example.com/m0/@v/v1.0.0.{file}");
                assert_eq!(world.get(worker, &path).status, 200, "{path}");
            }
            let zip = world.begin(worker, "/example.com/m3/@v/v1.0.0.zip");
            world.settle();
            assert_eq!(routed_to(&world, zip), "storage");
            let _ = world.answer_routed(worker, zip, 200, &[("content-length", "100")]);
            world.leave(worker, zip);
        }
        assert!(world.log.iter().any(|line| line.contains("of 13 files 13 are ready")), "{:?}", world.log);
        world.settle();
        assert!((0..workers).all(|worker| world.worker(worker).jobs().is_empty()));
    }
}

#[test]
fn scenario_what_is_refused_is_not_fetched_and_one_that_fails_does_not_stop_the_others() {
    let mut world = open(2);
    for n in 0..10 {
        publish(&mut world, "public", &format!("example.com/m{n}"), "v1.0.0");
    }
    for module in ["bad.test/m", "team.test/m"] {
        publish(&mut world, "public", module, "v1.0.0");
    }
    world.cluster("public").fault_of = Some(("GET", "/example.com/m3/", CallFailure::Dropped));
    let mut list: String = (0..10).map(|n| format!("example.com/m{n}@v1.0.0\n")).collect();
    list.push_str("bad.test/m v1.0.0\nteam.test/m v1.0.0\nexample.com/none v1.0.0\n");
    let page = prewarm(&mut world, 0, &list);
    world.settle();
    let seen = shown(&mut world, 1, &page);
    assert_eq!(counts(&seen), [30, 3, 3, 3, 0], "{seen}");
    let troubles = seen["troubles"].as_array().unwrap();
    let of = |part: &str| {
        let one = troubles.iter().find(|one| one["file"].as_str().unwrap().contains(part)).unwrap();
        format!("{}: {}", one["outcome"].as_str().unwrap(), one["reason"].as_str().unwrap())
    };
    assert!(
        of("bad.test").starts_with("refused: ") && of("bad.test").contains("no-bad"),
        "{}",
        of("bad.test")
    );
    assert!(of("m3/@v/v1.0.0.zip").starts_with("failed: ") && of("m3/").contains("public"), "{}", of("m3/"));
    assert!(of("none").starts_with("missing: "), "{}", of("none"));
    assert_eq!(asked(&world, "public", "bad.test"), 0);
    assert_eq!(counted(&world, "prewarm_files_total.outcome.refused"), 3);
    assert_eq!(counted(&world, "refusals_total.reason.no-bad"), 0, "it was no request");
    // Whoever posts may have less.
    assert_eq!(get_as(&mut world, 0, "other", "/team.test/m/@v/v1.0.0.mod").status, 403);
    assert_eq!(get_as(&mut world, 0, "ci", "/team.test/m/@v/v1.0.0.mod").status, 200);
}

#[test]
fn scenario_a_private_module_is_asked_of_its_own_source() {
    let mut world = open(1);
    publish(&mut world, "corp", "corp.test/m", "v1.0.0");
    let page = prewarm(&mut world, 0, "module a.b\n\ntoolchain go1.22.3\n\nrequire corp.test/m v1.0.0\n");
    world.settle();
    let seen = shown(&mut world, 0, &page);
    assert_eq!(counts(&seen), [3, 0, 0, 0, 0]);
    assert!(seen["passed_over"].as_str().unwrap().starts_with("line 3: toolchain"), "{seen}");
    assert_eq!((asked(&world, "corp", "corp.test"), asked(&world, "public", "corp.test")), (3, 0));
}

#[test]
fn scenario_all_workers_together_keep_the_pace() {
    for rate in [5, 20] {
        let mut world = with(2, &CONFIG.replace(r#""rate": 20"#, &format!(r#""rate": {rate}"#)));
        world.cluster("public").latency = 1;
        for n in 0..40 {
            publish(&mut world, "public", &format!("example.com/m{n}"), "v1.0.0");
        }
        let list = |from: usize| -> String {
            (from..from + 20).map(|n| format!("example.com/m{n} v1.0.0\n")).collect()
        };
        let pages = [prewarm(&mut world, 0, &list(0)), prewarm(&mut world, 1, &list(20))];
        let mut before = 0;
        for second in 0..3 {
            world.pass(1000);
            let now = asked(&world, "public", "/@v/");
            let most = rate + rate / 10 + 1;
            assert!((rate - 1..=most).contains(&(now - before)), "{second}: {} of {rate}", now - before);
            before = now;
        }
        world.settle();
        for page in pages {
            assert_eq!(counts(&shown(&mut world, 0, &page)), [60, 0, 0, 0, 0]);
        }
        assert_eq!(asked(&world, "public", "/@v/"), 120);
    }
}

#[test]
fn scenario_what_is_there_is_asked_for_by_none_and_what_two_ask_for_by_one() {
    let mut world = open(2);
    for n in 0..6 {
        publish(&mut world, "public", &format!("example.com/m{n}"), "v1.0.0");
    }
    let list: String =
        (0..6).map(|n| format!("example.com/m{n} v1.0.0\nexample.com/m{n}@v1.0.0\n")).collect();
    let pages = [0, 1].map(|worker| prewarm(&mut world, worker, &list));
    // And a client beside them.
    let client = world.begin(1, "/example.com/m5/@v/v1.0.0.mod");
    world.settle();
    assert_eq!(world.response(client).status, 200);
    for page in &pages {
        assert_eq!(counts(&shown(&mut world, 0, page)), [18, 0, 0, 0, 0]);
    }
    assert_eq!(asked(&world, "public", "/@v/"), 18, "{:?}", world.clusters["public"].asked);
    let before = world.now.0;
    let page = prewarm(&mut world, 0, &list);
    world.settle();
    assert_eq!(
        (counts(&shown(&mut world, 0, &page)), asked(&world, "public", "/@v/")),
        ([18, 0, 0, 0, 0], 18)
    );
    assert!(world.now.0 - before < 500, "what is known needs no turn: {}", world.now.0 - before);
}

#[test]
fn scenario_clients_come_first() {
    let small = CONFIG.replacen('{', r#"{"fetch": {"concurrent_per_upstream": 8, "concurrent": 16},"#, 1);
    let mut world = with(1, &small.replace(r#""rate": 20"#, r#""rate": 1000"#));
    for n in 0..60 {
        publish(&mut world, "public", &format!("example.com/m{n}"), "v1.0.0");
    }
    // The upstream is asked as much as it may be: nothing else begins.
    let crowd: Vec<_> =
        (0..12).map(|n| world.begin(0, &format!("/example.com/m{n}/@v/v1.0.0.mod"))).collect();
    let list: String = (20..60).map(|n| format!("example.com/m{n} v1.0.0\n")).collect();
    let page = prewarm(&mut world, 0, &list);
    world.pass(90);
    assert_eq!(asked(&world, "public", ".info"), 0);
    // While it is fetched, a client waits for no longer than for its own answer and those under way.
    world.pass(1000);
    assert!(asked(&world, "public", ".info") > 0);
    assert!(crowd.iter().all(|stream| world.response(*stream).status == 200));
    for n in 12..20 {
        let began = world.now.0;
        let stream = world.begin(0, &format!("/example.com/m{n}/@v/v1.0.0.mod"));
        while world.verdict(stream) == &Verdict::Wait {
            world.pass(10);
        }
        assert!(world.now.0 - began <= 220, "{n}: {}", world.now.0 - began);
    }
    world.settle();
    assert_eq!(counts(&shown(&mut world, 0, &page)), [120, 0, 0, 0, 0]);
}

#[test]
fn scenario_what_is_too_large_to_be_held_is_copied() {
    for (bytes, dialect) in [(0, "s3"), (1 << 20, "s3"), (1 << 20, "webdav")] {
        let config = CONFIG
            .replacen('{', &format!(r#"{{"fetch": {{"zip_bytes": {bytes}}},"#), 1)
            .replace(r#"modules"},"#, &format!(r#"modules", "dialect": "{dialect}"}},"#));
        let mut world = with(2, &config);
        world.cluster("public").gives_ranges = true;
        publish(&mut world, "public", "example.com/m", "v1.0.0");
        let noise =
            (0..3_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
        let zip = crate::sim::zip("example.com/m@v1.0.0/", &[("noise", noise)]);
        world.cluster("public").serve_bytes("/base/example.com/m/@v/v1.0.0.zip", zip.clone());
        let page = prewarm(&mut world, 1, "example.com/m v1.0.0\n");
        world.settle();
        let seen = shown(&mut world, 0, &page);
        assert_eq!(counts(&seen), [3, 0, 0, 0, 0], "{bytes} {dialect}: {seen} {:?}", world.log);
        let at = if dialect == "s3" { "%40v" } else { "@v" };
        let stored = world.clusters["storage"].bytes(&format!("/modules/example.com/m/{at}/v1.0.0.zip"));
        assert!(stored == Some(&zip[..]), "{bytes} {dialect}");
    }
}

#[test]
fn scenario_there_is_a_bound_and_who_meets_it_is_told() {
    let mut world = open(2);
    world.cluster("public").latency = 600_000;
    for n in 0..16 {
        publish(&mut world, "public", &format!("example.com/m{n}"), "v1.0.0");
        prewarm(&mut world, n % 2, &format!("example.com/m{n} v1.0.0\n"));
    }
    let stream = post_as(&mut world, 0, "ci", "/-/prewarm", "example.com/m v1.0.0\n");
    world.work(0);
    let answer = world.response(stream);
    assert_eq!((answer.status, header(&answer, "retry-after")), (503, "60"));

    let mut world = open(1);
    world.cluster("public").latency = 600_000;
    let list: String = (0..2900).map(|n| format!("example.com/m v1.0.{n}\n")).collect();
    prewarm(&mut world, 0, &list);
    prewarm(&mut world, 0, &list);
    let stream = post_as(&mut world, 0, "ci", "/-/prewarm", &list);
    while world.work(0) {}
    assert_eq!(world.response(stream).status, 503);
    assert!(counted(&world, "refusals_total.reason.budget") > 0);
}

#[test]
fn scenario_only_those_who_are_named_may_post_and_what_they_post_is_read() {
    let mut world = open(1);
    for (user, page, text, want, told) in [
        ("", "/-/prewarm", "a.b v1.0.0", 403, "sync.prewarm.principals"),
        ("other", "/-/missing", "a.b v1.0.0", 403, "sync.prewarm.principals"),
        ("ci", "/-/prewarm", "a.b v1.0.0\nexample.com/m main\n", 400, "line 2"),
        ("ci", "/-/prewarm", "<html>", 400, "line 1"),
        ("ci", "/-/prewarm", "\u{fffd}", 400, "line 1"),
        ("ci", "/-/prewarm?format=go.sum", "a.b v1.0.0", 400, "line 1: a line of a go.sum"),
        ("ci", "/-/prewarm?format=zip", "a.b v1.0.0", 400, "go.mod, go.sum or list"),
        ("ci", "/-/prewarm?fromat=list", "a.b v1.0.0", 400, "fromat"),
        ("ci", "/-/missing", "module a.b\nrequire (\n\ta.c main\n)\n", 400, "line 3"),
    ] {
        let stream = post_as(&mut world, 0, user, page, text);
        world.settle();
        let answer = world.response(stream);
        assert_eq!(answer.status, want, "{user} {page} {text}");
        assert!(body(&answer).contains(told), "{page} {text}: {}", body(&answer));
    }
    let get = world.begin_with(0, "GET", "/-/prewarm", &[("x-user", "ci")]);
    assert_eq!((world.response(get).status, header(&world.response(get), "allow")), (405, "POST"));
    for page in ["/-/prewarm/none", "/-/prewarm/18bcfe56800-0"] {
        assert_eq!(get_as(&mut world, 0, "ci", page).status, 404);
        assert_eq!(get_as(&mut world, 0, "other", page).status, 403);
    }
    let none = prewarm(&mut world, 0, "module a.b\n");
    assert_eq!(shown(&mut world, 0, &none)["state"], "done");
    let mut without = with(1, &CONFIG.replace(r#""principals": ["ci"], "modules""#, r#""modules""#));
    for page in ["/-/prewarm", "/-/missing"] {
        let stream = post_as(&mut without, 0, "ci", page, "a.b v1.0.0");
        assert_eq!(without.response(stream).status, 404, "{page}");
    }
}

#[test]
fn scenario_a_worker_that_ends_leaves_a_build_that_is_seen_to_be_lost() {
    let mut world = open(2);
    world.cluster("public").latency = 600_000;
    publish(&mut world, "public", "example.com/m", "v1.0.0");
    let page = prewarm(&mut world, 0, "example.com/m v1.0.0\n");
    world.pass(20_000);
    assert_eq!(shown(&mut world, 1, &page)["state"], "running");
    world.crash(0);
    world.pass(31_000);
    let seen = shown(&mut world, 1, &page);
    assert_eq!((seen["state"].as_str(), counts(&seen)), (Some("lost"), [0, 0, 0, 0, 3]));
}
