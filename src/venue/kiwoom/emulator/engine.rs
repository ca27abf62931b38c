//! The broker's state: exchange, stocks, account, connections; and what happens when time goes on. No socket in it.

use std::collections::{BTreeMap, BTreeSet};

use jangbu_journal::Nanos;
use tokio::sync::mpsc;

use super::access::{Buckets, Tokens};
use super::config::KiwoomEmulatorConfig;
use super::frames::{self, Best, Happened, Meta, Report};
use super::stats::KiwoomStats;
use super::stocks::{Active, Stock};
use super::write::{Fields, amount, krw, quantity, shares, whole};
use crate::market::{Currency, Money, Side};
use crate::venue::exchange::{
    AccountId, CancelReason, Chargeable, Charges, Exchange, Fact, Filled, MarketConfig, ONE_UNIT, Order, TradingPhase,
};
use crate::venue::faults::Faults;
use crate::venue::kiwoom::rules::costs::fees;
use crate::venue::kiwoom::time::{Date, TimeOfDay};
use crate::venue::kiwoom::wire::symbol;
use crate::venue::random::SplitMix64;

/// What a connection is to send.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// An answer, PING, SYSTEM: no fault touches it.
    Control(String),
    /// A REAL frame.
    Real(String),
    /// Nothing more: close it.
    End,
}

/// A WebSocket connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) queue: mpsc::Sender<Outgoing>,
    pub(super) logged_in: bool,
    /// Types and items, by group.
    pub(super) groups: BTreeMap<String, BTreeSet<(String, String)>>,
    /// CNSRLST was asked for.
    pub(super) listed: bool,
    pub(super) watched: BTreeSet<u32>,
}

/// A condition search: what meets it now.
#[derive(Debug)]
pub(super) struct ConditionState {
    pub(super) name: String,
    pub(super) members: BTreeSet<usize>,
}

/// What is to happen at a time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    BeginDay(Date),
    Phase(super::day::Step),
    EndInterruption(usize),
    Conditions,
}

pub(super) struct Engine {
    pub(super) config: KiwoomEmulatorConfig,
    pub(super) exchange: Exchange,
    pub(super) account: AccountId,
    pub(super) stocks: Vec<Stock>,
    pub(super) by_code: BTreeMap<String, usize>,
    pub(super) meta: BTreeMap<u64, Meta>,
    pub(super) tokens: Tokens,
    pub(super) buckets: Buckets,
    pub(super) conditions: Vec<ConditionState>,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) date: Date,
    /// Deposit at the beginning of the day.
    pub(super) deposit: Money,
    /// FID 290: 1 before the hours, 2 regular, 3 after them.
    pub(super) session: &'static str,
    pub(super) faults: Faults,
    pub(super) random: SplitMix64,
    pub(super) stats: KiwoomStats,
    /// The number of the cancellation that is being made.
    pub(super) cancelling: Option<u64>,
    agenda: BTreeMap<(Nanos, u64), Task>,
    next_task: u64,
    next_connection: u64,
}

/// The currency of the account.
pub(super) fn won() -> Currency {
    "KRW".parse().unwrap_or_default()
}

