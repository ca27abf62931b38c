//! One connection kept alive: [`Feed`]. It asks for its streams, reads frames, stamps them, and hands them on; what they mean is
//! not its
//! business. A lost connection is made anew, and asked anew.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jangbu_journal::Nanos;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::config::Patience;
use super::signing::Signer;
use super::wire::FRAME_BYTES_MAX;
use crate::venue::Now;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How often timeouts are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Between two requests for other streams: the venue takes five messages a second and a hundred a minute.
const ASK_PAUSE: Duration = Duration::from_secs(1);

/// What a connection says.
#[derive(Debug)]
pub(super) enum FeedMessage {
    /// Connected at `at`, and asked for its streams.
    Up { at: Nanos },
    /// A frame, read at `recv`.
    Frame { recv: Nanos, bytes: Bytes },
    /// Lost at `at`.
    Down { at: Nanos, reason: String },
    /// Could not be made; will be tried again.
    Failed { reason: String },
}

/// A connection, and those after it.
pub(super) struct Feed {
    pub url: String,
    /// Proves who we are, on a private connection.
    pub signer: Option<Signer>,
    /// What is sent after each connect, and when it changes: a request takes the place of the one before.
    pub subscription: watch::Receiver<Vec<String>>,
    pub patience: Patience,
    pub now: Now,
    pub messages: mpsc::Sender<FeedMessage>,
    pub stop: watch::Receiver<bool>,
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
        let mut pauses = self.patience.backoff(0);
        let mut stop = self.stop.clone();
        while !*stop.borrow() {
            let connected = tokio::select! {
                biased;
                _ = stop.changed() => return,
                connected = self.connect() => connected,
            };
            let told = match connected {
                Ok(socket) => {
                    let since = Instant::now();
                    if self.messages.send(FeedMessage::Up { at: (self.now)() }).await.is_err() {
                        return;
                    }
                    let End::Lost(reason) = self.read(socket).await else { return };
                    // One that lived a while was not refused: the next try need not wait long.
                    if since.elapsed() > self.patience.backoff_max {
                        pauses.reset();
                    }
                    self.messages.send(FeedMessage::Down { at: (self.now)(), reason }).await
                }
                Err(reason) => self.messages.send(FeedMessage::Failed { reason }).await,
            };
            if told.is_err() {
                return;
            }
            tokio::select! {
                biased;
                _ = stop.changed() => return,
                () = sleep(pauses.pause()) => {}
            }
        }
    }

    async fn connect(&mut self) -> Result<Socket, String> {
        let subscription = self.subscription.borrow_and_update().clone();
        let config = WebSocketConfig::default().max_message_size(Some(FRAME_BYTES_MAX)).max_frame_size(Some(FRAME_BYTES_MAX));
        let patience = self.patience.connect;
        let made = async {
            let said = |error: tokio_tungstenite::tungstenite::Error| error.to_string();
            let mut request = self.url.as_str().into_client_request().map_err(said)?;
            if let Some(signer) = &self.signer {
                let token = signer.authorization("").map_err(|error| error.to_string())?;
                let mut value = HeaderValue::from_str(token.expose()).map_err(|_| "the access key is no text for a header")?;
                value.set_sensitive(true);
                request.headers_mut().insert(AUTHORIZATION, value);
            }
            let (mut socket, _) = connect_async_with_config(request, Some(config), true).await.map_err(said)?;
            for text in subscription {
                socket.send(Message::text(text)).await.map_err(said)?;
            }
            Ok::<_, String>(socket)
        };
        match timeout(patience, made).await {
            Ok(made) => made.map_err(|error| format!("no connection: {error}")),
            Err(_) => Err(format!("no connection within {patience:?}")),
        }
    }

    async fn read(&mut self, mut socket: Socket) -> End {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut heard, mut pinged, mut asked) = (Instant::now(), Instant::now(), Instant::now());
        loop {
            tokio::select! {
                biased;
                _ = self.stop.changed() => {
                    let _ = timeout(Duration::from_millis(200), socket.close(None)).await;
                    return End::Stopped;
                }
                _ = looks.tick() => {
                    let now = Instant::now();
                    if now.duration_since(heard) >= self.patience.silence {
                        return End::Lost(format!("no sign of life for {:?}", self.patience.silence));
                    }
                    // An error means that nothing will change any more.
                    if now.duration_since(asked) >= ASK_PAUSE && self.subscription.has_changed().unwrap_or(false) {
                        asked = now;
                        let texts = self.subscription.borrow_and_update().clone();
                        for text in texts {
                            if !matches!(timeout(self.patience.connect, socket.send(Message::text(text))).await, Ok(Ok(()))) {
                                return End::Lost("a request for other streams could not be sent".to_owned());
                            }
                        }
                    }
                    if now.duration_since(pinged) >= self.patience.ping {
                        pinged = now;
                        // A full socket buffer must not stop the reading; without this ping, the silence will tell.
                        let _ = timeout(LOOK_EVERY, socket.send(Message::Ping(Bytes::new()))).await;
                    }
                }
                frame = socket.next() => {
                    let recv = (self.now)();
                    let bytes = match frame {
                        Some(Ok(Message::Binary(bytes))) => bytes,
                        Some(Ok(Message::Text(text))) => text.into(),
                        // Pongs to the venue's pings are made by tungstenite, and leave with the next read.
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                            heard = Instant::now();
                            continue;
                        }
                        Some(Ok(Message::Close(frame))) => {
                            let reason = frame.map_or(String::new(), |frame| format!(": {} {}", u16::from(frame.code), frame.reason));
                            return End::Lost(format!("the venue closed the connection{reason}"));
                        }
                        Some(Err(error)) => return End::Lost(error.to_string()),
                        None => return End::Lost("the venue closed the connection".to_owned()),
                    };
                    if self.messages.send(FeedMessage::Frame { recv, bytes }).await.is_err() {
                        return End::Stopped;
                    }
                    // Waiting for room is our silence, not the venue's.
                    heard = Instant::now();
                }
            }
        }
    }
}
