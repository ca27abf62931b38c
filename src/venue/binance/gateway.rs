//! The adapter to Binance's market data: [`BinanceGateway`].
//!
//! ```text
//!   feed task per connection ── frames ──┐
//!                                        ├─▶ this task: decode in order ─▶ one parcel a frame ─▶ inbox
//!   snapshot task per book   ── bytes ───┘
//! ```
//!
//! One task decodes, so the order of frames is one order, and the decoder can be run over it again. Where the inbox is full this
//! task waits, then the feeds, then the sockets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::config::{BinanceConfig, Connection};
use super::feed::{Feed, FeedMessage, backoff};
use super::private::Definitions;
use super::private::task::{Parts, Private};
use super::ranking::{self, Definitions as RankedDefinitions};
use super::rest::{Rest, RestError};
use super::wire::private::filters::filters;
use super::wire::{Control, Decoder, FrameOutcome, SnapshotOutcome, rest};
use crate::config::RawFrames;
use crate::event::{Answer, Event, Link, LinkState, MarketEvent};
use crate::market::{InstrumentId, Venue};
use crate::venue::backoff::Backoff;
use crate::venue::channel::Channel;
use crate::venue::gateway::{Dispatch, Numbers, Trading};
use crate::venue::inbox::Inbox;
use crate::venue::mailbox::{INBOX_PAUSE, Mailbox};
use crate::venue::prices::Prices;
use crate::venue::ranking::{RankingConfig, Ranks, next_rank, turns};
use crate::venue::raw::Made;
use crate::venue::stats::GatewayStats;
use crate::venue::wire_error::WireError;
use crate::venue::{Gateway, Now, VenueError};

/// Frames read and not yet decoded. A few: what must wait should wait in the sockets, where the venue sees it.
const FRAMES_MAX: usize = 256;
/// How long a stopped gateway waits for room for the last quotes. Less than [`STOP_PATIENCE`], so that it can still count them.
const LAST_QUOTES_PATIENCE: Duration = Duration::from_millis(500);
/// How long a stopped gateway may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(1);
/// Snapshots asked for at a time: each costs weight at the venue.
const SNAPSHOTS_AT_ONCE: usize = 2;

/// Market data of Binance, spot or USDⓈ-M futures, as the settings say.
pub struct BinanceGateway {
    pub(super) config: BinanceConfig,
    rest: Rest,
    pub(super) now: Now,
    pub(super) mailbox: Mailbox,
    pub(super) decoder: Decoder,
    /// Events of the frame under way.
    made: Made,
    pub(super) connections: Vec<Connection>,
    /// Snapshots in a row that were of no use, by instrument.
    attempts: BTreeMap<InstrumentId, u32>,
    snapshots: Arc<Semaphore>,
    stats: Arc<GatewayStats>,
    /// A failure was told; the next of its kind is told after a success.
    failure_told: bool,
    /// Told to the task that trades.
    definitions: watch::Sender<Option<Arc<Definitions>>>,
    prices: Arc<Prices>,
    private: Option<Private>,
    /// Ranks markets, when it is to.
    pub(super) ranks: Option<Ranks<RankedDefinitions>>,
    /// What each connection is told to carry.
    pub(super) streams: Vec<watch::Sender<Vec<String>>>,
}

/// A snapshot came, or could not be had.
struct Snapshot {
    instrument: InstrumentId,
    recv: Nanos,
    result: Result<Vec<u8>, RestError>,
}

