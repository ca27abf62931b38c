//! libFuzzer's way into [`jangbu_fuzz::binance_frame`]: `cargo +nightly fuzz run --features libfuzzer binance_frame`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::binance_frame(data));
