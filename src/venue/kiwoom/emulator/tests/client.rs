//! A client of the tests: real HTTP and WebSocket, and the client's own decoders.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::super::{KiwoomEmulator, KiwoomEmulatorConfig};
use crate::market::Side;
use crate::venue::kiwoom::time::TimeOfDay;
use crate::venue::kiwoom::wire::frame::Message;
use crate::venue::kiwoom::wire::rest::order::{OrderAnswer, OrderKind, PlaceOrder};
use crate::venue::kiwoom::wire::rest::refusal::Refusal;
use crate::venue::kiwoom::wire::rest::token::{IssueToken, Token};
use crate::venue::kiwoom::wire::rest::{AnswerError, Request, answer, headers, next_page};
use crate::venue::kiwoom::wire::stream::{Real, RealBody};
use crate::venue::kiwoom::wire::{Exchange, request};

pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// In the middle of a quiet day: nothing is limited, and the market hardly moves.
pub(super) fn quiet() -> KiwoomEmulatorConfig {
    let begin = TimeOfDay::of(10, 0, 0);
    KiwoomEmulatorConfig { begin, limited: false, interval_ms: 600_000, wander_ticks: 0, ..KiwoomEmulatorConfig::default() }
}

pub(super) async fn start(config: KiwoomEmulatorConfig) -> (KiwoomEmulator, Client) {
    let emulator = KiwoomEmulator::start(config).await.expect("it starts");
    let client = Client::new(&emulator).await;
    (emulator, client)
}

#[derive(Clone)]
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) root: String,
    pub(super) token: String,
}

/// What came: the answer, and where to go on.
pub(super) type Page<A> = (A, Option<String>);

impl Client {
    pub(super) async fn new(emulator: &KiwoomEmulator) -> Client {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let mut client = Client { http, root: format!("http://{}", emulator.address()), token: String::new() };
        client.token = client.issue("emulator-app-key").await.map(|token| token.secret).unwrap_or_default();
        client
    }

    pub(super) async fn issue(&self, key: &str) -> Result<Token, AnswerError> {
        self.ask(&IssueToken { app_key: key, secret_key: "emulator-secret-key" }).await
    }

    /// Sends a request as the client's encoder writes it; `None` when no answer came.
    pub(super) async fn send<R: Request>(&self, ask: &R, next: Option<&str>) -> Option<Result<Page<R::Answer>, AnswerError>> {
        let mut builder = self.http.post(format!("{}{}", self.root, ask.tr().path())).body(ask.body());
        for (name, value) in headers(ask.tr(), Some(&self.token), next) {
            builder = builder.header(name, value);
        }
        let response = builder.send().await.ok()?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let next = next_page(header("cont-yn").as_deref(), header("next-key").as_deref());
        let status = response.status().as_u16();
        let bytes = response.bytes().await.ok()?;
        Some(answer::<R>(status, &bytes).map(|answer| (answer, next)))
    }

    pub(super) async fn ask<R: Request>(&self, ask: &R) -> Result<R::Answer, AnswerError> {
        self.send(ask, None).await.expect("an answer").map(|page| page.0)
    }

    pub(super) async fn refused<R: Request>(&self, ask: &R) -> Refusal {
        match self.ask(ask).await {
            Err(AnswerError::Refused(refusal)) => refusal,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("not refused: {}", ask.body()),
        }
    }

    /// Status and body of anything at all.
    pub(super) async fn raw(&self, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, serde_json::Value) {
        let mut builder = self.http.post(format!("{}{path}", self.root)).body(body.to_owned());
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let response = builder.send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.expect("a body")).expect("JSON"))
    }

    pub(super) async fn place(
        &self,
        side: Side,
        shares: u64,
        kind: OrderKind,
        price: Option<u64>,
    ) -> Result<OrderAnswer, AnswerError> {
        self.ask(&order(side, shares, kind, price)).await
    }

    /// A connection that has logged in.
    pub(super) async fn socket(&self) -> Socket {
        let mut socket = self.stranger().await;
        socket.say(&request::login(&self.token)).await;
        loop {
            match socket.next().await.expect("an answer") {
                Message::Login { reply, .. } => {
                    assert!(reply.is_ok(), "{reply:?}");
                    return socket;
                }
                Message::Ping => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// A connection that has said nothing yet.
    pub(super) async fn stranger(&self) -> Socket {
        let url = format!("{}/api/dostk/websocket", self.root.replace("http", "ws"));
        let (stream, _) = tokio::time::timeout(PATIENCE, connect_async(url)).await.expect("in time").expect("connected");
        Socket { stream }
    }
}

pub(super) fn order(side: Side, shares: u64, kind: OrderKind, price: Option<u64>) -> PlaceOrder {
    PlaceOrder { side, exchange: Exchange::Krx, code: "005930".into(), shares, price, kind, stop: None }
}

pub(super) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(super) async fn say(&mut self, text: &str) {
        self.stream.send(Frame::Text(text.into())).await.expect("sent");
    }

    /// The next text; `None` when the connection has ended.
    pub(super) async fn text(&mut self) -> Option<String> {
        loop {
            match tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("in time") {
                Some(Ok(Frame::Text(text))) => return Some(text.to_string()),
                Some(Ok(Frame::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message.
    pub(super) async fn next(&mut self) -> Option<Message> {
        self.text().await.map(|text| Message::parse(text.as_bytes()).expect(&text))
    }

    /// The next message that is no REAL and no PING; a PING is answered.
    pub(super) async fn reply(&mut self) -> Message {
        loop {
            match self.next().await.expect("an answer") {
                Message::Ping => self.say(r#"{"trnm":"PING"}"#).await,
                Message::Real(_) => {}
                other => return other,
            }
        }
    }

    /// The next REAL entry that `wanted` says; a PING is answered.
    pub(super) async fn real<T>(&mut self, wanted: impl Fn(&RealBody) -> Option<T>) -> T {
        loop {
            match self.next().await.expect("a frame") {
                Message::Ping => self.say(r#"{"trnm":"PING"}"#).await,
                Message::Real(entries) => {
                    let found = entries.into_iter().map(|entry| entry.expect("a whole entry"));
                    if let Some(found) = found.into_iter().find_map(|Real { body, .. }| wanted(&body)) {
                        return found;
                    }
                }
                _ => {}
            }
        }
    }
}
