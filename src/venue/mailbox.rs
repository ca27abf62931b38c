//! A gateway's way into the inbox, for tasks: [`Mailbox`]. Waits without blocking the runtime, and counts that it did.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::time::sleep;

use super::channel::Channel;
use super::gateway::VenueError;
use super::inbox::{Inbound, Inbox, Offered, Parcel};
use super::raw::{Made, frame_pieces};
use crate::account::OrderId;
use crate::config::RawFrames;
use crate::event::{Answer, Event, OrderEvent, OrderUpdate};
use crate::market::{InstrumentId, Venue};

/// Pause before a full inbox is tried again.
pub const INBOX_PAUSE: Duration = Duration::from_micros(500);

/// The inbox, and the parcel being filled for it.
#[derive(Clone, Debug)]
pub struct Mailbox {
    /// The inbox itself.
    pub inbox: Inbox,
    parcel: Parcel,
    venue: Venue,
    waits: Arc<AtomicU64>,
}

impl Mailbox {
    /// A venue's way into `inbox`.
    pub fn new(inbox: Inbox, venue: Venue) -> Self {
        Mailbox { inbox, parcel: Parcel::new(), venue, waits: Arc::default() }
    }

    /// How often the inbox was found full and waited for.
    pub fn waits(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.waits)
    }

    /// Adds an event to the parcel.
    pub fn put(&mut self, recv: Nanos, venue_time: Option<Nanos>, event: Event) {
        self.parcel.push_back(Inbound { recv, venue_time, venue: self.venue, event });
    }

    /// Adds a raw frame, in pieces that fit a record.
    pub fn put_raw(&mut self, recv: Nanos, channel: u16, bytes: &[u8]) {
        for piece in frame_pieces(self.venue, channel, bytes) {
            self.put(recv, None, Event::Frame(Box::new(piece)));
        }
    }

    /// The book of an instrument is not kept any more: where raw frames are kept, an empty one on the instrument's channel stands for
    /// that in the journal.
    pub fn put_book_lost(&mut self, recv: Nanos, kept: RawFrames, instrument: InstrumentId) {
        if kept == RawFrames::All
            && let Some(channel) = Channel::Snapshot(instrument).number()
        {
            self.put_raw(recv, channel, &[]);
        }
    }

    /// Sends the events made of a frame. Returns how many quotes were left out.
    ///
    /// # Errors
    /// When nobody takes events any more.
    pub async fn send_made(&mut self, recv: Nanos, made: &mut Made) -> Result<u64, VenueError> {
        for (venue_time, event) in made.drain(..) {
            self.put(recv, venue_time, event);
        }
        self.send().await
    }

    /// Sends the parcel. Returns how many quotes were left out for it.
    ///
    /// # Errors
    /// When nobody takes events any more.
    pub async fn send(&mut self) -> Result<u64, VenueError> {
        loop {
            match self.inbox.offer(&mut self.parcel) {
                Offered::Taken => return Ok(0),
                Offered::Conflated { left_out } => return Ok(left_out),
                Offered::Closed => return Err(self.closed()),
                Offered::Full => self.pause().await,
            }
        }
    }

    /// Sends an event of the priority lane: orders, answers, links.
    ///
    /// # Errors
    /// When nobody takes events any more.
    pub async fn send_priority(&mut self, recv: Nanos, event: Event) -> Result<(), VenueError> {
        self.send_priority_at(recv, None, event).await
    }

    /// The same, with the venue's own time.
    ///
    /// # Errors
    /// When nobody takes events any more.
    pub async fn send_priority_at(&mut self, recv: Nanos, venue_time: Option<Nanos>, event: Event) -> Result<(), VenueError> {
        let mut inbound = Inbound { recv, venue_time, venue: self.venue, event };
        loop {
            match self.inbox.offer_priority(inbound) {
                Ok(()) => return Ok(()),
                Err(_) if self.inbox.is_closed() => return Err(self.closed()),
                Err(back) => {
                    inbound = *back;
                    self.pause().await;
                }
            }
        }
    }

    /// What became of an order of ours.
    ///
    /// # Errors
    /// When nobody takes events any more.
    pub async fn order(
        &mut self,
        recv: Nanos,
        venue_time: Option<Nanos>,
        order: OrderId,
        update: OrderUpdate,
    ) -> Result<(), VenueError> {
        self.send_priority_at(recv, venue_time, Event::Order(OrderEvent { order, update })).await
    }

    /// What the venue answered.
    ///
    /// # Errors
    /// When nobody takes events any more.
    pub async fn answer(&mut self, recv: Nanos, answer: Answer) -> Result<(), VenueError> {
        self.send_priority(recv, Event::Answer(Box::new(answer))).await
    }

    async fn pause(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
        sleep(INBOX_PAUSE).await;
    }

    fn closed(&self) -> VenueError {
        VenueError::InboxClosed { venue: self.venue }
    }
}
