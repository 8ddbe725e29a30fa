#![no_main]

use modgate_wasm_tests::properties::note;

libfuzzer_sys::fuzz_target!(|input: &[u8]| note::check(input));
