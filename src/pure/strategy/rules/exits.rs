//! Whether a position must be left: [`due`], by the rules alone.

use jangbu_journal::Nanos;

use super::profit::{HUNDRED, Percent, outcome};
use super::settings::RuleSettings;
use super::split::Split;
use super::state::{Holding, Leaving, Reason};
use crate::market::{Instrument, Price};

/// Notes a price: the best one since entry, and whether the trailing stop is armed by it.
pub(super) fn see(settings: &RuleSettings, holding: &mut Holding, instrument: &Instrument, price: Price) {
    holding.best = if holding.qty.is_negative() { holding.best.min(price) } else { holding.best.max(price) };
    if !settings.stops.trailing_fall.is_zero() && !holding.armed {
        let found = outcome(instrument, holding.entry, price, holding.qty);
        holding.armed = found.is_some_and(|found| found.percent >= settings.stops.trailing_arm);
    }
}

/// Why a position must be left at this price and moment, if it must: of several reasons the first in the order of [`Reason`], parts
/// last.
pub(super) fn due(
    settings: &RuleSettings,
    holding: &Holding,
    instrument: &Instrument,
    price: Option<Price>,
    now: Nanos,
) -> Option<Leaving> {
    let stops = &settings.stops;
    let all = |reason| Some(Leaving { reason, qty: None });
    let found = price.and_then(|price| outcome(instrument, holding.entry, price, holding.qty));
    if let Some(found) = found {
        let (loss, percent_lost) = (found.profit.raw().saturating_neg(), found.percent.raw().saturating_neg());
        if stops.loss.is_positive() && percent_lost >= stops.loss.raw() {
            return all(Reason::StopLoss);
        }
        if stops.loss_amount.is_positive() && loss >= stops.loss_amount.raw() {
            return all(Reason::StopLossAmount);
        }
        if stops.profit.is_positive() && found.percent >= stops.profit {
            return all(Reason::TakeProfit);
        }
        if stops.profit_amount.is_positive() && found.profit >= stops.profit_amount {
            return all(Reason::TakeProfitAmount);
        }
    }
    if holding.armed && price.is_some_and(|price| has_fallen(holding, price, stops.trailing_fall)) {
        return all(Reason::Trailing);
    }
    if stops.holding_s > 0 && now >= holding_ends(settings, holding) {
        return all(Reason::HoldingTime);
    }
    let exits = &settings.exits;
    if exits.split.count > 1
        && let Some(found) = found
    {
        let times = i64::from(holding.sells).saturating_add(1);
        let reached = |step: Percent, moved: i64| step.is_positive() && moved >= step.raw().saturating_mul(times);
        if reached(exits.up, found.percent.raw()) || reached(exits.down, found.percent.raw().saturating_neg()) {
            return Some(part(exits.split, holding, Reason::Split));
        }
    }
    None
}

/// The next part of a split exit; the last one is all that is left.
pub(super) fn part(split: Split, holding: &Holding, reason: Reason) -> Leaving {
    let last = holding.sells.saturating_add(1) >= split.count;
    let base = if holding.sells == 0 { holding.qty.abs() } else { holding.sell_base };
    let qty = split.part(base, holding.sells).map(|qty| qty.min(holding.qty.abs()));
    Leaving { reason, qty: qty.filter(|_| !last) }
}

/// When a position has been held for as long as it may be.
pub(super) fn holding_ends(settings: &RuleSettings, holding: &Holding) -> Nanos {
    holding.since.plus(settings.stops.holding_s.saturating_mul(1_000_000_000))
}

/// Whether `price` is `fall` percent or more from the best price since entry.
fn has_fallen(holding: &Holding, price: Price, fall: Percent) -> bool {
    let (price, best) = (i128::from(price.raw()), i128::from(holding.best.raw()));
    let fall = i128::from(fall.raw());
    // Prices are below 2^63 and percentages below 2^37: the products fit.
    if holding.qty.is_negative() {
        price * HUNDRED >= best * (HUNDRED + fall)
    } else {
        price * HUNDRED <= best * (HUNDRED - fall)
    }
}
