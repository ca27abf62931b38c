//! The state machine of trading: [`Kernel`]. Everything it knows came through `apply`.
//!
//! ```text
//!  event ─► apply ─┬─ markets     instruments, books, quotes, rows
//!                  ├─ strategies  look, and signal what they want
//!                  ├─ risk        what may leave
//!                  ├─ trading     orders on their way; fills into the portfolio
//!                  ├─ commands    settings, kill switch, closing everything
//!                  └─ answers     what venues report, compared with our books    ─► effects
//! ```

mod answers;
mod commands;
mod derived;
mod facts;
mod flows;
mod margins;
mod markets;
mod notices;
mod orders;
mod ranking;
mod refusal;
mod risk;
mod snapshot;
mod strategies;
mod timers;
mod trading;
mod venues;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod venues_tests;
#[cfg(test)]
mod by_hand_tests;
#[cfg(test)]
mod derived_tests;
#[cfg(test)]
mod flows_tests;
#[cfg(test)]
mod margins_tests;
#[cfg(test)]
mod properties;

use alloc::vec::Vec;

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Effects, LoadError, Machine, Parts};
use serde::{Deserialize, Serialize};

use crate::account::{Cash, Order, Portfolio, SessionId, Valuation, valuation::value};
use crate::effect::{Effect, Severity};
use crate::event::{Event, MarketEvent};
use crate::market::{Bar, Book, Currency, Instrument, InstrumentId, Money, Price, Quote, Rate, RowSpan, Trade, Venue};
use crate::strategy::Signals;
use answers::Reported;
use commands::Operator;
use derived::Derived;
use facts::Facts;
use flows::Flows;
use margins::Margins;
use markets::{BookChange, Markets, time_of};
use notices::Notices;
use orders::Orders;
use ranking::Ranking;
use risk::Risk;
use strategies::Strategies;
use timers::Timers;
use venues::RealVenues;

pub use refusal::Refusal;

/// How often what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Orders sent.
    pub submitted: u64,
    /// Orders the kernel did not let leave.
    pub refused: u64,
    /// Orders a venue refused.
    pub rejected: u64,
    /// Fills booked.
    pub fills: u64,
    /// Fills that came twice.
    pub duplicates: u64,
    /// Market events of instruments that were never defined.
    pub unknown: u64,
    /// Books whose sides crossed after an update.
    pub crossed: u64,
}

/// What an account came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountResult {
    /// Where.
    pub venue: Venue,
    /// In which currency.
    pub currency: Currency,
    /// Cash and what it went through.
    pub cash: Cash,
    /// Funding received, and other income; below 0 it was paid. Part of the result.
    pub income: Money,
    /// Profit of open positions at the last prices; `None` when a held instrument has no price.
    pub unrealised: Option<Money>,
}

/// The state machine. `Kernel::default()` knows nothing.
#[derive(Debug)]
pub struct Kernel {
    stamp: Stamp,
    operator: Operator,
    counts: Counts,
    markets: Markets,
    orders: Orders,
    portfolio: Portfolio,
    reported: Reported,
    venues: RealVenues,
    risk: Risk,
    timers: Timers,
    notices: Notices,
    strategies: Strategies,
    derived: Derived,
    ranking: Ranking,
    flows: Flows,
    facts: Facts,
    margins: Margins,
    /// Scratch, empty between events.
    signals: Signals,
}

impl Default for Kernel {
    fn default() -> Self {
        Kernel {
            stamp: Stamp { seq: Seq::ZERO, recv: Nanos::ZERO, venue: None },
            operator: Operator::default(),
            counts: Counts::default(),
            markets: Markets::default(),
            orders: Orders::default(),
            portfolio: Portfolio::default(),
            reported: Reported::default(),
            venues: RealVenues::default(),
            risk: Risk::default(),
            timers: Timers::default(),
            notices: Notices::default(),
            strategies: Strategies::default(),
            derived: Derived::default(),
            ranking: Ranking::default(),
            flows: Flows::default(),
            facts: Facts::default(),
            margins: Margins::default(),
            signals: Signals::default(),
        }
    }
}

impl Machine for Kernel {
    type Event = Event;
    type Effect = Effect;

