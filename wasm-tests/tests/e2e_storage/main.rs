//! The store: read before any upstream, written behind the client's back, done without, and worth something by itself.
#![cfg(not(target_arch = "wasm32"))]

mod kept;
mod outages;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use modgate_wasm_tests::nginx::Nginx;

/// Every file below `dir`, by its path from there.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut ahead = vec![dir.to_owned()];
    while let Some(next) = ahead.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                ahead.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

/// Puts an object into the store, not by way of the gateway.
fn put(storage: &Nginx, path: &str, body: impl AsRef<[u8]>) {
    let file = storage.data().join(path.trim_start_matches('/'));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, body).unwrap();
}