impl BinanceGateway {
    /// A gateway; nothing is connected yet.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(config: BinanceConfig, inbox: Inbox, now: Now) -> Result<Self, VenueError> {
        config.check()?;
        let venue = config.venue;
        let rest = Rest::new(&config).map_err(|error| VenueError::Setting {
            venue,
            setting: "rest_url",
            seen: error.to_string(),
            expected: "an address a client can be made for",
        })?;
        let mailbox = Mailbox::new(inbox, venue);
        let stats = Arc::new(GatewayStats::new(mailbox.waits()));
        Ok(BinanceGateway {
            rest,
            now,
            mailbox,
            decoder: Decoder::new(venue, config.symbols.iter().map(|(symbol, id)| (symbol.as_str(), *id))),
            made: Made::new(),
            connections: config.connections(),
            attempts: BTreeMap::new(),
            snapshots: Arc::new(Semaphore::new(SNAPSHOTS_AT_ONCE)),
            stats,
            failure_told: false,
            definitions: watch::channel(None).0,
            prices: Arc::new(Prices::new(config.symbols.iter().map(|row| row.1))),
            private: None,
            ranks: None,
            streams: Vec::new(),
            config,
        })
    }

    /// Places orders too: takes instructions from `dispatches`.
    ///
    /// # Errors
    /// When the keys are none.
    pub fn trade(&mut self, trading: Trading, dispatches: mpsc::Receiver<Dispatch>) -> Result<(), VenueError> {
        let parts = Parts {
            trading,
            dispatches,
            mailbox: Mailbox::new(self.mailbox.inbox.clone(), self.config.venue),
            now: Arc::clone(&self.now),
            definitions: self.definitions.subscribe(),
            prices: Arc::clone(&self.prices),
            stats: Arc::clone(&self.stats),
        };
        self.private = Some(Private::new(&self.config, parts)?);
        Ok(())
    }

    /// Lets it rank markets by turnover, and watch what the kernel wants watched because of it.
    pub fn rank(&mut self, config: RankingConfig, numbers: Arc<Numbers>, dispatches: mpsc::Receiver<Dispatch>) {
        let mut ranks = Ranks::new(config, self.config.venue, numbers, dispatches);
        ranks.begin(self.config.symbols.iter().map(|(symbol, id)| (symbol.as_str(), *id)));
        self.ranks = Some(ranks);
    }

    /// What it counts, while it runs and after.
    pub fn stats(&self) -> Arc<GatewayStats> {
        Arc::clone(&self.stats)
    }

    async fn run_until_stopped(mut self, mut stop: watch::Receiver<bool>) -> Result<(), VenueError> {
        self.define_instruments().await?;
        let (messages, mut frames) = mpsc::channel(FRAMES_MAX);
        let (renew, renewals) = watch::channel(0_u64);
        let mut feeds = JoinSet::new();
        for (channel, connection) in self.connections.iter().enumerate() {
            let (streams, wanted) = watch::channel(connection.names.clone());
            self.streams.push(streams);
            let feed = Feed {
                channel: u16::try_from(channel).unwrap_or(u16::MAX),
                root: connection.root.clone(),
                streams: wanted,
                patience: self.config.patience.clone(),
                now: Arc::clone(&self.now),
                messages: messages.clone(),
                stop: stop.clone(),
                renew: renewals.clone(),
            };
            feeds.spawn(feed.run());
        }
        drop(messages);
        let mut turns = turns(self.ranks.as_ref());
        // Dropped at the end of this function, and its tasks with it.
        let mut snapshots: JoinSet<Snapshot> = JoinSet::new();
        loop {
            if *stop.borrow() {
                break;
            }
            tokio::select! {
                biased;
                _ = stop.changed() => break,
                Some(done) = snapshots.join_next() => {
                    if let Ok(snapshot) = done {
                        self.on_snapshot(snapshot, &mut snapshots).await?;
                    }
                }
                _ = turns.tick(), if self.ranks.is_some() => {
                    let Self { ranks, rest, .. } = &mut self;
                    if let Some(ranks) = ranks { ranks.ask(|ranking, known| ranking::ask(rest.clone(), ranking, known)); }
                }
                message = next_rank(&mut self.ranks) => {
                    if self.on_rank(message).await? {
                        self.restream();
                    }
                }
                message = frames.recv() => match message {
                    Some(message) => self.on_message(message, &renew, &mut snapshots).await?,
                    None => break,
                },
                () = sleep(INBOX_PAUSE), if self.mailbox.inbox.has_waiting() => {
                    self.mailbox.inbox.flush();
                }
            }
        }
        // Feeds stop with `stop`; the few frames still between us are read by nobody.
        drop(frames);
        while feeds.join_next().await.is_some() {}
        self.send_waiting_quotes().await;
        Ok(())
    }

    /// Quotes that wait for room were counted as journaled: they are sent, or, if the loop takes nothing, counted as left out.
    async fn send_waiting_quotes(&mut self) {
        let until = Instant::now() + LAST_QUOTES_PATIENCE;
        while !self.mailbox.inbox.flush() && Instant::now() < until && !self.mailbox.inbox.is_closed() {
            sleep(INBOX_PAUSE).await;
        }
        let left_out = self.mailbox.inbox.leave_out_waiting();
        self.decoder.conflated(left_out);
        self.stats.publish(self.decoder.counts(), self.decoder.gaps());
    }

    /// Tells the kernel what the instruments are, before anything is said of them.
    async fn define_instruments(&mut self) -> Result<(), VenueError> {
        let mut wanted = self.config.symbols.clone();
        wanted.sort_by_key(|(_, id)| *id);
        let names: Vec<&str> = wanted.iter().map(|(symbol, _)| symbol.as_str()).collect();
        let mut backoff = backoff(&self.config.patience, 1 << 32);
        let body = loop {
            if self.mailbox.inbox.is_closed() {
                return Err(VenueError::InboxClosed { venue: self.config.venue });
            }
            match self.rest.exchange_info(&names).await {
                Ok(body) => break body,
                Err(error) => {
                    self.tell_failure("exchangeInfo", &error).await?;
                    sleep(pause_after(&error, &mut backoff)).await;
                }
            }
        };
        self.failure_told = false;
        let recv = (self.now)();
        let definitions = |error: WireError| VenueError::Definitions { venue: self.config.venue, reason: error.to_string() };
        let instruments = rest::instruments(&body, self.config.venue, &wanted, &self.config.fees).map_err(definitions)?;
        let rules = filters(&body, wanted.iter().map(|(symbol, _)| symbol.as_str())).map_err(definitions)?;
        for instrument in &instruments {
            self.mailbox.put(recv, None, Event::Market(MarketEvent::Instrument(Box::new(instrument.clone()))));
        }
        self.mailbox.send().await?;
        // After the kernel: nothing may be said of an instrument before it.
        self.definitions.send_replace(Some(Arc::new(Definitions(instruments.into_iter().zip(rules).collect()))));
        Ok(())
    }

    async fn on_message(
        &mut self,
        message: FeedMessage,
        renew: &watch::Sender<u64>,
        snapshots: &mut JoinSet<Snapshot>,
    ) -> Result<(), VenueError> {
        match message {
            FeedMessage::Frame { channel, recv, text } => {
                let outcome = self.on_frame(channel, recv, text.as_bytes()).await?;
                match outcome {
                    FrameOutcome::Buffered => self.ask_for_snapshots(snapshots),
                    FrameOutcome::Control(Control::ServerShutdown) => renew.send_modify(|count| *count += 1),
                    FrameOutcome::Control(Control::Refused { code, message }) => {
                        let refused = RestError::Refused { status: 0, code, message };
                        self.tell_failure("subscribe", &refused).await?;
                    }
                    _ => {}
                }
                Ok(())
            }
            FeedMessage::Up { channel, at } => {
                self.stats.on_up();
                self.failure_told = false;
                self.tell_link(channel, at, LinkState::Up).await
            }
            FeedMessage::Down { channel, at, reason } => {
                self.stats.on_down();
                self.tell_link(channel, at, LinkState::Down { reason: reason.into() }).await?;
                self.lose_books(channel, at).await
            }
            FeedMessage::Failed { reason } => {
                self.stats.on_failed();
                self.tell_failure("connect", &RestError::Transport(reason)).await
            }
            FeedMessage::Replaced => {
                self.stats.on_replaced();
                Ok(())
            }
        }
    }

    async fn on_frame(&mut self, channel: u16, recv: Nanos, bytes: &[u8]) -> Result<FrameOutcome, VenueError> {
        if self.config.raw == RawFrames::All {
            self.mailbox.put_raw(recv, channel, bytes);
        }
        let outcome = self.decoder.frame(bytes, &mut self.made);
        self.prices.note(&self.made);
        let left_out = self.mailbox.send_made(recv, &mut self.made).await?;
        self.decoder.conflated(left_out);
        self.stats.publish(self.decoder.counts(), self.decoder.gaps());
        Ok(outcome)
    }

    async fn on_snapshot(&mut self, snapshot: Snapshot, snapshots: &mut JoinSet<Snapshot>) -> Result<(), VenueError> {
        let Snapshot { instrument, recv, result } = snapshot;
        let attempts = self.attempts.entry(instrument).or_default();
        match result {
            Ok(bytes) => {
                // An empty frame would be read as the loss of the book.
                if self.config.raw == RawFrames::All
                    && !bytes.is_empty()
                    && let Some(channel) = Channel::Snapshot(instrument).number()
                {
                    self.mailbox.put_raw(recv, channel, &bytes);
                }
                let outcome = self.decoder.snapshot(instrument, &bytes, &mut self.made);
                *attempts = if matches!(outcome, Ok(SnapshotOutcome::TooOld) | Err(_)) { *attempts + 1 } else { 0 };
                self.stats.on_snapshot();
                self.mailbox.send_made(recv, &mut self.made).await?;
                self.stats.publish(self.decoder.counts(), self.decoder.gaps());
                if let Err(error) = outcome {
                    self.tell_failure("depth", &RestError::Wire(error)).await?;
                } else {
                    self.failure_told = false;
                }
            }
            Err(error) => {
                *attempts += 1;
                self.decoder.snapshot_failed(instrument);
                self.tell_failure("depth", &error).await?;
            }
        }
        self.ask_for_snapshots(snapshots);
        Ok(())
    }

    /// Starts a task for each book that needs a snapshot. It waits the longer, the more snapshots of it were of no use.
    fn ask_for_snapshots(&mut self, snapshots: &mut JoinSet<Snapshot>) {
        while let Some(instrument) = self.decoder.wants_snapshot() {
            let Some((symbol, _)) = self.config.symbols.iter().find(|(_, id)| *id == instrument) else { continue };
            let (symbol, rest, now, permits) =
                (symbol.clone(), self.rest.clone(), Arc::clone(&self.now), Arc::clone(&self.snapshots));
            let attempts = self.attempts.get(&instrument).copied().unwrap_or(0);
            let mut backoff = backoff(&self.config.patience, u64::from(instrument.0) << 33);
            let pause = (0..attempts.min(16)).map(|_| backoff.pause()).last().unwrap_or_default();
            snapshots.spawn(async move {
                sleep(pause).await;
                let _permit = permits.acquire().await;
                let result = rest.depth(&symbol).await;
                let recv = now();
                if let Err(RestError::Limited { retry_after, .. }) = &result {
                    // Held with the permit: while the venue is angry, the others wait too.
                    sleep(*retry_after).await;
                }
                Snapshot { instrument, recv, result }
            });
        }
    }

    /// A connection is gone: so are the books it carried. An empty raw frame stands for that in the journal.
    async fn lose_books(&mut self, channel: u16, recv: Nanos) -> Result<(), VenueError> {
        let books = self.connections.get(usize::from(channel)).map_or(Vec::new(), |connection| connection.books.clone());
        for instrument in books {
            self.lose_book(recv, instrument).await?;
        }
        self.stats.publish(self.decoder.counts(), self.decoder.gaps());
        Ok(())
    }

    /// The book of an instrument is not kept any more.
    pub(super) async fn lose_book(&mut self, recv: Nanos, instrument: InstrumentId) -> Result<(), VenueError> {
        self.mailbox.put_book_lost(recv, self.config.raw, instrument);
        self.decoder.book_lost(instrument, &mut self.made);
        self.mailbox.send_made(recv, &mut self.made).await?;
        Ok(())
    }

    async fn tell_link(&mut self, channel: u16, at: Nanos, state: LinkState) -> Result<(), VenueError> {
        let link = Event::Link(Link { venue: self.config.venue, channel, state });
        self.mailbox.send_priority(at, link).await
    }

    /// Tells a failure that will be tried again; of a row of failures only the first.
    pub(super) async fn tell_failure(&mut self, question: &str, error: &impl std::fmt::Display) -> Result<(), VenueError> {
        if std::mem::replace(&mut self.failure_told, true) {
            return Ok(());
        }
        let failed = Answer::Failed { venue: self.config.venue, question: question.to_owned(), reason: error.to_string() };
        self.mailbox.send_priority((self.now)(), Event::Answer(Box::new(failed))).await
    }
}

