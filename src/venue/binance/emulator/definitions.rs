//! The instruments of a tape, as a gateway connected to the emulator of that tape would define them: [`instruments_of_tape`].

use std::path::Path;

use super::config::MarketKind;
use super::error::EmulatorError;
use super::symbols::{SymbolRules, exchange_info};
use super::tape_source::{TapeSource, kind_of_tape};
use crate::market::{Instrument, InstrumentId, Venue};
use crate::venue::binance::config::BinanceConfig;
use crate::venue::binance::wire::rest;

/// The instruments that speak in the first frames of a tape, in the order of their symbols. `number` gives each its number.
///
/// # Errors
/// When the tape cannot be read, is not one of Binance, or does not say of which of its markets.
pub fn instruments_of_tape(
    path: &Path,
    mut number: impl FnMut(Venue, &str) -> InstrumentId,
) -> Result<Vec<Instrument>, EmulatorError> {
    let config = |problem: &str| EmulatorError::Config(format!("{}: {problem}", path.display()));
    let kind = kind_of_tape(path)?.ok_or_else(|| config("no frame at its beginning tells spot from USDⓈ-M futures"))?;
    let symbols = TapeSource::summary(path)?.symbols;
    let settings = match kind {
        MarketKind::Spot => BinanceConfig::spot(Vec::new()),
        MarketKind::UsdM => BinanceConfig::usd_m(Vec::new()),
    };
    let rules: Vec<SymbolRules> = symbols.iter().map(|symbol| SymbolRules::of(kind, symbol)).collect();
    let wanted: Vec<_> = symbols.into_iter().map(|symbol| (symbol.clone(), number(settings.venue, &symbol))).collect();
    let info = exchange_info(kind, 0, 1, &rules).to_string();
    rest::instruments(info.as_bytes(), settings.venue, &wanted, &settings.fees).map_err(|error| config(&error.to_string()))
}
