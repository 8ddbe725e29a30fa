//! A thousand clients that want the same at once cost one question, whatever workers they are on, whatever comes of it.

mod documents;
mod failures;
mod reload;
mod zips;

use std::time::Duration;

use modgate_wasm_tests::crowd::Crowd;
use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::wait;

/// One who begins it, and everybody else once `begun` says that the fetch is under way; all of them have reached the filter.
fn gather(envoy: &Envoy, request: Request, count: usize, begun: impl Fn() -> bool) -> Crowd {
    let first = Crowd::new(envoy.addr(), request).and(1);
    wait::until("the fetch has begun", Duration::from_secs(10), begun);
    let crowd = first.and(count - 1);
    envoy.wait_active(count);
    crowd
}

/// How many of a crowd's connections each worker has; that more than one has any is what makes the test one of several.
#[track_caller]
fn assert_spread(envoy: &Envoy, workers: u32) -> Vec<u64> {
    let connections = envoy.connections_by_worker();
    assert_eq!(connections.len(), workers as usize, "{connections:?}");
    assert!(connections.iter().all(|count| *count > 0), "not on every worker: {connections:?}");
    connections
}
