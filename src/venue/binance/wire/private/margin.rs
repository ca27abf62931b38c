//! How futures are margined, as the venue tells it: [`brackets`], [`symbol_margins`].
//!
//! Sources: developers.binance.com, "Notional and Leverage Brackets" (`GET /fapi/v1/leverageBracket`, weight 1) and "Symbol
//! Configuration" (`GET /fapi/v1/symbolConfig`, weight 5).

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::account::Bracket;
use crate::market::{Money, Rate};
use crate::venue::binance::wire::rest::read;
use crate::venue::wire_error::WireError;

/// A JSON number as it is written, read without a float; what stands behind the eighth decimal is cut.
fn exact<T: std::str::FromStr<Err = crate::market::NumberError>>(field: &'static str, raw: &RawValue) -> Result<T, WireError> {
    let text = super::account::cut(raw.get().trim_matches('"'));
    text.parse().map_err(|error| WireError::Number { what: "a leverage bracket", field, error })
}

/// Reads the steps of the maintenance margin, by symbol, lowest first.
///
/// # Errors
/// When it is not that.
pub fn brackets(bytes: &[u8]) -> Result<Vec<(String, Vec<Bracket>)>, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row<'a> {
        #[serde(borrow)]
        notional_floor: &'a RawValue,
        #[serde(borrow)]
        maint_margin_ratio: &'a RawValue,
        #[serde(borrow)]
        cum: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Symbol<'a> {
        symbol: String,
        #[serde(borrow)]
        brackets: Vec<Row<'a>>,
    }
    let symbols: Vec<Symbol<'_>> = read("a list of leverage brackets", bytes)?;
    let bracket = |row: Row<'_>| {
        let floor: Money = exact("notionalFloor", row.notional_floor)?;
        let rate: Rate = exact("maintMarginRatio", row.maint_margin_ratio)?;
        Ok(Bracket { floor, rate, cum: exact("cum", row.cum)? })
    };
    let read_one = |symbol: Symbol<'_>| {
        let mut rows: Vec<Bracket> = symbol.brackets.into_iter().map(bracket).collect::<Result<_, WireError>>()?;
        rows.sort_by_key(|row| row.floor);
        Ok((symbol.symbol, rows))
    };
    symbols.into_iter().map(read_one).collect()
}

/// How a symbol is margined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolMargin {
    /// Upper case.
    pub symbol: String,
    /// Margin is set aside for its position alone.
    pub isolated: bool,
    /// How many times its margin a new position may be worth.
    pub leverage: u16,
}

/// Reads how symbols are margined.
///
/// # Errors
/// When it is not that.
pub fn symbol_margins(bytes: &[u8]) -> Result<Vec<SymbolMargin>, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row {
        symbol: String,
        margin_type: String,
        leverage: u16,
    }
    let rows: Vec<Row> = read("a list of symbols' margins", bytes)?;
    let row = |row: Row| SymbolMargin { isolated: row.margin_type == "ISOLATED", symbol: row.symbol, leverage: row.leverage };
    Ok(rows.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_margins_are_read_without_a_float() {
        let body = br#"[{"symbol":"ETHUSDT","notionalCoef":1.50,"brackets":[
            {"bracket":2,"initialLeverage":50,"notionalCap":100000,"notionalFloor":10000,"maintMarginRatio":0.0065,"cum":15.0},
            {"bracket":1,"initialLeverage":75,"notionalCap":10000,"notionalFloor":0,"maintMarginRatio":0.005,"cum":0}]}]"#;
        let read = brackets(body).expect("brackets");
        let rows: Vec<_> =
            read[0].1.iter().map(|row| (row.floor.to_string(), row.rate.to_string(), row.cum.to_string())).collect();
        let expected = [("0", "0.005", "0"), ("10000", "0.0065", "15")];
        assert_eq!(rows, expected.map(|(floor, rate, cum)| (floor.to_owned(), rate.to_owned(), cum.to_owned())));
        assert!(brackets(br#"[{"symbol":"X","brackets":[{"notionalFloor":"x","maintMarginRatio":1,"cum":0}]}]"#).is_err());
        let body =
            br#"[{"symbol":"BTCUSDT","marginType":"CROSSED","isAutoAddMargin":"false","leverage":21,"maxNotionalValue":"1"}]"#;
        assert_eq!(symbol_margins(body), Ok(vec![SymbolMargin { symbol: "BTCUSDT".into(), isolated: false, leverage: 21 }]));
    }
}