impl Engine {
    pub(super) fn new(config: KiwoomEmulatorConfig, days: impl Iterator<Item = Date>) -> Self {
        let (date, mock) = (config.date, config.mock);
        let stocks: Vec<Stock> = (0..config.symbols).map(|index| Stock::new(index, config.seed, date)).collect();
        let boards: Vec<_> = stocks.iter().map(|stock| stock.board).collect();
        let charge = move |of: &Chargeable| {
            let board = boards.get(of.instrument.index()).copied().unwrap_or(crate::venue::kiwoom::rules::Board::Kospi);
            charges(board, mock, of)
        };
        let begin = date.moment(config.begin);
        let mut exchange = Exchange::new(config.seed, begin, Box::new(charge));
        for stock in &stocks {
            exchange.add_market(MarketConfig {
                instrument: stock.id,
                quote: won(),
                ticks: stock.ticks.clone(),
                lot: ONE_UNIT,
                start: krw(stock.base),
                limits: Some((krw(stock.lower), krw(stock.upper))),
                level_lots: (50, 3_000),
                trade_lots: (1, 400),
                interval_ns: config.interval_ns(),
                wander_ticks: config.wander_ticks,
            });
        }
        let account = exchange.add_account();
        let by_code: BTreeMap<String, usize> = stocks.iter().enumerate().map(|(at, stock)| (stock.code.clone(), at)).collect();
        // The configuration was checked; nothing at all is no deposit.
        let _ = exchange.deposit(account, won(), amount(config.cash));
        for (code, qty, cost) in &config.holdings {
            if let Some(at) = by_code.get(code) {
                let _ = exchange.transfer(account, stocks[*at].id, quantity(*qty), amount(*cost));
            }
        }
        let names = ["급등 돌파", "거래량 상위", "눌림목"];
        let conditions = names.map(|name| ConditionState { name: name.into(), members: BTreeSet::new() }).into();
        let mut engine = Engine {
            account,
            by_code,
            meta: BTreeMap::new(),
            tokens: Tokens::new(config.seed, config.token_life_s),
            buckets: Buckets::new(config.strict),
            conditions,
            connections: BTreeMap::new(),
            date,
            deposit: amount(config.cash),
            session: "1",
            faults: Faults::new(config.faults.clone()),
            random: SplitMix64::new(config.seed ^ 0x6b69_776f_6f6d),
            stats: KiwoomStats::default(),
            cancelling: None,
            agenda: BTreeMap::new(),
            next_task: 0,
            next_connection: 1,
            exchange,
            stocks,
            config,
        };
        for day in days {
            engine.at(day.moment(engine.config.begin), Task::BeginDay(day));
        }
        engine.advance(begin);
        engine
    }

    /// The virtual time.
    pub(super) fn now(&self) -> Nanos {
        self.exchange.now()
    }

    pub(super) fn time(&self) -> TimeOfDay {
        TimeOfDay::at(self.now())
    }

    /// Something is to happen at a time.
    pub(super) fn at(&mut self, moment: Nanos, task: Task) {
        self.next_task += 1;
        self.agenda.insert((moment, self.next_task), task);
    }

