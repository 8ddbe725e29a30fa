//! What is measured, as a Prometheus server reads it.

mod downloads;
mod times;

use std::collections::BTreeMap;
use std::time::Duration;

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{self, STORAGE, UPSTREAM};
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::sumdb::Sumdb;
use modgate_wasm_tests::{at_one_and_four_workers, wait};
use serde_json::json;

at_one_and_four_workers!(every_request_callout_refusal_and_write_is_counted_once);

/// `modgate_*` counters and gauges with their values, labels sorted by name.
fn series(envoy: &Envoy) -> BTreeMap<String, u64> {
    let all = all_series(envoy).into_iter().filter(|(name, _)| !name.contains("_duration_ms"));
    all.map(|(name, value)| (name, value.parse().unwrap())).collect()
}

/// `modgate_*` histograms: how many values each has got, and their sum.
fn histograms(envoy: &Envoy) -> BTreeMap<String, (u64, f64)> {
    let all = all_series(envoy);
    let counts = all.iter().filter(|(name, _)| name.contains("_duration_ms_count"));
    let read = counts.map(|(name, count)| {
        let sum = &all[&name.replace("_ms_count", "_ms_sum")];
        (name.replace("_ms_count", "_ms"), (count.parse().unwrap(), sum.parse().unwrap()))
    });
    read.collect()
}

/// `modgate_*` series with their values as they are written, labels sorted by name.
fn all_series(envoy: &Envoy) -> BTreeMap<String, String> {
    let text = envoy.prometheus();
    // Whatever bears our name, that none escapes by a wrong one; Envoy itself counts restarts of the filter under it.
    let ours = |line: &&str| line.contains("modgate_") && !line.starts_with("envoy_wasm_modgate_vm_reload");
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter(ours);
    let read = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
        let mut labels: Vec<&str> = labels.trim_end_matches('}').split(',').collect();
        labels.sort_unstable();
        (format!("{name}{{{}}}", labels.join(",")), value.to_owned())
    });
    read.collect()
}

