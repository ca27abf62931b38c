//! libFuzzer's way into [`jangbu_fuzz::binance_rest`]: `cargo +nightly fuzz run --features libfuzzer binance_rest`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::binance_rest(data));
