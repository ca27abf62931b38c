//! Fuzz harnesses as ordinary functions: each takes any bytes, never panics, and holds a property of what it read.
//!
//! `tests/smoke.rs` runs them on stable with the seeds of `corpus/` and changes of them; `fuzz_targets/` lets libFuzzer at them.
//! To add one: a function here, its line in [`TARGETS`], seeds in `corpus/<name>/`, `fuzz_targets/<name>.rs` and its `[[bin]]`.

mod binance;
mod binance_private;
mod block;
mod event;
mod kiwoom;
pub mod mutate;
pub mod seeds;
mod settings;
mod text;
mod upbit;

pub use binance::{binance_frame, binance_rest};
pub use binance_private::binance_private;
pub use block::block;
pub use event::{event_record, kernel};
pub use kiwoom::{kiwoom_frame, kiwoom_rest};
pub use settings::settings;
pub use text::text;
pub use upbit::{upbit_frame, upbit_private};

/// A harness under its name.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Names the function, the folder of the corpus, and the wrapper.
    pub name: &'static str,
    /// Panics when the property does not hold.
    pub run: fn(&[u8]),
}

/// Every harness.
pub const TARGETS: &[Target] = &[
    Target { name: "block", run: block },
    Target { name: "event_record", run: event_record },
    Target { name: "kernel", run: kernel },
    Target { name: "share_wire", run: share_wire },
    Target { name: "binance_frame", run: binance_frame },
    Target { name: "binance_rest", run: binance_rest },
    Target { name: "binance_private", run: binance_private },
    Target { name: "kiwoom_frame", run: kiwoom_frame },
    Target { name: "kiwoom_rest", run: kiwoom_rest },
    Target { name: "upbit_frame", run: upbit_frame },
    Target { name: "upbit_private", run: upbit_private },
    Target { name: "settings", run: settings },
    Target { name: "text", run: text },
];

/// What two processes say over the journal's socket: any bytes are a message or none, and a message is written as it was read.
pub fn share_wire(data: &[u8]) {
    jangbu_journal::fuzz_share_wire(data);
}

/// Not one of [`TARGETS`]: it panics a change away from its seed. A fuzzer that does not find that finds nothing.
pub fn canary(data: &[u8]) {
    assert!(data.get(4) != Some(&0xff), "the canary");
}
