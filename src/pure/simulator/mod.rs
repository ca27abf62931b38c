//! A venue that is not there: our orders against the market as it was. Paper trading and backtest use this one.
//!
//! ```text
//!   market events ──► liquidity (book, quote, last trade) ──┐
//!   effects ──entry latency──► checks ─► take ─► rest ◄─────┴─► fills ──response latency──► order events
//! ```
//!
//! The model, in short:
//!
//! - Time is the stamp's `recv`. An order decided at `t` is at the venue at `t + entry` and meets the market as it stands before
//!   the first market event that is not earlier; its answers are ours `response` later.
//! - Taking walks the book if it is whole (a newer quote says what is best), else the quote, else the last trade. Sizes taken
//!   are remembered until history reports the level with another size, so that nothing is taken twice.
//! - Resting orders fill whole when the market trades through them; at their price once the queue ahead is gone; and when the
//!   opposite side of the quote or book reaches their limit. They always fill at their limit.
//! - Our orders do not move the market, and history does not answer them.
//! - While a book update is under way (head seen, levels to come) the simulator is silent: an update is one moment.
//!
//! Pure: what comes out is a function of what went in.

mod latency;
mod liquidity;
mod matching;
pub mod merge;
mod queue;
mod refusal;
mod resting;
mod schedule;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use jangbu_journal::{Nanos, Stamp};
use serde::{Deserialize, Serialize};

pub use latency::{LatencyModel, LatencySettings};
pub use merge::{Turn, next_turn};
pub use queue::{Queue, QueueModel};
pub use refusal::Refusal;

use crate::account::{NewOrder, OrderId, OrderType};
use crate::effect::Effect;
use crate::event::market::{Phase, PhaseKind};
use crate::event::{Command, Event, Fill, LinkState, Liquidity as FillLiquidity, MarketEvent, OrderEvent, OrderUpdate};
use crate::market::instrument::INSTRUMENTS_MAX;
use crate::market::{Depth, Instrument, InstrumentId, Level, Price, Qty, Quote, Trade, Venue};
use liquidity::{BookChange, Liquidity};
use queue::minus;
use refusal::DayLimits;
use resting::{MakerFill, Resting, RestingOrder};
use schedule::{Message, Schedule};

/// How many of our orders may rest in one market. Binance allows 200 a symbol (filter MAX_NUM_ORDERS), which is the most any of our
/// venues does.
pub const RESTING_MAX: usize = 200;

/// How long a book update may stay incomplete. The levels of an update come from one frame, so this only ends the silence after a
/// feed that announced more levels than it sent.
const UPDATE_NS_MAX: i64 = 5_000_000_000;

/// How the simulated venue behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatorSettings {
    /// How long messages travel.
    pub latency: LatencySettings,
    /// Who stands ahead of us.
    pub queue: Queue,
    /// The number of the first fill, and of the first order. Fills are known by their number, so a session that goes on from
    /// another passes one that the other cannot have reached: the seq it starts at.
    pub first_trade_id: u64,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        SimulatorSettings { latency: LatencySettings::default(), queue: Queue::default(), first_trade_id: 1 }
    }
}

/// The simulated venue.
pub struct Simulator {
    latency: Box<dyn LatencyModel>,
    queue: Box<dyn QueueModel>,
    /// By instrument id.
    markets: Vec<Market>,
    /// Where each resting order is.
    open: BTreeMap<OrderId, InstrumentId>,
    schedule: Schedule,
    /// Messages of one direction do not overtake each other.
    last_arrival: Nanos,
    last_answer: Nanos,
    next_trade: u64,
    next_order: u64,
    /// How many books are amid an update, and when the last of those began.
    updating: u32,
    update_began: Nanos,
    /// Scratch, kept for its allocation.
    levels: Vec<(Price, Qty)>,
    fills: Vec<MakerFill>,
}

