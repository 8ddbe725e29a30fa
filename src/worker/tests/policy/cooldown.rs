//! Versions that have to be of some age, and how that is found out.

use super::*;
use crate::{
    config::{self, Pages},
    http::{Headers, Reply, Timestamp},
    shared::Region,
};

const WEEK: u64 = 7 * DAY;
const COOLDOWN: &str = r#"{"modules": ["*"], "action": "cooldown", "age": "7d"}"#;
const M: &str = "example.com/m";
const LIST: &str = "/example.com/m/@v/list";
const INFO: &str = "/example.com/m/@v/v1.0.0.info";
const MOD: &str = "/example.com/m/@v/v1.0.0.mod";

/// A module whose one version has this `.info`.
fn with_info(info: &str) -> World {
    let mut world = world(1, &rules(COOLDOWN));
    publish_as(&mut world, M, "v1.0.0", info);
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\n");
    resolve(&mut world, M, "@latest", info);
    resolve(&mut world, M, "@v/master.info", info);
    world
}

/// Whether the one version is served and shown, on every route alike.
#[track_caller]
fn is_old_enough(world: &mut World) -> bool {
    let mut ways = by_name(M, "v1.0.0").to_vec();
    ways.extend(["@latest", "@v/master.info"].map(|file| format!("/{M}/{file}")));
    let statuses: Vec<_> = ways.iter().map(|path| status(world, path)).collect();
    let list = ask(world, LIST);
    let expected = if statuses[0] == 200 { "v1.0.0\n" } else { "" };
    assert_eq!((list.status, list.body.as_str()), (200, expected));
    assert!(statuses.iter().all(|status| *status == statuses[0]), "{statuses:?}");
    assert!([200, 403].contains(&statuses[0]), "{statuses:?}");
    statuses[0] == 200
}

