//! How much dearer a coin is at home than abroad: [`premium`], the kimchi premium (김프).

use super::number::{ONE, Price, Rate, Rounding, divide};
use super::{InstrumentId, Qty};

/// A premium that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Premium {
    /// The market at home: paid with the currency of totals.
    pub home: InstrumentId,
    /// The market abroad, of the same coin.
    pub abroad: InstrumentId,
    /// How much dearer it is at home: 0.03 is 3 %, below 0 is cheaper.
    pub rate: Rate,
}

/// `home` ÷ (`abroad` × `exchange_rate`) − 1, rounded once, to the nearest 1e-8, ties to even. `exchange_rate` is what one unit of the
/// currency abroad costs at home.
///
/// `None` when a price is not above 0, or the result does not fit.
pub fn premium(home: Price, abroad: Price, exchange_rate: Price) -> Option<Rate> {
    if !home.is_positive() || !abroad.is_positive() || !exchange_rate.is_positive() {
        return None;
    }
    // home × 1e8 ÷ (abroad × rate × 1e-16 × 1e8), with all three counted in 1e-8: below 2^63 × 10^16 < 2^117, and below 2^126.
    let numerator = i128::from(home.raw()).checked_mul(i128::from(ONE))?.checked_mul(i128::from(ONE))?;
    let denominator = i128::from(abroad.raw()).checked_mul(i128::from(exchange_rate.raw()))?;
    let ratio = divide(numerator, denominator, Rounding::HalfEven)?;
    i64::try_from(ratio.checked_sub(i128::from(ONE))?).ok().map(Rate::from_raw)
}

/// `of` × `rate` as a price: an exchange rate through a third currency. `None` when it does not fit.
pub fn chained(of: Price, rate: Price) -> Option<Price> {
    let product = of.times(Qty::from_raw(i128::from(rate.raw())), Rounding::HalfEven)?;
    i64::try_from(product.raw()).ok().map(Price::from_raw)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::market::testing::price;

    #[test]
    fn dearer_at_home_is_above_zero() {
        let of = |home, abroad, rate| premium(price(home), price(abroad), price(rate)).map(|rate| rate.raw());
        // 86,520,000 ÷ (60,000 × 1,400) = 1.03.
        assert_eq!(of("86520000", "60000", "1400"), Some(3_000_000));
        assert_eq!(of("84000000", "60000", "1400"), Some(0));
        assert_eq!(of("83160000", "60000", "1400"), Some(-1_000_000));
        assert_eq!(of("1", "3", "1"), Some(-66_666_667), "rounded once, to the nearest");
        for (home, abroad, rate) in [("0", "1", "1"), ("1", "0", "1"), ("1", "1", "0"), ("-1", "1", "1"), ("1", "-1", "-1")] {
            assert_eq!(of(home, abroad, rate), None);
        }
        assert_eq!(premium(Price::MAX, Price::from_raw(1), Price::from_raw(1)), None, "it does not fit");
    }

    proptest! {
        #[test]
        fn it_is_the_nearest_and_never_panics(home in any::<i64>(), abroad in any::<i64>(), rate in any::<i64>(), shift in 0_u32..40) {
            let (home, abroad, rate) = (home >> (shift / 4), abroad >> shift, rate >> shift);
            let found = premium(Price::from_raw(home), Price::from_raw(abroad), Price::from_raw(rate));
            prop_assert!(found.is_none() || (home > 0 && abroad > 0 && rate > 0));
            if let Some(found) = found {
                // |found + 1 - home / (abroad × rate)| <= half a unit, without a fraction.
                let exact = i128::from(home) * i128::from(ONE) * i128::from(ONE);
                let unit = i128::from(abroad) * i128::from(rate);
                let ratio = i128::from(found.raw()) + i128::from(ONE);
                let away = exact.abs_diff(ratio.checked_mul(unit).expect("as large as the numerator"));
                prop_assert!(away <= unit.unsigned_abs() / 2 + 1, "{} of {}", away, unit);
            }
        }

        #[test]
        fn a_dearer_home_is_a_higher_premium(home in 1_i64..1 << 50, more in 1_i64..1 << 50, abroad in 1_i64..1 << 50, rate in 1_i64..1 << 40) {
            let of = |home| premium(Price::from_raw(home), Price::from_raw(abroad), Price::from_raw(rate));
            if let (Some(low), Some(high)) = (of(home), of(home + more)) {
                prop_assert!(low <= high);
                prop_assert!(low.raw() >= -ONE, "nothing is cheaper than nothing");
            }
        }
    }
}
