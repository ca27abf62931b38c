//! What fills really cost: [`Charges`], out of the running totals that reports carry (FID 938, 939).
//!
//! Nobody knows whether these totals are the order's or the account's (fact sheet, known unknowns). They are believed as the order's
//! while they are no more than its fills can cost by the table, within the rounding; an account's total soon is. What is not believed
//! is left to the table, by which the books have reckoned already.

use std::collections::BTreeMap;

use super::wire::orders::FillCost;
use super::wire::symbol::OrderNumber;
use crate::event::order::Charge;
use crate::market::{Fees, Money, Rate, Side};

/// What was charged under each number so far; `None` once its totals were not believed.
#[derive(Debug, Default)]
pub(super) struct Charges {
    charged: BTreeMap<OrderNumber, Option<(Money, Money)>>,
}

impl Charges {
    /// Fills of this number were told before, and nobody knows with what charges: the table stays.
    pub(super) fn give_up(&mut self, number: OrderNumber) {
        self.charged.insert(number, None);
    }

    /// The charges of a fill, and of those that were told with it.
    pub(super) fn of(&mut self, cost: &FillCost, fees: &Fees, side: Side) -> Vec<Charge> {
        let before = self.charged.entry(cost.number).or_insert(Some((Money::ZERO, Money::ZERO)));
        let Some((fee_before, tax_before)) = *before else { return Vec::new() };
        let tax_rate = if side == Side::Sell { fees.sell_tax } else { Rate::ZERO };
        let believed = |told: Option<Money>, rate, unit, before: Money| {
            let most = most(cost, rate, unit, fees)?;
            told.filter(|told| *told >= before && *told <= most)
        };
        let fee = believed(cost.fee, fees.taker, fees.fee_unit, fee_before);
        let tax = believed(cost.tax, tax_rate, fees.tax_unit, tax_before);
        let Some(((fee, tax), (fee_now, tax_now))) =
            fee.zip(tax).and_then(|(fee, tax)| Some(((fee.checked_sub(fee_before)?, tax.checked_sub(tax_before)?), (fee, tax))))
        else {
            *before = None;
            return Vec::new();
        };
        *before = Some((fee_now, tax_now));
        let charge = |trade, fee, tax| Charge { order: cost.order, trade, fee, tax, currency: None };
        // The total says what they cost together: it stands with the last one.
        let mut charges: Vec<Charge> = cost.missed.iter().map(|trade| charge(*trade, Money::ZERO, Money::ZERO)).collect();
        charges.push(charge(cost.trade, fee, tax));
        charges
    }
}

/// The most that these fills can cost by the table: their share, and a unit for the rounding.
fn most(cost: &FillCost, rate: Rate, unit: Money, fees: &Fees) -> Option<Money> {
    cost.value.share(rate, fees.rounding)?.checked_add(unit)
}

#[cfg(test)]
mod tests {
    use jangbu_journal::Seq;

    use super::*;
    use crate::account::{OrderId, SessionId};
    use crate::market::number::ONE;
    use crate::venue::kiwoom::rules::{Board, costs};
    use crate::venue::kiwoom::time::Date;
    use crate::venue::kiwoom::wire::symbol::Exchange;

    fn krw(amount: i64) -> Money {
        Money::from_raw(i128::from(amount) * i128::from(ONE))
    }

    fn cost(trade: u64, value: i64, fee: i64, tax: i64) -> FillCost {
        FillCost {
            order: OrderId { session: SessionId(1), seq: Seq::FIRST, index: 0 },
            number: OrderNumber::new(100).expect("a number"),
            trade,
            missed: Vec::new(),
            value: krw(value),
            fills: 1,
            fee: Some(krw(fee)),
            tax: Some(krw(tax)),
        }
    }

    fn amounts(charges: &[Charge]) -> Vec<(u64, String, String)> {
        charges.iter().map(|charge| (charge.trade, charge.fee.to_string(), charge.tax.to_string())).collect()
    }

    fn fees() -> Fees {
        costs::fees(Board::Kospi, Exchange::Krx, false, Date::of(2026, 11, 20)).expect("a table")
    }

    #[test]
    fn totals_of_an_order_are_charged_as_they_grow() {
        let mut charges = Charges::default();
        let row = |trade, fee: &str, tax: &str| (trade, fee.to_owned(), tax.to_owned());
        assert_eq!(amounts(&charges.of(&cost(1, 300_000, 40, 600), &fees(), Side::Sell)), [row(1, "40", "600")]);
        let with_missed = FillCost { missed: vec![7], ..cost(2, 750_000, 110, 1_500) };
        let told = charges.of(&with_missed, &fees(), Side::Sell);
        assert_eq!(amounts(&told), [row(7, "0", "0"), row(2, "70", "900")]);
    }

    #[test]
    fn a_total_beyond_the_table_is_of_the_account_and_not_believed() {
        let mut charges = Charges::default();
        assert!(charges.of(&cost(1, 300_000, 4_000, 600), &fees(), Side::Sell).is_empty());
        assert!(charges.of(&cost(2, 600_000, 90, 1_200), &fees(), Side::Sell).is_empty(), "not half of them either");
        let mut charges = Charges::default();
        assert!(charges.of(&cost(1, 300_000, 40, 600), &fees(), Side::Buy).is_empty(), "buying is not taxed");
        let cheap = charges.of(
            &FillCost { number: OrderNumber::new(101).expect("a number"), ..cost(1, 300_000, 0, 0) },
            &fees(),
            Side::Buy,
        );
        assert_eq!(amounts(&cheap), [(1, "0".into(), "0".into())], "an account without fees");
    }
}
