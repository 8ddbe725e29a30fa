//! The page that says why: what it says of each action, and to whom.

use modgate::http::Timestamp;
use modgate_wasm_tests::fixture::Stack;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use serde_json::{Value, json};

use super::{assert_refused, with};

const MODULE: &str = "example.com/Acme/m";

fn stack(admin: &Value) -> Stack {
    with(
        2,
        &json!({
            "callers": {"principals": [{"header": "x-user", "prefix": "user:", "trusted": true}]},
            "admin": admin,
            "policy": {"rules": [
                {"name": "urgent", "exact": [MODULE], "versions": ["v1.9.0"], "action": "allow"},
                {"name": "hole", "exact": [MODULE], "versions": ["v1.2.0"], "action": "deny", "reason": "It leaks."},
                {"name": "team-only", "modules": ["example.com/team"], "principals": ["user:ada"], "action": "allow"},
                {"name": "team", "modules": ["example.com/team"], "action": "deny"},
                {"name": "moved", "modules": ["example.com/moved"], "action": "redirect", "to": "https://proxy.test"},
                {"name": "fresh", "modules": ["example.com/Acme"], "action": "cooldown", "age": "7d"},
            ]},
        }),
    )
}

fn ask(stack: &Stack, query: &str, user: Option<&str>) -> Response {
    let request = Request::get(&format!("/-/explain?{query}"));
    stack.envoy.send(&user.into_iter().fold(request, |request, user| request.header("x-user", user)))
}

#[track_caller]
fn explained(stack: &Stack, query: &str) -> Value {
    let answer = ask(stack, query, Some("ops"));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

#[test]
fn it_is_for_those_whom_the_configuration_names() {
    let query = format!("module={MODULE}");
    let nobody = stack(&json!({}));
    for user in [None, Some("ops")] {
        assert_eq!(ask(&nobody, &query, user).status, 404);
    }
    let ops = stack(&json!({"explain": ["user:ops"]}));
    for user in [None, Some("ada"), Some("ops2"), Some("user:ops")] {
        let answer = ask(&ops, &query, user);
        assert_refused(&answer, &["admin.explain"]);
        assert!(!answer.text().contains("hole"), "{}", answer.text());
    }
    explained(&ops, &query);
    for malformed in ["", "module=", "module=x y", "module=example.com/m&version=main", "modul=example.com/m"]
    {
        assert_eq!(ask(&ops, malformed, Some("ops")).status, 400, "{malformed}");
    }
    assert!(ops.upstream.requests().is_empty() && ops.storage.requests().is_empty(), "it asks nobody");
}

#[test]
fn it_names_the_rule_that_decides_and_those_that_do_not() {
    let stack = stack(&json!({"explain": ["user:ops"]}));
    for (query, decision, rule) in [
        (format!("module={MODULE}&version=v1.9.0"), "allow", Some(("policy.rules[0]", "urgent"))),
        (format!("module={MODULE}&version=v1.2.0"), "deny", Some(("policy.rules[1]", "hole"))),
        (format!("module={MODULE}&version=v1.3.0"), "undated", Some(("policy.rules[5]", "fresh"))),
        (format!("module={MODULE}"), "by_version", None),
        ("module=example.com/team/m".to_owned(), "deny", Some(("policy.rules[3]", "team"))),
        (
            "module=example.com/team/m&principal=user:ada".to_owned(),
            "allow",
            Some(("policy.rules[2]", "team-only")),
        ),
        (
            "module=example.com/moved&version=v1.0.0".to_owned(),
            "redirect",
            Some(("policy.rules[4]", "moved")),
        ),
        ("module=example.com/other&version=v2.0.0+incompatible".to_owned(), "allow", None),
        ("module=example.com/other&version=v2.0.0%2Bincompatible".to_owned(), "allow", None),
    ] {
        let explained = explained(&stack, &query);
        let rule = rule.map_or(Value::Null, |(place, name)| json!({"place": place, "name": name}));
        assert_eq!(
            (explained["decision"].as_str(), &explained["rule"]),
            (Some(decision), &rule),
            "{explained}"
        );
        let decides =
            explained["considered"].as_array().unwrap().iter().filter(|one| one["outcome"] == "decides");
        assert_eq!(decides.count(), usize::from(!rule.is_null()), "{explained}");
    }
    let hole = explained(&stack, &format!("module={MODULE}&version=v1.2.0"));
    assert!(hole["refusal"].as_str().unwrap().contains("It leaks."), "{hole}");
    let considered: Vec<_> = hole["considered"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (one["name"].as_str().unwrap(), one["action"].as_str().unwrap(), one["outcome"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        considered,
        [
            ("urgent", "allow", "not for this version"),
            ("hole", "deny", "decides"),
            ("fresh", "cooldown", "not reached"),
        ]
    );
    let moved = explained(&stack, "module=example.com/moved&version=v1.0.0");
    assert_eq!(moved["redirect"], "https://proxy.test/example.com/moved/@v/v1.0.0.info");
    let team = explained(&stack, "module=example.com/team/m&principal=user:bob");
    assert_eq!(team["principals"], json!(["user:bob"]));
    assert_eq!(team["considered"][0]["outcome"], "not for this caller");
    assert_eq!(
        (&team["mode"], &team["on_miss"], &team["default"]),
        (&json!("online"), &json!("fetch"), &json!("allow"))
    );
}

#[test]
fn it_says_what_is_known_and_how_old_that_is() {
    let stack = stack(&json!({"explain": ["user:ops"]}));
    let published = Timestamp(1_704_164_645_000).rfc3339();
    let module = Module::new(MODULE, "v1.3.0").published(&published);
    stack.upstream.serve(&module);
    let query = format!("module={MODULE}&version=v1.3.0");
    let states = |explained: &Value| -> Vec<String> {
        let indexed = explained["indexed"].as_array().unwrap().iter();
        indexed
            .map(|one| format!("{} {}", one["document"].as_str().unwrap(), one["state"].as_str().unwrap()))
            .collect()
    };
    let before = explained(&stack, &query);
    assert_eq!(states(&before), [".info absent", ".mod absent", ".zip absent"]);
    assert_eq!(stack.get(&module.url("mod")).status, 200);
    let after = explained(&stack, &query);
    assert_eq!((&after["decision"], &after["published"]), (&json!("allow"), &json!(published)), "{after}");
    assert_eq!(states(&after), [".info fresh", ".mod fresh", ".zip absent"], "{after}");
    assert_eq!(after["considered"][2]["outcome"], "old enough", "{after}");
    assert!(after["indexed"][1]["age_seconds"].as_u64().unwrap() < 60, "{after}");
    let sources = after["sources"].as_array().unwrap();
    assert_eq!(sources.len(), 3, "{after}");
    for source in sources {
        assert_eq!(source["asked"].as_array().unwrap().len(), 2, "storage and the upstream: {after}");
    }
}
