//! One connection kept alive: [`Feed`]. It reads frames, stamps them, and hands them on; what they mean is not its business.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jangbu_journal::Nanos;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::config::{Connection, Patience};
use super::wire::FRAME_BYTES_MAX;
use crate::venue::Now;
use crate::venue::backoff::Backoff;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How often timeouts are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Between two requests for other streams: the venue takes five messages a second, and each change is up to two.
const ASK_PAUSE: Duration = Duration::from_secs(1);

/// What a connection says.
#[derive(Debug)]
pub(super) enum FeedMessage {
    /// Connected at `at`; its streams flow.
    Up { channel: u16, at: Nanos },
    /// A frame, read at `recv`.
    Frame { channel: u16, recv: Nanos, text: FrameText },
    /// Lost at `at`, with nothing that overlaps it.
    Down { channel: u16, at: Nanos, reason: String },
    /// Could not be made; will be tried again.
    Failed { reason: String },
    /// Replaced by a younger one, without a hole.
    Replaced,
}

/// The bytes of a frame, shared with the socket's buffer.
#[derive(Debug)]
pub(super) enum FrameText {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl FrameText {
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            FrameText::Text(text) => text.as_bytes(),
            FrameText::Binary(bytes) => bytes,
        }
    }
}

/// A connection with its streams, and its successors.
pub(super) struct Feed {
    pub channel: u16,
    /// Its address, without streams.
    pub root: String,
    /// Its streams, as they are wanted now.
    pub streams: watch::Receiver<Vec<String>>,
    pub patience: Patience,
    pub now: Now,
    pub messages: mpsc::Sender<FeedMessage>,
    pub stop: watch::Receiver<bool>,
    /// Grows when the connection should be replaced (`serverShutdown`).
    pub renew: watch::Receiver<u64>,
}

/// Why a connection is read no more.
enum End {
    /// It was told to stop, or nobody listens.
    Stopped,
    /// It was lost.
    Lost(String),
}

impl Feed {
    /// Connects, reads, and connects again until told to stop.
    pub(super) async fn run(mut self) {
        let mut pauses = backoff(&self.patience, u64::from(self.channel));
        let mut stop = self.stop.clone();
        loop {
            if *stop.borrow() {
                return;
            }
            let names = self.streams.borrow_and_update().clone();
            let connected = tokio::select! {
                biased;
                _ = stop.changed() => return,
                connected = connect(Connection::url(&self.root, &names), self.patience.connect) => connected,
            };
            let told = match connected {
                Ok(socket) => {
                    let since = Instant::now();
                    if self.messages.send(FeedMessage::Up { channel: self.channel, at: (self.now)() }).await.is_err() {
                        return;
                    }
                    let End::Lost(reason) = self.read(socket, names).await else { return };
                    // One that lived a while was not refused: the next try need not wait long.
                    if since.elapsed() > self.patience.backoff_max {
                        pauses.reset();
                    }
                    self.messages.send(FeedMessage::Down { channel: self.channel, at: (self.now)(), reason }).await
                }
                Err(reason) => self.messages.send(FeedMessage::Failed { reason }).await,
            };
            if told.is_err() {
                return;
            }
            tokio::select! {
                biased;
                _ = stop.changed() => return,
                () = tokio::time::sleep(pauses.pause()) => {}
            }
        }
    }

    /// Reads a connection that has these streams, and its successors, until one is lost.
    async fn read(&mut self, mut socket: Socket, mut names: Vec<String>) -> End {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut timers = Timers::new();
        let mut retry = backoff(&self.patience, u64::from(self.channel) + 1_000);
        let mut renewed = *self.renew.borrow_and_update();
        // The successor: being made, or made and not yet read.
        let mut making = None;
        let mut successor: Option<(Socket, Instant)> = None;
        let mut successor_names = Vec::new();
        let mut asked = Asked { count: 0, at: Instant::now() };
        loop {
            tokio::select! {
                biased;
                _ = self.stop.changed() => {
                    let _ = timeout(Duration::from_millis(200), socket.close(None)).await;
                    return End::Stopped;
                }
                _ = looks.tick() => {
                    let now = Instant::now();
                    if *self.renew.borrow() != renewed {
                        renewed = *self.renew.borrow_and_update();
                        timers.renew_at = Some(now);
                    }
                    if successor.as_ref().is_some_and(|(_, read_from)| now >= *read_from) {
                        let Some((next, _)) = successor.take() else { continue };
                        let old = std::mem::replace(&mut socket, next);
                        names = std::mem::take(&mut successor_names);
                        if self.replaced(old, &mut timers).await.is_err() {
                            return End::Stopped;
                        }
                        continue;
                    }
                    if making.is_none() && successor.is_none() && timers.is_time_to_renew(now, &self.patience) {
                        successor_names.clone_from(&*self.streams.borrow());
                        making = Some(Box::pin(connect(Connection::url(&self.root, &successor_names), self.patience.connect)));
                    }
                    if now.duration_since(asked.at) >= ASK_PAUSE && *self.streams.borrow() != names {
                        let wanted = self.streams.borrow_and_update().clone();
                        for text in asked.changes(&names, &wanted) {
                            let sent = timeout(self.patience.connect, socket.send(Message::text(text))).await;
                            if !matches!(sent, Ok(Ok(()))) {
                                return End::Lost("a request for other streams could not be sent".to_owned());
                            }
                        }
                        names = wanted;
                    }
                    if let Some(reason) = timers.is_dead(now, &self.patience) {
                        return End::Lost(reason);
                    }
                    if now.duration_since(timers.pinged) >= self.patience.ping {
                        timers.pinged = now;
                        // A full socket buffer must not stop the reading; without this ping, the silence will tell.
                        let _ = timeout(LOOK_EVERY, socket.send(Message::Ping(Bytes::new()))).await;
                    }
                }
                made = made(&mut making) => {
                    making = None;
                    match made {
                        Ok(next) => successor = Some((next, Instant::now() + self.patience.overlap)),
                        Err(_) => timers.renew_at = Some(Instant::now() + retry.pause()),
                    }
                }
                frame = socket.next() => {
                    let recv = (self.now)();
                    let lost = match frame {
                        Some(Ok(message)) => match self.on_message(message, recv, &mut timers).await {
                            Ok(lost) => lost,
                            Err(()) => return End::Stopped,
                        },
                        Some(Err(error)) => Some(error.to_string()),
                        None => Some("the venue closed the connection".to_owned()),
                    };
                    let Some(reason) = lost else { continue };
                    // The successor was connected before this one ended, so nothing is missing.
                    let Some((next, _)) = successor.take() else { return End::Lost(reason) };
                    let old = std::mem::replace(&mut socket, next);
                    names = std::mem::take(&mut successor_names);
                    if self.replaced(old, &mut timers).await.is_err() {
                        return End::Stopped;
                    }
                }
            }
        }
    }

