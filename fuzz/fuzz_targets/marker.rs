//! libFuzzer target of the documents `marker`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::document("marker", data));
