//! libFuzzer target of `icefold_fuzz::chunk`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::chunk(data));
