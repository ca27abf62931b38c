//! libFuzzer's way into [`jangbu_fuzz::kernel`]: `cargo +nightly fuzz run --features libfuzzer kernel`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::kernel(data));
