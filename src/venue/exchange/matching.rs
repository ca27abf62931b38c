//! Matching: takers meet the best of public and accounts' orders, price before time; fills are booked as they happen.

use super::account::{cost_of, less, plus};
use super::market::{Market, Resting, TradingPhase};
use super::order::{CancelReason, Chargeable, Charges, Fact, Filled, Order, OrderState, Traded};
use super::{Exchange, LedgerFill};
use crate::account::{OrderType, TimeInForce};
use crate::market::{InstrumentId, Money, Price, Qty, Rounding, Side};

/// Whether a taker may trade at `price`.
fn allowed(side: Side, limit: Option<Price>, price: Price) -> bool {
    limit.is_none_or(|limit| if side == Side::Buy { price <= limit } else { price >= limit })
}

impl Market {
    /// Whether an order would take from the book as it stands.
    pub(super) fn would_take(&self, side: Side, order_type: OrderType) -> bool {
        let limit = match order_type {
            OrderType::Limit(price) => Some(price),
            OrderType::Market => None,
        };
        self.best(side.opposite()).is_some_and(|best| allowed(side, limit, best))
    }

    /// The worst price that a market order can get: the limit of the day, else the last that its quantity reaches in the book.
    pub(super) fn worst_price(&self, side: Side, qty: Qty) -> Price {
        if let Some((lower, upper)) = self.config.limits {
            return if side == Side::Buy { upper } else { lower };
        }
        let (mut left, mut worst) = (qty.raw(), self.last());
        for level in self.side(side.opposite()) {
            worst = level.price;
            left -= level.qty.raw();
            if left <= 0 {
                break;
            }
        }
        let best = self.best(side.opposite()).unwrap_or(worst);
        if side == Side::Buy { worst.max(best) } else { worst.min(best) }
    }
}

impl Exchange {
    /// What an order may still cost at most: the value of what is open at its reservation's price, with the charges of that.
    pub(super) fn cost_at_most(&self, order: &Order) -> Money {
        let value = match order.budget {
            Some(budget) => budget,
            None => order.reserve_price.times(order.open, Rounding::Ceiling).unwrap_or(super::VALUE_MAX),
        };
        let (instrument, side, qty, at) = (order.instrument, order.side, order.open, self.now);
        let taker = (self.charge)(&Chargeable { instrument, side, qty, value, taker: true, at });
        let maker = (self.charge)(&Chargeable { instrument, side, qty, value, taker: false, at });
        plus(value, plus(taker.fee, taker.tax).max(plus(maker.fee, maker.tax)))
    }

    /// Reserves what an order that was just put in can use up.
    pub(super) fn reserve(&mut self, number: u64) {
        let Some(order) = self.orders.get(&number) else { return };
        let (side, open, account, instrument) = (order.side, order.open, order.account, order.instrument);
        if side == Side::Buy {
            return self.settle_reservation(number);
        }
        let Some(account) = self.accounts.get_mut(account.0 as usize) else { return };
        let holding = account.holdings.entry(instrument).or_default();
        holding.reserved = Qty::from_raw(holding.reserved.raw() + open.raw());
    }

    /// Brings the cash that a buy order reserves to what it needs now; nothing when it is not open.
    fn settle_reservation(&mut self, number: u64) {
        let Some(order) = self.orders.get(&number).filter(|order| order.side == Side::Buy) else { return };
        let needed = if order.is_open() && (order.open.is_positive() || order.budget.is_some()) {
            self.cost_at_most(order)
        } else {
            Money::ZERO
        };
        let Some(currency) = self.markets.get(&order.instrument).map(|market| market.config.quote) else { return };
        let (was, account) = (order.reserved, order.account);
        if let Some(order) = self.orders.get_mut(&number) {
            order.reserved = needed;
        }
        if let Some(account) = self.accounts.get_mut(account.0 as usize) {
            let cash = account.cash.entry(currency).or_default();
            cash.reserved = plus(less(cash.reserved, was), needed);
        }
    }

    /// Less of an order is open, and less reserved.
    pub(super) fn release(&mut self, number: u64, qty: Qty) {
        self.change_open(number, Qty::from_raw(-qty.raw()));
    }

    /// Undoes [`Exchange::release`].
    pub(super) fn unrelease(&mut self, number: u64, qty: Qty) {
        self.change_open(number, qty);
    }

    fn change_open(&mut self, number: u64, by: Qty) {
        let Some(order) = self.orders.get_mut(&number) else { return };
        order.open = Qty::from_raw(order.open.raw() + by.raw());
        let (side, account, instrument) = (order.side, order.account, order.instrument);
        if side == Side::Buy {
            return self.settle_reservation(number);
        }
        let Some(account) = self.accounts.get_mut(account.0 as usize) else { return };
        let holding = account.holdings.entry(instrument).or_default();
        holding.reserved = Qty::from_raw(holding.reserved.raw() + by.raw());
    }

