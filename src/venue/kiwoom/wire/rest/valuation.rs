//! What a holding is worth, as kt00018 counts it: fees, tax, profit, return. Integers only.
//!
//! The formulas were checked against the official samples: fees are the amount × rate, cut to 10 KRW; tax is the value × rate, cut to
//! 1 KRW; profit is value − cost − both fees − tax; the average is cost ÷ quantity, cut; shares are rounded to 0.01 %.

use crate::market::number::ONE;
use crate::market::{Money, Price, Qty, Rate, Rounding};

/// What costs are counted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostRates {
    /// Of buying and of selling (0.00015 at KRX).
    pub fee: Rate,
    /// Of selling.
    pub tax: Rate,
}

/// A holding, valued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valuation {
    /// Average price (`pur_pric`).
    pub average: Price,
    /// Worth (`evlt_amt`).
    pub value: Money,
    /// Fee of buying (`pur_cmsn`).
    pub buy_fee: Money,
    /// Fee of selling now (`sell_cmsn`).
    pub sell_fee: Money,
    /// Tax of selling now (`tax`).
    pub tax: Money,
    /// Profit after all of them (`evltv_prft`).
    pub profit: Money,
    /// Profit by cost (`prft_rt`), in steps of 0.0001.
    pub profit_rate: Rate,
}

const KRW: Money = Money::from_raw(ONE as i128);
const TEN_KRW: Money = Money::from_raw(10 * ONE as i128);

impl Valuation {
    /// Values a holding that cost `cost` in all. `None` when nothing is held, a number is below 0, or one is too large.
    pub fn of(qty: Qty, cost: Money, last: Price, rates: CostRates) -> Option<Valuation> {
        if !qty.is_positive() || cost.is_negative() || last.is_negative() {
            return None;
        }
        let value = last.times(qty, Rounding::Floor)?;
        let (buy_fee, sell_fee) = (fee(cost, rates.fee)?, fee(value, rates.fee)?);
        let tax = value.share(rates.tax, Rounding::Floor)?.round_to(KRW, Rounding::Floor)?;
        let profit = value.checked_sub(cost)?.checked_sub(buy_fee)?.checked_sub(sell_fee)?.checked_sub(tax)?;
        let average = whole(cost.per(qty, Rounding::Floor)?);
        Some(Valuation { average, value, buy_fee, sell_fee, tax, profit, profit_rate: share(profit, cost)? })
    }
}

/// A fee: amount × rate, cut to 10 KRW.
pub fn fee(amount: Money, rate: Rate) -> Option<Money> {
    amount.share(rate, Rounding::Floor)?.round_to(TEN_KRW, Rounding::Floor)
}

/// `part` by `whole`, rounded to 0.01 % with halves away from 0 (`prft_rt`, `tot_prft_rt`, `poss_rt`). 0 of nothing is 0.
pub fn share(part: Money, whole: Money) -> Option<Rate> {
    if whole.is_zero() {
        return Some(Rate::ZERO);
    }
    // In steps of 0.0001; twice, so that halves show.
    let twice = part.raw().checked_mul(20_000)?.checked_div(whole.raw())?;
    let steps = (twice + twice.signum()) / 2;
    i64::try_from(steps.checked_mul(i128::from(ONE / 10_000))?).ok().map(Rate::from_raw)
}

fn whole(price: Price) -> Price {
    Price::from_raw(price.raw() - price.raw().rem_euclid(ONE))
}

/// All holdings together: what `tot_pur_amt`, `tot_evlt_amt`, `tot_evlt_pl` and `tot_prft_rt` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// What they cost.
    pub cost: Money,
    /// What they are worth.
    pub value: Money,
    /// Profit after fees and tax.
    pub profit: Money,
    /// Profit by cost.
    pub profit_rate: Rate,
}

