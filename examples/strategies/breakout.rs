//! The strategy of `breakout_buy.py` and `breakout_sell.py`, in Rust: [`Breakout`].

use std::collections::{BTreeMap, VecDeque};

use jangbu::event::command::StrategySettings;
use jangbu::market::{Instrument, InstrumentId, Price, Quote, Trade};
use jangbu::strategy::rules::{RuleSettings, Rules};
use jangbu::strategy::text::{Facts, Mode, Row, RowMaker, Scene, at};
use jangbu::strategy::{DecodeError, Decoder, Encoder, OrderReport, Signals, Strategy, View};
use serde::{Deserialize, Serialize};

/// Rows that are looked back over: the eleven before this one are more than any clause asks for.
const BACK: usize = 11;

/// One instrument.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Watched {
    maker: RowMaker,
    rows: u64,
    /// Prices of the rows before, the newest last.
    before: VecDeque<f64>,
}

/// Buys above the highest of ten rows while buyers take more than sellers; sells below the lowest of five, or after 40 seconds.
#[derive(Debug)]
pub struct Breakout {
    rules: Rules,
    watched: BTreeMap<InstrumentId, Watched>,
}

impl Breakout {
    /// By these order rules.
    ///
    /// # Errors
    /// When a parameter is not one of the rules'.
    pub fn new(settings: &StrategySettings) -> Result<Self, String> {
        Ok(Breakout { rules: Rules::new(RuleSettings::of(settings)?), watched: BTreeMap::new() })
    }

    /// The book or the quote changed: in a newer second that is a row.
    fn turn(&mut self, view: &View<'_>, id: InstrumentId, out: &mut Signals) {
        let (Some(instrument), Some(watched)) = (view.instrument(id), self.watched.get_mut(&id)) else { return };
        let now = view.venue_time();
        if !watched.maker.is_due(now, Mode::Tick, true) {
            return;
        }
        let facts = Facts::of(view, id);
        let scene = Scene { instrument, book: view.book(id), quote: view.quote(id), watched: true, facts };
        if let Some((second, row)) = watched.maker.row(now, Mode::Tick, &scene) {
            self.decide(view, instrument, second, &row, out);
        }
    }

    fn decide(&mut self, view: &View<'_>, instrument: &Instrument, second: i64, row: &Row, out: &mut Signals) {
        let id = instrument.id;
        // The rules first: a stop goes before what anybody thinks.
        self.rules.look(view, id, None, out);
        let Some(watched) = self.watched.get_mut(&id) else { return };
        watched.rows += 1;
        let (price, rows) = (row[at::PRICE], watched.rows);
        let newest = |count: usize| watched.before.iter().rev().take(count).copied();
        let high = newest(10).fold(f64::MIN, f64::max);
        let low = if watched.before.len() < 5 { 0.0 } else { newest(5).fold(f64::MAX, f64::min) };
        watched.before.push_back(price);
        if watched.before.len() > BACK {
            watched.before.pop_front();
        }
        let last = watched.maker.last().unwrap_or(Price::ZERO);
        if row[at::STRENGTH] == 0.0 {
            return;
        }
        let held = self.rules.holding(id).copied();
        if let Some(holding) = held.filter(|_| self.rules.may_leave(view, id)) {
            let held_s = second - holding.since_venue.get().div_euclid(1_000_000_000);
            if price < low || held_s >= 40 {
                self.rules.leave(view, id, last, out);
            }
        }
        if held.is_none() && rows > 11 && price > high && row[at::BOUGHT] > row[at::SOLD] {
            self.rules.enter(view, id, last, out);
        }
    }
}

impl Strategy for Breakout {
    fn on_configure(&mut self, view: &View<'_>, out: &mut Signals) {
        self.rules.on_configure(view, out);
    }

    fn on_trade(&mut self, view: &View<'_>, trade: &Trade, out: &mut Signals) {
        let Some(instrument) = view.instrument(trade.instrument) else { return };
        let watched = self.watched.entry(trade.instrument).or_default();
        watched.maker.on_trade(view.venue_time(), trade, instrument, Mode::Tick);
        self.rules.look(view, trade.instrument, Some(trade.price), out);
    }

    fn on_quote(&mut self, view: &View<'_>, quote: &Quote, out: &mut Signals) {
        self.turn(view, quote.instrument, out);
    }

    fn on_book(&mut self, view: &View<'_>, instrument: InstrumentId, out: &mut Signals) {
        self.turn(view, instrument, out);
    }

    fn on_order(&mut self, view: &View<'_>, order: &OrderReport, out: &mut Signals) {
        self.rules.on_order(view, order, out);
    }

    fn on_timer(&mut self, view: &View<'_>, tag: u32, out: &mut Signals) {
        self.rules.on_timer(view, tag, out);
    }

    fn save(&self, out: &mut Encoder<'_>) {
        out.value(&self.watched);
        self.rules.save(out);
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.watched = input.value("what is watched")?;
        self.rules.load(input)
    }
}
