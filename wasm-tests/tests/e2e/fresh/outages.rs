//! An upstream that is down: what was seen stays, for as long as it may.

use std::thread::sleep;
use std::time::{Duration, Instant};

use modgate_wasm_tests::faulty::{Faulty, Reply};
use modgate_wasm_tests::fixture::{STORAGE, UPSTREAM, builder};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::nginx::Nginx;
use modgate_wasm_tests::{at_one_two_and_four_workers_together, wait};
use serde_json::json;

use super::{LIST, come_from};

at_one_two_and_four_workers_together!(
    what_was_seen_outlives_its_upstream_and_is_new_again_after,
    what_is_too_old_is_served_no_more
);

fn what_was_seen_outlives_its_upstream_and_is_new_again_after(workers: u32) {
    let (upstream, storage) = (Faulty::start(), Nginx::storage());
    let addr = upstream.addr();
    let short = json!({"freshness": {"list": "1s", "latest": "1s", "query": "1s", "presence": "1s", "stale_while_revalidate": "1s"}});
    let envoy = builder(addr, storage.addr()).patch_plugin(&short).concurrency(workers).start();
    let module = Module::new("example.com/Seen/m", "v1.0.0").padded(60_000);
    let (latest, query) =
        (format!("/{}/@latest", "example.com/!seen/m"), module.url("info").replace("v1.0.0", "main"));
    let serve = |upstream: &Faulty, version: &str| {
        upstream.serve(&module);
        upstream.on(&module.list_url(), Reply::ok(format!("v1.0.0\n{version}\n")).served());
        for path in [&latest, &query] {
            upstream.on(path, Reply::ok(format!(r#"{{"Version":"{version}"}}"#)).served());
        }
    };
    serve(&upstream, "v1.1.0");
    let changing = [module.list_url(), latest.clone(), query.clone()];
    let lasting = ["info", "mod", "zip"].map(|kind| module.url(kind));
    let all = || changing.iter().chain(&lasting);
    let before: Vec<_> = all().map(|path| envoy.get(path)).collect();
    assert!(before.iter().all(|answer| answer.status == 200));
    envoy.wait_idle(&[UPSTREAM, STORAGE]);

    drop(upstream);
    let down = Instant::now();
    // Two seconds on: nothing that changes is fresh, nor within the time in which it would pass for it.
    sleep(Duration::from_millis(2500));
    for round in 0..20 {
        for (path, known) in all().zip(&before) {
            let answer = envoy.get(path);
            let (status, from) = come_from(&answer);
            assert!(status == 200 && answer.body == known.body, "round {round}: {path}: {status} {from}");
            match path {
                _ if changing.contains(path) => assert_eq!(from, "stale", "round {round}: {path}"),
                _ if path.ends_with(".zip") => assert_eq!(from, "storage", "{path}"),
                _ => assert_eq!(from, "hit", "{path}"),
            }
        }
    }
    println!("{workers} workers: 20 rounds served, {:?} after it went down", down.elapsed());

    let upstream = Faulty::start_at(addr);
    serve(&upstream, "v1.2.0");
    let back = Instant::now();
    wait::until("what changes is new again", Duration::from_secs(10), || {
        changing.iter().all(|path| envoy.get(path).text().contains("v1.2.0"))
    });
    println!("{workers} workers: new again {:?} after it was back", back.elapsed());
    assert!(lasting.iter().all(|path| upstream.hits(path) == 0), "what never changes is not asked again");
}

/// Storage has no copy that could stand in.
fn what_is_too_old_is_served_no_more(workers: u32) {
    let (upstream, storage) = (Faulty::start(), Faulty::store());
    let short = json!({"freshness": {"list": "1s", "stale_while_revalidate": "1s", "stale_if_error": "2s"}});
    let envoy = builder(upstream.addr(), storage.addr()).patch_plugin(&short).concurrency(workers).start();
    upstream.on(LIST, Reply::ok("v1.0.0\n").served());
    assert_eq!(envoy.get(LIST).status, 200);
    let seen = Instant::now();
    drop(upstream);
    let mut last = Duration::ZERO;
    let refused = wait::poll(Duration::from_secs(8), || {
        let asked = seen.elapsed();
        let answer = envoy.get(LIST);
        if answer.status == 200 {
            last = asked;
            return None;
        }
        Some(answer)
    });
    let (refused, at) = (refused.expect("it is given up"), seen.elapsed());
    let reason = refused.text();
    println!(
        "{workers} workers: asked at {last:?} for the last time in time, at {at:?} {}: {reason}",
        refused.status
    );
    assert!((502..=504).contains(&refused.status) && refused.header("retry-after").is_some(), "{refused:?}");
    // A second of freshness, less its jitter, and two beyond; a busy machine delays answers, and hastens none.
    assert!(at > Duration::from_millis(2600) && last < Duration::from_millis(3300), "{last:?}, {at:?}");
    for _ in 0..40 {
        assert_eq!(envoy.get(LIST).status, refused.status, "by no worker");
    }
}
