//! Binance: spot and USDⓈ-M futures.

#[cfg(feature = "live")]
pub mod config;
#[cfg(feature = "live")]
pub mod connect;
#[cfg(feature = "live")]
pub mod emulator;
#[cfg(feature = "live")]
mod feed;
#[cfg(feature = "live")]
pub mod gateway;
#[cfg(feature = "live")]
mod ranking;
#[cfg(feature = "live")]
mod private;
#[cfg(feature = "live")]
pub mod rest;
#[cfg(feature = "live")]
pub mod signing;
pub mod wire;
#[cfg(all(test, feature = "live"))]
mod tests;
#[cfg(all(test, feature = "live"))]
mod trading_tests;

#[cfg(all(test, feature = "live"))]
pub(in crate::venue) mod conformance;
