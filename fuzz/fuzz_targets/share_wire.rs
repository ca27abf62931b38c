//! libFuzzer's way into [`jangbu_fuzz::share_wire`]: `cargo +nightly fuzz run --features libfuzzer share_wire`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| jangbu_fuzz::share_wire(data));
