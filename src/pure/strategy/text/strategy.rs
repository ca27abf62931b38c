//! Texts as a strategy: [`TextStrategy`]. It makes the rows, runs the texts on them, and turns what they decide into orders.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::Any;

use jangbu_journal::{DecodeError, Decoder, Encoder, Nanos};

use super::columns::{Mode, Row};
use super::facts::Facts;
use super::flags::Flags;
use super::frame::{Fault, Frame, Market};
use super::looked::{Looked, Verdict};
use super::names::{Part, slot};
use super::pair::{Pair, Setup};
use super::problem::Problem;
use super::rows::Scene;
use super::watched::{MEASURED_ROWS, Watched, measured_column};
use crate::effect::Severity;
use crate::event::market::Vi;
use crate::market::instrument::INSTRUMENTS_MAX;
use crate::market::{Instrument, InstrumentId, InstrumentKind, Price, Quote, Trade};
use crate::strategy::rules::{Direction, RuleSettings, Rules, tables};
use crate::strategy::table::Table;
use crate::strategy::{OrderReport, Signals, Strategy, View};

/// How often the turnover ranking is made anew.
const RANK_NS: i64 = 10_000_000_000;
/// Different faults that are counted; others are counted with the last.
const FAULTS_MAX: usize = 64;

/// The form of the saved state; the first was 0 or 1. Of another form it does not load, and the journal is replayed instead.
const FORM: u64 = 4;

/// What the settings say.
#[derive(Clone, Debug, PartialEq)]
pub struct TextSettings {
    /// Names of the buy and the sell text.
    pub names: [String; 2],
    /// How the texts are compiled.
    pub setup: Setup,
    /// What becomes of what they want.
    pub rules: RuleSettings,
    /// Instruments in the turnover ranking.
    pub ranked: usize,
}

/// Two texts that decide, and all they know of the instruments they hear of.
#[derive(Debug)]
pub struct TextStrategy {
    pub(super) settings: TextSettings,
    /// The texts that run: those loaded last that were right.
    pub(super) sources: [Option<String>; 2],
    pair: Pair,
    pub(super) rules: Rules,
    pub(super) instruments: Vec<Option<Box<Watched>>>,
    /// When the ranking was made last.
    ranked_at: Option<Nanos>,
    /// How often which text had which fault.
    faults: Vec<(Part, Fault, u64)>,
    /// Scratch: the slots of an evaluation.
    pub(super) slots: Vec<f64>,
    /// The newest row; overwritten by the next, and no part of the state.
    looked: Option<Looked>,
    /// Scratch: turnover and place of every instrument.
    ranking: Vec<(i128, usize)>,
}

impl TextStrategy {
    /// Without texts yet.
    ///
    /// # Errors
    /// When a condition of the settings does not compile.
    pub fn new(settings: TextSettings) -> Result<Self, String> {
        let pair = compiled(&settings, &[None, None]).map_err(|(which, problem)| format!("{which}: {problem}"))?;
        let mut strategy = TextStrategy {
            rules: Rules::new(settings.rules.clone()),
            settings,
            sources: [None, None],
            pair: Pair::default(),
            instruments: Vec::new(),
            ranked_at: None,
            faults: Vec::new(),
            slots: Vec::new(),
            looked: None,
            ranking: Vec::new(),
        };
        strategy.adopt(pair);
        Ok(strategy)
    }

    /// Goes on with other programs.
    fn adopt(&mut self, pair: Pair) {
        for watched in self.instruments.iter_mut().flatten() {
            watched.maker.keep_tops(pair.wants_tops);
            watched.history.fit(&pair.plan.kept);
            watched.studied.fit(&pair.plan.indicators);
            watched.pins = pair.adopt_pins(&self.pair, &watched.pins);
            if let Some(held) = &mut watched.held {
                held.pins = pair.adopt_pins(&self.pair, &held.pins);
            }
        }
        self.slots.resize(pair.slots(), 0.0);
        self.pair = pair;
        self.measure_all();
    }