    /// Time goes on to `now`: everything due happens in its order, and its frames are queued.
    pub(super) fn advance(&mut self, now: Nanos) {
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((moment, _), task) = entry.remove_entry();
            self.exchange.step(moment);
            self.flush();
            self.perform(task);
            self.flush();
        }
        self.exchange.step(now);
        self.flush();
    }

    /// The stock of a code as requests write it.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        let (code, _) = symbol::split(text);
        self.by_code.get(code).copied()
    }

    pub(super) fn best(&self, at: usize) -> Best {
        let id = self.stocks[at].id;
        Best { ask: self.exchange.best(id, Side::Sell), bid: self.exchange.best(id, Side::Buy) }
    }

    /// Last price of a stock, KRW.
    pub(super) fn last(&self, at: usize) -> i64 {
        self.exchange.last(self.stocks[at].id).map_or(self.stocks[at].base, whole)
    }

    /// Makes frames of what the exchange says has happened.
    pub(super) fn flush(&mut self) {
        loop {
            let facts = self.exchange.take_facts();
            if facts.is_empty() {
                return;
            }
            facts.into_iter().for_each(|fact| self.tell(fact));
        }
    }

    fn tell(&mut self, fact: Fact) {
        match fact {
            Fact::Accepted(order) => {
                let (number, qty) = (order.number, shares(order.qty));
                let action = frames::action(order.side, false);
                self.report(&order, &Happened { number, original: 0, status: "접수", action, qty, open: qty }, None);
            }
            Fact::Filled(filled) => self.tell_fill(&filled),
            Fact::Cancelled { order, qty, reason, .. } => self.tell_cancel(&order, shares(qty), reason),
            Fact::Amended { before, order, .. } => {
                if let Some(meta) = self.meta.get(&before.number).cloned() {
                    self.meta.insert(order.number, meta);
                }
                let (number, qty, original) = (order.number, shares(order.qty), before.number);
                let action = frames::action(order.side, true);
                for status in ["접수", "확인"] {
                    self.report(&order, &Happened { number, original, status, action, qty, open: qty }, None);
                }
            }
            Fact::Traded(traded) => {
                let at = traded.instrument.index();
                let session = self.session;
                let Some(stock) = self.stocks.get_mut(at) else { return };
                stock.on_trade(&traded);
                self.stats.trades += 1;
                if self.is_wanted("0B", at) {
                    let before = self.stocks[at].days.last().map_or(0, |day| Stock::million(day).saturating_mul(1_000_000));
                    let values = frames::trade(&self.stocks[at], &traded, session, before);
                    self.publish("0B", "주식체결", at, values);
                }
            }
            Fact::BookChanged(id) => self.tell_book(id.index()),
            Fact::Guarded { at, instrument, price, fixed, moving } => {
                let active = Active { price: whole(price), began: at, fixed, moving: moving.map(whole) };
                self.begin_interruption(instrument.index(), active);
            }
        }
    }

    fn tell_fill(&mut self, filled: &Filled) {
        let order = &filled.order;
        self.stats.fills += u64::from(order.account == self.account);
        let happened = Happened {
            number: order.number,
            original: order.amends.unwrap_or(0),
            status: "체결",
            action: frames::action(order.side, order.amends.is_some()),
            qty: shares(order.qty),
            open: shares(order.open),
        };
        self.report(order, &happened, Some(filled));
    }

    fn tell_cancel(&mut self, order: &Order, qty: i64, reason: CancelReason) {
        let cancellation = self.cancelling.filter(|_| reason == CancelReason::Asked);
        let action = if order.side == Side::Buy { "매수취소" } else { "매도취소" };
        match cancellation {
            Some(number) => {
                if let Some(meta) = self.meta.get(&order.number).cloned() {
                    self.meta.insert(number, meta);
                }
                let original = order.number;
                self.report(order, &Happened { number, original, status: "접수", action, qty, open: qty }, None);
                let open = shares(order.open);
                self.report(order, &Happened { number, original, status: "확인", action, qty, open }, None);
            }
            // What was not to wait, or outlived its session: under its own number. The real server's frame is not known.
            None => {
                let (number, original) = (order.number, order.amends.unwrap_or(0));
                let action = frames::action(order.side, order.amends.is_some());
                let qty = shares(order.qty);
                self.report(order, &Happened { number, original, status: "취소", action, qty, open: 0 }, None);
            }
        }
    }

    /// Sends a report of an order, and after a fill what is held then.
    fn report(&mut self, order: &Order, happened: &Happened<'_>, filled: Option<&Filled>) {
        let at = order.instrument.index();
        let (Some(stock), Some(meta)) =
            (self.stocks.get(at), self.meta.get(&order.number).or_else(|| self.meta.get(&order.root)))
        else {
            return;
        };
        let report = Report {
            account: &self.config.account,
            prefix: self.config.prefix,
            filled_per_fill: self.config.filled_per_fill,
            stock,
            order,
            meta,
            last: krw(self.last(at)),
            best: self.best(at),
            time: self.time(),
        };
        let values = frames::order(&report, happened, filled.map(|filled| &filled.fill));
        let held = filled.map(|filled| frames::holding(&report, &filled.holding));
        self.publish("00", "주문체결", at, values);
        if let Some(held) = held {
            self.publish("04", "현물잔고", at, held);
        }
    }

    fn tell_book(&mut self, at: usize) {
        let Some(id) = self.stocks.get(at).map(|stock| stock.id) else { return };
        let best = self.best(at);
        let pair = (best.ask.map_or(0, whole), best.bid.map_or(0, whole));
        if std::mem::replace(&mut self.stocks[at].best_before, pair) != pair && self.is_wanted("0C", at) {
            let values = frames::best_prices(&self.stocks[at], best);
            self.publish("0C", "주식우선호가", at, values);
        }
        if self.is_wanted("0D", at) {
            let (asks, bids) = (self.exchange.book(id, Side::Sell), self.exchange.book(id, Side::Buy));
            let day = self.exchange.day(id).unwrap_or_default();
            let auction = self.exchange.phase(id) == Some(TradingPhase::Auction);
            let expected = auction.then(|| (krw(self.last(at)), quantity(self.stocks[at].previous_volume / 1_000)));
            let time = self.time();
            let values = frames::book(&mut self.stocks[at], time, &asks, &bids, &day, expected);
            self.publish("0D", "주식호가잔량", at, values);
        }
    }

    /// A new connection.
    pub(super) fn connect(&mut self, queue: mpsc::Sender<Outgoing>) -> u64 {
        let id = self.next_connection;
        self.next_connection += 1;
        let (groups, watched) = (BTreeMap::new(), BTreeSet::new());
        self.connections.insert(id, Connection { queue, logged_in: false, groups, listed: false, watched });
        self.stats.connections += 1;
        id
    }

    pub(super) fn disconnect(&mut self, id: u64) {
        self.connections.remove(&id);
    }

    /// Whether anyone is registered for this.
    pub(super) fn is_wanted(&self, kind: &str, at: usize) -> bool {
        let wanted = |connection: &Connection| connection.items(kind).any(|item| covers(kind, item, &self.stocks[at].code));
        self.connections.values().any(|connection| connection.logged_in && wanted(connection))
    }

    /// Sends a REAL frame to whoever is registered for it, once for each item as it was registered.
    pub(super) fn publish(&mut self, kind: &str, name: &str, at: usize, values: Fields) {
        let code = self.stocks.get(at).map_or("", |stock| stock.code.as_str());
        let values = serde_json::Value::Object(values).to_string();
        let mut gone = Vec::new();
        for (id, connection) in self.connections.iter().filter(|row| row.1.logged_in) {
            let items: BTreeSet<&str> = connection.items(kind).filter(|item| covers(kind, item, code)).collect();
            // Reports and balances come once, whatever was registered; so do sessions.
            let items: Vec<&str> = match kind {
                "00" | "04" => items.iter().take(1).map(|_| code).collect(),
                "0s" => items.iter().take(1).map(|_| "").collect(),
                "1h" => items.iter().map(|item| if item.is_empty() { code } else { item }).collect(),
                _ => items.into_iter().collect(),
            };
            for item in items {
                let text = real(kind, name, item, &values);
                self.stats.frames += 1;
                if connection.queue.try_send(Outgoing::Real(text)).is_err() {
                    gone.push(*id);
                }
            }
        }
        // Who does not read is cut off, as any server does.
        gone.iter().for_each(|id| self.disconnect(*id));
    }

    /// Sends a change of a condition to whoever watches it.
    pub(super) fn publish_condition(&mut self, seq: u32, at: usize, entered: bool) {
        let (code, time) = (self.stocks[at].code.clone(), self.time());
        let values = serde_json::Value::Object(frames::condition(seq, &code, entered, time)).to_string();
        for connection in self.connections.values().filter(|connection| connection.watched.contains(&seq)) {
            self.stats.frames += 1;
            let _ = connection.queue.try_send(Outgoing::Real(real("02", "조건검색", &code, &values)));
        }
    }
}

