//! From the settings of a session to a [`KiwoomGateway`]: [`connect`].

use tokio::sync::watch;

use super::config::KiwoomConfig;
use super::emulator::KiwoomEmulatorConfig;
use super::gateway::{Ends, KiwoomGateway};
use super::wire::symbol::Exchange;
use crate::market::Venue;
use crate::venue::gateway::{Connect, Connected, Gateway as _, VenueError};
use crate::venue::secret::{Credentials, Secret};

/// A gateway for Kiwoom.
///
/// # Errors
/// When a setting makes no sense, or there are no keys: Kiwoom shows nothing without, not even prices.
pub fn connect(connect: Connect, stop: watch::Receiver<bool>) -> Result<Connected, VenueError> {
    let Connect { config: venue, symbols, numbers, raw, inbox, dispatches, now, emulated, trading } = connect;
    let mut config = KiwoomConfig::real(symbols);
    let mut keys = None;
    if let Some(endpoint) = &venue.endpoint {
        config = config.at_endpoint(endpoint);
    }
    if venue.emulate && venue.endpoint.is_none() {
        let words = venue.emulator.as_deref().unwrap_or("");
        let emulator = KiwoomEmulatorConfig::for_session(words).map_err(|seen| VenueError::Setting {
            venue: Venue::Kiwoom,
            setting: "emulator",
            seen,
            expected: "name=value pairs",
        })?;
        if let Some(emulated) = emulated {
            config = config.at_endpoint(&format!("ws://{}", emulated.address)).in_a_hurry(emulator.speed);
        }
        config.mock = emulator.mock;
        keys = Some(Credentials { key: Secret::new(emulator.app_key), secret: Secret::new(emulator.secret_key) });
    }
    if let Some(text) = &venue.exchange {
        config.exchange = Exchange::parse(text).ok_or_else(|| VenueError::Setting {
            venue: Venue::Kiwoom,
            setting: "exchange",
            seen: text.clone(),
            expected: "KRX, NXT or SOR",
        })?;
    }
    config.raw = raw;
    config.streams = KiwoomConfig::types(&venue.streams);
    config.conditions = venue.conditions;
    config.account = venue.account;
    let (credentials, orders) = match trading {
        Some(trading) => (trading.credentials, Some(trading.orders)),
        None => {
            let refused = |reason: String| VenueError::Refused { venue: Venue::Kiwoom, reason };
            let keys = match keys {
                Some(keys) => keys,
                None => {
                    let keys = Credentials::load(Venue::Kiwoom, venue.keys.as_deref());
                    keys.map_err(|error| refused(error.to_string().trim_start_matches("kiwoom: ").to_owned()))?
                }
            };
            (keys, None)
        }
    };
    let gateway = KiwoomGateway::new(config, Ends { inbox, dispatches, numbers, now, credentials, orders })?;
    Ok(Connected { frames: gateway.stats(), run: Box::pin(gateway.run(stop)) })
}
