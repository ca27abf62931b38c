//! What a position comes to after fees and taxes: [`Outcome`], exact in integers by the instrument's fee table.

use crate::account::portfolio::fee_and_tax;
use crate::account::position::notional;
use crate::account::update::Liquidity;
use crate::market::number::{ONE, divide};
use crate::market::{Instrument, Money, Price, Qty, Rate, Rounding, Side};

/// A share as people say it: 3.5 is 3.5 %, at 1e-8 of a percent.
pub type Percent = Rate;

/// Hundred percent, in raw units of [`Percent`].
pub(super) const HUNDRED: i128 = 100 * ONE as i128;

/// What a position comes to if it were closed at a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Profit after the fees of both ways and the tax of the sale: in whole KRW, or to 4 decimals of another currency.
    pub profit: Money,
    /// The value it was entered at.
    pub cost: Money,
    /// `profit` against `cost`, toward zero; 0 without a cost.
    pub percent: Percent,
}

/// `qty` entered at `entry` and closed at `price`: bought and then sold for a `qty` above 0, sold and then bought back below. Fees
/// are a taker's. `None` when the numbers are too large, or the instrument's fee table cannot be one.
pub fn outcome(instrument: &Instrument, entry: Price, price: Price, qty: Qty) -> Option<Outcome> {
    let size = qty.abs();
    let (cost, value) = (notional(entry, size)?, notional(price, size)?);
    let (bought, sold) = if qty.is_negative() { (value, cost) } else { (cost, value) };
    let (buy_fee, _) = fee_and_tax(instrument, Side::Buy, bought, Liquidity::Taker).ok()?;
    let (sell_fee, tax) = fee_and_tax(instrument, Side::Sell, sold, Liquidity::Taker).ok()?;
    let profit = sold.checked_sub(bought)?.checked_sub(buy_fee)?.checked_sub(sell_fee)?.checked_sub(tax)?;
    let profit = profit.round_to(smallest(instrument), Rounding::HalfEven)?;
    let percent = match cost.is_positive() {
        true => divide(profit.raw().checked_mul(HUNDRED)?, cost.raw(), Rounding::Truncate)?,
        false => 0,
    };
    Some(Outcome { profit, cost, percent: Percent::from_raw(i64::try_from(percent).ok()?) })
}

/// The smallest amount that profits of an instrument are told in.
fn smallest(instrument: &Instrument) -> Money {
    let one = i128::from(ONE);
    Money::from_raw(if instrument.quote.as_str() == "KRW" { one } else { one / 10_000 })
}

