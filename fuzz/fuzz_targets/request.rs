#![no_main]

use modgate_wasm_tests::properties::request;

libfuzzer_sys::fuzz_target!(|input: &[u8]| request::check(input));