    /// What sizes are scaled by follows from the rows: so it does of rows that were loaded or taken over.
    fn measure_all(&mut self) {
        let Some(by) = self.settings.rules.scale_by else { return };
        for (index, known) in self.instruments.iter().enumerate() {
            if let (Some(known), Ok(id)) = (known, u32::try_from(index)) {
                self.rules.measure(InstrumentId(id), known.measure(by, Market { stock: known.is_stock }));
            }
        }
    }

    /// What is known of an instrument; room is made for one that was defined.
    fn known(&mut self, view: &View<'_>, id: InstrumentId) -> Option<()> {
        if self.instruments.get(id.index()).is_some_and(Option::is_some) {
            return Some(());
        }
        // Ids are dense, but only those that were defined: a wild one must not decide how much is allocated.
        let is_stock = view.instrument(id)?.kind == InstrumentKind::Stock;
        if self.instruments.len() <= id.index() {
            self.instruments.resize_with(id.index() + 1, || None);
        }
        let mut watched = Watched {
            history: super::history::History::new(&self.pair.plan.kept),
            studied: super::indicators::Studied::new(&self.pair.plan.indicators),
            last_true: alloc::vec![0; self.pair.conditions.len()],
            is_stock,
            ..Watched::default()
        };
        watched.maker.keep_tops(self.pair.wants_tops);
        self.instruments[id.index()] = Some(Box::new(watched));
        Some(())
    }

    /// The book or the quote changed, or (in minute mode) a trade comes.
    fn turn(&mut self, view: &View<'_>, id: InstrumentId, book: bool, out: &mut Signals) {
        let (at, mode) = (view.venue_time(), self.settings.setup.mode);
        let due = matches!(self.instruments.get(id.index()), Some(Some(known)) if known.maker.is_due(at, mode, book));
        if !due {
            return;
        }
        if self.ranked_at.is_none_or(|before| view.now().get().saturating_sub(before.get()) >= RANK_NS) {
            self.rank(view.now());
        }
        let (Some(instrument), Some(Some(known))) = (view.instrument(id), self.instruments.get_mut(id.index())) else { return };
        // A venue that ranks all its markets knows better than we do from those we hear of.
        known.ranked = view.is_ranked(id).unwrap_or(known.ranked);
        let facts = Facts::of(view, id);
        let scene = Scene { instrument, book: view.book(id), quote: view.quote(id), watched: known.ranked, facts };
        if let Some((second, mut row)) = known.maker.row(at, mode, &scene) {
            self.on_text_row(view, instrument, (second, &mut row), out);
        }
    }

    /// The instruments with the largest turnover of the day, anew.
    fn rank(&mut self, now: Nanos) {
        self.ranked_at = Some(now);
        self.ranking.clear();
        let known = self.instruments.iter().enumerate().filter_map(|(place, known)| Some((place, known.as_ref()?)));
        self.ranking.extend(known.map(|(place, known)| (-known.maker.turnover(), place)));
        // The place makes the order total.
        self.ranking.sort_unstable();
        for (rank, &(_, place)) in self.ranking.iter().enumerate() {
            if let Some(Some(known)) = self.instruments.get_mut(place) {
                known.ranked = rank < self.settings.ranked;
            }
        }
    }

