//! Orders of the emulator's accounts: [`Desk`]. A pure state machine: no socket, no clock. It matches against levels that it is
//! given, which are those of the frames that the clients get; the public's book is not changed by what an account takes from it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::config::MarketKind;
use super::super::symbols::SymbolRules;
use super::cash::DeskIncome;
use super::frames;
use super::funds::Funds;
use super::refusal::Refused;
use crate::account::{OrderType, TimeInForce};
use crate::market::{Money, Price, Qty, Rate, Rounding, Side};
use crate::venue::binance::wire::Levels;

/// What a BNB costs, in every quote currency: for fees only.
const BNB_PRICE: i64 = 600;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskStatus {
    /// Waits.
    New,
    /// Some of it filled.
    PartiallyFilled,
    /// All of it filled.
    Filled,
    /// Cancelled.
    Canceled,
    /// What was left was not to wait.
    Expired,
}

impl DeskStatus {
    /// As the venue writes it.
    pub fn name(self) -> &'static str {
        match self {
            DeskStatus::New => "NEW",
            DeskStatus::PartiallyFilled => "PARTIALLY_FILLED",
            DeskStatus::Filled => "FILLED",
            DeskStatus::Canceled => "CANCELED",
            DeskStatus::Expired => "EXPIRED",
        }
    }

    /// Whether it waits.
    pub fn is_open(self) -> bool {
        matches!(self, DeskStatus::New | DeskStatus::PartiallyFilled)
    }
}

/// An order at the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskOrder {
    /// The venue's number.
    pub number: u64,
    /// Whose: the place of the account.
    pub account: usize,
    /// Upper case.
    pub symbol: String,
    /// The owner's name for it.
    pub client_id: String,
    /// Buy or sell.
    pub side: Side,
    /// Priced how.
    pub order_type: OrderType,
    /// For how long.
    pub time_in_force: TimeInForce,
    /// Total.
    pub qty: Qty,
    /// Filled.
    pub filled: Qty,
    /// Value of what is filled.
    pub value: Money,
    /// Where it stands.
    pub status: DeskStatus,
    /// May only shrink a position.
    pub reduce_only: bool,
    /// When it was placed, milliseconds.
    pub placed_ms: i64,
}

impl DeskOrder {
    /// Its limit; 0 for a market order, as the venue writes it.
    pub fn price(&self) -> Price {
        match self.order_type {
            OrderType::Limit(price) => price,
            OrderType::Market => Price::ZERO,
        }
    }

    /// What is not filled.
    pub fn open(&self) -> Qty {
        self.qty.checked_sub(self.filled).unwrap_or_default()
    }
}

/// A fill, as booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskFill {
    /// Number of the trade.
    pub trade: u64,
    /// Number of the order.
    pub order: u64,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// What it cost, and in what.
    pub fee: (Money, String),
    /// Rested.
    pub is_maker: bool,
    /// When, milliseconds.
    pub at_ms: i64,
}

/// What an order is to be.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) symbol: String,
    pub(super) client_id: String,
    pub(super) side: Side,
    pub(super) order_type: OrderType,
    pub(super) time_in_force: TimeInForce,
    pub(super) qty: Qty,
    pub(super) reduce_only: bool,
}

/// What fills cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeskFees {
    /// Of an order that rested.
    pub maker: Rate,
    /// Of one that took.
    pub taker: Rate,
    /// Spot: paid in BNB, and not in what was received.
    pub in_bnb: bool,
}

/// The desk of a market.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) kind: MarketKind,
    pub(super) accounts: Vec<(Funds, DeskFees)>,
    pub(super) orders: BTreeMap<u64, DeskOrder>,
    pub(super) fills: Vec<DeskFill>,
    /// What came and went without a trade.
    pub(super) incomes: Vec<DeskIncome>,
    /// Frames for the accounts' user streams, in order.
    pub(super) outbox: Vec<(usize, Value)>,
    next: u64,
}

impl Desk {
    pub(super) fn new(kind: MarketKind, accounts: Vec<(Funds, DeskFees)>) -> Self {
        Desk { kind, accounts, orders: BTreeMap::new(), fills: Vec::new(), incomes: Vec::new(), outbox: Vec::new(), next: 1_000 }
    }

    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// An order of an account, by the venue's number or by name: an open one first, then the youngest.
    pub(super) fn find(&self, account: usize, symbol: &str, number: Option<u64>, name: Option<&str>) -> Option<u64> {
        let here = |order: &&DeskOrder| order.account == account && order.symbol == symbol;
        if let Some(number) = number {
            return self.orders.get(&number).filter(here).map(|order| order.number);
        }
        let named = |order: &&DeskOrder| Some(order.client_id.as_str()) == name;
        let mut found: Vec<&DeskOrder> = self.orders.values().filter(here).filter(named).collect();
        found.sort_by_key(|order| (order.status.is_open(), order.number));
        found.last().map(|order| order.number)
    }

