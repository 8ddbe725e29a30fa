//! Gateways are replaced one after the other, under load, and nobody notices: `envoy/drain.sh`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use modgate_wasm_tests::envoy::{Builder, Envoy};
use modgate_wasm_tests::fixture::{STORAGE, Scripted, Stack, builder};
use modgate_wasm_tests::http::{Conn, Request};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::port::Port;
use modgate_wasm_tests::process::{self, Process};
use modgate_wasm_tests::tools::repository;
use modgate_wasm_tests::wait;
use serde_json::json;

const READY: &str = "/-/readyz";

/// `drain.sh`, under way.
fn drain(envoy: &Envoy, notice: u32, limit: u32, dir: &Path) -> Process {
    let mut command = process::command(&repository().join("envoy/drain.sh"));
    command.arg(envoy.admin().to_string());
    command.env("NOTICE", notice.to_string()).env("LIMIT", limit.to_string());
    Process::start("drain.sh", command, &dir.join("drain.log")).unwrap()
}

/// An Envoy before two gateways, which asks them whether they are ready.
fn front(gateways: &[SocketAddr]) -> Envoy {
    Envoy::gateway()
        .without_filter()
        .cluster_of("gateways", gateways)
        .route("/", "gateways")
        .edit(|bootstrap| {
            bootstrap.routes()[1]["route"]["timeout"] = json!("0s");
            // This one is about the gateways' own pages.
            bootstrap.http_filters().retain(|filter| filter["name"] != "envoy.filters.http.health_check");
            let cluster = bootstrap.cluster("gateways", STORAGE);
            cluster["outlier_detection"] = json!(null);
            cluster["health_checks"] = json!([{
                "timeout": "2s", "interval": "0.2s", "no_traffic_interval": "0.2s","unhealthy_threshold": 1, "healthy_threshold": 1,
                "http_health_check": {"path": READY},
            }]);
        })
        .concurrency(2)
        .start()
}

#[test]
fn readiness_fails_first_and_everything_else_goes_on() {
    let stack = Stack::with(&json!({}), Builder::alone);
    stack.upstream.serve(&Module::new("example.com/m", "v1.0.0"));
    assert_eq!(stack.get("/example.com/m/@v/v1.0.0.mod").status, 200);
    wait::until("it is ready", Duration::from_secs(10), || stack.get(READY).status == 200);
    let failed = Request::new("POST", "/healthcheck/fail").send(stack.envoy.admin());
    assert_eq!(failed.status, 200);
    assert_eq!(stack.get(READY).status, 503);
    assert_eq!(stack.get("/-/healthz").status, 200);
    let answer = stack.get("/example.com/m/@v/list");
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
}

#[test]
fn draining_ends_at_its_limit_and_says_so() {
    let stack = Scripted::with(&json!({}), Builder::alone);
    let gate = modgate_wasm_tests::faulty::Gate::new();
    let list = "/example.com/held/@v/list";
    stack.upstream.on(list, modgate_wasm_tests::faulty::Reply::ok("v1.0.0\n").served().held(&gate));
    let mut conn = Conn::open(stack.envoy.addr()).unwrap();
    conn.send(&Request::get(list)).unwrap();
    stack.envoy.wait_active(1);
    let dir = tempfile::tempdir().unwrap();
    let script = drain(&stack.envoy, 0, 2, dir.path());
    let status = script.wait(Duration::from_secs(20)).unwrap();
    assert!(!status.success() && script.log().contains("under way"), "{status}: {}", script.log());
    gate.open();
    assert_eq!(conn.head().unwrap().status, 200);
    let again = drain(&stack.envoy, 0, 20, dir.path());
    assert!(again.wait(Duration::from_secs(30)).unwrap().success(), "{}", again.log());
}

#[test]
fn a_rolling_replacement_under_load_loses_nothing() {
    let (upstream, storage) = (modgate_wasm_tests::faulty::Faulty::start(), Nginx::storage());
    let small = Module::new("example.com/small", "v1.0.0").padded(100_000);
    let large = Module::new("example.com/large", "v1.0.0").padded(40 << 20);
    upstream.serve(&small);
    upstream.serve(&large);
    let ports = [Port::reserve(), Port::reserve()];
    let gateway = |port: &Port| {
        let started = builder(upstream.addr(), storage.addr()).at(port.addr()).start();
        wait::until("it is ready", Duration::from_secs(20), || started.get(READY).status == 200);
        started
    };
    let mut gateways = [gateway(&ports[0]), gateway(&ports[1])];
    let front = front(&[ports[0].addr(), ports[1].addr()]);
    let dir = tempfile::tempdir().unwrap();

    let (over, answers) = (AtomicBool::new(false), Mutex::new(BTreeMap::<String, usize>::new()));
    thread::scope(|scope| {
        // However this ends: a thread that goes on would be waited for.
        let _end = Over(&over);
        for client in 0..4 {
            let (over, answers, small, front) = (&over, &answers, &small, &front);
            scope.spawn(move || {
                let paths = [small.url("info"), small.url("mod"), small.url("zip"), small.list_url()];
                for turn in client.. {
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                    let said = match Request::get(&paths[turn % paths.len()]).try_send(front.addr()) {
                        Ok(answer) => answer.status.to_string(),
                        Err(error) => error.to_string(),
                    };
                    *answers.lock().unwrap().entry(said).or_default() += 1;
                    sleep(Duration::from_millis(5));
                }
            });
        }
        for (turn, port) in ports.iter().enumerate() {
            // Straight from the one that is to go: nobody else's patience is in between.
            let slow = slowly(gateways[turn].addr(), &large);
            let begun = Instant::now();
            let script = drain(&gateways[turn], 2, 60, dir.path());
            assert!(script.wait(Duration::from_secs(90)).unwrap().success(), "{}", script.log());
            println!("drained in {:?}", begun.elapsed());
            let got = slow.join().unwrap();
            assert_eq!(got, large.zip().len(), "the download that was under way");
            // The old one ends before the new one takes its port.
            gateways[turn].process().stop();
            gateways[turn] = gateway(port);
            wait::until("the front has seen it", Duration::from_secs(10), || {
                front.stat("cluster.gateways.membership_healthy") == 2
            });
        }
    });
    let answers = answers.into_inner().unwrap();
    println!("{answers:?}");
    assert_eq!(answers.keys().map(String::as_str).collect::<Vec<_>>(), ["200"], "{answers:?}");
    assert!(answers["200"] > 500, "{answers:?}");
}

/// Sets the flag when dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A client that takes some eight seconds for a zip; the bytes of it that came.
fn slowly(gateway: SocketAddr, module: &Module) -> thread::JoinHandle<u64> {
    let request = Request::get(&module.url("zip")).deadline(Duration::from_secs(90));
    let length = module.zip().len();
    let mut conn = Conn::open(gateway).unwrap();
    conn.send(&request).unwrap();
    assert_eq!(conn.head().unwrap().status, 200);
    thread::spawn(move || {
        let (mut seen, begun) = (0, Instant::now());
        while seen < length {
            match conn.skip_some() {
                Ok(more @ 1..) => seen += more as u64,
                _ => break,
            }
            let due = Duration::from_secs(8).mul_f64(seen as f64 / length as f64);
            sleep(due.saturating_sub(begun.elapsed()));
        }
        seen
    })
}
