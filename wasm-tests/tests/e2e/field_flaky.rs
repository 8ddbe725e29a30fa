//! An upstream and a checksum database that fail now and then, in every way: the real go command does not notice, and what fails for
//! ever ends soon.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Reply, Seen};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{self, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::sumdb::Sumdb;
use serde_json::json;
use tempfile::TempDir;

/// How an answer is spoiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Status(u16),
    /// The connection, or over HTTP/2 the stream, ends before there is an answer.
    Reset,
    /// Or in the middle of one.
    Cut,
}

impl Fault {
    fn spoil(self, good: Reply, length: usize) -> Reply {
        match self {
            Self::Status(status) => Reply::status(status).served(),
            Self::Reset => good.close_before_head(),
            Self::Cut => good.close_after(u64::try_from(length / 2).unwrap()),
        }
    }
}

/// Each over HTTP/1.1, and those that HTTP/2 has ways of its own for over that.
const FAULTS: [(bool, Fault, &str); 6] = [
    (false, Fault::Status(500), "answers 500 to each question, twice"),
    (false, Fault::Reset, "closes the connection before each answer, twice"),
    (false, Fault::Cut, "cuts each document and small zip short, twice"),
    (true, Fault::Status(503), "answers 503 to each question, twice"),
    (true, Fault::Reset, "resets the stream before each answer, twice"),
    (true, Fault::Cut, "resets the stream in the middle of each document and small zip, twice"),
];

/// Zips above are streamed.
const STREAMED_ABOVE: u64 = 64 << 10;

/// One that answers what `server` does, after it has spoiled the first `times` answers to each question.
fn flaky(front: Faulty, server: SocketAddr, times: u32, fault: Fault) -> Faulty {
    let asked: Mutex<HashMap<String, u32>> = Mutex::default();
    front.otherwise(move |seen: &Seen| {
        let answer = http::get(server, &seen.target);
        let length = answer.body.len();
        let good = Reply::status(answer.status).body(answer.body).served();
        let mut asked = asked.lock().unwrap();
        let count = asked.entry(format!("{} {}", seen.method, seen.target)).or_default();
        *count += 1;
        // What is streamed has its head by then: nobody can try again but the client.
        let is_large = u64::try_from(length).unwrap() > STREAMED_ABOVE;
        let fault = if fault == Fault::Cut && is_large { Fault::Status(500) } else { fault };
        if *count <= times { fault.spoil(good, length) } else { good }
    });
    front
}

fn modules() -> [Module; 2] {
    [
        Module::new("flaky.example/small", "v1.0.0"),
        Module::new("flaky.example/large", "v1.0.0").padded(300 << 10),
    ]
}

#[test]
fn the_go_command_does_not_notice_what_fails_twice() {
    for (http2, fault, what) in FAULTS {
        let modules = modules();
        let (origin, tree) = (Faulty::start(), TempDir::new().unwrap());
        let sumdb = Sumdb::after(20, tree.path());
        for module in &modules {
            origin.serve(module);
            module.write_to(tree.path());
        }
        let start = || if http2 { Faulty::start_http2() } else { Faulty::start() };
        let point = if http2 { Builder::cluster_http2 } else { Builder::cluster };
        let upstream = flaky(start(), origin.addr(), 2, fault);
        let database = flaky(start(), sumdb.addr(), 2, fault);
        let storage = Nginx::storage();
        let envoy = Envoy::gateway().cluster(STORAGE, storage.addr());
        let envoy = point(point(envoy, UPSTREAM, upstream.addr()), Sumdb::CLUSTER, database.addr())
            .patch_plugin(&json!({
                "fetch": {"zip_bytes": STREAMED_ABOVE},
                "sumdb": sumdb.configured(),
                "verify": {"mode": "require"},
            }))
            .start();
        let go = Go::new(&envoy.url()).env("GOSUMDB", sumdb.key());
        let queries: Vec<String> = modules.iter().map(Module::query).collect();
        let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
        go.mod_download(&queries).expect_ok();
        assert_eq!(go.list_versions("flaky.example/small"), ["v1.0.0"]);
        for module in &modules {
            assert_eq!(envoy.get(&module.latest_url()).status, 200);
        }
        // Each document took three questions, and a zip as many.
        for module in &modules {
            for path in [module.url("info"), module.url("mod"), module.latest_url()] {
                assert_eq!(upstream.hits_with("GET", &path), 3, "{fault:?}, HTTP/2: {http2}: {path}");
            }
        }
        let spoken = if http2 { "HTTP/2" } else { "HTTP/1.1" };
        Row {
            kind: "flaky",
            fault: &format!("the upstream, and the checksum database, {what}"),
            spoken,
            client: "all of it: `go mod download`, `list -m` and `@latest` succeed",
            asked: "each thing three times, after growing pauses",
        }
        .seen();
    }
}

