//! libFuzzer target of `icefold_fuzz::parquet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::parquet(data));
