//! What the go command accepts is accepted, with a real Envoy and the real go command: zips as odd as writers make them, documents that
//! come encoded, and paths that name nothing.

mod odd;

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{Proving, STORAGE, Scripted, Stack, UPSTREAM, relay};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::sumdb::Sumdb;
use serde_json::{Value, json};
use tempfile::TempDir;
use zlib_rs::{Deflate, DeflateFlush};

/// A zip that Go takes, as `wasm-tests/golden` made and judged it.
struct Golden {
    title: String,
    module: Module,
    zip: Vec<u8>,
    /// Why it is refused where it passes by.
    passing: String,
}

/// Those that Go takes, each as another version of a module: the names in it are as long as before.
fn golden() -> Vec<Golden> {
    type Texts = (String, String, String, String, Option<String>, bool, String, String);
    let rows = include_str!("../../../src/modzip/testdata/zips.jsonl").lines();
    let rows = rows.map(|line| serde_json::from_str::<Texts>(line).unwrap());
    let taken = rows.filter(|(_, module, version, _, _, go_takes, stricter, _)| {
        *go_takes && stricter.is_empty() && (module.as_str(), version.as_str()) == ("example.com/m", "v1.0.0")
    });
    // In one of them the names are content too, and of one the go command wants a go.mod afterwards.
    let left_out = ["a file within another", "file in a folder go.mod"];
    let small = taken.filter(|row| row.3.len() < 100_000 && !left_out.contains(&row.0.as_str()));
    let golden = small.enumerate().map(|(n, (title, _, _, zip, _, _, _, passing))| {
        let version = format!("v{}.{}.{}", n / 100, n / 10 % 10, n % 10);
        let path = if n < 200 { "example.com/m" } else { "example.com/n" };
        assert!(n < 200, "more names are needed");
        let zip = odd::renamed(
            &STANDARD.decode(zip).unwrap(),
            "example.com/m@v1.0.0/",
            &format!("{path}@{version}/"),
        );
        Golden { title, module: Module::new(path, &version), zip, passing }
    });
    golden.collect()
}

/// Which of them the go command gets, and what it says of the others.
fn downloaded(envoy: &Envoy, golden: &[Golden]) -> Vec<Result<(), String>> {
    let queries: Vec<String> = golden.iter().map(|golden| golden.module.query()).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let answers = Go::new(&envoy.url()).mod_download(&queries).jsons();
    let of = |golden: &Golden| {
        let is_it = |answer: &&Value| answer["Version"] == golden.module.version();
        let answer = answers.iter().find(is_it).expect("an answer for each");
        answer["Error"].as_str().map_or(Ok(()), |error| Err(error.to_owned()))
    };
    golden.iter().map(of).collect()
}

#[track_caller]
fn assert_all(golden: &[Golden], got: &[Result<(), String>], passes_by: bool, what: &str) {
    let wrong: Vec<String> = golden
        .iter()
        .zip(got)
        .filter(|(golden, got)| got.is_ok() != (golden.passing.is_empty() || !passes_by))
        .map(|(Golden { title, passing, .. }, got)| format!("{title} (stricter: {passing}): {got:?}"))
        .collect();
    assert!(wrong.is_empty(), "{what}: {} of {}:\n{}", wrong.len(), golden.len(), wrong.join("\n"));
}

fn serve(upstream: &Faulty, golden: &[Golden]) {
    for Golden { module, zip, .. } in golden {
        upstream.serve(module);
        let zip = Reply::ok(zip.clone()).header("content-type", "application/zip").served();
        upstream.on(&module.url("zip"), zip);
    }
}

