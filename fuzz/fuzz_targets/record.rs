#![no_main]

use modgate_wasm_tests::properties::record;

libfuzzer_sys::fuzz_target!(|input: &[u8]| record::check(input));