    /// Runs what is to be run on a row.
    fn on_text_row(&mut self, view: &View<'_>, instrument: &Instrument, (second, row): (i64, &mut Row), out: &mut Signals) {
        self.rules.look(view, instrument.id, None, out);
        let TextStrategy { settings, pair, rules, instruments, slots, looked, .. } = self;
        let Some(Some(known)) = instruments.get_mut(instrument.id.index()) else { return };
        known.enter((second, row), instrument, settings.setup.average, pair, slots);
        slots[const { slot("김프") }] = view.premium(instrument.id).map_or(0.0, |rate| rate.to_f64() * 100.0);
        let market = Market { stock: instrument.kind == InstrumentKind::Stock };
        for (place, condition) in pair.conditions.iter().enumerate() {
            let mut frame = Frame::new(slots, &known.history, market);
            if condition.run(&mut frame)
                && let Some(last) = known.last_true.get_mut(place)
            {
                *last = known.history.count();
            }
        }
        let holding = rules.holding(instrument.id).copied();
        match &holding {
            Some(holding) => {
                let leverage = view.leverage(instrument.id);
                known.enter_position(second, (settings.setup.mode, &pair.plan), (instrument, holding, leverage), slots);
            }
            None => known.held = None,
        }
        let price = known.maker.last().unwrap_or(Price::ZERO);
        if let Some(by) = settings.rules.scale_by {
            rules.measure(instrument.id, known.measure(by, market));
        }
        if pair.wants_quantities {
            slots[const { slot("매수수량") }] = rules.next_entry(view, instrument, price).to_f64();
            slots[const { slot("매도수량") }] = rules.next_exit(instrument.id).to_f64();
        }
        let is_short = holding.is_some_and(|holding| holding.qty.is_negative());
        let rows = looked.map_or(0, |looked| looked.rows).wrapping_add(1);
        let (at, verdicts) = (view.now(), [Verdict::NotReady; 2]);
        let looked = looked.insert(Looked { at, rows, instrument: instrument.id, second, market, is_short, verdicts });
        let ready = pair.ready.and_then(|(place, window)| known.history.window(place, &window)).is_some_and(|sum| sum != 0.0);
        if !ready {
            return;
        }
        looked.verdicts[Part::Sell as usize] = match &pair.sell {
            None => Verdict::NoText,
            Some(_) if holding.is_none() => Verdict::Held(false),
            Some(_) if !rules.may_leave(view, instrument.id) => {
                rules.exit_gate(view.now(), instrument.id).map_or(Verdict::Busy, Verdict::Gate)
            }
            Some(program) => {
                let pins = known.held.as_ref().map_or(&[][..], |held| &held.pins);
                let mut frame = Frame { pins, last_true: &known.last_true, ..Frame::new(slots, &known.history, market) };
                let signal = program.run(&mut frame) && program.flags().ways(frame.slots)[usize::from(is_short)];
                let fault = frame.fault;
                if signal {
                    rules.leave(view, instrument.id, price, out);
                }
                Verdict::Ran { signal, fault }
            }
        };
        looked.verdicts[Part::Buy as usize] = match (&pair.buy, &holding) {
            (None, _) => Verdict::NoText,
            // A position grows by a signal only where the settings say so; otherwise the rules see to it.
            (Some(_), Some(_)) if !settings.rules.entries.by_signal => Verdict::Held(true),
            (Some(_), None) if !known.ranked => Verdict::NotRanked,
            (Some(program), _) => match rules.may_enter(view, instrument, price) {
                Err(gate) => Verdict::Gate(gate),
                Ok(()) => {
                    let pins = known.held.as_ref().map_or(&[][..], |held| &held.pins);
                    let mut frame = Frame { pins, last_true: &known.last_true, ..Frame::new(slots, &known.history, market) };
                    let signal = program.run(&mut frame);
                    let held = holding.map(|_| is_short);
                    let way = way(settings.rules.direction, program.flags(), frame.slots, held).filter(|_| signal);
                    let fault = frame.fault;
                    if let Some(short) = way {
                        pair.plan.pin(&mut frame, &mut known.pins);
                        known.pinned_row = known.history.count().saturating_sub(1);
                        rules.enter_as(view, instrument.id, price, short, out);
                    }
                    Verdict::Ran { signal: way.is_some(), fault }
                }
            },
        };
        for (part, verdict) in [Part::Buy, Part::Sell].into_iter().zip(looked.verdicts) {
            if let Verdict::Ran { fault: Some(fault), .. } = verdict {
                self.on_fault(part, fault, instrument, out);
            }
        }
    }

    /// Counts a fault, and tells the first, the hundredth, the ten-thousandth … of a line.
    #[cold]
    fn on_fault(&mut self, part: Part, fault: Fault, instrument: &Instrument, out: &mut Signals) {
        let found = self.faults.iter().position(|(at, known, _)| (*at, *known) == (part, fault));
        let place = match found {
            Some(place) => place,
            None if self.faults.len() < FAULTS_MAX => {
                self.faults.push((part, fault, 0));
                self.faults.len() - 1
            }
            None => FAULTS_MAX - 1,
        };
        let Some((_, _, count)) = self.faults.get_mut(place) else { return };
        *count = count.saturating_add(1);
        let mut told = *count;
        while told > 1 && told.is_multiple_of(100) {
            told /= 100;
        }
        if told == 1 {
            let (name, line, symbol) = (&self.settings.names[part as usize], fault.line, &instrument.symbol);
            let text = format!("{name}:{line}: {symbol}: {} ({count})", fault.kind);
            out.notify(Severity::Warning, "text.fault", text);
        }
    }

