//! The WebSocket kept alive: [`Socket`]. It logs in, answers PING, reads frames and stamps them, and connects again when it is lost; what
//! frames mean is not its business.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jangbu_journal::Nanos;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message as Packet, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::config::{KiwoomConfig, Patience};
use super::rest::RestError;
use super::token::{Tokens, is_hopeless};
use super::wire::frame::MESSAGE_BYTES_MAX;
use super::wire::request;
use super::wire::rest::{Cause, Refusal, Remedy};
use super::wire::{Message, SystemCode};
use crate::venue::Now;
use crate::venue::backoff::Backoff;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// PING and SYSTEM are shorter; what is longer need not be looked into here.
const SHORT_BYTES: usize = 1_024;
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(200);

/// What the connection says.
#[derive(Debug)]
pub(super) enum Heard {
    /// Logged in. Answers count from here: what was said to a connection before is lost.
    Up { at: Nanos, connection: u64 },
    /// A frame, read at `recv`.
    Frame { recv: Nanos, text: Utf8Bytes },
    /// Lost.
    Down { at: Nanos, reason: String },
    /// Could not be made, or not logged in; will be tried again.
    Failed { reason: String },
    /// Will not be tried again: with `key` never, because a person has to change something first; else the key logged in
    /// elsewhere, and a person may take it back.
    Over { at: Nanos, reason: String, key: bool },
}

/// What is to be said, and to which connection.
#[derive(Debug)]
pub(super) enum Say {
    Text {
        connection: u64,
        text: String,
    },
    /// Give the connection up and make another.
    Renew {
        connection: u64,
    },
    /// The key is to log in again, though it logged in elsewhere.
    Again,
}

/// The connection and its successors.
pub(super) struct Socket {
    url: String,
    patience: Patience,
    tokens: Arc<Tokens>,
    now: Now,
    heard: mpsc::Sender<Heard>,
    say: mpsc::UnboundedReceiver<Say>,
    stop: watch::Receiver<bool>,
    connection: u64,
}

/// Why a connection is read no more.
enum End {
    /// Told to stop, or nobody listens.
    Stopped,
    /// Lost. Whether it had been logged in.
    Lost { reason: String, up: bool },
    /// Never again.
    Over { reason: String, key: bool },
}

impl Socket {
    pub(super) fn new(
        config: &KiwoomConfig,
        tokens: Arc<Tokens>,
        now: Now,
        heard: mpsc::Sender<Heard>,
        say: mpsc::UnboundedReceiver<Say>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Socket { url: config.ws_url.clone(), patience: config.patience, tokens, now, heard, say, stop, connection: 0 }
    }

    /// Connects, reads, and connects again until told to stop.
    pub(super) async fn run(mut self) {
        let Patience { backoff_min, backoff_max, jitter_seed, .. } = self.patience;
        let mut backoff = Backoff::new(backoff_min, backoff_max, jitter_seed);
        let mut stop = self.stop.clone();
        loop {
            if *stop.borrow() {
                return;
            }
            self.connection += 1;
            let began = Instant::now();
            let end = tokio::select! {
                biased;
                _ = stop.changed() => return,
                end = self.connect_and_read() => end,
            };
            let at = (self.now)();
            let told = match end {
                End::Stopped => return,
                End::Over { reason, key } => {
                    let reason = self.tokens.redact(&reason).await;
                    if self.heard.send(Heard::Over { at, reason, key }).await.is_err() || key {
                        return;
                    }
                    tokio::select! {
                        biased;
                        _ = stop.changed() => return,
                        again = self.wait_for_a_person() => if again { continue } else { return },
                    }
                }
                End::Lost { reason, up } => {
                    let reason = self.tokens.redact(&reason).await;
                    // One that lived a while was not refused: the next try need not wait long.
                    if up && began.elapsed() > backoff_max.min(Duration::from_secs(30)) {
                        backoff.reset();
                    }
                    self.heard.send(if up { Heard::Down { at, reason } } else { Heard::Failed { reason } }).await
                }
            };
            if told.is_err() {
                return;
            }
            tokio::select! {
                biased;
                _ = stop.changed() => return,
                () = sleep(backoff.pause()) => {}
            }
        }
    }

    /// Waits until somebody wants the connection back. False when nobody can any more.
    async fn wait_for_a_person(&mut self) -> bool {
        loop {
            match self.say.recv().await {
                None => return false,
                Some(Say::Again) => return true,
                // To a connection that is no more.
                Some(Say::Text { .. } | Say::Renew { .. }) => {}
            }
        }
    }

