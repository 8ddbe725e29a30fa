//! What stands above the rules: malice and its waivers; and the floor of toolchains, as the real go command meets them.

use std::fs;
use std::time::Duration;

use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::{at_two_workers, wait};
use serde_json::{Value, json};

use super::{FILES, assert_go_shows, assert_refused, go, ruled, versions, with};
use crate::advisories::database::whole;

at_two_workers!(
    a_gate_knows_the_database_that_lies_in_storage,
    what_is_malicious_is_refused_until_it_is_waived,
    what_is_listed_by_its_hash_go_gets_by_no_name,
    an_old_toolchain_is_refused_and_the_one_to_use_is_named
);

const MODULE: &str = "example.com/Acme/log";
const WHY: [&str; 3] = [
    "example.com/Acme/log@v1.2.0 is malicious: CORP-2026-3",
    "It steals tokens.",
    "https://wiki.example/go/log",
];

fn what_is_listed_by_its_hash_go_gets_by_no_name(workers: u32) {
    let module = Module::new(MODULE, "v1.2.0");
    // The same files by another name, as a fork has them.
    let fork = Module::new("example.org/log", "v0.1.0").go_mod_of(module.go_mod());
    let gate = |hash: &str, zip_bytes: u32| {
        let listed = json!([{"id": "CORP-2026-3", "hashes": [hash], "reason": WHY[1], "link": WHY[2]}]);
        let patch = json!({
            "policy": {"malicious": listed}, "fetch": {"zip_bytes": zip_bytes}, "admin": {"explain": ["@anonymous"]},
        });
        let stack = with(workers, &patch);
        // Another version of the very same files would be as bad.
        let other = Module::new(MODULE, "v1.1.0").file("more.go", "package log\n");
        stack.upstream.serve_all(&[other, module.clone()]);
        stack.upstream.serve(&fork);
        stack
    };
    // Operators read both hashes of what they have looked at here, and go.sum has the one of them.
    let stack = gate("h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=", 8 << 20);
    let downloaded = go(&stack).mod_download(&[&module.query()]).expect_ok().json();
    let explained = stack.get(&format!("/-/explain?module={MODULE}&version=v1.2.0")).json();
    assert_eq!(explained["content"]["h1"], downloaded["Sum"]);
    for (hash, is_of_files) in [("h1", false), ("files_h1", true)] {
        let hash = explained["content"][hash].as_str().unwrap();
        for zip_bytes in [8 << 20, 0] {
            let stack = gate(hash, zip_bytes);
            let first = go(&stack).get(&module.query());
            if zip_bytes > 0 {
                assert_go_shows(&first, &WHY);
            } else {
                // It is streamed, and its end is missing.
                assert!(!first.ok(), "{first:?}");
            }
            assert_go_shows(&go(&stack).get(&module.query()), &WHY);
            for path in FILES.map(|kind| module.url(kind)) {
                assert_refused(&stack.get(&path), &WHY);
            }
            assert_eq!(go(&stack).list_versions(MODULE), ["v1.1.0"]);
            go(&stack).get(&format!("{MODULE}@latest")).expect_ok();
            let is_refused = |answer: modgate_wasm_tests::http::Response| answer.status == 403;
            if zip_bytes > 0 {
                assert_eq!(is_refused(stack.get(&fork.url("zip"))), is_of_files);
            }
        }
    }
}

fn what_is_malicious_is_refused_until_it_is_waived(workers: u32) {
    let listed = json!([{
        "id": "CORP-2026-3", "exact": [MODULE], "versions": [">=v1.2.0"], "reason": WHY[1], "link": WHY[2],
    }]);
    // No rule lifts it.
    let allow = json!([{"modules": ["*"], "action": "allow"}]);
    let gate = |waivers: Value| {
        let policy = json!({"rules": allow, "malicious": listed, "waivers": waivers});
        let stack = with(workers, &json!({"policy": policy, "admin": {"explain": ["@anonymous"]}}));
        stack.upstream.serve_all(&versions(MODULE, &["v1.0.0", "v1.1.0", "v1.2.0"]));
        stack
    };
    let module = Module::new(MODULE, "v1.2.0");

    let stack = gate(json!([]));
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.0.0", "v1.1.0"]);
    assert_eq!(go(&stack).resolve(&format!("{MODULE}@latest")), "v1.1.0");
    assert_go_shows(&go(&stack).get(&module.query()), &WHY);
    for path in FILES.map(|kind| module.url(kind)) {
        assert_refused(&stack.get(&path), &WHY);
    }
    assert!(stack.envoy.metric("refusals_total.reason.malicious") >= 4);
    let explained = stack.get(&format!("/-/explain?module={MODULE}&version=v1.2.0")).json();
    assert_eq!(explained["decision"], "malicious");

    let waiver = |until: &str| {
        json!([{
            "name": "known", "modules": ["example.com"], "ids": ["CORP-2026-3"], "until": until, "by": "sec@corp.example.com",
            "ticket": "SEC-81", "reason": "It was looked at.",
        }])
    };
    let stack = gate(waiver("2999-12-31"));
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.0.0", "v1.1.0", "v1.2.0"]);
    go(&stack).get(&module.query()).expect_ok();
    assert!(stack.envoy.metric("waived_total.reason.known") >= 1);
    assert_eq!(stack.envoy.metric("refusals_total.reason.malicious"), 0);

    // One that has ended lifts nothing, and the log says so.
    let stack = gate(waiver("2020-01-31"));
    assert_go_shows(&go(&stack).get(&module.query()), &WHY);
    let line =
        "waiver known of CORP-2026-3 has ended at 2020-02-01T00:00:00Z (by sec@corp.example.com, SEC-81)";
    stack.envoy.wait_metric("waivers_ended", 1);
    assert_eq!(stack.envoy.log().matches(line).count(), 1, "by one worker alone");
}

