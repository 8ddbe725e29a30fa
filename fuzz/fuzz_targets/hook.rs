#![no_main]

use modgate_wasm_tests::properties::hook;

libfuzzer_sys::fuzz_target!(|input: &[u8]| hook::check(input));
