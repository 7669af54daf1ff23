//! libFuzzer target of `icefold_fuzz::link`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::link(data));