impl Gateway for BinanceGateway {
    async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), VenueError> {
        if *stop.borrow_and_update() {
            return Ok(());
        }
        let (inner, mut outer) = (stop.clone(), stop);
        let (venue, private) = (self.config.venue, self.private.take());
        let mut running = Box::pin(beside(venue, private, inner.clone(), self.run_until_stopped(inner)));
        // Whatever it waits for (an answer, room in the inbox), it ends soon after it was told to.
        tokio::select! {
            biased;
            done = &mut running => done,
            _ = outer.changed() => tokio::time::timeout(STOP_PATIENCE, running).await.unwrap_or(Ok(())),
        }
    }
}

/// Runs the task that trades beside the market's. When it cannot go on, neither can the gateway.
async fn beside(
    venue: Venue,
    private: Option<Private>,
    stop: watch::Receiver<bool>,
    market: impl Future<Output = Result<(), VenueError>>,
) -> Result<(), VenueError> {
    let mut market = std::pin::pin!(market);
    let mut tasks = JoinSet::new();
    if let Some(private) = private {
        tasks.spawn(private.run(stop));
    }
    let ended = |ended: Result<Result<(), VenueError>, tokio::task::JoinError>| {
        ended.unwrap_or_else(|error| Err(VenueError::Refused { venue, reason: format!("the task that trades ended: {error}") }))
    };
    let done = tokio::select! {
        biased;
        done = &mut market => done,
        Some(first) = tasks.join_next() => match ended(first) {
            Ok(()) => market.await,
            Err(error) => return Err(error),
        },
    };
    match tasks.join_next().await.map(ended) {
        Some(Err(error)) => Err(error),
        _ => done,
    }
}

fn pause_after(error: &RestError, backoff: &mut Backoff) -> Duration {
    match error {
        RestError::Limited { retry_after, .. } => *retry_after,
        _ => backoff.pause(),
    }
}

#[cfg(test)]
#[path = "gateway_tests.rs"]
mod tests;
