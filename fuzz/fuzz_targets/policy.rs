#![no_main]

use modgate_wasm_tests::properties::policy;

libfuzzer_sys::fuzz_target!(|input: &[u8]| policy::check(input));
