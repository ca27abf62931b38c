//! What was traded at each price of a day: [`Tops`], for texts that ask for the price of the largest value.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::market::{Price, Side, Trade};

/// Prices of a day that are told apart; trades at further ones are not counted here. About 3 MiB.
const PRICES_MAX: usize = 50_000;

/// Value by price and side of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tops {
    /// By price, then by `Side`: price × quantity at 1e-16.
    values: BTreeMap<Price, [i128; 2]>,
    /// By `Side`: the largest of them, and its price; the first of equal ones.
    largest: [(i128, Price); 2],
}

impl Tops {
    /// Counts a trade.
    pub(super) fn add(&mut self, trade: &Trade) {
        if self.values.len() >= PRICES_MAX && !self.values.contains_key(&trade.price) {
            return;
        }
        let side = trade.taker as usize;
        let value = &mut self.values.entry(trade.price).or_default()[side];
        *value = value.saturating_add(i128::from(trade.price.raw()).saturating_mul(trade.qty.raw()));
        if *value > self.largest[side].0 {
            self.largest[side] = (*value, trade.price);
        }
    }

    /// The largest value taken by a side at one price, and that price; 0 before a trade.
    pub(super) fn largest(&self, side: Side) -> (i128, Price) {
        self.largest[side as usize]
    }
}

/// The last prices of a share that count as on a round figure or within five ticks above it, with the first.
const ROUND_FIGURES: [(i64, i64); 6] =
    [(2_000, 2_025), (5_000, 5_050), (20_000, 20_250), (50_000, 50_500), (200_000, 202_500), (500_000, 505_000)];

/// Whether the price of a share is on a round figure, or at most five ticks above one.
pub(super) fn is_round_figure(price: f64) -> bool {
    ROUND_FIGURES.iter().any(|&(first, last)| (first as f64..=last as f64).contains(&price))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::InstrumentId;
    use crate::market::testing::{price, qty};

    #[test]
    fn the_largest_value_at_one_price_is_found_by_side() {
        let mut tops = Tops::default();
        for (at, how_much, taker) in [
            ("100", "5", Side::Buy),
            ("101", "3", Side::Buy),
            ("101", "3", Side::Buy),
            ("100", "1", Side::Sell),
            ("100", "1", Side::Buy),
            ("99", "2", Side::Sell),
        ] {
            tops.add(&Trade { instrument: InstrumentId(0), taker, price: price(at), qty: qty(how_much), id: 0 });
        }
        let one = 10_i128.pow(16);
        assert_eq!((tops.largest(Side::Buy), tops.largest(Side::Sell)), ((606 * one, price("101")), (198 * one, price("99"))));
    }

    #[test]
    fn round_figures_are_those_of_the_reference() {
        let found = [1_999.0, 2_000.0, 2_025.0, 2_030.0, 50_500.0, 50_600.0, 505_000.0].map(is_round_figure);
        assert_eq!(found, [false, true, true, false, true, false, true]);
    }
}
