//! Versions that have to be old enough: hidden and refused until they are.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use modgate::http::Timestamp;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::{at_two_workers, wait};
use serde_json::{Value, json};

use super::{FILES, assert_go_shows, assert_refused, go, ruled};

at_two_workers!(
    go_takes_the_newest_that_is_old_enough,
    a_long_list_costs_each_info_once_and_the_next_one_none
);

const MODULE: &str = "example.com/Acme/young";
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// So long ago, as a whole second.
fn ago(time: Duration) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp((now - time).as_secs() * 1000)
}

/// A version that was published then.
fn dated(version: &str, time: Timestamp) -> Module {
    Module::new(MODULE, version).published(&time.rfc3339())
}

fn aged(version: &str, age: Duration) -> Module {
    dated(version, ago(age))
}

fn cooldown(age: &str) -> Value {
    json!({"name": "fresh", "modules": ["*"], "action": "cooldown", "age": age, "reason": "Let others try it first."})
}

fn go_takes_the_newest_that_is_old_enough(workers: u32) {
    let stack = ruled(workers, &json!([cooldown("7d")]));
    let young = [("v1.2.0", ago(6 * DAY)), ("v1.3.0", ago(HOUR))];
    let old = [aged("v1.0.0", 30 * DAY), aged("v1.1.0", 8 * DAY)];
    stack.upstream.serve_all(&[&old[..], &young.map(|(version, time)| dated(version, time))].concat());
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.0.0", "v1.1.0"]);
    assert_eq!(go(&stack).resolve(&format!("{MODULE}@latest")), "v1.1.0");
    assert_eq!(stack.get(&old[0].latest_url()).json()["Version"], "v1.1.0");
    go(&stack).get(&format!("{MODULE}@latest")).expect_ok();
    for (version, time) in young {
        let (module, until) = (dated(version, time), time.after(7 * DAY).rfc3339());
        let says = [MODULE, "fresh", "Let others try it first.", &until];
        for path in FILES.map(|kind| module.url(kind)) {
            assert_refused(&stack.get(&path), &says);
        }
        assert_go_shows(&go(&stack).get(&module.query()), &says);
        assert_eq!(stack.upstream.hits(&module.url("zip")), 0, "nobody asks for what nobody may have");
    }
    assert!(stack.envoy.metric("refusals_total.reason.fresh") >= 8);
}

/// It looks for retractions in the newest go.mod that it sees.
#[test]
fn go_does_not_take_what_a_hidden_version_retracts() {
    let stack = ruled(2, &json!([cooldown("7d")]));
    let old = ["v1.0.0", "v1.1.0", "v1.2.0"].map(|version| aged(version, 30 * DAY));
    let go_mod = format!("module {MODULE}\n\nretract v1.2.0 // It loses data.\n");
    let young = aged("v1.3.0", HOUR).go_mod_of(&go_mod);
    stack.upstream.serve_all(&[&old[..], std::slice::from_ref(&young)].concat());
    for _ in 0..2 {
        assert_eq!(go(&stack).list_versions(MODULE), ["v1.0.0", "v1.1.0"]);
        assert_eq!(go(&stack).resolve(&format!("{MODULE}@latest")), "v1.1.0");
        assert_eq!(stack.get(&young.latest_url()).json()["Version"], "v1.1.0");
    }
    go(&stack).get(&format!("{MODULE}@latest")).expect_ok();
    // What a go.mod requires already is still to be had.
    go(&stack).mod_download(&[&old[2].query()]).expect_ok();
    assert_refused(&stack.get(&young.url("mod")), &["fresh"]);
    assert_eq!(stack.upstream.hits(&young.url("mod")), 1);
}

#[test]
fn a_branch_is_as_old_as_its_commit() {
    let stack = ruled(2, &json!([cooldown("7d")]));
    for (branch, age) in [("old", 8 * DAY), ("new", HOUR)] {
        let version = format!("v0.0.0-20240102030405-{branch:0>12}").replace(['o', 'l', 'n', 'w'], "a");
        let module = aged(&version, age);
        stack.upstream.serve(&module);
        stack.upstream.on(&format!("/example.com/!acme/young/@v/{branch}.info"), Reply::ok(module.info()));
    }
    assert!(go(&stack).resolve(&format!("{MODULE}@old")).starts_with("v0.0.0-"));
    assert_go_shows(&go(&stack).get(&format!("{MODULE}@new")), &["fresh", "Let others try it first."]);
}