    #[inline]
    fn apply(&mut self, stamp: &Stamp, event: &Event, effects: &mut Effects<Effect>) {
        self.stamp = *stamp;
        if self.risk.is_new_day(stamp.recv) {
            self.begin_day();
        }
        match event {
            Event::Market(MarketEvent::Trade(trade)) => self.on_trade(trade, effects),
            Event::Market(event) => self.on_market(event, effects),
            Event::Order(event) => self.on_order(event, effects),
            Event::Answer(answer) => self.on_answer(answer, effects),
            Event::Link(link) => self.on_link(link, effects),
            Event::Command(command) => self.on_command(command, effects),
            Event::Tick => self.on_tick(effects),
            Event::Frame(_) => {}
        }
    }

    #[inline]
    fn wake_at(&self) -> Option<Nanos> {
        self.timers.next()
    }

    fn digest(&self, parts: &mut Parts) {
        self.digest_parts(parts);
    }

    fn save(&self, out: &mut Vec<u8>) {
        self.save_parts(out);
    }

    fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        Self::load_parts(bytes)
    }
}

impl Kernel {
    fn begin_day(&mut self) {
        self.facts.begin_day();
        let Kernel { stamp, markets, orders, portfolio, facts, risk, operator, .. } = self;
        risk.begin_day(risk::Known { now: stamp.recv, markets, orders, portfolio, facts });
        operator.loss_stopped = false;
    }

    #[inline]
    fn on_trade(&mut self, trade: &Trade, effects: &mut Effects<Effect>) {
        let at = time_of(&self.stamp);
        let Some(market) = self.markets.on_trade(trade) else {
            self.counts.unknown = self.counts.unknown.saturating_add(1);
            return;
        };
        let closed = market.rows.on_trade(at, trade);
        self.derived.on_price(trade.instrument, self.stamp.recv);
        // A row that ended did so before this trade.
        for row in closed.rows() {
            self.tell_strategies(trade.instrument, effects, |strategy, view, out| strategy.on_row(view, row, out));
        }
        self.tell_strategies(trade.instrument, effects, |strategy, view, out| strategy.on_trade(view, trade, out));
        self.tell_premiums(trade.instrument, effects);
        self.watch_loss(trade.instrument, effects);
        self.watch_liquidation(trade.instrument, effects);
    }

    fn on_market(&mut self, event: &MarketEvent, effects: &mut Effects<Effect>) {
        match event {
            MarketEvent::Level(level) => {
                let change = self.markets.on_level(level);
                self.on_book(level.instrument, change, effects);
            }
            MarketEvent::Depth(depth) => {
                let change = self.markets.on_depth(depth);
                self.on_book(depth.instrument, change, effects);
            }
            MarketEvent::Quote(quote) => self.on_quote(quote, effects),
            MarketEvent::Trade(trade) => self.on_trade(trade, effects),
            MarketEvent::Instrument(instrument) => self.on_instrument(instrument, effects),
            MarketEvent::BookLost(instrument) => self.markets.on_book_lost(*instrument),
            MarketEvent::Bar(bar) => {
                // One that ended longer ago than it lasted answers a question about the past.
                let is_past = bar.start.plus(bar.span.saturating_mul(2)) < self.stamp.recv;
                self.tell_strategies(bar.instrument, effects, |strategy, view, out| match is_past {
                    true => strategy.on_past_bar(view, bar, out),
                    false => strategy.on_row(view, bar, out),
                });
            }
            MarketEvent::Value(value) => {
                if let Some(market) = self.markets.get_mut(value.instrument) {
                    market.last = Some(value.value);
                    self.derived.on_price(value.instrument, self.stamp.recv);
                    self.tell_premiums(value.instrument, effects);
                }
            }
            MarketEvent::Phase(phase) => self.markets.on_phase(phase),
            MarketEvent::Vi(vi) => {
                self.markets.on_vi(vi);
                self.tell_strategies(vi.instrument, effects, |strategy, view, out| strategy.on_interruption(view, vi, out));
            }
            MarketEvent::Ranked(ranked) => self.on_ranked(ranked, effects),
            MarketEvent::Reference(reference) => self.on_reference(reference, effects),
            MarketEvent::Activity(activity) => self.on_activity(activity),
            MarketEvent::Mark(mark) => self.on_mark(mark, effects),
            MarketEvent::Condition(condition) => {
                self.tell_strategies(condition.instrument, effects, |strategy, view, out| {
                    strategy.on_condition(view, condition, out);
                });
            }
        }
    }

    fn on_instrument(&mut self, instrument: &Instrument, effects: &mut Effects<Effect>) {
        if self.markets.define(instrument) {
            self.strategies.on_instrument(instrument);
            self.derived.on_instrument(instrument, &self.markets);
        } else {
            let text = alloc::format!(
                "the definition of {} {} as {} was not taken: that number is another instrument's, or too large to be one",
                instrument.venue,
                instrument.symbol,
                instrument.id,
            );
            notices::say(Severity::Critical, "market.instrument", effects, text);
        }
    }