#[test]
fn whatever_zip_go_takes_it_gets() {
    let golden = golden();
    assert!(golden.len() > 80 && golden.iter().filter(|golden| !golden.passing.is_empty()).count() > 10);
    // Whole, into storage; then out of it, by a gateway that remembers nothing, checked once more.
    let stack = Stack::with(&json!({"storage": {"reverify": "first_read"}}), |builder| builder);
    serve(&stack.upstream, &golden);
    assert_all(&golden, &downloaded(&stack.envoy, &golden), false, "whole");
    let asked = stack.upstream.count();
    assert_all(&golden, &downloaded(&stack.envoy, &golden), false, "once more");
    assert_eq!(stack.upstream.count(), asked, "all of it is stored");
    for Golden { title, module, zip, .. } in &golden {
        let stored = stack.storage.files().remove(module.url("zip").trim_start_matches('/'));
        assert_eq!(stored.as_ref(), Some(zip), "{title}");
    }
    let offline = Faulty::start();
    let again = modgate_wasm_tests::fixture::builder(offline.addr(), stack.storage.addr())
        .patch_plugin(&json!({"storage": {"reverify": "first_read"}}))
        .start();
    assert_all(&golden, &downloaded(&again, &golden), false, "out of storage");

    // Streamed, and read along.
    for http2 in [false, true] {
        let upstream = if http2 { Faulty::start_http2() } else { Faulty::start() };
        let stack = Stack::with(&json!({"fetch": {"zip_bytes": 0}}), |builder| {
            if http2 {
                builder.cluster_http2(UPSTREAM, upstream.addr())
            } else {
                builder.cluster(UPSTREAM, upstream.addr())
            }
        });
        serve(&upstream, &golden);
        assert_all(&golden, &downloaded(&stack.envoy, &golden), true, &format!("streamed, HTTP/2: {http2}"));
    }
    for (fault, client) in [
        (
            "a zip with a CRC-32 of zero, or with stored files whose lengths stand behind them",
            "200, as the go command takes it",
        ),
        (
            "a zip with gaps, bytes before it, another order, or headers that say something else than the directory",
            "200, as the go command takes it",
        ),
        (
            "a zip of which nobody can tell before its end what Go makes of it (`docs/stricter.md`)",
            "200 where it is small enough to be stored whole; else the download breaks off",
        ),
    ] {
        Row { kind: "encodings", fault, spoken: "both", client, asked: "once" }.seen();
    }
}

#[test]
fn odd_zips_are_proven_like_others() {
    type Change = fn(&[u8]) -> Vec<u8>;
    let changes: [(&str, Change); 3] =
        [("zero", odd::without_sums), ("behind", odd::described), ("before", odd::prefixed)];
    for (zip_bytes, http2) in [(8 << 20, false), (0, false), (0, true)] {
        let patch = json!({"fetch": {"zip_bytes": zip_bytes}});
        let mut gateway = if http2 { Proving::http2(1, &patch) } else { Proving::with(1, &patch) };
        let modules = changes.map(|(name, change)| {
            let module =
                Module::new(&format!("odd.example/{name}"), "v1.0.0").padded(300_000).file("empty", "");
            gateway.has(&module);
            let zip = change(&module.zip().to_vec());
            assert_ne!(zip, module.zip().to_vec());
            gateway.serves(&module, Reply::ok(zip).served());
            module.query()
        });
        let queries = modules.each_ref().map(String::as_str);
        gateway.go().mod_download(&queries).expect_ok();
        gateway.settle();
        gateway.restart();
        gateway.lose_upstream();
        gateway.go().mod_download(&queries).expect_ok();
    }
}

fn gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    encoded(content.as_ref(), 31)
}

fn encoded(content: &[u8], window: u8) -> Vec<u8> {
    let mut packed = vec![0; content.len() + 1000];
    let mut deflate = Deflate::new(6, true, window);
    deflate.compress(content, &mut packed, DeflateFlush::Finish).unwrap();
    packed.truncate(usize::try_from(deflate.total_out()).unwrap());
    packed
}

/// Answers what `server` answers, encoded like a CDN that does so to everything but zips.
fn encoding(server: SocketAddr, http2: bool, coding: &'static str) -> Faulty {
    let encoding = if http2 { Faulty::start_http2() } else { Faulty::start() };
    encoding.otherwise(move |seen| {
        assert_eq!(seen.header("accept-encoding"), Some("identity"), "{}", seen.target);
        let answer = modgate_wasm_tests::http::get(server, &seen.target);
        if seen.target.ends_with(".zip") {
            return Reply::status(answer.status).body(answer.body).served();
        }
        let body = encoded(&answer.body, if coding == "deflate" { 15 } else { 31 });
        let reply = Reply::status(answer.status).body(body).header("content-encoding", coding).served();
        // Without its length nothing but the coding shows the end.
        if http2 { reply.chunked() } else { reply.until_close() }
    });
    encoding
}