#[test]
fn exceptions_come_before_the_rule() {
    let rules = json!([
        {"name": "urgent", "exact": [MODULE], "versions": ["v1.1.0"], "action": "allow"},
        {"name": "our-own", "modules": ["corp.example"], "action": "allow"},
        cooldown("7d"),
    ]);
    let stack = ruled(2, &rules);
    stack.upstream.serve_all(&["v1.0.0", "v1.1.0", "v1.2.0"].map(|version| aged(version, HOUR)));
    let own = Module::new("corp.example/m", "v1.0.0").published(&ago(HOUR).rfc3339());
    stack.upstream.serve(&own);
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.1.0"]);
    assert_eq!(go(&stack).resolve(&format!("{MODULE}@latest")), "v1.1.0");
    go(&stack).mod_download(&[&format!("{MODULE}@v1.1.0"), &own.query()]).expect_ok();
    assert_go_shows(&go(&stack).mod_download(&[&format!("{MODULE}@v1.0.0")]), &["fresh"]);
}

#[test]
fn a_version_may_be_had_as_soon_as_it_is_old_enough() {
    let stack = ruled(2, &json!([cooldown("60s")]));
    let module = aged("v1.0.0", Duration::from_secs(40));
    stack.upstream.serve(&module);
    // The list and the refusal are known to the index, and must not last there.
    for path in FILES.map(|kind| module.url(kind)) {
        assert_refused(&stack.get(&path), &["fresh"]);
    }
    assert_eq!(stack.get(&module.list_url()).text(), "");
    wait::until("it is old enough", Duration::from_secs(30), || stack.get(&module.url("mod")).status == 200);
    assert_eq!(stack.get(&module.list_url()).text(), "v1.0.0\n");
    go(&stack).get(&format!("{MODULE}@latest")).expect_ok();
}

#[test]
fn a_version_without_a_time_is_as_old_as_it_was_first_seen() {
    let stack = ruled(2, &json!([cooldown("7d")]));
    let module = Module::new(MODULE, "v1.0.0").undated();
    stack.upstream.serve(&module);
    let first = ago(Duration::ZERO);
    assert_go_shows(&go(&stack).get(&module.query()), &["fresh", "allowed from"]);
    let last = ago(Duration::ZERO).after(Duration::from_secs(1));
    let until = |answer: String| {
        let time = answer.split_once("allowed from ").unwrap().1[.."2024-01-02T03:04:05Z".len()].to_owned();
        assert!(first.after(7 * DAY).rfc3339() <= time && time <= last.after(7 * DAY).rfc3339(), "{answer}");
        time
    };
    let seen = until(stack.get(&module.url("mod")).text());
    for path in FILES.map(|kind| module.url(kind)) {
        assert_eq!(until(stack.get(&path).text()), seen, "it grows older from one moment on");
    }
}

fn a_long_list_costs_each_info_once_and_the_next_one_none(workers: u32) {
    const COUNT: usize = 200;
    const DELAY: Duration = Duration::from_millis(100);
    let stack = ruled(workers, &json!([cooldown("7d")]));
    let versions: Vec<_> = (0..COUNT)
        .map(|minor| aged(&format!("v1.{minor}.0"), if minor < COUNT / 2 { 30 * DAY } else { HOUR }))
        .collect();
    stack.upstream.serve_all(&versions);
    for module in &versions {
        stack.upstream.on(&module.url("info"), Reply::ok(module.info()).delay(DELAY));
    }
    let infos =
        |upstream: &Faulty| upstream.requests().iter().filter(|seen| seen.target.ends_with(".info")).count();
    let list = versions[0].list_url();
    let begun = Instant::now();
    let first = stack.get(&list);
    let took = begun.elapsed();
    assert_eq!(first.text().lines().count(), COUNT / 2);
    assert_eq!(infos(&stack.upstream), COUNT, "each once");
    let most = stack.upstream.most_at_once();
    assert!((10..=64).contains(&most), "{most} at once");
    // One after another they would take 20 seconds.
    assert!(took < DELAY * 100, "{took:?}");
    // Whoever comes next asks none, whichever worker it comes to; nor does who comes when nothing is at hand any more.
    for _ in 0..2 {
        for _ in 0..20 {
            assert_eq!(stack.get(&list).text(), first.text());
        }
        std::thread::sleep(Duration::from_millis(1_100));
    }
    let begun = Instant::now();
    assert_eq!(stack.get(&list).text(), first.text());
    println!(
        "{COUNT} versions at {workers} workers: {took:?} at first, {most} at once; then {:?}",
        begun.elapsed()
    );
    assert_eq!(infos(&stack.upstream), COUNT);
    // What a pinned version is judged by is known from the list.
    assert_refused(&stack.get(&versions[COUNT - 1].url("mod")), &["fresh"]);
    assert_eq!(infos(&stack.upstream), COUNT);
}