#[test]
fn what_fails_for_ever_ends_after_a_bounded_number_of_tries() {
    for http2 in [false, true] {
        let upstream = if http2 { Faulty::start_http2() } else { Faulty::start() };
        let storage = Faulty::store();
        let point = if http2 { Builder::cluster_http2 } else { Builder::cluster };
        let envoy = Envoy::gateway().cluster(STORAGE, storage.addr());
        let envoy = point(envoy, UPSTREAM, upstream.addr())
            .patch_plugin(&json!({"sumdb": [], "fetch": {"zip_bytes": 0}}))
            .start();
        let ask = |path: String, status: u16| {
            upstream.on(&path, Reply::status(status).served());
            let begun = Instant::now();
            let answer = envoy.send(&Request::get(&path).deadline(Duration::from_secs(30)));
            let (took, asked) = (begun.elapsed(), upstream.hits(&path));
            assert!(matches!(answer.status, 502 | 503), "{path}: {}", answer.text());
            assert!((2..=8).contains(&asked), "{path}: asked {asked} times");
            assert!(took < Duration::from_secs(15), "{path}: {took:?}");
        };
        thread::scope(|scope| {
            for status in [500, 502, 503] {
                let module = Module::new(&format!("down.example/m{status}"), "v1.0.0");
                let files = ["info", "mod", "zip"].map(|kind| module.url(kind));
                for path in files.into_iter().chain([module.list_url(), module.latest_url()]) {
                    let ask = &ask;
                    scope.spawn(move || ask(path, status));
                }
            }
        });
        Row {
            kind: "flaky",
            fault: "the upstream answers 500, 502 or 503 to everything, for ever",
            spoken: if http2 { "HTTP/2" } else { "HTTP/1.1" },
            client: "502 or 503 with the reason, within seconds; never 404",
            asked: "each thing four times; a streamed zip at most eight times",
        }
        .seen();
    }
}

#[test]
fn a_database_that_learns_late_is_no_forger_and_no_404() {
    let (origin, tree) = (Faulty::start(), TempDir::new().unwrap());
    let module = Module::new("fresh.example/m", "v1.0.0");
    let sumdb = Sumdb::after(20, tree.path());
    origin.serve(&module);
    module.write_to(tree.path());
    let lookup = "/lookup/fresh.example/m@v1.0.0";
    let database = Faulty::start();
    let addr = sumdb.addr();
    database.otherwise(move |seen| {
        let answer = http::get(addr, &seen.target);
        Reply::status(answer.status).body(answer.body).served()
    });
    let storage = Nginx::storage();
    let envoy = Envoy::gateway()
        .cluster(STORAGE, storage.addr())
        .cluster(UPSTREAM, origin.addr())
        .cluster(Sumdb::CLUSTER, database.addr())
        .patch_plugin(&json!({
            "sumdb": sumdb.configured(),
            "verify": {"mode": "require"},
        }))
        .start();
    for (status, text) in
        [(404, "not found: fetch timed out"), (404, "not found: unknown revision v1.0.0"), (500, "")]
    {
        database.on(lookup, Reply::status(status).body(text).served());
        let answer = envoy.get(&module.url("mod"));
        let said = answer.text();
        if status == 404 {
            assert_eq!(answer.status, 503, "{said}");
            assert!(answer.header("retry-after").is_some(), "{said}");
            assert!(said.contains("cannot be verified yet") && !said.contains("nosumdb"), "{said}");
        } else {
            assert_eq!(answer.status, 502, "{said}");
        }
        assert!(said.contains("fresh.example/m@v1.0.0"), "{said}");
        // Remembered for seconds.
        thread::sleep(Duration::from_secs(6));
    }
    let relayed = sumdb.addr();
    database.on_fn(lookup, move |seen| {
        let answer = http::get(relayed, &seen.target);
        Reply::status(answer.status).body(answer.body).served()
    });
    Go::new(&envoy.url()).env("GOSUMDB", sumdb.key()).mod_download(&[&module.query()]).expect_ok();
    Row {
        kind: "flaky",
        fault: "the checksum database answers 404 (\"fetch timed out\", \"unknown revision\") for what the upstream has just served",
        spoken: "HTTP/1.1",
        client: "503 with `Retry-After`, and that the database does not know it yet; once it does, all of it",
        asked: "the database four times, and again after 5 s",
    }
    .seen();
}