/// As the documentation begins: nothing is enforced, and one rule asks for advisories.
fn a_gate_knows_the_database_that_lies_in_storage(workers: u32) {
    let gate: Value = serde_json::from_str(include_str!("../../../../examples/gate/gate.json")).unwrap();
    let enforced = |enforced: bool| {
        let mut gate = gate.clone();
        gate["policy"]["enforce"] = json!(enforced);
        let stack = with(workers, &gate);
        stack.upstream.serve_all(&versions(MODULE, &["v1.0.0", "v1.1.0"]));
        let folder = stack.storage.data().join("advisories");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("vulndb.zip"), whole(MODULE, "1.1.0", 1)).unwrap();
        stack
    };
    let old = Module::new(MODULE, "v1.0.0");
    let stack = enforced(false);
    wait::until("every worker has read it", Duration::from_secs(60), || {
        let answers = (0..8 * workers).map(|_| stack.get(&old.url("mod")));
        answers.into_iter().all(|answer| answer.header("x-modgate-monitored") == Some("fixable"))
    });
    go(&stack).get(&old.query()).expect_ok();
    assert!(stack.envoy.metric("monitored_total.reason.fixable") >= 8);
    let explained = stack.get(&format!("/-/explain?module={MODULE}&version=v1.0.0")).json();
    let advisory = &explained["advisories"][0];
    assert_eq!(
        (&advisory["id"], &advisory["source"], &advisory["fixed"]),
        (&json!("GO-2026-9999"), &json!("go"), &json!(["v1.1.0"]))
    );
    assert_eq!(explained["monitored"]["rule"]["name"], "fixable");

    let stack = enforced(true);
    wait::until("every worker has read it", Duration::from_secs(60), || {
        (0..8 * workers).all(|_| stack.get(&old.url("mod")).status == 403)
    });
    let says = [
        "fixable",
        "GO-2026-9999",
        "go get example.com/Acme/log@v1.1.0",
        "https://pkg.go.dev/vuln/GO-2026-9999",
    ];
    assert_go_shows(&go(&stack).get(&old.query()), &says);
    assert_eq!(go(&stack).list_versions(MODULE), ["v1.1.0"]);
    go(&stack).get(&format!("{MODULE}@latest")).expect_ok();
}

fn an_old_toolchain_is_refused_and_the_one_to_use_is_named(workers: u32) {
    let floor = |min: &str| {
        let rule = json!({
            "name": "old-go", "exact": ["golang.org/toolchain"], "toolchain": {"min": min}, "action": "deny",
        });
        let stack = ruled(workers, &json!([rule]));
        stack.upstream.serve_all(&["1.26.5", "1.26.6", "1.27rc2", "1.27rc3"].map(toolchain));
        stack
    };
    let stack = floor("1.26.6");
    let run = go(&stack).env("GOTOOLCHAIN", "go1.26.5").run(&["version"]);
    assert_go_shows(&run, &["old-go", "older than go1.26.6", "GOTOOLCHAIN=go1.26.6"]);
    let status =
        |stack: &modgate_wasm_tests::fixture::Stack, go: &str| stack.get(&toolchain(go).url("zip")).status;
    assert_eq!(["1.26.5", "1.26.6", "1.27rc2"].map(|go| status(&stack, go)), [403, 200, 200]);
    let stack = floor("1.27rc3");
    assert_eq!(["1.26.6", "1.27rc2", "1.27rc3"].map(|go| status(&stack, go)), [403, 403, 200]);
}

/// A version of Go, as the go command asks for it here.
fn toolchain(go: &str) -> Module {
    Module::new("golang.org/toolchain", &format!("v0.0.1-go{go}.linux-{}", arch()))
}

fn arch() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}
