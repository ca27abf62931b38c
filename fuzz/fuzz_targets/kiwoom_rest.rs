//! libFuzzer's way into [`jangbu_fuzz::kiwoom_rest`]: `cargo +nightly fuzz run --features libfuzzer kiwoom_rest`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::kiwoom_rest(data));
