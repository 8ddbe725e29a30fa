//! A configuration that is pushed again and again, under load and past downloads that stand still: no request fails, and what Envoy
//! holds does not grow with the pushes.
//!
//! `make pushes` pushes a thousand times; without a number (`MODGATE_PUSHES`) it is a hundred.

use std::collections::VecDeque;
use std::env;
use std::time::{Duration, Instant};

use modgate_wasm_tests::bootstrap::discovery::Discovery;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::Faulty;
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM, builder};
use modgate_wasm_tests::http::{Conn, Request, Response};
use modgate_wasm_tests::load::{Load, Shape};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::wait;
use serde_json::json;

const WORKERS: u32 = 2;
const USUAL: u64 = 100;
/// A client stands still for so many pushes, so as many do at once.
const STALLED: usize = 8;
/// More than Envoy and the kernel hold of an answer.
const LARGE: u64 = 14 << 20;
/// 80 KiB of text, and more where it is compiled, in each worker: were replaced configurations to stay, it would be seen.
const PATTERNS: usize = 2000;
/// One VM for each worker, the main thread's, and the one that they are made from.
const GENERATION: u64 = WORKERS as u64 + 2;
/// Those that are pushed while a client stands still, the one in force, and one that is just leaving.
const GENERATIONS: u64 = STALLED as u64 / 5 + 3;

/// What the next push is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Push {
    /// Other rules, in the same VMs.
    Rules,
    /// Other VMs of the same index.
    Vms,
    /// None that the filter takes.
    Refused,
}

impl Push {
    fn of(number: u64) -> Self {
        match number % 5 {
            2 => Self::Refused,
            4 => Self::Vms,
            _ => Self::Rules,
        }
    }

    fn publish(self, number: u64, discovery: &mut Discovery) {
        let patterns: Vec<String> =
            (0..PATTERNS).map(|of| format!("private{of}.example{number}/team/project")).collect();
        match self {
            Self::Rules => discovery.push(&json!({"private": {"nosumdb": patterns}})),
            Self::Vms => discovery.push_vm(&json!({"configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": number.to_string(),
            }})),
            Self::Refused => discovery.push_text(&json!({"upstreams": [], "patterns": patterns}).to_string()),
        }
    }
}

/// A client that has the beginning of a zip, and reads no further.
struct Stalled {
    conn: Conn,
    head: Response,
    request: Request,
}

impl Stalled {
    fn begin(envoy: &Envoy, module: &Module) -> Self {
        let request = Request::get(&module.url("zip")).compare_body(module.zip());
        let mut conn = Conn::open(envoy.addr()).unwrap();
        conn.send(&request.clone().deadline(Duration::from_secs(120))).unwrap();
        let head = conn.head().unwrap();
        Self { conn, head, request }
    }

    #[track_caller]
    fn ends_well(mut self) {
        let whole = self.conn.rest(&self.request, self.head).unwrap_or_else(|error| panic!("{error}"));
        assert!(whole.status == 200 && whole.pattern, "{whole:?}");
    }
}

#[test]
fn pushes_leave_nothing_behind_and_no_request_fails() {
    let pushes = env::var("MODGATE_PUSHES").map_or(USUAL, |number| number.parse::<u64>().expect("a number"));
    let (upstream, storage) = (Faulty::start(), Faulty::store());
    let (hot, large) =
        (Module::new("hot.example/m", "v1.0.0"), Module::new("large.example/m", "v1.0.0").padded(LARGE));
    for module in [&hot, &large] {
        upstream.serve(module);
        for kind in ["info", "mod", "zip"] {
            storage.keep(&module.url(kind));
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let (builder, mut discovery) = builder(upstream.addr(), storage.addr())
        .patch_plugin(&json!({"freshness": {"list": "1h"}}))
        .edit(|bootstrap| {
            // A record of each request would fill the disk.
            drop(bootstrap.hcm().as_object_mut().and_then(|hcm| hcm.remove("access_log")));
        })
        .concurrency(WORKERS)
        .alone()
        .discovered(dir.path());
    let envoy = builder.start();
    for module in [&hot, &large] {
        let whole = Request::get(&module.url("zip")).compare_body(module.zip()).send(envoy.addr());
        assert!(whole.status == 200 && whole.pattern, "{whole:?}");
        storage.wait_hits(&module.url("zip"), 2);
    }
    envoy.wait_idle(&[UPSTREAM, STORAGE]);
    upstream.remember_nothing();
    storage.remember_nothing();

    let usual = [hot.list_url(), hot.url("mod"), hot.url("info"), hot.url("zip")];
    let load = Load::start(envoy.addr(), Shape { threads: 1, connections: 2 }, move |number| {
        Request::get(&usual[(number % 4) as usize])
    });
    let (begun, mut stalled) = (Instant::now(), VecDeque::new());
    let (mut sizes, mut vms, mut refused) = (Vec::new(), Vec::new(), 0);
    for number in 0..pushes {
        stalled.push_back(Stalled::begin(&envoy, &large));
        let push = Push::of(number);
        push.publish(number, &mut discovery);
        envoy.wait_discovered(number + 2);
        refused += u64::from(push == Push::Refused);
        if stalled.len() > STALLED {
            stalled.pop_front().into_iter().for_each(Stalled::ends_well);
        }
        sizes.push(envoy.usage().rss >> 20);
        vms.push(envoy.stat(VMS));
    }
    stalled.into_iter().for_each(Stalled::ends_well);
    let (took, load) = (begun.elapsed(), load.stop());
    println!("{pushes} pushes in {took:?}, {load}\nMiB: {sizes:?}\nVMs: {vms:?}");
    assert_eq!(load.status(200), load.total(), "{load}");
    assert!(load.total() > 5 * pushes, "no load: {load}");
    assert_eq!(envoy.stat("extension_config_discovery.http_filter.modgate.config_fail"), refused);

    // One more while a configuration is tried.
    let most = vms.iter().max().unwrap();
    assert!(*most > GENERATION && *most <= GENERATIONS * GENERATION + 1, "{vms:?}");
    wait::until("the VMs of before are gone", Duration::from_secs(10), || envoy.stat(VMS) == GENERATION);
    // The first fifth is when Envoy's own pools grow.
    let settled = &sizes[sizes.len() / 5..];
    let (early, late) = settled.split_at(settled.len() / 2);
    let mean = |sizes: &[u64]| sizes.iter().sum::<u64>() / sizes.len() as u64;
    assert!(mean(late) * 100 <= mean(early) * 105, "it grows: {sizes:?} MiB");
}

const VMS: &str = "wasm.envoy.wasm.runtime.v8.active";
