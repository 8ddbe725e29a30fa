//! Where a refusal might be got around: by another way to the same version, another filter, or a crowd.

use super::{CONFIG, EMPTY_ZIP, body, header};
use crate::{
    cx::{StreamId, Verdict},
    http::CallFailure,
    sim::World,
};

const COOLDOWN: &str = r#""policy": {"rules": [
    {"name": "young", "modules": ["example.com"], "action": "cooldown", "age": "7d"}]}"#;

/// Older than any cool-down.
const OLD: &str = "2020-01-01T00:00:00Z";

/// An hour before the clock of every world begins.
const YOUNG: &str = "2023-11-14T21:13:20Z";

fn with(more: &str) -> String {
    CONFIG.replacen('{', &format!("{{{more},"), 1)
}

fn world(config: &str) -> World {
    let mut world = World::new(1, config);
    world.cluster("storage").latency = 1;
    world.cluster("public").latency = 100;
    world
}

fn publish(world: &mut World, module: &str, version: &str, time: &str) {
    let info = format!(r#"{{"Version":"{version}","Time":"{time}"}}"#);
    world.cluster("public").serve(&format!("/base/{module}/@v/{version}.info"), &info);
}

fn answered(world: &World, stream: StreamId) -> bool {
    *world.verdict(stream) != Verdict::Wait
}

/// Where storage has nothing, the client would be sent to the upstream, which holds nothing back.
#[test]
fn scenario_nobody_is_sent_away_for_a_version_that_may_be_too_young() {
    let policy = COOLDOWN.replace(r#""policy": {"#, r#""policy": {"on_miss": {"mode": "redirect"}, "#);
    let mut world = world(&with(&policy));
    publish(&mut world, "example.com/m", "v1.0.0", YOUNG);
    publish(&mut world, "example.com/m", "v0.1.0", OLD);
    for file in ["v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip"] {
        let answer = world.get(0, &format!("/example.com/m/@v/{file}"));
        assert_eq!(answer.status, 403, "{file}: {:?}", answer.headers);
        assert!(body(&answer).contains("too young"), "{file}: {}", body(&answer));
    }
    for file in ["v0.1.0.mod", "v0.1.0.zip"] {
        assert_eq!(world.get(0, &format!("/example.com/m/@v/{file}")).status, 302, "{file}");
    }
    // Nobody says when it was published, and it may be there all the same.
    assert_eq!(world.get(0, "/example.com/m/@v/v9.9.9.info").status, 404);
    world.cluster("public").fault = Some(CallFailure::Unreachable);
    assert_ne!(world.get(0, "/example.com/m/@v/v8.8.8.info").status, 302);
}

/// A filter that is offline follows nobody to an upstream, and neither does one that has just become so.
#[test]
fn scenario_offline_means_nobody_else_s_upstream() {
    let streaming = r#""fetch": {"zip_bytes": 0}"#;
    let offline = with(&format!(r#""mode": "offline", {streaming}"#));
    let mut world = world(&with(streaming));
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP);
    let other = world.add(&offline);
    // Another filter of the same Envoy asks for it, and this one at the same time.
    world.cluster("storage").latency = 50;
    let (online, away) =
        (world.begin(0, "/example.com/m/@v/v1.0.0.zip"), world.begin(other, "/example.com/m/@v/v1.0.0.zip"));
    world.settle();
    assert!(matches!(world.verdict(online), Verdict::Route(_)), "{:?}", world.verdict(online));
    assert_eq!(world.response(away).status, 404);
    // The index knows which upstream streams it.
    let _ = world.answer_routed(0, online, 200, &[("content-type", "application/zip")]);
    let again = world.begin(other, "/example.com/m/@v/v1.0.0.zip");
    world.settle();
    assert_eq!(world.response(again).status, 404);
}

/// One long list takes all the questions that may be out at once, and nobody else is to wait until it is through.
#[test]
fn scenario_a_long_list_keeps_no_other_module_waiting() {
    let mut world = world(&with(COOLDOWN));
    let versions: Vec<_> = (0..2000).map(|patch| format!("v1.0.{patch}")).collect();
    for version in &versions {
        publish(&mut world, "example.com/long", version, OLD);
    }
    world.cluster("public").serve("/base/example.com/long/@v/list", &versions.join("\n"));
    publish(&mut world, "example.com/other", "v1.0.0", YOUNG);
    let long = world.begin(0, "/example.com/long/@v/list");
    world.pass(150);
    let other = world.begin(0, "/example.com/other/@v/v1.0.0.mod");
    world.pass(350);
    assert!(answered(&world, other), "it waits for the list of another module");
    assert!(!answered(&world, long));
    world.settle();
    assert_eq!(world.response(other).status, 403);
    assert_eq!(world.response(long).status, 200);
    let asked: Vec<_> =
        world.clusters["public"].asked.iter().filter(|asked| asked.ends_with(".info")).collect();
    assert!(
        asked[0].ends_with("/v1.0.1999.info"),
        "the newest first: what is not known in time are old ones: {asked:?}"
    );
}

/// A list without versions of which nobody could say how old they are is no cache's to keep.
#[test]
fn scenario_what_is_shown_in_part_is_not_kept() {
    let mut world = world(&with(COOLDOWN));
    publish(&mut world, "example.com/m", "v1.0.0", OLD);
    publish(&mut world, "example.com/m", "v1.1.0", OLD);
    let public = world.cluster("public");
    public.serve("/base/example.com/m/@v/list", "v1.0.0\nv1.1.0\n");
    public.answer("/base/example.com/m/@v/v1.1.0.info", 502, &[], "");
    public.serve("/base/example.com/m/@latest", &format!(r#"{{"Version":"v1.2.0","Time":"{YOUNG}"}}"#));
    for _ in 0..2 {
        let list = world.get(0, "/example.com/m/@v/list");
        assert_eq!((body(&list), header(&list, "cache-control")), ("v1.0.0\n", "max-age=0"));
        let latest = world.get(0, "/example.com/m/@latest");
        assert!(body(&latest).contains("v1.0.0"), "{}", body(&latest));
        assert_eq!(header(&latest, "cache-control"), "max-age=0");
    }
    publish(&mut world, "example.com/m", "v1.1.0", OLD);
    let list = world.get(0, "/example.com/m/@v/list");
    assert_eq!(body(&list), "v1.0.0\nv1.1.0\n");
    assert_ne!(header(&list, "cache-control"), "max-age=0");
}

/// Whoever asked about the versions has died, or those who were asked say nothing: who waits for a list is answered, and nothing
/// is left over.
#[test]
fn scenario_who_waits_for_dates_is_answered_in_the_end() {
    for (fault, crash, status) in [(None, true, 200), (Some(CallFailure::TimedOut), false, 504)] {
        let mut world = World::new(2, &with(COOLDOWN));
        world.cluster("storage").latency = 1;
        for patch in 0..200 {
            publish(&mut world, "example.com/m", &format!("v1.0.{patch}"), OLD);
        }
        let list: String = (0..200).map(|patch| format!("v1.0.{patch}\n")).collect();
        let public = world.cluster("public");
        public.latency = 30_000;
        public.fault_of = fault.map(|fault| ("GET", ".info", fault));
        public.serve("/base/example.com/m/@v/list", &list);
        world.begin(0, "/example.com/m/@v/list");
        let stream = world.begin(1, "/example.com/m/@v/list");
        let gone = world.begin(1, "/example.com/m/@v/v1.0.7.mod");
        world.pass(31_000);
        world.leave(1, gone);
        if crash {
            world.crash(0);
            world.cluster("public").latency = 100;
        }
        world.settle();
        let answer = world.response(stream);
        assert_eq!(answer.status, status, "{}", body(&answer));
        assert!(world.is_idle(), "{status}");
        assert!(!world.worker(1).needs_ticks(), "{status}");
    }
}

/// What was asked for before the rule came is not given after it.
#[test]
fn scenario_a_bundle_that_comes_meanwhile_holds_for_who_waits() {
    let bundle =
        r#""policy": {"bundle": {"cluster": "rules", "url": "http://rules.test/b.json", "interval": "10s"}}"#;
    let mut world = world(&with(bundle));
    world.cluster("rules").serve("/b.json", r#"{"version": 1, "rules": []}"#);
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.mod", "module example.com/m\n");
    world.cluster("public").serve("/base/example.com/m/@v/v1.0.0.zip", EMPTY_ZIP);
    world.cluster("public").serve("/base/example.com/m/@latest", r#"{"Version":"v1.0.0"}"#);
    world.cluster("public").serve("/base/example.com/m/@v/list", "v1.0.0\nv0.9.0\n");
    world.cluster("public").serve("/base/example.com/m/@v/v0.9.0.info", r#"{"Version":"v0.9.0"}"#);
    world.pass(1000);
    world.cluster("public").latency = 15_000;
    let files = ["@v/v1.0.0.mod", "@v/v1.0.0.zip", "@v/list", "@latest"];
    let streams = files.map(|file| world.begin(0, &format!("/example.com/m/{file}")));
    let rule = r#"{"modules": ["example.com/m"], "versions": ["v1.0.0"], "action": "deny"}"#;
    world.cluster("rules").serve("/b.json", &format!(r#"{{"version": 2, "rules": [{rule}]}}"#));
    world.settle();
    for (file, stream) in files.iter().zip(streams) {
        let answer = world.response(stream);
        match *file {
            "@v/list" => assert_eq!(body(&answer), "v0.9.0\n"),
            "@latest" => assert!(body(&answer).contains("v0.9.0"), "{}", body(&answer)),
            _ => assert_eq!(answer.status, 403, "{file}"),
        }
    }
}

/// An entity tag is of what is shown, and tells nobody whether more is hidden.
#[test]
fn scenario_a_tag_is_of_what_is_shown() {
    let rule = r#"{"modules": ["example.com/m"], "versions": [">=v1.1.0"], "principals": ["@anonymous"], "action": "deny"}"#;
    let callers = r#""callers": {"principals": [{"header": "x-user", "trusted": true}]}"#;
    let mut world = world(&with(&format!(r#"{callers}, "policy": {{"rules": [{rule}]}}"#)));
    let list = |world: &mut World, versions: &str| {
        world.cluster("public").serve("/base/example.com/m/@v/list", versions);
        world.pass(600_000);
    };
    let ask = |world: &mut World, headers: &[(&str, &str)]| {
        let stream = world.begin_with(0, "GET", "/example.com/m/@v/list", headers);
        world.settle();
        world.response(stream)
    };
    list(&mut world, "v1.0.0\nv1.1.0\n");
    let (whole, part) = (ask(&mut world, &[("x-user", "ada")]), ask(&mut world, &[]));
    assert_eq!((body(&whole), body(&part)), ("v1.0.0\nv1.1.0\n", "v1.0.0\n"));
    assert!(header(&part, "cache-control").starts_with("private"), "{:?}", part.headers);
    let guessed = ask(&mut world, &[("if-none-match", header(&whole, "etag"))]);
    assert_eq!((guessed.status, header(&guessed, "etag")), (200, header(&part, "etag")));
    list(&mut world, "v1.0.0\nv1.1.0\nv1.2.0\n");
    let again = ask(&mut world, &[("if-none-match", header(&part, "etag"))]);
    assert_eq!(again.status, 304, "nothing has changed for who may not see v1.2.0");
}

/// However old they are, some versions are refused: whoever must not have them is told so, and not which of them there are, and nobody is
/// asked for them. Nobody is told to wait, either.
#[test]
fn scenario_a_cool_down_tells_nobody_of_what_is_not_for_him() {
    let rules = r#""policy": {"rules": [
        {"name": "young", "modules": ["*"], "action": "cooldown", "age": "7d"},
        {"name": "team", "modules": ["example.com/m"], "principals": ["ada"], "action": "allow"},
        {"name": "nobody-else", "modules": ["example.com/m"], "action": "deny"}]}"#;
    let callers = r#""callers": {"principals": [{"header": "x-user", "trusted": true}]}"#;
    let mut world = world(&with(&format!("{callers}, {rules}")));
    publish(&mut world, "example.com/m", "v1.0.0", YOUNG);
    for file in ["v1.0.0.info", "v1.0.0.mod", "v1.9.9.info", "v1.9.9.zip"] {
        let answer = world.get(0, &format!("/example.com/m/@v/{file}"));
        assert_eq!(answer.status, 403, "{file}: {}", body(&answer));
        assert!(body(&answer).contains("nobody-else"), "{file}: {}", body(&answer));
    }
    assert_eq!(world.clusters["public"].asked, [""; 0]);
    let stream = world.begin_with(0, "GET", "/example.com/m/@v/v1.0.0.mod", &[("x-user", "ada")]);
    world.settle();
    assert!(body(&world.response(stream)).contains("too young"), "{}", body(&world.response(stream)));
}