#[test]
fn documents_that_come_encoded_are_decoded() {
    let module = Module::new("encoded.example/m", "v1.2.0");
    let tree = TempDir::new().unwrap();
    module.write_to(tree.path());
    let sumdb = Sumdb::of(tree.path());
    let origin = Faulty::start();
    origin.serve(&module);
    origin.on("/encoded.example/gone/@v/list", Reply::status(404).body("no such repository").served());
    for (http2, coding) in [(false, "gzip"), (true, "gzip"), (false, "x-gzip"), (false, "deflate")] {
        let (upstream, database) =
            (encoding(origin.addr(), http2, coding), encoding(sumdb.addr(), http2, coding));
        let what = format!("{coding}, HTTP/2: {http2}");
        let stack = Stack::with(
            &json!({
                "sumdb": sumdb.configured(),
                "verify": {"mode": "require"},
            }),
            |builder| {
                if http2 {
                    let builder = builder.cluster_http2(UPSTREAM, upstream.addr());
                    builder.cluster_http2(Sumdb::CLUSTER, database.addr())
                } else {
                    builder.cluster(UPSTREAM, upstream.addr()).cluster(Sumdb::CLUSTER, database.addr())
                }
            },
        );
        let go = Go::new(&stack.envoy.url()).env("GOSUMDB", sumdb.key());
        assert_eq!(go.list_versions("encoded.example/m"), ["v1.2.0"], "{what}");
        assert_eq!(go.resolve("encoded.example/m@latest"), "v1.2.0", "{what}");
        go.mod_download(&[&module.query()]).expect_ok();
        for (kind, content) in [("info", module.info()), ("mod", module.go_mod().to_owned())] {
            let answer = stack.get(&module.url(kind));
            assert_eq!((answer.status, answer.text()), (200, content.clone()), "{what}: {kind}");
            assert_eq!(answer.header("content-encoding"), None, "{what}: {kind}");
            let file = module.url(kind).trim_start_matches('/').to_owned();
            assert_eq!(
                stack.storage.files().get(&file).map(Vec::as_slice),
                Some(content.as_bytes()),
                "{what}"
            );
        }
        // What a failure says can be read.
        let gone = stack.get("/encoded.example/gone/@v/list");
        assert_eq!(gone.status, 404, "{what}");
        assert!(gone.text().contains("no such repository"), "{what}: {}", gone.text());
    }
    Row {
        kind: "encodings",
        fault: "documents and records come with `Content-Encoding: gzip`, `x-gzip` or `deflate` though identity was asked for",
        spoken: "both",
        client: "200, decoded",
        asked: "once",
    }
    .seen();
}

#[test]
fn what_storage_has_encoded_is_decoded() {
    let stack = Scripted::with(&json!({}), |builder| builder);
    let module = Module::new("encoded.example/m", "v1.2.0");
    for (kind, content) in [("info", module.info()), ("mod", module.go_mod().to_owned())] {
        stack
            .storage
            .on(&module.url(kind), Reply::ok(gzip(&content)).header("content-encoding", "gzip").served());
        let answer = stack.get(&module.url(kind));
        assert_eq!((answer.status, answer.text()), (200, content), "{kind}");
        assert_eq!(stack.upstream.hits(&module.url(kind)), 0, "{kind}");
    }
    Row {
        kind: "encodings",
        fault: "objects were uploaded into storage with `Content-Encoding: gzip`",
        spoken: "HTTP/1.1",
        client: "200, decoded",
        asked: "nothing",
    }
    .seen();
}

