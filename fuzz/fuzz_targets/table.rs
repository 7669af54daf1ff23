//! libFuzzer target of `icefold_fuzz::table`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::table(data));
