//! Jangbu (장부): an event-sourced, deterministic trading kernel.
#![cfg_attr(not(any(feature = "offline", test)), no_std)]

// Reading order is dependency order: a room may use only rooms above it.
// --- pure, a package of its own (src/pure): no clock, no file, no thread, no socket
pub use jangbu_pure::{account, effect, event, indicator, kernel, market, nearest, simulator, strategy};
// --- offline: files and threads, no socket
#[cfg(feature = "offline")]
pub mod config;
#[cfg(feature = "offline")]
pub mod data;
// Its messages are read offline too; the sockets inside ask for the feature `live`.
#[cfg(feature = "offline")]
pub mod venue;
#[cfg(feature = "offline")]
pub mod backtest;
// --- live: clocks, sockets, threads
#[cfg(feature = "live")]
pub mod live;
#[cfg(feature = "live")]
pub mod bench;
#[cfg(feature = "live")]
pub mod cli;
