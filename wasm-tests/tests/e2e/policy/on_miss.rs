//! What becomes of a module version that is not stored.

use std::fs;

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::{Stack, UPSTREAM, builder};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use serde_json::{Value, json};

use super::{FILES, asked_about, assert_go_shows, go, versions};

at_two_workers!(what_is_not_stored_is_not_there, go_is_sent_to_the_upstream_for_what_is_not_stored);

const MODULE: &str = "example.com/Acme/kept";

/// Puts a version into the store, not by way of the gateway.
fn keep(storage: &Nginx, module: &Module) {
    for (kind, body) in [
        ("info", module.info().into_bytes()),
        ("mod", module.go_mod().into()),
        ("zip", module.zip().to_vec()),
    ] {
        let file = storage.data().join(&module.url(kind)[1..]);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, body).unwrap();
    }
}

/// A gateway whose store has two versions of the module, of three that there are. `upstream` is where clients are sent to, and
/// the stack's own where the gateway itself gets things.
fn site(workers: u32, upstream: &Faulty, on_miss: &Value) -> Stack {
    let stack = {
        let (own, storage) = (Faulty::start(), Nginx::storage());
        let url = format!("http://{}", upstream.addr());
        let envoy = builder(own.addr(), storage.addr())
            .concurrency(workers)
            .patch_plugin(&json!({
                "upstreams": [{"name": "golang", "cluster": UPSTREAM, "url": url}],
                "policy": {"on_miss": on_miss},
            }))
            .start();
        Stack { envoy, upstream: own, storage }
    };
    for server in [upstream, &stack.upstream] {
        server.serve_all(&versions(MODULE, &["v1.0.0", "v1.1.0", "v1.2.0"]));
        server.serve(&Module::new("example.com/fetched", "v1.0.0"));
    }
    for version in ["v1.0.0", "v1.1.0"] {
        keep(&stack.storage, &Module::new(MODULE, version));
    }
    stack
}

fn what_is_not_stored_is_not_there(workers: u32) {
    let overrides = json!([{"modules": ["example.com/fetched"], "mode": "fetch"}]);
    let stack = site(workers, &Faulty::start(), &json!({"mode": "none", "overrides": overrides}));
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.0.0", "v1.1.0"]);
    assert_eq!(go(&stack).resolve(&format!("{MODULE}@latest")), "v1.1.0");
    go(&stack).get(&format!("{MODULE}@latest")).expect_ok();
    go(&stack).mod_download(&[&format!("{MODULE}@v1.0.0")]).expect_ok();
    let missing = go(&stack).mod_download(&[&format!("{MODULE}@v1.2.0")]);
    assert!(!missing.ok() && missing.stdout.contains("404 Not Found"), "{missing:?}");
    let latest = stack.get(&Module::new(MODULE, "v1.2.0").latest_url());
    assert_eq!(latest.json()["Version"], "v1.1.0");
    assert_eq!(stack.get("/example.com/nothing/@latest").status, 404);
    assert_eq!(stack.get("/example.com/!acme/kept/@v/main.info").status, 404);
    assert_eq!(asked_about(&stack.upstream, MODULE), 0);
    go(&stack).get("example.com/fetched@latest").expect_ok();
}

fn go_is_sent_to_the_upstream_for_what_is_not_stored(workers: u32) {
    let upstream = Faulty::start();
    let stack = site(workers, &upstream, &json!({"mode": "redirect"}));
    // Stored: from here.
    go(&stack).mod_download(&[&format!("{MODULE}@v1.1.0")]).expect_ok();
    assert_eq!(asked_about(&upstream, MODULE), 0);
    let new = Module::new(MODULE, "v1.2.0");
    go(&stack).mod_download(&[&new.query()]).expect_ok();
    for path in FILES.map(|kind| new.url(kind)) {
        assert_eq!(upstream.hits(&path), 1, "{path}");
        let answer = stack.get(&path);
        let location = answer.header("location").map(|location| location.replace("%21", "!"));
        assert_eq!((answer.status, location), (302, Some(format!("http://{}{path}", upstream.addr()))));
    }
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.0.0", "v1.1.0", "v1.2.0"]);
    assert_eq!(go(&stack).resolve(&format!("{MODULE}@latest")), "v1.2.0");
    assert_eq!(asked_about(&stack.upstream, MODULE), 0, "nothing is fetched here");
    assert!(!stack.storage.requests().iter().any(|(method, _, _)| method == "PUT"), "nor stored");
}

#[test]
fn where_clients_are_sent_they_still_do_not_see_what_is_refused() {
    let upstream = Faulty::start();
    let (own, storage) = (Faulty::start(), Nginx::storage());
    let envoy = builder(own.addr(), storage.addr())
        .patch_plugin(&json!({
            "upstreams": [{"name": "golang", "cluster": UPSTREAM, "url": format!("http://{}", upstream.addr())}],
            "policy": {
                "on_miss": {"mode": "redirect"},
                "rules": [{"name": "hole", "modules": [MODULE], "versions": ["v1.2.0"], "action": "deny"}],
            },
        }))
        .start();
    let stack = Stack { envoy, upstream: own, storage };
    let all = versions(MODULE, &["v1.0.0", "v1.1.0", "v1.2.0"]);
    stack.upstream.serve_all(&all);
    upstream.serve_all(&all);
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.0.0", "v1.1.0"]);
    assert_eq!(go(&stack).resolve(&format!("{MODULE}@latest")), "v1.1.0");
    assert_go_shows(&go(&stack).get(&format!("{MODULE}@v1.2.0")), &["hole"]);
    go(&stack).mod_download(&[&format!("{MODULE}@v1.1.0")]).expect_ok();
    assert_eq!(upstream.hits(&all[1].url("zip")), 1);
    assert_eq!(upstream.hits(&all[2].url("mod")) + upstream.hits(&all[0].list_url()), 0);
}
