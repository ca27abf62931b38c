//! The strategies that run: which market events they hear, and what becomes of what they signal.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use jangbu_journal::{Decoder, Encoder, Nanos};
use jangbu_replay::{Effects, LoadError};

use super::Kernel;
use super::derived::Derived;
use super::facts::Facts;
use super::margins::Margins;
use super::markets::{Markets, time_of};
use super::orders::Orders;
use super::ranking::Ranking;
use super::risk::{Origin, Wanted};
use super::timers::Purpose;
use crate::account::{OrderId, Portfolio, StrategyId};
use crate::effect::{Effect, Severity};
use crate::event::command::StrategySettings;
use crate::market::{Activity, Book, Instrument, InstrumentId, Price, Qty, Quote, Rate, Reference};
use crate::strategy::table::Table;
use crate::strategy::{OrderReport, Sight, Signal, Signals, Strategy, View, builtin};

/// Signals of one strategy on one event that are carried out; a strategy that wants more is wrong.
const SIGNALS_MAX: usize = 1_024;
/// A strategy's timer is at least this far ahead: one that asks to be woken at once, for ever, must not stop the world.
const TIMER_NS_MIN: i64 = 1_000_000;

/// A strategy and what it was made from.
#[derive(Debug)]
struct Running {
    settings: StrategySettings,
    strategy: Box<dyn Strategy>,
}

/// Every strategy, by id.
#[derive(Debug, Default)]
pub(super) struct Strategies {
    running: Vec<Option<Running>>,
    /// By instrument: which strategies hear of it, rising. Follows from settings and instruments.
    listeners: Vec<Vec<u16>>,
}

impl Strategies {
    /// Runs these from now on. One that is set as before goes on with what it knows, one that is set anew takes over from it. Gives
    /// what could not be made.
    pub(super) fn configure(
        &mut self,
        settings: &[StrategySettings],
        texts: &[(String, String)],
        markets: &Markets,
    ) -> Vec<String> {
        let mut old: Vec<Option<Running>> = core::mem::take(&mut self.running);
        let mut problems = Vec::new();
        for (index, settings) in settings.iter().enumerate() {
            let before = old.get_mut(index).and_then(|slot| slot.take_if(|running| running.settings.name == settings.name));
            let (kept, mut before) = match before {
                Some(running) if running.settings == *settings => (Some(running), None),
                before => (None, before),
            };
            let fresh = kept.is_none();
            let running = kept
                .map(Ok)
                .unwrap_or_else(|| builtin::make(settings).map(|strategy| Running { settings: settings.clone(), strategy }));
            let running = running.map(|mut running| {
                let told = texts.iter().filter(|_| fresh).filter_map(|(name, text)| running.strategy.on_text(name, text).err());
                problems.extend(told.map(|problem| format!("strategy {index} `{}`: {problem}", settings.name)));
                if let Some(before) = &mut before {
                    running.strategy.inherit(before.strategy.as_mut());
                }
                running
            });
            match (running, before) {
                (Ok(running), _) => self.running.push(Some(running)),
                // What ran knows of positions and orders: settings that are wrong do not take it from them.
                (Err(problem), Some(before)) => {
                    problems.push(format!("strategy {index} `{}` goes on with the settings before: {problem}", settings.name));
                    self.running.push(Some(before));
                }
                (Err(problem), None) => {
                    problems.push(format!("strategy {index} `{}` does not run: {problem}", settings.name));
                    self.running.push(None);
                }
            }
        }
        self.listeners.clear();
        markets.iter().for_each(|market| self.on_instrument(&market.instrument));
        problems
    }

    /// A text was loaded or edited. Gives what was wrong with it where it is used; what ran there before goes on.
    pub(super) fn on_text(&mut self, name: &str, text: &str) -> Vec<String> {
        let running = self.running.iter_mut().enumerate().filter_map(|(index, running)| Some((index, running.as_mut()?)));
        let told = running.filter_map(|(index, running)| Some((index, running.strategy.on_text(name, text).err()?)));
        told.map(|(index, problem)| format!("strategy {index} goes on with the text before: {problem}")).collect()
    }

