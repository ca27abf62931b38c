//! Every venue this build can connect to: [`VENUES`]. A new venue is a folder beside this file and a line here.

use tokio::sync::watch;

use super::gateway::{Connect, Connected, VenueError};
use super::{binance, kiwoom, upbit};
use crate::market::Venue;

/// A venue this build has a gateway for.
#[derive(Clone, Copy, Debug)]
pub struct Registration {
    /// Which.
    pub venue: Venue,
    /// Makes its gateway.
    pub connect: fn(Connect, watch::Receiver<bool>) -> Result<Connected, VenueError>,
    /// Whether it can place orders; otherwise it brings market data only.
    pub trades: bool,
}

/// Every one.
pub const VENUES: &[Registration] = &[
    Registration { venue: Venue::Upbit, connect: upbit::connect::connect, trades: true },
    Registration { venue: Venue::Kiwoom, connect: kiwoom::connect::connect, trades: true },
    Registration { venue: Venue::BinanceSpot, connect: binance::connect::connect, trades: true },
    Registration { venue: Venue::BinanceUsdM, connect: binance::connect::connect, trades: true },
];

/// The registration of a venue.
pub fn find(venue: Venue) -> Option<&'static Registration> {
    VENUES.iter().find(|registration| registration.venue == venue)
}

/// The names of every venue with a gateway, for an error.
pub fn names() -> String {
    VENUES.iter().map(|registration| registration.venue.name()).collect::<Vec<_>>().join(", ")
}