impl Connection {
    fn items<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.groups.values().flatten().filter(move |entry| entry.0 == kind).map(|entry| entry.1.as_str())
    }

    /// Queues an answer.
    pub(super) fn answer(&self, value: &serde_json::Value) {
        // A full queue is noticed at the next frame.
        let _ = self.queue.try_send(Outgoing::Control(value.to_string()));
    }
}

/// Whether a registration is for this stock: some types ignore the item, and a blank one is the whole market for `1h`.
fn covers(kind: &str, item: &str, code: &str) -> bool {
    match kind {
        "00" | "04" | "0s" => true,
        "1h" if item.is_empty() => true,
        _ => symbol::split(item).0 == code,
    }
}

fn real(kind: &str, name: &str, item: &str, values: &str) -> String {
    format!(r#"{{"trnm":"REAL","data":[{{"type":"{kind}","name":"{name}","item":"{item}","values":{values}}}]}}"#)
}

/// Fee and tax of a fill: of each fill alone, the fee cut to 10 KRW and the tax to 1 KRW, as the kernel's terms of a stock count
/// them.
fn charges(board: crate::venue::kiwoom::rules::Board, mock: bool, of: &Chargeable) -> Charges {
    let Some(terms) = fees(board, symbol::Exchange::Krx, mock, Date::at(of.at)) else { return Charges::default() };
    let cut = |rate, unit| of.value.share(rate, terms.rounding)?.round_to(unit, terms.rounding);
    let fee = cut(terms.taker, terms.fee_unit).unwrap_or(Money::ZERO);
    let tax = if of.side == Side::Sell { cut(terms.sell_tax, terms.tax_unit).unwrap_or(Money::ZERO) } else { Money::ZERO };
    Charges { fee, tax, ..Charges::default() }
}