/// How far `to` is from `from`, in the direction of the position: above 0 is a gain. 0 without a price to compare with.
pub(super) fn moved(from: Price, to: Price, is_short: bool) -> Percent {
    let difference = i128::from(to.raw()) - i128::from(from.raw());
    let difference = if is_short { -difference } else { difference };
    let percent = divide(difference.saturating_mul(HUNDRED), i128::from(from.raw()), Rounding::Truncate);
    let saturated = percent.unwrap_or(0).clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Percent::from_raw(i64::try_from(saturated).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;
    use crate::market::InstrumentKind;
    use crate::market::testing::{instrument, money, price, qty};

    /// A Korean share at the reference's rates.
    fn share() -> Instrument {
        let mut stock = instrument(0, InstrumentKind::Stock);
        (stock.quote, stock.fees.taker, stock.fees.sell_tax) =
            ("KRW".parse().expect("a code"), Rate::from_raw(15_000), Rate::from_raw(180_000));
        (stock.fees.fee_unit, stock.fees.tax_unit, stock.fees.rounding) = (money("10"), money("1"), Rounding::Floor);
        stock
    }

    #[test]
    fn a_known_sale() {
        // 1,000,000 bought, fee 150; 1,013,000 sold, fee 151.95 cut to 150, tax 1823.4 cut to 1823.
        let found = outcome(&share(), price("10000"), price("10130"), qty("100")).expect("it fits");
        assert_eq!((found.profit, found.percent.to_string().as_str()), (money("10877"), "1.0877"));
        // Sold short at 10,130 and bought back at 10,000: the same fees and tax, against what was received.
        let found = outcome(&share(), price("10130"), price("10000"), qty("-100")).expect("it fits");
        assert_eq!((found.profit, found.cost), (money("10877"), money("1013000")));
    }

    #[test]
    fn gains_are_counted_in_the_direction_of_the_position() {
        assert_eq!(moved(price("100"), price("103"), false).to_string(), "3");
        assert_eq!(moved(price("100"), price("103"), true).to_string(), "-3");
        assert_eq!(moved(Price::ZERO, price("103"), false), Percent::ZERO);
    }

    proptest! {
        /// The formulas of the table "Profit per trade", in whole KRW.
        #[test]
        fn korean_shares_to_the_won(entry in 1_i64..2_000_000, exit in 1_i64..2_000_000, count in 1_i64..100_000) {
            let won = |amount: i64| Price::from_raw(amount * ONE);
            let found = outcome(&share(), won(entry), won(exit), Qty::from_raw(i128::from(count) * i128::from(ONE)));
            let (bought, sold) = (i128::from(entry) * i128::from(count), i128::from(exit) * i128::from(count));
            let fee = |value: i128| value * 15 / 100_000 / 10 * 10;
            let profit = sold - bought - fee(bought) - fee(sold) - sold * 18 / 10_000;
            prop_assert_eq!(found.map(|found| found.profit.raw()), Some(profit * i128::from(ONE)));
        }

        /// Upbit: 0.05 % each way, no tax, told in whole KRW.
        #[test]
        fn upbit_to_the_won(entry in 1_i64..200_000_000, exit in 1_i64..200_000_000, amount in 1_i128..1_000_000_000_000) {
            let mut coin = instrument(0, InstrumentKind::Spot);
            coin.quote = "KRW".parse().expect("a code");
            let found = outcome(&coin, Price::from_raw(entry * ONE), Price::from_raw(exit * ONE), Qty::from_raw(amount));
            let one = i128::from(ONE);
            let (bought, sold) = (i128::from(entry) * amount, i128::from(exit) * amount);
            let fees = [bought, sold].map(|value| divide(value * 50_000, one, Rounding::HalfEven).expect("it fits"));
            let exact = sold - bought - fees[0] - fees[1];
            let whole = divide(exact, one, Rounding::HalfEven).expect("it fits") * one;
            prop_assert_eq!(found.map(|found| found.profit.raw()), Some(whole));
        }

        /// Binance futures, long and short: 0.04 % each way, to 4 decimals; a position and its mirror share the fees.
        #[test]
        fn futures_to_four_decimals(entry in 1_i64..1 << 50, exit in 1_i64..1 << 50, amount in 1_i128..1 << 45) {
            let mut future = instrument(0, InstrumentKind::Perpetual);
            future.fees.taker = Rate::from_raw(40_000);
            let (entry, exit) = (Price::from_raw(entry), Price::from_raw(exit));
            let long = outcome(&future, entry, exit, Qty::from_raw(amount)).expect("it fits");
            let short = outcome(&future, entry, exit, Qty::from_raw(-amount)).expect("it fits");
            let value = |price: Price| notional(price, Qty::from_raw(amount)).expect("it fits").raw();
            let fee = |value: i128| divide(value * 40_000, i128::from(ONE), Rounding::HalfEven).expect("it fits");
            let costs = fee(value(entry)) + fee(value(exit));
            let told = |exact: i128| divide(exact, 10_000, Rounding::HalfEven).expect("it fits") * 10_000;
            prop_assert_eq!(long.profit.raw(), told(value(exit) - value(entry) - costs));
            prop_assert_eq!(short.profit.raw(), told(value(entry) - value(exit) - costs));
        }
    }
}