#[test]
fn what_cannot_be_decoded_is_a_bad_answer() {
    let stack = Stack::start();
    let list = b"v1.0.0\n".repeat(1000);
    let good = gzip(&list);
    let mut corrupt = good.clone();
    let sum = corrupt.len() - 8;
    corrupt[sum] ^= 1;
    let bomb = gzip(vec![b'\n'; 64 << 20]);
    for (name, coding, body, why) in [
        ("corrupt", "gzip", corrupt, "the encoding is broken"),
        ("cut", "gzip", good[..good.len() - 9].to_vec(), "is cut short"),
        ("plain", "gzip", list.clone(), "the encoding is broken"),
        ("bomb", "gzip", bomb, "more than 4194304 bytes"),
        ("stacked", "gzip, gzip", gzip(&good), "several times over (gzip, gzip)"),
        ("brotli", "br", good.clone(), "it is encoded (br), which the gateway did not ask for"),
    ] {
        let path = format!("/{name}.example/m/@v/list");
        stack.upstream.on(&path, Reply::ok(body).header("content-encoding", coding).served());
        let answer = stack.get(&path);
        assert_eq!(answer.status, 502, "{name}: {}", answer.text());
        assert!(answer.text().contains(why), "{name}: {}", answer.text());
    }
    let zip = "/zip.example/m/@v/v1.0.0.zip";
    let encoded_zip = gzip(Module::at(zip).zip().to_vec());
    stack.upstream.on(zip, Reply::ok(encoded_zip).header("content-encoding", "gzip").served());
    let answer = stack.get(zip);
    assert_eq!(answer.status, 502);
    assert!(
        answer.text().contains("it is encoded (gzip), which the gateway did not ask for"),
        "{}",
        answer.text()
    );
    Row {
        kind: "encodings",
        fault: "an encoded document that is corrupt, cut short, encoded twice, or a bomb; a zip that is encoded",
        spoken: "HTTP/1.1",
        client: "502 and why",
        asked: "once",
    }
    .seen();
}

/// What an upstream sends deflated is read in slices: a list of the largest size keeps nobody waiting.
#[test]
fn a_large_list_that_is_encoded_is_decoded_in_slices() {
    let stack = Stack::start();
    let list: String = (0..250_000).map(|n| format!("v0.{}.{}\n", n / 1000, n % 1000)).collect();
    assert!(list.len() > 2_500_000 && list.len() < 4 << 20);
    let path = "/long.example/m/@v/list";
    stack.upstream.on(path, Reply::ok(gzip(&list)).header("content-encoding", "gzip").served());
    let answer = stack.get(path);
    assert_eq!((answer.status, answer.body.len()), (200, list.len()));
}

#[test]
fn what_names_nothing_is_not_found_and_asked_of_nobody() {
    let tree = TempDir::new().unwrap();
    Module::new("named.example/m", "v1.0.0").write_to(tree.path());
    let sumdb = Sumdb::of(tree.path());
    let database = relay(sumdb.addr());
    let stack = Stack::with(&json!({"sumdb": sumdb.configured()}), |builder| {
        builder.cluster(Sumdb::CLUSTER, database.addr())
    });
    let tile = |tile: &str| format!("/sumdb/{}/tile/{tile}", Sumdb::NAME);
    for path in [
        "/named.example/m/@v/feature/x.info".to_owned(),
        "/named.example/m/@v/feature/x.mod".to_owned(),
        "/named.example/m/@v/.info".to_owned(),
        "/named.example/m/@v/list/".to_owned(),
        "/named.example/m/@v/a:b.info".to_owned(),
        "/named.example/m/@v/v1.0.0.exe".to_owned(),
        "/named.example/!M/@v/list".to_owned(),
        tile("4/0/000"),
        tile("1/0/000"),
        tile("30/0/000.p/1"),
        tile("4/data/000"),
        tile("8/9/000"),
        tile("8/0/0"),
    ] {
        let answer = stack.get(&path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        assert!(answer.text().starts_with("not found: "), "{path}: {}", answer.text());
    }
    assert_eq!((stack.upstream.count(), database.count()), (0, 0));
    // Which the go command asks for, as it is written.
    let path = "/named.example/m/@v/a@b.info";
    assert_eq!(stack.get(path).status, 404);
    assert_eq!(stack.upstream.hits(path), 1);
    for (fault, client) in [
        (
            "a client asks for what no version and no query is: a branch with a slash, no version, another ending",
            "404 and why",
        ),
        ("a client asks for tiles of another height than 8", "404 and why"),
    ] {
        Row { kind: "clients", fault, spoken: "HTTP/1.1", client, asked: "nothing" }.seen();
    }
    let _ = STORAGE;
}
