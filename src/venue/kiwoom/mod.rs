//! Kiwoom Securities (키움증권): Korean stocks at KRX and NXT, over the broker's REST interface and its WebSocket.
//!
//! `wire` reads and writes its messages, `rules` are the market's rules as dated tables, and `instruments` is
//! what both make of a listed stock. None of them knows a socket or a clock.

pub mod time;
pub mod wire;
pub mod rules;
pub mod instruments;
#[cfg(feature = "live")]
pub mod emulator;
