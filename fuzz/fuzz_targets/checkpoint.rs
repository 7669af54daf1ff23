//! libFuzzer target of the documents `checkpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::document("checkpoint", data));
