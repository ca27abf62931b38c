//! The way from the venues to the one loop: [`channel`], [`Inbox`], [`InboxReceiver`]. Bounded, and what happens when it is full
//! is stated here.
//!
//! ```text
//!   gateways ── priority lane: orders, answers, links, commands ──▶ taken first ─┐
//!            ── market lane: the events of a frame, as one parcel ─▶ in order ───┴─▶ one event at a time
//! ```
//!
//! **Overload.** When the market lane is full,
//!
//! - a parcel of *quotes only* is conflated: it waits in the sender, one quote an instrument, and a later quote takes the place
//!   of an earlier one. The quotes left out are counted, and a [`LinkState::Conflated`] that says how many goes before the survivors
//!   when there is room again;
//! - every other parcel (trades, books, bars, raw frames) waits, and with it the socket it came from: the venue's side of the
//!   connection fills up, and lag shows;
//! - the priority lane is waited for. Nothing is ever dropped unsaid.
//!
//! The order of one sender's market events never changes: quotes that wait go out before anything that came after them. A parcel
//! is taken whole: the events of a frame are never torn apart, not even by the priority lane.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, Sender, TryRecvError, TrySendError, bounded};
use jangbu_journal::Nanos;

use crate::event::{Event, Link, LinkState, MarketEvent};
use crate::market::{InstrumentId, Venue};

/// An event on its way to the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// When its frame was read from the socket.
    pub recv: Nanos,
    /// When the venue says it happened, if it says.
    pub venue_time: Option<Nanos>,
    /// Who speaks.
    pub venue: Venue,
    /// What it says.
    pub event: Event,
}

/// The events of one frame, in order.
pub type Parcel = VecDeque<Inbound>;

/// Events the priority lane holds; more wait at the sender. A session has at most some thousand open orders.
pub const PRIORITY_MAX: usize = 4_096;
/// Emptied parcels of more room than this are not kept for use again: a snapshot would hold its memory for ever.
const SPARE_EVENTS_MAX: usize = 1_024;

/// Makes an inbox whose market lane holds `market_capacity` parcels (frames).
pub fn channel(market_capacity: usize) -> (Inbox, InboxReceiver) {
    let (market, market_receiver) = bounded(market_capacity.max(1));
    let (priority, priority_receiver) = bounded(PRIORITY_MAX);
    let (spare_sender, spare) = bounded(market_capacity.max(1));
    let gauges = Arc::new(Gauges::default());
    let inbox = Inbox { market, priority, spare, gauges: Arc::clone(&gauges), waiting: Parcel::new(), left_out: 0 };
    let receiver = InboxReceiver {
        market: market_receiver,
        priority: priority_receiver,
        spare: spare_sender,
        gauges,
        current: Parcel::new(),
        closed: false,
    };
    (inbox, receiver)
}

/// How full the inbox is and was. Shared by all its ends.
#[derive(Debug, Default)]
pub struct Gauges {
    market_events: AtomicUsize,
    market_events_max: AtomicUsize,
    conflated: AtomicU64,
    waits: AtomicU64,
    /// The receiver is gone. A channel says so only to those who send.
    closed: AtomicBool,
}

impl Gauges {
    /// Market events under way.
    pub fn market_events(&self) -> usize {
        self.market_events.load(Ordering::Relaxed)
    }

    /// The most there ever were.
    pub fn market_events_max(&self) -> usize {
        self.market_events_max.load(Ordering::Relaxed)
    }

    /// Quotes left out so far.
    pub fn conflated(&self) -> u64 {
        self.conflated.load(Ordering::Relaxed)
    }

    /// How often a parcel found no room and had to wait.
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }
}

/// What became of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Offered {
    /// Under way. The parcel given is empty again.
    Taken,
    /// Quotes; they wait here. So many earlier ones were left out for them. The parcel given is empty again.
    Conflated {
        /// Quotes left out.
        left_out: u64,
    },
    /// No room: the parcel is as it was, offer it again.
    Full,
    /// Nobody will ever take it.
    Closed,
}

