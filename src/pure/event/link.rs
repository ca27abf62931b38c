//! What becomes of connections: [`Link`].

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use crate::market::Venue;

/// The channel that carries our orders' reports and our account. While it is down nothing is known of either.
pub const ACCOUNT_CHANNEL: u16 = u16::MAX;

/// A connection changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// To whom.
    pub venue: Venue,
    /// Which connection of that gateway.
    pub channel: u16,
    /// What happened.
    pub state: LinkState,
}

/// What happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkState {
    /// Connected and subscribed.
    Up,
    /// Lost, or closed; what was known through it is stale.
    Down {
        /// Why. No secrets.
        reason: Box<str>,
    },
    /// The feed fell behind and quotes were conflated: only the last of each instrument was kept.
    Conflated {
        /// How many frames were left out.
        frames: u64,
    },
}
