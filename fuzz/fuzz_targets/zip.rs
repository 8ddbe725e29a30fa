#![no_main]

use modgate_wasm_tests::properties::zip;

libfuzzer_sys::fuzz_target!(|input: &[u8]| zip::check(input));