/// The sending end, one for each gateway. Quotes that wait stay with the clone they were offered to.
#[derive(Debug)]
pub struct Inbox {
    market: Sender<Parcel>,
    priority: Sender<Inbound>,
    spare: Receiver<Parcel>,
    gauges: Arc<Gauges>,
    /// Quotes that found no room: one an instrument, in the order they came.
    waiting: Parcel,
    /// Quotes that gave way to those in `waiting`.
    left_out: u64,
}

impl Clone for Inbox {
    fn clone(&self) -> Self {
        Inbox {
            market: self.market.clone(),
            priority: self.priority.clone(),
            spare: self.spare.clone(),
            gauges: Arc::clone(&self.gauges),
            waiting: Parcel::new(),
            left_out: 0,
        }
    }
}

impl Inbox {
    /// Offers the events of a frame. See the module for what happens when there is no room.
    pub fn offer(&mut self, parcel: &mut Parcel) -> Offered {
        if parcel.is_empty() {
            return Offered::Taken;
        }
        if self.flush() {
            match self.send(parcel) {
                Offered::Full => {}
                done => return done,
            }
        }
        if parcel.iter().all(|inbound| quoted(inbound).is_some()) {
            return self.conflate(parcel);
        }
        self.gauges.waits.fetch_add(1, Ordering::Relaxed);
        Offered::Full
    }

    /// Sends the quotes that wait, if there is room. Whether none waits.
    pub fn flush(&mut self) -> bool {
        let Some(first) = self.waiting.front() else { return true };
        let (recv, venue) = (first.recv, first.venue);
        if self.market.is_full() {
            return false;
        }
        let mut parcel = std::mem::take(&mut self.waiting);
        if self.left_out > 0 {
            let state = LinkState::Conflated { frames: self.left_out };
            parcel.push_front(Inbound { recv, venue_time: None, venue, event: Event::Link(Link { venue, channel: 0, state }) });
        }
        match self.send(&mut parcel) {
            Offered::Full => {
                if self.left_out > 0 {
                    parcel.pop_front();
                }
                self.waiting = parcel;
                false
            }
            _ => {
                self.left_out = 0;
                true
            }
        }
    }

    /// Whether quotes wait for room: call [`Inbox::flush`] soon, even if nothing else comes.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Leaves out the quotes that still wait: for a sender that ends while nothing is taken. Returns how many.
    pub fn leave_out_waiting(&mut self) -> u64 {
        let left_out = self.waiting.len() as u64;
        self.waiting.clear();
        self.gauges.conflated.fetch_add(left_out, Ordering::Relaxed);
        left_out
    }

    /// Offers an event of the priority lane; gives it back when there is no room.
    ///
    /// # Errors
    /// The event itself, when the lane is full (or [`Inbox::is_closed`]).
    pub fn offer_priority(&self, inbound: Inbound) -> Result<(), Box<Inbound>> {
        self.priority.try_send(inbound).map_err(|error| match error {
            TrySendError::Full(inbound) | TrySendError::Disconnected(inbound) => Box::new(inbound),
        })
    }

    /// Sends an event of the priority lane, waiting for room. For threads, not for tasks.
    ///
    /// # Errors
    /// The event itself, when nobody will ever take it.
    pub fn send_priority(&self, inbound: Inbound) -> Result<(), Box<Inbound>> {
        self.priority.send(inbound).map_err(|error| Box::new(error.0))
    }

