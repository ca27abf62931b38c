//! Last prices, told by a gateway's task of market data and read by the one that trades: [`Prices`].

use std::sync::atomic::{AtomicI64, Ordering};

use crate::event::{Event, MarketEvent};
use crate::market::{InstrumentId, Price};
use crate::venue::raw::Made;

/// Last prices of the session's instruments.
#[derive(Debug)]
pub(super) struct Prices {
    /// Instrument and raw price; 0 before the first.
    rows: Vec<(InstrumentId, AtomicI64)>,
}

impl Prices {
    pub(super) fn new(instruments: impl IntoIterator<Item = InstrumentId>) -> Self {
        Prices { rows: instruments.into_iter().map(|id| (id, AtomicI64::new(0))).collect() }
    }

    /// The last price of an instrument.
    pub(super) fn set(&self, instrument: InstrumentId, price: Price) {
        if let Some((_, cell)) = self.rows.iter().find(|row| row.0 == instrument) {
            cell.store(price.raw(), Ordering::Relaxed);
        }
    }

    /// Notes the trades among the events of a frame.
    pub(super) fn note(&self, made: &Made) {
        for (_, event) in made {
            if let Event::Market(MarketEvent::Trade(trade)) = event {
                self.set(trade.instrument, trade.price);
            }
        }
    }

    /// What an instrument last traded at, if that is known.
    pub(super) fn last(&self, instrument: InstrumentId) -> Option<Price> {
        let (_, cell) = self.rows.iter().find(|row| row.0 == instrument)?;
        Some(Price::from_raw(cell.load(Ordering::Relaxed))).filter(|price| price.is_positive())
    }
}
