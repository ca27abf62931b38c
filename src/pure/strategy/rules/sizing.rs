//! How large an order is: scaled by what the settings say, and what part of it is next.

use super::clock::day_of;
use super::profit::{self, Percent};
use super::state::{Range, Reason};
use super::working::{Moment, entry_qty};
use super::{Rules, ScaleBy, exits};
use crate::market::number::ONE;
use crate::market::{Instrument, InstrumentId, Price, Qty};
use crate::strategy::View;

impl Rules {
    /// Takes what the size of an instrument is scaled by, where the settings say that rows say it.
    pub fn measure(&mut self, id: InstrumentId, measured: Percent) {
        self.measures.insert(id, measured);
    }

    /// The quantity that an entry at `price` would have now; 0 when it is too small to be ordered.
    pub fn next_entry(&self, view: &View<'_>, instrument: &Instrument, price: Price) -> Qty {
        let moment = Moment { settings: &self.settings, view, instrument, price: Some(price) };
        let tracked = self.state.tracked.get(&instrument.id).copied().unwrap_or_default();
        entry_qty(&moment, &tracked, price, self.factor(instrument.id)).unwrap_or(Qty::ZERO)
    }

    /// The quantity that an exit by signal would have now; 0 when nothing is held.
    pub fn next_exit(&self, id: InstrumentId) -> Qty {
        let Some(holding) = self.holding(id) else { return Qty::ZERO };
        let split = self.settings.exits.split;
        let part = if split.count > 1 { exits::part(split, holding, Reason::Signal).qty } else { None };
        part.unwrap_or(holding.qty.abs())
    }

    /// Notes a price of an instrument whose size depends on its day's range.
    pub(super) fn note_range(&mut self, view: &View<'_>, id: InstrumentId, price: Price) {
        // A wild number must not decide how much is allocated.
        if view.instrument(id).is_none() {
            return;
        }
        if self.state.ranges.len() <= id.index() {
            self.state.ranges.resize(id.index() + 1, Range::default());
        }
        let (range, day) = (&mut self.state.ranges[id.index()], day_of(view.now()));
        if range.day != day || range.low.is_zero() {
            *range = Range { day, low: price, high: price };
        }
        (range.low, range.high) = (range.low.min(price), range.high.max(price));
    }

    /// What the size of an instrument is multiplied by.
    pub(super) fn factor(&self, id: InstrumentId) -> i64 {
        let (steps, factors) = &self.settings.scale;
        let percent = if self.settings.scale_by == Some(ScaleBy::Range) {
            let range = self.state.ranges.get(id.index()).copied().unwrap_or_default();
            profit::moved(range.low, range.high, false)
        } else {
            self.measures.get(&id).copied().unwrap_or(Percent::ZERO)
        };
        let place = steps.partition_point(|step| *step <= percent);
        factors.get(place).map_or(ONE, |factor| factor.raw())
    }
}
