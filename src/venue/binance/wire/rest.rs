//! Answers of the REST interface: depth snapshot, `exchangeInfo`, time, error.

use jangbu_journal::Nanos;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::frame::{FRAME_BYTES_MAX, nanos_of};
use super::levels::read_side;
use crate::market::{Currency, Fees, Instrument, InstrumentId, InstrumentKind, Money, NumberError, Price, Qty, TickTable, Venue};
use crate::venue::levels::Levels;
use crate::venue::wire_error::WireError;

/// What stands before the levels of a depth snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthHead {
    /// The last update in it.
    pub last_update_id: u64,
    /// When it was taken (`T`, else `E`); spot sends none.
    pub time: Option<Nanos>,
}

/// An error answer: `{"code":-1121,"msg":"Invalid symbol."}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ErrorBody {
    /// The venue's number.
    pub code: i64,
    /// Its words.
    #[serde(default)]
    pub msg: String,
}

/// Reads a depth snapshot; its levels go to `levels`, best first as the venue sends them.
///
/// # Errors
/// When it is not one.
pub fn depth(bytes: &[u8], levels: &mut Levels) -> Result<DepthHead, WireError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(rename = "lastUpdateId")]
        last_update_id: u64,
        #[serde(rename = "E")]
        sent: Option<u64>,
        #[serde(rename = "T")]
        happened: Option<u64>,
        #[serde(borrow)]
        bids: &'a RawValue,
        #[serde(borrow)]
        asks: &'a RawValue,
    }
    const WHAT: &str = "a depth snapshot";
    let body: Body<'_> = read(WHAT, bytes)?;
    read_side(WHAT, "bids", body.bids.get(), &mut levels.bids)?;
    read_side(WHAT, "asks", body.asks.get(), &mut levels.asks)?;
    Ok(DepthHead { last_update_id: body.last_update_id, time: body.happened.or(body.sent).and_then(nanos_of) })
}

/// Reads what was traded of every symbol in 24 hours, in its quote asset, from `/ticker/24hr`. Symbols are upper case as the venue
/// writes them.
///
/// # Errors
/// When it cannot be read, or a turnover is no amount.
pub fn turnovers(bytes: &[u8]) -> Result<Vec<(String, Money)>, WireError> {
    #[derive(Deserialize)]
    struct Row {
        symbol: String,
        #[serde(rename = "quoteVolume")]
        quote_volume: String,
    }
    const WHAT: &str = "a 24 h ticker";
    let rows: Vec<Row> = read(WHAT, bytes)?;
    let row = |row: Row| match row.quote_volume.parse::<Money>() {
        Ok(amount) => Ok((row.symbol, amount)),
        Err(error) => Err(WireError::Number { what: WHAT, field: "quoteVolume", error }),
    };
    rows.into_iter().map(row).collect()
}

/// Reads the venue's clock from `/time`.
///
/// # Errors
/// When it is not there.
pub fn time(bytes: &[u8]) -> Result<Nanos, WireError> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "serverTime")]
        server_time: u64,
    }
    const WHAT: &str = "a time answer";
    let body: Body = read(WHAT, bytes)?;
    nanos_of(body.server_time).ok_or_else(|| {
        WireError::field(WHAT, "serverTime", &body.server_time.to_string(), "milliseconds or microseconds since 1970")
    })
}

/// Reads an error answer, if it is one.
pub fn error(bytes: &[u8]) -> Option<ErrorBody> {
    serde_json::from_slice(bytes).ok()
}

/// Reads the definitions of `wanted` symbols from `exchangeInfo`, in the order of `wanted`. Fees are not in it: they depend on
/// the account, so they come from the settings.
///
/// # Errors
/// When it cannot be read, a wanted symbol is not in it, or one of its filters is missing or makes no sense.
pub fn instruments(
    bytes: &[u8],
    venue: Venue,
    wanted: &[(String, InstrumentId)],
    fees: &Fees,
) -> Result<Vec<Instrument>, WireError> {
    let body: ExchangeBody = read(EXCHANGE, bytes)?;
    wanted
        .iter()
        .map(|(symbol, id)| {
            let row = body.symbols.iter().find(|row| row.symbol.eq_ignore_ascii_case(symbol));
            let row = row.ok_or_else(|| WireError::UnknownSymbol { what: EXCHANGE, symbol: symbol.clone() })?;
            instrument(row, venue, *id, fees)
        })
        .collect()
}

