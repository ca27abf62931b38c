//! Strategies: what decides to trade. [`Strategy`] hears the market through a [`View`] and answers with [`Signals`].
//!
//! ```text
//! kernel ── on_trade, on_quote, on_row, on_order … ──► Strategy ── Signals ──► kernel: risk checks, orders
//!                         │ View: last prices, books, own position and open orders (read only)
//! ```
//!
//! A strategy never places an order: it signals, and the kernel checks and submits, or refuses and says why. It has no clock and
//! no random number: `View::now` is the time, so that a backtest and a replay decide as the live run did.
//!
//! A strategy that buys 1 whenever the price falls below 100 and nothing is held:
//!
//! ```
//! # extern crate jangbu_pure as jangbu;
//! use jangbu::market::{Price, Qty, Trade, number::ONE};
//! use jangbu::strategy::{Decoder, DecodeError, Encoder, Signals, Strategy, View};
//!
//! #[derive(Debug)]
//! struct Dip;
//!
//! impl Strategy for Dip {
//!     fn on_trade(&mut self, view: &View<'_>, trade: &Trade, out: &mut Signals) {
//!         let idle = view.position(trade.instrument).is_zero() && view.is_idle(trade.instrument);
//!         if idle && trade.price < Price::from_raw(100 * ONE) {
//!             out.buy_market(trade.instrument, Qty::from_raw(i128::from(ONE)));
//!         }
//!     }
//!     // It remembers nothing.
//!     fn save(&self, _: &mut Encoder<'_>) {}
//!     fn load(&mut self, _: &mut Decoder<'_>) -> Result<(), DecodeError> {
//!         Ok(())
//!     }
//! }
//! ```

pub mod view;
pub mod signals;
pub mod size;
pub mod parameters;
pub mod table;
pub mod rules;
pub mod text;
pub mod builtin;

pub use jangbu_journal::{DecodeError, Decoder, Encoder};
pub use signals::{Signal, Signals};
pub use view::{Sight, View};

use alloc::string::String;
use alloc::vec::Vec;
use core::any::Any;

use crate::account::OrderId;
use crate::event::market::{Condition, Vi};
use crate::market::{Bar, InstrumentId, Premium, Price, Qty, Quote, Reference, Side, Trade};
use table::Table;

/// Decides to trade. Called for the instruments of its settings only, one event at a time, in the order of the journal.
///
/// Every method that hears something does nothing unless it is written. None may panic on what a market or venue said, and on the
/// hot path none should allocate. The next state and the signals depend on the calls so far and on nothing else.
pub trait Strategy: Any + core::fmt::Debug + Send {
    /// Its settings were read, at the start of a session or while it runs. Timers that it had set are gone.
    fn on_configure(&mut self, view: &View<'_>, out: &mut Signals) {
        let _ = (view, out);
    }

    /// A trade was made.
    fn on_trade(&mut self, view: &View<'_>, trade: &Trade, out: &mut Signals) {
        let _ = (view, trade, out);
    }

    /// The best bid or ask changed.
    fn on_quote(&mut self, view: &View<'_>, quote: &Quote, out: &mut Signals) {
        let _ = (view, quote, out);
    }

    /// The book is whole again after an update; look at `view.book(instrument)`.
    fn on_book(&mut self, view: &View<'_>, instrument: InstrumentId, out: &mut Signals) {
        let _ = (view, instrument, out);
    }

    /// The kimchi premium (김프) of a coin changed, one of whose two markets it hears of. The view has it for both.
    fn on_premium(&mut self, view: &View<'_>, premium: &Premium, out: &mut Signals) {
        let _ = (view, premium, out);
    }

    /// A row of one second or one minute ended (`row.span` says which).
    fn on_row(&mut self, view: &View<'_>, row: &Bar, out: &mut Signals) {
        let _ = (view, row, out);
    }

    /// A bar of the past, which somebody asked for (`Signals::ask`): no row of the market as it goes, and in no order with those.
    fn on_past_bar(&mut self, view: &View<'_>, bar: &Bar, out: &mut Signals) {
        let _ = (view, bar, out);
    }

    /// An order of this strategy changed. The view has the change already.
    fn on_order(&mut self, view: &View<'_>, order: &OrderReport, out: &mut Signals) {
        let _ = (view, order, out);
    }

    /// A timer that was asked for with `Signals::timer` is due.
    fn on_timer(&mut self, view: &View<'_>, tag: u32, out: &mut Signals) {
        let _ = (view, tag, out);
    }

    /// An instrument entered or left a condition search of its venue.
    fn on_condition(&mut self, view: &View<'_>, condition: &Condition, out: &mut Signals) {
        let _ = (view, condition, out);
    }

    /// A volatility interruption (변동성완화장치) of an instrument began or ended.
    fn on_interruption(&mut self, view: &View<'_>, vi: &Vi, out: &mut Signals) {
        let _ = (view, vi, out);
    }

    /// Facts of the day of an instrument were said: all that is known of them by now.
    fn on_reference(&mut self, view: &View<'_>, reference: &Reference, out: &mut Signals) {
        let _ = (view, reference, out);
    }

    /// A venue could not answer a question, anybody's; `question` is that of [`Query::question`](crate::effect::Query::question).
    fn on_unanswered(&mut self, view: &View<'_>, question: &str, out: &mut Signals) {
        let _ = (view, question, out);
    }

    /// A text of strategies was loaded or edited. Texts it does not use are none of its business.
    ///
    /// # Errors
    /// When it uses the text and the text is wrong, in words for a trader; then what ran before goes on.
    fn on_text(&mut self, name: &str, text: &str) -> Result<(), String> {
        let _ = (name, text);
        Ok(())
    }

    /// Takes over from `before`, which ran in this place under other settings: what must not be forgotten of positions and orders.
    /// Texts were told already.
    fn inherit(&mut self, before: &mut dyn Any) {
        let _ = before;
    }

    /// What it has to show, for people.
    fn tables(&self, view: &View<'_>) -> Vec<Table> {
        let _ = view;
        Vec::new()
    }

    /// Appends everything it remembers, bit for bit: what `load` makes of it must decide as this one would. Parameters are left
    /// out; whoever loads has made the strategy from the same settings.
    fn save(&self, out: &mut Encoder<'_>);

    /// The inverse of `save`; leaves nothing of what was remembered before. Reads no more than `save` wrote.
    ///
    /// # Errors
    /// When the bytes are not such a state.
    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError>;
}

/// What became of an order of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderReport {
    /// Which.
    pub order: OrderId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Filled so far, all fills together.
    pub filled: Qty,
    /// Still open.
    pub open: Qty,
    /// Nothing more will happen to it: filled, cancelled, expired or rejected.
    pub done: bool,
    /// The fill that is reported, if it is one.
    pub last_fill: Option<(Price, Qty)>,
    /// The venue, or a risk check before it, refused it.
    pub rejected: bool,
}
