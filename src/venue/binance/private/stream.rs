//! The user data stream, kept alive: [`UserStream`]. Spot subscribes on the WebSocket API by a signed request; futures connect
//! with a listen key, which is renewed every half hour and lives an hour. What frames mean is not its business.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jangbu_journal::Nanos;
use reqwest::Method;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::budget::Purpose;
use super::client::{Call, CallError, Client, Proof};
use crate::market::Venue;
use crate::venue::binance::config::{AccountPatience, BinanceConfig, Patience};
use crate::venue::binance::feed::{FrameText, backoff, connect};
use crate::venue::binance::wire::private::{Cause, Parameters, UserFrame, account};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What the stream says.
#[derive(Debug)]
pub(super) enum StreamMessage {
    /// Connected and subscribed.
    Up { at: Nanos },
    /// A frame.
    Frame { recv: Nanos, text: FrameText },
    /// Lost.
    Down { at: Nanos, reason: String },
    /// Could not be had. `for_good`: the venue does not let us in, and trying again would not help.
    Failed { reason: String, for_good: bool },
}

/// The user data stream and its successors.
pub(super) struct UserStream {
    pub(super) client: Arc<Client>,
    /// WebSocket API of spot, or stream root of futures; without path.
    root: String,
    patience: Patience,
    account: AccountPatience,
    pub(super) messages: mpsc::Sender<StreamMessage>,
    pub(super) stop: watch::Receiver<bool>,
    /// Grows when the stream ended by the venue's word.
    pub(super) renew: watch::Receiver<u64>,
}

/// Why a connection is read no more.
enum End {
    Stopped,
    Lost(String),
}

/// Number of the request that subscribes.
const SUBSCRIBE_ID: &str = "jangbu-user-data";

impl UserStream {
    pub(super) fn new(
        config: &BinanceConfig,
        client: Arc<Client>,
        messages: mpsc::Sender<StreamMessage>,
        stop: watch::Receiver<bool>,
        renew: watch::Receiver<u64>,
    ) -> Self {
        let root = if config.venue == Venue::BinanceUsdM { &config.ws_url } else { &config.ws_api_url };
        UserStream {
            client,
            root: root.trim_end_matches('/').to_owned(),
            patience: config.patience.clone(),
            account: config.account.clone(),
            messages,
            stop,
            renew,
        }
    }

    /// Connects, reads, and connects again until told to stop.
    pub(super) async fn run(mut self) {
        let mut backoff = backoff(&self.patience, u64::from(crate::event::link::ACCOUNT_CHANNEL));
        let mut stop = self.stop.clone();
        loop {
            if *stop.borrow() {
                return;
            }
            let renewed = *self.renew.borrow_and_update();
            let opened = tokio::select! {
                biased;
                _ = stop.changed() => return,
                opened = self.open() => opened,
            };
            let told = match opened {
                Ok(socket) => {
                    let since = Instant::now();
                    if self.messages.send(StreamMessage::Up { at: self.client.clock.ours() }).await.is_err() {
                        return;
                    }
                    let End::Lost(reason) = self.read(socket, renewed).await else { return };
                    if since.elapsed() > self.patience.backoff_max {
                        backoff.reset();
                    }
                    self.messages.send(StreamMessage::Down { at: self.client.clock.ours(), reason }).await
                }
                Err((reason, for_good)) => self.messages.send(StreamMessage::Failed { reason, for_good }).await,
            };
            if told.is_err() {
                return;
            }
            tokio::select! {
                biased;
                _ = stop.changed() => return,
                () = tokio::time::sleep(backoff.pause()) => {}
            }
        }
    }

    /// Connects and subscribes.
    async fn open(&self) -> Result<Socket, (String, bool)> {
        if self.client.venue == Venue::BinanceUsdM {
            let body = self.listen_key(Method::POST).await.map_err(|error| told(&error))?;
            let key = account::listen_key(&body).map_err(|error| (error.to_string(), false))?;
            let url = format!("{}/private/ws?listenKey={key}", self.root);
            // The key opens our account's stream: no error may show it.
            connect(url, self.patience.connect).await.map_err(|error| (error.replace(&key, "[secret]"), false))
        } else {
            let url = format!("{}/ws-api/v3", self.root);
            let socket = connect(url, self.patience.connect).await.map_err(|error| (error, false))?;
            match timeout(self.account.answer, self.subscribe(socket)).await {
                Ok(subscribed) => subscribed,
                Err(_) => Err((format!("no answer to the subscription within {:?}", self.account.answer), false)),
            }
        }
    }

    async fn listen_key(&self, method: Method) -> Result<Vec<u8>, CallError> {
        let (path, parameters) = ("/fapi/v1/listenKey", Parameters::new());
        self.client.call(&Call { method, path, parameters, purpose: Purpose::Urgent, proof: Proof::Key }).await
    }

