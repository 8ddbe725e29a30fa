//! The image of the filter in a real registry: what is pushed there is what is loaded from there, by the digest that was printed.

use std::fs;

use modgate_wasm_tests::http::Request;
use modgate_wasm_tests::image::{Image, loader};
use modgate_wasm_tests::registry::{Registry, layout};
use modgate_wasm_tests::tools;

#[test]
fn what_a_registry_gives_by_the_digest_is_the_filter() {
    let (registry, dir) = (Registry::start(), tempfile::tempdir().unwrap());
    let filter = fs::read(tools::wasm()).unwrap();
    let image = Image::of(&filter).unwrap();
    let (here, back) = (dir.path().join("image"), dir.path().join("back"));
    image.write(&here).unwrap();
    let (tagged, named) =
        (registry.image("modgate:v1"), registry.image(&format!("modgate@{}", image.digest())));
    registry.copy(&layout(&here), &tagged);

    let said = registry.skopeo(&[
        "inspect",
        "--tls-verify=false",
        "--format",
        "{{.Digest}} {{len .Layers}} {{.Os}}",
        &tagged,
    ]);
    assert_eq!(said, format!("{} 1 linux", image.digest()), "nothing was converted on the way");
    registry.skopeo(&["inspect", "--tls-verify=false", "--config", &tagged]);

    // As a loader asks for it.
    let get = |kind: &str, digest: &str| {
        let accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
        let answer = Request::get(&format!("/v2/modgate/{kind}/{digest}"))
            .header("accept", accept)
            .send(registry.addr());
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    };
    let manifest = get("manifests", &image.digest());
    assert!(loader::filter(&manifest, |digest| get("blobs", digest)).unwrap() == filter);

    registry.copy(&named, &layout(&back));
    for file in fs::read_dir(here.join("blobs/sha256")).unwrap() {
        let name = file.unwrap().file_name();
        let read = |dir: &std::path::Path| fs::read(dir.join("blobs/sha256").join(&name)).unwrap();
        assert!(read(&here) == read(&back), "{name:?}");
    }
}
