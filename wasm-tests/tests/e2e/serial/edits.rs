//! An object of Istio's is edited two hundred times, under load.

use std::thread;
use std::time::Duration;

use modgate_wasm_tests::faulty::{Gate, Reply};
use modgate_wasm_tests::http;
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::{tools, wait};
use serde_json::json;

use crate::xds::{KNOWN, Mesh};

/// With two workers: one for each of them, the main thread's, and the one that the others are made from.
const ONE_FILTER: u64 = 4;
const ZIP: &str = "/load.example/m/@v/v1.0.0.zip";

#[test]
fn no_request_notices_and_nothing_is_kept() {
    let mut mesh = Mesh::start(2, false);
    mesh.upstream.on(ZIP, Reply::ok(Module::at(ZIP).padded(1 << 20).zip()));
    mesh.storage.keep(ZIP);
    for path in [KNOWN, ZIP] {
        assert_eq!(mesh.envoy.get(path).status, 200);
    }
    let (end, addr) = (Gate::new(), mesh.envoy.addr());
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let end = end.clone();
            thread::spawn(move || {
                let mut served = 0;
                while !end.is_open() {
                    assert_eq!(
                        http::get(addr, KNOWN).header("x-modgate-cache"),
                        Some("hit"),
                        "the index survives"
                    );
                    assert_eq!(http::get(addr, ZIP).status, 200);
                    served += 1;
                    thread::sleep(Duration::from_millis(5));
                }
                served
            })
        })
        .collect();

    // What comes from a registry reaches Envoy without the version of the object it was made from: another context in the same VMs,
    // and a VM for a moment, in which the configuration is tried.
    let (registry, made) = edit(&mut mesh, 0);
    assert_eq!(made, EDITS);
    // What is a file there comes with it: from Envoy 1.39 on, another VM of the module for each worker, and the one before goes.
    mesh.resources.plugin()["vm_config"]["code"] = json!({"local": {"filename": tools::wasm()}});
    let (file, made) = edit(&mut mesh, EDITS);
    println!("every 20 edits: {registry:?} MiB from a registry, {file:?} MiB from a file, with {made} VMs");
    assert!(made >= EDITS, "{made}");

    end.open();
    for client in clients {
        let served = client.join().unwrap();
        assert!(served > 50, "{served} rounds were no load");
    }
    wait::until("the VMs of old contexts are gone", Duration::from_secs(10), || {
        mesh.envoy.stat(ACTIVE) == ONE_FILTER
    });
    for sizes in [registry, file] {
        assert!(sizes[sizes.len() - 1] < sizes[0] + 32, "{sizes:?} MiB");
    }
    assert_eq!(mesh.upstream.hits(KNOWN), 1);
    mesh.control.assert_understood();
}

/// Edits it, after so many edits before: how much memory Envoy has on the way, and how many VMs it makes.
fn edit(mesh: &mut Mesh, after: u64) -> (Vec<u64>, u64) {
    let (before, mut sizes) = (mesh.envoy.stat(CREATED), Vec::new());
    for edit in 1..=EDITS {
        let mut configuration = mesh.configuration();
        configuration["freshness"] = json!({"list": format!("{}s", after + edit)});
        mesh.configure(&configuration);
        mesh.push().unwrap();
        if edit % 20 == 0 {
            sizes.push(mesh.envoy.usage().rss >> 20);
            let active = mesh.envoy.stat(ACTIVE);
            assert!(active <= 3 * ONE_FILTER, "{active} VMs");
        }
    }
    (sizes, mesh.envoy.stat(CREATED) - before)
}

const EDITS: u64 = 100;
const ACTIVE: &str = "wasm.envoy.wasm.runtime.v8.active";
const CREATED: &str = "wasm.envoy.wasm.runtime.v8.created";
