#![no_main]

use modgate_wasm_tests::properties::mod_file;

libfuzzer_sys::fuzz_target!(|input: &[u8]| mod_file::check(input));