/// One market.
#[derive(Debug)]
struct Market {
    instrument: Option<Instrument>,
    liquidity: Liquidity,
    resting: Resting,
    closed: bool,
    limits: DayLimits,
}

impl Market {
    fn new() -> Self {
        let (liquidity, resting, limits) = (Liquidity::new(), Resting::default(), DayLimits::default());
        Market { instrument: None, liquidity, resting, closed: false, limits }
    }
}

impl Simulator {
    /// A venue without markets; instruments come as events.
    pub fn new(settings: SimulatorSettings) -> Self {
        Self::with_models(Box::new(settings.latency), Box::new(settings.queue), settings.first_trade_id)
    }

    /// A venue with models of your own.
    pub fn with_models(latency: Box<dyn LatencyModel>, queue: Box<dyn QueueModel>, first_trade_id: u64) -> Self {
        Simulator {
            latency,
            queue,
            markets: Vec::new(),
            open: BTreeMap::new(),
            schedule: Schedule::default(),
            last_arrival: Nanos::new(i64::MIN),
            last_answer: Nanos::new(i64::MIN),
            next_trade: first_trade_id,
            next_order: first_trade_id,
            updating: 0,
            update_began: Nanos::new(i64::MIN),
            levels: Vec::new(),
            fills: Vec::new(),
        }
    }

    /// Sees an event of the journal. Market events, lost links and the start of a session matter; others are ignored, so a
    /// world may pass everything.
    #[inline]
    pub fn on_event(&mut self, stamp: &Stamp, event: &Event) {
        match event {
            Event::Market(market) => self.on_market(stamp.recv, market),
            Event::Link(link) => {
                if let LinkState::Down { .. } = link.state {
                    self.lose(Some(link.venue));
                }
            }
            Event::Command(command) => {
                if let Command::SessionStarted { .. } = **command {
                    self.lose(None);
                }
            }
            Event::Order(_) | Event::Answer(_) | Event::Tick | Event::Frame(_) => {}
        }
    }

    /// Takes an effect decided at `at`: orders, amendments, cancellations and questions travel to the venue; the rest is not for it.
    pub fn take(&mut self, at: Nanos, effect: &Effect) {
        let message = match effect {
            Effect::Submit(order) => Message::Submit(*order),
            Effect::Amend(amendment) => Message::Amend(*amendment),
            Effect::Cancel(order) => Message::Cancel(*order),
            Effect::Query(query) => Message::Query(query.clone()),
            Effect::Subscribe { .. } | Effect::Notify(_) => return,
        };
        let entry = self.latency.entry_ns(at).max(0);
        self.last_arrival = self.last_arrival.max(at.plus(entry));
        self.schedule.push(self.last_arrival, message);
    }

    /// When the simulator next has something to do: an order arrives, or an answer is due.
    #[inline]
    pub fn next_due(&self) -> Option<Nanos> {
        if self.updating > 0 { None } else { self.schedule.next_due() }
    }

    /// Works off what is due by `now`, in order, up to the first answer, and gives that with its moment. `None` when nothing that
    /// is due was an answer; ask [`Simulator::next_due`] again.
    pub fn pop_due(&mut self, now: Nanos) -> Option<(Nanos, Event)> {
        if self.updating > 0 {
            return None;
        }
        while let Some((at, message)) = self.schedule.pop_due(now) {
            match message {
                Message::Answer(event) => return Some((at, event)),
                Message::Submit(order) => self.on_submit(at, &order),
                Message::Amend(amendment) => self.on_amend(at, amendment),
                Message::Cancel(order) => self.on_cancel(at, order),
                Message::Query(query) => self.on_query(at, &query),
            }
        }
        None
    }

