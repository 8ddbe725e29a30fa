//! Waiting for a condition with an end: no test sleeps for a fixed time and hopes.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Polls until `ready` gives a value, for at most `limit`.
pub fn poll<T>(limit: Duration, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(value) = ready() {
            return Some(value);
        }
        if Instant::now() >= end {
            return None;
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Polls until `condition` holds.
///
/// # Panics
/// When it does not within `limit`, naming `what`.
#[track_caller]
pub fn until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    assert!(poll(limit, || condition().then_some(())).is_some(), "not within {limit:?}: {what}");
}
