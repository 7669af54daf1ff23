//! libFuzzer target of the documents `config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::document("config", data));
