//! What tests of many rooms need: numbers from text, and an instrument.

use alloc::string::String;

use super::{Fees, Instrument, InstrumentId, InstrumentKind, Money, Price, Qty, Rate, Rounding, TickTable, Venue};

/// A price as written.
///
/// # Panics
/// When it is none; so do the next two.
pub fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

/// A quantity as written.
pub fn qty(text: &str) -> Qty {
    text.parse().expect("a quantity")
}

/// An amount as written.
pub fn money(text: &str) -> Money {
    text.parse().expect("an amount")
}

/// BTC for USDT: spot at `binance-spot`, anything else at `binance-usdm`. Fees 0.02 % and 0.05 %.
pub fn instrument(id: u32, kind: InstrumentKind) -> Instrument {
    Instrument {
        id: InstrumentId(id),
        venue: if kind == InstrumentKind::Spot { Venue::BinanceSpot } else { Venue::BinanceUsdM },
        symbol: "BTCUSDT".into(),
        name: String::new(),
        kind,
        base: "BTC".parse().expect("a code"),
        quote: "USDT".parse().expect("a code"),
        ticks: TickTable::flat(price("0.01")),
        lot: qty("0.001"),
        qty_min: qty("0.001"),
        qty_max: qty("100"),
        notional_min: money("5"),
        fees: Fees {
            maker: Rate::from_raw(20_000),
            taker: Rate::from_raw(50_000),
            sell_tax: Rate::ZERO,
            fee_unit: Money::from_raw(1),
            tax_unit: Money::from_raw(1),
            rounding: Rounding::HalfEven,
        },
    }
}
