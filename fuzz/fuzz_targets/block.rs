//! libFuzzer's way into [`jangbu_fuzz::block`]: `cargo +nightly fuzz run --features libfuzzer block`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::block(data));
