//! An upstream that takes so many requests a second and answers 429 to the rest: all workers leave it alone, everybody waits in
//! order, and the download succeeds.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::field::Row;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM, together};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::{self, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use serde_json::json;

/// What is answered within a second, and how many were told to come later.
struct Limit {
    per_second: usize,
    window: Mutex<(Instant, usize)>,
    refused: AtomicUsize,
}

impl Limit {
    fn takes(&self) -> bool {
        let mut window = self.window.lock().unwrap();
        if window.0.elapsed() >= Duration::from_secs(1) {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        let takes = window.1 <= self.per_second;
        if !takes {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
        takes
    }
}

/// One that answers what `origin` does, and no more of it.
fn limited(front: &Faulty, origin: &Faulty, per_second: usize, retry_after: fn() -> String) -> Arc<Limit> {
    let limit =
        Arc::new(Limit { per_second, window: Mutex::new((Instant::now(), 0)), refused: AtomicUsize::new(0) });
    let (counted, addr) = (Arc::clone(&limit), origin.addr());
    front.otherwise(move |seen| {
        if counted.takes() {
            let answer = http::get(addr, &seen.target);
            Reply::status(answer.status).body(answer.body).served()
        } else {
            Reply::status(429).header("retry-after", &retry_after()).served()
        }
    });
    limit
}

fn in_a_second() -> String {
    "1".to_owned()
}

/// The second after the next, as a date.
fn as_a_date() -> String {
    httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2))
}

const MODULES: usize = 60;
const PER_SECOND: usize = 20;

/// Two go commands at once that want everything, at so many workers.
fn ci_with_many_modules(workers: u32) {
    let http2 = workers == 2;
    let origin = Faulty::start();
    let modules: Vec<Module> =
        (0..MODULES).map(|number| Module::new(&format!("limited.example/m{number}"), "v1.0.0")).collect();
    for module in &modules {
        origin.serve(module);
    }
    let front = if http2 { Faulty::start_http2() } else { Faulty::start() };
    let retry_after: fn() -> String = if workers == 4 { as_a_date } else { in_a_second };
    let limit = limited(&front, &origin, PER_SECOND, retry_after);
    let storage = Nginx::storage();
    let point = if http2 { Builder::cluster_http2 } else { Builder::cluster };
    let envoy = point(Envoy::gateway().cluster(STORAGE, storage.addr()), UPSTREAM, front.addr())
        .concurrency(workers)
        .patch_plugin(&json!({"sumdb": []}))
        .start();
    let queries: Vec<String> = modules.iter().map(Module::query).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| Go::new(&envoy.url()).mod_download(&queries).expect_ok());
        }
    });
    let (took, asked) = (begun.elapsed(), front.count());
    let refused = limit.refused.load(Ordering::SeqCst);
    println!("{workers} workers: {took:?}, {asked} asked, {refused} of them told to come later");
    assert!(refused > 0, "the limit was met");
    // 180 documents and zips at twenty a second are nine seconds; a pause and the way up to the rate again come on top.
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert!(asked < 3 * MODULES * 3, "{asked} asked");
    Row {
        kind: "rate limits",
        fault: "the upstream takes 20 requests a second and answers 429 to the rest, with `Retry-After` in seconds or as a date; two go commands want 60 modules",
        spoken: if http2 { "HTTP/2" } else { "HTTP/1.1" },
        client: "all of it, nine seconds' worth of requests within a minute",
        asked: "paused for all workers, then as often as it has shown to take",
    }
    .seen();
}

#[test]
fn a_ci_job_with_many_modules_succeeds() {
    together([1, 2, 4], ci_with_many_modules);
}

#[test]
fn one_that_never_takes_more_is_503_in_the_end_and_says_when_to_come_back() {
    let upstream = Faulty::start();
    upstream.otherwise(|_| Reply::status(429).header("retry-after", "2").served());
    let storage = Faulty::store();
    let envoy = Envoy::gateway()
        .cluster(STORAGE, storage.addr())
        .cluster(UPSTREAM, upstream.addr())
        .patch_plugin(&json!({"sumdb": [], "fetch": {"wait": "8s"}}))
        .start();
    let begun = Instant::now();
    let answers: Vec<_> = thread::scope(|scope| {
        let ask = |number: usize| {
            let envoy = &envoy;
            scope.spawn(move || {
                envoy.send(
                    &Request::get(&format!("/busy.example/m{number}/@v/v1.0.0.mod"))
                        .deadline(Duration::from_secs(30)),
                )
            })
        };
        let running: Vec<_> = (0..30).map(ask).collect();
        running.into_iter().map(|asking| asking.join().unwrap()).collect()
    });
    let took = begun.elapsed();
    let mut late = 0;
    for answer in answers {
        // On a busy machine the time of some is over while others are being asked: that is said so.
        assert!(matches!(answer.status, 503 | 504), "{}", answer.text());
        late += usize::from(answer.status == 504);
        assert!(answer.header("retry-after").is_some());
    }
    assert!(late <= 10, "{late} of 30 were not told that the upstream wants to be left alone");
    assert!(took < Duration::from_secs(12), "{took:?}");
    assert!(upstream.count() < 90, "{} asked", upstream.count());
    Row {
        kind: "rate limits",
        fault: "the upstream answers 429 to everything",
        spoken: "HTTP/1.1",
        client: "503 with `Retry-After` after `fetch.wait`; never 404",
        asked: "a few times a second at most, by all together",
    }
    .seen();
}

#[test]
fn a_streamed_zip_waits_too() {
    let module = Module::new("limited.example/large", "v1.0.0").padded(300 << 10);
    let upstream = Faulty::start();
    upstream.serve(&module);
    let zip = module.zip();
    let busy = || Reply::status(429).header("retry-after", "1").served();
    upstream.on_each(&module.url("zip"), [busy(), busy(), Reply::ok(zip).served()]);
    let storage = Faulty::store();
    let envoy = Envoy::gateway()
        .cluster(STORAGE, storage.addr())
        .cluster(UPSTREAM, upstream.addr())
        .patch_plugin(&json!({"sumdb": [], "fetch": {"zip_bytes": 0}}))
        .start();
    let answer = envoy.send(&Request::get(&module.url("zip")).deadline(Duration::from_secs(30)));
    assert_eq!(answer.status, 200, "{}", answer.text());
    Row {
        kind: "rate limits",
        fault: "the upstream answers 429 twice where a zip is streamed from it",
        spoken: "HTTP/1.1",
        client: "the zip",
        asked: "again when it said so",
    }
    .seen();
}
