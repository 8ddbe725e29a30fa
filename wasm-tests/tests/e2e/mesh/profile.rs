//! A gateway with the buffers of the edge: Istio's profile EDGE.

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::http::Request;
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
    let mut rendered = mesh::render(&manifests, &Proxy::gateway("modgate", "modgate")).unwrap();
    // Nothing is fetched whole: all is read as it streams.
    rendered.patch_plugin(&json!({"fetch": {"zip_bytes": 0}}));
    sources.behind(rendered, 80, dir, None).start()
}

/// The end of a zip that deflates to less than a thirtieth waits to be read when all has come. No buffer of the edge has room for it.
#[test]
fn zips_that_deflate_well_need_more_room_than_the_edge_has() {
    let sources = Sources::start();
    let usual = Module::new("edge.example.com/usual", "v1.0.0").padded(1 << 20);
    let flat = Module::new("edge.example.com/flat", "v1.0.0").file("z.txt", flat_text(12 << 20)).deflated();
    let length = flat.zip().len();
    assert!((130_000..300_000).contains(&length), "it deflates to a sixtieth or so: {length}");
    for module in [&usual, &flat] {
        sources.have(module);
    }
    for (settings, served) in [("", false), (ROOM, true)] {
        let dir = tempfile::tempdir().unwrap();
        let envoy = gateway(&sources, &dir, settings);
        let whole = |module: &Module| Request::get(&module.url("zip")).try_send(envoy.addr());
        assert!(whole(&usual).is_ok_and(|answer| answer.status == 200), "{settings}");
        let answer = whole(&flat);
        let said = || format!("{settings}: {answer:?}\n{}", envoy.log());
        assert_eq!(answer.as_ref().is_ok_and(|answer| answer.status == 200), served, "{}", said());
        assert_eq!(answer.is_err(), !served, "it is cut: {}", said());
    }
}

/// Little between much of the same.
pub(crate) fn flat_text(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut line = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let mut line = vec![b' '; 600];
        line[..4].copy_from_slice(&state.to_le_bytes());
        line
    };
    (0..length / 600).flat_map(|_| line()).collect()
}