    /// The newest row, and what became of the texts on it; `None` before one.
    pub fn looked(&self) -> Option<&Looked> {
        self.looked.as_ref()
    }

    /// The name of a text, and the text that runs; empty and `None` without.
    pub fn text(&self, part: Part) -> (&str, Option<&str>) {
        (&self.settings.names[part as usize], self.sources[part as usize].as_deref())
    }

    /// How often the texts faulted.
    pub fn faults(&self) -> u64 {
        self.faults.iter().fold(0, |sum, (_, _, count)| sum.saturating_add(*count))
    }
}

/// The texts for these settings, and the rows that sizes are scaled by.
fn compiled(settings: &TextSettings, sources: &[Option<String>; 2]) -> Result<Pair, (String, Problem)> {
    let mut pair = Pair::compile(&settings.setup, sources[0].as_deref(), sources[1].as_deref())?;
    if let Some(column) = measured_column(settings.rules.scale_by) {
        pair.plan.kept.keep(column, MEASURED_ROWS);
    }
    Ok(pair)
}

/// Which way a buy text that signalled enters: `Some(true)` is short, `None` not at all. A text that names sides enters long before
/// short; one that names none enters as the settings say; what is held only grows.
pub(super) fn way(direction: Direction, flags: Flags, slots: &[f64], held: Option<bool>) -> Option<bool> {
    let default = direction == Direction::Short;
    let ways = flags.ways(slots);
    let possible = |short: &bool| match flags.sides() {
        None => *short == held.unwrap_or(default),
        Some(_) => ways[usize::from(*short)] && held.is_none_or(|held| held == *short),
    };
    [false, true].into_iter().filter(|short| direction.allows(*short)).find(possible)
}

impl Strategy for TextStrategy {
    fn on_trade(&mut self, view: &View<'_>, trade: &Trade, out: &mut Signals) {
        let id = trade.instrument;
        if self.known(view, id).is_none() {
            return;
        }
        let mode = self.settings.setup.mode;
        if mode == Mode::Minute {
            // The trade that begins a minute is not of the minute that ends.
            self.turn(view, id, false, out);
        }
        let (Some(instrument), Some(Some(known))) = (view.instrument(id), self.instruments.get_mut(id.index())) else { return };
        let at = view.venue_time();
        // A coin's rows go on through the night; a stock's begin anew with its day.
        if instrument.kind == InstrumentKind::Stock && known.maker.is_new_day(at, instrument) {
            known.history.clear(&self.pair.plan.kept);
            known.studied = super::indicators::Studied::new(&self.pair.plan.indicators);
            known.last_true.fill(0);
        }
        known.maker.on_trade(at, trade, instrument, mode);
        self.rules.look(view, id, Some(trade.price), out);
    }

    fn on_quote(&mut self, view: &View<'_>, quote: &Quote, out: &mut Signals) {
        self.turn(view, quote.instrument, true, out);
    }

    fn on_book(&mut self, view: &View<'_>, instrument: InstrumentId, out: &mut Signals) {
        self.turn(view, instrument, true, out);
    }

    fn on_interruption(&mut self, view: &View<'_>, vi: &Vi, _: &mut Signals) {
        if self.known(view, vi.instrument).is_some()
            && let Some(Some(known)) = self.instruments.get_mut(vi.instrument.index())
        {
            known.maker.on_interruption(view.venue_time(), vi.active);
        }
    }

    fn on_order(&mut self, view: &View<'_>, order: &OrderReport, out: &mut Signals) {
        self.rules.on_order(view, order, out);
        if let Some(Some(known)) = self.instruments.get_mut(order.instrument.index())
            && self.rules.holding(order.instrument).is_none()
        {
            known.held = None;
        }
    }

    fn on_timer(&mut self, view: &View<'_>, tag: u32, out: &mut Signals) {
        self.rules.on_timer(view, tag, out);
    }

