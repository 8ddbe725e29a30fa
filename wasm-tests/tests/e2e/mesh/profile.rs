//! A gateway with the buffers of the edge: Istio's profile EDGE.

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::mesh::{self, Proxy};
use modgate_wasm_tests::module::Module;
use serde_json::json;
use tempfile::TempDir;

use super::Sources;

/// What the comment in `gateway/gateway.yaml` says to add.
const ROOM: &str =
    "  listenerPerConnectionBufferLimitBytes: 655360\n  http2InitialStreamWindowSize: 655360\n";

fn gateway(sources: &Sources, dir: &TempDir, settings: &str) -> Envoy {
    let mut manifests = ["gateway", "storage"].map(|folder| mesh::shipped(folder).unwrap()).concat();
    let gateway = manifests.iter_mut().find(|manifest| manifest.kind() == "Gateway").unwrap();
    let annotation =
        &mut gateway.value_mut()["spec"]["infrastructure"]["annotations"]["proxy.istio.io/config"];
    let text = annotation.as_str().unwrap();
    *annotation = json!(format!("{text}connectionSettings:\n  profile: EDGE\n{settings}"));
    let rendered = mesh::render(&manifests, &Proxy::gateway("modgate", "modgate")).unwrap();
    sources.behind(rendered, 80, dir, None).start()
}

/// The end of a zip that deflates to less than a thirtieth waits to be read when all has come. No buffer of the edge has room for it.
#[test]
fn zips_that_deflate_well_need_more_room_than_the_edge_has() {
    let sources = Sources::start();
    let usual = Module::new("edge.example.com/usual", "v1.0.0").padded(9 << 20);
    // What follows nine MiB is too large to be fetched whole. It deflates to 64 KiB.
    let flat = Module::new("edge.example.com/flat", "v1.0.0")
        .file("a.bin", noise(9 << 20))
        .file("z.txt", vec![0; 64 << 20])
        .deflated();
    for module in [&usual, &flat] {
        sources.have(module);
    }
    for (settings, served) in [("", false), (ROOM, true)] {
        let dir = tempfile::tempdir().unwrap();
        let envoy = gateway(&sources, &dir, settings);
        let go = || Go::new(&envoy.url()).env("GOSUMDB", sources.sumdb.key());
        go().mod_download(&[&usual.query()]).expect_ok();
        let run = go().mod_download(&[&flat.query()]);
        assert_eq!(run.ok(), served, "{settings}: {}{}", run.stdout, envoy.log());
    }
}

/// Bytes that do not deflate.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..length / 8).flat_map(|_| next()).collect()
}