    async fn subscribe(&self, mut socket: Socket) -> Result<Socket, (String, bool)> {
        for attempt in 0..2 {
            let parameters =
                Parameters::new().with("recvWindow", self.client.recv_window_ms).with("timestamp", self.client.clock.millis());
            let signed = self.client.signer.signed_params(parameters);
            let params: serde_json::Map<String, serde_json::Value> =
                signed.rows().iter().map(|(name, value)| ((*name).to_owned(), number_or_text(name, value))).collect();
            let request =
                serde_json::json!({"id": SUBSCRIBE_ID, "method": "userDataStream.subscribe.signature", "params": params});
            let text = request.to_string();
            socket.send(Message::Text(text.into())).await.map_err(|error| (error.to_string(), false))?;
            match answer(&mut socket).await? {
                None => return Ok(socket),
                Some(refusal) if refusal.cause == Cause::WrongTime && attempt == 0 => {
                    self.client.measure().await.map_err(|error| told(&error))?;
                }
                Some(refusal) => {
                    let for_good = matches!(refusal.cause, Cause::WrongKey | Cause::WrongSignature);
                    return Err((self.client.signer.key().redact(&refusal.to_string()), for_good));
                }
            }
        }
        Err(("the venue refuses the timestamp even after its clock was measured".into(), false))
    }

    /// Reads a connection until it is lost.
    async fn read(&mut self, mut socket: Socket, renewed: u64) -> End {
        let mut looks = interval(Duration::from_millis(100));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let since = Instant::now();
        let (mut heard, mut pinged, mut kept) = (since, since, since);
        let mut keeping = None;
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
                        return End::Lost("the venue ended the stream".into());
                    }
                    if now.duration_since(heard) >= self.patience.silence {
                        return End::Lost(format!("no sign of life for {:?}", self.patience.silence));
                    }
                    if now.duration_since(since) >= self.patience.life {
                        return End::Lost("it is as old as the venue lets it be".into());
                    }
                    if now.duration_since(pinged) >= self.patience.ping {
                        pinged = now;
                        let _ = timeout(Duration::from_millis(100), socket.send(Message::Ping(Bytes::new()))).await;
                    }
                    if self.client.venue == Venue::BinanceUsdM
                        && keeping.is_none()
                        && now.duration_since(kept) >= self.account.keep_alive
                    {
                        kept = now;
                        let client = Arc::clone(&self.client);
                        keeping = Some(Box::pin(async move {
                            let (path, parameters) = ("/fapi/v1/listenKey", Parameters::new());
                            let purpose = Purpose::Urgent;
                            client.call(&Call { method: Method::PUT, path, parameters, purpose, proof: Proof::Key }).await
                        }));
                    }
                }
                result = done(&mut keeping) => {
                    keeping = None;
                    match result {
                        // Anything else passes; the key lives an hour, and is asked to twice as often.
                        Err(error) if error.cause() == Some(Cause::ListenKeyGone) => return End::Lost(error.to_string()),
                        _ => {}
                    }
                }
                frame = socket.next() => {
                    let recv = self.client.clock.ours();
                    heard = Instant::now();
                    let text = match frame {
                        Some(Ok(Message::Text(text))) => FrameText::Text(text),
                        Some(Ok(Message::Binary(bytes))) => FrameText::Binary(bytes),
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                        Some(Ok(Message::Close(_))) | None => return End::Lost("the venue closed the connection".into()),
                        Some(Err(error)) => return End::Lost(error.to_string()),
                    };
                    if self.messages.send(StreamMessage::Frame { recv, text }).await.is_err() {
                        return End::Stopped;
                    }
                }
            }
        }
    }
}

/// The answer to the subscription; `None` when it was accepted.
async fn answer(socket: &mut Socket) -> Result<Option<crate::venue::binance::wire::private::Refusal>, (String, bool)> {
    loop {
        let message = match socket.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err((error.to_string(), false)),
            None => return Err(("the venue closed the connection".into(), false)),
        };
        // Before the subscription there is nothing else to hear.
        if let Message::Text(text) = message
            && let Ok(UserFrame::Answer { refused, .. }) = UserFrame::parse(text.as_bytes())
        {
            return Ok(refused);
        }
    }
}

/// The result of a task, once there is one; never, when there is no task.
async fn done<F: Future + Unpin>(task: &mut Option<F>) -> F::Output {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

/// The WebSocket API wants times as numbers.
fn number_or_text(name: &str, value: &str) -> serde_json::Value {
    match (name, value.parse::<i64>()) {
        ("timestamp" | "recvWindow", Ok(number)) => number.into(),
        _ => value.into(),
    }
}

fn told(error: &CallError) -> (String, bool) {
    (error.to_string(), matches!(error.cause(), Some(Cause::WrongKey | Cause::WrongSignature)))
}
