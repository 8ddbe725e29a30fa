#![no_main]

use modgate_wasm_tests::properties::gomod;

libfuzzer_sys::fuzz_target!(|input: &[u8]| gomod::check(input));
