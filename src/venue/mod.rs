//! Venues: the adapters that speak a venue's protocol, and the emulators that answer it.

pub mod inbox;
pub mod binance;
pub mod kiwoom;
pub mod reparse;

#[cfg(feature = "live")]
pub use gateway::{Gateway, Now, VenueError};

#[cfg(feature = "live")]
mod gateway {
    //! What every gateway is.

    use std::future::Future;
    use std::sync::Arc;

    use jangbu_journal::Nanos;
    use tokio::sync::watch;

    /// Where a gateway reads the time of receipt. It is the live room's clock, handed in.
    pub type Now = Arc<dyn Fn() -> Nanos + Send + Sync>;

    /// The adapter to a venue: speaks its protocol, puts what it hears into an inbox, and keeps the connections alive.
    pub trait Gateway {
        /// Runs until `stop` is true (or its sender is gone). Lost connections are told in the inbox, and made anew.
        fn run(self, stop: watch::Receiver<bool>) -> impl Future<Output = Result<(), VenueError>> + Send;
    }

    /// Why a gateway cannot go on. What passes (a lost connection, a refused request) is told in the inbox and tried again.
    #[derive(Debug, thiserror::Error)]
    pub enum VenueError {
        /// A setting makes no sense.
        #[error("{venue}: {setting} is `{seen}` (expected {expected})")]
        Setting {
            /// Whose.
            venue: crate::market::Venue,
            /// Which.
            setting: &'static str,
            /// What it is. No secrets.
            seen: String,
            /// What it should be.
            expected: &'static str,
        },
        /// The venue's definitions of the instruments cannot be used.
        #[error("{venue}: {source}")]
        Definitions {
            /// Whose.
            venue: crate::market::Venue,
            /// Why.
            source: super::binance::wire::WireError,
        },
        /// Nobody takes events any more.
        #[error("{venue}: the inbox is closed")]
        InboxClosed {
            /// Whose gateway.
            venue: crate::market::Venue,
        },
    }
}
