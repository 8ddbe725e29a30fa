//! Sources that accept and never answer: another one has it, or had it.

use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use modgate_wasm_tests::attack::{Form, Trial, bounds};
use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::bootstrap::Bootstrap;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::faulty::{Faulty, Gate, Reply};
use modgate_wasm_tests::fixture::{Stack, UPSTREAM, builder};
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::wait;
use serde_json::{Value, json};

/// GETs, all at once: status, whether it is what it should be, and how long it took, in the order of asking.
fn ask(envoy: &Envoy, wanted: &[(String, Body)], limit: Duration) -> Vec<(String, bool, Duration)> {
    let asked = |(path, body): &(String, Body)| {
        let begun = Instant::now();
        let answer = Request::get(path).compare_body(body.clone()).deadline(limit).try_send(envoy.addr());
        match answer {
            Ok(answer) => (
                format!("{} {}", answer.status, answer.header("x-modgate-cache").unwrap_or("-")),
                answer.status == 200 && answer.pattern && answer.length == body.len(),
                begun.elapsed(),
            ),
            Err(error) => (error.to_string(), false, begun.elapsed()),
        }
    };
    thread::scope(|scope| {
        let clients: Vec<_> = wanted.iter().map(|wanted| scope.spawn(move || asked(wanted))).collect();
        clients.into_iter().map(|client| client.join().expect("a client does not panic")).collect()
    })
}

#[test]
fn storage_that_hangs() {
    let mut trial = Trial::beside("storage that hangs");
    let (upstream, storage, gate) = (Faulty::start(), Faulty::store(), Gate::new());
    let envoy = builder(upstream.addr(), storage.addr()).alone().start();
    let [warm, cold, document] = ["warm", "cold", "document"]
        .map(|name| Module::new(&format!("hang.example/{name}"), "v1.0.0").padded(9000));
    for module in [&warm, &cold, &document] {
        upstream.serve(module);
    }
    storage.keep(&warm.url("zip"));
    wait::until("it comes from storage", Duration::from_secs(20), || {
        envoy.get(&warm.url("zip")).header("x-modgate-cache") == Some("storage")
    });
    trial.begin(&envoy);
    for path in [warm.url("zip"), "*".to_owned()] {
        storage.on(&path, Reply::ok("").held(&gate));
    }
    let wanted = [
        (warm.url("zip"), warm.zip()),
        (cold.url("zip"), cold.zip()),
        (document.url("mod"), document.go_mod().into()),
        (document.url("info"), document.info().into()),
        (document.list_url(), "v1.0.0\n".into()),
    ];
    // Who comes within the next two seconds is routed to storage, which has just answered: see `unwell`.
    sleep(Duration::from_millis(2_500));
    trial.size(format!("{} GETs, twice", wanted.len()));
    let limit = Form::wanted().of(bounds::OTHER_SOURCE + Duration::from_secs(2), Duration::from_secs(125));
    for round in ["at once", "again"] {
        let answers = ask(&envoy, &wanted, limit);
        let wrong = wanted.iter().zip(&answers).map(|((path, _), (what, right, took))| {
            let good = *right && *took <= bounds::OTHER_SOURCE;
            (!good).then(|| format!("{path}: {what} after {:.1} s", took.as_secs_f64()))
        });
        trial.check_all(round, wrong);
        let times: Vec<String> =
            answers.iter().map(|(what, _, took)| format!("{what} {:.1} s", took.as_secs_f64())).collect();
        trial.note(format!("{round}: {}", times.join(", ")));
    }
    gate.open();
    trial.memory(&envoy);
    trial.end();
}

/// A gateway that remembers nothing, and a store that has a module's list and latest version.
fn restarted(patch: &Value, upstream: &Faulty) -> (Envoy, Nginx, Module) {
    let first = Stack::start();
    let module = Module::new("outage.example/m", "v1.0.0");
    first.upstream.serve(&module);
    for path in [module.list_url(), module.latest_url()] {
        assert_eq!(first.get(&path).status, 200);
        let file = first.storage.data().join(path.trim_start_matches('/'));
        wait::until("it is stored", Duration::from_secs(10), || file.exists());
    }
    let Stack { storage, .. } = first;
    let envoy = builder(upstream.addr(), storage.addr()).patch_plugin(patch).alone().start();
    (envoy, storage, module)
}

#[test]
fn an_upstream_that_hangs() {
    let mut trial = Trial::beside("upstream that hangs");
    // As it is shipped, 30 s; waiting for that is for the heavy form.
    let (patch, timeout) = Form::wanted().of(
        (
            json!({"upstreams": [{"name": "golang", "cluster": UPSTREAM, "url": "http://proxy.example",
            "timeout": "2s"}]}),
            Duration::from_secs(2),
        ),
        (json!({}), Duration::from_secs(30)),
    );
    let (upstream, gate) = (Faulty::start(), Gate::new());
    let (envoy, _storage, module) = restarted(&patch, &upstream);
    let held = gate.clone();
    upstream.otherwise(move |_| Reply::ok("").held(&held));
    trial.begin(&envoy);
    let wanted = [(module.list_url(), "v1.0.0\n".into()), (module.latest_url(), module.info().into())];
    trial.size(format!("{} GETs, timeout {timeout:?}", wanted.len()));
    let answers = ask(&envoy, &wanted, timeout + Duration::from_secs(10));
    let wrong = wanted.iter().zip(&answers).map(|((path, _), (what, right, took))| {
        let good = *right && *took <= timeout + Duration::from_secs(3);
        (!good).then(|| format!("{path}: {what} after {:.1} s", took.as_secs_f64()))
    });
    trial.check_all("what storage has", wrong);
    trial.note(format!("{answers:?}"));
    gate.open();
    trial.memory(&envoy);
    trial.end();
}

