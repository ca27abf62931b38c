//! What the tasks of one market share: its books, its connections, its counters.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use super::book::Books;
use super::clock;
use super::config::{EmulatorConfig, Faults, Limits, MarketKind};
use super::control::{Root, Subscriptions};
use super::frame::stream_kind;
use super::private::Accounts;
use super::stats::{ConnectionStats, EmulatorStats};
use super::weight::WeightWindow;
use crate::market::Money;
use crate::venue::maintenance::Maintenance;

/// One market of an emulator.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) kind: MarketKind,
    pub(super) limits: Limits,
    pub(super) faults: Faults,
    /// The streams its source plays, as far as known at the start.
    pub(super) streams: Vec<String>,
    pub(super) books: Mutex<Books>,
    /// What `/ticker/24hr` says was traded, where that was set.
    pub(super) turnovers: Mutex<BTreeMap<String, Money>>,
    /// Counts the snapshots that seeded a book: who waits for one watches it.
    pub(super) seeded: watch::Sender<u64>,
    /// Counts the depth snapshots that clients asked for and got.
    pub(super) depth_answers: watch::Sender<u64>,
    /// A client wants a depth snapshot, so a synthetic market has to begin.
    pub(super) depth_wanted: AtomicBool,
    pub(super) connections: Connections,
    pub(super) accounts: Accounts,
    pub(super) weight: Mutex<WeightWindow>,
    pub(super) rest_calls: AtomicU64,
    pub(super) frames_played: AtomicU64,
    /// The source's clock in milliseconds; 0 before the source has begun.
    pub(super) venue_ms: AtomicI64,
    pub(super) failure: Mutex<Option<String>>,
    pub(super) finished: watch::Sender<bool>,
    /// The source has ended and connections are to be closed.
    pub(super) closing: AtomicBool,
    pub(super) maintenance: Maintenance,
    /// Grows when every connection is to be cut.
    pub(super) cuts: watch::Sender<u64>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Market {
    pub(super) fn new(
        config: &EmulatorConfig,
        kind: MarketKind,
        streams: Vec<String>,
        books: Books,
        accounts: Accounts,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            kind,
            limits: config.limits(kind),
            faults: config.faults.clone(),
            streams,
            books: Mutex::new(books),
            turnovers: Mutex::default(),
            seeded: watch::Sender::new(0),
            depth_answers: watch::Sender::new(0),
            depth_wanted: AtomicBool::new(false),
            connections: Connections::default(),
            accounts,
            weight: Mutex::default(),
            rest_calls: AtomicU64::new(0),
            frames_played: AtomicU64::new(0),
            venue_ms: AtomicI64::new(0),
            failure: Mutex::default(),
            finished: watch::Sender::new(false),
            closing: AtomicBool::new(false),
            maintenance: Maintenance::default(),
            cuts: watch::Sender::new(0),
            stop,
        }
    }

    /// The venue's time in milliseconds: the source's once it plays, the wall's before.
    pub(super) fn now_ms(&self) -> i64 {
        match self.venue_ms.load(Ordering::Relaxed) {
            // A signature has to be of now.
            _ if !self.accounts.is_empty() => self.accounts.now_ms(),
            0 => clock::wall_ms(),
            venue_ms => venue_ms,
        }
    }

    /// Adds what this market did.
    pub(super) fn add_to(&self, stats: &mut EmulatorStats) {
        stats.frames_played += self.frames_played.load(Ordering::Relaxed);
        stats.rest_calls += self.rest_calls.load(Ordering::Relaxed);
        stats.frames_sent += self.accounts.frames_sent.load(Ordering::Relaxed);
        stats.failures.extend(lock(&self.failure).clone());
        for connection in self.connections.stats() {
            stats.connections_made += 1;
            stats.connections_open += u64::from(connection.open);
            stats.frames_sent += connection.frames_sent;
            for (stream, count) in &connection.frames_sent_by_stream {
                *stats.frames_sent_by_kind.entry(stream_kind(stream).to_owned()).or_default() += count;
            }
            stats.connections.push(connection);
        }
    }
}

/// What the player gives to a connection.
#[derive(Debug)]
pub(super) enum Outgoing {
    Frame {
        /// The name the client subscribed under.
        stream: Arc<str>,
        text: Utf8Bytes,
    },
    /// Everything before this has to be written, then this is answered.
    Barrier(oneshot::Sender<()>),
    /// The tape has ended: close.
    Close,
}

/// One open connection as the player sees it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) queue: mpsc::Sender<Outgoing>,
    pub(super) subscriptions: Mutex<Subscriptions>,
    pub(super) stats: Mutex<ConnectionStats>,
}

/// The connections of a market.
#[derive(Debug, Default)]
pub(super) struct Connections {
    all: Mutex<All>,
    /// Counts changes of connections and of what they subscribed to.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct All {
    made: u64,
    open: Vec<(u64, Arc<Connection>)>,
    closed: Vec<ConnectionStats>,
}

impl Connections {
    /// Takes in a connection; its frames come from the receiver.
    pub(super) fn open(
        &self,
        market: MarketKind,
        peer: SocketAddr,
        root: Root,
        combined: bool,
        streams: &[&str],
    ) -> (u64, Arc<Connection>, mpsc::Receiver<Outgoing>) {
        let (queue, frames) = mpsc::channel(QUEUE_FRAMES);
        let mut subscriptions = Subscriptions::new(root, combined);
        streams.iter().for_each(|stream| subscriptions.subscribe(stream));
        let mut all = lock(&self.all);
        all.made += 1;
        let id = all.made;
        let stats = ConnectionStats {
            id,
            market,
            peer,
            open: true,
            frames_sent: 0,
            frames_sent_by_stream: BTreeMap::new(),
            frames_dropped: 0,
            frames_duplicated: 0,
            garbage_sent: 0,
            messages_received: 0,
            closed_because: None,
        };
        let connection = Connection { queue, subscriptions: Mutex::new(subscriptions), stats: Mutex::new(stats) };
        let connection = Arc::new(connection);
        all.open.push((id, connection.clone()));
        drop(all);
        self.on_change();
        (id, connection, frames)
    }

    /// Lets go of a connection and keeps its counts.
    pub(super) fn close(&self, id: u64, because: &'static str) {
        let mut all = lock(&self.all);
        if let Some(index) = all.open.iter().position(|(other, _)| *other == id) {
            let (_, connection) = all.open.remove(index);
            let mut stats = lock(&connection.stats).clone();
            stats.open = false;
            stats.closed_because = Some(because);
            all.closed.push(stats);
        }
        drop(all);
        self.on_change();
    }

    /// Says that connections or subscriptions have changed.
    pub(super) fn on_change(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The connections open at this moment, in the order in which they came.
    pub(super) fn list(&self) -> Vec<Arc<Connection>> {
        lock(&self.all).open.iter().map(|(_, connection)| connection.clone()).collect()
    }

    fn stats(&self) -> Vec<ConnectionStats> {
        let all = lock(&self.all);
        let mut stats = all.closed.clone();
        stats.extend(all.open.iter().map(|(_, connection)| lock(&connection.stats).clone()));
        stats.sort_by_key(|connection| connection.id);
        stats
    }
}

/// Waits for the emulator to stop, or to be dropped.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The guard in the answer must not live on in the caller's `select!`.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Locks; what a panicking task left behind is counters and levels, which are whole after every statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frames on their way to one connection: enough that a writer finds a burst to put into one system call, few enough
/// that a slow reader slows the player within milliseconds.
const QUEUE_FRAMES: usize = 512;
