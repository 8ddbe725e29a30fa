//! Licences that a rule denies: read in the zip before it is given, shown by the go command, and remembered.

use std::fs;

use modgate_wasm_tests::at_two_workers;
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use serde_json::{Value, json};

use super::{assert_go_shows, assert_refused};

at_two_workers!(
    go_is_refused_what_is_under_a_licence_that_a_rule_denies_and_reads_which,
    after_a_restart_no_zip_is_read_again,
    a_zip_that_is_too_large_to_be_held_is_not_completed
);

/// As the package base-files of Debian and Ubuntu has it.
const GPL: &str = "/usr/share/common-licenses/GPL-3";

const MIT: &str = r#"MIT License

Copyright (c) 2024 Example

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY
CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"#;

/// What a developer must be able to read.
const WHY: [&str; 3] = ["example.com/Gnu/lib@v1.0.0", "copyleft", "Its licence is GPL-3.0"];

fn gnu() -> Module {
    Module::new("example.com/Gnu/lib", "v1.0.0").file("LICENSE", fs::read_to_string(GPL).unwrap())
}

fn free() -> Module {
    Module::new("example.com/free", "v1.0.0").file("LICENSE.md", MIT).deflated()
}

fn site(workers: u32, more: Value) -> Proving {
    let mut patch = json!({
        "admin": {"explain": ["@anonymous"]},
        "policy": {"rules": [{"name": "copyleft", "modules": ["*"], "license": {"any": ["GPL-*"]}, "action": "deny"}]},
    });
    if let (Value::Object(patch), Value::Object(more)) = (&mut patch, more) {
        patch.extend(more);
    }
    let site = Proving::with(workers, &patch);
    site.has(&gnu());
    site.has(&free());
    site
}

fn record(module: &str) -> String {
    format!("license/1/{module}/v1.0.0.json")
}

/// What the page of evidence has of each module in the go.sum of a client, and the bill of materials.
fn licenses(site: &Proving, go_sum: &str) -> (Vec<Value>, Vec<Value>) {
    let post = |query: &str| {
        let path = format!("/-/evidence{query}");
        site.envoy.send(&Request::new("POST", &path).body(go_sum.to_owned())).json()
    };
    let of = |page: &Value, list: &str, field: &str| {
        page[list].as_array().unwrap().iter().map(|one| one[field].clone()).collect()
    };
    (of(&post(""), "modules", "license"), of(&post("?format=cyclonedx"), "components", "licenses"))
}

fn go_is_refused_what_is_under_a_licence_that_a_rule_denies_and_reads_which(workers: u32) {
    let site = site(workers, json!({}));
    let go = site.go();
    go.get(&free().query()).expect_ok();
    assert_go_shows(&go.get(&gnu().query()), &WHY);
    assert_go_shows(&site.go().mod_download(&[&gnu().query()]), &WHY);
    let url = gnu().url("zip");
    assert_refused(&site.envoy.get(&url), &WHY);
    assert_eq!(site.envoy.send(&Request::new("HEAD", &url)).status, 403);
    assert_refused(&site.envoy.send(&Request::get(&url).header("range", "bytes=0-99")), &WHY);
    assert_eq!(site.upstream.hits(&url), 1, "it is fetched once, and is in storage");
    assert!(site.envoy.metric("refusals_total.reason.copyleft") >= 4);

    let go_sum = fs::read_to_string(go.work().join("go.sum")).unwrap();
    let (page, bill) = licenses(&site, &go_sum);
    assert_eq!(page, [json!("MIT")], "{go_sum}");
    assert_eq!(bill, [json!([{"license": {"id": "MIT"}}])]);
    let explained = site.envoy.get("/-/explain?module=example.com/Gnu/lib&version=v1.0.0").json();
    assert_eq!((&explained["license"], &explained["decision"]), (&json!("GPL-3.0"), &json!("deny")));
    site.envoy.assert_unharmed();
}

fn after_a_restart_no_zip_is_read_again(workers: u32) {
    let mut site = site(workers, json!({}));
    site.go().get(&free().query()).expect_ok();
    assert_go_shows(&site.go().get(&gnu().query()), &WHY);
    site.settle();
    let stored = |site: &Proving, name: &str| {
        site.store.object(&record(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    assert_eq!(stored(&site, "example.com/free").as_deref(), Some(r#"{"license":"MIT"}"#));
    assert_eq!(stored(&site, "example.com/!gnu/lib").as_deref(), Some(r#"{"license":"GPL-3.0"}"#));
    // What is there in its place shows that it is not read.
    let hits = site.upstream.requests().len();
    site.restart();
    for path in [free().url("zip"), gnu().url("zip")] {
        site.store.put(path.trim_start_matches('/'), b"not read");
    }
    assert_refused(&site.envoy.get(&gnu().url("zip")), &WHY);
    assert_eq!(site.upstream.requests().len(), hits);
    // It is verified before it is given, but not read for its licence; and what is wrong is fetched anew.
    site.go().get(&free().query()).expect_ok();
    site.envoy.assert_unharmed();
}

fn a_zip_that_is_too_large_to_be_held_is_not_completed(workers: u32) {
    let site = site(workers, json!({"fetch": {"zip_bytes": 100_000}}));
    let large =
        Module::new("example.com/Gnu/large", "v1.0.0").file("COPYING", fs::read_to_string(GPL).unwrap());
    let large = large.padded(3 << 20);
    site.has(&large);
    let run = site.go().get(&large.query());
    assert!(!run.ok(), "{}", run.stderr);
    assert!(
        site.envoy.log_contains(
            "example.com/Gnu/large@v1.0.0: refused by the rule copyleft: its licence is GPL-3.0"
        )
    );
    // From then on it is known before.
    assert_refused(&site.envoy.get(&large.url("zip")), &["Its licence is GPL-3.0"]);
    site.envoy.assert_unharmed();
}
