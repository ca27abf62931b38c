//! What the suite has to know of a venue, and can make its emulator do: [`Harness`].

use std::collections::BTreeMap;
use std::sync::Arc;

use jangbu_journal::Nanos;
use tokio::sync::{mpsc, watch};

use crate::account::Order;
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Rate, Side, Venue};
use crate::venue::faults::{FaultPlan, OrderFault};
use crate::venue::gateway::{Connected, Dispatch, Numbers};
use crate::venue::inbox::Inbox;
use crate::venue::secret::{Credentials, Secret};
use crate::venue::{Now, VenueError};

/// The instrument that is traded; the first of the session.
pub(in crate::venue) const INSTRUMENT: InstrumentId = InstrumentId(0);

/// What is different from venue to venue.
#[derive(Clone, Copy, Debug)]
pub(in crate::venue) struct Terms {
    /// Which.
    pub venue: Venue,
    /// What is traded there.
    pub symbol: &'static str,
    /// Quantities are multiples of this; twenty of them must be affordable, nine thousand not.
    pub unit: &'static str,
    /// Resting orders stand so many percent away from the market.
    pub away: i64,
    /// More can be sold than is held.
    pub shorts: bool,
    /// An amendment may change the quantity; else why not.
    pub amends_quantity: Result<(), &'static str>,
    /// Requests are signed with their time; else why the clock does not matter.
    pub signs_time: Result<(), &'static str>,
    /// Something expires that lets us in; else why not.
    pub has_session: Result<(), &'static str>,
    /// An order refused as too many is told as refused; else why it is not.
    pub tells_too_many: Result<(), &'static str>,
    /// That an order is not there proves nothing until so long after its request, nanoseconds.
    pub settle_ns: i64,
    /// Faults of frames strike market frames, too, of which there are many.
    pub strikes_market: bool,
    /// Words of the refusal of an order that nobody could pay.
    pub too_little: &'static str,
    /// Words of the end of a gateway whose keys are wrong.
    pub wrong_key: &'static [&'static str],
    /// Frames of the account's stream name the order of a fill by our own id.
    pub names_fills: bool,
    /// At average cost, what of a profit is realised depends on the order of fills; when reports are lost one by one, as no TCP
    /// connection loses them, only realised profit and cost together are equal.
    pub realises: bool,
    /// Cash can come and go in the emulator; else why not.
    pub moves_cash: Result<(), &'static str>,
    /// What came or went while nobody listened is told afterwards; else why not.
    pub tells_missed_cash: Result<(), &'static str>,
    /// Positions are margined: charged funding, and taken away; else why not.
    pub charges_funding: Result<(), &'static str>,
}

/// An order as the emulator has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::venue) struct Theirs {
    /// The emulator's name for it.
    pub key: String,
    pub side: Side,
    pub limit: Option<Price>,
    /// What is not filled.
    pub open: Qty,
    /// Whether it waits.
    pub is_open: bool,
    /// Whether it was placed as an order, and not in the place of one.
    pub is_first: bool,
}

/// The account as the emulator has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::venue) struct Ledger {
    pub cash: Vec<(Currency, Money)>,
    /// What is held, by symbol; nothing that is not.
    pub held: BTreeMap<String, Qty>,
    /// Value at entry of a position that was not paid for.
    pub cost: Money,
}

/// Holdings without those of nothing.
pub(in crate::venue) fn held<S: Into<String>>(rows: impl IntoIterator<Item = (S, Qty)>) -> BTreeMap<String, Qty> {
    rows.into_iter().filter(|row| row.1 != Qty::ZERO).map(|(symbol, qty)| (symbol.into(), qty)).collect()
}

/// What a gateway is given.
pub(in crate::venue) struct Wires {
    pub credentials: Credentials,
    /// Orders of sessions before.
    pub orders: Vec<Order>,
    /// When the session before heard last.
    pub since: Option<Nanos>,
    pub inbox: Inbox,
    pub dispatches: mpsc::Receiver<Dispatch>,
    pub numbers: Arc<Numbers>,
    pub now: Now,
}

/// The keys that open every emulator of the suite.
pub(in crate::venue) fn keys() -> Credentials {
    Credentials { key: Secret::new("CANARY-api-key"), secret: Secret::new("CANARY-secret-key") }
}

/// A venue's emulator with one account, which [`keys`] open, and how to connect to it.
pub(in crate::venue) trait Harness: Sized {
    /// What is different here.
    const TERMS: Terms;

    /// Starts it, without faults.
    async fn start(seed: u64) -> Self;

    /// The venue's clock.
    fn now(&self) -> Now;

    /// A gateway that trades there, keeps every raw frame, and is as impatient as a test should be.
    fn gateway(&self, wires: Wires, stop: watch::Receiver<bool>) -> Result<Connected, VenueError>;

    /// The account.
    fn ledger(&self) -> Ledger;

    /// Orders of the account, oldest first.
    fn orders(&self) -> Vec<Theirs>;

    /// Somebody trades with an open order, at its limit. False when it is not open, or less of it is.
    fn trade(&self, key: &str, qty: Qty) -> bool;

    /// Best bid and best ask.
    fn best(&self) -> (Option<Price>, Option<Price>);

    /// Other faults from now on.
    fn set_faults(&self, plan: FaultPlan);

    /// What goes wrong with the next request about an order.
    fn fail_next(&self, fault: OrderFault);

    /// Cuts every connection without a word.
    fn cut(&self);

    /// Lets expire what lets us in, if anything does.
    fn expire(&self);

    /// Puts cash in from outside, or takes it out, below 0. False when it cannot be.
    fn transfer(&self, _currency: Currency, _amount: Money) -> bool {
        false
    }

    /// Charges funding: longs pay so much of a position's value. Whether there was one.
    fn fund(&self, _rate: Rate) -> bool {
        false
    }

    /// Takes the position away at the market's price. Whether there was one.
    fn liquidate(&self) -> bool {
        false
    }

    /// Begins maintenance, or ends it.
    fn set_maintenance(&self, on: bool);

    /// Somebody with the same keys places a buy order in another program.
    async fn place_as_a_stranger(&self, limit: Price, qty: Qty);

    /// Whether its own books add up.
    fn verify(&self) -> Result<(), String> {
        Ok(())
    }

    /// What must not be told, besides the keys.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Says that a venue cannot do something, and what was checked instead. Past the capture of test output: it is to be seen.
pub(super) fn tell_otherwise<H: Harness>(what: &str, reason: &str, instead: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{}: {what}: {reason}; checked instead: {instead}", H::TERMS.venue.name());
}
