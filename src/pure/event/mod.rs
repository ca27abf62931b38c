//! Every input of the kernel: [`Event`], named by who speaks.

pub mod market;
pub mod order;
pub mod answer;
pub mod link;
pub mod command;
pub mod valuation;
mod units;
pub mod encoding;

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

pub use answer::{Answer, CashFlow, FlowKind, ForcedFill};
pub use command::Command;
pub use link::{Link, LinkState};
pub use market::MarketEvent;
pub use order::{Fill, Liquidity, OrderEvent, OrderUpdate};

use crate::market::Venue;

/// An input of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A market spoke.
    Market(MarketEvent),
    /// A venue spoke of an order of ours.
    Order(OrderEvent),
    /// A venue answered a question, or reported our account.
    Answer(Box<Answer>),
    /// A connection changed.
    Link(Link),
    /// The operator (or the start of a session) spoke.
    Command(Box<Command>),
    /// Time passed: a timer the kernel asked for is due.
    Tick,
    /// A raw frame, kept beside the events made of it. The kernel ignores it; `replay --reparse` does not.
    Frame(Box<Frame>),
}

/// A frame as the venue sent it, or a piece of one: pieces are at most [`Frame::BYTES_MAX`] long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// From whom.
    pub venue: Venue,
    /// On which connection or REST call of the gateway.
    pub channel: u16,
    /// Whether the next frame event of this channel goes on with it.
    pub more: bool,
    /// The bytes.
    pub bytes: Box<[u8]>,
}

impl Frame {
    /// The longest piece: a record must fit a block.
    pub const BYTES_MAX: usize = 32 * 1024;
}

// The hot path moves these by value; a variant that outgrows the others is boxed instead.
const _: () = assert!(size_of::<Event>() <= 80);
