//! Our orders that rest in one market, and when they fill: [`Resting`].

use alloc::vec::Vec;

use super::liquidity::{Liquidity, is_better};
use super::queue::{QueueModel, minus};
use crate::account::OrderId;
use crate::market::{Level, Price, Qty, Quote, Side, Trade};

/// An order in the book.
#[derive(Clone, Copy, Debug)]
pub(super) struct RestingOrder {
    /// Ours.
    pub(super) id: OrderId,
    /// Its limit.
    pub(super) limit: Price,
    /// Its total: filled and open.
    pub(super) total: Qty,
    /// What is open; positive.
    pub(super) open: Qty,
    /// What stands ahead of it.
    pub(super) ahead: Qty,
    /// What the level was last seen to show.
    pub(super) shown: Option<Qty>,
    /// Whether it must not take.
    pub(super) post_only: bool,
    /// Whether it may only shrink the position.
    pub(super) reduce_only: bool,
    /// The venue's number.
    pub(super) venue_order: u64,
}

/// A resting order traded.
#[derive(Clone, Copy, Debug)]
pub(super) struct MakerFill {
    pub(super) id: OrderId,
    pub(super) price: Price,
    pub(super) qty: Qty,
    /// Nothing is left of it.
    pub(super) done: bool,
}

/// The resting orders of one market: buys and sells, each best price first, then first come.
#[derive(Debug, Default)]
pub(super) struct Resting {
    sides: [Vec<RestingOrder>; 2],
}

impl Resting {
    /// Whether there is none.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.sides[0].is_empty() && self.sides[1].is_empty()
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.sides[0].len().saturating_add(self.sides[1].len())
    }

    /// Every order with its side, buys first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Side, &RestingOrder)> {
        let [buys, sells] = &self.sides;
        buys.iter().map(|order| (Side::Buy, order)).chain(sells.iter().map(|order| (Side::Sell, order)))
    }

    /// Adds an order behind those at its price.
    pub(super) fn insert(&mut self, side: Side, order: RestingOrder) {
        let orders = &mut self.sides[side as usize];
        let place = orders.partition_point(|other| !is_better(side, order.limit, other.limit));
        orders.insert(place, order);
    }

    /// The order of this id.
    pub(super) fn find(&mut self, id: OrderId) -> Option<(Side, &mut RestingOrder)> {
        let [buys, sells] = &mut self.sides;
        let buys = buys.iter_mut().map(|order| (Side::Buy, order));
        buys.chain(sells.iter_mut().map(|order| (Side::Sell, order))).find(|(_, order)| order.id == id)
    }

    /// Takes the order of this id out.
    pub(super) fn remove(&mut self, id: OrderId) -> Option<(Side, RestingOrder)> {
        for side in [Side::Buy, Side::Sell] {
            let orders = &mut self.sides[side as usize];
            if let Some(place) = orders.iter().position(|order| order.id == id) {
                return Some((side, orders.remove(place)));
            }
        }
        None
    }

    /// The market traded. A trade past our limit fills us whole; one at our limit, by a taker of the other side, first takes what
    /// is ahead, and then us with what is left of it.
    pub(super) fn on_trade(&mut self, trade: &Trade, queue: &dyn QueueModel, fills: &mut Vec<MakerFill>) {
        for side in [Side::Buy, Side::Sell] {
            let mut ours = Qty::ZERO;
            let orders = &mut self.sides[side as usize];
            for order in orders.iter_mut() {
                let qty = if is_better(side, order.limit, trade.price) {
                    order.open
                } else if order.limit == trade.price && trade.taker != side {
                    // Of the trade: what was ahead of us takes its part, then our own orders before this one.
                    let left = minus(minus(trade.qty, order.ahead), ours);
                    order.ahead = queue.on_trade(order.ahead, trade.qty);
                    order.shown = order.shown.map(|shown| minus(shown, trade.qty));
                    left.min(order.open)
                } else {
                    break;
                };
                if order.limit == trade.price {
                    ours = ours.checked_add(qty).unwrap_or(Qty::MAX);
                }
                fill(order, qty, fills);
            }
            sweep(orders);
        }
    }

    /// The quote changed: what is ahead of us is at most what it shows, and an opposite side that reaches our limit trades with us.
    pub(super) fn on_quote(
        &mut self,
        quote: &Quote,
        liquidity: &mut Liquidity,
        queue: &dyn QueueModel,
        fills: &mut Vec<MakerFill>,
    ) {
        for side in [Side::Buy, Side::Sell] {
            let (best, shown) = match side {
                Side::Buy => (quote.bid, quote.bid_qty),
                Side::Sell => (quote.ask, quote.ask_qty),
            };
            let orders = &mut self.sides[side as usize];
            for order in orders.iter_mut() {
                if order.limit == best {
                    report(order, queue, shown);
                } else if is_better(side, order.limit, best) {
                    report(order, queue, Qty::ZERO);
                } else {
                    break;
                }
                if let Some(level) = liquidity.walk_quote(side, order.limit, order.open) {
                    liquidity.consume(side, &[level]);
                    fill(order, level.1, fills);
                }
            }
            sweep(orders);
        }
    }

    /// A level of the book changed: it may be ours.
    pub(super) fn on_level(&mut self, level: &Level, queue: &dyn QueueModel) {
        for order in &mut self.sides[level.side as usize] {
            if order.limit == level.price {
                report(order, queue, level.qty);
            } else if is_better(level.side, level.price, order.limit) {
                break;
            }
        }
    }

    /// The book is whole after an update: an opposite side that reaches our limit trades with us, at our limit.
    pub(super) fn on_book(
        &mut self,
        liquidity: &mut Liquidity,
        replaced: bool,
        queue: &dyn QueueModel,
        levels: &mut Vec<(Price, Qty)>,
        fills: &mut Vec<MakerFill>,
    ) {
        for side in [Side::Buy, Side::Sell] {
            let best = liquidity.best_opposite(side);
            let orders = &mut self.sides[side as usize];
            for order in orders.iter_mut() {
                if replaced && let Some(shown) = liquidity.shown_at(side, order.limit) {
                    report(order, queue, shown);
                }
                if !best.is_some_and(|best| best == order.limit || is_better(side, order.limit, best)) {
                    if replaced {
                        continue;
                    }
                    break;
                }
                levels.clear();
                liquidity.walk(side, Some(order.limit), order.open, levels);
                liquidity.consume(side, levels);
                let qty = levels.iter().fold(0_i128, |sum, level| sum.saturating_add(level.1.raw()));
                fill(order, Qty::from_raw(qty), fills);
            }
            sweep(orders);
        }
    }
}

fn report(order: &mut RestingOrder, queue: &dyn QueueModel, shown: Qty) {
    order.ahead = queue.on_level(order.ahead, order.shown, shown);
    order.shown = Some(shown);
}

/// Fills `qty` of an order at its limit.
fn fill(order: &mut RestingOrder, qty: Qty, fills: &mut Vec<MakerFill>) {
    if !qty.is_positive() {
        return;
    }
    assert!(qty <= order.open, "a fill is never larger than what is open");
    order.open = minus(order.open, qty);
    fills.push(MakerFill { id: order.id, price: order.limit, qty, done: order.open.is_zero() });
}

fn sweep(orders: &mut Vec<RestingOrder>) {
    orders.retain(|order| order.open.is_positive());
}
