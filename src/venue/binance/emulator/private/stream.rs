//! User data streams: spot's WebSocket API, futures' listen keys.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::super::config::MarketKind;
use super::super::market::{Market, lock, stopped};
use super::refusal::Refused;
use super::{Accounts, Listener, UserOut};

/// How long a listen key lives, milliseconds.
const KEY_LIFE_MS: i64 = 60 * 60 * 1_000;

/// The addresses of user data streams.
pub(in super::super) fn routes(kind: MarketKind) -> Router<Arc<Market>> {
    match kind {
        MarketKind::Spot => Router::new().route("/ws-api/v3", any(api)),
        MarketKind::UsdM => Router::new().route("/private/ws", any(private)),
    }
}

async fn api(State(market): State<Arc<Market>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| serve(socket, market, None))
}

async fn private(
    Query(query): Query<BTreeMap<String, String>>,
    State(market): State<Arc<Market>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let key = query.get("listenKey").cloned().unwrap_or_default();
    let now_ms = market.accounts.now_ms();
    let known = lock(&market.accounts.listen_keys).get(&key).filter(|(_, until)| *until > now_ms).map(|(account, _)| *account);
    match known {
        Some(account) => upgrade.on_upgrade(move |socket| serve(socket, market, Some(account))),
        // The venue accepts any key and stays silent; refusing finds mistakes sooner.
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn serve(mut socket: WebSocket, market: Arc<Market>, account: Option<usize>) {
    let (sender, mut frames) = mpsc::unbounded_channel();
    if let Some(account) = account {
        lock(&market.accounts.listeners).push(Listener { account, held: None, frames: sender.clone() });
    }
    let mut stop = market.stop.clone();
    loop {
        let text = tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => market.accounts.answer(&text, &sender).to_string(),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            frame = frames.recv() => match frame {
                Some(UserOut::Text(text)) => {
                    market.accounts.frames_sent.fetch_add(1, Ordering::Relaxed);
                    text
                }
                Some(UserOut::Cut) | None => return,
            },
        };
        if socket.send(Message::Text(text.into())).await.is_err() {
            return;
        }
    }
}

impl Accounts {
    /// Answers a request of the WebSocket API.
    fn answer(&self, text: &str, sender: &mpsc::UnboundedSender<UserOut>) -> Value {
        let request: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        let id = request["id"].clone();
        match self.perform(&request, sender) {
            Ok(result) => json!({"id": id, "status": 200, "result": result, "rateLimits": []}),
            Err(refused) => {
                let error: Value = serde_json::from_str(&refused.body()).unwrap_or(Value::Null);
                json!({"id": id, "status": refused.status.as_u16(), "error": error, "rateLimits": []})
            }
        }
    }

    fn perform(&self, request: &Value, sender: &mpsc::UnboundedSender<UserOut>) -> Result<Value, Refused> {
        match request["method"].as_str() {
            Some("ping") => Ok(json!({})),
            Some("userDataStream.subscribe.signature") => {
                let none = serde_json::Map::new();
                let params = request["params"].as_object().unwrap_or(&none);
                let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let parameters: BTreeMap<String, String> =
                    params.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
                let account = self.account_of(parameters.get("apiKey").map(String::as_str))?;
                self.check_time(&parameters)?;
                let rows = parameters.iter().filter(|(name, _)| *name != "signature");
                let payload: Vec<String> = rows.map(|(name, value)| format!("{name}={value}")).collect();
                let signature = parameters.get("signature").map_or("", String::as_str);
                self.check_signature(account, &payload.join("&"), signature)?;
                lock(&self.listeners).push(Listener { account, held: None, frames: sender.clone() });
                Ok(json!({"subscriptionId": 0}))
            }
            _ => Err(Refused::new(-1000, "This method is not emulated.")),
        }
    }

    /// `POST`, `PUT`, `DELETE /fapi/v1/listenKey`.
    pub(super) fn listen_key(&self, method: &Method, account: usize) -> Result<Value, Refused> {
        let now_ms = self.now_ms();
        let mut keys = lock(&self.listen_keys);
        keys.retain(|_, (_, until)| *until > now_ms);
        let own = keys.iter_mut().find(|(_, (owner, _))| *owner == account);
        match (method.as_str(), own) {
            ("POST" | "PUT", Some((key, (_, until)))) => {
                *until = now_ms + KEY_LIFE_MS;
                Ok(json!({"listenKey": key}))
            }
            ("POST", None) => {
                // Not guessable would be better; between processes of one machine it does not matter.
                let number = self.next_key.fetch_add(1, Ordering::Relaxed);
                let key = format!("CANARYlistenkey{account}x{number}");
                keys.insert(key.clone(), (account, now_ms + KEY_LIFE_MS));
                Ok(json!({"listenKey": key}))
            }
            ("DELETE", _) => {
                keys.retain(|_, (owner, _)| *owner != account);
                Ok(json!({}))
            }
            _ => Err(Refused::new(-1125, "This listenKey does not exist.")),
        }
    }
}
