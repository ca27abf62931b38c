//! The venue's rules for the orders of a symbol, checked before an order leaves: [`Filters`].
//!
//! The kernel's [`Instrument`](crate::market::Instrument) has tick, lot, least and most quantity and least value; here are the
//! rules it does not have, and those again, because a refusal by the venue costs weight and time. What the venue measures by a
//! price of its own (an average, a reference, the mark price) is measured here by the last price: the venue decides in the end.

use serde::Deserialize;

use super::orders::Decimal;
use crate::account::OrderType;
use crate::market::{Money, Price, Qty, Rate, Rounding, Side};
use crate::venue::binance::wire::rest::read;
use crate::venue::wire_error::WireError;

/// Quantities: least, most, step. 0 switches each off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lot {
    min: Qty,
    max: Qty,
    step: Qty,
}

/// The rules of a symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Upper case.
    pub symbol: String,
    status: String,
    price_min: Price,
    price_max: Price,
    tick: Price,
    lot: Lot,
    market_lot: Lot,
    notional_min: Money,
    /// Whether it holds for market orders.
    notional_min_of_market: bool,
    notional_max: Money,
    notional_max_of_market: bool,
    /// Up and down, of a bid.
    bid_band: Option<(Rate, Rate)>,
    /// Up and down, of an ask.
    ask_band: Option<(Rate, Rate)>,
}

/// Why an order may not leave. It was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not sent: {symbol}: {filter}: {field} is {seen} (expected {expected}) / 보내지 않음: {symbol}의 거래 규칙 {filter}에 맞지 않습니다"
)]
pub struct Broken {
    symbol: String,
    filter: &'static str,
    field: &'static str,
    seen: String,
    expected: String,
}

#[derive(Deserialize)]
struct Exchange {
    symbols: Vec<Symbol>,
}

#[derive(Deserialize)]
struct Symbol {
    symbol: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    filters: Vec<Row>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Row {
    filter_type: String,
    min_price: Decimal<Price>,
    max_price: Decimal<Price>,
    tick_size: Decimal<Price>,
    min_qty: Decimal<Qty>,
    max_qty: Decimal<Qty>,
    step_size: Decimal<Qty>,
    min_notional: Option<Decimal<Money>>,
    /// Futures' word.
    notional: Option<Decimal<Money>>,
    max_notional: Decimal<Money>,
    apply_to_market: Option<bool>,
    apply_min_to_market: Option<bool>,
    apply_max_to_market: bool,
    multiplier_up: Decimal<Rate>,
    multiplier_down: Decimal<Rate>,
    bid_multiplier_up: Decimal<Rate>,
    bid_multiplier_down: Decimal<Rate>,
    ask_multiplier_up: Decimal<Rate>,
    ask_multiplier_down: Decimal<Rate>,
}

/// Reads the rules of `wanted` symbols from `exchangeInfo`, in that order.
///
/// # Errors
/// When it cannot be read, or a symbol is not in it.
pub fn filters<'a>(bytes: &[u8], wanted: impl IntoIterator<Item = &'a str>) -> Result<Vec<Filters>, WireError> {
    const WHAT: &str = "exchangeInfo";
    let body: Exchange = read(WHAT, bytes)?;
    let one = |name: &str| {
        let row = body.symbols.iter().find(|row| row.symbol.eq_ignore_ascii_case(name));
        row.map(Filters::of).ok_or_else(|| WireError::UnknownSymbol { what: WHAT, symbol: name.to_owned() })
    };
    wanted.into_iter().map(one).collect()
}

impl Filters {
    fn of(symbol: &Symbol) -> Self {
        let mut made = Filters { symbol: symbol.symbol.clone(), status: symbol.status.clone(), ..Filters::default() };
        for row in &symbol.filters {
            let lot = Lot { min: row.min_qty.0, max: row.max_qty.0, step: row.step_size.0 };
            match row.filter_type.as_str() {
                "PRICE_FILTER" => {
                    (made.price_min, made.price_max, made.tick) = (row.min_price.0, row.max_price.0, row.tick_size.0);
                }
                "LOT_SIZE" => made.lot = lot,
                "MARKET_LOT_SIZE" => made.market_lot = lot,
                "NOTIONAL" | "MIN_NOTIONAL" => {
                    made.notional_min = row.min_notional.or(row.notional).unwrap_or_default().0;
                    // Futures do not say, and mean market orders too.
                    made.notional_min_of_market = row.apply_min_to_market.or(row.apply_to_market).unwrap_or(true);
                    (made.notional_max, made.notional_max_of_market) = (row.max_notional.0, row.apply_max_to_market);
                }
                "PERCENT_PRICE" => {
                    // Of futures: a bid has only an upper bound, an ask only a lower one; spot's old form bounds both.
                    let band = Some((row.multiplier_up.0, row.multiplier_down.0));
                    (made.bid_band, made.ask_band) = (band, band);
                }
                "PERCENT_PRICE_BY_SIDE" => {
                    made.bid_band = Some((row.bid_multiplier_up.0, row.bid_multiplier_down.0));
                    made.ask_band = Some((row.ask_multiplier_up.0, row.ask_multiplier_down.0));
                }
                _ => {}
            }
        }
        made
    }