    /// Ends an order, or a part of it. Gives how much.
    pub(super) fn end(&mut self, number: u64, qty: Option<Qty>, reason: CancelReason) -> Qty {
        let Some(order) = self.orders.get(&number) else { return Qty::ZERO };
        let qty = qty.unwrap_or(order.open);
        let instrument = order.instrument;
        self.release(number, qty);
        let Some(order) = self.orders.get_mut(&number) else { return Qty::ZERO };
        if order.open.is_zero() {
            order.state = OrderState::Cancelled;
            order.budget = None;
            if let Some(market) = self.markets.get_mut(&instrument) {
                market.resting.retain(|resting| resting.number != number);
                market.dirty = true;
            }
        }
        self.settle_reservation(number);
        if let Some(order) = self.orders.get(&number).cloned() {
            self.facts.push_back(Fact::Cancelled { at: self.now, order: Box::new(order), qty, reason });
        }
        qty
    }

    /// Matches an order that was just put in, and lets the rest wait or ends it.
    pub(super) fn work(&mut self, number: u64) {
        let Some(order) = self.orders.get(&number).cloned() else { return };
        let Some(market) = self.markets.get_mut(&order.instrument) else { return };
        // The number that it amends waits no longer, or waits with less.
        if let Some(old) = order.amends.filter(|old| self.orders.get(old).is_none_or(|old| !old.is_open())) {
            market.resting.retain(|resting| resting.number != old);
        }
        if market.phase == TradingPhase::Continuous {
            let fits = order.time_in_force != TimeInForce::Fok || self.reachable(&order) >= order.qty;
            if fits {
                // A market order goes no further than its reservation reaches.
                let bound = (order.side == Side::Buy && order.budget.is_none()).then_some(order.reserve_price);
                self.sweep(order.instrument, order.side, order.limit().or(bound), order.open, Some(number));
            }
        }
        let Some(order) = self.orders.get(&number).filter(|order| order.is_open()).cloned() else { return };
        let auction = self.markets.get(&order.instrument).is_some_and(|market| market.phase == TradingPhase::Auction);
        let at_once = matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
        let price = order.limit().or_else(|| self.rest_price(&order).filter(|_| !auction));
        // Without limits of the day nothing says what a waiting market order may cost.
        let unbounded =
            order.limit().is_none() && self.markets.get(&order.instrument).is_none_or(|market| market.config.limits.is_none());
        if at_once || order.budget.is_some() || unbounded {
            self.end(number, None, CancelReason::NotAtOnce);
            return;
        }
        let Some(market) = self.markets.get_mut(&order.instrument) else { return };
        let ahead = price.map_or(Qty::ZERO, |price| market.level_qty(order.side, price));
        market.resting.push(Resting { number, side: order.side, price, ahead });
        market.dirty = true;
    }

    /// Where the rest of a market order waits: at the last price, but never where it would cross.
    fn rest_price(&self, order: &Order) -> Option<Price> {
        let market = self.markets.get(&order.instrument)?;
        let last = market.last();
        let other = market.best(order.side.opposite());
        Some(match (order.side, other) {
            (Side::Buy, Some(ask)) if last >= ask => market.down(ask).unwrap_or(last),
            (Side::Sell, Some(bid)) if last <= bid => market.up(bid).unwrap_or(last),
            _ => market.bounded(last),
        })
    }

    /// How much an order could take now.
    fn reachable(&self, order: &Order) -> Qty {
        let side = order.side.opposite();
        let Some(market) = self.markets.get(&order.instrument) else { return Qty::ZERO };
        let guard = market.guards();
        let fits = |price: Price| allowed(order.side, order.limit(), price) && guard.holds(price).is_none();
        let public = market.side(side).iter().filter(|level| fits(level.price)).map(|level| level.qty.raw());
        let own = market.resting.iter().filter(|resting| resting.side == side && resting.price.is_some_and(fits));
        let own = own.filter_map(|resting| self.orders.get(&resting.number)).map(|order| order.open.raw());
        Qty::from_raw(public.chain(own).sum())
    }

    /// A public order: takes, and what is left of a quote becomes a level.
    pub(super) fn public_order(&mut self, id: InstrumentId, side: Side, limit: Option<Price>, qty: Qty) {
        let left = self.sweep(id, side, limit, qty, None);
        let Some(market) = self.markets.get_mut(&id) else { return };
        if let Some(price) = limit.filter(|_| market.phase == TradingPhase::Continuous) {
            market.insert(side, price, left);
        }
        market.refill();
    }

