//! The order rules: what is bought for how much, in how many parts, and when it is left whatever a strategy thinks. [`Rules`].
//!
//! ```text
//!  strategy: "enter", "leave" ──► gates (time, blacklist, limits, pauses) ──► size, split, price ──► order
//!  trade, quote, timer ─────────► stops, parts, unfilled orders ───────────► order, amendment, cancellation
//!  report of an order ──────────► holding: entries, exits, profit of the day
//! ```
//!
//! A strategy tells the rules everything it hears and asks them instead of ordering itself. What they remember is [`State`], saved
//! as it is; a change of settings keeps it. The time is that of the stamps, the day the Korean one. Returns are after the fees and
//! taxes of the instrument's own table. All of it holds for long and for short positions.
//!
//! `RULES.md` lists every rule of the reference, with its parameter, its code and its test.
//!
//! One strategy an instrument: what the account holds of it is taken for this strategy's.

pub mod clock;
mod exits;
mod gates;
mod parameters;
pub mod pricing;
pub mod profit;
mod settings;
mod sizing;
pub mod split;
pub mod state;
mod tables;
mod working;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod text_tests;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;

use jangbu_journal::{DecodeError, Decoder, Encoder, Nanos};

pub use gates::Gate;
pub use parameters::PARAMETERS;
pub use settings::{Direction, Entries, Exits, Gates, Market, RuleSettings, ScaleBy, Stops, Unfilled, Waiting};
pub(in crate::strategy) use settings::{parts, seconds, yes};
pub use state::{Holding, Reason};
pub use tables::tables;

use self::clock::{Span, TimeOfDay, day_of};
use self::profit::{Percent, outcome};
use self::state::{Leaving, State, Tracked, Working};
use self::working::{Moment, Ordered, entry_qty, outranks};
use super::{OrderReport, Signals, View};
use crate::effect::Severity;
use crate::market::instrument::INSTRUMENTS_MAX;
use crate::market::{Currency, Instrument, InstrumentId, Money, Price, Qty, Side};

/// The tag of the timer of the liquidation time. Those of instruments are their numbers; a strategy may use the tags between.
const LIQUIDATION_TAG: u32 = u32::MAX;

/// The order rules of one strategy, and what they remember.
#[derive(Clone, Debug)]
pub struct Rules {
    settings: RuleSettings,
    state: State,
    /// What sizes are scaled by, where rows say it: follows from the rows, which whoever has them saves.
    measures: BTreeMap<InstrumentId, Percent>,
    /// What is held or about to be, where a limit asks how many: follows from the state.
    held: BTreeSet<InstrumentId>,
}

impl Rules {
    /// With nothing remembered.
    pub fn new(settings: RuleSettings) -> Self {
        Rules { settings, state: State::default(), measures: BTreeMap::new(), held: BTreeSet::new() }
    }

    /// The settings.
    pub fn settings(&self) -> &RuleSettings {
        &self.settings
    }

    /// What they know of a position.
    pub fn holding(&self, id: InstrumentId) -> Option<&Holding> {
        self.state.tracked.get(&id)?.holding.as_ref()
    }

    /// What they know of an instrument.
    pub fn tracked(&self, id: InstrumentId) -> Option<&Tracked> {
        self.state.tracked.get(&id)
    }

    /// Whether a position is held, with no order open and none due: then a strategy may say that it wants to leave.
    pub fn may_leave(&self, view: &View<'_>, id: InstrumentId) -> bool {
        let free = |tracked: &Tracked| tracked.holding.is_some() && tracked.working.is_none() && tracked.leaving.is_none();
        let allowed = view.auto_trade() && view.is_idle(id) && self.exit_gate(view.now(), id).is_none();
        allowed && self.tracked(id).is_some_and(free)
    }