#[test]
fn a_version_is_as_old_as_its_info_says() {
    let at = |time: &str| format!(r#"{{"Version":"v1.0.0","Time":"{time}"}}"#);
    // The clock begins at 2023-11-14T22:13:20Z.
    for (info, expected) in [
        (at("2023-11-07T22:13:20Z"), true),
        (at("2023-11-07T22:23:20Z"), false),
        (at("2023-11-08T00:13:20+02:00"), true),
        (at("2023-11-08T00:23:20+02:00"), false),
        (at("2023-11-07T20:13:20.999-02:00"), false),
        (at("2038-01-01T00:00:00Z"), false),
        // Nothing is known: it is as old as it was seen first.
        (at("0001-01-01T00:00:00Z"), false),
        (at("yesterday"), false),
        (at(""), false),
        (r#"{"Version":"v1.0.0","Time":null}"#.to_owned(), false),
        (r#"{"Version":"v1.0.0"}"#.to_owned(), false),
        // The go command takes keys in any case: the one that makes it younger counts.
        (
            r#"{"time":"2023-11-14T00:00:00Z","Version":"v1.0.0","Time":"2020-01-01T00:00:00Z"}"#.to_owned(),
            false,
        ),
        (
            r#"{"Time":"2020-01-01T00:00:00Z","Version":"v1.0.0","TIME":"2023-11-14T00:00:00Z"}"#.to_owned(),
            false,
        ),
        (r#"{"version":"v1.0.0","tIME":"2020-01-01T00:00:00Z"}"#.to_owned(), true),
    ] {
        let mut world = with_info(&info);
        assert_eq!(is_old_enough(&mut world), expected, "{info}");
        assert_idle(&mut world, 1);
    }
}

#[test]
fn it_may_be_had_from_the_very_moment_on() {
    let mut world = with_info(&format!(r#"{{"Version":"v1.0.0","Time":"{}"}}"#, rfc3339(START - DAY)));
    assert!(!is_old_enough(&mut world));
    world.cluster("storage").latency = 0;
    // What has to be asked for anew has to come in no time.
    for cluster in ["public", "sum"] {
        world.cluster(cluster).latency = 0;
    }
    world.set_clock(Timestamp(START - DAY + WEEK - 1));
    assert!(!is_old_enough(&mut world));
    // For a second more the worker would give the list that it has just given.
    world.crash(0);
    world.pass(1);
    assert!(is_old_enough(&mut world));
}

#[test]
fn only_those_it_is_for_have_to_wait() {
    let rule = format!(
        r#"{{"exact": ["example.com/m"], "versions": ["v1.0.1"], "action": "allow"}},
           {{"modules": ["example.com"], "principals": ["ann"], "action": "allow"}}, {COOLDOWN}"#
    );
    let mut world = world(1, &rules(&rule));
    publish(&mut world, M, &[("v1.0.0", WEEK + HOUR), ("v1.0.1", HOUR), ("v1.0.2", HOUR)]);
    resolve(&mut world, M, "@latest", r#"{"Version":"v1.0.2"}"#);
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.0.1\n");
    assert!(ask(&mut world, "/example.com/m/@latest").body.contains("v1.0.1"));
    let ann = [("x-user", "ann")];
    assert_eq!(ask_with(&mut world, 0, "GET", LIST, &ann).body, "v1.0.0\nv1.0.1\nv1.0.2\n");
    for path in by_name(M, "v1.0.2") {
        assert_eq!(status(&mut world, &path), 403, "{path}");
        assert_eq!(ask_with(&mut world, 0, "GET", &path, &ann).status, 200, "{path}");
    }
    world.pass(WEEK);
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.0.1\nv1.0.2\n");
    assert!(ask(&mut world, "/example.com/m/@latest").body.contains("v1.0.2"));
}

/// The rule after a cool-down decides once it is over.
#[test]
fn what_is_old_enough_is_for_the_next_rule() {
    let rule = format!(r#"{COOLDOWN}, {{"modules": ["*"], "versions": ["v1.0.0"], "action": "deny"}}"#);
    let mut world = world(1, &rules(&rule));
    publish(&mut world, M, &[("v1.0.0", 90 * DAY), ("v1.1.0", 90 * DAY), ("v1.2.0", DAY)]);
    assert_eq!(ask(&mut world, LIST).body, "v1.1.0\n");
}

/// Without a time in the `.info` a version is as old as it was seen here, however often the index lost it since.
#[test]
fn first_seen_stays_first() {
    for first in
        [INFO, MOD, LIST, "/example.com/m/@v/v1.0.0.zip", "/sumdb/sum.test/lookup/example.com/m@v1.0.0"]
    {
        let mut world = with_info(r#"{"Version":"v1.0.0"}"#);
        assert_eq!(status(&mut world, first), if first == LIST { 200 } else { 403 }, "{first}");
        for day in 1..=7 {
            world.event(0, |worker, cx| {
                worker.services.index.forget(cx.kv, Region::Found, &INFO[1..], cx.now);
            });
            world.crash(0);
            world.pass(DAY);
            let expected = if day == 7 { 200 } else { 403 };

            assert_eq!(status(&mut world, INFO), expected, "first by {first}, {day} days later");
        }
        assert!(is_old_enough(&mut world), "first by {first}");
    }
}

/// What was first seen when everything was allowed is not new when a rule comes.
#[test]
fn what_was_seen_before_the_rule_came_has_been_seen() {
    let mut world = with_info(r#"{"Version":"v1.0.0"}"#);
    reconfigure(&mut world, 1, &config(""));
    assert_eq!(status(&mut world, INFO), 200);
    world.pass(8 * DAY);
    reconfigure(&mut world, 1, &rules(COOLDOWN));
    assert!(is_old_enough(&mut world));
}

fn many(workers: usize, more: &str) -> World {
    let mut world = world(workers, &config(&format!(r#"{more} "policy": {{"rules": [{COOLDOWN}]}},"#)));
    let versions: Vec<_> =
        (0..300).map(|n| (format!("v1.{n}.0"), if n % 3 == 0 { DAY } else { 90 * DAY })).collect();
    let versions: Vec<_> = versions.iter().map(|(version, age)| (version.as_str(), *age)).collect();
    publish(&mut world, M, &versions);
    world
}

fn infos(world: &World) -> usize {
    asked(world, ".info")
}

#[test]
fn a_long_list_is_asked_about_once_and_little_by_little() {
    for workers in [1, 4] {
        let mut world = many(workers, "");
        let crowd: Vec<_> = (0..workers * 5).map(|n| (n % workers, world.begin(n % workers, LIST))).collect();
        // Storage is asked first: it has none.
        world.pass(102);
        let asked = world.clusters["public"].asked.len() - 1;
        assert!((1..=64 * workers).contains(&asked), "{asked} at once");
        world.settle();
        for (worker, stream) in crowd {
            assert_eq!(end(&mut world, worker, stream).body.lines().count(), 200);
        }
        let asked = world.clusters["public"].asked.iter().filter(|asked| asked.ends_with(".info"));
        let asked = asked.count();
        // Where two leases meet in a slot, nobody waits for another.
        let most = if workers == 1 { 300 } else { 310 };
        assert!((300..=most).contains(&asked), "{asked} by {workers} workers");
        forget_asked(&mut world);
        for worker in 0..workers {
            world.pass(70_000);
            assert_eq!(ask_with(&mut world, worker, "GET", LIST, &[]).body.lines().count(), 200);
        }
        // Nor after a worker has died.
        world.crash(0);
        assert_eq!(ask(&mut world, LIST).body.lines().count(), 200);
        assert_eq!(infos(&world), 0, "it is known by now");
        assert_idle(&mut world, workers);
    }
}

/// The dates of a long list fail: the source is not asked for each of them, and what was found out is kept.
#[test]
fn a_source_that_fails_is_not_asked_for_every_date() {
    let mut world = many(1, "");
    let failed = Reply::Answered { status: 500, headers: Headers::default(), body: Vec::new() };
    for n in 0..300 {
        world.cluster("public").first(&format!("/base/{M}/@v/v1.{n}.0.info"), vec![failed.clone(); 4]);
    }
    let mut requests = 0;
    loop {
        forget_asked(&mut world);
        let got = ask(&mut world, LIST);
        let asked = crate::worker::tests::gets(&world, "public", ".info");
        assert!(asked < 300 * 3, "{asked}, and not all four times");
        requests += 1;
        if got.body.lines().count() == 200 {
            break;
        }
        assert!(got.status != 404 && requests < 6, "{got:?}");
        world.pass(60_000);
    }
    assert!(requests > 1);
    assert_idle(&mut world, 1);
}

/// Neither the list nor what is known of its versions fits; it is answered all the same, and asked about once by each worker.
#[test]
fn an_index_too_small_for_it_costs_questions_and_no_answers() {
    let pages = |count, bytes| Pages { count, bytes };
    let index = |found, large| Some(config::Index { found, large, missing: pages(1, 1000) });
    for (more, index) in [
        ("", index(pages(1, 8_000), pages(1, 32_000))),
        ("", index(pages(4096, 512), pages(0, 0))),
        ("", index(pages(1, 512), pages(0, 0))),
        (r#""freshness": {"list": "0s", "latest": "0s"},"#, None),
    ] {
        let mut world = many(2, more);
        if let Some(index) = index {
            world.resize_index(index);
        }
        resolve(&mut world, M, "@latest", r#"{"Version":"v1.297.0"}"#);
        for worker in [0, 1, 0] {
            let got = ask_with(&mut world, worker, "GET", LIST, &[]);
            assert_eq!((got.status, got.body.lines().count()), (200, 200), "{index:?}");
        }
        forget_asked(&mut world);
        assert_eq!(ask(&mut world, LIST).body.lines().count(), 200, "{index:?}");
        assert_eq!(infos(&world), 0, "{index:?}");
        assert!(ask(&mut world, "/example.com/m/@latest").body.contains("v1.299.0"), "{index:?}");
        assert_idle(&mut world, 2);
    }
}

#[test]
fn a_new_version_is_hidden_as_soon_as_it_is_listed() {
    let mut world = world(2, &rules(COOLDOWN));
    publish(&mut world, M, &[("v1.0.0", 90 * DAY)]);
    resolve(&mut world, M, "@latest", r#"{"Version":"v1.0.0"}"#);
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\n");
    publish(&mut world, M, &[("v1.0.0", 90 * DAY), ("v1.1.0", 0)]);
    resolve(&mut world, M, "@latest", &format!(r#"{{"Version":"v1.1.0","Time":"{}"}}"#, rfc3339(START)));
    for _ in 0..10 {
        world.pass(45_000);
        for worker in 0..2 {
            assert_eq!(ask_with(&mut world, worker, "GET", LIST, &[]).body, "v1.0.0\n");
            assert!(
                ask_with(&mut world, worker, "GET", "/example.com/m/@latest", &[]).body.contains("v1.0.0")
            );
        }
    }
    world.pass(WEEK);
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\n");
    assert!(ask(&mut world, "/example.com/m/@latest").body.contains("v1.1.0"));
}

#[test]
fn whoever_forbids_fetching_makes_nobody_fetch() {
    let mut world = with_info(&format!(r#"{{"Version":"v1.0.0","Time":"{}"}}"#, rfc3339(START - 90 * DAY)));
    let forbids = [("disable-module-fetch", "true")];
    for path in by_name(M, "v1.0.0") {
        let got = ask_with(&mut world, 0, "GET", &path, &forbids);
        assert!([403, 404].contains(&got.status), "{path}: {got:?}");
    }
    for file in ["@v/list", "@latest"] {
        assert_eq!(ask_with(&mut world, 0, "GET", &format!("/{M}/{file}"), &forbids).status, 404);
    }
    assert_eq!(world.clusters["public"].asked, [""; 0]);
    // What is here is given.
    for path in by_name(M, "v1.0.0") {
        assert_eq!(status(&mut world, &path), 200);
        assert_eq!(ask_with(&mut world, 0, "GET", &path, &forbids).status, 200, "{path}");
    }
}
