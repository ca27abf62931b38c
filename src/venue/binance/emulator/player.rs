//! Plays a source to the connections of a market: when, how fast, and to whom.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::clock;
use super::config::{End, Speed, Start};
use super::error::EmulatorError;
use super::frame::{Item, MarketFrame, SnapshotItem, combined, is_depth};
use super::market::{Connection, Market, Outgoing, lock};
use super::private::levels_of;
use super::synthetic::SyntheticMarket;
use super::tape_source::TapeSource;

/// A source that has not begun.
#[derive(Debug)]
pub(super) enum Program {
    Tape(PathBuf),
    Synthetic { symbols: Vec<String>, seed: u64 },
}

/// How a program is to be played.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) speed: Speed,
    pub(super) start: Start,
    pub(super) end: End,
    pub(super) snapshot_hold: Duration,
}

/// Plays to the end, and then says so.
pub(super) async fn play(market: Arc<Market>, program: Program, manner: Manner) {
    let mut player = Player {
        changes: market.connections.changes(),
        connections: market.connections.list(),
        origin: None,
        since_yield: 0,
        market: market.clone(),
        manner,
    };
    if let Err(error) = player.run(program).await {
        *lock(&market.failure) = Some(error.to_string());
    }
    if manner.end == End::CloseWhenDone {
        market.closing.store(true, Ordering::Release);
    }
    player.drain().await;
    market.finished.send_replace(true);
}

enum Playing {
    Tape(TapeSource),
    Synthetic(SyntheticMarket),
}

struct Player {
    market: Arc<Market>,
    manner: Manner,
    changes: watch::Receiver<u64>,
    /// The open connections, as of the last change.
    connections: Vec<Arc<Connection>>,
    /// When the first frame was played, and its own time.
    origin: Option<(Instant, i64)>,
    since_yield: u32,
}

impl Player {
    async fn run(&mut self, program: Program) -> Result<(), EmulatorError> {
        let tape = matches!(program, Program::Tape(_));
        let mut playing = match program {
            Program::Tape(path) => {
                let expects_client = self.manner.start != Start::AtOnce && !self.manner.snapshot_hold.is_zero();
                Playing::Tape(TapeSource::open(&path, expects_client)?)
            }
            Program::Synthetic { symbols, seed } => {
                self.wait_for_start(true).await;
                Playing::Synthetic(SyntheticMarket::new(self.market.kind, &symbols, seed, clock::wall_ns()))
            }
        };
        if tape {
            self.wait_for_start(false).await;
        }
        loop {
            let item = match &mut playing {
                Playing::Tape(source) => source.next()?,
                Playing::Synthetic(source) => source.next(),
            };
            let Some(item) = item else {
                return Ok(());
            };
            self.wait_until_due(item.at_ns()).await;
            match item {
                Item::Frame(frame) => self.on_frame(frame, tape).await?,
                Item::Snapshot(snapshot) => self.on_snapshot(snapshot).await?,
            }
            if self.manner.speed == Speed::Max && !(tape && self.manner.start == Start::AtOnce) {
                self.wait_for(|player| player.anyone_subscribed()).await;
            }
        }
    }

    /// Waits until those are there for whom the program is played.
    async fn wait_for_start(&mut self, depth_request_counts: bool) {
        let start = self.manner.start;
        self.wait_for(|player| {
            let wanted = depth_request_counts && player.market.depth_wanted.load(Ordering::Acquire);
            wanted
                || match start {
                    Start::AtOnce => true,
                    Start::FirstSubscriber => player.anyone_subscribed(),
                    Start::EveryStream => player.every_stream_subscribed(),
                }
        })
        .await;
    }

    async fn wait_for(&mut self, condition: impl Fn(&Self) -> bool) {
        loop {
            self.refresh();
            if condition(self) || self.changes.changed().await.is_err() {
                return;
            }
            self.connections = self.market.connections.list();
        }
    }

    fn refresh(&mut self) {
        if self.changes.has_changed().unwrap_or(false) {
            self.changes.mark_unchanged();
            self.connections = self.market.connections.list();
        }
    }

    fn anyone_subscribed(&self) -> bool {
        self.connections.iter().any(|connection| lock(&connection.subscriptions).count() > 0)
    }

    fn every_stream_subscribed(&self) -> bool {
        let has = |stream: &String| self.connections.iter().any(|c| !lock(&c.subscriptions).names_for(stream).is_empty());
        // Marks are an extra that most do without.
        let wanted = |stream: &&String| !stream.contains("@markPrice");
        self.anyone_subscribed() && self.market.streams.iter().filter(wanted).all(has)
    }

