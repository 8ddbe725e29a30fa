//! Lists as long as anybody can publish them: reading and judging one costs other clients nothing they would notice, asks
//! upstreams for a bounded number of things, and is not done again while the result is fresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use modgate_wasm_tests::faulty::Reply;
use modgate_wasm_tests::fixture::Scripted;
use modgate_wasm_tests::http::{Conn, Request, Response};
use modgate_wasm_tests::load::{Load, Shape, Tally};
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

const HOT: &str = "/hot.example/m/@v/v1.0.0.mod";

/// A gateway of one worker, before an upstream that has a module of as many versions as its path says: `long.example/n200000`.
struct Long {
    stack: Scripted,
    lists: Arc<AtomicUsize>,
    infos: Arc<AtomicUsize>,
}

impl Long {
    fn start(patch: &Value) -> Self {
        let mut patch = patch.clone();
        patch["verify"] = json!({"mode": "off"});
        let stack = Scripted::with(&patch, |builder| {
            // Ten of the longest lists may take longer than a test machine gives a request.
            builder.concurrency(1).edit(|bootstrap| bootstrap.hcm()["request_timeout"] = json!("0s"))
        });
        let (lists, infos) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let count = (Arc::clone(&lists), Arc::clone(&infos));
        stack.storage.remember_nothing();
        stack.upstream.remember_nothing();
        stack.upstream.otherwise(move |seen| answer(&seen.target, &count.0, &count.1));
        assert_eq!(stack.get(HOT).status, 200);
        Self { stack, lists, infos }
    }

    fn infos(&self) -> usize {
        self.infos.load(Ordering::Relaxed)
    }

    fn lists(&self) -> usize {
        self.lists.load(Ordering::Relaxed)
    }

    /// What `work` does, and what another client was answered meanwhile who asks for what is in the index.
    fn beside<T>(&self, work: impl FnOnce() -> T) -> (T, Tally) {
        let others = Load::start(self.stack.envoy.addr(), Shape { threads: 1, connections: 1 }, |_| {
            thread::sleep(Duration::from_millis(1));
            Request::get(HOT)
        });
        wait::until("others are served", Duration::from_secs(10), || others.answered() > 50);
        let done = work();
        let others = others.stop();
        assert_eq!(others.status(200), others.total(), "{others}");
        (done, others)
    }
}

/// What the upstream has at `target`.
fn answer(target: &str, lists: &AtomicUsize, infos: &AtomicUsize) -> Reply {
    if target == HOT {
        return Reply::ok("module hot.example/m\n").served();
    }
    let count =
        target.split('/').nth(2).and_then(|name| name.trim_start_matches(char::is_alphabetic).parse().ok());
    let (Some(count), Some(file)) = (count, target.rsplit('/').next()) else {
        return Reply::status(404).served();
    };
    match file.strip_suffix(".info") {
        Some(version) => {
            infos.fetch_add(1, Ordering::Relaxed);
            Reply::ok(info(version)).served()
        }
        None if file == "list" => {
            lists.fetch_add(1, Ordering::Relaxed);
            Reply::ok(list(count)).served()
        }
        None if file == "@latest" => Reply::ok(info(&format!("v1.{}.0", count - 1))).served(),
        None => Reply::status(404).served(),
    }
}

/// In no order, as proxy.golang.org gives them.
fn list(count: usize) -> String {
    (0..count).map(|n| format!("v1.{}.0\n", n * 7919 % count)).collect()
}

