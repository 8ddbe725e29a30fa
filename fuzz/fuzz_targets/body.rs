#![no_main]

use modgate_wasm_tests::properties::body;

libfuzzer_sys::fuzz_target!(|input: &[u8]| body::check(input));
