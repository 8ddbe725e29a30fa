//! A storage as Athens has left it: versions and nothing else, no list, no latest, no proof.

use std::fs;

use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::tree::Tree;
use modgate_wasm_tests::tree::escape;
use serde_json::json;

use super::{Site, Store};

/// What Athens calls the `.info`, the go.mod and the zip of a version, below the module's path as it is written.
fn names(layout: &str, version: &str) -> [(&'static str, String); 3] {
    match layout {
        "athens" => ["info", "mod", "zip"].map(|kind| (kind, format!("@v/{version}.{kind}"))),
        _ => [
            ("info", format!("{version}/{version}.info")),
            ("mod", format!("{version}/go.mod")),
            ("zip", format!("{version}/source.zip")),
        ],
    }
}

const LEFT: [(&str, &str); 4] = [
    ("example.com/Acme/Words", "v0.3.0"),
    ("example.com/hello", "v1.0.0"),
    ("example.com/hello", "v1.1.0"),
    ("example.com/odd/origin", "v1.1.0-RC1"),
];

#[test]
fn what_athens_has_left_is_served_where_nobody_demands_a_proof() {
    for (store, layout) in [
        (Store::objects(), "athens"),
        (Store::objects(), "athens_flat"),
        (Store::files(), "athens"),
        (Store::files(), "athens_flat"),
    ] {
        let site = Site::new(store, &json!({"layout": layout, "key_prefix": "left"}), 1);
        for (module, version) in LEFT {
            for (kind, name) in names(layout, version) {
                let path = format!("{}/@v/{}.{kind}", escape(module), escape(version));
                let tree = if module.contains("/odd/") { Tree::odd() } else { Tree::sample() };
                let body = fs::read(tree.path().join(path)).unwrap();
                site.store.put(&format!("left/{module}/{name}"), &body);
            }
        }
        let heard = site.heard();

        let envoy = site.another(&json!({"mode": "offline", "verify": {"mode": "when_available"}}));
        // No client is told by a database what Athens never asked one for.
        let go = Go::new(&envoy.url());
        let queries = LEFT.map(|(module, version)| format!("{module}@{version}"));
        go.mod_download(&queries.each_ref().map(String::as_str)).expect_ok();
        assert_eq!(go.list_versions("example.com/hello"), ["v1.0.0", "v1.1.0"], "{layout}");
        assert_eq!(go.resolve("example.com/hello@latest"), "v1.1.0", "{layout}");
        assert_eq!(go.resolve("example.com/Acme/Words@latest"), "v0.3.0", "{layout}");
        assert_eq!(go.resolve("example.com/odd/origin@latest"), "v1.1.0-RC1", "{layout}");
        drop(envoy);

        // Where a proof is demanded there is none to be had, and both the log and the answer say so.
        let envoy = site.offline();
        let warning = "What only Athens has stored is not served";
        assert!(envoy.log_contains(warning), "{layout}");
        let run = Go::new(&envoy.url()).mod_download(&["example.com/hello@v1.1.0"]);
        let said = run.stdout + &run.stderr;
        assert!(
            said.contains("cannot be verified: not found: sum.test/lookup/example.com/hello@v1.1.0"),
            "{said}"
        );
        assert_eq!(site.heard(), heard);
    }
}
