//! The listener: REST by POST on the broker's paths, the WebSocket on `/api/dostk/websocket` (and `/api/websocket`).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::clock::VirtualClock;
use super::config::KiwoomEmulatorError;
use super::engine::Engine;
use super::request::Incoming;
use super::socket;
use crate::venue::faults::Fault;
use crate::venue::maintenance::Maintenance;

/// What all connections share.
pub(super) struct Broker {
    pub(super) engine: Mutex<Engine>,
    pub(super) clock: VirtualClock,
    pub(super) maintenance: Maintenance,
    pub(super) stop: watch::Receiver<bool>,
}

/// The state; whoever panicked while holding it has left it whole, for every change of it is made by one call.
pub(super) fn lock(engine: &Mutex<Engine>) -> MutexGuard<'_, Engine> {
    engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Opens the port.
pub(super) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), KiwoomEmulatorError> {
    let failed = |source| KiwoomEmulatorError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Serves until it is aborted.
pub(super) async fn serve(listener: TcpListener, broker: Arc<Broker>) {
    let router = Router::new()
        .route("/api/dostk/websocket", any(upgrade))
        .route("/api/websocket", any(upgrade))
        .fallback(rest)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(Arc::clone(&broker));
    let router = broker.maintenance.before(router);
    // `axum::serve` retries accept errors itself and does not return.
    let _ = axum::serve(listener, router).await;
}

/// Lets time go on, every few milliseconds.
pub(super) async fn run(broker: Arc<Broker>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = broker.clock.now();
        let mut engine = lock(&broker.engine);
        engine.advance(now);
        engine.stats.finished = now >= broker.clock.end();
    }
}

async fn upgrade(State(broker): State<Arc<Broker>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(REQUEST_BYTES_MAX).on_upgrade(move |socket| socket::serve(socket, broker))
}

async fn rest(State(broker): State<Arc<Broker>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if method != Method::POST {
        return respond(StatusCode::METHOD_NOT_ALLOWED, "", "", None, "POST only\n".into());
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(|value| value.trim().to_owned());
    let asks_on = header("cont-yn").as_deref() == Some("Y");
    let incoming = Incoming {
        path: uri.path().to_owned(),
        api_id: header("api-id"),
        authorization: header("authorization"),
        next_key: header("next-key").filter(|key| asks_on && !key.is_empty()),
        body: body.to_vec(),
    };
    let (answer, delay) = {
        let mut engine = lock(&broker.engine);
        // What is due by now comes before what is asked now.
        engine.advance(broker.clock.now());
        let answer = engine.request(&incoming, Instant::now());
        let delay = engine.faults.strikes(Fault::Delay).then(|| engine.faults.delay());
        (answer, delay)
    };
    if let Some(delay) = delay {
        sleep(delay).await;
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    if answer.lost {
        // A body that fails before its first byte: the connection ends without an answer.
        let lost = std::io::Error::other("fault: the answer is lost");
        let mut response = Response::new(Body::from_stream(futures_util::stream::once(async { Err::<Bytes, _>(lost) })));
        *response.status_mut() = status;
        return response;
    }
    let next = answer.next_key.as_deref();
    respond(status, &answer.api_id, if next.is_some() { "Y" } else { "N" }, next, answer.body.to_string())
}

fn respond(status: StatusCode, api_id: &str, cont_yn: &str, next_key: Option<&str>, body: String) -> Response {
    let builder = Response::builder()
        .status(status)
        .header("content-type", "application/json;charset=UTF-8")
        .header("api-id", api_id)
        .header("cont-yn", cont_yn)
        .header("next-key", next_key.unwrap_or(""));
    // An api-id that cannot stand in a header came from a client; it is not given back.
    builder.body(Body::from(body)).unwrap_or_else(|_| Response::new(Body::empty()))
}

const TICK: Duration = Duration::from_millis(5);
const REQUEST_BYTES_MAX: usize = 256 << 10;
