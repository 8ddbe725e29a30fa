#![no_main]

use modgate_wasm_tests::properties::fleet;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fleet::check(input));
