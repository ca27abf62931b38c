//! Commands of accounts: an order is checked, then placed; amended; cancelled.

use super::market::Market;
use super::order::{CancelReason, Charges, Fact, NewOrder, Order, OrderState, Reject, Size};
use super::{AccountId, Exchange, TradingPhase, VALUE_MAX};
use crate::account::{OrderType, TimeInForce};
use crate::market::{Money, Price, Qty, Rounding, Side};

impl Exchange {
    /// A number for an action of a venue that numbers more than orders (Kiwoom numbers cancellations).
    pub fn take_number(&mut self) -> u64 {
        let number = self.next_order;
        self.next_order += 1;
        number
    }

    /// Places an order, and matches it as far as it goes now.
    ///
    /// # Errors
    /// Why it is refused; nothing has changed then.
    pub fn place(&mut self, new: NewOrder) -> Result<u64, Reject> {
        let order = self.checked(&new)?;
        let number = self.take_number();
        let order = Order { number, root: number, ..order };
        self.orders.insert(number, order.clone());
        self.reserve(number);
        self.facts.push_back(Fact::Accepted(Box::new(order)));
        self.work(number);
        Ok(number)
    }

    /// The order that a request would make, its number 0, if it can be.
    fn checked(&self, new: &NewOrder) -> Result<Order, Reject> {
        let account = self.accounts.get(new.account.0 as usize).ok_or(Reject::UnknownAccount)?;
        let market = self.markets.get(&new.instrument).ok_or(Reject::UnknownInstrument)?;
        if market.phase == TradingPhase::Closed {
            return Err(Reject::Closed);
        }
        let (qty, budget) = match new.size {
            Size::Base(qty) => (qty, None),
            Size::Quote(budget) => (Qty::ZERO, Some(budget)),
        };
        match budget {
            None if !qty.is_positive() || qty.raw() % market.config.lot.raw().max(1) != 0 => return Err(Reject::BadQty),
            Some(budget) if new.side == Side::Sell || new.order_type != OrderType::Market || !budget.is_positive() => {
                return Err(Reject::BadQty);
            }
            Some(budget) if budget > VALUE_MAX => return Err(Reject::TooLarge),
            _ => {}
        }
        let reserve_price = match new.order_type {
            OrderType::Limit(price) if !price.is_positive() || !market.config.ticks.is_aligned(price) => {
                return Err(Reject::OffTick);
            }
            OrderType::Limit(price) if !market.within(price) => return Err(Reject::OutsideLimits),
            OrderType::Limit(price) => price,
            OrderType::Market => market.worst_price(new.side, qty),
        };
        let value = reserve_price.times(qty, Rounding::Ceiling).filter(|value| *value <= VALUE_MAX);
        if qty.raw() > VALUE_MAX.raw() || value.is_none() {
            return Err(Reject::TooLarge);
        }
        if new.time_in_force == TimeInForce::PostOnly && market.would_take(new.side, new.order_type) {
            return Err(Reject::WouldTake);
        }
        let order = Order {
            number: 0,
            amends: None,
            root: 0,
            account: new.account,
            instrument: new.instrument,
            side: new.side,
            order_type: new.order_type,
            time_in_force: new.time_in_force,
            qty,
            open: qty,
            filled: Qty::ZERO,
            value: Money::ZERO,
            charges: Charges::default(),
            budget,
            client_id: new.client_id.clone(),
            placed: self.now,
            state: OrderState::Open,
            reserved: Money::ZERO,
            reserve_price,
        };
        match new.side {
            Side::Sell => {
                let available = account.holding(new.instrument).free();
                if qty > available {
                    return Err(Reject::TooLittleHeld { available });
                }
            }
            Side::Buy => {
                let free = account.cash(market.config.quote).free();
                if self.cost_at_most(&order) > free {
                    return Err(Reject::TooLittleCash { affordable: self.affordable(&order, market, free) });
                }
            }
        }
        Ok(order)
    }

    /// How much of a refused buy the cash would allow.
    fn affordable(&self, order: &Order, market: &Market, free: Money) -> Qty {
        if order.budget.is_some() || !free.is_positive() {
            return Qty::ZERO;
        }
        let lot = market.config.lot.raw().max(1);
        // Between none and what was asked for; the cost only grows with the quantity.
        let (mut least, mut most) = (0_i128, order.qty.raw() / lot);
        while least < most {
            let middle = (least + most + 1) / 2;
            let open = Qty::from_raw(middle * lot);
            match self.cost_at_most(&Order { open, ..order.clone() }) <= free {
                true => least = middle,
                false => most = middle - 1,
            }
        }
        Qty::from_raw(least * lot)
    }

    /// Amends `qty` of what is open (`None`: all of it) to a new price. The part gets a number of its own and goes to the end of
    /// the queue; the rest stays as it is. Gives the new number.
    ///
    /// # Errors
    /// Why it is refused; nothing has changed then.
    pub fn amend(&mut self, account: AccountId, number: u64, qty: Option<Qty>, price: Price) -> Result<u64, Reject> {
        let before = self.open_order(account, number)?.clone();
        let qty = qty.unwrap_or(before.open);
        if !qty.is_positive() || qty > before.open {
            return Err(Reject::NothingLeft);
        }
        // Checked as if the old one were gone already.
        self.release(number, qty);
        let new = NewOrder {
            account,
            instrument: before.instrument,
            side: before.side,
            order_type: OrderType::Limit(price),
            time_in_force: before.time_in_force,
            size: Size::Base(qty),
            client_id: before.client_id.clone(),
        };
        let order = match self.checked(&new) {
            Ok(order) => order,
            Err(reject) => {
                self.unrelease(number, qty);
                return Err(reject);
            }
        };
        let next = self.take_number();
        let order = Order { number: next, amends: Some(number), root: before.root, ..order };
        if let Some(old) = self.orders.get_mut(&number).filter(|old| old.open.is_zero()) {
            old.state = OrderState::Amended;
        }
        let after = self.orders.get(&number).cloned().unwrap_or(before);
        self.orders.insert(next, order.clone());
        self.reserve(next);
        self.facts.push_back(Fact::Amended { at: self.now, before: Box::new(after), order: Box::new(order) });
        self.work(next);
        Ok(next)
    }

    /// Cancels `qty` of what is open (`None`: all of it). Gives how much that was.
    ///
    /// # Errors
    /// No such order of this account; less is open.
    pub fn cancel(&mut self, account: AccountId, number: u64, qty: Option<Qty>) -> Result<Qty, Reject> {
        let open = self.open_order(account, number)?.open;
        let by_value = self.orders.get(&number).is_some_and(|order| order.budget.is_some());
        if qty.is_some_and(|qty| !qty.is_positive() || qty > open) || (open.is_zero() && !by_value) {
            return Err(Reject::NothingLeft);
        }
        Ok(self.end(number, qty, CancelReason::Asked))
    }

    fn open_order(&self, account: AccountId, number: u64) -> Result<&Order, Reject> {
        let order = self.orders.get(&number).filter(|order| order.account == account).ok_or(Reject::UnknownOrder)?;
        if order.is_open() { Ok(order) } else { Err(Reject::NothingLeft) }
    }
}
