//! Where a perpetual is taken away: [`liquidation_price`], [`maintenance`].
//!
//! The formula is Binance's for USDⓈ-M in one-way mode ("How to Calculate Liquidation Price of USDⓈ-M Futures Contracts",
//! binance.com/en/support/faq/b3c689c1f50a44cabb3a84e663b81d93):
//!
//! ```text
//!   price = (WB − TMM + UPNL + cum − side × size × entry) ÷ (size × rate − side × size)
//! ```
//!
//! WB − TMM + UPNL is the *collateral*: with cross margin the wallet less the maintenance margin of all other positions plus their
//! profit; with isolated margin what was set aside for this one. Rate and `cum` are those of the bracket that the position is in *at
//! that price*. The maintenance margin is the largest of all brackets' lines (their rates rise), so that a long position's price is
//! the highest of the brackets' prices and a short one's the lowest: no bracket needs to be looked for.

use serde::{Deserialize, Serialize};

use crate::market::number::{ONE, divide};
use crate::market::{Money, Price, Qty, Rate, Rounding};

/// A step of the maintenance margin: of a position of more than `floor` it is value × `rate` − `cum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bracket {
    /// From which value of a position on.
    pub floor: Money,
    /// Which share of the value must be left.
    pub rate: Rate,
    /// Less this: what makes the steps join.
    pub cum: Money,
}

/// What must be left of a position worth `value` (of either sign). `None` without brackets, or when it does not fit.
pub fn maintenance(value: Money, brackets: &[Bracket]) -> Option<Money> {
    let value = Money::from_raw(value.raw().checked_abs()?);
    let mut most: Option<Money> = None;
    for bracket in brackets {
        let line = value.share(bracket.rate, Rounding::Ceiling)?.checked_sub(bracket.cum)?;
        most = Some(most.map_or(line, |most| most.max(line)));
    }
    most
}

/// The price at which a position of `qty` (below 0 short) with value at entry `cost` (below 0 for a short one) and this collateral has
/// no more left than it must. A long position's is rounded up, a short one's down: never too far away.
///
/// `None` when nothing is held, there are no brackets, no price above 0 takes it away, or the numbers do not fit.
pub fn liquidation_price(qty: Qty, cost: Money, collateral: Money, brackets: &[Bracket]) -> Option<Price> {
    let (size, is_long) = (qty.raw().checked_abs()?, !qty.is_negative());
    if size == 0 {
        return None;
    }
    let mut found: Option<i64> = None;
    for bracket in brackets {
        // Long: (cost − collateral − cum) ÷ (size × (1 − rate)); short: (collateral + cum − cost) ÷ (size × (1 + rate)).
        let above = collateral.checked_add(bracket.cum)?.checked_sub(cost)?.raw();
        let rate = i128::from(bracket.rate.raw());
        let (above, share) = if is_long {
            (above.checked_neg()?, i128::from(ONE).checked_sub(rate)?)
        } else {
            (above, i128::from(ONE).checked_add(rate)?)
        };
        if share <= 0 {
            return None;
        }
        let rounding = if is_long { Rounding::Ceiling } else { Rounding::Floor };
        let price = price_of(above, size, share, rounding)?;
        found = Some(found.map_or(price, |found| if is_long { found.max(price) } else { found.min(price) }));
    }
    found.map(Price::from_raw).filter(|price| price.is_positive())
}

/// `above` ÷ (`size` × `share`), all at 1e-8. What is too large for a product of 128 bits is divided in two steps, each rounded alike.
fn price_of(above: i128, size: i128, share: i128, rounding: Rounding) -> Option<i64> {
    let one = i128::from(ONE);
    let raw = match (above.checked_mul(one).and_then(|above| above.checked_mul(one)), size.checked_mul(share)) {
        (Some(above), Some(below)) => divide(above, below, rounding)?,
        _ => divide(divide(above.checked_mul(one)?, size, rounding)?.checked_mul(one)?, share, rounding)?,
    };
    // What is out of range is no price that could be met: as far as there is.
    Some(i64::try_from(raw).unwrap_or(if raw < 0 { -i64::MAX } else { i64::MAX }))
}

