//! Gateways whose buffers are those of the edge: Istio's profile EDGE, and what Envoy Gateway has always.
use modgate_wasm_tests::go::Go;
use modgate_wasm_tests::mesh;
use modgate_wasm_tests::mesh::Proxy;
use modgate_wasm_tests::module::Module;
use serde_json::json;

use super::Sources;

#[test]
fn experiment() {
    let (sources, dir) = (Sources::start(), tempfile::tempdir().unwrap());
    let mut manifests = ["gateway", "storage"].map(|folder| mesh::shipped(folder).unwrap()).concat();
    for manifest in &mut manifests {
        if manifest.kind() == "Gateway" {
            let annotation = &mut manifest.value_mut()["spec"]["infrastructure"]["annotations"]["proxy.istio.io/config"];
            *annotation = json!(format!("{}connectionSettings:\n  profile: EDGE\n", annotation.as_str().unwrap()));
        }
    }
    let rendered = mesh::render(&manifests, &Proxy::gateway("modgate", "modgate")).unwrap();
    println!("{}", serde_json::to_string_pretty(&rendered.listeners[0]).unwrap());
    let envoy = sources.behind(rendered, 80, &dir, None).start();
    for n in 0..6 {
        for (kind, module) in [
            ("plain", Module::new(&format!("e.example.com/plain{n}"), "v1.0.0").padded(12 << 20)),
            ("deflated", Module::new(&format!("e.example.com/defl{n}"), "v1.0.0").file("a.txt", vec![b'x'; 400 << 20 >> 3]).padded(10 << 20).deflated()),
        ] {
            sources.have(&module);
            let run = Go::new(&envoy.url()).env("GOSUMDB", sources.sumdb.key()).mod_download(&[&module.query()]);
            println!("{kind} {n}: {} {} zip {} bytes", run.ok(), run.stdout.replace('\n', " "), module.zip().len());
        }
    }
    println!("{}", envoy.log());
}