    /// Hands a message on. `Some` when it says that the connection ends.
    async fn on_message(&mut self, message: Message, recv: Nanos, timers: &mut Timers) -> Result<Option<String>, ()> {
        let now = Instant::now();
        timers.heard = now;
        let text = match message {
            Message::Text(text) => FrameText::Text(text),
            Message::Binary(bytes) => FrameText::Binary(bytes),
            // Pongs to the venue's pings are made by tungstenite, and leave with the next read.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(None),
            Message::Close(frame) => {
                let reason = frame.map_or(String::new(), |frame| format!(": {} {}", u16::from(frame.code), frame.reason));
                return Ok(Some(format!("the venue closed the connection{reason}")));
            }
        };
        self.messages.send(FeedMessage::Frame { channel: self.channel, recv, text }).await.map_err(|_| ())?;
        // Waiting for room is our silence, not the venue's.
        timers.heard = Instant::now();
        timers.fed = timers.heard;
        Ok(None)
    }

    async fn replaced(&mut self, mut old: Socket, timers: &mut Timers) -> Result<(), ()> {
        *timers = Timers::new();
        let _ = timeout(LOOK_EVERY, old.close(None)).await;
        self.messages.send(FeedMessage::Replaced).await.map_err(|_| ())
    }
}

/// Requests for other streams.
struct Asked {
    count: u64,
    at: Instant,
}

impl Asked {
    /// The requests that turn some streams into others: what is new first, so that nothing is missed.
    fn changes(&mut self, have: &[String], want: &[String]) -> Vec<String> {
        self.at = Instant::now();
        let mut request = |method: &str, names: Vec<&String>| {
            (!names.is_empty()).then(|| {
                self.count += 1;
                serde_json::json!({ "method": method, "params": names, "id": self.count }).to_string()
            })
        };
        let more = request("SUBSCRIBE", want.iter().filter(|name| !have.contains(name)).collect());
        let fewer = request("UNSUBSCRIBE", have.iter().filter(|name| !want.contains(name)).collect());
        more.into_iter().chain(fewer).collect()
    }
}

/// What is known of a connection's age and silence.
struct Timers {
    since: Instant,
    heard: Instant,
    fed: Instant,
    pinged: Instant,
    /// When to try to replace it, if before its age demands it.
    renew_at: Option<Instant>,
}

impl Timers {
    fn new() -> Self {
        let now = Instant::now();
        Timers { since: now, heard: now, fed: now, pinged: now, renew_at: None }
    }

    fn is_time_to_renew(&self, now: Instant, patience: &Patience) -> bool {
        match self.renew_at {
            Some(at) => now >= at,
            None => now.duration_since(self.since) >= patience.life,
        }
    }

    fn is_dead(&self, now: Instant, patience: &Patience) -> Option<String> {
        if now.duration_since(self.heard) >= patience.silence {
            return Some(format!("no sign of life for {:?}", patience.silence));
        }
        if now.duration_since(self.fed) >= patience.stale {
            return Some(format!("no market data for {:?}", patience.stale));
        }
        None
    }
}

pub(super) async fn connect(url: String, patience: Duration) -> Result<Socket, String> {
    let config = WebSocketConfig::default().max_message_size(Some(FRAME_BYTES_MAX)).max_frame_size(Some(FRAME_BYTES_MAX));
    match timeout(patience, connect_async_with_config(url, Some(config), true)).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(format!("no connection: {error}")),
        Err(_) => Err(format!("no connection within {patience:?}")),
    }
}

/// The connection being made, once it is; never, when none is.
async fn made<F: Future<Output = Result<Socket, String>> + Unpin>(making: &mut Option<F>) -> Result<Socket, String> {
    match making {
        Some(making) => making.await,
        None => std::future::pending().await,
    }
}

/// The pauses of a connection, or of a question: each `salt` has its own.
pub(super) fn backoff(patience: &Patience, salt: u64) -> Backoff {
    Backoff::new(patience.backoff_min, patience.backoff_max, patience.jitter_seed ^ salt)
}
