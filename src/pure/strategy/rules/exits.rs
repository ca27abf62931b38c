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
    (now, leverage): (Nanos, Option<u16>),
) -> Option<Leaving> {
    let stops = &settings.stops;
    let all = |reason| Some(Leaving { reason, qty: None });
    let found = price.and_then(|price| outcome(instrument, holding.entry, price, holding.qty));
    if let Some(found) = found {
        let (loss, percent_lost) = (found.profit.raw().saturating_neg(), found.percent.raw().saturating_neg());
        let of_margin = leverage.map_or(0, |leverage| percent_lost.saturating_mul(leverage.into()));
        if stops.margin_loss.is_positive() && of_margin >= stops.margin_loss.raw() {
            return all(Reason::Margin);
        }
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

#[cfg(test)]
mod tests {
    use super::super::RuleSettings;
    use super::super::tests::{share, strategy};
    use super::*;
    use crate::market::testing::{price, qty};
    use crate::market::{Money, Qty};

    #[test]
    fn a_margin_almost_lost_is_left() {
        let settings = RuleSettings::of(&strategy("rules", &[("margin_loss", "90")])).expect("right");
        let at = Nanos::ZERO;
        let (entry, held): (Price, Qty) = (price("10000"), qty("1"));
        let holding = Holding {
            since: at,
            since_venue: at,
            qty: held,
            entry,
            last_entry: entry,
            best: entry,
            armed: false,
            buys: 1,
            sells: 0,
            sell_base: held,
            realised: Money::ZERO,
        };
        let reason = |qty: &str, at_price: &str, leverage| {
            let holding = Holding { qty: qty.parse().expect("a quantity"), ..holding };
            due(&settings, &holding, &share(0, false), Some(price(at_price)), (at, leverage)).map(|leaving| leaving.reason)
        };
        // Ten times: 90 % of the margin is 9 % of the price.
        assert_eq!(reason("1", "9110", Some(10)), None);
        assert_eq!(reason("1", "9100", Some(10)), Some(Reason::Margin));
        assert_eq!(reason("-1", "10900", Some(10)), Some(Reason::Margin));
        assert_eq!(reason("1", "9100", Some(9)), None);
        assert_eq!(reason("1", "1", None), None, "without leverage a margin is the whole");
    }
}
