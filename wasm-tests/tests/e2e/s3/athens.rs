//! Buckets that Athens filled, and may read on.

use std::time::Duration;

use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::json;

use super::bodies;

/// Each layout, and what it calls the go.mod, the zip and the `.info` of a version below its module's path.
const LAYOUTS: [(&str, [&str; 3]); 2] = [
    ("athens", ["@v/v1.2.0.mod", "@v/v1.2.0.zip", "@v/v1.2.0.info"]),
    ("athens_flat", ["v1.2.0/go.mod", "v1.2.0/source.zip", "v1.2.0/v1.2.0.info"]),
];

#[test]
fn a_bucket_that_athens_filled_is_served_and_stays_athens_s() {
    for (layout, names) in LAYOUTS {
        for prefix in ["", "athens/"] {
            let storage = match prefix {
                "" => json!({"layout": layout}),
                _ => json!({"layout": layout, "key_prefix": "athens"}),
            };
            let mut site = Proving::with(1, &json!({"storage": storage}));
            let there = Module::new("github.com/Azure/there", "v1.2.0").padded(2_000);
            let new = Module::new("github.com/Azure/new", "v1.2.0").padded(2_000);
            let key = |module: &str, name: &str| format!("{prefix}github.com/Azure/{module}/{name}");
            for (name, body) in names.iter().zip(bodies(&there)) {
                site.store.put(&key("there", name), &body);
            }
            // No upstream has it.
            site.knows(&there);
            site.has(&new);
            site.go().mod_download(&[&there.query(), &new.query()]).expect_ok();
            for (name, body) in names.iter().zip(bodies(&new)) {
                let key = key("new", name);
                wait::until(&key, Duration::from_secs(10), || {
                    site.store.object(&key).is_some_and(|bytes| bytes == body)
                });
            }
            site.settle();
            for stored in site.store.keys() {
                let is_known = stored.starts_with(&format!("{prefix}github.com/Azure/"))
                    || stored.starts_with(&format!("{prefix}sumdb/"))
                    // Which Athens does not take for a version: it ends in `.json`.
                    || stored.starts_with(&format!("{prefix}aside/")) && stored.ends_with(".json");
                assert!(is_known, "{layout}, {prefix:?}: {stored}");
            }
            // What was written is found again.
            site.lose_upstream();
            site.restart();
            site.go().mod_download(&[&there.query(), &new.query()]).expect_ok();
        }
    }
}