    /// Checks an order. `last` is the last price, if there is one.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check(&self, side: Side, order_type: OrderType, qty: Qty, last: Option<Price>) -> Result<(), Broken> {
        if !matches!(self.status.as_str(), "" | "TRADING") {
            return Err(self.broken("status", "status", &self.status, "TRADING".into()));
        }
        self.check_lot("LOT_SIZE", self.lot, qty)?;
        match order_type {
            OrderType::Limit(price) => {
                self.check_price(side, price, last)?;
                self.check_notional(price, qty, true, true)
            }
            OrderType::Market => {
                self.check_lot("MARKET_LOT_SIZE", self.market_lot, qty)?;
                match last {
                    Some(last) => self.check_notional(last, qty, self.notional_min_of_market, self.notional_max_of_market),
                    None => Ok(()),
                }
            }
        }
    }

    fn check_lot(&self, filter: &'static str, lot: Lot, qty: Qty) -> Result<(), Broken> {
        if qty < lot.min {
            return Err(self.broken(filter, "quantity", &qty, format!("at least {}", lot.min)));
        }
        if lot.max.is_positive() && qty > lot.max {
            return Err(self.broken(filter, "quantity", &qty, format!("at most {}", lot.max)));
        }
        if qty.raw().checked_rem(lot.step.raw()).is_some_and(|rest| rest != 0) {
            return Err(self.broken(filter, "quantity", &qty, format!("a multiple of {}", lot.step)));
        }
        Ok(())
    }

    fn check_price(&self, side: Side, price: Price, last: Option<Price>) -> Result<(), Broken> {
        const FILTER: &str = "PRICE_FILTER";
        if price < self.price_min {
            return Err(self.broken(FILTER, "price", &price, format!("at least {}", self.price_min)));
        }
        if self.price_max.is_positive() && price > self.price_max {
            return Err(self.broken(FILTER, "price", &price, format!("at most {}", self.price_max)));
        }
        if price.raw().checked_rem(self.tick.raw()).is_some_and(|rest| rest != 0) {
            return Err(self.broken(FILTER, "price", &price, format!("a multiple of {}", self.tick)));
        }
        let band = if side == Side::Buy { self.bid_band } else { self.ask_band };
        let bounds = band.zip(last).and_then(|((up, down), last)| Some((at_rate(last, down)?, at_rate(last, up)?)));
        if let Some((lowest, highest)) = bounds
            && (price < lowest || price > highest)
        {
            return Err(self.broken("PERCENT_PRICE", "price", &price, format!("{lowest} to {highest} at this market")));
        }
        Ok(())
    }

    fn check_notional(&self, price: Price, qty: Qty, min: bool, max: bool) -> Result<(), Broken> {
        // Down: what is just too small is refused by the venue as well.
        let Some(notional) = price.times(qty, Rounding::Floor) else {
            return Err(self.broken("NOTIONAL", "price × quantity", &"too large", "a countable value".into()));
        };
        if min && notional < self.notional_min {
            return Err(self.broken("NOTIONAL", "price × quantity", &notional, format!("at least {}", self.notional_min)));
        }
        if max && self.notional_max.is_positive() && notional > self.notional_max {
            return Err(self.broken("NOTIONAL", "price × quantity", &notional, format!("at most {}", self.notional_max)));
        }
        Ok(())
    }

    fn broken(&self, filter: &'static str, field: &'static str, seen: &dyn std::fmt::Display, expected: String) -> Broken {
        Broken { symbol: self.symbol.clone(), filter, field, seen: seen.to_string(), expected }
    }
}

