//! Versions that their authors have retracted, where the policy warns of them or denies them.

use super::*;
use crate::{cx::Verdict, http::CallFailure, worker::tests::tiny_index};

const M: &str = "example.com/m";
const LIST: &str = "/example.com/m/@v/list";
const LATEST: &str = "/example.com/m/@latest";
const NEWEST: &str = "/base/example.com/m/@v/v1.3.0.mod";
const GO_MOD: &str =
    "// Deprecated: use example.com/n\nmodule example.com/m\nretract v1.2.0 // leaks\nretract v1.1.0\n";
const DENY: &str = r#""policy": {"retracted": "deny"},"#;
const WARN: &str = r#""policy": {"retracted": "warn"},"#;

/// Four versions, the newest of which says this of the others.
fn furnished(workers: usize, more: &str, go_mod: &str) -> World {
    let mut world = world(workers, &config(more));
    let versions = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"];
    publish(&mut world, M, &versions.map(|version| (version, 90 * DAY)));
    resolve(&mut world, M, "@latest", r#"{"Version":"v1.3.0","Time":"2023-01-01T00:00:00Z"}"#);
    resolve(&mut world, M, "@v/master.info", r#"{"Version":"v1.2.0","Time":"2023-01-01T00:00:00Z"}"#);
    say(&mut world, NEWEST, go_mod);
    world
}

/// The go.mod of a version says this.
fn say(world: &mut World, path: &str, go_mod: &str) {
    world.cluster("public").serve(path, go_mod);
}

/// What a client is told beside a version: why it is retracted, and the module deprecated.
type Told = (u16, Option<String>, Option<String>);

#[track_caller]
fn told(world: &mut World, worker: usize, path: &str) -> Told {
    let stream = world.begin(worker, path);
    world.settle();
    let value = |headers: &[(String, String)], name: &str| {
        headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    };
    let of = |status, headers: Vec<(String, String)>| {
        (status, value(&headers, "x-modgate-retracted"), value(&headers, "x-modgate-deprecated"))
    };
    let told = match world.verdict(stream) {
        Verdict::Respond(response) => {
            let headers = response.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            of(response.status, headers.collect())
        }
        Verdict::Route(_) => match world.answer_routed(worker, stream, 200, &[("content-length", "22")]) {
            Verdict::Edit(edit) => of(200, edit.set),
            other => panic!("{other:?}"),
        },
        other => panic!("{path}: {other:?}"),
    };
    world.leave(worker, stream);
    world.settle();
    told
}

fn counted(world: &World, outcome: &str) -> u64 {
    world.counters.get(&format!("modgate.retracted_total.outcome.{outcome}")).copied().unwrap_or_default()
}

fn refused(world: &World) -> u64 {
    world.counters.get("modgate.refusals_total.reason.retracted").copied().unwrap_or_default()
}

#[track_caller]
fn assert_denied(world: &mut World, worker: usize, path: &str) {
    let got = ask_with(world, worker, "GET", path, &[]);
    assert_eq!(got.status, 403, "{path}: {got:?}");
    assert!(got.body.contains("v1.2.0 is retracted by its author"), "{path}: {}", got.body);
    assert!(got.body.contains("The go.mod of example.com/m@v1.3.0 says so: leaks\n"), "{path}: {}", got.body);
    assert!(got.body.contains("go get example.com/m@latest finds one"), "{path}: {}", got.body);
}

/// The first request of all finds out what the author says, whatever it asks for, and so does another worker's.
#[test]
fn what_is_retracted_is_denied_by_every_name_from_the_first_request_on() {
    let mut paths: Vec<_> = by_name(M, "v1.2.0").into();
    paths.push(format!("/{M}/@v/master.info"));
    for first in &paths {
        let mut world = furnished(2, DENY, GO_MOD);
        for worker in [0, 1, 0] {
            assert_denied(&mut world, worker, first);
        }
        for path in &paths {
            assert_denied(&mut world, 1, path);
            assert_denied(&mut world, 0, path);
        }
        for path in by_name(M, "v1.0.0").iter().chain(&by_name(M, "v1.3.0")) {
            assert_eq!(status(&mut world, path), 200, "{path}");
        }
        assert_eq!(refused(&world), 3 + 2 * 5);
        assert_eq!(counted(&world, "unknown"), 0);
        for file in ["@v/list", "v1.3.0.mod"] {
            assert_eq!(super::super::gets(&world, "public", file), 1, "{first}: {file}, once for all");
        }
        assert_eq!(super::super::gets(&world, "public", "v1.2.0.zip"), 0, "{first}");
        assert_idle(&mut world, 2);
    }
}

#[test]
fn lists_and_the_latest_do_not_show_it() {
    for (go_mod, list, latest) in [
        (GO_MOD, "v1.0.0\nv1.3.0\n", Some("v1.3.0")),
        ("module example.com/m\nretract v1.3.0\n", "v1.0.0\nv1.1.0\nv1.2.0\n", Some("v1.2.0")),
        ("module example.com/m\nretract [v1.2.0, v1.3.0]\n", "v1.0.0\nv1.1.0\n", Some("v1.1.0")),
        ("module example.com/m\nretract [v0.0.0, v1.3.0] // all\n", "", None),
        ("module example.com/m\n", "v1.0.0\nv1.1.0\nv1.2.0\nv1.3.0\n", Some("v1.3.0")),
    ] {
        for first in [LIST, LATEST] {
            let mut world = furnished(1, DENY, go_mod);
            for _ in 0..2 {
                for path in [first, LIST, LATEST] {
                    let got = ask(&mut world, path);
                    match latest {
                        _ if path == LIST => {
                            assert_eq!((got.status, got.body.as_str()), (200, list), "{go_mod}");
                        }
                        Some(latest) => {
                            assert!(got.status == 200 && got.body.contains(latest), "{go_mod}: {got:?}");
                        }
                        None => {
                            assert!(got.status == 403, "{got:?}");
                            assert!(got.body.contains("v1.3.0 is retracted"), "{got:?}");
                        }
                    }
                    assert!(got.status == 403 || !got.cache_control.ends_with("max-age=0"), "{got:?}");
                }
                world.pass(1_100);
            }
            assert_eq!(super::super::gets(&world, "public", "v1.3.0.mod"), 1, "{go_mod}");
            assert_idle(&mut world, 1);
        }
    }
}

/// A module without tags: the go command reads the go.mod of what `@latest` names.
#[test]
fn where_no_version_is_tagged_the_latest_says_it() {
    let (old, new) = ("v0.0.0-20200101000000-0123456789ab", "v0.0.0-20210101000000-0123456789ab");
    let mut world = world(1, &config(DENY));
    publish(&mut world, M, &[(old, 90 * DAY), (new, 80 * DAY)]);
    world.cluster("public").serve(&upstream(M, "@v/list"), "");
    resolve(&mut world, M, "@latest", &format!(r#"{{"Version":"{new}"}}"#));
    say(&mut world, &upstream(M, &format!("@v/{new}.mod")), &format!("module {M}\nretract {old} // old\n"));
    for path in by_name(M, old) {
        let got = ask(&mut world, &path);
        assert!(got.status == 403 && got.body.contains(": old\n"), "{path}: {got:?}");
    }
    assert_eq!(status(&mut world, &by_name(M, new)[0]), 200);
    assert_idle(&mut world, 1);
}

/// A retraction is advice: a source that cannot say stops no build.
#[test]
fn where_no_source_can_say_it_is_given_for_now_and_counted() {
    let mod_path = &by_name(M, "v1.2.0")[1];
    for (tiny, broken) in [(false, "@v/list"), (false, "v1.3.0.mod"), (true, "@v/list"), (true, "v1.3.0.mod")]
    {
        for failure in [CallFailure::Broken, CallFailure::TimedOut] {
            let mut world = furnished(1, DENY, GO_MOD);
            if tiny {
                world.resize_index(tiny_index(1, 1024));
            }
            world.cluster("public").fault_of = Some(("GET", broken, failure));
            let got = ask(&mut world, mod_path);
            assert_eq!(got.status, 200, "{broken} {failure:?}: {got:?}");
            assert!(got.cache_control.ends_with("max-age=0"), "{broken} {failure:?}: {got:?}");
            assert_eq!(counted(&world, "unknown"), 1, "{broken} {failure:?}");
            if !tiny {
                // Nobody waits for it a second time.
                let between = world.now;
                assert_eq!(status(&mut world, &by_name(M, "v1.2.0")[0]), 200);
                assert!(world.now.since(between).as_secs() < 2, "{broken} {failure:?}");
            }
            world.cluster("public").fault_of = None;
            world.pass(61_000);
            assert_denied(&mut world, 0, mod_path);
            assert_idle(&mut world, 1);
        }
    }
}

#[test]
fn a_slow_source_holds_a_build_for_twenty_seconds_and_no_longer() {
    let mut world = furnished(1, DENY, GO_MOD);
    world.cluster("public").latency = 60_000;
    let stream = world.begin(0, &by_name(M, "v1.2.0")[1]);
    world.pass(19_000);
    assert!(matches!(world.verdict(stream), Verdict::Wait));
    let waits_for = world.clusters["public"].asked.clone();
    assert!(waits_for.iter().all(|line| line.ends_with("@v/list")), "{waits_for:?}");
    world.pass(2_000);
    let waits_for = &world.clusters["public"].asked;
    assert!(waits_for.iter().any(|line| line.ends_with("v1.2.0.mod")), "it goes on: {waits_for:?}");
    world.leave(0, stream);
    world.cluster("public").latency = 10;
    world.pass(120_000);
    assert_denied(&mut world, 0, &by_name(M, "v1.2.0")[1]);
}

/// An operator's rule for this version says that it is meant.
#[test]
fn a_rule_that_names_the_version_is_an_exception() {
    let rule = |versions: &str| {
        format!(
            r#""policy": {{"retracted": "deny", "rules": [{{"modules": ["*"], {versions} "action": "allow"}}]}},"#
        )
    };
    let mut world = furnished(1, &rule(r#""versions": ["v1.2.0"],"#), GO_MOD);
    assert_eq!(status(&mut world, &by_name(M, "v1.1.0")[1]), 403);
    for path in by_name(M, "v1.2.0") {
        assert_eq!(status(&mut world, &path), 200, "{path}");
    }
    assert_eq!(told(&mut world, 0, &by_name(M, "v1.2.0")[1]).1.as_deref(), Some("leaks"));
    assert_eq!(counted(&world, "unknown"), 0);
    let mut world = furnished(1, &rule(""), GO_MOD);
    assert_denied(&mut world, 0, &by_name(M, "v1.2.0")[1]);
}

/// What is denied may be malicious, and has no say.
#[test]
fn what_is_denied_retracts_nothing() {
    let rules = r#""policy": {"retracted": "deny", "rules": [{"modules": ["*"], "versions": ["v1.3.0"], "action": "deny"}]},"#;
    let mut world = furnished(1, rules, "module example.com/m\nretract [v0.0.0, v1.2.0]\n");
    say(&mut world, "/base/example.com/m/@v/v1.2.0.mod", "module example.com/m\nretract v1.1.0 // mine\n");
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.2.0\n");
    let got = ask(&mut world, &by_name(M, "v1.1.0")[0]);
    assert!(got.status == 403 && got.body.contains("m@v1.2.0 says so: mine"), "{got:?}");
    assert_eq!(status(&mut world, &by_name(M, "v1.0.0")[2]), 200);
    assert_eq!(asked(&world, "v1.3.0.mod"), 0);
}

/// A list that names another newest version has its go.mod read, and its word replaces the one before.
#[test]
fn another_newest_version_has_the_last_word() {
    let mut world = furnished(2, DENY, GO_MOD);
    assert_denied(&mut world, 0, &by_name(M, "v1.2.0")[1]);
    assert_eq!(status(&mut world, &by_name(M, "v1.0.0")[1]), 200);
    let versions = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"];
    publish(&mut world, M, &versions.map(|version| (version, 90 * DAY)));
    say(&mut world, NEWEST, GO_MOD);
    say(&mut world, "/base/example.com/m/@v/v1.4.0.mod", "module example.com/m\nretract v1.0.0 // worse\n");
    world.pass(10 * 60_000);
    assert_eq!(ask(&mut world, LIST).body, "v1.1.0\nv1.2.0\nv1.3.0\nv1.4.0\n");
    for worker in [0, 1] {
        let got = ask_with(&mut world, worker, "GET", &by_name(M, "v1.0.0")[1], &[]);
        assert!(got.status == 403 && got.body.contains("m@v1.4.0 says so: worse"), "{got:?}");
        assert_eq!(ask_with(&mut world, worker, "GET", &by_name(M, "v1.2.0")[1], &[]).status, 200);
    }
    assert_idle(&mut world, 2);
}

/// No client of this gateway asks for lists: the gateway looks itself once an hour.
#[test]
fn where_no_client_asks_for_the_list_it_is_looked_at_within_the_hour() {
    for mode in [DENY, WARN] {
        let mut world = furnished(1, mode, "module example.com/m\n");
        let path = &by_name(M, "v1.2.0")[1];
        assert_eq!(told(&mut world, 0, path), (200, None, None));
        let versions = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"];
        publish(&mut world, M, &versions.map(|version| (version, 90 * DAY)));
        say(
            &mut world,
            "/base/example.com/m/@v/v1.4.0.mod",
            "module example.com/m\nretract v1.2.0 // since\n",
        );
        forget_asked(&mut world);
        world.pass(59 * 60_000);
        assert_eq!(told(&mut world, 0, path), (200, None, None));
        assert_eq!(asked(&world, "@v/list"), 0, "{mode}");
        world.pass(2 * 60_000);
        assert_eq!(told(&mut world, 0, path).0, 200, "no client waits for it");
        world.pass(2_000);
        let expected = if mode == DENY { (403, None, None) } else { (200, Some("since".to_owned()), None) };
        assert_eq!(told(&mut world, 0, path), expected);
        assert_eq!(super::super::gets(&world, "public", "@v/list"), 1, "{mode}");
        assert_idle(&mut world, 1);
    }
}

#[test]
fn a_warning_is_for_every_file_and_waits_for_nothing() {
    let mut world = furnished(2, WARN, GO_MOD);
    // Nothing is known, and nobody waits for it.
    let info = &by_name(M, "v1.2.0")[0];
    let stream = world.begin(0, info);
    world.settle();
    let Verdict::Respond(response) = world.verdict(stream) else { panic!("no answer") };
    assert_eq!(response.retracted, None);
    world.leave(0, stream);
    world.pass(2_000);
    let deprecated = Some("use example.com/n".to_owned());
    for worker in [0, 1] {
        for path in &by_name(M, "v1.2.0")[..3] {
            for round in 0..2 {
                let expected = (200, Some("leaks".to_owned()), deprecated.clone());
                assert_eq!(told(&mut world, worker, path), expected, "{path}, {round}");
            }
        }
        for path in [&format!("/{M}/@v/master.info"), &by_name(M, "v1.1.0")[1]] {
            assert!(told(&mut world, worker, path).1.is_some(), "{path}");
        }
        for path in [LIST, LATEST, &by_name(M, "v1.0.0")[2], &by_name(M, "v1.3.0")[1]] {
            assert_eq!(told(&mut world, worker, path), (200, None, deprecated.clone()), "{path}");
        }
    }
    assert_eq!(
        told(&mut world, 0, &by_name(M, "v1.1.0")[0]).1.as_deref(),
        Some("retracted by module author")
    );
    assert_eq!(told(&mut world, 0, &by_name(M, "v1.2.0")[3]), (200, None, None), "a record is no version");
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\nv1.2.0\nv1.3.0\n");
    assert_eq!((counted(&world, "warned"), counted(&world, "unknown")), (2 * (6 + 2) + 1, 0));
    assert_eq!(super::super::gets(&world, "public", "v1.3.0.mod"), 1);
    assert_idle(&mut world, 2);
}

/// It is learnt where it is not waited for: a source that fails, or is slow, delays no client.
#[test]
fn a_warning_is_not_waited_for_where_sources_fail() {
    for failure in [CallFailure::Broken, CallFailure::TimedOut] {
        let mut world = furnished(1, WARN, GO_MOD);
        world.cluster("public").fault_of = Some(("GET", "@v/list", failure));
        for path in &by_name(M, "v1.2.0")[..3] {
            assert_eq!(told(&mut world, 0, path), (200, None, None), "{failure:?} {path}");
        }
        world.pass(300_000);
        assert_eq!(counted(&world, "unknown"), 0);
        assert_idle(&mut world, 1);
    }
}

#[test]
fn by_default_nothing_is_asked_and_nothing_said() {
    for mode in ["", r#""policy": {"retracted": "show"},"#] {
        let mut world = furnished(1, mode, GO_MOD);
        for path in &by_name(M, "v1.2.0")[..3] {
            assert_eq!(told(&mut world, 0, path), (200, None, None), "{path}");
        }
        assert_eq!(told(&mut world, 0, LIST), (200, None, None));
        world.pass(60_000);
        assert_eq!((asked(&world, "v1.3.0.mod"), asked(&world, "@latest")), (0, 0));
        assert_eq!(super::super::gets(&world, "public", "@v/list"), 1);
    }
}

/// With `enforce: false` a denial is monitored like a rule.
#[test]
fn a_denial_that_is_not_enforced_is_said_and_counted() {
    let mut world = furnished(1, r#""policy": {"retracted": "deny", "enforce": false},"#, GO_MOD);
    let _ = told(&mut world, 0, &by_name(M, "v1.0.0")[0]);
    world.pass(2_000);
    for path in &by_name(M, "v1.2.0")[..2] {
        let got = ask(&mut world, path);
        assert_eq!((got.status, got.monitored.as_deref()), (200, Some("retracted")), "{path}: {got:?}");
    }
    assert_eq!(ask(&mut world, &by_name(M, "v1.0.0")[1]).monitored, None);
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.1.0\nv1.2.0\nv1.3.0\n");
    assert_eq!(world.counters["modgate.monitored_total.reason.retracted"], 2);
    let line = "monitored: example.com/m@v1.2.0 would be refused by policy.retracted";
    assert_eq!(world.log.iter().filter(|logged| logged.contains(line)).count(), 1, "{:?}", world.log);
    assert_eq!((refused(&world), counted(&world, "warned")), (0, 2));
}

/// Offline, what is stored says what holds; without an upstream nobody else is asked.
#[test]
fn offline_what_is_stored_says_it() {
    let mut world = furnished(1, "", GO_MOD);
    for version in ["v1.0.0", "v1.2.0", "v1.3.0"] {
        for path in by_name(M, version) {
            assert_eq!(status(&mut world, &path), 200, "{path}");
        }
    }
    reconfigure(&mut world, 1, &config(&format!(r#""mode": "offline", {DENY}"#)));
    forget_asked(&mut world);
    assert_denied(&mut world, 0, &by_name(M, "v1.2.0")[1]);
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.3.0\n");
    assert!(ask(&mut world, LATEST).body.contains("v1.3.0"));
    assert_eq!(status(&mut world, &by_name(M, "v1.0.0")[2]), 200);
    assert!(world.clusters["public"].asked.is_empty());
}

/// A client whose misses are redirected gets no retracted version here, and is not sent to one.
#[test]
fn no_client_is_redirected_to_what_is_retracted() {
    let mut world =
        furnished(1, r#""policy": {"retracted": "deny", "on_miss": {"mode": "redirect"}},"#, GO_MOD);
    for path in &by_name(M, "v1.2.0")[..3] {
        assert_denied(&mut world, 0, path);
    }
    assert_eq!(status(&mut world, &by_name(M, "v1.0.0")[2]), 302);
    assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.3.0\n");
    assert_denied(&mut world, 0, &format!("/{M}/@v/master.info"));
}

/// It forbids fetching, so that nothing can be found out for it; what is known holds for it too.
#[test]
fn a_client_that_forbids_fetching_is_refused_what_is_known() {
    let no_fetch = [("disable-module-fetch", "true")];
    let path = &by_name(M, "v1.2.0")[1];
    let mut world = furnished(1, "", GO_MOD);
    assert_eq!(status(&mut world, path), 200);
    reconfigure(&mut world, 1, &config(DENY));
    let got = ask_with(&mut world, 0, "GET", path, &no_fetch);
    assert_eq!(got.status, 200, "{got:?}");
    assert_eq!(counted(&world, "unknown"), 1);
    world.pass(2_000);
    assert_eq!(ask_with(&mut world, 0, "GET", path, &no_fetch).status, 403, "it was found out since");
}

/// Two callers of one crowd: one question of each kind.
#[test]
fn a_crowd_costs_one_question_of_each_kind() {
    let mut world = furnished(4, DENY, GO_MOD);
    let paths = by_name(M, "v1.2.0");
    let crowd: Vec<_> = (0..40).map(|n| (n % 4, world.begin(n % 4, &paths[n / 4 % 4]))).collect();
    world.settle();
    for (worker, stream) in crowd {
        assert_eq!(end(&mut world, worker, stream).status, 403);
    }
    for file in ["@v/list", "v1.3.0.mod"] {
        assert_eq!(super::super::gets(&world, "public", file), 1, "{file}");
    }
    assert_idle(&mut world, 4);
}

/// The index of this worker cannot keep what was read: it is read for each, and holds all the same.
#[test]
fn without_room_for_it_the_same_holds() {
    let mut world = furnished(1, DENY, GO_MOD);
    world.resize_index(tiny_index(1, 1024));
    for _ in 0..2 {
        for path in by_name(M, "v1.2.0") {
            assert_denied(&mut world, 0, &path);
        }
        assert_eq!(ask(&mut world, LIST).body, "v1.0.0\nv1.3.0\n");
        world.pass(2_000);
    }
    assert_idle(&mut world, 1);
}
