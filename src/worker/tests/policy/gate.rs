//! Malice, advisories and waivers, as operators write them, on the way of a request.

use super::*;
use crate::{
    advisory::{Advisories, Affected, Event, Ranges, Record, Severity},
    gomod::Version,
    http::Timestamp,
};

const M: &str = "example.com/m";
const OLD: &str = "v1.0.0";
const NEW: &str = "v1.1.0";

fn furnished(workers: usize, policy: &str) -> World {
    let mut world = world(workers, &gated(policy));
    publish(&mut world, M, &[(OLD, 90 * DAY), (NEW, 30 * DAY)]);
    let latest = format!(r#"{{"Version":"{NEW}","Time":"{}"}}"#, rfc3339(START - 30 * DAY));
    resolve(&mut world, M, "@latest", &latest);
    world
}

fn gated(policy: &str) -> String {
    config(&format!(r#""admin": {{"explain": ["@anonymous"]}}, "policy": {{{policy}}},"#))
}

/// An advisory about [`M`], which this version fixes, or none.
fn advisory(id: &str, fix: Option<&str>) -> Record {
    let fix = fix.map(|fix| Event::Fixed(Version::parse(fix).unwrap()));
    let ranges = Ranges::new([Event::Introduced(None)].into_iter().chain(fix).collect());
    Record {
        id: id.to_owned(),
        published: Timestamp(START - 5 * DAY),
        is_reviewed: true,
        is_malicious: id.starts_with("MAL"),
        severity: Severity::High,
        affected: vec![Affected { module: M.to_owned(), ranges, versions: Vec::new() }],
        ..Record::default()
    }
}

/// A source has these advisories, and all workers have read them.
fn advise(world: &mut World, workers: usize, records: &[Record]) {
    for worker in 0..workers {
        let in_force = &mut world.worker(worker).services.in_force;
        in_force.replace_advisories("go", Advisories::of(records.to_vec()));
    }
}

fn list(world: &mut World) -> String {
    ask(world, &format!("/{M}/@v/list")).body
}

fn counter(world: &World, name: &str) -> u64 {
    world.counters.get(name).copied().unwrap_or_default()
}

const LISTED: &str = r#"{"id": "CORP-1", "exact": ["example.com/m"], "versions": [">=v1.1.0"], "reason": "It steals tokens."}"#;
const ALLOW: &str = r#""rules": [{"modules": ["*"], "action": "allow"}]"#;

fn waiver(id: &str, until: &str) -> String {
    format!(
        r#""waivers": [{{"name": "known", "modules": ["*"], "ids": ["{id}"], "until": "{until}", "by": "ann", "ticket": "SEC-81", "reason": "no use"}}]"#
    )
}

#[test]
fn what_operators_list_as_malicious_is_nowhere() {
    let mut world = furnished(1, &format!(r#"{ALLOW}, "malicious": [{LISTED}]"#));
    for path in by_name(M, NEW) {
        let got = ask(&mut world, &path);
        assert_eq!((got.status, got.cache_control.as_str()), (403, "no-store"), "{path}: {got:?}");
        assert!(
            got.body.starts_with(
                "forbidden: example.com/m@v1.1.0 is malicious: CORP-1.\nWhy: It steals tokens.\n"
            )
        );
    }
    assert_eq!(list(&mut world), "v1.0.0\n");
    assert!(ask(&mut world, &format!("/{M}/@latest")).body.contains("\"v1.0.0\""));
    assert_eq!(ask(&mut world, &by_name(M, OLD)[1]).status, 200);
    assert_eq!(counter(&world, "modgate.refusals_total.reason.malicious"), 4);
}

/// By a configuration, and by a bundle that is polled.
#[test]
fn a_waiver_lifts_malice_until_its_last_day() {
    let until = |day: &str| format!(r#"{ALLOW}, "malicious": [{LISTED}], {}"#, waiver("CORP-1", day));
    let mut world = furnished(1, &until("2023-11-16"));
    assert_eq!(ask(&mut world, &by_name(M, NEW)[1]).status, 200);
    assert_eq!(list(&mut world), "v1.0.0\nv1.1.0\n");
    assert_eq!(counter(&world, "modgate.waived_total.reason.known"), 1);
    // The day is one that ends: the clock began at its eve.
    world.set_clock(Timestamp(START + 2 * DAY));
    assert_eq!(ask(&mut world, &by_name(M, NEW)[1]).status, 200, "its last day");
    world.set_clock(Timestamp(START + 3 * DAY));
    assert_eq!(ask(&mut world, &by_name(M, NEW)[1]).status, 403);
    assert_eq!(list(&mut world), "v1.0.0\n");

    let bundle = format!(
        r#"{{"version": 1, "rules": [], "malicious": [{LISTED}], {}}}"#,
        waiver("CORP-1", "2023-11-16")
    );
    let mut world = furnished(
        2,
        r#""bundle": {"cluster": "rules", "url": "http://rules.test/bundle.json", "interval": "10s"}"#,
    );
    assert_eq!(ask(&mut world, &by_name(M, NEW)[1]).status, 503, "no bundle yet");
    world.cluster("rules").answer("/bundle.json", 200, &[], &bundle.replace("CORP-1\"]", "CORP-2\"]"));
    world.pass(20_000);
    assert_eq!(ask(&mut world, &by_name(M, NEW)[1]).status, 403, "{:?}", world.log);
    world.cluster("rules").answer("/bundle.json", 200, &[], &bundle);
    world.pass(20_000);
    assert_eq!(ask(&mut world, &by_name(M, NEW)[1]).status, 200, "{:?}", world.log);
}

#[test]
fn operators_are_warned_before_a_waiver_ends_and_after() {
    let workers = 3;
    let mut world = furnished(workers, &waiver("GO-1", "2023-12-20"));
    let warned = |world: &World| {
        world.log.iter().filter(|line| line.contains("waiver known")).cloned().collect::<Vec<_>>()
    };
    let told =
        |world: &World| [world.gauges["modgate.waivers_ending"], world.gauges["modgate.waivers_ended"]];
    world.pass(61_000);
    assert_eq!((warned(&world), told(&world)), (vec![], [0, 0]));
    // 2023-12-07: it ends in 14 days.
    world.set_clock(Timestamp(START + 23 * DAY));
    world.pass(120_000);
    assert_eq!(told(&world), [1, 0]);
    let [line] = &warned(&world)[..] else { panic!("{:?}", world.log) };
    assert!(line.contains("waiver known of GO-1 ends at 2023-12-21T00:00:00Z (by ann, SEC-81)"), "{line}");
    // Once a day, by one worker.
    world.set_clock(Timestamp(START + 24 * DAY + HOUR));
    world.pass(120_000);
    assert_eq!(warned(&world).len(), 2);
    world.set_clock(Timestamp(START + 40 * DAY));
    world.pass(120_000);
    assert_eq!(told(&world), [0, 1]);
    assert!(warned(&world)[2..].iter().all(|line| line.contains("has ended")) && warned(&world).len() == 3);
}

#[test]
fn an_advisory_hides_a_version_from_the_moment_it_is_known() {
    let rule = r#"{"name": "fixable", "modules": ["*"], "advisories": {"reviewed": true, "fixed": true}, "action": "deny"}"#;
    let mut world = furnished(2, &format!(r#""rules": [{rule}]"#));
    assert_eq!(ask(&mut world, &by_name(M, OLD)[1]).status, 200);
    assert_eq!(list(&mut world), "v1.0.0\nv1.1.0\n");
    advise(&mut world, 2, &[advisory("GO-2026-1", Some(NEW)), advisory("GO-2026-2", None)]);
    world.pass(1_500);
    let got = ask(&mut world, &by_name(M, OLD)[1]);
    assert_eq!(got.status, 403);
    assert_eq!(
        got.body.trim_end(),
        "forbidden: example.com/m@v1.0.0 is denied by the rule \"fixable\" (policy.rules[0]).\n\
         Advisories: GO-2026-1 (about the module; govulncheck may find no call).\n\
         See: https://pkg.go.dev/vuln/GO-2026-1\n\
         What to do: go get example.com/m@v1.1.0, or ask this proxy's operators for a waiver."
    );
    assert_eq!(list(&mut world), "v1.1.0\n");
    assert_eq!(ask(&mut world, &by_name(M, NEW)[1]).status, 200, "no fix exists");
    let explained = ask(&mut world, "/-/explain?module=example.com/m&version=v1.0.0").body;
    for part in [
        "\"decision\": \"deny\"",
        "\"id\": \"GO-2026-1\"",
        "\"source\": \"go\"",
        "\"severity\": \"high\"",
        "\"v1.1.0\"",
    ] {
        assert!(explained.contains(part), "{part}: {explained}");
    }
}

/// Where nothing is enforced, malice is only told.
#[test]
fn malice_is_monitored_as_well() {
    let mut world = furnished(1, &format!(r#""enforce": false, {ALLOW}, "malicious": [{LISTED}]"#));
    advise(&mut world, 1, &[advisory("MAL-1", Some(NEW))]);
    for version in [OLD, NEW] {
        let got = ask(&mut world, &by_name(M, version)[1]);
        assert_eq!((got.status, got.monitored.as_deref()), (200, Some("malicious")), "{version}");
    }
    assert_eq!(counter(&world, "modgate.monitored_total.reason.malicious"), 2);
    assert!(
        world
            .log
            .iter()
            .any(|line| line.contains("example.com/m@v1.0.0 would be refused as malicious (MAL-1)"))
    );
}
