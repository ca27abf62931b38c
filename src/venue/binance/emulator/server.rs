//! The listener of one market: REST routes and WebSocket addresses on one port.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::response::Response;
use axum::routing::{any, get};
use axum::serve::ListenerExt as _;
use serde::Deserialize;
use tokio::net::{TcpListener, TcpSocket};

use super::config::MarketKind;
use super::connection;
use super::control::Root;
use super::error::EmulatorError;
use super::market::Market;
use super::{private, rest};

/// Opens the port.
pub(super) fn listen(address: SocketAddr) -> Result<TcpListener, EmulatorError> {
    let open = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().map_err(|source| EmulatorError::Listen { address, source })
}

/// Serves until it is aborted.
pub(super) async fn serve(listener: TcpListener, market: Arc<Market>) {
    let listener = listener.tap_io(|stream| {
        // Frames are written in bursts and flushed: waiting for more would only add latency.
        let _ = stream.set_nodelay(true);
    });
    let service = router(market).into_make_service_with_connect_info::<SocketAddr>();
    // `axum::serve` retries accept errors itself and does not return.
    let _ = axum::serve(listener, service).await;
}

fn router(market: Arc<Market>) -> Router {
    let streams = match market.kind {
        MarketKind::Spot => stream_routes("", Root::All),
        MarketKind::UsdM => stream_routes("", Root::All)
            .merge(stream_routes("/public", Root::Public))
            .merge(stream_routes("/market", Root::Market)),
    };
    let accounts = private::routes(market.kind).merge(private::stream_routes(market.kind));
    let routes = rest::routes(market.kind).merge(streams);
    // Without accounts there is nobody to trade for: the paths do not exist.
    let routes = if market.accounts.is_empty() { routes } else { routes.merge(accounts) };
    let maintenance = market.maintenance.clone();
    maintenance.before(routes.with_state(market))
}

#[derive(Debug, Deserialize)]
struct StreamQuery {
    streams: Option<String>,
}

fn stream_routes(prefix: &str, root: Root) -> Router<Arc<Market>> {
    let bare = move |peer: ConnectInfo<SocketAddr>, State(market): State<Arc<Market>>, upgrade: WebSocketUpgrade| async move {
        accept(upgrade, market, peer.0, root, false, String::new())
    };
    let raw = move |Path(streams): Path<String>,
                    peer: ConnectInfo<SocketAddr>,
                    State(market): State<Arc<Market>>,
                    upgrade: WebSocketUpgrade| async move { accept(upgrade, market, peer.0, root, false, streams) };
    let combined = move |Query(query): Query<StreamQuery>,
                         peer: ConnectInfo<SocketAddr>,
                         State(market): State<Arc<Market>>,
                         upgrade: WebSocketUpgrade| async move {
        accept(upgrade, market, peer.0, root, true, query.streams.unwrap_or_default())
    };
    Router::new()
        .route(&format!("{prefix}/ws"), get(bare))
        .route(&format!("{prefix}/ws/{{*streams}}"), any(raw))
        .route(&format!("{prefix}/stream"), any(combined))
}

fn accept(
    upgrade: WebSocketUpgrade,
    market: Arc<Market>,
    peer: SocketAddr,
    root: Root,
    combined: bool,
    streams: String,
) -> Response {
    let serve = move |socket: WebSocket| async move {
        let names: Vec<&str> = streams.split('/').filter(|name| !name.is_empty()).collect();
        let (id, open, queue) = market.connections.open(market.kind, peer, root, combined, &names);
        let because = connection::serve(socket, market.clone(), open, queue).await;
        market.connections.close(id, because);
    };
    upgrade.max_message_size(REQUEST_BYTES_MAX).on_upgrade(serve)
}

/// A small buffer, so that a client at full speed is at most moments behind the emulator's books.
const SEND_BUFFER_BYTES: u32 = 256 << 10;
const BACKLOG: u32 = 128;
/// 1,024 stream names of a request fit many times.
const REQUEST_BYTES_MAX: usize = 256 << 10;