    /// Takes up to `want` from the other side, best price first. Gives what is left.
    fn sweep(&mut self, id: InstrumentId, side: Side, limit: Option<Price>, want: Qty, taker: Option<u64>) -> Qty {
        let mut left = want;
        let Some(guard) = self.markets.get(&id).map(Market::guards) else { return left };
        loop {
            let Some(market) = self.markets.get_mut(&id) else { return left };
            let Some(price) = market.best(side.opposite()).filter(|price| allowed(side, limit, *price)) else { break };
            // An order by value takes what its money buys here.
            let by_value = taker.and_then(|taker| self.orders.get(&taker)).and_then(|order| order.budget);
            if let Some(budget) = by_value {
                left = lots_for(budget, price, market.config.lot);
            }
            if !left.is_positive() {
                break;
            }
            if let Some((fixed, moving)) = guard.holds(price) {
                market.phase = TradingPhase::Auction;
                self.facts.push_back(Fact::Guarded { at: self.now, instrument: id, price, fixed, moving });
                break;
            }
            let after = self.take_level(id, side, price, left, taker);
            if after == left {
                break;
            }
            left = after;
        }
        // A market that an account emptied has a book again at the next public event.
        left
    }

    /// Takes up to `want` at one price: accounts' orders when their turn in the queue has come, the public before and after.
    fn take_level(&mut self, id: InstrumentId, side: Side, price: Price, want: Qty, taker: Option<u64>) -> Qty {
        let maker_side = side.opposite();
        let mut left = want;
        let Some(market) = self.markets.get(&id) else { return Qty::ZERO };
        let here = |resting: &&Resting| resting.side == maker_side && resting.price == Some(price);
        let waiting: Vec<u64> = market.resting.iter().filter(here).map(|resting| resting.number).collect();
        for maker in waiting {
            let Some(market) = self.markets.get(&id) else { return left };
            let ahead = market.resting.iter().find(|resting| resting.number == maker).map_or(Qty::ZERO, |resting| resting.ahead);
            let public = ahead.min(left).min(market.level_qty(maker_side, price));
            left = self.trade(id, side, price, public, left, taker, None);
            let open = self.orders.get(&maker).map_or(Qty::ZERO, |order| order.open);
            left = self.trade(id, side, price, open.min(left), left, taker, Some(maker));
            if !left.is_positive() {
                return left;
            }
        }
        let public = self.markets.get(&id).map_or(Qty::ZERO, |market| market.level_qty(maker_side, price)).min(left);
        self.trade(id, side, price, public, left, taker, None)
    }

    /// One trade, between two of public and accounts. Gives what is left.
    #[allow(clippy::too_many_arguments, reason = "each is a party or a term of the trade")]
    fn trade(
        &mut self,
        id: InstrumentId,
        side: Side,
        price: Price,
        qty: Qty,
        left: Qty,
        taker: Option<u64>,
        maker: Option<u64>,
    ) -> Qty {
        if !qty.is_positive() {
            return left;
        }
        let Some(market) = self.markets.get_mut(&id) else { return left };
        if maker.is_none() {
            market.reduce(side.opposite(), price, qty);
            for resting in market.resting.iter_mut().filter(|resting| resting.side != side && resting.price == Some(price)) {
                resting.ahead = Qty::from_raw((resting.ahead.raw() - qty.raw()).max(0));
            }
        }
        market.dirty = true;
        self.print(id, price, qty, Some(side));
        if let Some(maker) = maker {
            self.fill(maker, price, qty, false);
        }
        if let Some(taker) = taker {
            self.fill(taker, price, qty, true);
        }
        Qty::from_raw(left.raw() - qty.raw())
    }

    fn print(&mut self, id: InstrumentId, price: Price, qty: Qty, taker: Option<Side>) {
        let at = self.now;
        let Some(market) = self.markets.get_mut(&id) else { return };
        market.print(price, qty, taker);
        let (ask, bid, day) = (market.best(Side::Sell), market.best(Side::Buy), market.day);
        self.facts.push_back(Fact::Traded(Box::new(Traded { at, instrument: id, price, qty, taker, day, ask, bid })));
    }