    async fn connect_and_read(&mut self) -> End {
        let lost = |reason: String| End::Lost { reason, up: false };
        let token = match self.tokens.get().await {
            Ok(token) => token,
            Err(error) if is_hopeless(&error) => return End::Over { reason: error.line(), key: true },
            Err(error) => return lost(error.line()),
        };
        let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES_MAX)).max_frame_size(Some(MESSAGE_BYTES_MAX));
        let connecting = connect_async_with_config(self.url.clone(), Some(config), true);
        let mut socket = match timeout(self.patience.connect, connecting).await {
            Ok(Ok((socket, _))) => socket,
            Ok(Err(error)) => return lost(format!("no connection: {error}")),
            Err(_) => return lost(format!("no connection within {:?}", self.patience.connect)),
        };
        if let Err(error) = socket.send(Packet::text(request::login(&token.secret))).await {
            return lost(format!("no connection: {error}"));
        }
        // Others may come before the answer to LOGIN.
        let until = Instant::now() + self.patience.connect;
        loop {
            let text = match timeout_at(until, next(&mut socket)).await {
                Ok(Ok(Some(text))) => text,
                Ok(Ok(None)) => continue,
                Ok(Err(reason)) => return lost(format!("lost while logging in: {reason}")),
                Err(_) => return lost("no answer to LOGIN".into()),
            };
            let recv = (self.now)();
            let login = match Message::parse(text.as_bytes()) {
                Ok(Message::Login { reply, .. }) => Some(reply),
                _ => None,
            };
            if let Some(end) = self.on_text(&mut socket, recv, text).await {
                return end;
            }
            let Some(reply) = login else { continue };
            if reply.is_ok() {
                self.tokens.worked().await;
                return self.read(socket).await;
            }
            let refusal = Refusal::of_reply(&reply);
            let (cause, remedy) = (refusal.cause, refusal.remedy());
            let error = RestError::Refused(refusal);
            let reason = error.line();
            if cause == Cause::TokenInvalid {
                // Another token may help; three in a row do not.
                return match self.tokens.refused(&token, error).await {
                    Ok(()) => lost(reason),
                    Err(error) => End::Over { reason: error.line(), key: true },
                };
            }
            return if remedy == Remedy::Fix { End::Over { reason, key: true } } else { lost(reason) };
        }
    }

    /// Reads a connection that is logged in until it is lost.
    async fn read(&mut self, mut socket: Stream) -> End {
        let (at, connection) = ((self.now)(), self.connection);
        if self.heard.send(Heard::Up { at, connection }).await.is_err() {
            return End::Stopped;
        }
        let lost = |reason: String| End::Lost { reason, up: true };
        let mut silent_at = Instant::now() + self.patience.silence;
        loop {
            tokio::select! {
                biased;
                _ = self.stop.changed() => {
                    let _ = timeout(FAREWELL, socket.close(None)).await;
                    return End::Stopped;
                }
                said = self.say.recv() => match said {
                    None => return End::Stopped,
                    Some(Say::Renew { connection }) if connection == self.connection => {
                        let _ = timeout(FAREWELL, socket.close(None)).await;
                        return lost("given up to make another".into());
                    }
                    Some(Say::Text { connection, text }) if connection == self.connection => {
                        if let Err(error) = socket.send(Packet::text(text)).await {
                            return lost(error.to_string());
                        }
                    }
                    Some(_) => {}
                },
                read = timeout_at(silent_at, next(&mut socket)) => {
                    let recv = (self.now)();
                    let text = match read {
                        Ok(Ok(text)) => text,
                        Ok(Err(reason)) => return lost(reason),
                        Err(_) => return lost(format!("no sign of life for {:?}", self.patience.silence)),
                    };
                    if let Some(text) = text
                        && let Some(end) = self.on_text(&mut socket, recv, text).await
                    {
                        return end;
                    }
                    // Waiting for room is our silence, not the broker's.
                    silent_at = Instant::now() + self.patience.silence;
                }
            }
        }
    }

    /// Answers PING, sees what SYSTEM says, hands the frame on. `Some` when the connection ends with it.
    async fn on_text(&mut self, socket: &mut Stream, recv: Nanos, text: Utf8Bytes) -> Option<End> {
        let mut end = None;
        if text.len() <= SHORT_BYTES {
            match Message::parse(text.as_bytes()) {
                // As it came. A full socket buffer must not stop the reading.
                Ok(Message::Ping) => {
                    let _ = timeout(FAREWELL, socket.send(Packet::Text(text.clone()))).await;
                }
                Ok(Message::System { code: code @ SystemCode::LoggedInElsewhere, text }) => {
                    // Whoever logged in would be thrown out by us, and we by them, for ever.
                    let reason = RestError::Refused(Refusal::of_system(&code, &text)).line();
                    end = Some(End::Over { reason, key: false });
                }
                _ => {}
            }
        }
        if self.heard.send(Heard::Frame { recv, text }).await.is_err() {
            return Some(End::Stopped);
        }
        end
    }
}

/// The next text; `None` for a packet that has none.
async fn next(socket: &mut Stream) -> Result<Option<Utf8Bytes>, String> {
    match socket.next().await {
        Some(Ok(Packet::Text(text))) => Ok(Some(text)),
        // Kiwoom sends text only; what is not is handed on as far as it is text.
        Some(Ok(Packet::Binary(bytes))) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned().into())),
        Some(Ok(Packet::Close(frame))) => {
            let reason = frame.map_or(String::new(), |frame| format!(": {} {}", u16::from(frame.code), frame.reason));
            Err(format!("Kiwoom closed the connection{reason}"))
        }
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("Kiwoom closed the connection".to_owned()),
    }
}
