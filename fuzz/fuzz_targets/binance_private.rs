//! libFuzzer's way into [`jangbu_fuzz::binance_private`]: `cargo +nightly fuzz run --features libfuzzer binance_private`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::binance_private(data));
