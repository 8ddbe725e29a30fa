#![no_main]

use modgate_wasm_tests::properties::s3;

libfuzzer_sys::fuzz_target!(|input: &[u8]| s3::check(input));
