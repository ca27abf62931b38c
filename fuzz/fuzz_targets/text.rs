//! libFuzzer's way into [`jangbu_fuzz::text`]: `cargo +nightly fuzz run --features libfuzzer text`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::text(data));
