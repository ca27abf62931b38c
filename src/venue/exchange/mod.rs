//! A small exchange for the emulators of all venues: accounts, orders, and matching against a seeded public book. A pure state
//! machine: no socket, no clock, no float.
//!
//! ```text
//!   place, amend, cancel ─┐                      ┌─► facts: accepted, filled, cancelled, amended, traded, book changed
//!   step(now) ────────────┼─► matching ──────────┤        (a venue's emulator makes its frames of them)
//!   set_phase, uncross ───┘   one book: accounts' └─► ledger: every fill, fee and tax, exactly
//!                             orders and the public's
//! ```
//!
//! A venue's emulator owns its session rules, its error codes and their order, its ids and its wire format. The exchange owns
//! numbers: what trades, what it costs, who has what. Spot only: nothing is borrowed and nothing is sold that is not held.
//!
//! ```
//! use jangbu::account::{OrderType, TimeInForce};
//! use jangbu::market::{InstrumentId, Money, Price, Qty, Side, TickTable};
//! use jangbu::venue::exchange::{AccountId, Charges, Exchange, Fact, MarketConfig, NewOrder, Size, TradingPhase};
//! use jangbu_journal::Nanos;
//!
//! let (krw, id) = ("KRW".parse().unwrap(), InstrumentId(0));
//! let mut exchange = Exchange::new(7, Nanos::new(0), Box::new(|_| Charges::default()));
//! exchange.add_market(MarketConfig {
//!     instrument: id, quote: krw, ticks: TickTable::flat("100".parse().unwrap()), lot: "1".parse().unwrap(),
//!     start: "75000".parse().unwrap(),
//!     limits: None, level_lots: (10, 100), trade_lots: (1, 50), interval_ns: 1_000_000_000, wander_ticks: 2,
//! });
//! exchange.set_phase(id, TradingPhase::Continuous);
//! let account = exchange.add_account();
//! exchange.deposit(account, krw, "10000000".parse().unwrap()).unwrap();
//! let order = NewOrder {
//!     account, instrument: id, side: Side::Buy, order_type: OrderType::Market, time_in_force: TimeInForce::Ioc,
//!     size: Size::Base("3".parse().unwrap()), client_id: None,
//! };
//! let number = exchange.place(order).unwrap();
//! let facts = exchange.take_facts();
//! assert!(matches!(facts[0], Fact::Accepted(_)) && facts.iter().any(|fact| matches!(fact, Fact::Filled(_))));
//! assert_eq!(exchange.order(number).unwrap().filled, "3".parse::<Qty>().unwrap());
//! exchange.step(Nanos::new(60_000_000_000)); // a minute of trading
//! exchange.verify().unwrap();
//! ```

mod account;
mod commands;
mod market;
mod matching;
mod order;
mod script;
#[cfg(test)]
mod tests;

pub use account::{Account, Cash, Holding, Ledger, LedgerFill};
pub use market::{Around, DEPTH, DayStats, MarketConfig, ONE_UNIT, TradingPhase};
pub use order::{
    AccountId, CancelReason, ChargeRule, Chargeable, Charges, Fact, Filled, NewOrder, Order, OrderState, Reject, Size, Traded,
};

use std::collections::{BTreeMap, VecDeque};

use jangbu_journal::Nanos;

use crate::market::number::ONE;
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Side};
use account::{less, plus};
use market::{Market, PublicMove, Resting};

/// Largest value of an order and of a deposit, and largest quantity: 10^16 units. Sums of them fit the numbers' 10^30 with room.
pub const VALUE_MAX: Money = Money::from_raw(10_i128.pow(16) * ONE as i128);

/// The exchange. See the module.
pub struct Exchange {
    seed: u64,
    now: Nanos,
    charge: ChargeRule,
    accounts: Vec<Account>,
    markets: BTreeMap<InstrumentId, Market>,
    orders: BTreeMap<u64, Order>,
    /// Orders of days before.
    past: Vec<Order>,
    next_order: u64,
    next_fill: u64,
    facts: VecDeque<Fact>,
    ledger: Ledger,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (accounts, markets, orders) = (self.accounts.len(), self.markets.len(), self.orders.len());
        write!(f, "Exchange {{ now: {}, accounts: {accounts}, markets: {markets}, orders: {orders} }}", self.now)
    }
}

