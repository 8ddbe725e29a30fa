#![no_main]

use modgate_wasm_tests::properties::prewarm;

libfuzzer_sys::fuzz_target!(|input: &[u8]| prewarm::check(input));
