//! libFuzzer target of `icefold_fuzz::arrow`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::arrow(data));
