//! A gateway with the buffers of the edge: Istio's profile EDGE.

use modgate_wasm_tests::envoy::Envoy;
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::mesh::{self, Proxy};
use modgate_wasm_tests::module::Module;
use modgate_wasm_tests::tls::Certificate;
use modgate_wasm_tests::tunnel::Tunnel;
use serde_json::json;
use tempfile::TempDir;

use super::Sources;

/// What the comment in `gateway/gateway.yaml` says to add.
const ROOM: &str =
    "  listenerPerConnectionBufferLimitBytes: 655360\n  http2InitialStreamWindowSize: 655360\n";

fn gateway(sources: &Sources, port: u16, dir: &TempDir, certificate: &Certificate, settings: &str) -> Envoy {
    let mut manifests = ["gateway", "storage"].map(|folder| mesh::shipped(folder).unwrap()).concat();
    let gateway = manifests.iter_mut().find(|manifest| manifest.kind() == "Gateway").unwrap();
    let annotation =
        &mut gateway.value_mut()["spec"]["infrastructure"]["annotations"]["proxy.istio.io/config"];
    let text = annotation.as_str().unwrap();
    *annotation = json!(format!("{text}connectionSettings:\n  profile: EDGE\n{settings}"));
    let mut rendered = mesh::render(&manifests, &Proxy::gateway("modgate", "modgate")).unwrap();
    // Nothing is fetched whole: all is read as it streams.
    rendered.patch_plugin(&json!({"fetch": {"zip_bytes": 0}}));
    sources.behind(rendered, port, dir, Some(certificate)).start()
}

/// The end of a zip that deflates to less than a thirtieth waits to be read when all has come. No buffer of the edge has room for it.
#[test]
fn zips_that_deflate_well_need_more_room_than_the_edge_has() {
    const HOST: &str = "goproxy.example.com";
    let (sources, certificate) = (Sources::start(), Certificate::for_hosts(&[HOST]));
    let usual = Module::new("edge.example.com/usual", "v1.0.0").padded(1 << 20);
    let flat = Module::new("edge.example.com/flat", "v1.0.0").file("z.txt", flat_text(36 << 20)).deflated();
    let length = flat.zip().len();
    assert!((390_000..900_000).contains(&length), "it deflates to a sixtieth or so: {length}");
    for module in [&usual, &flat] {
        sources.have(module);
    }
    for (settings, served) in [("", false), (ROOM, true)] {
        let dir = tempfile::tempdir().unwrap();
        let envoy = gateway(&sources, 80, &dir, &certificate, settings);
        let whole = |module: &Module| Request::get(&module.url("zip")).try_send(envoy.addr());
        assert!(whole(&usual).is_ok_and(|answer| answer.status == 200), "{settings}");
        let answer = whole(&flat);
        let said = || format!("{settings}: {answer:?}\n{}", envoy.log());
        assert_eq!(answer.as_ref().is_ok_and(|answer| answer.status == 200), served, "{}", said());
        assert_eq!(answer.is_err(), !served, "it is cut: {}", said());

        // Over HTTP/2.
        let dir = tempfile::tempdir().unwrap();
        let envoy = gateway(&sources, 443, &dir, &certificate, settings);
        let tunnel = Tunnel::to(envoy.addr());
        let go = Go::new(&format!("https://{HOST}"))
            .env("HTTPS_PROXY", &tunnel.url())
            .env("SSL_CERT_FILE", certificate.certificate.to_str().unwrap());
        go.mod_download(&[&usual.query()]).expect_ok();
        let run = go.mod_download(&[&flat.query()]);
        assert_eq!(run.ok(), served, "{settings}: {}\n{}", run.stdout, envoy.log());
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