fn every_request_callout_refusal_and_write_is_counted_once(workers: u32) {
    let (first, second, storage) = (Faulty::start(), Faulty::start(), Faulty::store());
    let tree = tempfile::tempdir().unwrap();
    let sumdb = Sumdb::of(tree.path());
    let endpoint =
        |name: &str, cluster: &str| json!({"name": name, "cluster": cluster, "url": "http://x.example.com"});
    let envoy = Envoy::gateway()
        .cluster(UPSTREAM, first.addr())
        .cluster("second", second.addr())
        .cluster(STORAGE, storage.addr())
        .cluster("sum_golang_org", sumdb.addr())
        .concurrency(workers)
        .plugin(&json!({
            "upstreams": [endpoint("first", UPSTREAM), endpoint("second_one-2", "second")],
            "storage": {"cluster": STORAGE, "url": "http://x.example.com"},
            "sumdb": [{"name": Sumdb::NAME, "key": sumdb.key(), "cluster": "sum_golang_org",
                       "url": "http://x.example.com"}],
            "private": {"nosumdb": ["quiet.example.com"]},
            "verify": {"mode": "off", "overrides": [
                {"modules": ["proven.example.com"], "mode": "require"},
                {"modules": ["unproven.example.com"], "mode": "when_available"},
            ]},
        }))
        .start();
    assert!(series(&envoy).is_empty(), "{:?}", series(&envoy));

    let module = Module::new("example.com/m", "v1.0.0");
    first.serve(&module);
    storage.on(&format!("PUT {}", module.url("mod")), Reply::status(507));
    storage.on(&format!("PUT {}", module.list_url()), Reply::status(403));
    storage.on("/example.com/stored/@v/v1.0.0.mod", Reply::ok("module example.com/stored\n"));
    let stored_zip = "/example.com/stored/@v/v1.0.0.zip";
    storage.on(stored_zip, Reply::ok(Module::at(stored_zip).zip()));
    let second_zip = "/example.com/second/@v/v1.0.0.zip";
    second.on(second_zip, Reply::ok(Module::at(second_zip).zip()));
    storage.keep(second_zip);
    let large_zip = "/example.com/large/@v/v1.0.0.zip";
    let beginning = Reply::status(206).header("content-range", "bytes 0-1/99999999").body("PK");
    first.on_each(large_zip, [beginning, Reply::ok(Module::at(large_zip).zip())]);
    first.on("/example.com/down/@latest", Reply::status(500));
    first.on("/example.com/cut/@latest", Reply::ok("").close_before_head());
    let [good, forged] = ["v1.0.0", "v1.1.0"].map(|version| Module::new("proven.example.com/m", version));
    let unknown = Module::new("unproven.example.com/m", "v1.0.0");
    [&good, &forged].into_iter().for_each(|module| module.write_to(tree.path()));
    first.on(&good.url("mod"), Reply::ok(good.go_mod()));
    first.on(&forged.url("mod"), Reply::ok("module other.example.com/m\n"));
    first.on(&unknown.url("mod"), Reply::ok(unknown.go_mod()));

    let known = envoy.get(&module.url("info")).header("etag").unwrap().to_owned();
    for (method, path) in [
        ("GET", module.url("info")),
        ("HEAD", module.url("info")),
        ("GET", module.url("mod")),
        ("GET", module.list_url()),
        ("GET", "/example.com/stored/@v/v1.0.0.mod".to_owned()),
        ("GET", stored_zip.to_owned()),
        ("GET", second_zip.to_owned()),
        ("GET", large_zip.to_owned()),
        ("GET", "/example.com/none/@v/main.info".to_owned()),
        ("GET", "/example.com/none/@v/main.info".to_owned()),
        ("GET", "/example.com/down/@latest".to_owned()),
        ("GET", "/example.com/cut/@latest".to_owned()),
        ("GET", "/sumdb/sum.test/latest".to_owned()),
        ("GET", "/sumdb/sum.test/supported".to_owned()),
        ("GET", "/sumdb/sum.test/lookup/quiet.example.com/m@v1.0.0".to_owned()),
        ("GET", good.url("mod")),
        ("GET", forged.url("mod")),
        ("GET", unknown.url("mod")),
        ("GET", "/sumdb/other.example.com/latest".to_owned()),
        ("GET", "/example.com/%zz/@v/list".to_owned()),
        ("GET", "/example.com/m/@v/v1.0.0.exe".to_owned()),
        ("POST", module.list_url()),
        ("GET", "/-/healthz".to_owned()),
        ("GET", "/not/ours".to_owned()),
    ] {
        let _ = envoy.send(&Request::new(method, &path));
    }
    let unmodified = Request::get(&module.url("info")).header("if-none-match", &known);
    assert_eq!(envoy.send(&unmodified).status, 304);

    // Each worker writes the first head that it has proven; what comes after within the minute is not worth it.
    let heads = || storage.hits_with("PUT", "/sumdb/sum.test/latest");
    // Writes end after the answers they belong to.
    let _ = wait::poll(Duration::from_secs(10), || (counts(&envoy) == expected(heads())).then_some(()));
    assert!((1..=workers as usize).contains(&heads()), "{} heads", heads());
    assert_eq!(counts(&envoy), expected(heads()));
    let bytes = |kind: &str, cache: &str| {
        let name = format!("modgate_response_bytes_total{{cache=\"{cache}\",kind=\"{kind}\"}}");
        series(&envoy).get(&name).copied()
    };
    let info = envoy.get(&module.url("info")).body.len() as u64;
    assert_eq!(bytes("info", "upstream"), Some(info));
    assert_eq!(bytes("info", "hit"), Some(2 * info), "a HEAD and a 304 have none");
    let zips = [stored_zip, second_zip].map(|path| Module::at(path).zip().len());
    assert_eq!(bytes("zip", "storage"), Some(zips.iter().sum()));
}

/// All that is counted one by one.
fn counts(envoy: &Envoy) -> BTreeMap<String, u64> {
    series(envoy).into_iter().filter(|(name, _)| !name.contains("_bytes_total")).collect()
}

