//! What the wire and the rules make of a market: an [`Instrument`].

use super::rules::{Quote, costs, ticks};
use super::wire::MarketCode;
use super::wire::rest::market::LOT;
use crate::market::{Instrument, InstrumentId, InstrumentKind, Price, Qty, TickTable, Venue};
use crate::venue::korea::Date;

/// The largest order: the venue states none by quantity, only an amount (`max_total` of `/v1/orders/chance`). 10^15, more than
/// there is of
/// any coin.
const QTY_MAX: Qty = Qty::from_raw(100_000_000_000_000_000_000_000);

/// What the venue says of a market's price step now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaidTick {
    /// At this price,
    pub price: Price,
    /// this step.
    pub tick: Price,
}

/// A market as an instrument, with the rules of a day, or those the venue says. The second value is false when what it says fits
/// no table
/// that is known. `None` when the quote currency has no rules here.
pub fn instrument(
    code: MarketCode,
    name: &str,
    id: InstrumentId,
    date: Date,
    said: Option<SaidTick>,
) -> Option<(Instrument, bool)> {
    let quote = Quote::of(code.quote())?;
    let (quote_currency, base) = code.currencies()?;
    let (ticks, known): (TickTable, bool) = match said {
        Some(said) => ticks::ticks_by(quote, code.base(), date, said.price, said.tick),
        None => (ticks::ticks(quote, code.base(), date), true),
    };
    let instrument = Instrument {
        id,
        venue: Venue::Upbit,
        symbol: code.to_string(),
        name: name.to_owned(),
        kind: InstrumentKind::Spot,
        base,
        quote: quote_currency,
        ticks,
        lot: LOT,
        qty_min: LOT,
        qty_max: QTY_MAX,
        notional_min: costs::notional_min(quote),
        fees: costs::fees(quote),
    };
    Some((instrument, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_is_an_instrument() {
        let code: MarketCode = "KRW-BTC".parse().expect("a market");
        let price = |text: &str| text.parse::<Price>().expect("a price");
        let said = SaidTick { price: price("150000000"), tick: price("1000") };
        let day = Date::of(2026, 11, 20);
        let (instrument, known) = instrument(code, "비트코인", InstrumentId(3), day, Some(said)).expect("a market with rules");
        assert!(known && instrument.ticks.is_aligned(price("150001000")) && !instrument.ticks.is_aligned(price("150000500")));
        assert_eq!((instrument.base.as_str(), instrument.quote.as_str(), instrument.symbol.as_str()), ("BTC", "KRW", "KRW-BTC"));
        assert_eq!(instrument.qty_max.to_string(), "1000000000000000");
        let euro: MarketCode = "EUR-BTC".parse().expect("a code");
        assert_eq!(super::instrument(euro, "", InstrumentId(0), day, None), None);
    }
}
