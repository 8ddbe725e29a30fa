//! The policy bundle: who asks for it, what becomes of what comes, and what holds meanwhile.

mod trouble;

use super::{CONFIG, body, header};
use crate::{
    cx::Verdict,
    http::CallFailure,
    sim::{Happening, World},
};

const BUNDLE: &str = "/policy/bundle.json";
const MOD: &str = "/example.com/m/@v/v1.0.0.mod";

/// [`CONFIG`] with a bundle, and more fields of its section.
fn config(more: &str) -> String {
    let bundle =
        format!(r#""cluster": "rules", "url": "http://rules.test{BUNDLE}", "interval": "10s"{more}"#);
    CONFIG.replacen('{', &format!(r#"{{"policy": {{"bundle": {{{bundle}}}}},"#), 1)
}

/// A world in which the bundle of version 1 can be had, with a tag, and [`MOD`].
fn world(workers: usize, more: &str) -> World {
    let mut world = World::new(workers, &config(more));
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 10;
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.mod", "module example.com/m\n");
    world.cluster("rules").latency = 20;
    publish(&mut world, 1, "one.example");
    world
}

/// As [`world`], a moment later: it is in force everywhere.
fn settled(workers: usize) -> World {
    let mut world = world(workers, "");
    world.pass(500);
    (0..workers).for_each(|worker| assert_eq!(denied(&mut world, worker), "one.example"));
    world
}

/// The source has this version from now on, which denies that module.
fn publish(world: &mut World, version: u64, module: &str) {
    publish_text(world, &text(version, module));
}

fn publish_text(world: &mut World, text: &str) {
    let tag = format!("W/\"{}\"", text.len() * 1000 + text.bytes().map(usize::from).sum::<usize>());
    world.cluster("rules").answer(BUNDLE, 200, &[("etag", &tag)], text);
}

fn text(version: u64, module: &str) -> String {
    format!(r#"{{"version": {version}, "rules": [{{"modules": ["{module}"], "action": "deny"}}]}}"#)
}

/// The modules that the rules in force at `worker` deny.
fn denied(world: &mut World, worker: usize) -> String {
    let rules = world.worker(worker).services.in_force.policy().rules();
    rules.flat_map(|rule| rule.modules.iter()).map(|pattern| pattern.as_str().to_owned()).collect()
}

fn asked(world: &World) -> usize {
    world.clusters["rules"].asked.len()
}

fn polls(world: &World, outcome: &str) -> u64 {
    let name = format!("modgate.policy_bundle_polls_total.outcome.{outcome}");
    world.counters.get(&name).copied().unwrap_or_default()
}

#[test]
fn scenario_one_worker_asks_and_all_put_it_in_force() {
    let mut world = settled(4);
    assert_eq!((asked(&world), polls(&world, "changed")), (1, 1));
    assert_eq!(world.clusters["rules"].asked, [format!("GET {BUNDLE}")]);
    // A minute of nothing new: six polls, or seven as each comes a little early.
    world.pass(60_000);
    assert!((6..=8).contains(&(asked(&world) - 1)), "{}", asked(&world));
    assert_eq!(polls(&world, "unchanged"), asked(&world) as u64 - 1);
    publish(&mut world, 2, "two.example");
    world.pass(10_500);
    (0..4).for_each(|worker| assert_eq!(denied(&mut world, worker), "two.example"));
    assert_eq!(polls(&world, "changed"), 2);
    assert_eq!(
        world.log,
        [
            "INFO policy bundle: version 1, of 1 rules, is in force",
            "INFO policy bundle: version 2, of 1 rules, is in force in place of version 1",
        ]
    );
}

#[test]
fn scenario_nothing_is_given_before_a_required_bundle_was_read() {
    let sumdb = r#"{"verify": {"mode": "off"}, "sumdb": [{"name": "sum.golang.org", "cluster": "sumdb", "url": "https://x.test"}],"#;
    let mut world = World::new(1, &config("").replacen('{', sumdb, 1));
    world.cluster("rules").fault = Some(CallFailure::Unreachable);
    world.cluster("storage").latency = 1;
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.mod", "module example.com/m\n");
    for path in [
        MOD,
        "/example.com/m/@v/list",
        "/example.com/m/@latest",
        "/example.com/m/@v/main.info",
        "/example.com/m/@v/v1.0.0.info",
        "/example.com/m/@v/v1.0.0.zip",
        "/sumdb/sum.golang.org/lookup/example.com/m@v1.0.0",
    ] {
        let refused = world.get(0, path);
        assert_eq!((refused.status, header(&refused, "retry-after")), (503, "5"), "{path}");
        assert_eq!(header(&refused, "cache-control"), "no-store");
        assert!(body(&refused).starts_with("unavailable: this gateway has not read its policy bundle yet"));
    }
    assert_eq!(world.counters["modgate.refusals_total.reason.policy"], 7);
    assert!(!world.clusters.contains_key("sumdb"), "no name leaves");
    for path in ["/-/healthz", "/-/version", "/sumdb/sum.golang.org/supported"] {
        assert_eq!(world.get(0, path).status, 200, "{path}");
    }
    world.cluster("sumdb").latency = 1;
    let early = world.get(0, "/-/readyz");
    assert_eq!(early.status, 503);
    assert!(
        body(&early).ends_with("\"unseen\":[],\"failing\":[],\"policy_bundle\":null}\n"),
        "{}",
        body(&early)
    );

    world.pass(3_000);
    let tried = asked(&world);
    assert!((3..=4).contains(&tried), "{tried}: once a second, as clients wait for it");
    world.cluster("rules").fault = None;
    publish(&mut world, 7, "one.example");
    world.pass(1_500);
    assert_eq!(world.get(0, MOD).status, 200);
    let ready = world.get(0, "/-/readyz");
    assert_eq!(ready.status, 200);
    assert!(body(&ready).ends_with("\"policy_bundle\":7}\n"), "{}", body(&ready));
}

#[test]
fn scenario_a_bundle_that_is_not_required_is_not_waited_for() {
    let mut world = world(1, r#", "required": false"#);
    world.cluster("rules").fault = Some(CallFailure::Unreachable);
    world.pass(2_000);
    assert_eq!(world.get(0, MOD).status, 200);
    let ready = world.get(0, "/-/readyz");
    assert_eq!(ready.status, 200);
    assert!(body(&ready).ends_with("\"policy_bundle\":null}\n"), "{}", body(&ready));
    world.cluster("rules").fault = None;
    world.pass(2_000);
    assert_eq!(denied(&mut world, 0), "one.example");
}

#[test]
fn scenario_it_outlives_a_configuration_and_a_worker() {
    let mut world = settled(2);
    world.cluster("rules").fault = Some(CallFailure::Unreachable);
    let polled = asked(&world);
    world.crash(0);
    world.replace(1, &config(r#", "timeout": "1s""#));
    // Before any clock ticks.
    (0..2).for_each(|worker| assert_eq!(denied(&mut world, worker), "one.example"));
    assert_eq!(world.get(0, MOD).status, 200);
    assert_eq!(asked(&world), polled, "and nobody asks before it is due");

    // That of another source is another one, and so is that of another tenant.
    for other in [config("").replace("rules.test", "other.test"), config(r#", "headers": {"x-tenant": "b"}"#)]
    {
        world.replace(1, &other);
        assert_eq!(denied(&mut world, 1), "");
        assert_eq!(world.get(1, MOD).status, 503);
    }
}

#[test]
fn scenario_its_own_rules_come_first_and_stay() {
    let own = r#""policy": {"rules": [{"modules": ["own.example"], "action": "deny"}],"#;
    let mut world = world(1, "");
    world.replace(0, &config("").replacen(r#""policy": {"#, own, 1));
    for (version, module) in [(2, "two.example"), (3, "three.example")] {
        publish(&mut world, version, module);
        world.pass(11_000);
        assert_eq!(denied(&mut world, 0), format!("own.example{module}"));
    }
}

#[test]
fn scenario_what_was_answered_a_moment_ago_is_decided_anew() {
    let mut world = settled(1);
    // The first answer is from the upstream, the second from the index.
    let _ = (world.get(0, MOD), world.get(0, MOD));
    world.pass(9_000);
    publish(&mut world, 2, "two.example");
    while denied(&mut world, 0) == "one.example" {
        let _ = world.begin(0, MOD);
        assert!(world.worker(0).clients.has_answer(MOD));
        world.pass(100);
    }
    assert!(!world.worker(0).clients.has_answer(MOD));
}

/// It is read a slice at a time, and what was in force before holds until the last of them.
#[test]
fn scenario_clients_are_answered_while_a_large_one_is_read() {
    let mut world = settled(2);
    let _ = world.get(0, MOD);
    let rules: Vec<_> =
        (0..5_000).map(|n| format!(r#"{{"modules": ["two{n}.example"], "action": "deny"}}"#)).collect();
    let all = r#"{"modules": ["example.com/m"], "action": "deny"}"#;
    publish_text(&mut world, &format!(r#"{{"version": 2, "rules": [{}, {all}]}}"#, rules.join(", ")));
    while !world.is_asking("rules") {
        world.happen(Happening::Time(100));
    }
    world.happen(Happening::Call);
    let asker = usize::from(!world.worker(0).has_work());
    let mut turns = 0;
    while world.work(asker) {
        turns += 1;
        let stream = world.begin(asker, MOD);
        let status = match world.verdict(stream) {
            Verdict::Respond(response) => response.status,
            other => panic!("{turns}: {other:?}"),
        };
        assert_eq!(status, if world.worker(asker).has_work() { 200 } else { 403 }, "after {turns} turns");
    }
    assert!(turns > 10, "{turns}");
    world.pass(500);
    (0..2).for_each(|worker| assert_eq!(world.get(worker, MOD).status, 403));
}

#[test]
fn scenario_it_is_seen_how_old_it_is() {
    let mut world = settled(2);
    let gauges = |world: &World| {
        let of = |name: &str| world.gauges[&format!("modgate.policy_bundle_{name}")];
        (of("version"), of("age_seconds"))
    };
    assert_eq!(gauges(&world), (1, 0));
    world.pass(5_000);
    assert_eq!(gauges(&world), (1, 5));
    world.pass(6_000);
    assert!(gauges(&world).1 <= 2, "confirmed: {:?}", gauges(&world));
    world.cluster("rules").fault = Some(CallFailure::TimedOut);
    world.pass(60_000);
    assert!((59..=63).contains(&gauges(&world).1), "{:?}", gauges(&world));
}

/// What is odd about its rules is told as it is of the configuration's own.
#[test]
fn scenario_rules_that_can_never_apply_are_told() {
    let mut world = settled(2);
    let rules = r#"{"modules": ["*"], "action": "allow"}, {"modules": ["evil.example"], "action": "deny"}"#;
    publish_text(&mut world, &format!(r#"{{"version": 2, "rules": [{rules}]}}"#));
    world.pass(10_000);
    let warned: Vec<_> = world.log.iter().filter(|line| line.starts_with("WARN")).collect();
    assert_eq!(warned.len(), 1, "{:?}", world.log);
    assert!(warned[0].contains("bundle.rules[1] can never apply"), "{warned:?}");
}