impl Exchange {
    /// An exchange without markets and accounts; `charge` says what fills cost.
    pub fn new(seed: u64, now: Nanos, charge: ChargeRule) -> Self {
        Exchange {
            seed,
            now,
            charge,
            accounts: Vec::new(),
            markets: BTreeMap::new(),
            orders: BTreeMap::new(),
            past: Vec::new(),
            next_order: 1,
            next_fill: 1,
            facts: VecDeque::new(),
            ledger: Ledger::default(),
        }
    }

    /// A market more, closed; one of the same number is replaced.
    pub fn add_market(&mut self, config: MarketConfig) {
        self.markets.insert(config.instrument, Market::new(config, self.seed, self.now));
    }

    /// An account more, empty.
    pub fn add_account(&mut self) -> AccountId {
        self.accounts.push(Account::default());
        AccountId(u32::try_from(self.accounts.len() - 1).unwrap_or(u32::MAX))
    }

    /// Puts cash in.
    ///
    /// # Errors
    /// No such account; not positive, or above [`VALUE_MAX`].
    pub fn deposit(&mut self, account: AccountId, currency: Currency, amount: Money) -> Result<(), Reject> {
        if !amount.is_positive() || amount > VALUE_MAX {
            return Err(Reject::TooLarge);
        }
        let cash = self.account_mut(account)?.cash.entry(currency).or_default();
        cash.total = plus(cash.total, amount);
        self.ledger.deposits.push((account, currency, amount));
        Ok(())
    }

    /// Takes cash out.
    ///
    /// # Errors
    /// No such account; not positive, or more than is free.
    pub fn withdraw(&mut self, account: AccountId, currency: Currency, amount: Money) -> Result<(), Reject> {
        let cash = self.account_mut(account)?.cash.entry(currency).or_default();
        if !amount.is_positive() || amount > cash.free() {
            return Err(Reject::TooLarge);
        }
        cash.total = less(cash.total, amount);
        self.ledger.deposits.push((account, currency, less(Money::ZERO, amount)));
        Ok(())
    }

    /// Takes holdings out, at their share of the cost.
    ///
    /// # Errors
    /// No such account; a quantity that is not positive, or more than is free.
    pub fn take_out(&mut self, account: AccountId, instrument: InstrumentId, qty: Qty) -> Result<(), Reject> {
        let holding = self.account_mut(account)?.holdings.entry(instrument).or_default();
        if !qty.is_positive() || qty > holding.free() {
            return Err(Reject::BadQty);
        }
        let cost = account::cost_of(holding.cost, qty, holding.qty);
        holding.qty = Qty::from_raw(holding.qty.raw() - qty.raw());
        holding.cost = less(holding.cost, cost);
        self.ledger.transfers.push((account, instrument, Qty::from_raw(-qty.raw()), less(Money::ZERO, cost)));
        Ok(())
    }

    /// Puts holdings in, which cost `cost`.
    ///
    /// # Errors
    /// No such account; a quantity that is not positive; too large.
    pub fn transfer(&mut self, account: AccountId, instrument: InstrumentId, qty: Qty, cost: Money) -> Result<(), Reject> {
        if !qty.is_positive() || cost.is_negative() {
            return Err(Reject::BadQty);
        }
        if qty.raw() > VALUE_MAX.raw() || cost > VALUE_MAX {
            return Err(Reject::TooLarge);
        }
        let holding = self.account_mut(account)?.holdings.entry(instrument).or_default();
        holding.qty = Qty::from_raw(holding.qty.raw() + qty.raw());
        holding.cost = plus(holding.cost, cost);
        self.ledger.transfers.push((account, instrument, qty, cost));
        Ok(())
    }

    fn account_mut(&mut self, account: AccountId) -> Result<&mut Account, Reject> {
        self.accounts.get_mut(account.0 as usize).ok_or(Reject::UnknownAccount)
    }

    /// Trades on until `now`: everything the public does by then. Time never goes back.
    pub fn step(&mut self, now: Nanos) {
        while let Some((at, id)) = self.markets.values().map(|market| (market.next_at, market.config.instrument)).min() {
            if at > now {
                break;
            }
            self.now = self.now.max(at);
            self.public_event(id);
        }
        self.now = self.now.max(now);
    }

