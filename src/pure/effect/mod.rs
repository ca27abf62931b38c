//! Every output of the kernel: [`Effect`].

mod query;

use alloc::string::String;

use jangbu_journal::Encoder;
use jangbu_replay::Canonical;
use serde::{Deserialize, Serialize};

use crate::account::{Amendment, NewOrder, OrderId};
use crate::market::InstrumentId;

pub use query::{BarLength, Query};

/// An output of the kernel. A pure function of the events so far, so it is not journaled as an input; its digest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Place an order.
    Submit(NewOrder),
    /// Change a resting order.
    Amend(Amendment),
    /// Cancel an order.
    Cancel(OrderId),
    /// Ask a venue.
    Query(Query),
    /// Watch an instrument, or stop.
    Subscribe {
        /// Which.
        instrument: InstrumentId,
        /// Watch or stop.
        on: bool,
    },
    /// Tell a person.
    Notify(Notice),
}

/// How loud a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// For the record.
    Info,
    /// Somebody should look.
    Warning,
    /// Trading stopped, or money is in doubt.
    Critical,
}

/// Words for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// How loud.
    pub severity: Severity,
    /// A stable name of the cause, like `risk.price_band`.
    pub code: String,
    /// What happened, with its numbers.
    pub text: String,
}

impl Canonical for Effect {
    fn write(&self, out: &mut Encoder<'_>) {
        out.value(self);
    }
}