    fn on_quote(&mut self, quote: &Quote, effects: &mut Effects<Effect>) {
        let Some(market) = self.markets.get_mut(quote.instrument) else {
            self.counts.unknown = self.counts.unknown.saturating_add(1);
            return;
        };
        market.quote = Some(*quote);
        self.tell_strategies(quote.instrument, effects, |strategy, view, out| strategy.on_quote(view, quote, out));
    }

    fn on_book(&mut self, instrument: InstrumentId, change: BookChange, effects: &mut Effects<Effect>) {
        match change {
            BookChange::None => {}
            BookChange::Whole => {
                self.tell_strategies(instrument, effects, |strategy, view, out| strategy.on_book(view, instrument, out));
            }
            BookChange::Crossed => {
                self.counts.crossed = self.counts.crossed.saturating_add(1);
                let text = || alloc::format!("the book of {instrument} crosses; it waits for a new snapshot");
                self.notices.tell(self.stamp.recv, Severity::Warning, "market.crossed", effects, text);
            }
        }
    }
}

/// What anyone may look at.
impl Kernel {
    /// The last event applied.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// The session under way.
    pub fn session(&self) -> SessionId {
        self.operator.session
    }

    /// How often what happened.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Every instrument, by id.
    pub fn instruments(&self) -> impl Iterator<Item = &Instrument> + '_ {
        self.markets.iter().map(|market| &market.instrument)
    }

    /// An instrument, by its number.
    pub fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        self.markets.get(id).map(|market| &market.instrument)
    }

    /// Price of the last trade.
    pub fn last(&self, instrument: InstrumentId) -> Option<Price> {
        self.markets.get(instrument)?.last
    }

    /// Best bid and ask.
    pub fn quote(&self, instrument: InstrumentId) -> Option<Quote> {
        self.markets.get(instrument)?.best()
    }

    /// The book, while it is the venue's.
    pub fn book(&self, instrument: InstrumentId) -> Option<&Book> {
        self.markets.get(instrument).filter(|market| market.book_valid && market.levels_left == 0).map(|market| &market.book)
    }

    /// The row under way.
    pub fn row(&self, instrument: InstrumentId, span: RowSpan) -> Option<Bar> {
        self.markets.get(instrument)?.rows.current(span)
    }

    /// Orders that live, by id.
    pub fn orders(&self) -> impl Iterator<Item = &Order> + '_ {
        self.orders.live().iter().map(|live| &live.order)
    }

    /// Cash and positions.
    pub fn portfolio(&self) -> &Portfolio {
        &self.portfolio
    }

    /// What every account came to.
    pub fn results(&self) -> impl Iterator<Item = AccountResult> + '_ {
        self.portfolio.cash_rows().iter().map(|row| {
            let (venue, currency) = (row.venue, row.currency);
            let income = self.portfolio.income(venue, currency).unwrap_or_default();
            AccountResult { venue, currency, cash: row.cash, income, unrealised: self.known().unrealised(venue, currency) }
        })
    }

    /// What every account is worth in the currency of totals, if one is set.
    pub fn valuation(&self) -> Option<Valuation> {
        let mark = |id: InstrumentId| self.markets.get(id)?.mark();
        let instrument = |id: InstrumentId| self.markets.get(id).map(|market| &market.instrument);
        let rate = |of: Currency| self.derived.rate(of, &self.markets);
        Some(value(&self.portfolio, self.derived.currency()?, instrument, mark, rate))
    }

    /// How much dearer coins are at home than abroad: both markets of each, and the premium unless a price of it is missing or old.
    pub fn premiums(&self) -> impl Iterator<Item = (&Instrument, &Instrument, Option<Rate>)> + '_ {
        self.derived.pairs().iter().filter_map(|pair| {
            let [home, abroad] = [pair.home, pair.abroad].map(|id| self.markets.get(id).map(|market| &market.instrument));
            Some((home?, abroad?, self.derived.premium_of(*pair, self.stamp.recv, &self.markets)))
        })
    }

    /// Why the kill switch is on, if it is.
    pub fn killed(&self) -> Option<&str> {
        self.operator.killed.as_deref()
    }

    /// Whether strategies may place orders.
    pub fn auto_trade(&self) -> bool {
        self.operator.auto_trade
    }
}