    fn public_event(&mut self, id: InstrumentId) {
        let Some(market) = self.markets.get_mut(&id) else { return };
        let at = market.next_at;
        market.schedule(at);
        if market.phase != TradingPhase::Continuous {
            return;
        }
        match market.next_move() {
            PublicMove::Done => {}
            PublicMove::Take(side, qty) => self.public_order(id, side, None, qty),
            PublicMove::Quote(side, price, qty) => self.public_order(id, side, Some(price), qty),
        }
    }

    /// The phase of a market; `None` when there is no such market.
    pub fn phase(&self, instrument: InstrumentId) -> Option<TradingPhase> {
        self.markets.get(&instrument).map(|market| market.phase)
    }

    /// Goes over to a phase. Orders stay; end them with [`Exchange::expire`]. Into continuous trading from an auction, go by
    /// [`Exchange::uncross`].
    pub fn set_phase(&mut self, instrument: InstrumentId, phase: TradingPhase) {
        let Some(market) = self.markets.get_mut(&instrument) else { return };
        let was = std::mem::replace(&mut market.phase, phase);
        if phase == TradingPhase::Continuous && was == TradingPhase::Auction {
            self.uncross(instrument, phase);
        }
    }

    /// Holds back trades at or beyond these prices, down and up: the first that would happen makes the market go over to an
    /// auction and tells [`Fact::Guarded`]. `None`: none is held back.
    pub fn set_guard(&mut self, instrument: InstrumentId, guard: Option<(Price, Price)>) {
        if let Some(market) = self.markets.get_mut(&instrument) {
            market.guard = guard;
        }
    }

    /// The same at or beyond bounds that go along: around the last trade before each order.
    pub fn set_moving_guard(&mut self, instrument: InstrumentId, around: Option<Around>) {
        if let Some(market) = self.markets.get_mut(&instrument) {
            market.moving_guard = around;
        }
    }

    /// A script: the public that quoted nearer than `price` has left, and somebody takes one lot there, as a buyer or as a seller.
    pub fn leap(&mut self, instrument: InstrumentId, side: Side, price: Price) {
        let Some(market) = self.markets.get_mut(&instrument) else { return };
        let lot = market.config.lot;
        market.side_mut(side.opposite()).clear();
        market.insert(side.opposite(), price, lot);
        self.public_order(instrument, side, None, lot);
    }

    /// Limits of the day, lowest and highest.
    pub fn set_limits(&mut self, instrument: InstrumentId, limits: Option<(Price, Price)>) {
        if let Some(market) = self.markets.get_mut(&instrument) {
            market.config.limits = limits;
        }
    }

    /// Where the public wants the price to go: a script of a test, or a trend.
    pub fn set_anchor(&mut self, instrument: InstrumentId, price: Price) {
        if let Some(market) = self.markets.get_mut(&instrument) {
            market.anchor = market.bounded(price);
        }
    }

    /// Price and quantity that an auction would give now, and its anchor moves as in one.
    pub fn expected(&mut self, instrument: InstrumentId) -> Option<(Price, Qty)> {
        self.markets.get_mut(&instrument).map(Market::auction)
    }

    /// Ends open orders of an instrument that `which` says, as expired. Their reservations are released.
    pub fn expire(&mut self, instrument: InstrumentId, which: impl Fn(&Order) -> bool) {
        let open = |order: &&Order| order.instrument == instrument && order.is_open() && which(order);
        let numbers: Vec<u64> = self.orders.values().filter(open).map(|order| order.number).collect();
        for number in numbers {
            self.end(number, None, CancelReason::Expired);
        }
    }

    /// A new day: open orders expire, numbers begin at `first_order` again, days' sums are emptied, and every market begins
    /// where it ended. Accounts stay.
    pub fn begin_day(&mut self, first_order: u64) {
        let ids: Vec<InstrumentId> = self.markets.keys().copied().collect();
        for id in ids {
            self.expire(id, |_| true);
            let Some(market) = self.markets.get_mut(&id) else { continue };
            market.config.start = market.last();
            market.day = DayStats::default();
            (market.guard, market.moving_guard) = (None, None);
            market.phase = TradingPhase::Closed;
        }
        self.past.extend(std::mem::take(&mut self.orders).into_values());
        self.next_order = first_order.max(1);
        for account in &mut self.accounts {
            for holding in account.holdings.values_mut() {
                (holding.bought_today, holding.sold_today) = (Qty::ZERO, Qty::ZERO);
                holding.realised_today = Money::ZERO;
            }
        }
    }

