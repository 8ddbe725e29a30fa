//! Paths are made one before anything looks at them: rules by path hold, and the go command notices nothing.

use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::fixture::Stack;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use serde_json::{Value, json};

/// What a module may be called, and its version, as far as it is written differently in a path.
const MODULES: [(&str, &str); 4] = [
    ("example.com/Capital/m", "v1.2.3"),
    ("example.com/old", "v2.0.0+incompatible"),
    ("example.com/pre", "v1.0.0-RC1.x"),
    ("example.com/tilde~under_score/v2", "v2.1.0"),
];

/// A filter of the gateway's own: nobody may have what is below this path.
fn forbid(bootstrap: &mut Bootstrap, prefix: &str) {
    let rule = json!({
        "name": "envoy.filters.http.rbac",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
            "rules": {"action": "DENY", "policies": {"secret": {
                "permissions": [{"url_path": {"path": {"prefix": prefix}}}],
                "principals": [{"any": true}],
            }}},
        },
    });
    bootstrap.http_filters().insert(0, rule);
}

#[test]
fn a_rule_by_path_before_the_filter_holds_for_every_spelling() {
    let stack = Stack::with(&json!({}), |builder| {
        builder.edit(|bootstrap| forbid(bootstrap, "/secret.corp.example.com/"))
    });
    let secret = Module::new("secret.corp.example.com/x", "v1.0.0");
    stack.upstream.serve(&secret);
    for file in ["@v/list", "@latest", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip"] {
        for spelling in [
            "/secret.corp.example.com/x/",
            "//secret.corp.example.com/x/",
            "/secret.corp.example.com//x/",
            "/%73ecret.corp.example.com/x/",
            "/secret%2Ecorp.example.com/x/",
            "/%2fsecret.corp.example.com/x/",
            "/secret.corp.example.com%2fx/",
            "/secret.corp.example.com%2Fx/",
            "/secret.corp.example.com%5cx/",
            "/./secret.corp.example.com/x/",
            "/public/../secret.corp.example.com/x/",
            "/%2e/secret.corp.example.com/x/",
            "/public/%2e%2E/secret.corp.example.com/x/",
        ] {
            let answer = stack.get(&format!("{spelling}{file}"));
            assert!(matches!(answer.status, 400 | 403 | 404), "{spelling}{file}: {answer:?}");
        }
    }
    assert!(stack.upstream.requests().is_empty(), "{:?}", stack.upstream.requests());
    // Which the filter would have taken for the same: it decodes what Envoy leaves.
    let doubly = stack.get("/%2573ecret.corp.example.com/x/@v/list");
    assert_eq!(doubly.status, 404, "{doubly:?}");
}

#[test]
fn go_works_whatever_is_made_of_paths() {
    for action in ["KEEP_UNCHANGED", "REJECT_REQUEST", "UNESCAPE_AND_FORWARD", "UNESCAPE_AND_REDIRECT"] {
        for normal in [true, false] {
            assert_go_works(action, normal);
        }
    }
}

fn assert_go_works(action: &str, normal: bool) {
    let stack = Stack::with(&json!({}), |builder| {
        builder.edit(|bootstrap| {
            let hcm = bootstrap.hcm();
            hcm["normalize_path"] = Value::from(normal);
            hcm["merge_slashes"] = Value::from(normal);
            hcm["path_with_escaped_slashes_action"] = Value::from(action);
        })
    });
    let modules = MODULES.map(|(path, version)| Module::new(path, version));
    modules.iter().for_each(|module| stack.upstream.serve(module));
    let queries: Vec<String> = modules.iter().map(Module::query).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    // With the slash that people leave at the end.
    for slash in ["", "/"] {
        let go = Go::new(&format!("{}{slash}", stack.envoy.url()));
        let run = go.mod_download(&queries);
        assert!(run.ok(), "{action}, normalised {normal}: {run:?}");
        assert_eq!(go.list_versions("example.com/Capital/m"), ["v1.2.3"], "{action}, {normal}");
    }
    // As clients write it who escape more than they have to.
    for path in ["/example.com/%21capital/m/@v/list", "/example.com/!capital/m/%40v/list"] {
        let answer = stack.envoy.send(&Request::get(path));
        assert_eq!((answer.status, answer.text().as_str()), (200, "v1.2.3\n"), "{action}, {normal}: {path}");
    }
}
