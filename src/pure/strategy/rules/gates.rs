//! Whether an entry may be made now: [`Gate`] says what stands in its way.

use jangbu_journal::Nanos;

use super::Rules;
use super::clock::{Span, TimeOfDay};
use super::pricing::is_at_round_figure;
use super::profit::{moved, outcome};
use super::settings::{Direction, RuleSettings};
use super::state::{Holding, Tracked};
use crate::account::OrderType;
use crate::market::{Instrument, InstrumentId, Price, Side};
use crate::strategy::View;

/// What keeps an entry from being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Automatic trading is off.
    AutoTradeOff,
    /// The instrument cannot be sold short.
    NoShort,
    /// It is on the blacklist.
    Blacklisted,
    /// Outside the trading window, or after the liquidation time.
    Closed,
    /// A forbidden time.
    Forbidden,
    /// Below the price floor.
    PriceMin,
    /// On a price where the tick changes, or close to it.
    RoundFigure,
    /// Too few parts of the position were entered for it to be left by a signal.
    FewBuys,
    /// The day's limit was reached.
    DayLimit,
    /// An order is open, or the position is being left.
    Busy,
    /// It is held, and no further part is due.
    Held,
    /// As many instruments are held as may be.
    HoldingsMax,
    /// It was bought as often today as it may be.
    BuysMax,
    /// It was lost on as often today as it may be.
    LossesMax,
    /// It was traded a moment ago.
    Pause,
    /// It was lost on a moment ago.
    LossPause,
    /// Something was lost on a moment ago.
    Cooldown,
}

impl Rules {
    /// Whether an entry into an instrument may be made at `price`: a first one, or the next part of a split one.
    ///
    /// # Errors
    /// What stands in its way; of several things the first.
    pub fn may_enter(&self, view: &View<'_>, instrument: &Instrument, price: Price) -> Result<(), Gate> {
        let (settings, now) = (&self.settings, view.now());
        if !view.auto_trade() {
            return Err(Gate::AutoTradeOff);
        }
        if settings.direction == Direction::Short && !instrument.kind.can_short() {
            return Err(Gate::NoShort);
        }
        self.at_this_time(now, instrument, price)?;
        let id = instrument.id;
        let short = self.holding(id).map_or(settings.direction == Direction::Short, |holding| holding.qty.is_negative());
        if !self.may_stand_at(view, instrument, price, short) {
            return Err(Gate::RoundFigure);
        }
        let unseen = Tracked::default();
        let tracked = self.state.tracked.get(&id).unwrap_or(&unseen);
        let waits = tracked.retry_at.is_some_and(|at| now < at);
        if tracked.working.is_some() || tracked.leaving.is_some() || waits || !view.is_idle(id) {
            return Err(Gate::Busy);
        }
        match &tracked.holding {
            Some(holding) if next_part_is_due(settings, holding, instrument, price) => Ok(()),
            Some(_) => Err(Gate::Held),
            None if !view.position(id).is_zero() => Err(Gate::Held),
            None => self.anew(now, instrument, tracked),
        }
    }

    /// Whether the price of an entry, which is `price` at market, is not one where the tick changes.
    fn may_stand_at(&self, view: &View<'_>, instrument: &Instrument, price: Price, short: bool) -> bool {
        let count = self.settings.entry_market.round_figure;
        if count == 0 {
            return true;
        }
        let side = if short { Side::Sell } else { Side::Buy };
        let order = self.settings.entry.order_type(side, price, view.quote(instrument.id), &instrument.ticks);
        let at = if let Some(OrderType::Limit(at)) = order { at } else { price };
        !is_at_round_figure(&instrument.ticks, at, side, count)
    }

    /// What keeps a position from being left by a signal or in parts, whatever its price.
    pub fn exit_gate(&self, now: Nanos, id: InstrumentId) -> Option<Gate> {
        if self.settings.gates.exit_forbidden.iter().any(|span| span.contains(TimeOfDay::at(now))) {
            return Some(Gate::Forbidden);
        }
        let is_new = |holding: &Holding| holding.buys <= self.settings.exits.after_buys;
        let waits = self.settings.exits.after_buys > 0 && self.holding(id).is_some_and(is_new);
        waits.then_some(Gate::FewBuys)
    }

    /// Gates of the moment and the instrument.
    fn at_this_time(&self, now: Nanos, instrument: &Instrument, price: Price) -> Result<(), Gate> {
        let (gates, time) = (&self.settings.gates, TimeOfDay::at(now));
        if gates.blacklist.iter().any(|code| code.eq_ignore_ascii_case(&instrument.symbol)) {
            return Err(Gate::Blacklisted);
        }
        let until = self.settings.liquidate_at.unwrap_or(gates.window.from);
        if !gates.window.contains(time) || !(Span { from: gates.window.from, to: until }).contains(time) {
            return Err(Gate::Closed);
        }
        if gates.forbidden.iter().any(|span| span.contains(time)) {
            return Err(Gate::Forbidden);
        }
        if price < gates.price_min || !price.is_positive() {
            return Err(Gate::PriceMin);
        }
        if self.state.stopped { Err(Gate::DayLimit) } else { Ok(()) }
    }

    /// Gates of a first entry.
    fn anew(&self, now: Nanos, instrument: &Instrument, tracked: &Tracked) -> Result<(), Gate> {
        let gates = &self.settings.gates;
        let within = |at: Option<Nanos>, seconds: i64| at.is_some_and(|at| now.since(at) < seconds.saturating_mul(1_000_000_000));
        let max = |max: u32, count: usize| max > 0 && count >= usize::try_from(max).unwrap_or(usize::MAX);
        if gates.holdings_max > 0 && max(gates.holdings_max, self.held_but(instrument.id)) {
            Err(Gate::HoldingsMax)
        } else if gates.buys_max > 0 && tracked.buys >= gates.buys_max {
            Err(Gate::BuysMax)
        } else if gates.losses_max > 0 && tracked.losses >= gates.losses_max {
            Err(Gate::LossesMax)
        } else if within(tracked.last_trade, gates.pause_s) {
            Err(Gate::Pause)
        } else if within(tracked.last_loss, gates.loss_pause_s) {
            Err(Gate::LossPause)
        } else if within(self.state.last_loss, gates.cooldown_s) {
            Err(Gate::Cooldown)
        } else {
            Ok(())
        }
    }
}

/// Whether the next part of a split entry is due at `price`.
pub(super) fn next_part_is_due(settings: &RuleSettings, holding: &Holding, instrument: &Instrument, price: Price) -> bool {
    let (entries, is_short) = (&settings.entries, holding.qty.is_negative());
    if holding.buys >= entries.split.count
        || entries.split.count <= 1
        || !settings.direction.allows(is_short)
        || holding.sells > 0
    {
        return false;
    }
    if entries.down.is_zero() && entries.up.is_zero() {
        return entries.by_signal;
    }
    let percent = if entries.from_entry {
        moved(holding.last_entry, price, is_short)
    } else {
        match outcome(instrument, holding.entry, price, holding.qty) {
            Some(found) => found.percent,
            None => return false,
        }
    };
    let down = entries.down.is_positive() && percent.raw() <= entries.down.raw().saturating_neg();
    down || (entries.up.is_positive() && percent >= entries.up)
}
