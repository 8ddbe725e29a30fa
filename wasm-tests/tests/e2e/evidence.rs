//! What the gateway says of the go.sum that the real go command has written.

use std::fs;

use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::module::Module;
use serde_json::{Value, json};

const EVIDENCE: &str = "/-/evidence";

fn post(site: &Proving, path: &str, go_sum: &str) -> Response {
    site.envoy.send(&Request::new("POST", path).header("x-user", "ops").body(go_sum))
}

#[track_caller]
fn evidence(site: &Proving, path: &str, go_sum: &str) -> Value {
    let answer = post(site, path, go_sum);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn every_hash_that_go_has_written_is_proven_and_one_that_is_tampered_with_differs() {
    let site = Proving::with(
        2,
        &json!({
            "callers": {"principals": [{"header": "x-user", "trusted": true, "prefix": "user:"}]},
            "admin": {"explain": ["user:ops"]},
        }),
    );
    let modules = [Module::new("example.com/Acme/one", "v1.0.0"), Module::new("example.com/two", "v1.2.3")];
    let go = site.go();
    for module in &modules {
        site.has(module);
    }
    for module in &modules {
        go.get(&module.query()).expect_ok();
    }
    site.settle();
    let go_sum = fs::read_to_string(go.work().join("go.sum")).unwrap();
    assert_eq!(go_sum.lines().count(), 4, "{go_sum}");
    let before = (site.upstream.requests().len(), site.sumdb.asked().len());

    let page = evidence(&site, EVIDENCE, &go_sum);
    let told: Vec<_> = page["modules"].as_array().unwrap().iter().collect();
    assert_eq!(told.len(), 2);
    for (told, module) in told.iter().zip(&modules) {
        let name = format!("{}@{}", told["module"].as_str().unwrap(), told["version"].as_str().unwrap());
        assert_eq!(name, module.query());
        for hash in [&told["zip"], &told["go_mod"]] {
            assert_eq!(hash["log"], "proven", "{told}");
            assert!(go_sum.contains(hash["h1"].as_str().unwrap()));
            assert!(hash["record"].as_u64().unwrap() < hash["tree_size"].as_u64().unwrap(), "{told}");
        }
        assert_eq!(told["decision"], "allow");
    }
    assert!(!site.envoy.log().contains("evidence: "));

    let bill = evidence(&site, &format!("{EVIDENCE}?format=cyclonedx"), &go_sum);
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&json!("CycloneDX"), &json!("1.6")));
    let purls: Vec<_> = bill["components"].as_array().unwrap().iter().map(|one| &one["purl"]).collect();
    assert_eq!(purls, ["pkg:golang/example.com/Acme/one@v1.0.0", "pkg:golang/example.com/two@v1.2.3"]);

    // Two modules whose hashes were swapped.
    let mut lines: Vec<_> = go_sum.lines().map(|line| line.rsplit_once(' ').unwrap()).collect();
    let (first, third) = (lines[0].1, lines[2].1);
    (lines[0].1, lines[2].1) = (third, first);
    let tampered: String = lines.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect();
    let page = evidence(&site, EVIDENCE, &tampered);
    let log = |at: usize, of: &str| page["modules"][at][of]["log"].as_str().unwrap().to_owned();
    assert_eq!([log(0, "zip"), log(1, "zip")], ["differs", "differs"], "{page}");
    assert_eq!([log(0, "go_mod"), log(1, "go_mod")], ["proven", "proven"], "{page}");
    assert_eq!(page["modules"][0]["zip"]["log_h1"], first);
    assert!(
        site.envoy.log_contains(
            "a go.sum has other hashes than the checksum database: example.com/Acme/one@v1.0.0"
        )
    );
    assert_eq!((site.upstream.requests().len(), site.sumdb.asked().len()), before, "it asks no source");

    assert_eq!(site.envoy.send(&Request::new("POST", EVIDENCE).body(go_sum.clone())).status, 403);
    let malformed = post(&site, EVIDENCE, &format!("{go_sum}example.com/m v1.0.0\n"));
    assert!(malformed.status == 400 && malformed.text().contains("line 5: "), "{}", malformed.text());
    // As large as it may be.
    let line = |at: usize| format!("example.com/m v1.0.{at} {first}\n");
    let large: String = (0..(256 << 10) / line(1000).len()).map(line).collect();
    let answer = post(&site, EVIDENCE, &large);
    assert_eq!(answer.status, 200, "{}", answer.text().chars().take(200).collect::<String>());
    assert_eq!(answer.json()["modules"].as_array().unwrap().len(), large.lines().count());
    site.envoy.assert_unharmed();
}
