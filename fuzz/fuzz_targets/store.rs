//! libFuzzer target of the documents `store`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::document("store", data));
