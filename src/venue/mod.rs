//! Venues: the adapters that speak a venue's protocol, and the emulators that answer it.

pub mod binance;