/// The newest tenth of a thousand is of today, the rest of long ago.
fn info(version: &str) -> String {
    let minor: usize = version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or_default();
    let time = if minor % 1000 >= 900 { "2030-01-01T00:00:00Z" } else { "2020-01-01T00:00:00Z" };
    format!(r#"{{"Version":"{version}","Time":"{time}"}}"#)
}

fn path(name: &str, count: usize, file: &str) -> String {
    format!("/long.example/{name}{count}/{file}")
}

fn get(long: &Long, path: &str) -> (Response, Duration) {
    let begun = Instant::now();
    let answer = Request::get(path).deadline(Duration::from_secs(100)).send(long.stack.envoy.addr());
    (answer, begun.elapsed())
}

fn cooldown() -> Value {
    json!({"policy": {"rules": [{"modules": ["long.example"], "action": "cooldown", "age": "7d"}]}})
}

/// A worker that reads each of ten lists at once keeps everybody waiting for three seconds, on a busy machine for ten. In slices it is
/// some 20 ms; the rest is for what else the machine does.
const LONGEST: Duration = Duration::from_millis(500);

#[test]
fn others_are_served_while_ten_lists_of_the_largest_size_are_read() {
    const COUNT: usize = 330_000;
    let long = Long::start(&json!({"freshness": {"list": "1h"}}));
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let ask_all = || {
        let ask = |name: &str| {
            let request = Request::get(&path(name, COUNT, "@v/list")).deadline(Duration::from_secs(100));
            let mut connection = Conn::open(long.stack.envoy.addr()).unwrap();
            connection.send(&request).unwrap();
            (connection, request)
        };
        let asked: Vec<_> = names.map(ask).into();
        for (mut connection, request) in asked {
            let head = connection.head().unwrap();
            let answer = connection.rest(&request, head).unwrap();
            assert_eq!((answer.status, answer.text().lines().count()), (200, COUNT));
        }
    };
    let begun = Instant::now();
    let ((), others) = long.beside(ask_all);
    println!("ten lists of {COUNT} versions: {:?}; others meanwhile: {others}", begun.elapsed());
    assert_eq!(long.lists(), names.len());
    assert!(others.within(100) < LONGEST, "{others}");
    let one = path("k", COUNT, "@v/list");
    for (cache, lists) in [("upstream", 11), ("hit", 11), ("hit", 11)] {
        let (answer, took) = get(&long, &one);
        println!("another one, from {cache}: {took:?}");
        assert_eq!((answer.status, answer.header("x-modgate-cache")), (200, Some(cache)));
        assert_eq!(long.lists(), lists);
    }
}

#[test]
fn a_request_asks_when_a_bounded_number_of_versions_was_published() {
    for count in [5_000, 30_000, 200_000] {
        let long = Long::start(&cooldown());
        let list = path("n", count, "@v/list");
        let mut shown = 0;
        for round in 1..=3 {
            let before = long.infos();
            let ((answer, took), others) = long.beside(|| get(&long, &list));
            let asked = long.infos() - before;
            println!(
                "{count} versions, GET {round}: {} and {} lines in {took:?}, {asked} .info asked; others: {others}",
                answer.status,
                answer.text().lines().count()
            );
            assert_eq!(answer.status, 200);
            assert!((1..=512).contains(&asked), "{asked} asked");
            assert!(others.within(100) < LONGEST, "{others}");
            let lines = answer.text().lines().count();
            assert!(lines > shown, "it gets no further: {lines} after {shown}");
            assert!(!answer.text().contains(&format!("v1.{}.0\n", count - 1)), "what is too young is shown");
            assert_eq!(answer.header("cache-control"), Some("max-age=0"));
            shown = lines;
        }
        let latest = long.stack.get(&path("n", count, "@latest"));
        assert_eq!(latest.json()["Version"], format!("v1.{}.0", count - 101), "{latest:?}");
    }
}

#[test]
fn nothing_is_asked_for_a_client_that_has_left() {
    let long = Long::start(&cooldown());
    let request = Request::get(&path("n", 30_000, "@v/list"));
    let mut connection = Conn::open(long.stack.envoy.addr()).unwrap();
    connection.send(&request).unwrap();
    wait::until("its versions are asked about", Duration::from_secs(30), || long.infos() > 0);
    drop(connection);
    thread::sleep(Duration::from_secs(1));
    let after = long.infos();
    thread::sleep(Duration::from_secs(2));
    println!("asked when the client had left: {after}, two seconds later: {}", long.infos());
    assert_eq!(long.infos(), after);
    assert!(after < 512, "{after}");
}
