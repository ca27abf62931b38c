//! What a test makes the market do: somebody trades with an order of a customer's.

use super::{AccountId, Exchange, NewOrder, Order, Size};
use crate::account::{OrderType, TimeInForce};
use crate::market::{Money, Price, Qty, Side};

/// What that somebody has: more than any order.
const CASH: Money = Money::from_raw(1_000_000_000_000_000_000_000);
const COINS: Qty = Qty::from_raw(100_000_000_000_000_000);
/// Accounts' orders in front at the same price, at most.
const TRADES_MAX: u32 = 1_000;

impl Exchange {
    /// Somebody trades `qty` with an open limit order, at its limit. The public steps aside for it, and is back afterwards; accounts'
    /// orders that come before it trade first. False when there is no such order, or less of it is open.
    pub fn trade_with(&mut self, number: u64, qty: Qty) -> bool {
        let open = |order: &&Order| order.is_open() && order.open >= qty;
        let Some(order) = self.order(number).filter(open).cloned() else { return false };
        let Some(limit) = order.limit() else { return false };
        let somebody = self.add_account();
        let Some(market) = self.markets.get_mut(&order.instrument) else { return false };
        let (quote, public) = (market.config.quote, std::mem::take(market.side_mut(order.side)));
        for resting in market.resting.iter_mut().filter(|resting| resting.side == order.side) {
            resting.ahead = Qty::ZERO;
        }
        let given =
            self.deposit(somebody, quote, CASH).is_ok() && self.transfer(somebody, order.instrument, COINS, Money::ZERO).is_ok();
        let done = given && self.trade_until(somebody, &order, limit, qty);
        if let Some(market) = self.markets.get_mut(&order.instrument) {
            *market.side_mut(order.side) = public;
        }
        done
    }

    /// Trades with what comes before the order, then with it.
    fn trade_until(&mut self, somebody: AccountId, order: &Order, limit: Price, qty: Qty) -> bool {
        let is_better = |price: Price| if order.side == Side::Buy { price > limit } else { price < limit };
        while let Some(&(price, there)) = self.book(order.instrument, order.side).first().filter(|row| is_better(row.0)) {
            if !self.take(somebody, order, price, there) {
                return false;
            }
        }
        for _ in 0..TRADES_MAX {
            let Some(now) = self.order(order.number) else { return false };
            let left = Qty::from_raw(qty.raw() - (now.filled.raw() - order.filled.raw()));
            if !left.is_positive() {
                return true;
            }
            if !self.take(somebody, order, limit, left) {
                return false;
            }
        }
        false
    }

    fn take(&mut self, account: AccountId, order: &Order, price: Price, qty: Qty) -> bool {
        let new = NewOrder {
            account,
            instrument: order.instrument,
            side: order.side.opposite(),
            order_type: OrderType::Limit(price),
            time_in_force: TimeInForce::Ioc,
            size: Size::Base(qty),
            client_id: None,
        };
        self.place(new).is_ok()
    }
}
