//! What markets say: [`MarketEvent`].

use alloc::boxed::Box;
use alloc::string::String;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use crate::market::{Activity, Bar, Depth, Instrument, InstrumentId, Level, Money, Price, Quote, Rate, Reference, Trade, Venue};

/// A market spoke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarketEvent {
    /// An instrument is defined, or defined anew. Ids are dense: a new one is the number of instruments so far.
    Instrument(Box<Instrument>),
    /// A trade.
    Trade(Trade),
    /// Best bid and ask.
    Quote(Quote),
    /// Head of a book update.
    Depth(Depth),
    /// A level of the book update whose head came before.
    Level(Level),
    /// The book can no longer be trusted: a gap, a lost connection. It is valid again after the next snapshot.
    BookLost(InstrumentId),
    /// A bar the venue made.
    Bar(Box<Bar>),
    /// A value of an index or exchange rate.
    Value(Value),
    /// The trading phase of a venue, or of one instrument, changed.
    Phase(Phase),
    /// An instrument entered or left the result of a condition search (조건검색).
    Condition(Box<Condition>),
    /// A volatility interruption (변동성완화장치) began or ended.
    Vi(Box<Vi>),
    /// An instrument entered or left the ranking of its venue by turnover (거래대금 상위).
    Ranked(Ranked),
    /// Facts of an instrument for the day under way. What it leaves out stays as it was said before on that day.
    Reference(Box<Reference>),
    /// How the day of an instrument compares with the one before: when that changed, and at most once a second.
    Activity(Box<Activity>),
    /// The price a perpetual is margined at, and its funding.
    Mark(Mark),
}

/// The price that a venue reckons margins of a perpetual with, and the funding to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which perpetual.
    pub instrument: InstrumentId,
    /// Its mark price.
    pub price: Price,
    /// What longs will pay of their position's value at the next funding; below 0 shorts pay.
    pub funding_rate: Rate,
    /// When that is.
    pub funding_at: Nanos,
}

/// An instrument entered or left the ranking by turnover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranked {
    /// Which.
    pub instrument: InstrumentId,
    /// Its place when it entered, 1 is the first; `None` when it left. Other places within the ranking are not told.
    pub place: Option<u32>,
    /// What was traded of it in 24 hours, in its quote currency; 0 when it left.
    pub turnover: Money,
}

/// A value of an index or exchange rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// Which.
    pub instrument: InstrumentId,
    /// Its value.
    pub value: Price,
}

/// Trading phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PhaseKind {
    /// No trading.
    Closed,
    /// Before the opening (장전).
    PreMarket,
    /// Opening auction (시가 단일가).
    OpeningAuction,
    /// Continuous trading.
    Continuous,
    /// Closing auction (종가 단일가).
    ClosingAuction,
    /// After the close (시간외).
    AfterHours,
    /// Halted.
    Halted,
}

/// A trading phase began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Where.
    pub venue: Venue,
    /// One instrument, or the whole venue.
    pub instrument: Option<InstrumentId>,
    /// Which.
    pub kind: PhaseKind,
}

/// An instrument entered or left a condition search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The condition's number at the venue.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Entered (편입) or left (이탈).
    pub entered: bool,
}

/// A volatility interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vi {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Began or ended.
    pub active: bool,
    /// Price that triggers the static one, if known.
    pub static_price: Option<Price>,
    /// Price that triggers the dynamic one, if known.
    pub dynamic_price: Option<Price>,
    /// When it ends, if known.
    pub until: Option<Nanos>,
}
