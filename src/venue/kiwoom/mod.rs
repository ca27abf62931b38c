//! Kiwoom Securities (키움증권): Korean stocks at KRX and NXT, over the broker's REST interface and its WebSocket.
//!
//! `wire` reads and writes its messages, `rules` are the market's rules as dated tables, and `instruments` is
//! what both make of a listed stock. None of them knows a socket or a clock. `gateway` does: it speaks to the broker, with `rest`
//! for requests, and a desk that knows our orders.

pub use super::korea as time;
pub mod wire;
pub mod rules;
pub mod instruments;
pub mod facts;
#[cfg(feature = "live")]
pub mod emulator;
pub mod raw;
#[cfg(feature = "live")]
pub mod config;
#[cfg(feature = "live")]
pub mod connect;
#[cfg(feature = "live")]
pub mod gateway;
#[cfg(feature = "live")]
pub mod pacing;
#[cfg(feature = "live")]
pub mod rest;
#[cfg(feature = "live")]
pub mod stats;
#[cfg(feature = "live")]
mod charges;
#[cfg(feature = "live")]
mod desk;
#[cfg(feature = "live")]
mod directory;
#[cfg(feature = "live")]
mod rows;
#[cfg(feature = "live")]
mod socket;
#[cfg(feature = "live")]
mod token;
#[cfg(feature = "live")]
mod watching;

#[cfg(all(test, feature = "live"))]
pub(in crate::venue) mod conformance;
