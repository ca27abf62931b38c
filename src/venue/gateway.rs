//! What every gateway is, what it is given, and what it is asked to do.
//!
//! ```text
//!   kernel ── effects ──▶ gate (durable?) ── Dispatch ──▶ gateway ── the venue's protocol ──▶
//!   kernel ◀── events ─── inbox ◀───────────────────────── gateway ◀─────────────────────────
//! ```
//!
//! A gateway keeps no opinion about an order: it sends what it is told, once, and tells what it hears. It never sends anything
//! again whose fate it does not know; it says [`OrderUpdate::Unknown`](crate::account::OrderUpdate::Unknown), and the kernel asks.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use jangbu_journal::{Nanos, Stamp};
use tokio::sync::{mpsc, watch};

use super::inbox::Inbox;
use super::secret::Credentials;
use crate::account::{Amendment, NewOrder, Order, OrderId};
use crate::config::{RawFrames, VenueConfig};
use crate::effect::Query;
use crate::market::{Instrument, InstrumentId, Venue};

/// Where a gateway reads the time of receipt. It is the live room's clock, handed in.
pub type Now = Arc<dyn Fn() -> Nanos + Send + Sync>;

/// The adapter to a venue: speaks its protocol, puts what it hears into an inbox, and keeps the connections alive.
pub trait Gateway {
    /// Runs until `stop` is true (or its sender is gone). Lost connections are told in the inbox, and made anew.
    fn run(self, stop: watch::Receiver<bool>) -> impl Future<Output = Result<(), VenueError>> + Send;
}

/// Something the kernel decided, on its way to a venue. What caused it is durable by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// The event that caused it.
    pub cause: Stamp,
    /// What to do.
    pub instruction: Instruction,
}

/// What a gateway is asked to do. The answers come back as events, through the inbox's priority lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Place an order, once.
    Submit(NewOrder),
    /// Change a resting order.
    Amend(Amendment),
    /// Cancel an order.
    Cancel(OrderId),
    /// Find out.
    Query(Query),
    /// Watch an instrument, or stop.
    Subscribe {
        /// Which.
        instrument: InstrumentId,
        /// Watch or stop.
        on: bool,
    },
    /// Kiwoom: the condition searches to be registered from now on, by number or name; others are cleared.
    Conditions(Vec<String>),
    /// The connection that was given up, because the key logged in elsewhere, is wanted again. Nothing when it is not given up.
    Reconnect,
}

/// Instructions that may wait at a gateway. More are given back to the kernel as refused: they were never sent.
pub const DISPATCHES_MAX: usize = 4_096;

/// The connection that carries our orders' reports and our account, as [`Link`](crate::event::Link) numbers it. While it is down
/// the kernel places no order at the venue; when it is up again, the account is reconciled first.
pub const ACCOUNT_CHANNEL: u16 = crate::event::link::ACCOUNT_CHANNEL;

/// What a gateway is made of: settings, and its ways in and out.
pub struct Connect {
    /// The venue's settings.
    pub config: VenueConfig,
    /// The symbols of the settings, upper case, with their numbers.
    pub symbols: Vec<(String, InstrumentId)>,
    /// Numbers for symbols that come up later.
    pub numbers: Arc<Numbers>,
    /// Which raw frames are kept.
    pub raw: RawFrames,
    /// Where it tells what it hears.
    pub inbox: Inbox,
    /// What it is asked to do.
    pub dispatches: mpsc::Receiver<Dispatch>,
    /// The time.
    pub now: Now,
    /// An emulator of this process that plays the venue, when the settings name no address.
    pub emulated: Option<Emulated>,
    /// Real orders, when the settings say so. Without it the gateway only listens.
    pub trading: Option<Trading>,
}

/// An emulator in this process.
#[derive(Clone, Debug)]
pub struct Emulated {
    /// Where it listens.
    pub address: SocketAddr,
    /// The streams it plays, by the venue's names; empty when the venue has no such names.
    pub streams: Vec<String>,
}

