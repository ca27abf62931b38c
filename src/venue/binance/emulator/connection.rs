//! One WebSocket connection: writes its frames, answers its requests, keeps the venue's limits, and has its faults.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::control;
use super::frame::combined;
use super::market::{Connection, Market, Outgoing, lock, stopped};
use super::random::SplitMix64;

/// Serves a connection until it ends; says why it did.
pub(super) async fn serve(
    socket: WebSocket,
    market: Arc<Market>,
    connection: Arc<Connection>,
    mut queue: mpsc::Receiver<Outgoing>,
) -> &'static str {
    let now = Instant::now();
    let mut session = Session {
        random: SplitMix64::new(market.faults.seed),
        socket,
        frames_seen: 0,
        next_ping: now + market.limits.ping_interval,
        unanswered_since: None,
        second_began: now,
        messages_in_second: 0,
        market,
        connection,
    };
    let end = session.run(&mut queue).await;
    // A queue that nobody reads must not hold up the player while the close is written.
    drop(queue);
    session.close(end).await;
    end.because()
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    ClientGone,
    TooManyMessages,
    TooManyStreams,
    NoPong,
    NotReading,
    LifeOver,
    TapeDone,
    Stopped,
    Cut,
    FaultCut,
    FaultShutdown,
}

impl End {
    fn because(self) -> &'static str {
        match self {
            Self::ClientGone => "the client closed it",
            Self::TooManyMessages => "the client sent too many messages in a second",
            Self::TooManyStreams => "the client subscribed to too many streams",
            Self::NoPong => "the client did not answer a ping",
            Self::NotReading => "the client did not read",
            Self::LifeOver => "it reached the age of 24 hours, or what was configured",
            Self::TapeDone => "the tape ended",
            Self::Stopped => "the emulator stopped",
            Self::Cut => "it was cut by hand",
            Self::FaultCut => "fault: disconnect_after_n",
            Self::FaultShutdown => "fault: shutdown_after_n",
        }
    }

    /// The close frame, if one is sent.
    fn close_frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::ClientGone | Self::NotReading | Self::Cut | Self::FaultCut => return None,
            Self::TooManyMessages => (POLICY, "Too many requests"),
            Self::TooManyStreams => (POLICY, "Too many streams"),
            Self::NoPong => (POLICY, "Pong timeout"),
            Self::LifeOver | Self::Stopped | Self::FaultShutdown => (GOING_AWAY, ""),
            Self::TapeDone => (NORMAL, ""),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

struct Session {
    socket: WebSocket,
    market: Arc<Market>,
    connection: Arc<Connection>,
    /// Market frames that were due to this connection, whether or not a fault kept them.
    frames_seen: u64,
    next_ping: Instant,
    unanswered_since: Option<Instant>,
    second_began: Instant,
    messages_in_second: u32,
    random: SplitMix64,
}

