//! Binance: spot and USDⓈ-M futures.

pub mod wire;
#[cfg(feature = "live")]
pub mod emulator;
