//! Real orders: what of the gateway needs keys. Beside the task of market data, not in it.
//!
//! | | |
//! |---|---|
//! | [`task`] | takes instructions and reports, one at a time |
//! | `prepare` | what has to be known before anything is sent |
//! | `requests`, `amendments` | what is asked about orders, and what answers prove |
//! | `reports` | what the venue tells, as events |
//! | `account` | the whole account at once |
//! | `stream` | the user data stream, kept alive |
//! | `client`, `budget`, `clock` | signed requests, the venue's limits, its time |
//! | `known` | the orders, and what was told of them |

mod account;
mod amendments;
mod budget;
mod client;
mod clock;
mod known;
mod prepare;
mod reports;
mod requests;
mod stream;
pub(super) mod task;

use std::sync::atomic::{AtomicI64, Ordering};

use super::wire::private::{ClientId, Filters};
use crate::event::{Event, MarketEvent};
use crate::market::{Instrument, InstrumentId, Price};
use crate::venue::raw::Made;

/// The instruments of the settings with their rules, once the venue has told them.
pub(super) struct Definitions(pub(super) Vec<(Instrument, Filters)>);

/// Last prices, told by the task of market data and read before an order leaves.
#[derive(Debug)]
pub(super) struct Prices {
    /// Instrument and raw price; 0 before the first.
    rows: Vec<(InstrumentId, AtomicI64)>,
}

impl Prices {
    pub(super) fn new(instruments: impl IntoIterator<Item = InstrumentId>) -> Self {
        Prices { rows: instruments.into_iter().map(|id| (id, AtomicI64::new(0))).collect() }
    }

    /// Notes the trades among the events of a frame.
    pub(super) fn note(&self, made: &Made) {
        for (_, event) in made {
            if let Event::Market(MarketEvent::Trade(trade)) = event
                && let Some((_, cell)) = self.rows.iter().find(|row| row.0 == trade.instrument)
            {
                cell.store(trade.price.raw(), Ordering::Relaxed);
            }
        }
    }

    /// The last price of an instrument, if it has traded.
    pub(super) fn last(&self, instrument: InstrumentId) -> Option<Price> {
        let (_, cell) = self.rows.iter().find(|row| row.0 == instrument)?;
        Some(Price::from_raw(cell.load(Ordering::Relaxed))).filter(|price| price.is_positive())
    }
}
