//! libFuzzer target of the documents `map`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::document("map", data));
