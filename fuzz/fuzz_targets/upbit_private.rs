//! libFuzzer's way into [`jangbu_fuzz::upbit_private`]: `cargo +nightly fuzz run --features libfuzzer upbit_private`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::upbit_private(data));
