//! What a rule denies: by name, by any other name, and together with the reason.

use std::fs;

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::Stack;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use serde_json::json;

use super::{FILES, assert_go_shows, assert_refused, go, ruled, versions, with};

at_two_workers!(go_does_not_see_what_is_refused_and_reads_why, what_is_refused_has_no_other_name);

const MODULE: &str = "example.com/Acme/log";
const BRANCH: &str = "/example.com/!acme/log/@v/main.info";
const SAFE_BRANCH: &str = "/example.com/!acme/log/@v/stable.info";
const PSEUDO: &str = "v1.3.1-0.20240102030405-abcdefabcdef";
/// What a developer must be able to read: by which rule, why, and where there is more.
const WHY: [&str; 4] = [MODULE, "log-hole", "It writes tokens to the log.", "https://wiki.example/go/log"];

fn stack(workers: u32) -> Stack {
    let stack = ruled(
        workers,
        &json!([{
            "name": "log-hole", "exact": [MODULE], "versions": [">=v1.2.0, <v1.4.0"], "action": "deny",
            "reason": WHY[2], "link": WHY[3],
        }]),
    );
    stack.upstream.serve_all(&versions(MODULE, &["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.5"]));
    let pseudo = Module::new(MODULE, PSEUDO);
    for kind in FILES {
        let body = match kind {
            "info" => pseudo.info().into(),
            "mod" => pseudo.go_mod().into(),
            _ => pseudo.zip(),
        };
        stack.upstream.on(&pseudo.url(kind), Reply::ok(body));
    }
    stack.upstream.on(BRANCH, Reply::ok(pseudo.info()));
    stack.upstream.on(SAFE_BRANCH, Reply::ok(Module::new(MODULE, "v1.1.0").info()));
    stack
}

fn go_does_not_see_what_is_refused_and_reads_why(workers: u32) {
    let stack = stack(workers);
    let query = |version: &str| format!("{MODULE}@{version}");
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.0.0", "v1.1.0"]);
    for allowed in ["latest", "v1", "<v1.3.5", "stable"] {
        assert_eq!(go(&stack).resolve(&query(allowed)), "v1.1.0", "{allowed}");
    }
    let got = go(&stack);
    got.get(&query("latest")).expect_ok();
    assert!(fs::read_to_string(got.work().join("go.mod")).unwrap().contains("example.com/Acme/log v1.1.0"));
    for refused in ["v1.2.0", "v1.3.5", "main", PSEUDO] {
        assert_go_shows(&go(&stack).get(&query(refused)), &WHY);
        assert_go_shows(&go(&stack).mod_download(&[&query(refused)]), &WHY);
    }
    let pinned = go(&stack);
    let file = format!("module example.test/scratch\n\ngo 1.21\n\nrequire {MODULE} v1.2.0\n");
    fs::write(pinned.work().join("go.mod"), file).unwrap();
    assert_go_shows(&pinned.run(&["mod", "download"]), &WHY);
    assert!(stack.envoy.metric("refusals_total.reason.log-hole") >= 9, "each is counted by its rule");
}

fn what_is_refused_has_no_other_name(workers: u32) {
    let stack = stack(workers);
    // What the index learns from one answer must not be what the next client is given.
    for _ in 0..3 {
        for version in ["v1.2.0", "v1.3.5", PSEUDO] {
            let module = Module::new(MODULE, version);
            for path in FILES.map(|kind| module.url(kind)) {
                for path in [path.replace('!', "%21"), path.replacen('/', "//", 1), path] {
                    assert_refused(&stack.get(&path), &WHY);
                }
            }
            assert_eq!(stack.envoy.send(&Request::new("HEAD", &module.url("zip"))).status, 403);
        }
        assert_refused(&stack.get(BRANCH), &WHY);
        assert_eq!(stack.get(SAFE_BRANCH).json()["Version"], "v1.1.0");
        let module = Module::new(MODULE, "v1.1.0");
        assert_eq!(stack.get(&module.list_url()).text(), "v1.0.0\nv1.1.0\n");
        assert_eq!(stack.get(&module.latest_url()).json()["Version"], "v1.1.0");
        for kind in FILES {
            assert_eq!(stack.get(&module.url(kind)).status, 200, "{kind}");
        }
    }
    for version in ["v1.2.0", "v1.3.5", PSEUDO] {
        for kind in FILES {
            let path = Module::new(MODULE, version).url(kind);
            assert_eq!((stack.upstream.hits(&path), stack.storage.hits(&path)), (0, 0), "{path}");
        }
    }
}

