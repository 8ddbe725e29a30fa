//! The page that says what is decided, and why.

use serde_json::{Value, json};

use super::{CONFIG, body};
use crate::sim::World;

const ADMIN: &str = r#""admin": {"explain": ["@anonymous"]}"#;

fn with(more: &str) -> String {
    CONFIG.replacen('{', &format!("{{{ADMIN},{more},"), 1)
}

fn world(config: &str) -> World {
    let mut world = World::new(1, config);
    world.cluster("storage");
    world.cluster("public");
    world
}

fn explained(world: &mut World, query: &str) -> Value {
    let page = world.get(0, &format!("/-/explain?{query}"));
    assert_eq!(page.status, 200, "{}", body(&page));
    serde_json::from_slice(&page.body).unwrap()
}

/// What is refused to everybody until the bundle is there is not explained to be allowed.
#[test]
fn scenario_nothing_is_allowed_before_a_required_bundle_was_read() {
    let bundle = r#""cluster": "rules", "url": "http://rules.test/bundle.json""#;
    let mut world = world(&with(&format!(r#""policy": {{"bundle": {{{bundle}}}}}"#)));
    world.cluster("rules").serve("/bundle.json", r#"{"version": 7, "rules": []}"#);
    let page = explained(&mut world, "module=example.com/m&version=v1.0.0");
    assert_eq!((&page["decision"], &page["policy_bundle"]), (&json!("not_yet"), &Value::Null));
    assert_eq!(world.get(0, "/example.com/m/@v/v1.0.0.mod").status, 503);
    world.pass(1000);
    let page = explained(&mut world, "module=example.com/m&version=v1.0.0");
    assert_eq!((&page["decision"], &page["policy_bundle"]), (&json!("allow"), &json!(7)));
}

/// What is not enforced is shown beside what is decided, and only where that is something else.
#[test]
fn what_would_be_decided_is_shown_beside_what_is() {
    let rules = r#"
        {"name": "late", "modules": ["*"], "action": "cooldown", "age": "7d", "enforce": false},
        {"name": "no", "exact": ["example.com/m"], "action": "deny", "enforce": false},
        {"name": "real", "exact": ["example.com/x"], "action": "deny"}"#;
    let mut world = world(&with(&format!(r#""policy": {{"rules": [{rules}]}}"#)));
    for (module, decision, would, says, outcomes) in [
        (
            "example.com/m",
            "allow",
            json!("deny"),
            json!("would be refused by rule no, which is not enforced"),
            &["not enforced", "would decide, but is not enforced"][..],
        ),
        ("example.com/x", "deny", Value::Null, Value::Null, &["not enforced", "decides"]),
        (
            "example.com/y",
            "allow",
            json!("undated"),
            json!("may be refused by rule late, which is not enforced: its age is not known"),
            &["would decide, but is not enforced"],
        ),
    ] {
        let page = explained(&mut world, &format!("module={module}&version=v1.0.0"));
        let monitored = &page["monitored"];
        assert_eq!((&page["decision"], &page["enforced"]), (&json!(decision), &json!(true)), "{module}");
        assert_eq!((&monitored["decision"], &monitored["says"]), (&would, &says), "{module}");
        assert_eq!(
            monitored["refusal"].is_string(),
            !would.is_null(),
            "{module}: what a developer would read"
        );
        let considered = page["considered"].as_array().unwrap();
        let got: Vec<_> = considered.iter().map(|rule| rule["outcome"].as_str().unwrap()).collect();
        assert_eq!(got, outcomes, "{module}");
    }
    let page = explained(&mut self::world(&with(r#""policy": {}"#)), "module=example.com/m");
    assert!(page.get("monitored").is_none(), "all of it is enforced: {page}");
}

/// Who is said to be asked is asked, and nobody else is.
#[test]
fn scenario_sources_are_those_that_are_asked() {
    let (storage, public) = (json!(["storage"]), json!(["upstream public"]));
    for (miss, files, lists) in [
        ("fetch", json!(["storage", "upstream public"]), json!(["upstream public", "storage"])),
        ("none", storage.clone(), storage.clone()),
        ("redirect", storage.clone(), json!([])),
    ] {
        let mut world = world(&with(&format!(r#""policy": {{"on_miss": {{"mode": "{miss}"}}}}"#)));
        world.cluster("storage").serve("/modules/x/", "");
        for (query, path, expected) in [
            ("module=example.com/m&version=v1.0.0", "/example.com/m/@v/v1.0.0.mod", &files),
            ("module=example.com/m", "/example.com/m/@v/list", &lists),
        ] {
            let page = explained(&mut world, query);
            for source in page["sources"].as_array().unwrap() {
                assert_eq!(&source["asked"], expected, "{miss} {query}: {source}");
            }
            let _ = world.get(0, path);
            for (cluster, name) in [("storage", &storage), ("public", &public)] {
                let asks = expected.as_array().unwrap().contains(&name[0]);
                assert_eq!(!world.clusters[cluster].asked.is_empty(), asks, "{miss} {path}: {cluster}");
                world.cluster(cluster).asked.clear();
            }
        }
    }
}

fn posted(world: &mut World, query: &str, text: &str) -> crate::http::Response {
    let stream = world.begin_post(0, &format!("/-/explain{query}"), &[]);
    world.send(0, stream, text.as_bytes(), true);
    world.settle();
    world.response(stream)
}

/// Each of many is explained as if it had been asked for alone.
#[test]
fn scenario_many_are_explained_as_one_is() {
    let rules = r#""policy": {"rules": [
        {"name": "adas", "modules": ["example.com/team"], "principals": ["ada"], "action": "allow"},
        {"name": "hole", "exact": ["example.com/m"], "versions": ["v1.0.0"], "action": "deny"}
    ]}"#;
    let mut world = world(&with(rules));
    let mut text = String::from("example.com/main\n\n");
    let mut alone = vec![explained(&mut world, "module=example.com/main&principal=ada")];
    for number in 0..40 {
        for module in ["example.com/m", "example.com/team/x"] {
            let version = format!("v1.0.{number}");
            text.push_str(&format!("{module} {version}\n"));
            let query = format!("module={module}&version={version}&principal=ada");
            alone.push(explained(&mut world, &query));
        }
    }
    text.push_str("example.com/old v1.0.0 => example.com/m v1.0.0\nexample.com/old v1.0.0 => ./local");
    alone.push(explained(&mut world, "module=example.com/m&version=v1.0.0&principal=ada"));
    let page = posted(&mut world, "?principal=ada", &text);
    let many: Value = serde_json::from_slice(&page.body).unwrap();
    assert_eq!((page.status, &many), (200, &Value::from(alone)));
    assert_eq!(many[1]["decision"], "deny");
    assert_eq!(posted(&mut world, "", "\n").body[..], b"[]\n"[..]);
    assert_eq!(posted(&mut world, "?module=example.com/m", "").status, 400);
}

#[test]
fn scenario_of_many_there_are_at_most_a_thousand_and_their_answer_has_a_bound() {
    let rules: Vec<_> = (0..500)
        .map(|at| format!(r#"{{"name": "rule-{at}", "modules": ["example.com"], "versions": ["v0.{at}.0"], "action": "deny"}}"#))
        .collect();
    let mut world = world(&with(&format!(r#""policy": {{"rules": [{}]}}"#, rules.join(","))));
    let text = |lines: usize| "example.net/m v1.0.0\n".repeat(lines);
    assert_eq!(posted(&mut world, "", &text(1000)).status, 200);
    assert_eq!(posted(&mut world, "", &text(1001)).status, 413);
    let large = posted(&mut world, "", &"example.com/m v1.0.0\n".repeat(1000));
    assert_eq!(large.status, 413, "{}", body(&large));
    assert!(body(&large).contains("fewer modules"), "{}", body(&large));
}
