//! At what price an order is placed: [`Pricing`], in ticks from the last price or the best of a side.

use crate::account::OrderType;
use crate::market::{InstrumentId, Price, Qty, Quote, Rounding, Side, TickTable};
use crate::strategy::View;

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

/// Whether `price` is one where the tick changes, or so close to it that an order of `side` has the crowd before it: up to `count` ticks
/// above for a buy, below for a sale (라운드피겨).
pub fn is_at_round_figure(ticks: &TickTable, price: Price, side: Side, count: i32) -> bool {
    let away = if side == Side::Buy { count } else { count.saturating_neg() };
    ticks.bounds().any(|figure| {
        let far = step(ticks, figure, side, away).unwrap_or(figure);
        (figure.min(far)..=figure.max(far)).contains(&price)
    })
}

/// Whether the best `levels` of the side that an order of `side` takes from hold `qty` (시장가잔량범위). Where no book is known, the best
/// there is known of is one level; where nothing is, they do not.
pub fn fits_in(view: &View<'_>, id: InstrumentId, side: Side, qty: Qty, levels: usize) -> bool {
    let taken = side.opposite();
    let best = view.quote(id).map(|quote| if taken == Side::Buy { quote.bid_qty } else { quote.ask_qty });
    let there = match view.book(id) {
        Some(book) => book.levels(taken).take(levels).try_fold(Qty::ZERO, |sum, (_, qty)| sum.checked_add(qty)),
        None => best,
    };
    // More than a number can say is enough.
    there.is_none_or(|there| there >= qty) && (best.is_some() || view.book(id).is_some())
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
    fn round_figures_are_where_the_tick_changes() {
        let is_near = |at: &str, side, count| is_at_round_figure(&krx(), price(at), side, count);
        let found = ["1999", "2000", "2025", "2030", "5050", "5060"].map(|at| is_near(at, Side::Buy, 5));
        assert_eq!(found, [false, true, true, false, true, false], "five ticks of 5 above 2,000, of 10 above 5,000");
        let found = ["1994", "1995", "2000", "2005", "4975", "4970"].map(|at| is_near(at, Side::Sell, 5));
        assert_eq!(found, [false, true, true, false, true, false], "five ticks of 1 below 2,000, of 5 below 5,000");
        assert!(!is_at_round_figure(&TickTable::flat(price("10")), price("10"), Side::Buy, 100), "one tick has no bound");
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