/// What a gateway needs to place orders.
#[derive(Clone, Debug)]
pub struct Trading {
    /// Whose orders.
    pub credentials: Credentials,
    /// Orders that live from sessions before.
    pub orders: Vec<Order>,
    /// Up to when sessions before have heard of the account; what came or went since is asked for. `None`: there was none before.
    pub since: Option<Nanos>,
}

/// A gateway about to run.
pub struct Connected {
    /// What becomes of its frames.
    pub frames: Arc<dyn FrameStats>,
    /// Runs it, until its stop signal.
    pub run: Pin<Box<dyn Future<Output = Result<(), VenueError>> + Send>>,
}

/// What became of a gateway's frames, readable while it runs.
pub trait FrameStats: Send + Sync {
    /// Frames received.
    fn received(&self) -> u64;
    /// What became of them: every frame is in exactly one class.
    fn classes(&self) -> Vec<(&'static str, u64)>;
}

/// Numbers of instruments, shared by the gateways of a session: those of the journal, then the next ones in the order asked for.
#[derive(Debug)]
pub struct Numbers {
    inner: Mutex<Given>,
}

#[derive(Debug)]
struct Given {
    by_symbol: BTreeMap<(Venue, String), InstrumentId>,
    next: u32,
}

impl Numbers {
    /// Goes on after the instruments of the journal.
    pub fn new<'a>(known: impl IntoIterator<Item = &'a Instrument>) -> Self {
        let mut given = Given { by_symbol: BTreeMap::new(), next: 0 };
        for instrument in known {
            given.by_symbol.insert((instrument.venue, instrument.symbol.to_ascii_uppercase()), instrument.id);
            given.next = given.next.max(instrument.id.0 + 1);
        }
        Numbers { inner: Mutex::new(given) }
    }

    /// The symbol of a number, upper case, if it is one of this venue's.
    pub fn symbol(&self, venue: Venue, id: InstrumentId) -> Option<String> {
        let given = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        given.by_symbol.iter().find(|(key, given)| key.0 == venue && **given == id).map(|(key, _)| key.1.clone())
    }

    /// The number of a symbol; the same whenever asked.
    pub fn of(&self, venue: Venue, symbol: &str) -> InstrumentId {
        let mut given = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (venue, symbol.to_ascii_uppercase());
        if let Some(id) = given.by_symbol.get(&key) {
            return *id;
        }
        let id = InstrumentId(given.next);
        given.next += 1;
        given.by_symbol.insert(key, id);
        id
    }
}

/// Why a gateway cannot go on. What passes (a lost connection, a refused request) is told in the inbox and tried again.
#[derive(Debug, thiserror::Error)]
pub enum VenueError {
    /// A setting makes no sense.
    #[error("{venue}: {setting} is `{seen}` (expected {expected})")]
    Setting {
        /// Whose.
        venue: Venue,
        /// Which.
        setting: &'static str,
        /// What it is. No secrets.
        seen: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The venue's definitions of the instruments cannot be used.
    #[error("{venue}: {reason}")]
    Definitions {
        /// Whose.
        venue: Venue,
        /// Why.
        reason: String,
    },
    /// The venue does not let us in, and trying again would not help: a wrong key, an address that is not on its list.
    #[error("{venue}: {reason}")]
    Refused {
        /// Whose.
        venue: Venue,
        /// What it said, why, and what to do. No secrets.
        reason: String,
    },
    /// Nobody takes events any more.
    #[error("{venue}: the inbox is closed")]
    InboxClosed {
        /// Whose gateway.
        venue: Venue,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_keeps_its_number() {
        let numbers = Numbers::new([]);
        let first = numbers.of(Venue::Kiwoom, "005930");
        assert_eq!(numbers.of(Venue::Upbit, "KRW-BTC"), InstrumentId(first.0 + 1));
        assert_eq!(numbers.of(Venue::Kiwoom, "005930"), first);
        assert_eq!(numbers.of(Venue::Upbit, "krw-btc"), InstrumentId(first.0 + 1));
        assert_eq!(numbers.symbol(Venue::Kiwoom, first).as_deref(), Some("005930"));
        assert_eq!(numbers.symbol(Venue::Upbit, first), None);
    }
}