    /// Lets an order rest that an earlier session placed, `filled` of it traded: at the end of the queue, for its place is
    /// forgotten. Market orders, and orders with nothing open, are left out.
    pub fn adopt(&mut self, order: &NewOrder, filled: Qty) {
        let OrderType::Limit(limit) = order.order_type else { return };
        let open = minus(order.qty, filled);
        if !open.is_positive() || self.open.contains_key(&order.id) {
            return;
        }
        let Some(market) = slot(&mut self.markets, order.instrument) else { return };
        let shown = market.liquidity.shown_at(order.side, limit);
        let resting = RestingOrder {
            id: order.id,
            limit,
            total: order.qty,
            open,
            ahead: self.queue.on_join(shown),
            shown,
            post_only: false,
            reduce_only: order.reduce_only,
            venue_order: self.next_order,
        };
        self.next_order = self.next_order.wrapping_add(1);
        market.resting.insert(order.side, resting);
        self.open.insert(order.id, order.instrument);
    }

    /// How many orders rest.
    pub fn resting_count(&self) -> usize {
        self.open.len()
    }

    #[inline]
    fn on_market(&mut self, at: Nanos, event: &MarketEvent) {
        if self.updating > 0 && at.since(self.update_began) > UPDATE_NS_MAX {
            self.end_updates();
        }
        match event {
            MarketEvent::Trade(trade) => self.on_trade(at, trade),
            MarketEvent::Quote(quote) => self.on_quote(at, quote),
            MarketEvent::Level(level) => self.on_level(at, level),
            MarketEvent::Depth(depth) => self.on_depth(at, depth),
            MarketEvent::BookLost(instrument) => self.on_book_lost(*instrument),
            MarketEvent::Instrument(instrument) => {
                if let Some(market) = slot(&mut self.markets, instrument.id) {
                    market.instrument = Some((**instrument).clone());
                }
            }
            MarketEvent::Phase(phase) => self.on_phase(phase),
            MarketEvent::Reference(reference) => {
                if let Some(market) = self.markets.get_mut(reference.instrument.index()) {
                    market.limits.on_reference(at, reference);
                }
            }
            MarketEvent::Bar(_)
            | MarketEvent::Value(_)
            | MarketEvent::Condition(_)
            | MarketEvent::Vi(_)
            | MarketEvent::Ranked(_)
            | MarketEvent::Activity(_)
            | MarketEvent::Mark(_) => {}
        }
    }

    #[inline]
    fn on_trade(&mut self, at: Nanos, trade: &Trade) {
        let Some(market) = self.markets.get_mut(trade.instrument.index()) else { return };
        market.liquidity.on_trade(trade.price);
        if !market.resting.is_empty() {
            market.resting.on_trade(trade, &*self.queue, &mut self.fills);
            self.report_fills(at);
        }
    }

    #[inline]
    fn on_quote(&mut self, at: Nanos, quote: &Quote) {
        let Some(market) = self.markets.get_mut(quote.instrument.index()) else { return };
        market.liquidity.on_quote(quote);
        if !market.resting.is_empty() {
            market.resting.on_quote(quote, &mut market.liquidity, &*self.queue, &mut self.fills);
            self.report_fills(at);
        }
    }

    fn on_depth(&mut self, at: Nanos, depth: &Depth) {
        let Some(market) = self.markets.get_mut(depth.instrument.index()) else { return };
        let before = market.liquidity.is_updating();
        let change = market.liquidity.on_depth(depth);
        self.update_began = at;
        self.after_book(at, depth.instrument, before, change);
    }

    #[inline]
    fn on_level(&mut self, at: Nanos, level: &Level) {
        let Some(market) = self.markets.get_mut(level.instrument.index()) else { return };
        let before = market.liquidity.is_updating();
        if !before {
            return;
        }
        let change = market.liquidity.on_level(level);
        if !market.resting.is_empty() {
            market.resting.on_level(level, &*self.queue);
        }
        if change != BookChange::None {
            self.after_book(at, level.instrument, before, change);
        }
    }

