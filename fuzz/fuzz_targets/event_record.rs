//! libFuzzer's way into [`jangbu_fuzz::event_record`]: `cargo +nightly fuzz run --features libfuzzer event_record`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::event_record(data));
