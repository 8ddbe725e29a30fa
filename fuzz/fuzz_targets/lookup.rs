#![no_main]

use modgate_wasm_tests::properties::lookup;

libfuzzer_sys::fuzz_target!(|input: &[u8]| lookup::check(input));