/// How far `mark` is from `price`, as a share of `mark`. `None` when `mark` is not above 0.
pub fn distance(mark: Price, price: Price) -> Option<Rate> {
    let away = i128::from(mark.raw()).abs_diff(i128::from(price.raw()));
    let share = divide(i128::try_from(away).ok()?.checked_mul(i128::from(ONE))?, i128::from(mark.raw()), Rounding::Floor)?;
    mark.is_positive().then(|| Rate::from_raw(i64::try_from(share).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn money(text: &str) -> Money {
        text.parse().expect("money")
    }

    fn bracket(floor: &str, rate: &str, cum: &str) -> Bracket {
        Bracket { floor: money(floor), rate: rate.parse().expect("a rate"), cum: money(cum) }
    }

    fn cents(price: Option<Price>) -> i64 {
        (price.expect("a price").raw() + 500_000) / 1_000_000
    }

    /// The worked example of Binance's page: a cross wallet of 1,535,443.01 with two long positions. freqtrade's tests have the same
    /// numbers (`test_liquidation_price_binance`), and those of isolated margin.
    #[test]
    fn the_numbers_of_the_venues_own_example() {
        for (wallet, others, profit, cum, size, entry, rate, expected) in [
            ("1535443.01", "71200.81144", "-56354.57", "135365", "3683.979", "1456.84", "0.1", 115_326),
            ("1535443.01", "356512.508", "-448192.89", "16300", "109.488", "32481.98", "0.025", 2_631_689),
            ("1535443.01", "0", "0", "135365", "3683.979", "1456.84", "0.1", 111_478),
            ("1535443.01", "0", "0", "16300", "109.488", "32481.98", "0.025", 1_877_873),
        ] {
            let (qty, entry): (Qty, Price) = (size.parse().expect("a size"), entry.parse().expect("a price"));
            let cost = entry.times(qty, Rounding::HalfEven).expect("it fits");
            let collateral =
                money(wallet).checked_sub(money(others)).and_then(|sum| sum.checked_add(money(profit))).expect("it fits");
            assert_eq!(
                cents(liquidation_price(qty, cost, collateral, &[bracket("0", rate, cum)])),
                expected,
                "{size} at {entry}"
            );
        }
    }

    /// The first brackets of BTCUSDT as they stood in 2021.
    fn btc() -> Vec<Bracket> {
        [("0", "0.004", "0"), ("50000", "0.005", "50"), ("250000", "0.01", "1300"), ("1000000", "0.025", "16300")]
            .map(|(floor, rate, cum)| bracket(floor, rate, cum))
            .into()
    }

    #[test]
    fn the_bracket_is_the_one_at_that_price() {
        // Entered in the second bracket; where it ends, the position is worth less than 50,000 and in the first.
        let (qty, cost): (Qty, Money) = ("1".parse().expect("a size"), money("60000"));
        let price = liquidation_price(qty, cost, money("20000"), &btc()).expect("a price");
        assert_eq!(cents(Some(price)), 4_016_064, "40,000 ÷ 0.996");
        let short = liquidation_price("-1".parse().expect("a size"), money("-40000"), money("20000"), &btc());
        assert_eq!(cents(short), 5_975_124, "60,050 ÷ 1.005: short, it ends in the second");
        assert_eq!(maintenance(money("-60000"), &btc()), Some(money("250")));
        assert_eq!(maintenance(money("1"), &[]), None);
        assert_eq!(liquidation_price(qty, cost, money("60000"), &btc()), None, "it is paid for");
        assert_eq!(liquidation_price(Qty::ZERO, Money::ZERO, money("1"), &btc()), None);
        assert_eq!(liquidation_price(qty, cost, money("1"), &[]), None);
        let far = |text: &str| text.parse::<Price>().expect("a price");
        assert_eq!(distance(far("200"), far("150")), Some("0.25".parse().expect("a rate")));
        assert_eq!(
            (distance(far("200"), far("250")), distance(Price::ZERO, far("1"))),
            (Some("0.25".parse().expect("a rate")), None)
        );
    }

    proptest! {
        #[test]
        fn at_that_price_just_so_much_is_left_and_the_sides_are_mirrored(
            size in 1_i64..5_000, entry in 1_000_i64..10_000_000, share in 1_i64..90, more in 1_i64..50, is_long in any::<bool>(),
        ) {
            let magnitude = Qty::from_raw(i128::from(size) * 1_000_000);
            let qty = if is_long { magnitude } else { Qty::from_raw(-magnitude.raw()) };
            let entry = Price::from_raw(entry * 1_000_000);
            let cost = entry.times(qty, Rounding::HalfEven).expect("it fits");
            let collateral = Money::from_raw(cost.raw().abs() * i128::from(share) / 100);
            let price = liquidation_price(qty, cost, collateral, &btc());
            let left = |at: Price| {
                let value = at.times(qty, Rounding::HalfEven)?;
                let equity = collateral.checked_add(value)?.checked_sub(cost)?;
                equity.checked_sub(maintenance(value, &btc())?)
            };
            if let Some(price) = price {
                // Not yet there, nothing is missing (but for what rounding takes); a step beyond, something is.
                let slack = Money::from_raw(i128::from(size) * 4 + 4);
                prop_assert!(left(price).expect("it fits").checked_add(slack).is_some_and(|left| !left.is_negative()));
                let step = if is_long { -10_000 } else { 10_000 };
                prop_assert!(left(Price::from_raw(price.raw() + step)).expect("it fits") < slack);
                // More collateral takes it further away, a larger position nearer.
                let richer = Money::from_raw(collateral.raw() + collateral.raw() * i128::from(more) / 100);
                if let Some(further) = liquidation_price(qty, cost, richer, &btc()) {
                    let is_further = if is_long { further <= price } else { further >= price };
                    prop_assert!(is_further);
                }
                let (twice, dear) = (Qty::from_raw(qty.raw() * 2), Money::from_raw(cost.raw() * 2));
                if let Some(nearer) = liquidation_price(twice, dear, collateral, &btc()) {
                    let is_nearer = if is_long { nearer >= price } else { nearer <= price };
                    prop_assert!(is_nearer);
                }
                // A long position falls to it, a short one rises.
                let flat = [bracket("0", "0", "0")];
                let mirrored = |qty: Qty, cost: Money| liquidation_price(qty, cost, collateral, &flat).map(Price::raw);
                let (long, short) = (mirrored(magnitude, Money::from_raw(cost.raw().abs())),
                    mirrored(Qty::from_raw(-magnitude.raw()), Money::from_raw(-cost.raw().abs())));
                let (long, short) = (long.unwrap_or(0), short.expect("a short one always has one"));
                prop_assert!((entry.raw() - long - (short - entry.raw())).abs() <= 4, "{} {}", long, short);
            }
        }

        #[test]
        fn any_numbers_never_panic(qty in any::<i128>(), cost in any::<i128>(), collateral in any::<i128>(), rate in any::<i64>(), cum in any::<i128>()) {
            let bracket = Bracket { floor: Money::ZERO, rate: Rate::from_raw(rate), cum: Money::from_raw(cum) };
            let _ = liquidation_price(Qty::from_raw(qty), Money::from_raw(cost), Money::from_raw(collateral), &[bracket]);
            let _ = maintenance(Money::from_raw(cost), &[bracket]);
            let _ = distance(Price::from_raw(rate), Price::from_raw(rate));
        }
    }
}
