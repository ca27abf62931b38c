//! Volatility interruptions of a share as texts see them: [`Interruption`], VI해제시간, VI가격, VI호가단위, VI아래5호가.

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use super::columns::{Row, at};
use crate::market::number::divide;
use crate::market::{Price, Rounding, TickTable};

/// What the next static interruption of a share is counted from, and when the last one ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Interruption {
    /// The price after the last one; 0 is none today: then it is the day's open.
    reference: Price,
    /// The second since 1970 at which the last one ended; 0 is none today.
    ended: i64,
    /// One has ended: the next trade is what its auction gave.
    auction: bool,
}

impl Interruption {
    /// One began or ended.
    pub(super) fn on_interruption(&mut self, at: Nanos, active: bool) {
        if !active {
            (self.ended, self.auction) = (at.get().div_euclid(1_000_000_000), true);
        }
    }

    /// A trade.
    #[inline]
    pub(super) fn on_trade(&mut self, price: Price) {
        if self.auction {
            (self.reference, self.auction) = (price, false);
        }
    }

    /// Puts what is known into a row. The price is 10 % above the reference, cut to whole KRW and moved up to a tick.
    pub(super) fn fill(&self, row: &mut Row, open: Price, ticks: &TickTable) {
        row[at::VI_ENDED] = self.ended as f64;
        let reference = if self.reference.is_zero() { open } else { self.reference };
        let Some(price) = above(reference, ticks) else { return };
        let tick = ticks.tick_at(price);
        row[at::VI_PRICE] = price.to_f64();
        row[at::VI_TICK] = tick.to_f64();
        row[at::VI_BELOW] = price.to_f64() - 5.0 * tick.to_f64();
    }
}

fn above(reference: Price, ticks: &TickTable) -> Option<Price> {
    let whole = i128::from(crate::market::number::ONE);
    let raised = divide(i128::from(reference.raw()).checked_mul(110)?, 100 * whole, Rounding::Floor)?;
    let price = Price::from_raw(i64::try_from(raised.checked_mul(whole)?).ok()?);
    ticks.align(price, Rounding::Ceiling).filter(|price| price.is_positive())
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::super::columns::COLUMN_COUNT;
    use super::*;
    use crate::market::testing::price;

    #[test]
    fn the_price_follows_the_open_and_then_the_auction_of_the_last_one() {
        let ticks = TickTable::new(vec![(price("0"), price("10")), (price("20000"), price("50"))]).expect("a table");
        let mut interruption = Interruption::default();
        let told = |interruption: &Interruption| {
            let mut row = [0.0; COLUMN_COUNT];
            interruption.fill(&mut row, price("15010"), &ticks);
            [row[at::VI_ENDED], row[at::VI_PRICE], row[at::VI_TICK], row[at::VI_BELOW]]
        };
        // 16,511, up to a tick of 10.
        assert_eq!(told(&interruption), [0.0, 16_520.0, 10.0, 16_470.0]);
        interruption.on_interruption(Nanos::new(5_000_000_000), true);
        interruption.on_trade(price("16520"));
        assert_eq!(told(&interruption)[..2], [0.0, 16_520.0], "it lasts");
        interruption.on_interruption(Nanos::new(130_500_000_000), false);
        assert_eq!(told(&interruption)[..2], [130.0, 16_520.0], "nothing was traded yet");
        interruption.on_trade(price("18510"));
        interruption.on_trade(price("18700"));
        assert_eq!(told(&interruption), [130.0, 20_400.0, 50.0, 20_150.0]);
    }
}
