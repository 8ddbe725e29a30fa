#![no_main]

use modgate_wasm_tests::properties::lease;

libfuzzer_sys::fuzz_target!(|input: &[u8]| lease::check(input));
