//! libFuzzer target of the documents `report`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| icefold_fuzz::document("report", data));
