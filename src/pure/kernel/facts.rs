//! What venues say of instruments beside their trades, for the day under way: [`Facts`].

use alloc::collections::BTreeMap;

use jangbu_replay::Effects;
use serde::{Deserialize, Serialize};

use super::Kernel;
use crate::effect::Effect;
use crate::market::reference::{Activity, Reference};
use crate::market::{InstrumentId, Price};

/// Of every instrument of which anything was said today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    rows: BTreeMap<InstrumentId, Fact>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Fact {
    reference: Option<Reference>,
    activity: Option<Activity>,
}

impl Facts {
    /// Whether nothing was said today.
    pub(super) fn is_idle(&self) -> bool {
        self.rows.is_empty()
    }

    /// A new day: limits, bases and figures were those of the day before.
    pub(super) fn begin_day(&mut self) {
        self.rows.clear();
    }

    /// Facts of the day.
    pub(super) fn reference(&self, id: InstrumentId) -> Option<&Reference> {
        self.rows.get(&id)?.reference.as_ref()
    }

    /// The day against the one before.
    pub(super) fn activity(&self, id: InstrumentId) -> Option<&Activity> {
        self.rows.get(&id)?.activity.as_ref()
    }

    /// Lower and upper limit as far as they are known, if an order at this price would be beyond them.
    pub(super) fn limits_against(&self, id: InstrumentId, price: Price) -> Option<(Option<Price>, Option<Price>)> {
        let reference = self.reference(id).filter(|reference| !reference.allows(price))?;
        Some((reference.lower_limit, reference.upper_limit))
    }

    /// Whether its venue has halted it.
    pub(super) fn is_halted(&self, id: InstrumentId) -> bool {
        self.reference(id).is_some_and(|reference| reference.halted == Some(true))
    }
}

impl Kernel {
    /// Facts of a day: what is not said stays as it was said before.
    pub(super) fn on_reference(&mut self, reference: &Reference, effects: &mut Effects<Effect>) {
        if self.markets.get(reference.instrument).is_none() {
            self.counts.unknown = self.counts.unknown.saturating_add(1);
            return;
        }
        let fact = self.facts.rows.entry(reference.instrument).or_default();
        match &mut fact.reference {
            Some(known) => known.merge(reference),
            None => fact.reference = Some(*reference),
        }
        let Some(whole) = fact.reference else { return };
        self.tell_strategies(whole.instrument, effects, |strategy, view, out| strategy.on_reference(view, &whole, out));
    }

    /// Figures of a day, made of a trade: what trades is not halted any more.
    pub(super) fn on_activity(&mut self, activity: &Activity) {
        if self.markets.get(activity.instrument).is_none() {
            self.counts.unknown = self.counts.unknown.saturating_add(1);
            return;
        }
        let fact = self.facts.rows.entry(activity.instrument).or_default();
        fact.activity = Some(*activity);
        if let Some(reference) = fact.reference.as_mut().filter(|reference| reference.halted == Some(true)) {
            reference.halted = Some(false);
        }
    }

    /// Facts of the day of an instrument.
    pub fn reference(&self, instrument: InstrumentId) -> Option<&Reference> {
        self.facts.reference(instrument)
    }

    /// The day of an instrument against the one before.
    pub fn activity(&self, instrument: InstrumentId) -> Option<&Activity> {
        self.facts.activity(instrument)
    }
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
