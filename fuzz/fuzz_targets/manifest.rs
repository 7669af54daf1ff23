//! libFuzzer target of the documents `manifest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::document("manifest", data));
