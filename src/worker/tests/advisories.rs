//! Advisories: who asks for them, what of them is asked for, what becomes of what comes, and what holds meanwhile.

mod database;
mod mirror;
mod trouble;

use super::{CONFIG, body};
use crate::{
    advisory::{
        Affected, Event, Ranges, Record,
        tests::{go_database, json, zip},
    },
    cx::Verdict,
    gomod::Version,
    http::{CallFailure, Timestamp},
    shared::SharedKv as _,
    sim::{Happening, World},
};

const ZIP: &str = "/advisories.zip";
const BAD: &str = "/example.com/m/@v/v1.0.0.mod";
const FIXED: &str = "/example.com/m/@v/v1.1.0.mod";

/// [`CONFIG`] with a source, which is asked every ten seconds, and a rule that denies what it tells of.
fn config(source: &str, more: &str) -> String {
    let source = format!(r#"{{"name": "go", "cluster": "vuln", "interval": "10s", {source}}}"#);
    let advisories = format!(r#""advisories": {{"sources": [{source}]{more}}}"#);
    let policy =
        r#""policy": {"rules": [{"name": "known", "modules": ["*"], "advisories": {}, "action": "deny"}]}"#;
    CONFIG.replacen('{', &format!("{{{policy}, {advisories},"), 1)
}

fn zipped() -> String {
    config(&format!(r#""format": "zip", "url": "http://vuln.test{ZIP}""#), "")
}

/// A record that says that a module is affected up to that version; it was changed on this day of 2026.
fn record(id: &str, module: &str, fixed: &str, day: u64) -> Record {
    let events = vec![Event::Introduced(None), Event::Fixed(Version::parse(fixed).unwrap())];
    let changed = Timestamp((1_767_225_600 + 86_400 * (day - 1)) * 1000);
    Record {
        id: id.to_owned(),
        modified: changed,
        published: changed,
        is_reviewed: true,
        affected: vec![Affected {
            module: module.to_owned(),
            ranges: Ranges::new(events),
            versions: Vec::new(),
        }],
        ..Record::default()
    }
}

/// What is in force in these tests unless they say otherwise.
fn records() -> Vec<Record> {
    vec![
        record("GO-2026-0001", "example.com/m", "v1.1.0", 1),
        record("GO-2026-0002", "example.com/n", "v1.0.0", 2),
    ]
}

fn world(workers: usize, config: &str) -> World {
    let mut world = World::new(workers, config);
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 10;
    for path in [BAD, FIXED] {
        world.cluster("public").serve(&format!("/base{path}"), "module example.com/m\n");
    }
    world.cluster("vuln").latency = 20;
    world
}

/// A world of a zip that all workers have in force.
fn settled(workers: usize) -> World {
    let mut world = world(workers, &zipped());
    world.cluster("vuln").serve_bytes(ZIP, zip(&records(), 100));
    world.pass(1_500);
    assert!(is_denied(&mut world));
    world.log.clear();
    world
}

/// Whether what is affected is refused, by every worker, and what is not is given.
fn is_denied(world: &mut World) -> bool {
    let workers = world.workers();
    let answers: Vec<_> = (0..workers).map(|worker| world.get(worker, BAD).status).collect();
    (0..workers).for_each(|worker| assert_eq!(world.get(worker, FIXED).status, 200));
    assert!(answers.iter().all(|status| status == &answers[0]), "{answers:?}");
    answers[0] == 403
}

fn asked(world: &World) -> Vec<&str> {
    world.clusters["vuln"].asked.iter().map(|asked| asked.strip_prefix("GET ").unwrap()).collect()
}

fn polls(world: &World, outcome: &str) -> u64 {
    let name = format!("modgate.advisories_polls_total.target.advisories_go.outcome.{outcome}");
    world.counters.get(&name).copied().unwrap_or_default()
}

fn gauge(world: &World, name: &str) -> Option<u64> {
    world.gauges.get(&format!("modgate.advisories_{name}.target.advisories_go")).copied()
}

#[test]
fn scenario_one_worker_reads_a_zip_and_all_put_it_in_force() {
    let mut world = world(4, &zipped());
    assert!(!is_denied(&mut world), "nothing waits for it");
    let tagged = |world: &mut World, tag: &str, records: &[Record]| {
        world.cluster("vuln").serve_bytes(ZIP, zip(records, 100)).tag(ZIP, tag);
    };
    tagged(&mut world, "\"a\"", &records());
    world.pass(2_000);
    assert!(is_denied(&mut world));
    let refused = world.get(0, BAD);
    assert!(body(&refused).contains("GO-2026-0001"), "{}", body(&refused));
    assert_eq!((asked(&world).len(), polls(&world, "changed")), (1, 1));
    world.pass(60_000);
    assert!((6..=8).contains(&(asked(&world).len() - 1)), "{:?}", asked(&world));
    assert_eq!(polls(&world, "unchanged"), asked(&world).len() as u64 - 1);
    let tags = world.clusters["vuln"].callouts.iter().filter(|callout| {
        callout
            .headers
            .iter()
            .any(|(name, value)| (name.as_str(), value.as_str()) == ("if-none-match", "\"a\""))
    });
    assert_eq!(tags.count(), asked(&world).len() - 1, "with the tag of what is in force, but for the first");
    assert_eq!((gauge(&world, "version"), gauge(&world, "stale")), (Some(1_767_312_000), Some(0)));
    assert!(gauge(&world, "age_seconds").unwrap() <= 11);
    // What is withdrawn is not there any more.
    tagged(&mut world, "\"b\"", &records()[1..]);
    world.pass(11_000);
    assert!(!is_denied(&mut world));
    assert_eq!(
        world.log,
        [
            "INFO advisories go: version 1767312000, of 2 records with 2 entries, is in force",
            "WARN advisories go: version 1767312000, of 1 records with 1 entries, is in force in place of another one of the same version",
        ]
    );
}

#[test]
fn scenario_the_same_zip_without_a_tag_is_not_read_again() {
    let mut world = settled(2);
    world.pass(30_000);
    assert_eq!((polls(&world, "changed"), polls(&world, "invalid"), polls(&world, "failed")), (1, 0, 0));
    assert!(polls(&world, "unchanged") >= 2);
    assert!(world.log.is_empty(), "{:?}", world.log);
}

/// As large as Go's database is, and a little larger.
#[test]
fn scenario_a_whole_database_is_read_a_little_at_a_time() {
    let zip = zip(&go_database(), 700);
    assert!(zip.len() > 2 << 20, "{} bytes", zip.len());
    let mut world = world(2, &zipped());
    world.cluster("vuln").serve_bytes(ZIP, zip);
    world.happen(Happening::Time(100));
    world.happen(Happening::Call);
    let mut turns = 0;
    while world.work(0) {
        turns += 1;
    }
    assert!(turns > 60, "{turns} turns");
    assert!(is_in_force(&mut world, 0) && !is_in_force(&mut world, 1));
    world.happen(Happening::Time(100));
    let mut turns = 0;
    while world.work(1) {
        turns += 1;
    }
    assert!((8..30).contains(&turns), "{turns} turns to read what the other one kept");
    assert!(is_in_force(&mut world, 1));
    let memory = &world.gateways[0].memory;
    let kept =
        memory.keys().filter(|key| key.contains("/poll/")).map(|key| memory.get(key).unwrap().value.len());
    let kept: usize = kept.sum();
    assert!((150 << 10..256 << 10).contains(&kept), "{kept} bytes of shared data");
}

fn is_in_force(world: &mut World, worker: usize) -> bool {
    world
        .worker(worker)
        .services
        .in_force
        .version(crate::metrics::DocumentName::of_source("advisories", "go"))
        .is_some()
}

#[test]
fn scenario_it_outlives_a_configuration_and_a_worker() {
    let mut world = settled(2);
    world.cluster("vuln").fault = Some(CallFailure::Unreachable);
    let polled = asked(&world).len();
    world.crash(0);
    world.replace(1, &zipped().replace("\"10s\"", "\"20s\""));
    // Before any clock ticks.
    assert!(is_denied(&mut world));
    assert_eq!(asked(&world).len(), polled, "and no worker asks before it is due");
    // Another meaning of the same bytes, and another source.
    let malicious = zipped().replace("\"10s\"", "\"10s\", \"malicious\": true");
    for other in [malicious, zipped().replace("vuln.test", "other.test")] {
        world.replace(1, &other);
        assert!(!is_in_force(&mut world, 1));
    }
}

#[test]
fn scenario_what_is_stale_is_still_in_force_and_metrics_say_so() {
    let stale =
        config(&format!(r#""format": "zip", "url": "http://vuln.test{ZIP}""#), r#", "stale_after": "1m""#);
    let mut world = world(2, &stale);
    world.cluster("vuln").fault = Some(CallFailure::Unreachable);
    world.pass(2_000);
    assert!(!is_denied(&mut world));
    assert_eq!((gauge(&world, "stale"), gauge(&world, "version")), (Some(1), None), "it was never read");
    world.cluster("vuln").fault = None;
    world.cluster("vuln").serve_bytes(ZIP, zip(&records(), 100));
    world.pass(3_000);
    assert!(is_denied(&mut world));
    assert_eq!(gauge(&world, "stale"), Some(0));
    world.cluster("vuln").fault = Some(CallFailure::Unreachable);
    world.pass(55_000);
    assert_eq!(gauge(&world, "stale"), Some(0));
    world.pass(20_000);
    assert_eq!(gauge(&world, "stale"), Some(1));
    assert!(is_denied(&mut world), "and what was read last is in force");
    world.cluster("vuln").fault = None;
    world.pass(11_000);
    assert_eq!(gauge(&world, "stale"), Some(0));
}

#[test]
fn scenario_no_module_is_given_by_stale_advisories_where_that_is_configured() {
    let strict = config(
        &format!(r#""format": "zip", "url": "http://vuln.test{ZIP}""#),
        r#", "stale_after": "1m", "when_stale": "fail""#,
    );
    let mut world = world(2, &strict);
    world.cluster("vuln").fault = Some(CallFailure::Unreachable);
    world.pass(2_000);
    let early = world.get(0, FIXED);
    assert_eq!(early.status, 503);
    assert!(
        body(&early)
            .starts_with("unavailable: this gateway has not read its advisories of the source go yet")
    );
    assert_eq!(world.get(0, "/-/healthz").status, 200);
    assert_eq!(world.get(0, "/-/readyz").status, 503);
    world.cluster("vuln").fault = None;
    world.cluster("vuln").serve_bytes(ZIP, zip(&records(), 100));
    world.pass(3_000);
    assert!(is_denied(&mut world));
    world.cluster("vuln").fault = Some(CallFailure::Unreachable);
    world.pass(75_000);
    for worker in 0..2 {
        let late = world.get(worker, FIXED);
        assert_eq!(late.status, 503);
        let reason =
            "unavailable: advisories of the source go of this gateway were not confirmed for too long";
        assert!(body(&late).starts_with(reason), "{}", body(&late));
    }
    // A worker that starts now knows it with its first tick.
    world.crash(0);
    world.pass(600);
    assert_eq!(world.get(0, FIXED).status, 503);
    world.cluster("vuln").fault = None;
    world.pass(11_000);
    assert!(is_denied(&mut world));
    // What is not enforced is not waited for.
    world.cluster("vuln").fault = Some(CallFailure::Unreachable);
    (0..2).for_each(|worker| {
        world.replace(worker, &strict.replacen(r#""policy": {"#, r#""policy": {"enforce": false, "#, 1));
    });
    world.pass(75_000);
    assert_eq!(world.get(0, FIXED).status, 200);
}

/// A gateway that has just begun does not know yet what is malicious: it gets no clients in the moment that it takes to be told, and
/// a source that is down does not keep them away.
#[test]
fn scenario_a_gateway_is_not_ready_before_it_knows_or_cannot_know() {
    // Nothing is waited for but the moment that the answers take: the source's own is under way.
    let ready = |world: &mut World| {
        let answers = [BAD, "/-/readyz"].map(|path| {
            let stream = world.begin(0, path);
            world.pass(300);
            let Verdict::Respond(response) = world.verdict(stream) else { panic!("{path} is not answered") };
            let status = response.status;
            world.leave(0, stream);
            status
        });
        answers[1]
    };
    let mut slow = world(2, &zipped());
    slow.cluster("vuln").serve_bytes(ZIP, zip(&records(), 100));
    slow.cluster("vuln").latency = 5_000;
    slow.pass(500);
    assert_eq!(ready(&mut slow), 503);
    slow.pass(7_000);
    assert_eq!(ready(&mut slow), 200, "it was read");

    let mut down = world(2, &zipped());
    down.cluster("vuln").fault = Some(CallFailure::Unreachable);
    down.pass(1_500);
    assert_eq!(ready(&mut down), 200, "it cannot be had");

    let mut hanging = world(2, &zipped());
    hanging.cluster("vuln").latency = 100_000;
    hanging.pass(2_000);
    assert_eq!(ready(&mut hanging), 503);
    hanging.pass(9_000);
    assert_eq!(ready(&mut hanging), 200, "it is not waited for without end");
}