impl Totals {
    /// Sums holdings, each with its cost. `None` when a sum is too large.
    pub fn of<'a>(holdings: impl IntoIterator<Item = (Money, &'a Valuation)>) -> Option<Totals> {
        let (mut cost, mut value, mut profit) = (Money::ZERO, Money::ZERO, Money::ZERO);
        for (paid, valued) in holdings {
            cost = cost.checked_add(paid)?;
            value = value.checked_add(valued.value)?;
            profit = profit.checked_add(valued.profit)?;
        }
        Some(Totals { cost, value, profit, profit_rate: share(profit, cost)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn krw(amount: i64) -> Money {
        Money::from_raw(i128::from(amount) * i128::from(ONE))
    }

    fn shares(count: i64) -> Qty {
        Qty::from_raw(i128::from(count) * i128::from(ONE))
    }

    fn rates(tax: &str) -> CostRates {
        CostRates { fee: "0.00015".parse().expect("a rate"), tax: tax.parse().expect("a rate") }
    }

    #[test]
    fn the_numbers_of_the_samples() {
        assert_eq!(fee(krw(373_500), rates("0").fee), Some(krw(50)));
        assert_eq!(fee(krw(1_673_430), rates("0").fee), Some(krw(250)));
        let valued = Valuation::of(shares(10), krw(745_000), Price::from_raw(75_000 * ONE), rates("0.002")).expect("it fits");
        let expected = Valuation {
            average: Price::from_raw(74_500 * ONE),
            value: krw(750_000),
            buy_fee: krw(110),
            sell_fee: krw(110),
            tax: krw(1_500),
            profit: krw(3_280),
            profit_rate: "0.0044".parse().expect("a rate"),
        };
        assert_eq!(valued, expected);
        let totals = Totals::of([(krw(745_000), &valued), (krw(745_000), &valued)]).expect("it fits");
        assert_eq!((totals.cost, totals.profit, totals.profit_rate), (krw(1_490_000), krw(6_560), valued.profit_rate));
        // 158,200 at 0.18 % is 284.76 of tax.
        let one = Valuation::of(shares(1), krw(158_200), Price::from_raw(158_200 * ONE), rates("0.0018")).expect("it fits");
        assert_eq!((one.tax, one.profit), (krw(284), krw(-324)));
    }

    #[test]
    fn shares_are_rounded_to_a_hundredth_of_a_percent() {
        let share = |part: i64, whole: i64| share(krw(part), krw(whole)).map(|rate| rate.to_string());
        assert_eq!(share(1, 3), Some("0.3333".into()));
        assert_eq!(share(2, 3), Some("0.6667".into()));
        assert_eq!(share(-2, 3), Some("-0.6667".into()));
        assert_eq!((share(5, 100_000), share(-5, 100_000)), (Some("0.0001".into()), Some("-0.0001".into())));
        assert_eq!((share(4, 100_000), share(7, 0), share(3, 3)), (Some("0".into()), Some("0".into()), Some("1".into())));
    }

    #[test]
    fn what_is_not_held_has_no_value() {
        assert_eq!(Valuation::of(shares(0), krw(0), Price::ZERO, rates("0")), None);
        assert_eq!(Valuation::of(Qty::MAX, krw(1), Price::MAX, rates("0")), None);
    }

    proptest! {
        #[test]
        fn parts_add_up(count in 1_i64..1_000_000, cost in 0_i64..1_000_000_000_000, last in 0_i64..5_000_000) {
            let valued = Valuation::of(shares(count), krw(cost), Price::from_raw(last * ONE), rates("0.0015")).expect("it fits");
            let parts = [krw(cost), valued.buy_fee, valued.sell_fee, valued.tax, valued.profit];
            let sum = parts.into_iter().try_fold(Money::ZERO, Money::checked_add);
            prop_assert_eq!(sum, Some(valued.value));
            prop_assert_eq!(valued.average.raw() % ONE, 0);
            prop_assert_eq!(valued.buy_fee.raw() % (10 * i128::from(ONE)), 0);
        }
    }
}