/// All series, where so many heads of the checksum database were written.
fn expected(heads: usize) -> BTreeMap<String, u64> {
    // The second's zip and the one that passed by, a go.mod that was proven, the records and the tiles of two, and an `.info` that is
    // kept aside.
    let taken = 8 + heads as u64;
    let requests = [
        ("info", "upstream", 2, 1),
        ("info", "hit", 2, 2),
        ("info", "hit", 3, 1),
        ("mod", "upstream", 2, 3),
        ("mod", "none", 5, 1),
        ("mod", "storage", 2, 1),
        ("list", "upstream", 2, 1),
        ("zip", "storage", 2, 2),
        ("zip", "upstream", 2, 1),
        ("query", "upstream", 4, 1),
        ("query", "hit", 4, 1),
        ("latest", "none", 5, 2),
        ("sumdb", "upstream", 2, 1),
        ("sumdb", "none", 2, 1),
        ("sumdb", "none", 4, 2),
        ("invalid", "none", 4, 3),
        ("page", "none", 2, 1),
    ];
    let callouts = [
        ("first", "ok", 7),
        // Two for the go.mods that are to follow two zips into storage.
        ("first", "missing", 4),
        // Each of these four times.
        ("first", "error", 4),
        ("first", "dropped", 4),
        ("second_one-2", "missing", 3),
        ("second_one-2", "ok", 1),
        // The writes are among them: those taken, one answered 507, one 403.
        ("storage", "ok", 2 + taken),
        // One before the zip that passed by is written, and one for an `.info` kept aside.
        ("storage", "missing", 19),
        ("storage", "error", 1),
        ("storage", "refused", 1),
        // The head; of two versions the record and the tile that it is in.
        ("sumdb", "ok", 5),
        ("sumdb", "missing", 1),
    ];
    let refusals = [("malformed", 1), ("method", 1), ("nosumdb", 1), ("unknown", 2)];
    let writes = [("stored", taken), ("full", 1), ("refused", 1)];
    let verifications = [("exempt", 5), ("ok", 1), ("mismatch", 1), ("accepted", 1)];
    let mut expected = BTreeMap::new();
    for (kind, cache, class, count) in requests {
        let labels = format!("cache=\"{cache}\",class=\"{class}xx\",kind=\"{kind}\"");
        expected.insert(format!("modgate_requests_total{{{labels}}}"), count);
    }
    for (target, outcome, count) in callouts {
        expected
            .insert(format!("modgate_callouts_total{{outcome=\"{outcome}\",target=\"{target}\"}}"), count);
    }
    for (reason, count) in refusals {
        expected.insert(format!("modgate_refusals_total{{reason=\"{reason}\"}}"), count);
    }
    for (outcome, count) in writes {
        expected.insert(format!("modgate_storage_writes_total{{outcome=\"{outcome}\"}}"), count);
    }
    for (outcome, count) in verifications {
        expected.insert(format!("modgate_verifications_total{{outcome=\"{outcome}\"}}"), count);
    }
    expected.insert("modgate_sumdb_proofs_total{outcome=\"proven\"}".to_owned(), 3);
    expected
}

#[test]
fn no_client_can_make_a_series() {
    let (upstream, storage) = (Faulty::start(), Faulty::start());
    let envoy = fixture::builder(upstream.addr(), storage.addr()).start();
    let ask = |number: u32| {
        let names = [
            format!("/example.com/m{number}/@v/list"),
            format!("/example.com/m{number}.kind.x.cache.y/@v/v1.0.{number}.mod"),
            format!("/example.com/m/@v/query{number}.info"),
            format!("/sumdb/db{number}.example.com/latest"),
            format!("/example.com/m/@v/v1.0.0.x{number}"),
        ];
        for path in names {
            let _ = envoy.get(&path);
            let _ = envoy.send(&Request::new(&format!("METHOD{number}"), &path));
        }
    };
    (0..2).for_each(ask);
    let names = || all_series(&envoy).into_keys().filter(|name| !name.contains("_duration_ms"));
    let before: Vec<String> = names().collect();
    assert!(before.iter().all(|name| !name.contains("example") && !name.contains("METHOD")), "{before:?}");
    (2..20).for_each(ask);
    assert_eq!(names().collect::<Vec<_>>(), before);
    assert!(all_series(&envoy).keys().all(|name| !name.contains("example") && !name.contains("METHOD")));
}
