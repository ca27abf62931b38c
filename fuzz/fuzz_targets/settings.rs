//! libFuzzer's way into [`jangbu_fuzz::settings`]: `cargo +nightly fuzz run --features libfuzzer settings`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::settings(data));