    /// Books a fill of an order.
    fn fill(&mut self, number: u64, price: Price, qty: Qty, taker: bool) {
        let (at, fill_number) = (self.now, self.next_fill);
        let Some(order) = self.orders.get_mut(&number) else { return };
        let (account, instrument, side) = (order.account, order.instrument, order.side);
        // Bounded by the order's value, which was checked.
        let value = price.times(qty, Rounding::Floor).unwrap_or(Money::ZERO);
        let charges = (self.charge)(&Chargeable { instrument, side, qty, value, taker, at });
        order.filled = Qty::from_raw(order.filled.raw() + qty.raw());
        order.value = plus(order.value, value);
        let base_fee = Qty::from_raw(order.charges.base_fee.raw() + charges.base_fee.raw());
        order.charges =
            Charges { fee: plus(order.charges.fee, charges.fee), tax: plus(order.charges.tax, charges.tax), base_fee };
        match order.budget {
            Some(budget) => {
                order.budget = Some(less(budget, value));
                order.qty = order.filled;
            }
            None => order.open = Qty::from_raw(order.open.raw() - qty.raw()),
        }
        if order.budget.is_none() && order.open.is_zero() {
            order.state = OrderState::Filled;
        }
        let ended = !order.is_open();
        self.next_fill += 1;
        let holding = self.book_fill(number, qty, value, charges);
        self.settle_reservation(number);
        if let Some(market) = self.markets.get_mut(&instrument).filter(|_| ended) {
            market.resting.retain(|resting| resting.number != number);
        }
        let fill =
            LedgerFill { number: fill_number, at, account, order: number, instrument, side, price, qty, value, charges, taker };
        self.ledger.fills.push(fill.clone());
        if let Some(order) = self.orders.get(&number).cloned() {
            self.facts.push_back(Fact::Filled(Box::new(Filled { fill, order, holding })));
        }
    }

    fn book_fill(&mut self, number: u64, qty: Qty, value: Money, charges: Charges) -> super::Holding {
        let Some(order) = self.orders.get(&number) else { return super::Holding::default() };
        let currency = self.markets.get(&order.instrument).map(|market| market.config.quote).unwrap_or_default();
        let Some(account) = self.accounts.get_mut(order.account.0 as usize) else { return super::Holding::default() };
        let cash = account.cash.entry(currency).or_default();
        let holding = account.holdings.entry(order.instrument).or_default();
        let charged = plus(charges.fee, charges.tax);
        match order.side {
            Side::Buy => {
                cash.total = less(cash.total, plus(value, charged));
                holding.qty = Qty::from_raw(holding.qty.raw() + qty.raw() - charges.base_fee.raw());
                holding.cost = plus(holding.cost, value);
                holding.bought_today = Qty::from_raw(holding.bought_today.raw() + qty.raw());
            }
            Side::Sell => {
                cash.total = plus(cash.total, less(value, charged));
                let cost = cost_of(holding.cost, qty, holding.qty);
                holding.qty = Qty::from_raw(holding.qty.raw() - qty.raw());
                holding.reserved = Qty::from_raw(holding.reserved.raw() - qty.raw());
                holding.cost = less(holding.cost, cost);
                holding.sold_today = Qty::from_raw(holding.sold_today.raw() + qty.raw());
                holding.realised_today = plus(holding.realised_today, less(less(value, cost), charged));
            }
        }
        *holding
    }

    /// Ends an auction: trades at its price what takes part at it, and goes over to `phase`. The public is the other side of
    /// everyone: whoever's limit is at the price or better gets all of it. Gives the price.
    pub fn uncross(&mut self, instrument: InstrumentId, phase: TradingPhase) -> Option<Price> {
        let market = self.markets.get_mut(&instrument)?;
        let (price, public) = market.auction();
        market.phase = phase;
        let takes_part = |resting: &&Resting| resting.price.is_none_or(|limit| allowed(resting.side, Some(limit), price));
        let numbers: Vec<u64> = market.resting.iter().filter(takes_part).map(|resting| resting.number).collect();
        let own: i128 = numbers.iter().filter_map(|number| self.orders.get(number)).map(|order| order.open.raw()).sum();
        self.print(instrument, price, Qty::from_raw(own.saturating_add(public.raw())), None);
        for number in numbers {
            let open = self.orders.get(&number).map_or(Qty::ZERO, |order| order.open);
            self.fill(number, price, open, false);
        }
        let market = self.markets.get_mut(&instrument)?;
        market.rebuild(price);
        // Whoever still waits, waits behind the new public book, and never across it.
        let (asks, bids) = (market.asks.clone(), market.bids.clone());
        for resting in &mut market.resting {
            let levels = if resting.side == Side::Buy { &bids } else { &asks };
            let at = levels.iter().find(|level| Some(level.price) == resting.price);
            resting.ahead = at.map_or(Qty::ZERO, |level| level.qty);
        }
        market.dirty = true;
        Some(price)
    }
}

/// How many lots a budget buys at a price, as a quantity.
fn lots_for(budget: Money, price: Price, lot: Qty) -> Qty {
    let lot = lot.raw().max(1);
    let exact =
        budget.raw().checked_mul(i128::from(crate::market::number::ONE)).and_then(|raw| raw.checked_div(i128::from(price.raw())));
    Qty::from_raw(exact.unwrap_or(0) / lot * lot)
}