    /// Sends a parcel, waiting for room. For threads, not for tasks.
    ///
    /// # Errors
    /// The parcel, when nobody will ever take it.
    pub fn send_market(&mut self, mut parcel: Parcel) -> Result<(), Parcel> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.append(&mut parcel);
        if waiting.is_empty() {
            return Ok(());
        }
        self.gauges.enter(waiting.len());
        self.market.send(waiting).map_err(|error| error.0)
    }

    /// Whether the receiver is gone.
    pub fn is_closed(&self) -> bool {
        self.gauges.closed.load(Ordering::Acquire)
    }

    /// How full it is and was.
    pub fn gauges(&self) -> &Arc<Gauges> {
        &self.gauges
    }

    fn send(&mut self, parcel: &mut Parcel) -> Offered {
        if self.market.is_full() {
            return Offered::Full;
        }
        let count = parcel.len();
        let spare = self.spare.try_recv().unwrap_or_default();
        // Counted before it is sent, so that the receiver never counts below zero.
        self.gauges.enter(count);
        match self.market.try_send(std::mem::replace(parcel, spare)) {
            Ok(()) => Offered::Taken,
            Err(TrySendError::Full(back)) => {
                self.gauges.leave(count);
                *parcel = back;
                Offered::Full
            }
            Err(TrySendError::Disconnected(back)) => {
                self.gauges.leave(count);
                *parcel = back;
                Offered::Closed
            }
        }
    }

    fn conflate(&mut self, parcel: &mut Parcel) -> Offered {
        let mut left_out = 0;
        for inbound in parcel.drain(..) {
            let instrument = quoted(&inbound);
            match self.waiting.iter_mut().find(|earlier| quoted(earlier) == instrument) {
                Some(earlier) => {
                    *earlier = inbound;
                    left_out += 1;
                }
                None => self.waiting.push_back(inbound),
            }
        }
        self.left_out += left_out;
        self.gauges.conflated.fetch_add(left_out, Ordering::Relaxed);
        Offered::Conflated { left_out }
    }
}

/// The instrument an event is a quote of, if it is one.
fn quoted(inbound: &Inbound) -> Option<InstrumentId> {
    match &inbound.event {
        Event::Market(MarketEvent::Quote(quote)) => Some(quote.instrument),
        _ => None,
    }
}

impl Gauges {
    fn enter(&self, events: usize) {
        let now = self.market_events.fetch_add(events, Ordering::Relaxed) + events;
        self.market_events_max.fetch_max(now, Ordering::Relaxed);
    }

    fn leave(&self, events: usize) {
        self.market_events.fetch_sub(events, Ordering::Relaxed);
    }
}

/// The receiving end, in the one loop.
#[derive(Debug)]
pub struct InboxReceiver {
    market: Receiver<Parcel>,
    priority: Receiver<Inbound>,
    spare: Sender<Parcel>,
    gauges: Arc<Gauges>,
    /// The parcel under way.
    current: Parcel,
    closed: bool,
}

impl InboxReceiver {
    /// The next event, if one is there: the rest of the frame under way, then the priority lane, then the market lane.
    pub fn try_recv(&mut self) -> Option<Inbound> {
        if let Some(inbound) = self.current.pop_front() {
            return Some(self.left(inbound));
        }
        let priority_closed = match self.priority.try_recv() {
            Ok(inbound) => return Some(inbound),
            Err(error) => error == TryRecvError::Disconnected,
        };
        match self.market.try_recv() {
            Ok(parcel) => {
                let emptied = std::mem::replace(&mut self.current, parcel);
                if emptied.capacity() > 0 && emptied.capacity() <= SPARE_EVENTS_MAX {
                    // When the spare lane is full, there is enough to use again.
                    let _ = self.spare.try_send(emptied);
                }
                let inbound = self.current.pop_front()?;
                Some(self.left(inbound))
            }
            Err(error) => {
                self.closed = priority_closed && error == TryRecvError::Disconnected;
                None
            }
        }
    }

    /// The next event, waiting for it at most `timeout`. Returns at once when [`InboxReceiver::is_closed`].
    pub fn recv_timeout(&mut self, timeout: Duration) -> Option<Inbound> {
        if let Some(inbound) = self.try_recv() {
            return Some(inbound);
        }
        if self.closed {
            return None;
        }
        let mut select = Select::new();
        select.recv(&self.priority);
        select.recv(&self.market);
        select.ready_timeout(timeout).ok()?;
        self.try_recv()
    }

    /// Events under way, in both lanes.
    pub fn len(&self) -> usize {
        self.gauges.market_events() + self.priority.len()
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every sender is gone and everything was taken.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// How full it is and was.
    pub fn gauges(&self) -> &Arc<Gauges> {
        &self.gauges
    }

    fn left(&self, inbound: Inbound) -> Inbound {
        self.gauges.leave(1);
        inbound
    }
}

impl Drop for InboxReceiver {
    fn drop(&mut self) {
        self.gauges.closed.store(true, Ordering::Release);
    }
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