    /// A new instrument, or one defined anew.
    pub(super) fn on_instrument(&mut self, instrument: &Instrument) {
        let index = instrument.id.index();
        if self.listeners.len() <= index {
            self.listeners.resize_with(index + 1, Vec::new);
        }
        let hears = |settings: &StrategySettings| {
            settings.instruments.is_empty()
                || settings.instruments.iter().any(|name| {
                    name.split_once(':').is_some_and(|(venue, symbol)| {
                        venue == instrument.venue.name() && symbol.eq_ignore_ascii_case(&instrument.symbol)
                    })
                })
        };
        let running = self.running.iter().enumerate();
        let hearing = running.filter(|(_, running)| running.as_ref().is_some_and(|running| hears(&running.settings)));
        self.listeners[index] = hearing.filter_map(|(id, _)| u16::try_from(id).ok()).collect();
    }

    /// Settings and state of each.
    pub(super) fn save(&self, out: &mut Encoder<'_>) {
        out.u64(self.running.len() as u64);
        for running in &self.running {
            let Some(running) = running else {
                out.u8(0);
                continue;
            };
            out.u8(1);
            out.value(&running.settings);
            running.strategy.save(out);
        }
    }

    /// The inverse of `save`.
    pub(super) fn load(input: &mut Decoder<'_>, markets: &Markets) -> Result<Self, LoadError> {
        let count = input.u64()?;
        let mut strategies = Strategies::default();
        for _ in 0..count {
            if input.u8()? == 0 {
                strategies.running.push(None);
                continue;
            }
            let settings: StrategySettings = input.value("settings of a strategy")?;
            let mut strategy = builtin::make(&settings).map_err(|reason| LoadError { reason })?;
            strategy.load(input)?;
            strategies.running.push(Some(Running { settings, strategy }));
        }
        markets.iter().for_each(|market| strategies.on_instrument(&market.instrument));
        Ok(strategies)
    }
}

#[cfg(test)]
impl Strategies {
    /// Runs a strategy of a test, which hears of these instruments.
    pub(super) fn run(&mut self, strategy: Box<dyn Strategy>, instruments: &[InstrumentId]) {
        let id = u16::try_from(self.running.len()).expect("few");
        let settings = StrategySettings { name: "test".into(), instruments: Vec::new(), parameters: Vec::new() };
        self.running.push(Some(Running { settings, strategy }));
        for instrument in instruments {
            self.listeners[instrument.index()].push(id);
        }
    }
}

/// What a strategy may look at.
#[derive(Debug)]
struct Seen<'a> {
    markets: &'a Markets,
    orders: &'a Orders,
    portfolio: &'a Portfolio,
    auto_trade: bool,
    derived: &'a Derived,
    ranking: &'a Ranking,
    facts: &'a Facts,
    margins: &'a Margins,
    now: Nanos,
}

impl Sight for Seen<'_> {
    fn last(&self, instrument: InstrumentId) -> Option<Price> {
        self.markets.get(instrument)?.last
    }

    fn quote(&self, instrument: InstrumentId) -> Option<Quote> {
        self.markets.get(instrument)?.best()
    }

    fn book(&self, instrument: InstrumentId) -> Option<&Book> {
        self.markets.get(instrument).filter(|market| market.book_valid && market.levels_left == 0).map(|market| &market.book)
    }

    fn instrument(&self, instrument: InstrumentId) -> Option<&Instrument> {
        self.markets.get(instrument).map(|market| &market.instrument)
    }

    fn position(&self, instrument: InstrumentId) -> Qty {
        self.portfolio.position(instrument).qty
    }

    fn entry(&self, instrument: InstrumentId) -> Option<Price> {
        self.portfolio.position(instrument).average()
    }

    fn working(&self, strategy: StrategyId, instrument: InstrumentId) -> (Qty, Qty) {
        // Sums that do not fit are refused by the checks; for looking, the largest number says enough.
        self.orders.working(instrument, Some(strategy)).unwrap_or((Qty::MAX, Qty::MAX))
    }

    fn auto_trade(&self) -> bool {
        self.auto_trade
    }

    fn is_ranked(&self, instrument: InstrumentId) -> Option<bool> {
        self.ranking.is_ranked(self.markets.get(instrument)?.instrument.venue, instrument)
    }

    fn reference(&self, instrument: InstrumentId) -> Option<&Reference> {
        self.facts.reference(instrument)
    }

    fn activity(&self, instrument: InstrumentId) -> Option<&Activity> {
        self.facts.activity(instrument)
    }

    fn leverage(&self, instrument: InstrumentId) -> Option<u16> {
        self.margins.leverage(instrument)
    }

    fn premium(&self, instrument: InstrumentId) -> Option<Rate> {
        self.derived.premium_of(self.derived.pair_of(instrument)?, self.now, self.markets)
    }
}

