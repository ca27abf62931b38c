//! Venues: the adapters that speak a venue's protocol, and the emulators that answer it.
//!
//! What every gateway is stands in [`gateway`], which there are in [`registry`], their way to the kernel in [`inbox`].

pub mod inbox;
pub mod wire_error;
pub mod raw;
pub mod channel;
pub mod counts;
pub mod levels;
pub mod korea;
#[cfg(feature = "live")]
pub mod stats;
#[cfg(feature = "live")]
pub mod secret;
#[cfg(feature = "live")]
pub mod backoff;
#[cfg(feature = "live")]
pub mod gateway;
#[cfg(feature = "live")]
pub mod mailbox;
#[cfg(feature = "live")]
pub mod ranking;
#[cfg(feature = "live")]
mod flows;
#[cfg(feature = "live")]
pub mod registry;
pub mod binance;
pub mod kiwoom;
pub mod upbit;
pub mod reparse;
mod reparse_fills;
mod words;
#[cfg(feature = "live")]
pub mod exchange;
#[cfg(feature = "live")]
pub mod faults;
#[cfg(feature = "live")]
pub mod maintenance;
#[cfg(feature = "live")]
mod random;
#[cfg(feature = "live")]
mod prices;
#[cfg(all(test, feature = "live"))]
mod conformance;

#[cfg(feature = "live")]
pub use gateway::{Gateway, Now, VenueError};
