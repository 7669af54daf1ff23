//! libFuzzer target of `icefold_fuzz::product`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::product(data));
