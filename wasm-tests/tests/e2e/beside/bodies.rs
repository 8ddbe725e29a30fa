//! Filters that read the bodies of responses: ext_proc by its modes, and so Lua's `body()`.

use modgate_wasm_tests::bootstrap::shared::MODULES_HOST;
use modgate_wasm_tests::http::{Request, Response};

use super::neighbours::{Place, Site, ext_proc};

/// The small zip and the large one.
fn zips(site: &Site, place: Place, mode: &str) -> [Response; 2] {
    let envoy = site.gateway(place, vec![ext_proc(mode)]).start();
    [0, 1].map(|number| {
        let module = &site.modules[number];
        let asked = Request::get(&module.url("zip")).header("host", MODULES_HOST);
        envoy.send(&asked.compare_body(module.zip()))
    })
}

#[test]
fn a_filter_before_that_passes_bodies_on_breaks_none() {
    let site = Site::start();
    for answer in zips(&site, Place::Before, "STREAMED") {
        assert!(answer.status == 200 && answer.pattern, "{answer:?}");
        // ext_proc takes it out: the body might become another.
        assert_eq!(answer.header("content-length"), None, "{answer:?}");
    }
}

/// Envoy's buffer is 1 MiB unless said.
#[test]
fn a_filter_that_holds_whole_bodies_breaks_what_is_larger_than_its_buffer() {
    let site = Site::start();
    for place in [Place::Before, Place::Behind] {
        let [small, large] = zips(&site, place, "BUFFERED");
        assert!(small.status == 200 && small.pattern, "{place:?}: {small:?}");
        assert_eq!(large.status, 500, "{place:?}: {large:?}");
    }
}

/// Without a length nothing says that a download is whole.
#[test]
fn a_filter_behind_that_takes_the_length_away_has_downloads_refused() {
    let site = Site::start();
    let [small, _] = zips(&site, Place::Behind, "NONE");
    assert!(small.status == 200 && small.pattern, "{small:?}");
    let [small, _] = zips(&site, Place::Behind, "STREAMED");
    assert_eq!(small.status, 502, "{small:?}");
}
