//! Clients that are sent elsewhere: go follows, and gets there what it asked for.

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::UPSTREAM;
use modgate_wasm_tests::module::Module;
use serde_json::json;

use super::{FILES, asked_about, go, ruled, versions, with};

at_two_workers!(go_follows_to_the_other_proxy);

const MODULE: &str = "example.com/Acme/moved";

fn go_follows_to_the_other_proxy(workers: u32) {
    let elsewhere = Faulty::start();
    elsewhere.serve_all(&versions(MODULE, &["v1.0.0", "v1.1.0"]));
    let to = format!("http://{}", elsewhere.addr());
    let rules = json!([{"name": "moved", "modules": [MODULE], "action": "redirect", "to": to}]);
    let stack = ruled(workers, &rules);
    stack.upstream.serve(&Module::new(MODULE, "v1.9.9"));
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.0.0", "v1.1.0"]);
    go(&stack).get(&format!("{MODULE}@latest")).expect_ok();
    go(&stack).mod_download(&[&format!("{MODULE}@v1.0.0")]).expect_ok();
    for version in ["v1.0.0", "v1.1.0"] {
        let module = Module::new(MODULE, version);
        assert!(elsewhere.hits(&module.url("zip")) >= 1);
        for path in FILES.map(|kind| module.url(kind)) {
            let answer = stack.get(&path);
            assert_eq!(answer.status, 302, "{answer:?}");
            let location = answer.header("location").unwrap().replace("%21", "!");
            assert_eq!(location, format!("{to}{path}"));
        }
    }
    assert_eq!(asked_about(&stack.upstream, MODULE), 0);
    assert!(!stack.storage.requests().iter().any(|(_, target, _)| target.contains("/moved/")));
}

#[test]
fn some_versions_are_elsewhere_and_all_are_listed() {
    let elsewhere = Faulty::start();
    elsewhere.serve(&Module::new(MODULE, "v1.0.0"));
    let to = format!("http://{}/archive/", elsewhere.addr());
    let rules = json!([{"modules": [MODULE], "versions": ["<v1.1.0"], "action": "redirect", "to": to}]);
    let stack = ruled(2, &rules);
    stack.upstream.serve_all(&versions(MODULE, &["v1.0.0", "v1.1.0"]));
    for path in FILES.map(|kind| Module::new(MODULE, "v1.0.0").url(kind)) {
        let location = stack.get(&path).header("location").map(|location| location.replace("%21", "!"));
        assert_eq!(location.as_deref(), Some(format!("{}{path}", to.trim_end_matches('/')).as_str()));
    }
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.0.0", "v1.1.0"]);
    go(&stack).mod_download(&[&format!("{MODULE}@v1.1.0")]).expect_ok();
    assert_eq!(stack.upstream.hits(&Module::new(MODULE, "v1.1.0").url("zip")), 1, "fetched and stored");
    assert_eq!(stack.upstream.hits(&Module::new(MODULE, "v1.0.0").url("zip")), 0);
}

#[test]
fn without_an_address_go_is_sent_to_the_upstream_that_would_be_asked() {
    let upstream = Faulty::start();
    let stack = with(
        2,
        &json!({
            "upstreams": [{"name": "corp", "cluster": UPSTREAM, "url": format!("http://{}", upstream.addr())}],
            "policy": {"rules": [{"modules": [MODULE], "action": "redirect"}]},
        }),
    );
    upstream.serve(&Module::new(MODULE, "v1.0.0"));
    go(&stack).get(&format!("{MODULE}@latest")).expect_ok();
    // The gateway's own way there leads to the other one.
    assert_eq!(asked_about(&stack.upstream, MODULE), 0);
    assert!(asked_about(&upstream, MODULE) >= 4);
}
