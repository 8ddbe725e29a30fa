//! Paths, records, entity tags and the configuration.

use modgate::config::{Config, Index};
use modgate::goproxy::{Document, Etag, File, Place, Target, Zip, accept, encode, place};
use modgate::http::{Headers, RequestHead};
use modgate_wasm_tests::properties;
use wasm_bindgen_test::wasm_bindgen_test;

const MINIMAL: &str = include_str!("../../../src/config/examples/minimal.json");
const FULL: &str = include_str!("../../../src/config/examples/full.json");

#[wasm_bindgen_test]
fn the_hash_is_sha256() {
    // FIPS 180-2, B.1, and the well-known digest of nothing; a tag is the first half.
    assert_eq!(Etag::of(b"abc").to_string(), "\"ba7816bf8f01cfea414140de5dae2223\"");
    assert_eq!(Etag::of(b"").to_string(), "\"e3b0c44298fc1c149afbf4c8996fb924\"");
    assert!(Etag::of(b"abc").matches("\"x\", W/\"ba7816bf8f01cfea414140de5dae2223\""));
}

#[wasm_bindgen_test]
fn configurations_are_read_and_refused() {
    let minimal = Config::parse(MINIMAL).unwrap();
    assert_eq!(minimal.upstreams[0].endpoint.timeout.as_secs(), 120);
    let full = Config::parse_bytes(FULL.as_bytes()).unwrap();
    assert_eq!((full.upstreams.len(), full.sumdb.len(), full.index), (3, 2, Index::of(256 << 20)));
    let problems =
        Config::parse(r#"{"upstreams": [{"cluster": 1}], "index": {"bytes": 4294967296}}"#).unwrap_err();
    let text = problems.to_string();
    assert!(text.contains("$.upstreams[0].cluster") && text.contains("$.index.bytes"), "{text}");
}

#[wasm_bindgen_test]
fn paths_are_normalised_once() {
    let config = Config::parse(FULL).unwrap();
    let ask = |path: &str| {
        let authority = "goproxy.example.com".to_owned();
        let (method, headers) = ("GET".to_owned(), Headers::default());
        let head = RequestHead {
            method,
            authority,
            path: path.to_owned(),
            headers,
            properties: Vec::new(),
            ends: true,
        };
        place(&head, &config.matching, &config.admin)
    };
    let ours = ask("/goproxy//github.com/%21azure/x/@v/v1.0.0-%21r%21c1.zip?go-get=1");
    let Place::Ours(path) = ours else { panic!("{ours:?}") };
    assert_eq!(path, "github.com/!azure/x/@v/v1.0.0-!r!c1.zip");
    let Ok(Target::Zip(Zip { module, version })) = Target::parse(&path) else { panic!("{path}") };
    assert_eq!((module.as_str(), version.as_str()), ("github.com/Azure/x", "v1.0.0-RC1"));
    assert_eq!(encode(&path), "github.com/%21azure/x/@v/v1.0.0-%21r%21c1.zip");
    assert!(matches!(ask("/goproxy/example.com/%2e%2E/@v/list"), Place::Refused(_)));
    assert_eq!(ask("/elsewhere"), Place::Foreign);
}

#[wasm_bindgen_test]
fn lists_are_sorted_as_in_go() {
    let Ok(Target::Document(document)) = Target::parse("example.com/m/@v/list") else { panic!() };
    assert!(matches!(document, Document::Module { file: File::List, .. }));
    let body =
        b"v1.10.0\nv1.9.0\nv1.4294967296.0\nmain\nv1.4294967295.0\nv1.18446744073709551616.0\n".to_vec();
    let want = "v1.9.0\nv1.10.0\nv1.4294967295.0\nv1.4294967296.0\nv1.18446744073709551616.0\n";
    assert_eq!(accept(&document, body).map(|body| String::from_utf8(body).unwrap()).as_deref(), Ok(want));
}

#[wasm_bindgen_test]
fn what_must_hold_of_values_holds_of_the_seeds() {
    properties::path::check(include_bytes!("../../../fuzz/seeds/path/odd_prefix"));
    properties::path::check(include_bytes!("../../../fuzz/seeds/path/sumdb_tile"));
    properties::config::check(include_bytes!("../../../fuzz/seeds/config/bounds.json"));
    properties::config::check(include_bytes!("../../../fuzz/seeds/config/wrong_types.json"));
    properties::config::check(include_bytes!("../../../fuzz/seeds/config/struct.pb"));
    properties::body::check(include_bytes!("../../../fuzz/seeds/body/list_numbers"));
    properties::body::check(include_bytes!("../../../fuzz/seeds/body/sumdb_tile"));
}
