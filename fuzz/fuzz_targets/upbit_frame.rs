//! libFuzzer's way into [`jangbu_fuzz::upbit_frame`]: `cargo +nightly fuzz run --features libfuzzer upbit_frame`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::upbit_frame(data));