    async fn wait_until_due(&mut self, at_ns: i64) {
        let (begun, first_ns) = *self.origin.get_or_insert_with(|| (Instant::now(), at_ns));
        match self.manner.speed {
            Speed::Times(times) => {
                let passed_ns = at_ns.saturating_sub(first_ns).max(0);
                let due = Duration::try_from_secs_f64(passed_ns as f64 / 1e9 / times).ok().and_then(|gap| begun.checked_add(gap));
                if let Some(due) = due.filter(|due| *due > Instant::now()) {
                    sleep_until(due).await;
                    self.since_yield = 0;
                }
            }
            Speed::Max => {}
        }
        self.since_yield += 1;
        if self.since_yield >= FRAMES_PER_YIELD {
            self.since_yield = 0;
            tokio::task::yield_now().await;
        }
    }

    /// Updates the book, then gives the frame to every connection that wants it. Waits for the slowest.
    async fn on_frame(&mut self, frame: MarketFrame, tape: bool) -> Result<(), EmulatorError> {
        let mut venue_ms = (!tape).then_some(frame.at_ns / 1_000_000);
        if is_depth(&frame.stream) {
            venue_ms = Some(lock(&self.market.books).on_diff(self.market.kind, frame.data())?);
            let symbol = frame.stream.split('@').next().unwrap_or("").to_ascii_uppercase();
            let book = || levels_of(lock(&self.market.books).answer(self.market.kind, &symbol, 20));
            self.market.accounts.on_book(&symbol, book);
        }
        if let Some(venue_ms) = venue_ms {
            self.market.venue_ms.store(venue_ms, Ordering::Relaxed);
        }
        self.market.frames_played.fetch_add(1, Ordering::Relaxed);
        self.refresh();
        let MarketFrame { stream, text, data_at, .. } = frame;
        let text = Utf8Bytes::from(text);
        for connection in &self.connections {
            let (names, as_combined) = {
                let subscriptions = lock(&connection.subscriptions);
                (subscriptions.names_for(&stream).to_vec(), subscriptions.combined())
            };
            for name in names {
                let text = match as_combined {
                    true if name == stream => text.clone(),
                    true => combined(&name, &text[data_at..text.len() - 1]).into(),
                    false => text[data_at..text.len() - 1].into(),
                };
                // A closed queue is a connection that has just ended; the next refresh removes it.
                let _ = connection.queue.send(Outgoing::Frame { stream: name, text }).await;
            }
        }
        Ok(())
    }

    /// Seeds the book, and waits for a client that is about to ask for this very snapshot.
    async fn on_snapshot(&mut self, snapshot: SnapshotItem) -> Result<(), EmulatorError> {
        let kind = self.market.kind;
        // From before the book is there, so that no answer given meanwhile is waited for again.
        let mut answers = self.market.depth_answers.subscribe();
        let symbol = lock(&self.market.books).on_snapshot(kind, snapshot.symbol.as_deref(), &snapshot.text)?;
        self.market.seeded.send_modify(|count| *count = count.wrapping_add(1));
        let Some(symbol) = symbol.filter(|_| snapshot.hold) else {
            return Ok(());
        };
        self.refresh();
        let stream = format!("{}@depth", symbol.to_lowercase());
        let expected = self.connections.iter().any(|c| !lock(&c.subscriptions).names_for(&stream).is_empty());
        if expected {
            let begun = Instant::now();
            let _ = timeout(self.manner.snapshot_hold, answers.changed()).await;
            if let Some((origin, _)) = &mut self.origin {
                *origin += begun.elapsed();
            }
        }
        Ok(())
    }

    /// Waits until every connection has written all it was given; closes them if they are to be closed.
    async fn drain(&mut self) {
        let mut barriers = Vec::new();
        for connection in self.market.connections.list() {
            let (written, barrier) = oneshot::channel();
            if connection.queue.send(Outgoing::Barrier(written)).await.is_ok() {
                barriers.push(barrier);
            }
            if self.manner.end == End::CloseWhenDone {
                let _ = connection.queue.send(Outgoing::Close).await;
            }
        }
        for barrier in barriers {
            let _ = barrier.await;
        }
    }
}

/// At full speed the player lets others run at least this often, also when nobody's queue is full.
const FRAMES_PER_YIELD: u32 = 256;
