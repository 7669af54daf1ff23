//! libFuzzer target of the documents `npy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::document("npy", data));