    fn on_configure(&mut self, view: &View<'_>, out: &mut Signals) {
        self.rules.on_configure(view, out);
    }

    fn inherit(&mut self, before: &mut dyn Any) {
        let Some(before) = before.downcast_mut::<TextStrategy>() else { return };
        self.rules.inherit(&mut before.rules);
        // Rows of another span are no rows of these texts.
        if self.settings.setup.mode == before.settings.setup.mode {
            let pair = core::mem::take(&mut self.pair);
            self.instruments = core::mem::take(&mut before.instruments);
            self.ranked_at = before.ranked_at;
            self.pair = core::mem::take(&mut before.pair);
            let conditions = pair.conditions.len();
            for watched in self.instruments.iter_mut().flatten().filter(|_| self.settings.setup != before.settings.setup) {
                watched.last_true = alloc::vec![0; conditions];
            }
            self.adopt(pair);
        }
    }

    fn tables(&self, view: &View<'_>) -> Vec<Table> {
        tables(&self.rules, view)
    }

    fn on_text(&mut self, name: &str, text: &str) -> Result<(), String> {
        let mut sources = self.sources.clone();
        let mut concerned = false;
        for (source, known) in sources.iter_mut().zip(&self.settings.names) {
            if known == name && source.as_deref() != Some(text) {
                *source = Some(text.into());
                concerned = true;
            }
        }
        if !concerned {
            return Ok(());
        }
        match compiled(&self.settings, &sources) {
            Ok(pair) => {
                let sides = pair.buy.as_ref().and_then(|program| program.flags().sides()).unwrap_or([false; 2]);
                for (short, flag) in [false, true].into_iter().zip(Part::Buy.sides()) {
                    if sides[usize::from(short)] && !self.settings.rules.direction.allows(short) {
                        return Err(format!(
                            "{name}: `{flag}` 쪽은 들어갈 수 없는 설정입니다. 설정 direction을 both로 하거나 그 줄을 지우세요 · enters by `{flag}`, \
                             which the setting `direction` does not let it: expected direction = \"both\", or a text without it"
                        ));
                    }
                }
                self.sources = sources;
                self.faults.clear();
                self.adopt(pair);
                Ok(())
            }
            Err((_, problem)) => Err(format!("{name}:{problem}")),
        }
    }

    fn save(&self, out: &mut Encoder<'_>) {
        out.u64(FORM);
        for source in &self.sources {
            out.u8(u8::from(source.is_some()));
            out.str(source.as_deref().unwrap_or(""));
        }
        out.i64(self.ranked_at.map_or(i64::MIN, Nanos::get));
        out.value(&self.faults);
        self.rules.save(out);
        out.u64(self.instruments.len() as u64);
        for known in &self.instruments {
            out.u8(u8::from(known.is_some()));
            if let Some(known) = known {
                known.save(out);
            }
        }
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let form = input.u64()?;
        if form != FORM {
            return Err(DecodeError::Impossible { what: "the form of a text strategy's state", value: form.into() });
        }
        for source in &mut self.sources {
            let there = input.u8()? != 0;
            let text = input.str()?;
            *source = there.then(|| text.into());
        }
        self.pair = compiled(&self.settings, &self.sources)
            .map_err(|(which, problem)| DecodeError::Value { what: "a strategy text", reason: format!("{which}:{problem}") })?;
        self.slots.clear();
        self.slots.resize(self.pair.slots(), 0.0);
        self.ranked_at = Some(input.i64()?).filter(|at| *at != i64::MIN).map(Nanos::new);
        self.faults = input.value("faults of texts")?;
        self.faults.truncate(FAULTS_MAX);
        self.rules.load(input)?;
        let count = input.u64()?;
        if count > u64::from(INSTRUMENTS_MAX).min(input.remaining() as u64) {
            return Err(DecodeError::Truncated { expected: "the instruments of a text strategy" });
        }
        self.instruments.clear();
        for _ in 0..count {
            let known = if input.u8()? == 0 { None } else { Some(Box::new(Watched::load(input, &self.pair)?)) };
            self.instruments.push(known);
        }
        self.measure_all();
        Ok(())
    }
}

#[cfg(test)]
#[path = "strategy_tests.rs"]
mod tests;
