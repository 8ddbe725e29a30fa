//! What is likely to be asked for in the next hour, as storage remembers it, is in the index before a client asks.

use std::time::{Duration, SystemTime};

use modgate::forecast::{Hour, hour};
use modgate::http::Timestamp;
use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{Stack, builder};
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::wait;
use serde_json::json;

/// What the upstream takes for each answer.
const SLOW: Duration = Duration::from_millis(600);

#[test]
fn what_was_in_use_a_week_ago_is_there_before_it_is_asked_for() {
    let (foreseen, other) =
        (Module::new("forecast.example/m", "v1.0.0"), Module::new("other.example/m", "v1.0.0"));
    let (upstream, storage) = (Faulty::start(), Nginx::storage());
    for module in [&foreseen, &other] {
        upstream.serve(module);
        upstream.on(&module.list_url(), Reply::ok("v1.0.0\n").delay(SLOW));
    }
    // An hour is foreseen, so the next one is; a test that begins just before it has the one after it too.
    let millis = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let now = hour(Timestamp(millis.try_into().unwrap()));
    let forecast = json!({"hour": now, "documents": {"forecast.example/m/@v/list": 16}}).to_string();
    let folder = storage.data().join("forecast");
    std::fs::create_dir_all(&folder).unwrap();
    for next in [now + 1, now + 2] {
        std::fs::write(folder.join(format!("{}.json", Hour::of(next))), &forecast).unwrap();
    }
    let patch = json!({
        // Until long after the hour has begun.
        "freshness": {"list": "3h"},
        "sync": {"forecast": {"window": "5m", "ahead": 12}},
    });
    let envoy = builder(upstream.addr(), storage.addr()).patch_plugin(&patch).concurrency(2).start();
    let stack = Stack { envoy, upstream, storage };

    wait::until("it is asked for ahead", Duration::from_secs(20), || {
        stack.upstream.hits(&foreseen.list_url()) == 1
    });
    std::thread::sleep(SLOW * 2);
    let cache = |module: &Module| {
        let answer = stack.get(&module.list_url());
        assert_eq!((answer.status, answer.text().as_str()), (200, "v1.0.0\n"));
        answer.header("x-modgate-cache").unwrap_or_default().to_owned()
    };
    assert_eq!([&foreseen, &other].map(cache), ["hit", "upstream"]);
    assert_eq!(Go::new(&stack.envoy.url()).list_versions("forecast.example/m"), ["v1.0.0"]);
    assert_eq!(stack.upstream.hits(&foreseen.list_url()), 1, "by one worker of all");
}
