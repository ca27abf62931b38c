//! At what price an order is placed: [`Pricing`], in ticks from the last price or the best of a side.

use crate::account::OrderType;
use crate::market::{Price, Quote, Rounding, Side, TickTable};

/// What ticks are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// The last price.
    Last,
    /// The best bid (매수1호가); without a quote the last price.
    Bid,
    /// The best ask (매도1호가); without a quote the last price.
    Ask,
}

/// How an order is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pricing {
    /// At the best price there is.
    Market,
    /// At so many ticks from a base; below 0 is lower.
    Limit(Base, i32),
}

impl Pricing {
    /// The order type at this moment. `None` when the limit would not be above 0.
    pub fn order_type(self, side: Side, last: Price, quote: Option<Quote>, ticks: &TickTable) -> Option<OrderType> {
        let Pricing::Limit(base, count) = self else { return Some(OrderType::Market) };
        let best = |price: Option<Price>| price.filter(|price| price.is_positive()).unwrap_or(last);
        let base = match base {
            Base::Last => last,
            Base::Bid => best(quote.map(|quote| quote.bid)),
            Base::Ask => best(quote.map(|quote| quote.ask)),
        };
        step(ticks, base, side, count).map(OrderType::Limit)
    }
}

/// `price` moved by `count` ticks, each as large as the table says where it is; a price off the grid is first moved onto it, away from
/// the market of `side`. `None` when it leaves the prices there are.
pub fn step(ticks: &TickTable, price: Price, side: Side, count: i32) -> Option<Price> {
    let rounding = if side == Side::Buy { Rounding::Floor } else { Rounding::Ceiling };
    // A table without a step puts every price on the grid, and nothing can be counted in its ticks.
    let mut at = ticks.align(price, rounding).unwrap_or(price);
    for _ in 0..count.unsigned_abs() {
        at = if count > 0 {
            at.checked_add(ticks.tick_at(at))?
        } else {
            // The tick below a bound is that of the prices below.
            at.checked_sub(ticks.tick_at(Price::from_raw(at.raw().checked_sub(1)?)))?
        };
    }
    at.is_positive().then_some(at)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::market::InstrumentId;
    use crate::market::testing::{price, qty};

    fn krx() -> TickTable {
        TickTable::new(vec![(price("0"), price("1")), (price("2000"), price("5")), (price("5000"), price("10"))])
            .expect("a table")
    }

    #[test]
    fn steps_change_with_the_band() {
        let stepped = |at: &str, count| step(&krx(), price(at), Side::Buy, count);
        assert_eq!(stepped("1998", 3), Some(price("2005")));
        assert_eq!(stepped("2005", -3), Some(price("1998")));
        assert_eq!(stepped("2003", 0), Some(price("2000")), "a buy is moved down onto the grid");
        assert_eq!(step(&krx(), price("2003"), Side::Sell, 0), Some(price("2005")));
        assert_eq!(stepped("2", -2), None);
        assert_eq!(step(&krx(), Price::MAX, Side::Buy, 2), None);
    }

    #[test]
    fn limits_count_from_their_base() {
        let quote =
            Quote { instrument: InstrumentId(0), bid: price("3000"), ask: price("3010"), bid_qty: qty("1"), ask_qty: qty("1") };
        let at = |base, count, quote| Pricing::Limit(base, count).order_type(Side::Buy, price("3005"), quote, &krx());
        assert_eq!(at(Base::Last, 1, Some(quote)), Some(OrderType::Limit(price("3010"))));
        assert_eq!(at(Base::Bid, -1, Some(quote)), Some(OrderType::Limit(price("2995"))));
        assert_eq!(at(Base::Ask, 0, Some(quote)), Some(OrderType::Limit(price("3010"))));
        assert_eq!(at(Base::Ask, 0, None), Some(OrderType::Limit(price("3005"))));
        let market = Pricing::Market.order_type(Side::Buy, price("3005"), None, &krx());
        assert_eq!(market, Some(OrderType::Market));
    }
}
