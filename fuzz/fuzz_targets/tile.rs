#![no_main]

use modgate_wasm_tests::properties::tile;

libfuzzer_sys::fuzz_target!(|input: &[u8]| tile::check(input));
