//! The store: read before any upstream, written behind the client's back, done without, and worth something by itself.

mod kept;
mod outages;

use std::fs;

use modgate_wasm_tests::nginx::Nginx;

/// Puts an object into the store, not by way of the gateway.
fn put(storage: &Nginx, path: &str, body: impl AsRef<[u8]>) {
    let file = storage.data().join(path.trim_start_matches('/'));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, body).unwrap();
}