    /// What happened since it was last asked, in order.
    pub fn take_facts(&mut self) -> Vec<Fact> {
        for market in self.markets.values_mut().filter(|market| market.dirty) {
            market.dirty = false;
            self.facts.push_back(Fact::BookChanged(market.config.instrument));
        }
        self.facts.drain(..).collect()
    }

    /// The time it has come to.
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// An account.
    pub fn account(&self, account: AccountId) -> Option<&Account> {
        self.accounts.get(account.0 as usize)
    }

    /// An order of today.
    pub fn order(&self, number: u64) -> Option<&Order> {
        self.orders.get(&number)
    }

    /// The orders of today, by number.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// Orders of days before, in the order they had.
    pub fn past_orders(&self) -> &[Order] {
        &self.past
    }

    /// Everything that was booked.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What the day of a market has come to.
    pub fn day(&self, instrument: InstrumentId) -> Option<DayStats> {
        self.markets.get(&instrument).map(|market| market.day)
    }

    /// Last price; before the first trade, where the market began.
    pub fn last(&self, instrument: InstrumentId) -> Option<Price> {
        self.markets.get(&instrument).map(Market::last)
    }

    /// Best price of a side.
    pub fn best(&self, instrument: InstrumentId, side: Side) -> Option<Price> {
        self.markets.get(&instrument).and_then(|market| market.best(side))
    }

    /// A side of the book, best first, at most [`DEPTH`] levels: the public's and the accounts' orders together.
    pub fn book(&self, instrument: InstrumentId, side: Side) -> Vec<(Price, Qty)> {
        let Some(market) = self.markets.get(&instrument) else { return Vec::new() };
        let mut levels: BTreeMap<Price, i128> = market.side(side).iter().map(|level| (level.price, level.qty.raw())).collect();
        for Resting { number, price, .. } in market.resting.iter().filter(|resting| resting.side == side) {
            let (Some(price), Some(order)) = (price, self.orders.get(number)) else { continue };
            *levels.entry(*price).or_default() += order.open.raw();
        }
        let level = |(price, raw): (Price, i128)| (price, Qty::from_raw(raw));
        match side {
            Side::Buy => levels.into_iter().rev().take(DEPTH).map(level).collect(),
            Side::Sell => levels.into_iter().take(DEPTH).map(level).collect(),
        }
    }

    /// Checks that nothing was made or lost: cash and holdings are what the ledger's entries add up to, and reservations are
    /// those of the open orders.
    ///
    /// # Errors
    /// What does not add up.
    pub fn verify(&self) -> Result<(), String> {
        let quote_of = |id: InstrumentId| self.markets.get(&id).map(|market| market.config.quote).unwrap_or_default();
        for (index, account) in self.accounts.iter().enumerate() {
            let id = AccountId(u32::try_from(index).unwrap_or(u32::MAX));
            let (cash, holdings) = self.ledger.recount(id, quote_of);
            for (currency, held) in &account.cash {
                let booked = cash.get(currency).copied().unwrap_or_default();
                if booked != held.total {
                    return Err(format!("account {index}: {} {currency}, booked {booked}", held.total));
                }
                let own = self.orders.values().filter(|order| order.account == id && quote_of(order.instrument) == *currency);
                let reserved = own.fold(Money::ZERO, |sum, order| plus(sum, order.reserved));
                if reserved != held.reserved || less(held.total, held.reserved).is_negative() {
                    return Err(format!(
                        "account {index}: {} of {} {currency} reserved, orders say {reserved}",
                        held.reserved, held.total
                    ));
                }
            }
            for (instrument, held) in &account.holdings {
                let booked = holdings.get(instrument).copied().unwrap_or_default();
                let selling = |order: &&Order| order.account == id && order.instrument == *instrument && order.side == Side::Sell;
                let reserved: i128 =
                    self.orders.values().filter(selling).filter(|order| order.is_open()).map(|order| order.open.raw()).sum();
                if booked != held.qty || reserved != held.reserved.raw() || held.free().is_negative() || held.cost.is_negative() {
                    return Err(format!("account {index}: {held:?} of {instrument}, booked {booked}, orders reserve {reserved}"));
                }
            }
        }
        Ok(())
    }
}