/// Where the second is to be asked after any failure of the first, it is of use while the first hangs: for documents, and
/// for zips of both kinds, fetched whole and streamed.
#[test]
fn the_first_of_two_upstreams_hangs() {
    let mut trial = Trial::beside("first of two upstreams hangs");
    let timeout = Form::wanted().of(Duration::from_secs(2), Duration::from_secs(30));
    let (first, second, storage, gate) = (Faulty::start(), Faulty::start(), Nginx::storage(), Gate::new());
    let upstream = |name: &str, cluster: &str| {
        json!({"name": name, "cluster": cluster, "url": "http://proxy.example", "fallback": "any_error",
            "timeout": format!("{}s", timeout.as_secs())})
    };
    let patch = json!({"upstreams": [upstream("first", UPSTREAM), upstream("second", "second")]});
    let envoy = builder(first.addr(), storage.addr())
        .cluster("second", second.addr())
        .patch_plugin(&patch)
        .alone()
        .start();
    let held = gate.clone();
    first.otherwise(move |_| Reply::ok("").held(&held));
    let [small, large] = [("small", 9_000), ("large", 12 << 20)]
        .map(|(name, bytes)| Module::new(&format!("two.example/{name}"), "v1.0.0").padded(bytes));
    second.serve(&small);
    second.serve(&large);
    trial.begin(&envoy);
    let wanted = [
        (small.list_url(), "v1.0.0\n".into()),
        (small.url("mod"), small.go_mod().into()),
        (small.url("zip"), small.zip()),
        (large.url("zip"), large.zip()),
    ];
    trial.size(format!("{} GETs, timeout {timeout:?}", wanted.len()));
    let answers = ask(&envoy, &wanted, timeout * 2 + Duration::from_secs(20));
    let wrong = wanted.iter().zip(&answers).map(|((path, _), (what, right, took))| {
        // A zip may first be waited for, and then be streamed, by the same clock.
        let good = *right && *took <= timeout * 2 + Duration::from_secs(5);
        (!good).then(|| format!("{path}: {what} after {:.1} s", took.as_secs_f64()))
    });
    trial.check_all("what the second has", wrong);
    trial.note(format!("{answers:?}"));
    gate.open();
    trial.memory(&envoy);
    trial.end();
}

/// Every clock of Envoy that runs while the filter holds a request is longer than the filter holds one.
#[test]
fn no_clock_of_envoy_ends_what_the_filter_waits_for() {
    let mut trial = Trial::beside("clocks of gateway.yaml");
    let mut gateway = Bootstrap::gateway();
    let wait = gateway.plugin()["fetch"]["wait"].as_str().and_then(seconds).unwrap_or(FETCH_WAIT);
    let hcm = gateway.hcm();
    trial.size("2 clocks");
    for clock in ["request_timeout", "stream_idle_timeout"] {
        let set = hcm[clock].as_str().and_then(seconds);
        // Zero is no clock; unset is 5 minutes for the second and none for the first.
        let good = set.is_none_or(|set| set == 0.0 || set > wait);
        trial.check(good, format!("{clock} is {set:?} s, the filter waits {wait} s"));
    }
    trial.end();
}

/// `fetch.wait` unless it is configured.
const FETCH_WAIT: f64 = 90.0;

fn seconds(text: &str) -> Option<f64> {
    text.strip_suffix('s')?.parse().ok()
}

/// An upstream may be given more time than Envoy's default gives to a request.
#[test]
fn an_upstream_that_answers_after_35_seconds() {
    if Form::wanted() == Form::Short {
        // Half a minute of waiting for what the clocks above say.
        return;
    }
    let mut trial = Trial::beside("upstream that answers after 35 s");
    let upstream = Faulty::start();
    let patch = json!({"upstreams": [{"name": "golang", "cluster": UPSTREAM,
        "url": "http://proxy.example", "timeout": "60s"}]});
    let (envoy, _storage, _) = restarted(&patch, &upstream);
    let module = Module::new("late.example/m", "v1.0.0");
    let late = Duration::from_secs(35);
    upstream.on(&module.url("mod"), Reply::ok(module.go_mod()).served().delay(late));
    upstream.on(&module.list_url(), Reply::ok("v1.0.0\n").served().delay(late));
    trial.begin(&envoy);
    let wanted = [(module.url("mod"), module.go_mod().into()), (module.list_url(), "v1.0.0\n".into())];
    trial.size(format!("{} GETs", wanted.len()));
    let answers = ask(&envoy, &wanted, Duration::from_secs(50));
    trial.check(answers.iter().all(|(_, right, _)| *right), format!("{answers:?}"));
    trial.memory(&envoy);
    trial.end();
}
