//! Which symbols a running session knows: [`Listing`], for whoever names one by hand.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::market::{Instrument, InstrumentId, Venue};
use crate::nearest::nearest;

/// Symbols that an error names.
const SHOWN_MAX: usize = 10;

/// The instruments defined so far. Written when one is defined, read by whoever speaks to the session.
#[derive(Debug, Default)]
pub struct Listing {
    by_symbol: Mutex<BTreeMap<(String, Venue), InstrumentId>>,
}

impl Listing {
    /// An instrument was defined.
    pub fn on_instrument(&self, instrument: &Instrument) {
        let key = (instrument.symbol.to_ascii_uppercase(), instrument.venue);
        self.by_symbol.lock().unwrap_or_else(PoisonError::into_inner).insert(key, instrument.id);
    }

    /// The instrument that `text` names: `SYMBOL`, or `venue:SYMBOL` where several venues have it.
    ///
    /// # Errors
    /// When none or several have that name, in words for a person.
    pub fn find(&self, text: &str) -> Result<(Venue, InstrumentId), String> {
        let by_symbol = self.by_symbol.lock().unwrap_or_else(PoisonError::into_inner);
        let (venue, symbol) = match text.split_once(':') {
            Some((venue, symbol)) => (Some(venue.parse::<Venue>().map_err(|error| error.to_string())?), symbol),
            None => (None, text),
        };
        let symbol = symbol.trim().to_ascii_uppercase();
        let here = |key: &&(String, Venue)| key.0 == symbol && venue.is_none_or(|venue| venue == key.1);
        let found: Vec<&(String, Venue)> = by_symbol.keys().filter(here).collect();
        match found.as_slice() {
            [key] => Ok((key.1, by_symbol[*key])),
            [] => {
                let symbols: Vec<&str> = by_symbol.keys().map(|key| key.0.as_str()).collect();
                let near = nearest(&symbol, &symbols).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                let known =
                    by_symbol.keys().take(SHOWN_MAX).map(|key| format!("{}:{}", key.1, key.0)).collect::<Vec<_>>().join(", ");
                let more = if symbols.len() > SHOWN_MAX { format!(", … {} in all", symbols.len()) } else { String::new() };
                let shown: String = text.chars().take(40).collect();
                Err(format!(
                    "`{shown}` is not an instrument of this session{near} (there are: {known}{more}). To do: check the symbol, and name \
                     it in the settings (symbols) · 이 세션에 없는 종목입니다. 조치: 종목코드를 확인하고 설정의 symbols에 넣으십시오"
                ))
            }
            several => {
                let names: Vec<String> = several.iter().map(|key| format!("{}:{}", key.1, key.0)).collect();
                Err(format!("several venues have `{symbol}`: say {} · 거래소를 함께 쓰십시오", names.join(" or ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::InstrumentKind;
    use crate::market::testing::instrument;

    #[test]
    fn a_symbol_is_found_by_itself_or_with_its_venue() {
        let listing = Listing::default();
        let spot = instrument(0, InstrumentKind::Spot);
        let future = Instrument { id: InstrumentId(1), venue: Venue::BinanceUsdM, ..spot.clone() };
        listing.on_instrument(&spot);
        assert_eq!(listing.find("btcusdt"), Ok((Venue::BinanceSpot, InstrumentId(0))));
        listing.on_instrument(&future);
        assert_eq!(listing.find("binance-usdm:BTCUSDT"), Ok((Venue::BinanceUsdM, InstrumentId(1))));
        let error = listing.find("BTCUSDT").expect_err("two");
        assert!(error.contains("binance-spot:BTCUSDT or binance-usdm:BTCUSDT"), "{error}");
        let error = listing.find("BTCUSD").expect_err("none");
        assert!(error.contains("did you mean `BTCUSDT`") && error.contains("조치"), "{error}");
        assert!(error.contains("there are: binance-spot:BTCUSDT, binance-usdm:BTCUSDT)"), "{error}");
        assert!(listing.find("nasdaq:BTCUSDT").is_err());
    }
}