fn at_rate(price: Price, rate: Rate) -> Option<Price> {
    let raw = i128::from(price.raw()).checked_mul(i128::from(rate.raw()))? / i128::from(crate::market::number::ONE);
    i64::try_from(raw).ok().map(Price::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPOT: &str = r#"{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","filters":[
        {"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"},
        {"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"},
        {"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"120.00000000","stepSize":"0.00000000"},
        {"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"5","bidMultiplierDown":"0.2","askMultiplierUp":"5","askMultiplierDown":"0.2","avgPriceMins":5},
        {"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000","applyMaxToMarket":false,"avgPriceMins":5},
        {"filterType":"MAX_NUM_ORDERS","maxNumOrders":200}]},
        {"symbol":"OLDUSDT","status":"CANCEL_ONLY","filters":[]}]}"#;
    const FUTURES: &str = r#"{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","filters":[
        {"filterType":"PRICE_FILTER","minPrice":"556.80","maxPrice":"4529764","tickSize":"0.10"},
        {"filterType":"LOT_SIZE","minQty":"0.001","maxQty":"1000","stepSize":"0.001"},
        {"filterType":"MARKET_LOT_SIZE","minQty":"0.001","maxQty":"120","stepSize":"0.001"},
        {"filterType":"MAX_NUM_ORDERS","limit":200},{"filterType":"MIN_NOTIONAL","notional":"100"},
        {"filterType":"PERCENT_PRICE","multiplierUp":"1.0500","multiplierDown":"0.9500","multiplierDecimal":"4"}]}]}"#;

    #[test]
    fn each_rule_refuses_what_breaks_it_and_nothing_else() {
        let read = |text: &str, symbol| filters(text.as_bytes(), [symbol]).expect("filters").remove(0);
        let (spot, old, futures) = (read(SPOT, "btcusdt"), read(SPOT, "OLDUSDT"), read(FUTURES, "BTCUSDT"));
        let last = Some("60000".parse().expect("a price"));
        type Case<'a> = (&'a Filters, Option<&'a str>, &'a str, Option<Price>, &'a str);
        let rows: &[Case<'_>] = &[
            (&spot, Some("60000"), "0.001", last, ""),
            (&spot, None, "0.001", last, ""),
            (&spot, None, "0.001", None, ""),
            (&old, Some("60000"), "0.001", last, "CANCEL_ONLY"),
            (&spot, Some("60000.001"), "0.001", last, "multiple of 0.01"),
            (&spot, Some("0.001"), "0.001", last, "at least 0.01"),
            (&spot, Some("1000000.01"), "0.001", None, "at most 1000000"),
            (&spot, Some("60000"), "0.000001", last, "at least 0.00001"),
            (&spot, Some("60000"), "0.000015", last, "multiple of 0.00001"),
            (&spot, Some("60000"), "9000.00001", last, "LOT_SIZE"),
            (&spot, None, "120.00001", last, "MARKET_LOT_SIZE"),
            (&spot, Some("60000"), "120.00001", last, ""),
            (&spot, Some("60000"), "0.00008", last, "at least 5"),
            (&spot, None, "0.00008", last, "at least 5"),
            (&spot, None, "0.00008", None, ""),
            (&spot, Some("60000"), "151", last, "at most 9000000"),
            (&spot, None, "119", Some("80000".parse().expect("a price")), ""),
            (&spot, Some("300000.01"), "0.001", last, "12000 to 300000"),
            (&spot, Some("300000"), "0.001", last, ""),
            (&futures, Some("63000"), "0.002", last, ""),
            (&futures, Some("63000.1"), "0.002", last, "57000 to 63000"),
            (&futures, Some("63000.1"), "0.002", None, ""),
            (&futures, Some("60000"), "0.001", last, "at least 100"),
            (&futures, Some("60000.05"), "0.002", last, "multiple of 0.1"),
        ];
        for (filters, price, qty, last, expected) in rows {
            let order_type = price.map_or(OrderType::Market, |price| OrderType::Limit(price.parse().expect("a price")));
            let qty = qty.parse().expect("a quantity");
            match filters.check(Side::Buy, order_type, qty, *last) {
                Ok(()) => assert_eq!(*expected, "", "{price:?} {qty}: it should be refused"),
                Err(broken) => {
                    assert!(!expected.is_empty() && broken.to_string().contains(expected), "{price:?} {qty}: {broken}")
                }
            }
        }
        assert!(filters(SPOT.as_bytes(), ["NONE"]).is_err());
    }
}