const EXCHANGE: &str = "exchangeInfo";

#[derive(Deserialize)]
struct ExchangeBody {
    symbols: Vec<SymbolRow>,
}

#[derive(Deserialize)]
struct SymbolRow {
    symbol: String,
    #[serde(rename = "baseAsset")]
    base: String,
    #[serde(rename = "quoteAsset")]
    quote: String,
    #[serde(default)]
    filters: Vec<Filter>,
}

/// A filter of a symbol; spot and futures spell the smallest order by value differently.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Filter {
    filter_type: String,
    tick_size: Option<String>,
    step_size: Option<String>,
    min_qty: Option<String>,
    max_qty: Option<String>,
    /// NOTIONAL, and MIN_NOTIONAL of spot.
    min_notional: Option<String>,
    /// MIN_NOTIONAL of futures.
    notional: Option<String>,
}

fn instrument(row: &SymbolRow, venue: Venue, id: InstrumentId, fees: &Fees) -> Result<Instrument, WireError> {
    let filter = |kind: &str| row.filters.iter().find(|filter| filter.filter_type == kind);
    let missing = |field| WireError::Missing { what: EXCHANGE, field, expected: "a filter with a decimal string" };
    let price_filter = filter("PRICE_FILTER").ok_or_else(|| missing("PRICE_FILTER"))?;
    let lot_size = filter("LOT_SIZE").ok_or_else(|| missing("LOT_SIZE"))?;
    let tick: Price = number("tickSize", price_filter.tick_size.as_deref())?;
    let lot: Qty = number("stepSize", lot_size.step_size.as_deref())?;
    // 0 switches the rule off (spot documents, "Filters"); the finest grid of our numbers then stands for "any".
    let tick = if tick.is_positive() { tick } else { Price::from_raw(1) };
    let lot = if lot.is_positive() { lot } else { Qty::from_raw(1) };
    let notional = filter("NOTIONAL").or_else(|| filter("MIN_NOTIONAL"));
    let notional_min = match notional.and_then(|filter| filter.min_notional.as_deref().or(filter.notional.as_deref())) {
        Some(text) => number("minNotional", Some(text))?,
        None => Money::ZERO,
    };
    let currency = |field, text: &str| -> Result<Currency, WireError> {
        text.parse().map_err(|_| WireError::field(EXCHANGE, field, text, "an asset code of 1 to 15 bytes"))
    };
    Ok(Instrument {
        id,
        venue,
        symbol: row.symbol.clone(),
        name: format!("{}/{}", row.base, row.quote),
        kind: if venue == Venue::BinanceUsdM { InstrumentKind::Perpetual } else { InstrumentKind::Spot },
        base: currency("baseAsset", &row.base)?,
        quote: currency("quoteAsset", &row.quote)?,
        ticks: TickTable::flat(tick),
        lot,
        qty_min: number("minQty", lot_size.min_qty.as_deref())?,
        qty_max: number("maxQty", lot_size.max_qty.as_deref())?,
        notional_min,
        fees: fees.clone(),
    })
}

fn number<T: std::str::FromStr<Err = NumberError>>(field: &'static str, text: Option<&str>) -> Result<T, WireError> {
    let text = text.ok_or(WireError::Missing { what: EXCHANGE, field, expected: "a decimal string" })?;
    if text.starts_with('-') {
        return Err(WireError::field(EXCHANGE, field, text, "a decimal string of at least 0"));
    }
    text.parse().map_err(|error| WireError::Number { what: EXCHANGE, field, error })
}