    /// Every instrument they have to do with, by number.
    pub fn all(&self) -> impl Iterator<Item = (InstrumentId, &Tracked)> + '_ {
        self.state.tracked.iter().map(|(id, tracked)| (*id, tracked))
    }

    /// Takes over what the rules of other settings remember.
    pub fn inherit(&mut self, before: &mut Rules) {
        self.state = core::mem::take(&mut before.state);
        self.count_held();
    }

    /// Counts everything held anew.
    fn count_held(&mut self) {
        self.held.clear();
        if self.settings.gates.holdings_max > 0 {
            self.held = self.state.tracked.iter().filter(|(_, tracked)| tracked.is_held()).map(|(id, _)| *id).collect();
        }
    }

    /// An instrument may be held now, or be so no more.
    #[inline]
    fn count(&mut self, id: InstrumentId) {
        if self.settings.gates.holdings_max > 0 {
            if self.state.tracked.get(&id).is_some_and(Tracked::is_held) {
                self.held.insert(id)
            } else {
                self.held.remove(&id)
            };
        }
    }

    /// How many others than `id` are held or about to be.
    fn held_but(&self, id: InstrumentId) -> usize {
        debug_assert_eq!(self.held.len(), self.state.tracked.values().filter(|tracked| tracked.is_held()).count());
        self.held.len() - usize::from(self.held.contains(&id))
    }

    /// Settings were read: timers that were set are gone, and everything is looked at under them.
    pub fn on_configure(&mut self, view: &View<'_>, out: &mut Signals) {
        for tracked in self.state.tracked.values_mut() {
            tracked.timer = None;
        }
        self.set_liquidation(view.now(), out);
        self.look_at_all(view, out);
    }

    fn set_liquidation(&self, now: Nanos, out: &mut Signals) {
        if let Some(time) = self.settings.liquidate_at {
            out.timer(time.next(now), LIQUIDATION_TAG);
        }
    }

    /// A timer. False when it is not one of the rules'.
    pub fn on_timer(&mut self, view: &View<'_>, tag: u32, out: &mut Signals) -> bool {
        if tag == LIQUIDATION_TAG {
            self.set_liquidation(view.now(), out);
            self.look_at_all(view, out);
            return true;
        }
        if tag >= INSTRUMENTS_MAX {
            return false;
        }
        if let Some(tracked) = self.state.tracked.get_mut(&InstrumentId(tag)) {
            tracked.timer = None;
        }
        self.look(view, InstrumentId(tag), None, out);
        true
    }

    fn look_at_all(&mut self, view: &View<'_>, out: &mut Signals) {
        let ids: Vec<InstrumentId> = self.state.tracked.keys().copied().collect();
        for id in ids {
            self.look(view, id, None, out);
        }
    }

    /// Looks at an instrument: on its trades (with their price), and on whatever else may have changed something.
    #[inline]
    pub fn look(&mut self, view: &View<'_>, id: InstrumentId, price: Option<Price>, out: &mut Signals) {
        if let Some(price) = price.filter(|_| self.settings.scale_by == Some(ScaleBy::Range)) {
            self.note_range(view, id, price);
        }
        if self.state.tracked.contains_key(&id) || !view.position(id).is_zero() {
            self.manage(view, id, price, out);
        }
    }

    /// Something is held, ordered, or was today. The day's limit concerns everything at once, not each at its next price.
    fn manage(&mut self, view: &View<'_>, id: InstrumentId, price: Option<Price>, out: &mut Signals) {
        let before = self.state.stopped;
        self.manage_one(view, id, price, out);
        self.count(id);
        if self.state.stopped && !before {
            self.look_at_all(view, out);
        }
    }

    fn manage_one(&mut self, view: &View<'_>, id: InstrumentId, price: Option<Price>, out: &mut Signals) {
        let Some(instrument) = view.instrument(id) else { return };
        self.state.begin_day(day_of(view.now()));
        self.refresh(view, instrument);
        let price = price.or(view.last(id));
        let day_ended = self.day_has_ended(view, instrument, price, out);
        let (liquidates, no_exits) = (self.is_liquidation_time(view.now()), self.exit_gate(view.now(), id).is_some());
        let Rules { settings, state, .. } = self;
        let tracked = state.tracked.entry(id).or_default();
        // Refused before it left: nobody will ever report it.
        if tracked.working.is_some_and(|working| working.order.is_none()) && view.is_idle(id) {
            tracked.working = None;
            tracked.retry_at = Some(view.now().plus(working::RETRY_NS));
            // A signal was one of its moment; a stop is tried again.
            tracked.leaving = tracked.leaving.filter(|leaving| leaving.reason.is_forced());
        }
        if let (Some(holding), Some(price)) = (&mut tracked.holding, price) {
            exits::see(settings, holding, instrument, price);
        }
        if !view.auto_trade() {
            return;
        }
        let moment = Moment { settings, view, instrument, price };
        let waits = tracked.retry_at.is_some_and(|at| view.now() < at) && tracked.leaving.is_none();
        if let Some(holding) = tracked.holding.as_ref().filter(|_| !waits) {
            let all = |reason| Some(Leaving { reason, qty: None });
            let due = match (liquidates, day_ended) {
                (true, _) => all(Reason::Liquidation),
                (_, true) => all(Reason::DayLimit),
                _ => {
                    let due = exits::due(settings, holding, instrument, price, (view.now(), view.leverage(id)));
                    due.filter(|due| !no_exits || due.reason.is_forced())
                }
            };
            if let Some(leaving) = due.filter(|due| outranks(due.reason, tracked.leaving.map(|leaving| leaving.reason))) {
                if leaving.reason.is_forced() {
                    tell(instrument, holding, price, leaving.reason, out);
                }
                tracked.leaving = Some(leaving);
            }
        } else if liquidates {
            self.cancel_entry(id, out);
            return;
        }
        moment.drive(tracked, out);
        moment.set_timer(tracked, out);
        let free = tracked.holding.is_some() && tracked.leaving.is_none() && tracked.working.is_none();
        let entries = settings.entries;
        if let Some(price) = price.filter(|_| free && entries.split.count > 1 && !entries.by_signal) {
            self.enter(view, id, price, out);
        }
    }

    /// Wants a position, or the next part of one. False when a gate is closed, or what could be bought is too small.
    pub fn enter(&mut self, view: &View<'_>, id: InstrumentId, price: Price, out: &mut Signals) -> bool {
        let held = self.holding(id).map(|holding| holding.qty.is_negative());
        let short = held.unwrap_or(self.settings.direction == Direction::Short);
        self.enter_as(view, id, price, short, out)
    }

    /// The same, of a position that is short or long; also false when none of that kind may be taken.
    pub fn enter_as(&mut self, view: &View<'_>, id: InstrumentId, price: Price, short: bool, out: &mut Signals) -> bool {
        let Some(instrument) = view.instrument(id) else { return false };
        self.state.begin_day(day_of(view.now()));
        let other = self.holding(id).is_some_and(|holding| holding.qty.is_negative() != short);
        let possible = self.settings.direction.allows(short) && (!short || instrument.kind.can_short()) && !other;
        if !possible || self.may_enter(view, instrument, price).is_err() {
            return false;
        }
        let factor = self.factor(id);
        let Rules { settings, state, .. } = self;
        let tracked = state.tracked.entry(id).or_default();
        let moment = Moment { settings, view, instrument, price: Some(price) };
        let side = if short { Side::Sell } else { Side::Buy };
        let order_type = settings.entry.order_type(side, price, view.quote(id), &instrument.ticks);
        let qty = entry_qty(&moment, tracked, price, factor);
        let (Some(order_type), Some(qty)) = (order_type, qty) else { return false };
        if !moment.finds(settings.entry_market, side, order_type, qty) {
            return false;
        }
        moment.send(tracked, Ordered { side, is_entry: true, order_type, qty, carried: false }, out);
        moment.set_timer(tracked, out);
        self.count(id);
        true
    }

    /// Wants to leave a position, or the next part of it.
    pub fn leave(&mut self, view: &View<'_>, id: InstrumentId, price: Price, out: &mut Signals) {
        let Some(instrument) = view.instrument(id) else { return };
        self.refresh(view, instrument);
        let no_exits = self.exit_gate(view.now(), id).is_some();
        let Rules { settings, state, .. } = self;
        let Some(tracked) = state.tracked.get_mut(&id) else { return };
        let Some(holding) = &tracked.holding else { return };
        if !view.auto_trade() || tracked.leaving.is_some() || no_exits {
            return;
        }
        let split = settings.exits.split;
        tracked.leaving = Some(match split.count {
            0 | 1 => Leaving { reason: Reason::Signal, qty: None },
            _ => exits::part(split, holding, Reason::Signal),
        });
        let moment = Moment { settings, view, instrument, price: Some(price) };
        moment.drive(tracked, out);
        moment.set_timer(tracked, out);
    }

    /// Cancels an entry that is still open.
    pub fn cancel_entry(&mut self, id: InstrumentId, out: &mut Signals) {
        let working = self.state.tracked.get_mut(&id).and_then(|tracked| tracked.working.as_mut());
        if let Some(working) = working.filter(|working| working.is_entry && !working.cancelling) {
            (working.cancelling, working.then_market) = (true, false);
            out.cancel_all(id);
        }
    }

    /// An order of the strategy changed.
    pub fn on_order(&mut self, view: &View<'_>, report: &OrderReport, out: &mut Signals) {
        let id = report.instrument;
        let Some(instrument) = view.instrument(id) else { return };
        self.state.begin_day(day_of(view.now()));
        let tracked = self.state.tracked.entry(id).or_default();
        let known = tracked.working.is_some_and(|working| working.order.is_none_or(|order| order == report.order));
        if !known && tracked.working.is_none() && !report.done {
            tracked.working = Some(found(report, view));
        }
        let is_current = known || tracked.working.is_some_and(|working| working.order == Some(report.order));
        if let Some(working) = tracked.working.as_mut().filter(|_| is_current) {
            working.order = Some(report.order);
            working.filled = report.filled;
        }
        if let Some((price, qty)) = report.last_fill {
            self.on_fill(view, instrument, report.side, (price, qty));
        }
        self.refresh(view, instrument);
        if is_current && report.done {
            let Rules { settings, state, .. } = self;
            let tracked = state.tracked.entry(id).or_default();
            let moment = Moment { settings, view, instrument, price: view.last(id) };
            moment.finish(tracked, report.rejected, out);
        }
        self.manage(view, id, None, out);
    }

    /// A fill: what it closed is booked, and what it opened is remembered.
    fn on_fill(&mut self, view: &View<'_>, instrument: &Instrument, side: Side, (price, qty): (Price, Qty)) {
        let Some(tracked) = self.state.tracked.get_mut(&instrument.id) else { return };
        tracked.last_trade = Some(view.now());
        let Some(holding) = &mut tracked.holding else { return };
        let grows = (side == Side::Sell) == holding.qty.is_negative();
        if grows {
            holding.last_entry = price;
            return;
        }
        let closed = qty.min(holding.qty.abs());
        let signed = if holding.qty.is_negative() { closed.negated() } else { closed };
        if let Some(found) = outcome(instrument, holding.entry, price, signed) {
            holding.realised = holding.realised.checked_add(found.profit).unwrap_or(holding.realised);
            self.state.on_realised(instrument.quote, found.profit);
        }
    }

    /// Brings what is remembered of a position up to what is held.
    fn refresh(&mut self, view: &View<'_>, instrument: &Instrument) {
        self.bring_up(view, instrument);
        self.count(instrument.id);
    }

    fn bring_up(&mut self, view: &View<'_>, instrument: &Instrument) {
        let id = instrument.id;
        let (qty, entry) = (view.position(id), view.entry(id));
        let Some(entry) = entry.filter(|_| !qty.is_zero()) else {
            if let Some(tracked) = self.state.tracked.get_mut(&id)
                && let Some(holding) = tracked.holding.take()
            {
                tracked.leaving = None;
                if holding.realised.is_negative() {
                    tracked.losses = tracked.losses.saturating_add(1);
                    tracked.last_loss = Some(view.now());
                    self.state.last_loss = Some(view.now());
                }
            }
            return;
        };
        let tracked = self.state.tracked.entry(id).or_default();
        match tracked.holding.as_mut().filter(|holding| holding.qty.is_negative() == qty.is_negative()) {
            Some(holding) => (holding.qty, holding.entry) = (qty, entry),
            None => {
                let ours = tracked.working.is_some_and(|working| working.is_entry);
                tracked.buys = tracked.buys.saturating_add(u32::from(ours));
                tracked.leaving = None;
                tracked.holding = Some(Holding {
                    since: view.now(),
                    since_venue: view.venue_time(),
                    qty,
                    entry,
                    last_entry: entry,
                    best: entry,
                    armed: false,
                    buys: u32::from(!ours),
                    sells: 0,
                    sell_base: qty.abs(),
                    realised: Money::ZERO,
                });
            }
        }
    }

    /// From the liquidation time to the end of the day, or to where the trading window begins if that is later in the night.
    fn is_liquidation_time(&self, now: Nanos) -> bool {
        let from = self.settings.gates.window.from;
        self.settings.liquidate_at.is_some_and(|at| {
            let to = if at > from { TimeOfDay::END } else { from };
            Span { from: at, to }.contains(TimeOfDay::at(now))
        })
    }

    /// Whether the day's limit is reached, and positions are to be closed for it.
    fn day_has_ended(&mut self, view: &View<'_>, instrument: &Instrument, price: Option<Price>, out: &mut Signals) -> bool {
        let gates = &self.settings.gates;
        let (loss_max, profit_max, closes) = (gates.day_loss_max, gates.day_profit_max, gates.day_limit_closes);
        if !self.state.stopped && (loss_max.is_positive() || profit_max.is_positive()) {
            let Some(profit) = self.profit_today(view, instrument.quote, (instrument.id, price)) else { return false };
            let lost = loss_max.is_positive() && profit.raw().saturating_neg() >= loss_max.raw();
            if lost || (profit_max.is_positive() && profit >= profit_max) {
                self.state.stopped = true;
                let text = format!("오늘 손익이 한도에 이름 · the day's limit is reached: {profit} {}", instrument.quote);
                out.notify(Severity::Warning, "rules.day_limit", text);
            }
        }
        self.state.stopped && closes
    }

    /// What was closed today, and what is open would bring at the last prices. `None` when something held has no price.
    pub fn profit_today(&self, view: &View<'_>, currency: Currency, seen: (InstrumentId, Option<Price>)) -> Option<Money> {
        let mut sum = self.state.realised(currency);
        for (id, tracked) in &self.state.tracked {
            let Some(holding) = &tracked.holding else { continue };
            let Some(instrument) = view.instrument(*id).filter(|instrument| instrument.quote == currency) else { continue };
            let price = if *id == seen.0 { seen.1 } else { view.last(*id) };
            sum = sum.checked_add(outcome(instrument, holding.entry, price?, holding.qty)?.profit)?;
        }
        Some(sum)
    }

    /// Appends what is remembered.
    pub fn save(&self, out: &mut Encoder<'_>) {
        out.value(&self.state);
    }

    /// The inverse of `save`.
    ///
    /// # Errors
    /// When the bytes are not such a state.
    pub fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let state: State = input.value("the state of order rules")?;
        let last = state.tracked.keys().next_back();
        if last.is_some_and(|id| id.0 >= INSTRUMENTS_MAX) || state.ranges.len() > INSTRUMENTS_MAX as usize {
            return Err(DecodeError::OutOfRange { what: "the number of an instrument" });
        }
        self.state = state;
        self.count_held();
        Ok(())
    }
}

/// An order of the strategy that the rules have not sent.
fn found(report: &OrderReport, view: &View<'_>) -> Working {
    let position = view.position(report.instrument);
    let grows = position.is_zero() || (report.side == Side::Sell) == position.is_negative();
    Working {
        order: Some(report.order),
        side: report.side,
        is_entry: grows,
        limit: None,
        qty: report.filled.checked_add(report.open).unwrap_or(report.open),
        filled: report.filled,
        carried: false,
        sent: view.now(),
        amended: 0,
        cancelling: false,
        then_market: false,
    }
}

/// Tells people why a position is closed.
fn tell(instrument: &Instrument, holding: &Holding, price: Option<Price>, reason: Reason, out: &mut Signals) {
    let found = price.and_then(|price| outcome(instrument, holding.entry, price, holding.qty));
    let symbol = &instrument.symbol;
    let text = match found {
        Some(found) => format!("{symbol}: {}: {} {}", reason.name(), found.profit, instrument.quote),
        None => format!("{symbol}: {}", reason.name()),
    };
    out.notify(Severity::Info, "rules.exit", text);
}
