//! What a test makes the market do: somebody trades with an order of a customer's.

use super::core::Core;
use crate::account::{OrderType, TimeInForce};
use crate::market::{Money, Price, Qty, Side};
use crate::venue::exchange::{AccountId, NewOrder, Order, Size};

/// What that somebody has: more than any order.
const CASH: Money = Money::from_raw(1_000_000_000_000_000_000_000);
const COINS: Qty = Qty::from_raw(100_000_000_000_000_000);
/// Those in front at the same price are gone after so many trades at most.
const TRADES_MAX: u32 = 100_000;

impl Core {
    /// Trades `qty` with the order, and with everyone before it.
    pub(super) fn trade_with(&mut self, identifier: &str, qty: Qty) -> bool {
        let open = |order: &Order| order.is_open() && order.open >= qty;
        let Some(number) = self.identifiers.get(identifier).copied().flatten() else { return false };
        let Some(order) = self.exchange.order(number).filter(|order| open(order)).cloned() else { return false };
        let (Some(limit), Some(code)) = (order.limit(), self.codes.get(&order.instrument)) else { return false };
        let Some((quote, _)) = code.currencies() else { return false };
        let somebody = self.exchange.add_account();
        let given = self.exchange.deposit(somebody, quote, CASH).is_ok()
            && self.exchange.transfer(somebody, order.instrument, COINS, Money::ZERO).is_ok();
        if !given {
            return false;
        }
        let is_better = |price: Price| if order.side == Side::Buy { price > limit } else { price < limit };
        while let Some(&(price, there)) = self.exchange.book(order.instrument, order.side).first().filter(|row| is_better(row.0))
        {
            if !self.take(somebody, &order, price, there) {
                return false;
            }
        }
        for _ in 0..TRADES_MAX {
            let Some(now) = self.exchange.order(number) else { return false };
            let done = now.filled.raw() - order.filled.raw();
            let left = Qty::from_raw(qty.raw() - done);
            if !left.is_positive() {
                return true;
            }
            if !self.take(somebody, &order, limit, left) {
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
        self.exchange.place(new).is_ok()
    }
}