pub(super) fn read<'a, T: Deserialize<'a>>(what: &'static str, bytes: &'a [u8]) -> Result<T, WireError> {
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(WireError::TooLarge { bytes: bytes.len(), max: FRAME_BYTES_MAX });
    }
    serde_json::from_slice(bytes).map_err(|error| WireError::json(what, &error, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Rate, Rounding};

    fn fees() -> Fees {
        let rate = Rate::from_raw(100_000);
        let unit = Money::from_raw(1);
        Fees { maker: rate, taker: rate, sell_tax: Rate::ZERO, fee_unit: unit, tax_unit: unit, rounding: Rounding::Ceiling }
    }

    fn define(venue: Venue, filters: &str) -> Result<String, String> {
        let body = format!(
            r#"{{"timezone":"UTC","symbols":[{{"symbol":"OTHER","baseAsset":"O","quoteAsset":"U"}},
            {{"symbol":"XRPUSDT","status":"TRADING","baseAsset":"XRP","quoteAsset":"USDT","filters":[{filters}]}}]}}"#
        );
        let wanted = [("xrpusdt".to_owned(), InstrumentId(3))];
        let made = instruments(body.as_bytes(), venue, &wanted, &fees()).map_err(|error| error.to_string())?;
        let one = &made[0];
        let tick = one.ticks.tick_at(Price::ZERO);
        Ok(format!(
            "{} {} {}/{} tick {tick} lot {} {}..{} from {}",
            one.id, one.symbol, one.base, one.quote, one.lot, one.qty_min, one.qty_max, one.notional_min
        ))
    }

    #[test]
    fn instruments_of_both_spellings() {
        let price = r#"{"filterType":"PRICE_FILTER","minPrice":"0.0001","maxPrice":"1000","tickSize":"0.00010000"}"#;
        let lot = r#"{"filterType":"LOT_SIZE","minQty":"1.0","maxQty":"9000000.0","stepSize":"0.10000000"}"#;
        let expected = |notional: &str| Ok(format!("#3 XRPUSDT XRP/USDT tick 0.0001 lot 0.1 1..9000000 from {notional}"));
        let spot = r#"{"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"avgPriceMins":5}"#;
        let older = r#"{"filterType":"MIN_NOTIONAL","minNotional":"10.0","applyToMarket":true}"#;
        let futures = r#"{"filterType":"MIN_NOTIONAL","notional":"7"}"#;
        assert_eq!(define(Venue::BinanceSpot, &[price, lot, spot].join(",")), expected("5"));
        assert_eq!(define(Venue::BinanceSpot, &[price, lot, older].join(",")), expected("10"));
        assert_eq!(define(Venue::BinanceUsdM, &[price, lot, futures].join(",")), expected("7"));
        assert_eq!(define(Venue::BinanceUsdM, &[price, lot].join(",")), expected("0"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = define(Venue::BinanceSpot, r#"{"filterType":"LOT_SIZE"}"#).expect_err("no price filter");
        assert!(error.contains("PRICE_FILTER"), "{error}");
        let error =
            define(Venue::BinanceSpot, r#"{"filterType":"PRICE_FILTER"},{"filterType":"LOT_SIZE"}"#).expect_err("no tick");
        assert!(error.contains("tickSize"), "{error}");
        let wanted = [("NONE".to_owned(), InstrumentId(0))];
        let error = instruments(br#"{"symbols":[]}"#, Venue::BinanceSpot, &wanted, &fees()).expect_err("not there");
        assert!(error.to_string().contains("NONE"), "{error}");
    }

    #[test]
    fn small_answers() {
        assert_eq!(time(br#"{"serverTime":1795165445300}"#), Ok(Nanos::from_millis(1_795_165_445_300)));
        assert_eq!(time(br#"{"serverTime":1795165445300123}"#), Ok(Nanos::new(1_795_165_445_300_123_000)));
        assert_eq!(error(br#"{"code":-1121,"msg":"Invalid symbol."}"#).map(|body| body.code), Some(-1121));
        let mut levels = Levels::default();
        let text = br#"{"lastUpdateId":77000126,"bids":[["2.10530000","1400.00000000"]],"asks":[["2.10560000","321.00000000"]]}"#;
        assert_eq!(depth(text, &mut levels), Ok(DepthHead { last_update_id: 77_000_126, time: None }));
        assert_eq!((levels.bids.len(), levels.asks.len()), (1, 1));
        assert!(depth(br#"{"code":-1121,"msg":"Invalid symbol."}"#, &mut levels).is_err());
    }
}
