//! From the settings of a session to a [`KiwoomGateway`]: [`connect`].

use tokio::sync::watch;

use super::config::KiwoomConfig;
use super::gateway::{Ends, KiwoomGateway};
use crate::market::Venue;
use crate::venue::gateway::{Connect, Connected, Gateway as _, VenueError};
use crate::venue::secret::Credentials;

/// A gateway for Kiwoom.
///
/// # Errors
/// When a setting makes no sense, or there are no keys: Kiwoom shows nothing without, not even prices.
pub fn connect(connect: Connect, stop: watch::Receiver<bool>) -> Result<Connected, VenueError> {
    let Connect { config: venue, symbols, numbers, raw, inbox, dispatches, now, emulated, trading } = connect;
    let mut config = KiwoomConfig::real(symbols);
    match (&venue.endpoint, emulated) {
        (Some(endpoint), _) => config = config.at_endpoint(endpoint),
        (None, Some(emulated)) => config = config.at_endpoint(&format!("ws://{}", emulated.address)),
        (None, None) => {}
    }
    config.raw = raw;
    config.streams = KiwoomConfig::types(&venue.streams);
    config.conditions = venue.conditions;
    let (credentials, orders) = match trading {
        Some(trading) => (trading.credentials, Some(trading.orders)),
        None => {
            let refused = |reason: String| VenueError::Refused { venue: Venue::Kiwoom, reason };
            let keys = Credentials::load(Venue::Kiwoom, venue.keys.as_deref());
            (keys.map_err(|error| refused(error.to_string()))?, None)
        }
    };
    let gateway = KiwoomGateway::new(config, Ends { inbox, dispatches, numbers, now, credentials, orders })?;
    Ok(Connected { frames: gateway.stats(), run: Box::pin(gateway.run(stop)) })
}
