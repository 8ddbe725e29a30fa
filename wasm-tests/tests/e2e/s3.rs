//! An object store as storage: what is in it is whole and right, and nothing half-done stays behind.

use std::time::Duration;

use modgate_wasm_tests::body::Body;
use modgate_wasm_tests::fixture::Proving;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::s3::Asked;
use modgate_wasm_tests::wait;

mod athens;
mod corrupt;
mod kept;
mod parts;

const KINDS: [&str; 3] = ["mod", "zip", "info"];

fn key(module: &Module, kind: &str) -> String {
    module.url(kind).trim_start_matches('/').to_owned()
}

/// What storage has to have of a version, in the order of [`KINDS`].
fn bodies(module: &Module) -> [Vec<u8>; 3] {
    [module.go_mod().as_bytes().to_vec(), module.zip().to_vec(), module.info().into_bytes()]
}

/// Waits until all of the version is stored, as it is.
#[track_caller]
fn wait_stored(site: &Proving, module: &Module) {
    let bodies = [module.go_mod().into(), module.zip(), Body::from(module.info())];
    for (kind, body) in KINDS.into_iter().zip(bodies) {
        let key = key(module, kind);
        wait::until(&format!("{key} is stored"), Duration::from_secs(60), || {
            site.store
                .object(&key)
                .is_some_and(|bytes| bytes.len() as u64 == body.len() && body.has(0, &bytes))
        });
    }
    assert_eq!(site.store.open_uploads(), [""; 0]);
}

/// Whether it is a request for this object. What AWS signs is escaped but for a few characters, and so it is sent.
fn is_for(asked: &Asked, key: &str) -> bool {
    let path = asked.target.split('?').next().unwrap_or_default();
    path.replace("%40", "@").replace("%21", "!").replace("%2B", "+").ends_with(&format!("/{key}"))
}

fn zip(module: &Module) -> Request {
    Request::get(&module.url("zip")).compare_body(module.zip()).deadline(Duration::from_secs(60))
}