impl Kernel {
    /// Lets every strategy that hears of `instrument` look, and carries out what it signals.
    #[inline]
    pub(super) fn tell_strategies(
        &mut self,
        instrument: InstrumentId,
        effects: &mut Effects<Effect>,
        mut tell: impl FnMut(&mut dyn Strategy, &View<'_>, &mut Signals),
    ) {
        let count = self.strategies.listeners.get(instrument.index()).map_or(0, Vec::len);
        for place in 0..count {
            let id = StrategyId(self.strategies.listeners[instrument.index()][place]);
            self.tell_strategy(id, effects, &mut tell);
        }
    }

    /// A price was heard: tells the premiums that are others now to every strategy that hears of either market, once.
    #[inline]
    pub(super) fn tell_premiums(&mut self, instrument: InstrumentId, effects: &mut Effects<Effect>) {
        for place in 0..self.derived.concerned(instrument) {
            let Some(premium) = self.derived.changed(instrument, place, self.stamp.recv, &self.markets) else { continue };
            let mut tell =
                |strategy: &mut dyn Strategy, view: &View<'_>, out: &mut Signals| strategy.on_premium(view, &premium, out);
            self.tell_strategies(premium.home, effects, &mut tell);
            for place in 0..self.strategies.listeners.get(premium.abroad.index()).map_or(0, Vec::len) {
                let id = self.strategies.listeners[premium.abroad.index()][place];
                let told = self.strategies.listeners.get(premium.home.index()).is_some_and(|told| told.contains(&id));
                if !told {
                    self.tell_strategy(StrategyId(id), effects, &mut tell);
                }
            }
        }
    }

    /// Lets one strategy look, and carries out what it signals.
    #[inline]
    fn tell_strategy(
        &mut self,
        id: StrategyId,
        effects: &mut Effects<Effect>,
        tell: &mut impl FnMut(&mut dyn Strategy, &View<'_>, &mut Signals),
    ) {
        let Some(Some(running)) = self.strategies.running.get_mut(usize::from(id.0)) else { return };
        let seen = Seen {
            markets: &self.markets,
            orders: &self.orders,
            portfolio: &self.portfolio,
            auto_trade: self.operator.auto_trade,
            derived: &self.derived,
            ranking: &self.ranking,
            facts: &self.facts,
            margins: &self.margins,
            now: self.stamp.recv,
        };
        let view = View::new(self.stamp.recv, id, &seen).with_venue_time(time_of(&self.stamp));
        tell(running.strategy.as_mut(), &view, &mut self.signals);
        if !self.signals.is_empty() {
            self.carry_out(id, effects);
        }
    }

    /// Tells every strategy that settings were read.
    pub(super) fn start_strategies(&mut self, effects: &mut Effects<Effect>) {
        self.tell_every_strategy(effects, |strategy, view, out| strategy.on_configure(view, out));
    }

    /// Lets every strategy look, whatever it hears of.
    pub(super) fn tell_every_strategy(
        &mut self,
        effects: &mut Effects<Effect>,
        mut tell: impl FnMut(&mut dyn Strategy, &View<'_>, &mut Signals),
    ) {
        for index in 0..self.strategies.running.len() {
            if let Ok(id) = u16::try_from(index) {
                self.tell_strategy(StrategyId(id), effects, &mut tell);
            }
        }
    }

    /// The strategies that run, with their settings, by number: for whoever looks on.
    pub fn strategies(&self) -> impl Iterator<Item = (StrategyId, &StrategySettings, &dyn Strategy)> + '_ {
        let running = self.strategies.running.iter().enumerate();
        running.filter_map(|(index, running)| {
            let running = running.as_ref()?;
            Some((StrategyId(u16::try_from(index).ok()?), &running.settings, running.strategy.as_ref()))
        })
    }

    /// What every strategy has to show, by its number.
    pub fn views(&self) -> Vec<(StrategyId, Table)> {
        let seen = self.seen();
        let mut views = Vec::new();
        for (index, running) in self.strategies.running.iter().enumerate() {
            if let (Some(running), Ok(id)) = (running, u16::try_from(index)) {
                let view = View::new(self.stamp.recv, StrategyId(id), &seen);
                views.extend(running.strategy.tables(&view).into_iter().map(|table| (StrategyId(id), table)));
            }
        }
        views
    }

    fn seen(&self) -> Seen<'_> {
        let Kernel { markets, orders, portfolio, operator, derived, ranking, facts, margins, .. } = self;
        let (auto_trade, now) = (operator.auto_trade, self.stamp.recv);
        Seen { markets, orders, portfolio, auto_trade, derived, ranking, facts, margins, now }
    }

    /// Tells the strategy an order belongs to what became of it.
    pub(super) fn report(&mut self, strategy: StrategyId, report: &OrderReport, effects: &mut Effects<Effect>) {
        self.tell_strategy(strategy, effects, &mut |strategy, view, out| strategy.on_order(view, report, out));
    }

    /// Fires timers that are due.
    pub(super) fn on_tick(&mut self, effects: &mut Effects<Effect>) {
        while let Some(purpose) = self.timers.pop_due(self.stamp.recv) {
            match purpose {
                Purpose::Ask(order) => self.ask(order, effects),
                Purpose::Strategy(id, tag) => {
                    self.tell_strategy(id, effects, &mut |strategy, view, out| strategy.on_timer(view, tag, out));
                }
            }
        }
    }

    fn carry_out(&mut self, id: StrategyId, effects: &mut Effects<Effect>) {
        // Taken out for its allocation; signals cause no signals.
        let mut signals = core::mem::take(&mut self.signals);
        if signals.len() > SIGNALS_MAX {
            let count = signals.len();
            let text = || format!("strategy {} signalled {count} times on one event; only {SIGNALS_MAX} were heard", id.0);
            self.notices.tell(self.stamp.recv, Severity::Warning, "strategy.signals", effects, text);
        }
        for signal in signals.drain().take(SIGNALS_MAX) {
            match signal {
                Signal::Order { instrument, side, order_type, time_in_force, qty, reduce_only } => {
                    let origin = Origin::Strategy(id);
                    let wanted = Wanted { origin, instrument, side, order_type, time_in_force, qty, reduce_only };
                    self.want(&wanted, effects);
                }
                Signal::Cancel(order) => {
                    if self.is_owner(id, order) {
                        self.cancel(order, effects);
                    }
                }
                Signal::CancelAll(instrument) => {
                    self.cancel_where(effects, |request| request.strategy == id && request.instrument == instrument);
                }
                Signal::Amend(amendment) => {
                    if self.is_owner(id, amendment.order) {
                        self.amend(&amendment, Origin::Strategy(id), effects);
                    }
                }
                Signal::Timer { at, tag } => self.set_timer(id, at, tag),
                Signal::Subscribe { instrument, on } => effects.push(Effect::Subscribe { instrument, on }),
                Signal::Ask(query) => effects.push(Effect::Query(query)),
                Signal::Notify(notice) => {
                    self.notices.tell(self.stamp.recv, notice.severity, &notice.code, effects, || notice.text.clone());
                }
            }
        }
        self.signals = signals;
    }

    fn is_owner(&self, id: StrategyId, order: OrderId) -> bool {
        self.orders.get(order).is_some_and(|live| live.order.request.strategy == id)
    }

    fn set_timer(&mut self, id: StrategyId, at: Nanos, tag: u32) {
        let at = at.max(self.stamp.recv.plus(TIMER_NS_MIN));
        self.timers.set(at, Purpose::Strategy(id, tag));
    }
}
