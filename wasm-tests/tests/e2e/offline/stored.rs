//! What is stored is served, proven, listed and the latest, whoever stored it and wherever.

use modgate_wasm_tests::envoy::Envoy;
use serde_json::json;

use super::{STORED, Site, Store};

/// Each module, the versions that a list shows, and the latest.
const LISTED: [(&str, &[&str], &str); 8] = [
    ("example.com/Acme/Words", &["v0.3.0"], "v0.3.0"),
    ("example.com/hello", &["v1.0.0", "v1.1.0", "v1.2.0-rc.1"], "v1.1.0"),
    ("example.com/hello/v2", &["v2.0.0"], "v2.0.0"),
    // A version of a commit is stored too, and in no list.
    ("example.com/odd/between", &["v1.0.0"], "v1.0.0"),
    ("example.com/odd/many", &["v1.0.21", "v1.0.343"], "v1.0.343"),
    ("example.com/odd/origin", &["v1.0.0", "v1.1.0-RC1"], "v1.0.0"),
    ("example.com/odd/unmodular", &["v3.2.0+incompatible"], "v3.2.0+incompatible"),
    ("example.com/odd/untagged", &[], "v0.0.0-20240301120000-0123456789ab"),
];

#[test]
fn files_by_the_names_of_a_module_proxy() {
    a_site_that_is_cut_off_goes_on(Store::files(), "goproxy", 1);
}

#[test]
fn files_as_athens_has_them_on_disk() {
    a_site_that_is_cut_off_goes_on(Store::files(), "athens_flat", 2);
}

#[test]
fn objects_by_the_names_of_a_module_proxy() {
    a_site_that_is_cut_off_goes_on(Store::objects(), "goproxy", 4);
}

#[test]
fn objects_as_athens_has_them() {
    a_site_that_is_cut_off_goes_on(Store::objects(), "athens", 2);
}

fn a_site_that_is_cut_off_goes_on(store: Store, layout: &str, workers: u32) {
    let mut site = Site::filled(store, &json!({"layout": layout}), workers);
    let heard = site.heard();
    let envoy = site.offline();
    let ready = envoy.get("/-/readyz");
    assert_eq!(ready.status, 200, "no upstream is waited for: {}", ready.text());
    assert_serves_what_is_stored(&site, &envoy);
    for cluster in ["proxy_golang_org", Site::SUMDB] {
        assert_eq!(envoy.stat(&format!("cluster.{cluster}.upstream_cx_total")), 0, "{cluster}");
    }
    drop(envoy);

    // One that was online until now has the upstream's lists in its index.
    site.discovery.push(&json!({"mode": "offline"}));
    assert!(!site.envoy.wait_discovered(2));
    assert_serves_what_is_stored(&site, &site.envoy);
    assert_eq!(site.heard(), heard);

    // And it is not for ever.
    site.discovery.push(&json!({"mode": "online"}));
    assert!(!site.envoy.wait_discovered(3));
    assert_eq!(site.go(&site.envoy).list_versions("example.com/odd/many").len(), 3000);
    site.go(&site.envoy).mod_download(&["example.com/odd/many@v1.0.22"]).expect_ok();
}

#[track_caller]
fn assert_serves_what_is_stored(site: &Site, envoy: &Envoy) {
    let downloaded = site.go(envoy).mod_download(&STORED).expect_ok().jsons();
    assert_eq!(downloaded.len(), STORED.len());
    let go = site.go(envoy);
    for (module, versions, latest) in LISTED {
        assert_eq!(go.list_versions(module), versions, "{module}");
        assert_eq!(go.resolve(&format!("{module}@latest")), latest, "{module}");
        let _ = go.get(&format!("{module}@latest")).expect_ok();
        assert_eq!(go.resolve(module), latest, "{module}: what go get has chosen");
    }
}