impl Session {
    async fn run(&mut self, queue: &mut mpsc::Receiver<Outgoing>) -> End {
        let mut stop = self.market.stop.clone();
        let mut cuts = self.market.cuts.subscribe();
        let born = Instant::now();
        let dies = born.checked_add(self.market.limits.connection_life_max).unwrap_or(born + FAR);
        if self.market.closing.load(Ordering::Acquire) {
            return End::TapeDone;
        }
        if lock(&self.connection.subscriptions).count() > self.market.limits.streams_max {
            return End::TooManyStreams;
        }
        loop {
            let step = tokio::select! {
                biased;
                () = stopped(&mut stop) => Err(End::Stopped),
                _ = cuts.changed() => Err(End::Cut),
                () = sleep_until(dies) => Err(End::LifeOver),
                () = sleep_until(self.next_ping) => self.on_ping_due().await,
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => self.on_message(message).await,
                    Some(Err(_)) | None => Err(End::ClientGone),
                },
                outgoing = queue.recv() => match outgoing {
                    Some(outgoing) => self.write_burst(outgoing, queue).await,
                    None => Err(End::Stopped),
                },
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn on_ping_due(&mut self) -> Result<(), End> {
        let now = Instant::now();
        self.next_ping = now + self.market.limits.ping_interval;
        if self.market.faults.no_pings {
            return Ok(());
        }
        if self.unanswered_since.is_some_and(|since| now - since >= self.market.limits.pong_timeout) {
            return Err(End::NoPong);
        }
        self.unanswered_since.get_or_insert(now);
        let payload = self.market.now_ms().to_string();
        self.send(Message::Ping(payload.into())).await
    }

    async fn on_message(&mut self, message: Message) -> Result<(), End> {
        lock(&self.connection.stats).messages_received += 1;
        let now = Instant::now();
        if now - self.second_began >= Duration::from_secs(1) {
            self.second_began = now;
            self.messages_in_second = 0;
        }
        self.messages_in_second += 1;
        if self.messages_in_second > self.market.limits.messages_per_second_max {
            return Err(End::TooManyMessages);
        }
        match message {
            Message::Text(text) => self.on_request(&text).await,
            Message::Binary(bytes) => self.on_request(&String::from_utf8_lossy(&bytes)).await,
            Message::Pong(_) => {
                self.unanswered_since = None;
                Ok(())
            }
            // The protocol layer has queued the pong; the flush sends it.
            Message::Ping(_) => self.socket.flush().await.map_err(|_| End::ClientGone),
            Message::Close(_) => Err(End::ClientGone),
        }
    }

    async fn on_request(&mut self, text: &str) -> Result<(), End> {
        let (answer, count) = {
            let mut subscriptions = lock(&self.connection.subscriptions);
            (control::answer(&mut subscriptions, text), subscriptions.count())
        };
        if count > self.market.limits.streams_max {
            return Err(End::TooManyStreams);
        }
        self.send(Message::Text(answer.into())).await?;
        self.market.connections.on_change();
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.market.limits.pong_timeout, self.socket.send(message)).await {
            Ok(sent) => sent.map_err(|_| End::ClientGone),
            Err(_) => Err(End::NotReading),
        }
    }

    /// Writes what is queued, up to a burst, and flushes once.
    async fn write_burst(&mut self, first: Outgoing, queue: &mut mpsc::Receiver<Outgoing>) -> Result<(), End> {
        let patience = self.market.limits.pong_timeout;
        match timeout(patience, self.write_all(first, queue)).await {
            Ok(written) => written,
            Err(_) => Err(End::NotReading),
        }
    }

    async fn write_all(&mut self, first: Outgoing, queue: &mut mpsc::Receiver<Outgoing>) -> Result<(), End> {
        let mut outgoing = first;
        let mut result = Ok(());
        for written in 1..=BURST {
            match outgoing {
                Outgoing::Frame { stream, text } => result = self.on_frame(stream, text).await,
                Outgoing::Barrier(reached) => {
                    self.flush().await?;
                    let _ = reached.send(());
                }
                Outgoing::Close => result = Err(End::TapeDone),
            }
            if result.is_err() || written == BURST {
                break;
            }
            match queue.try_recv() {
                Ok(next) => outgoing = next,
                Err(_) => break,
            }
        }
        self.flush().await?;
        result
    }

    async fn flush(&mut self) -> Result<(), End> {
        self.socket.flush().await.map_err(|_| End::ClientGone)
    }

    /// Writes a market frame, or does to it what the faults say.
    async fn on_frame(&mut self, stream: Arc<str>, text: Utf8Bytes) -> Result<(), End> {
        self.frames_seen += 1;
        let seen = self.frames_seen;
        let every = |n: Option<u64>| n.is_some_and(|n| n > 0 && seen.is_multiple_of(n));
        let faults = self.market.faults.clone();
        if faults.silence_after_n.is_some_and(|n| seen > n) || every(faults.drop_every_n) {
            lock(&self.connection.stats).frames_dropped += 1;
        } else {
            if every(faults.duplicate_every_n) {
                self.feed(&stream, text.clone()).await?;
                lock(&self.connection.stats).frames_duplicated += 1;
            }
            self.feed(&stream, text).await?;
        }
        if every(faults.garbage_every_n) {
            let garbage = self.garbage();
            self.socket.feed(Message::Text(garbage.into())).await.map_err(|_| End::ClientGone)?;
            lock(&self.connection.stats).garbage_sent += 1;
        }
        if faults.shutdown_after_n == Some(seen) {
            self.announce_shutdown().await?;
            return Err(End::FaultShutdown);
        }
        if faults.disconnect_after_n == Some(seen) {
            return Err(End::FaultCut);
        }
        Ok(())
    }

    async fn feed(&mut self, stream: &Arc<str>, text: Utf8Bytes) -> Result<(), End> {
        self.socket.feed(Message::Text(text)).await.map_err(|_| End::ClientGone)?;
        let mut stats = lock(&self.connection.stats);
        stats.frames_sent += 1;
        match stats.frames_sent_by_stream.get_mut(&**stream) {
            Some(count) => *count += 1,
            None => {
                stats.frames_sent_by_stream.insert(stream.to_string(), 1);
            }
        }
        Ok(())
    }

    async fn announce_shutdown(&mut self) -> Result<(), End> {
        let data = format!("{{\"e\":\"serverShutdown\",\"E\":{}}}", self.market.now_ms());
        let in_combined = lock(&self.connection.subscriptions).combined();
        let text = if in_combined { combined("!serverShutdown", &data) } else { data };
        self.send(Message::Text(text.into())).await
    }

    /// Text that is no frame: no JSON, JSON cut off, or JSON of another shape.
    fn garbage(&mut self) -> String {
        let number = self.random.next_u64();
        match self.random.below(4) {
            0 => format!("\u{fffd}{number:x}"),
            1 => format!("{{\"stream\":\"btcusdt@trade\",\"data\":{{\"e\":\"trade\",\"E\":{number}"),
            2 => format!("{{\"stream\":\"btcusdt@trade\",\"data\":[{number}]}}"),
            _ => format!("{{\"e\":\"trade\",\"p\":\"{number}.x\",\"q\":-1,\"T\":{number}}}"),
        }
    }

    /// Says good-bye if that is due; the client gets a moment to answer.
    async fn close(&mut self, end: End) {
        let Some(frame) = end.close_frame() else {
            return;
        };
        let farewell = async {
            self.socket.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = self.socket.recv().await {}
            Ok::<(), axum::Error>(())
        };
        let _ = timeout(FAREWELL, farewell).await;
    }
}

const NORMAL: u16 = 1000;
const GOING_AWAY: u16 = 1001;
const POLICY: u16 = 1008;
/// Frames written before requests and pings are looked at again.
const BURST: usize = 256;
const FAREWELL: Duration = Duration::from_millis(500);
/// For a life too long to count: thirty years.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
