//! A worker dies in the middle of a fetch that clients of all workers wait for. The filter of these tests has a hook for that;
//! everything else is as it ships.

use std::time::{Duration, Instant};

use modgate_wasm_tests::at_two_and_four_workers;
use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::builder;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::{tools, wait};
use serde_json::Value;

at_two_and_four_workers!(
    a_worker_that_dies_fetching_is_replaced_by_another,
    a_worker_that_dies_leaves_nothing_behind_that_blocks
);

const BODY: &str = "module crash.example/m\n";
const KNOWN: &str = "/known.example/m/@v/v1.0.0.mod";
const COLD: &str = "/crash.example/m/@v/v1.0.0.mod";

/// Envoy leaves the waiting streams of a VM that trapped to this limit; 120 s in the file people copy.
const IDLE: &str = "8s";

struct Stack {
    envoy: Envoy,
    upstream: Faulty,
    _storage: Faulty,
}

impl Stack {
    fn start(workers: u32) -> Self {
        let (upstream, storage) = (Faulty::start(), Faulty::store());
        let envoy = builder(upstream.addr(), storage.addr())
            .concurrency(workers)
            .wasm(&tools::wasm_crash())
            .may_crash()
            .edit(|bootstrap| bootstrap.hcm()["stream_idle_timeout"] = Value::from(IDLE))
            .start();
        upstream.on(KNOWN, Reply::ok(BODY).served());
        assert_eq!(envoy.get(KNOWN).status, 200);
        Self { envoy, upstream, _storage: storage }
    }

    /// Asks for it on many connections, and so of every worker, until all are served; how long that took.
    fn wait_served(&self, path: &str, workers: u32) -> Duration {
        let begun = Instant::now();
        wait::until("every worker serves it", Duration::from_secs(10), || {
            let request = Request::get(path).compare_body(BODY.into());
            let answers = Crowd::new(self.envoy.addr(), request).and(25 * workers as usize).answers();
            let served = answers.0.iter().flatten().filter(|answer| answer.status == 200);
            assert!(served.clone().all(|answer| answer.pattern), "never wrong bytes: {:?}", answers.tally());
            served.count() == answers.0.len()
        });
        begun.elapsed()
    }

    /// Waits until a worker has crashed so often.
    fn wait_crashed(&self, times: usize) {
        wait::until("it crashes", Duration::from_secs(5), || {
            self.envoy.log().matches("told to crash").count() == times
        });
    }
}

fn crash() -> Reply {
    Reply::ok(BODY).served().header("x-modgate-crash", "yes")
}

fn a_worker_that_dies_fetching_is_replaced_by_another(workers: u32) {
    let (stack, gate) = (Stack::start(workers), Gate::new());
    stack.upstream.on_each(COLD, [crash().held(&gate), Reply::ok(BODY).served()]);
    let request = Request::get(COLD).compare_body(BODY.into());
    let first = Crowd::new(stack.envoy.addr(), request.clone()).and(1);
    stack.upstream.wait_hits(COLD, 1);
    let waiting = first.and(199);
    stack.envoy.wait_active(200);
    let connections = stack.envoy.connections_by_worker();
    assert!(connections.iter().all(|count| *count > 0), "not on every worker: {connections:?}");

    let died = Instant::now();
    gate.open();
    // Those of the other workers have their answers long before the streams of the dead one are given up.
    let least = 200 - connections.iter().max().unwrap();
    wait::until("another worker takes over", Duration::from_secs(6), || {
        stack.envoy.stat("http.modgate.downstream_rq_2xx") >= least
    });
    let taken_over = died.elapsed();
    let healed = stack.wait_served(KNOWN, workers);
    let answers = waiting.answers();
    println!(
        "{workers} workers {connections:?}: taken over after {taken_over:?}, healed within {healed:?} of that, {:?}",
        answers.tally()
    );
    let served = answers.0.iter().flatten().filter(|answer| answer.status == 200);
    assert!(served.clone().all(|answer| answer.pattern && answer.length == BODY.len() as u64));
    // Whoever was not served was a client of the one worker that died.
    let lost = (answers.0.len() - served.count()) as u64;
    assert!(lost > 0 && connections.contains(&lost), "{lost} of {connections:?}: {:?}", answers.tally());
    let others = answers.0.iter().flatten().filter(|answer| answer.status != 200);
    assert!(others.clone().all(|answer| answer.status >= 500), "{:?}", answers.tally());
    assert_eq!(stack.upstream.hits(COLD), 2, "once by the worker that died, once by who took over");
    assert!(stack.envoy.stat("wasm.modgate.vm_reload_success") >= 1, "it did crash");

    // Nothing of before is lost, and what was taken over is known.
    for path in [KNOWN, COLD] {
        let request = Request::get(path).compare_body(BODY.into());
        let answers = Crowd::new(stack.envoy.addr(), request).and(50).answers();
        answers.assert_all(200, BODY.len() as u64);
        assert_eq!(answers.from("hit"), 50, "{path}: {:?}", answers.tally());
    }
    assert_eq!((stack.upstream.hits(KNOWN), stack.upstream.hits(COLD)), (1, 2));
}

/// Nobody else waits: the next who asks, on whatever worker, is served once the dead worker's claim has run out.
fn a_worker_that_dies_leaves_nothing_behind_that_blocks(workers: u32) {
    let stack = Stack::start(workers);
    let mut slowest = Duration::ZERO;
    for number in 1..=3 {
        let path = format!("/crash.example/m{number}/@v/v1.0.0.mod");
        stack.upstream.on_each(&path, [crash(), Reply::ok(BODY).served()]);
        let hanging = Crowd::new(stack.envoy.addr(), Request::get(&path)).and(1);
        stack.wait_crashed(number);
        slowest = slowest.max(stack.wait_served(&path, workers));
        assert_eq!(stack.upstream.hits(&path), 2, "once by the worker that died, once by who took over");
        drop(hanging);
    }
    println!("{workers} workers: served again everywhere within {slowest:?}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    stack.wait_served(KNOWN, workers);
}