    /// Places an order and matches it against `levels`.
    pub(super) fn place(&mut self, account: usize, asked: Asked, levels: &Levels, now_ms: i64) -> Result<u64, Refused> {
        let rules = SymbolRules::of(self.kind, &asked.symbol);
        self.check(account, &asked, &rules, levels)?;
        let number = self.number();
        let order = DeskOrder {
            number,
            account,
            symbol: asked.symbol,
            client_id: asked.client_id,
            side: asked.side,
            order_type: asked.order_type,
            time_in_force: asked.time_in_force,
            qty: asked.qty,
            filled: Qty::ZERO,
            value: Money::ZERO,
            status: DeskStatus::New,
            reduce_only: asked.reduce_only,
            placed_ms: now_ms,
        };
        self.lock(&order, order.qty, 1).ok_or(Refused::BALANCE)?;
        self.tell(&order, "NEW", None, now_ms);
        self.orders.insert(number, order);
        self.take(number, levels, now_ms);
        self.end_what_may_not_wait(number, now_ms);
        self.tell_account(account, "ORDER", now_ms);
        Ok(number)
    }

    fn check(&self, account: usize, asked: &Asked, rules: &SymbolRules, levels: &Levels) -> Result<(), Refused> {
        let is_spot = self.kind == MarketKind::Spot;
        let off_step = asked.qty.raw() % i128::from(rules.step) != 0 || !asked.qty.is_positive();
        if off_step {
            return Err(if is_spot {
                Refused::filter("LOT_SIZE")
            } else {
                Refused::new(-4023, "Qty not increased by step size.")
            });
        }
        if let OrderType::Limit(price) = asked.order_type {
            if price.raw() % rules.tick != 0 || !price.is_positive() {
                let futures = Refused::new(-4014, "Price not increased by tick size.");
                return Err(if is_spot { Refused::filter("PRICE_FILTER") } else { futures });
            }
            let value = price.times(asked.qty, Rounding::Floor).ok_or(Refused::BALANCE)?;
            if value.raw() < i128::from(rules.min_notional) && !asked.reduce_only {
                let futures = Refused::new(-4164, "Order's notional must be no smaller than 5 (unless you choose reduce only).");
                return Err(if is_spot { Refused::filter("NOTIONAL") } else { futures });
            }
        }
        if asked.client_id.len() > 36 {
            return Err(Refused::new(-4015, "Client order id is not valid."));
        }
        let twice = self
            .orders
            .values()
            .any(|order| order.account == account && order.client_id == asked.client_id && order.status.is_open());
        if twice {
            let futures = Refused::new(-4116, "ClientOrderId is duplicated.");
            return Err(if is_spot { Refused::new(-2010, "Duplicate order sent.") } else { futures });
        }
        let takes = crossing(asked.side, asked.order_type, levels).next().is_some();
        if asked.time_in_force == TimeInForce::PostOnly && takes {
            let futures =
                Refused::new(-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.");
            return Err(if is_spot { Refused::new(-2010, "Order would immediately match and take.") } else { futures });
        }
        if !is_spot && asked.reduce_only {
            let held = self.accounts[account].0.position(&asked.symbol).qty;
            let shrinks = if asked.side == Side::Sell { held.is_positive() } else { held.is_negative() };
            if !shrinks || asked.qty > held.abs() {
                return Err(Refused::new(-2022, "ReduceOnly Order is rejected."));
            }
        }
        self.check_funds(account, asked, rules, levels)
    }

    fn check_funds(&self, account: usize, asked: &Asked, rules: &SymbolRules, levels: &Levels) -> Result<(), Refused> {
        let funds = &self.accounts[account].0;
        let price = match asked.order_type {
            OrderType::Limit(price) => price,
            // The worst level it can reach.
            OrderType::Market => crossing(asked.side, asked.order_type, levels).last().map_or(Price::ZERO, |level| level.0),
        };
        let value = price.times(asked.qty, Rounding::Ceiling).ok_or(Refused::BALANCE)?;
        match (self.kind, asked.side) {
            (MarketKind::Spot, Side::Buy) if value > funds.free(&rules.quote) => Err(Refused::BALANCE),
            (MarketKind::Spot, Side::Sell) if asked.qty.raw() > funds.free(&rules.base).raw() => Err(Refused::BALANCE),
            // Twenty times the wallet is what the smallest tier of leverage allows.
            (MarketKind::UsdM, _) if !asked.reduce_only && value.raw() / 20 > funds.total(&rules.quote).raw() => {
                Err(Refused::new(-2019, "Margin is insufficient."))
            }
            _ => Ok(()),
        }
    }

    /// Locks what `qty` of an order's open rest may cost; `sign` −1 releases it. Parts add up to the whole, to the unit. Market
    /// orders lock nothing: they are over at once.
    fn lock(&mut self, order: &DeskOrder, qty: Qty, sign: i128) -> Option<()> {
        let OrderType::Limit(price) = order.order_type else { return Some(()) };
        if self.kind != MarketKind::Spot {
            return Some(());
        }
        let rules = SymbolRules::of(self.kind, &order.symbol);
        let (asset, amount) = match order.side {
            Side::Buy => {
                let after = price.times(order.open().checked_sub(qty)?, Rounding::Floor)?;
                (rules.quote, price.times(order.open(), Rounding::Floor)?.checked_sub(after)?)
            }
            Side::Sell => (rules.base, Money::from_raw(qty.raw())),
        };
        self.accounts[order.account].0.lock(&asset, Money::from_raw(amount.raw().checked_mul(sign)?))
    }

    /// Trades against levels on the other side, best first.
    fn take(&mut self, number: u64, levels: &Levels, now_ms: i64) {
        let Some(order) = self.orders.get(&number).cloned() else { return };
        let available: i128 = crossing(order.side, order.order_type, levels).map(|level| level.1.raw()).sum();
        if order.time_in_force == TimeInForce::Fok && available < order.qty.raw() {
            return;
        }
        let crossed: Vec<(Price, Qty)> = crossing(order.side, order.order_type, levels).collect();
        for (price, qty) in crossed {
            let Some(open) = self.orders.get(&number).map(DeskOrder::open).filter(|open| open.is_positive()) else { return };
            self.fill(number, price, qty.min(open), false, now_ms);
        }
    }

    fn end_what_may_not_wait(&mut self, number: u64, now_ms: i64) {
        let Some(order) = self.orders.get(&number) else { return };
        let waits = matches!(order.order_type, OrderType::Limit(_))
            && matches!(order.time_in_force, TimeInForce::Gtc | TimeInForce::PostOnly);
        if !waits && order.status.is_open() {
            self.end(number, DeskStatus::Expired, "EXPIRED", now_ms);
        }
    }

    /// Ends an order; what it locked is released.
    fn end(&mut self, number: u64, status: DeskStatus, execution: &str, now_ms: i64) {
        let Some(order) = self.orders.get(&number).cloned() else { return };
        self.lock(&order, order.open(), -1);
        let order = DeskOrder { status, ..order };
        self.tell(&order, execution, None, now_ms);
        self.orders.insert(number, order);
    }

    /// A trade of an order: books it and tells it.
    pub(super) fn fill(&mut self, number: u64, price: Price, qty: Qty, is_maker: bool, now_ms: i64) -> Option<()> {
        let order = self.orders.get(&number)?.clone();
        let qty = qty.min(order.open());
        if !order.status.is_open() || !qty.is_positive() {
            return None;
        }
        let rules = SymbolRules::of(self.kind, &order.symbol);
        let value = price.times(qty, Rounding::HalfEven)?;
        self.lock(&order, qty, -1)?;
        let fees = self.accounts[order.account].1;
        let rate = if is_maker { fees.maker } else { fees.taker };
        let base_value = Money::from_raw(qty.raw());
        let fee = match (self.kind, order.side) {
            (MarketKind::Spot, _) if fees.in_bnb => {
                (Money::from_raw(value.share(rate, Rounding::Floor)?.raw() / i128::from(BNB_PRICE)), "BNB".to_owned())
            }
            (MarketKind::Spot, Side::Buy) => (base_value.share(rate, Rounding::Floor)?, rules.base.clone()),
            _ => (value.share(rate, Rounding::Floor)?, rules.quote.clone()),
        };
        let less = |amount: Money| Money::ZERO.checked_sub(amount);
        let funds = &mut self.accounts[order.account].0;
        match (self.kind, order.side) {
            (MarketKind::Spot, Side::Buy) => {
                funds.add(&rules.quote, less(value)?)?;
                funds.add(&rules.base, base_value)?;
            }
            (MarketKind::Spot, Side::Sell) => {
                funds.add(&rules.quote, value)?;
                funds.add(&rules.base, less(base_value)?)?;
            }
            (MarketKind::UsdM, side) => funds.trade(&order.symbol, &rules.quote, side, price, qty)?,
        }
        funds.pay_fee(&fee.1, fee.0)?;
        let trade = self.number();
        let fill = DeskFill { trade, order: number, price, qty, fee, is_maker, at_ms: now_ms };
        let filled = order.filled.checked_add(qty)?;
        let status = if filled == order.qty { DeskStatus::Filled } else { DeskStatus::PartiallyFilled };
        let order = DeskOrder { filled, value: order.value.checked_add(value)?, status, ..order };
        self.tell(&order, "TRADE", Some(&fill), now_ms);
        self.fills.push(fill);
        self.orders.insert(number, order);
        Some(())
    }

    /// The market of a symbol has moved: resting orders that it reaches trade at their limit.
    pub(super) fn on_book(&mut self, symbol: &str, levels: &Levels, now_ms: i64) {
        let resting: Vec<u64> = self
            .orders
            .values()
            .filter(|order| order.symbol == symbol && order.status.is_open())
            .map(|order| order.number)
            .collect();
        for number in resting {
            let Some(order) = self.orders.get(&number) else { continue };
            let (price, account, open) = (order.price(), order.account, order.open());
            let reached: i128 = crossing(order.side, order.order_type, levels).map(|level| level.1.raw()).sum();
            if reached > 0 && self.fill(number, price, Qty::from_raw(reached).min(open), true, now_ms).is_some() {
                self.tell_account(account, "ORDER", now_ms);
            }
        }
    }

    /// Cancels an open order.
    pub(super) fn cancel(&mut self, number: u64, now_ms: i64) -> Result<(), Refused> {
        let order = self.orders.get(&number).filter(|order| order.status.is_open()).ok_or(Refused::UNKNOWN_CANCEL)?;
        let account = order.account;
        self.end(number, DeskStatus::Canceled, "CANCELED", now_ms);
        self.tell_account(account, "ORDER", now_ms);
        Ok(())
    }

    /// Changes price and total quantity of an open order (futures).
    pub(super) fn modify(&mut self, number: u64, price: Price, qty: Qty, levels: &Levels, now_ms: i64) -> Result<(), Refused> {
        let order = self.orders.get(&number).filter(|order| order.status.is_open()).ok_or(Refused::UNKNOWN_ORDER)?.clone();
        let rules = SymbolRules::of(self.kind, &order.symbol);
        if price.raw() % rules.tick != 0 || !price.is_positive() {
            return Err(Refused::new(-4014, "Price not increased by tick size."));
        }
        if qty.raw() % i128::from(rules.step) != 0 || !qty.is_positive() {
            return Err(Refused::new(-4023, "Qty not increased by step size."));
        }
        if order.price() == price && order.qty == qty {
            return Err(Refused::new(-5027, "No need to modify the order."));
        }
        if qty <= order.filled {
            self.end(number, DeskStatus::Canceled, "CANCELED", now_ms);
            return Ok(());
        }
        let order = DeskOrder { order_type: OrderType::Limit(price), qty, ..order };
        self.tell(&order, "AMENDMENT", None, now_ms);
        let account = order.account;
        self.orders.insert(number, order);
        self.take(number, levels, now_ms);
        self.tell_account(account, "ORDER", now_ms);
        Ok(())
    }

    fn tell(&mut self, order: &DeskOrder, execution: &str, fill: Option<&DeskFill>, now_ms: i64) {
        let cancel = (execution == "CANCELED").then(|| self.number());
        let frame = frames::order(self.kind, order, execution, fill, cancel, now_ms);
        self.outbox.push((order.account, frame));
    }

    pub(super) fn tell_account(&mut self, account: usize, reason: &str, now_ms: i64) {
        let frame = frames::account(self.kind, &self.accounts[account].0, reason, now_ms);
        self.outbox.push((account, frame));
    }
}

/// Levels that an order may take, best first.
fn crossing(side: Side, order_type: OrderType, levels: &Levels) -> impl Iterator<Item = (Price, Qty)> + '_ {
    let rows = if side == Side::Buy { &levels.asks } else { &levels.bids };
    rows.iter().copied().take_while(move |level| match (order_type, side) {
        (OrderType::Market, _) => true,
        (OrderType::Limit(limit), Side::Buy) => level.0 <= limit,
        (OrderType::Limit(limit), Side::Sell) => level.0 >= limit,
    })
}
