//! The core, compiled to wasm32 as it ships, under Node: what holds natively must hold there too.
#![cfg(target_arch = "wasm32")]

use modgate::gomod::Pattern;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_pattern_is_kept_as_written() {
    let pattern = Pattern::parse("*.corp.example.com");
    assert_eq!(pattern.as_ref().map(Pattern::as_str), Ok("*.corp.example.com"));
}

#[wasm_bindgen_test]
fn an_empty_pattern_is_refused() {
    assert!(Pattern::parse("").is_err());
}
