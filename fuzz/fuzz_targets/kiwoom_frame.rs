//! libFuzzer's way into [`jangbu_fuzz::kiwoom_frame`]: `cargo +nightly fuzz run --features libfuzzer kiwoom_frame`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::kiwoom_frame(data));
