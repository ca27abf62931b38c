//! Binance: spot and USDⓈ-M futures.

pub mod wire;
