//! Upbit (업비트): Korean won, bitcoin and USDT spot markets.
//!
//! `wire` reads and writes its messages, `rules` are its rules as dated tables, `instruments` is what both make of a market.
//! None of them
//! knows a socket or a clock.

pub mod wire;
pub mod rules;
pub mod instruments;
#[cfg(feature = "live")]
pub mod signing;
#[cfg(feature = "live")]
pub mod config;
#[cfg(feature = "live")]
pub mod connect;
#[cfg(feature = "live")]
mod feed;
#[cfg(feature = "live")]
pub mod gateway;
#[cfg(feature = "live")]
mod ranking;
#[cfg(feature = "live")]
pub mod rest;
#[cfg(feature = "live")]
pub mod identifier;
#[cfg(feature = "live")]
mod known;
#[cfg(feature = "live")]
mod account;
#[cfg(feature = "live")]
mod flows;
#[cfg(feature = "live")]
mod private;
#[cfg(feature = "live")]
mod orders;
#[cfg(feature = "live")]
mod reports;
#[cfg(feature = "live")]
pub mod emulator;

#[cfg(all(test, feature = "live"))]
mod trading_tests;

#[cfg(all(test, feature = "live"))]
pub(in crate::venue) mod conformance;
