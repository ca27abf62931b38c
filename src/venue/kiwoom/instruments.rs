//! Stocks of the list (ka10099) as instruments: [`board`], [`instrument`].

use super::wire::rest::listing::ListedStock;
use crate::market::number::ONE;
use crate::market::{Currency, Instrument, InstrumentId, InstrumentKind, Money, Qty, Venue};
use crate::venue::kiwoom::rules::{Board, costs, ticks};
use crate::venue::kiwoom::time::Date;
use crate::venue::kiwoom::wire::symbol::Exchange;
use crate::venue::wire_error::WireError;

/// What an instrument depends on beside the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Where orders go: fees depend on it.
    pub exchange: Exchange,
    /// The mock environment: its fees are higher.
    pub mock: bool,
    /// The day of trading: ticks and taxes depend on it.
    pub date: Date,
}

/// The section of a stock, by the market's code in the list; `None` for what has rules of its own that are not known here (warrants,
/// rights, gold, K-OTC).
pub fn board(stock: &ListedStock) -> Option<Board> {
    match stock.market.as_str() {
        // With infrastructure funds, mutual funds and real estate trusts, which trade as shares do.
        "0" | "2" | "4" | "6" => Some(Board::Kospi),
        "10" => Some(Board::Kosdaq),
        "50" => Some(Board::Konex),
        "8" | "60" | "70" | "90" => Some(Board::Fund),
        _ => None,
    }
}

/// The definition of a stock; `None` when its section is not one of ours, or no costs are known for the day.
///
/// # Errors
/// When its code cannot be one.
pub fn instrument(stock: &ListedStock, id: InstrumentId, terms: Terms) -> Result<Option<Instrument>, WireError> {
    const WHAT: &str = "a listed stock (ka10099)";
    let Some(board) = board(stock) else { return Ok(None) };
    let Some(fees) = costs::fees(board, terms.exchange, terms.mock, terms.date) else { return Ok(None) };
    let currency = |field, text: &str| -> Result<Currency, WireError> {
        text.parse().map_err(|_| WireError::field(WHAT, field, text, "a code of 1 to 15 bytes"))
    };
    let one = Qty::from_raw(i128::from(ONE));
    // Nobody can order more shares than there are.
    let listed = stock.listed.filter(|listed| *listed >= one).unwrap_or(Qty::from_raw(i128::from(i64::MAX)));
    Ok(Some(Instrument {
        id,
        venue: Venue::Kiwoom,
        symbol: stock.symbol.code.clone(),
        name: stock.name.clone(),
        kind: InstrumentKind::Stock,
        base: currency("code", &stock.symbol.code)?,
        quote: currency("KRW", "KRW")?,
        ticks: ticks::ticks(board, terms.date),
        lot: one,
        qty_min: one,
        qty_max: listed,
        notional_min: Money::ZERO,
        fees,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Price;

    const TERMS: Terms = Terms { exchange: Exchange::Krx, mock: false, date: Date::of(2026, 11, 20) };

    fn stock(code: &str, market: &str) -> ListedStock {
        let text = format!(r#"{{"code":"{code}","name":"삼성전자","listCount":"0000005919637922","marketCode":"{market}"}}"#);
        ListedStock::read(&text).expect("a stock")
    }

    #[test]
    fn a_listed_stock_is_an_instrument_of_its_section() {
        let made = |market: &str| instrument(&stock("005930", market), InstrumentId(3), TERMS).expect("a code");
        let share = made("0").expect("a share");
        let fund = made("8").expect("a fund");
        assert_eq!((share.symbol.as_str(), share.quote.as_str(), share.id), ("005930", "KRW", InstrumentId(3)));
        assert_eq!((share.qty_max.to_string(), share.lot.to_string()), ("5919637922".into(), "1".into()));
        let at = Price::from_raw(75_000 * ONE);
        assert_eq!((share.ticks.tick_at(at).to_string(), fund.ticks.tick_at(at).to_string()), ("100".into(), "5".into()));
        assert_eq!((share.fees.sell_tax.to_string(), fund.fees.sell_tax.to_string()), ("0.002".into(), "0".into()));
        assert_eq!((made("3"), made("80"), made("")), (None, None, None));
        let early = Terms { date: Date::of(2010, 1, 4), ..TERMS };
        assert_eq!(instrument(&stock("005930", "0"), InstrumentId(3), early), Ok(None));
        let error = instrument(&stock("", "0"), InstrumentId(3), TERMS).expect_err("no code").to_string();
        assert!(error.contains("`code`"), "{error}");
    }
}
