//! Rules that are not enforced: what is said of them, and that nothing else is another than without them.

use super::*;

const M: &str = "example.com/m";
const OLD: &str = "v1.0.0";
const YOUNG: &str = "v1.1.0";
const MOD: &str = "/example.com/m/@v/v1.1.0.mod";
const INFO: &str = "/example.com/m/@v/v1.1.0.info";

const DENY: &str = r#"{"name": "no", "modules": ["*"], "action": "deny", "enforce": false}"#;
const COOLDOWN: &str =
    r#"{"name": "young", "modules": ["*"], "action": "cooldown", "age": "7d", "enforce": false}"#;
const REDIRECT: &str = r#"{"name": "away", "modules": ["*"], "action": "redirect", "to": "https://other.test", "enforce": false}"#;

fn furnished(config: &str) -> World {
    let mut world = world(1, config);
    publish(&mut world, M, &[(OLD, 90 * DAY), (YOUNG, DAY)]);
    resolve(&mut world, M, "@latest", &info(YOUNG, DAY));
    resolve(&mut world, M, "@v/master.info", &info(YOUNG, DAY));
    world
}

fn info(version: &str, age: u64) -> String {
    format!(r#"{{"Version":"{version}","Time":"{}"}}"#, rfc3339(START - age))
}

/// What counts under this word.
fn counted(world: &World, reason: &str) -> u64 {
    world.counters.get(&format!("modgate.monitored_total.reason.{reason}")).copied().unwrap_or_default()
}

fn monitored(world: &mut World, path: &str) -> (u16, Option<String>) {
    let got = ask(world, path);
    (got.status, got.monitored)
}

fn by(rule: &str) -> (u16, Option<String>) {
    (200, Some(rule.to_owned()))
}

/// Whatever the rules: clients get the same, and the same is asked for it, as if there were none.
#[test]
fn nothing_changes_but_a_header() {
    let files = ["@v/list", "@latest", "@v/master.info"].map(|file| format!("/{M}/{file}"));
    let mut paths: Vec<_> = files.to_vec();
    paths.extend(by_name(M, YOUNG).into_iter().chain(by_name(M, OLD)));
    paths.push(format!("/{M}/@v/v9.9.9.mod"));
    let personal = r#"{"modules": ["*"], "principals": ["ann"], "action": "allow", "enforce": false}"#;
    let whole = r#""policy": {"enforce": false, "default": "deny",
        "bundle": {"cluster": "rules", "url": "http://rules.test/bundle.json"}},"#;
    let policies = [DENY, COOLDOWN, REDIRECT, &format!("{personal}, {DENY}")].map(rules);
    for (config, offline) in
        policies.iter().chain([&config(whole)]).flat_map(|one| [(one, false), (one, true)])
    {
        let mode = if offline { r#"{"mode": "offline","# } else { "{" };
        let with_mode = |config: &str| config.replacen('{', mode, 1);
        let (mut open, mut ruled) =
            (furnished(&with_mode(&super::config(""))), furnished(&with_mode(config)));
        for path in paths.iter().flat_map(|path| [path, path]) {
            let (expected, got) = (ask(&mut open, path), ask(&mut ruled, path));
            assert_eq!(Got { monitored: None, ..got }, expected, "{path} under {config}");
        }
        for cluster in ["public", "storage", "sum"] {
            let [open, ruled] = [&open, &ruled].map(|world| &world.clusters[cluster].asked);
            assert_eq!(ruled, open, "{cluster} under {config}");
        }
        let [open, ruled] = [open, ruled].map(|mut world| {
            world.counters.retain(|name, _| !name.contains("monitored") && !name.contains("policy_bundle"));
            world.counters
        });
        assert_eq!(ruled, open, "under {config}");
    }
}

#[test]
fn every_request_says_which_rule_would_decide_and_counts() {
    let mut world = furnished(&rules(&format!(
        r#"{{"modules": ["*"], "versions": ["{OLD}"], "action": "allow"}}, {DENY}"#
    )));
    let latest = [format!("/{M}/@latest"), format!("/{M}/@v/master.info")];
    let named = by_name(M, YOUNG);
    // The second time from the index; the third a moment later, as it was given before.
    for round in 0..3 {
        for path in latest.iter().chain(&named[..2]).chain(&named[3..]) {
            assert_eq!(monitored(&mut world, path), by("no"), "{round}: {path}");
        }
    }
    assert_eq!(counted(&world, "no"), 15);
    for path in by_name(M, OLD).iter().chain([&format!("/{M}/@v/list")]) {
        assert_eq!(monitored(&mut world, path), (200, None), "{path}");
    }
    assert_eq!(counted(&world, "no"), 15, "it is allowed before, and a list is given whole");
    let lines = world.log.iter().filter(|line| line.contains("monitored: ")).count();
    assert_eq!(lines, 1, "once for a version and a rule: {:?}", world.log);
}

/// A zip is routed before its client has a header.
#[test]
fn a_zip_that_is_routed_says_so_when_it_comes_and_counts_when_it_has_ended() {
    let mut world = furnished(&rules(DENY));
    let zip = &by_name(M, YOUNG)[2];
    let stream = world.begin(0, zip);
    world.settle();
    assert!(matches!(world.verdict(stream), Verdict::Route(_)), "{:?}", world.verdict(stream));
    let Verdict::Edit(edit) = world.answer_routed(0, stream, 200, &[("content-length", "22")]) else {
        panic!("it does not come");
    };
    let says = |(name, value): &(String, String)| name == "x-modgate-monitored" && value == "no";
    assert!(edit.set.iter().any(says), "{edit:?}");
    assert_eq!(counted(&world, "no"), 0);
    world.leave(0, stream);
    assert_eq!(counted(&world, "no"), 1);
    let stream = world.begin(0, zip);
    world.settle();
    let verdict = world.answer_routed(0, stream, 503, &[]);
    assert!(matches!(&verdict, Verdict::Respond(response) if response.monitored.is_none()), "{verdict:?}");
    assert_eq!(counted(&world, "no"), 1, "what failed was not given");
}

/// No client waits for a date; what is not known is said to be unknown, until somebody asks for the `.info`.
#[test]
fn an_age_that_is_not_known_is_not_looked_up() {
    let mut world = furnished(&rules(COOLDOWN));
    let undated = (200, Some("young; undated".to_owned()));
    assert_eq!(monitored(&mut world, MOD), undated);
    assert_eq!(asked(&world, ".info"), 0);
    assert_eq!((counted(&world, "undated"), counted(&world, "young")), (1, 0));
    assert_eq!(monitored(&mut world, INFO), by("young"));
    assert_eq!(monitored(&mut world, &format!("/{M}/@latest")), by("young"));
    // What was given a moment ago is given again as it was.
    world.pass(1000);
    assert_eq!(monitored(&mut world, MOD), by("young"));
    world.pass(7 * DAY);
    assert_eq!(monitored(&mut world, MOD), (200, None), "it is old enough");
    assert_eq!((counted(&world, "undated"), counted(&world, "young")), (1, 3));
}

#[test]
fn the_rules_behind_it_decide() {
    let denied = r#"{"name": "real", "modules": ["*"], "versions": ["v1.1.0"], "action": "deny"}"#;
    for rule in [DENY, REDIRECT, COOLDOWN] {
        let mut world = furnished(&rules(&format!("{rule}, {denied}")));
        let got = ask(&mut world, MOD);
        assert_eq!((got.status, got.monitored), (403, None), "{rule}: it is refused anyway");
        assert_eq!(ask(&mut world, &format!("/{M}/@v/list")).body, "v1.0.0\n");
        assert_eq!(world.counters["modgate.refusals_total.reason.real"], 1);
    }
    // An exception that is not enforced is one from rules that are not, and from no other.
    let allow = r#"{"modules": ["*"], "action": "allow", "enforce": false}"#;
    let mut world = furnished(&rules(&format!("{allow}, {DENY}")));
    assert_eq!(monitored(&mut world, MOD), (200, None));
    let mut world = furnished(&rules(&format!("{allow}, {denied}")));
    assert_eq!(ask(&mut world, MOD).status, 403);
}

/// Above the index stands what a worker answered a moment ago, looked up by the path alone.
#[test]
fn one_caller_is_not_told_what_holds_for_another() {
    let rule =
        r#"{"name": "bob", "modules": ["*"], "principals": ["bob"], "action": "deny", "enforce": false}"#;
    let mut world = furnished(&rules(rule));
    for round in 0..3 {
        for (caller, expected) in [("bob", Some("bob")), ("ann", None), ("bob", Some("bob"))] {
            let got = ask_with(&mut world, 0, "GET", MOD, &[("x-user", caller)]);
            let header = got.monitored.as_deref();
            assert_eq!((got.status, header), (200, expected), "{round}: {caller}");
        }
    }
}

/// A bundle's rules are as those of the configuration; a policy of which nothing is enforced waits for none.
#[test]
fn a_bundle_s_rules_are_monitored_too() {
    for (policy, rule) in [
        (r#""enforce": false, "default": "deny", "#, DENY.replace(r#", "enforce": false"#, "")),
        ("", DENY.to_owned()),
    ] {
        let bundle =
            r#""bundle": {"cluster": "rules", "url": "http://rules.test/bundle.json", "interval": "10s"}"#;
        let mut world = furnished(&config(&format!(r#""policy": {{{policy}{bundle}}},"#)));
        let before = monitored(&mut world, MOD);
        let expected = if policy.is_empty() { (503, None) } else { by("default") };
        assert_eq!(before, expected, "the bundle is not there");
        let text = format!(r#"{{"version": 1, "rules": [{rule}]}}"#);
        world.cluster("rules").answer("/bundle.json", 200, &[], &text);
        world.pass(20_000);
        assert_eq!(monitored(&mut world, MOD), by("no"), "{policy}");
    }
}