    /// Counts updates under way, and matches once one is complete.
    fn after_book(&mut self, at: Nanos, instrument: InstrumentId, before: bool, change: BookChange) {
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        match (before, market.liquidity.is_updating()) {
            (false, true) => self.updating = self.updating.saturating_add(1),
            (true, false) => self.updating = self.updating.saturating_sub(1),
            (false, false) | (true, true) => {}
        }
        if change != BookChange::None && !market.resting.is_empty() {
            let replaced = change == BookChange::Replaced;
            market.resting.on_book(&mut market.liquidity, replaced, &*self.queue, &mut self.levels, &mut self.fills);
            self.report_fills(at);
        }
    }

    fn on_book_lost(&mut self, instrument: InstrumentId) {
        if let Some(market) = self.markets.get_mut(instrument.index()) {
            if market.liquidity.is_updating() {
                self.updating = self.updating.saturating_sub(1);
            }
            market.liquidity.lose_book();
        }
    }

    fn on_phase(&mut self, phase: &Phase) {
        let closed = matches!(phase.kind, PhaseKind::Closed | PhaseKind::Halted);
        if let Some(instrument) = phase.instrument {
            if let Some(market) = self.markets.get_mut(instrument.index()) {
                market.closed = closed;
            }
            return;
        }
        for market in &mut self.markets {
            if is_at(market, phase.venue) {
                market.closed = closed;
            }
        }
    }

    /// Forgets what connections to a venue (none: to any) told us. Resting orders rest on.
    fn lose(&mut self, venue: Option<Venue>) {
        for market in &mut self.markets {
            if venue.is_none_or(|venue| is_at(market, venue)) {
                if market.liquidity.is_updating() {
                    self.updating = self.updating.saturating_sub(1);
                }
                market.liquidity.lose_all();
            }
        }
    }

    /// Gives up on updates that never became whole.
    fn end_updates(&mut self) {
        for market in &mut self.markets {
            if market.liquidity.is_updating() {
                market.liquidity.lose_book();
            }
        }
        self.updating = 0;
    }

    /// Answers with the resting orders that just filled.
    fn report_fills(&mut self, at: Nanos) {
        if self.fills.is_empty() {
            return;
        }
        let fills = core::mem::take(&mut self.fills);
        for fill in &fills {
            if fill.done {
                self.open.remove(&fill.id);
            }
            self.fill(at, fill.id, (fill.price, fill.qty), FillLiquidity::Maker);
        }
        self.fills = fills;
        self.fills.clear();
    }

    fn fill(&mut self, at: Nanos, order: OrderId, (price, qty): (Price, Qty), liquidity: FillLiquidity) {
        let trade = self.next_trade;
        self.next_trade = self.next_trade.wrapping_add(1);
        self.answer(at, order, OrderUpdate::Filled(Fill { trade, price, qty, liquidity }));
    }

    fn answer(&mut self, at: Nanos, order: OrderId, update: OrderUpdate) {
        self.send(at, Event::Order(OrderEvent { order, update }));
    }

    fn send(&mut self, at: Nanos, event: Event) {
        let response = self.latency.response_ns(at).max(0);
        self.last_answer = self.last_answer.max(at.plus(response));
        self.schedule.push(self.last_answer, Message::Answer(event));
    }
}

impl core::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Simulator").field("resting", &self.open.len()).field("next_due", &self.next_due()).finish_non_exhaustive()
    }
}

fn is_at(market: &Market, venue: Venue) -> bool {
    market.instrument.as_ref().is_some_and(|instrument| instrument.venue == venue)
}

/// The market of an instrument, made if need be; `None` when the id cannot be one.
fn slot(markets: &mut Vec<Market>, instrument: InstrumentId) -> Option<&mut Market> {
    let index = instrument.index();
    if instrument.0 >= INSTRUMENTS_MAX {
        return None;
    }
    while markets.len() <= index {
        markets.push(Market::new());
    }
    markets.get_mut(index)
}
