//! The mirror of the database, asked as govulncheck asks a database: HEAD and GET of the packed list of modules, then the packed records.

use std::io::Read as _;
use std::time::Duration;

use flate2::read::GzDecoder;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::http::{Request, Response};
use modgate_wasm_tests::{at_one_and_four_workers, wait};
use serde_json::{Value, json};

use super::advisories::database::{entry, index, modified, whole};

at_one_and_four_workers!(a_client_of_gos_database_gets_from_the_mirror_what_the_sources_have);

const LIST: &str = "/vulndb/index/modules.json.gz";
const SOON: Duration = Duration::from_secs(30);

fn unpacked(response: &Response) -> Vec<u8> {
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(response.header("content-type"), Some("application/gzip"));
    assert_eq!(response.header("content-encoding"), None);
    let mut bytes = Vec::new();
    GzDecoder::new(&response.body[..]).read_to_end(&mut bytes).unwrap();
    bytes
}

/// What govulncheck learns of a module: the ids that are listed with it, and their records.
fn asked(envoy: &Envoy, module: &str) -> Vec<(String, Value)> {
    let head = envoy.send(&Request::new("HEAD", LIST));
    assert_eq!((head.status, head.body.len()), (200, 0));
    let modules: Vec<Value> = serde_json::from_slice(&unpacked(&envoy.get(LIST))).unwrap();
    let listed = modules.iter().find(|one| one["path"] == module).map(|one| one["vulns"].clone());
    let ids: Vec<String> = listed
        .iter()
        .flat_map(|vulns| vulns.as_array().unwrap())
        .map(|vuln| vuln["id"].as_str().unwrap().to_owned())
        .collect();
    ids.into_iter()
        .map(|id| {
            let record = unpacked(&envoy.get(&format!("/vulndb/ID/{id}.json.gz")));
            (id, serde_json::from_slice(&record).unwrap())
        })
        .collect()
}

fn a_client_of_gos_database_gets_from_the_mirror_what_the_sources_have(workers: u32) {
    let (upstream, storage, source) = (Faulty::start(), Faulty::store(), Faulty::start());
    let theirs = entry("GO-2026-0001", "example.com/m", "1.1.0", 1);
    source.on("/db/index/db.json", Reply::ok(json!({"modified": modified(1)}).to_string()));
    source.on("/db/index/modules.json", Reply::ok(index(&[("example.com/m", "GO-2026-0001", 1)])));
    source.on("/db/ID/GO-2026-0001.json", Reply::ok(theirs.clone()));
    source.on("/own.zip", Reply::ok(whole("example.com/m", "1.2.0", 3)));
    let sources = json!([
        {"name": "go", "format": "database", "cluster": "vuln", "url": "http://vuln.example/db", "interval": "1s"},
        {"name": "own", "format": "zip", "cluster": "vuln", "url": "http://vuln.example/own.zip", "interval": "1s"},
    ]);
    let envoy = builder(upstream.addr(), storage.addr())
        .cluster("vuln", source.addr())
        .concurrency(workers)
        .patch_plugin(&json!({"advisories": {"sources": sources, "mirror": "/vulndb"}}))
        .start();
    // Every worker, as far as chance has it.
    let all_have = |what: &str| {
        wait::until(&format!("every worker has {what}"), SOON, || {
            (0..workers * 8).all(|_| {
                let list = envoy.get(LIST);
                list.status == 200 && String::from_utf8_lossy(&unpacked(&list)).contains(what)
            })
        });
    };
    all_have("GO-2026-9999");
    all_have("GO-2026-0001");
    let own = entry("GO-2026-9999", "example.com/m", "1.2.0", 3);
    let expected = [("GO-2026-0001", &theirs), ("GO-2026-9999", &own)]
        .map(|(id, record)| (id.to_owned(), serde_json::from_str::<Value>(record).unwrap()));
    assert_eq!(asked(&envoy, "example.com/m"), expected);
    assert_eq!(asked(&envoy, "example.com/none"), []);
    let known = asked(&envoy, "golang.org/x/net");
    assert!(known.len() > 10 && known.iter().all(|(id, record)| record["id"] == id.as_str()));
    let database: Value = serde_json::from_slice(&envoy.get("/vulndb/index/db.json").body).unwrap();
    assert_eq!(database, json!({"modified": "2026-09-03T00:00:00Z"}));
    let tag = envoy.get(LIST).header("etag").unwrap().to_owned();
    assert_eq!(envoy.send(&Request::get(LIST).header("if-none-match", &tag)).status, 304);
    assert_eq!(envoy.get("/vulndb/ID/GO-1999-0001.json.gz").status, 404);

    drop(source);
    let failed =
        || envoy.stat("wasmcustom.modgate.advisories_polls_total.target.advisories_go.outcome.failed");
    wait::until("the source is asked in vain", SOON, || failed() >= 2);
    assert_eq!(asked(&envoy, "example.com/m"), expected, "it is down");
}