#[test]
fn by_default_nothing_is_had_but_what_a_rule_allows() {
    let policy = json!({"policy": {
        "default": "deny",
        "rules": [{"name": "approved", "modules": ["example.com/approved"], "action": "allow"}],
    }});
    let stack = with(2, &policy);
    for name in ["example.com/approved/a", "example.com/other"] {
        stack.upstream.serve(&Module::new(name, "v1.0.0"));
    }
    go(&stack).get("example.com/approved/a@latest").expect_ok();
    let says = ["example.com/other", "policy.default"];
    assert_go_shows(&go(&stack).get("example.com/other@v1.0.0"), &says);
    assert_go_shows(&go(&stack).get("example.com/other@latest"), &says);
    let refused = stack.envoy.metric("refusals_total.reason.default");
    assert!(refused >= 2, "{refused}");
    assert!(!stack.upstream.requests().iter().any(|seen| seen.target.starts_with("/example.com/other/")));
}

#[test]
fn the_first_rule_that_applies_decides_for_the_modules_that_it_names() {
    let stack = ruled(
        2,
        &json!([
            {"name": "exception", "exact": ["example.com/evil/good"], "action": "allow"},
            {"name": "evil", "modules": ["example.com/evil", "*.corp.example/*/internal"], "action": "deny"},
            {"exact": ["example.com/one"], "action": "deny"},
        ]),
    );
    for (module, rule) in [
        ("example.com/evil", Some("evil")),
        ("example.com/evil/worse", Some("evil")),
        ("example.com/evil/v2", Some("evil")),
        ("example.com/evil/good", None),
        ("example.com/evil/good/not", Some("evil")),
        ("example.com/Evil", None),
        ("example.com/evilness", None),
        ("git.corp.example/team/internal", Some("evil")),
        ("git.corp.example/team/internal/deep", Some("evil")),
        ("git.corp.example/team/sub/internal", None),
        ("example.com/one", Some("policy.rules[2]")),
        ("example.com/one/below", None),
    ] {
        let version = if module.ends_with("v2") { "v2.0.0" } else { "v1.0.0" };
        let module = Module::new(module, version);
        stack.upstream.serve(&module);
        let paths =
            FILES.map(|kind| module.url(kind)).into_iter().chain([module.list_url(), module.latest_url()]);
        for path in paths {
            let answer = stack.get(&path);
            match rule {
                Some(rule) => assert_refused(&answer, &[rule]),
                None => assert_eq!(answer.status, 200, "{path}: {}", answer.text()),
            }
        }
    }
    for (rule, count) in [("evil", 30), ("policy_rules_2", 5)] {
        assert_eq!(stack.envoy.metric(&format!("refusals_total.reason.{rule}")), count, "{rule}");
    }
}

/// As long as names and reasons may be: go shows 8 lines and 648 bytes at most, and the end is what the developer needs.
#[test]
fn go_shows_the_longest_refusal_too() {
    let module = format!("example.com/{}/{}", "Group".repeat(12), "project".repeat(12));
    let (name, reason) = ("n".repeat(32), "Ein Grund, ausführlich. ".repeat(11));
    let link = format!("https://wiki.example/{}", "l".repeat(80));
    let rule = |action: &str| json!({"name": name, "modules": ["example.com"], "action": action, "reason": reason.trim(), "link": link});
    let mut young = rule("cooldown");
    young["age"] = json!("7d");
    for rule in [rule("deny"), young] {
        let stack = ruled(1, &json!([rule]));
        let pseudo =
            Module::new(&module, "v1.3.1-0.20240102030405-abcdefabcdef").published("2099-01-02T03:04:05Z");
        stack.upstream.serve(&pseudo);
        // Names are cut, and of what the operator wrote the reason.
        let says = [
            "example.com/GroupGroup",
            &name,
            "Why: Ein Grund, ausf",
            &format!("See: {link}"),
            "What to do: ",
        ];
        assert_refused(&stack.get(&pseudo.url("zip")), &says);
        assert_go_shows(&go(&stack).get(&pseudo.query()), &says);
        assert_go_shows(&go(&stack).mod_download(&[&pseudo.query()]), &says);
    }
}
