#![no_main]

use modgate_wasm_tests::properties::path;

libfuzzer_sys::fuzz_target!(|input: &[u8]| path::check(input));
