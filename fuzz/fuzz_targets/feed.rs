#![no_main]

use modgate_wasm_tests::properties::feed;

libfuzzer_sys::fuzz_target!(|input: &[u8]| feed::check(input));
