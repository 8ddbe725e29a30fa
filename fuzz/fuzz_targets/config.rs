#![no_main]

use modgate_wasm_tests::properties::config;

libfuzzer_sys::fuzz_target!(|input: &[u8]| config::check(input));
