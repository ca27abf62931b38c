//! The listener: WebSocket addresses, and REST for everything else; limits, tokens and faults before any answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::core::Shared;
use super::limits::Charged;
use super::request::{self, Given, Refused};
use super::{rest, socket};
use crate::venue::faults::{Fault, OrderFault};
use crate::venue::upbit::signing::verify;
use crate::venue::upbit::wire::rest::{Group, Remaining};

/// Largest request that is read.
const REQUEST_BYTES_MAX: usize = 256 << 10;

/// Serves until it is aborted.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let listener = listener.tap_io(|stream| {
        // Frames are written in bursts and flushed: waiting for more would only add latency.
        let _ = stream.set_nodelay(true);
    });
    let router = Router::new()
        .route("/websocket/v1", any(public))
        .route("/websocket/v1/private", any(private))
        .fallback(call)
        .with_state(Arc::clone(&shared));
    let service = shared.maintenance.before(router).into_make_service_with_connect_info::<SocketAddr>();
    // `axum::serve` retries accept errors itself and does not return.
    let _ = axum::serve(listener, service).await;
}

async fn public(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    accept(shared, upgrade, false)
}

async fn private(State(shared): State<Arc<Shared>>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    match authorize(&shared, &headers, &Given::default()) {
        Ok(()) => accept(shared, upgrade, true),
        Err(refused) => answered(Err(refused), None),
    }
}

fn accept(shared: Arc<Shared>, upgrade: WebSocketUpgrade, private: bool) -> Response {
    let now_ms = shared.now_ms();
    if shared.config.limits {
        let charged = shared.lock().limits.charge(Group::WebsocketConnect, now_ms);
        if let Some(response) = over(&charged) {
            return response;
        }
    }
    let serve = move |socket: WebSocket| socket::serve(socket, shared, private);
    upgrade.max_message_size(REQUEST_BYTES_MAX).on_upgrade(serve)
}

async fn call(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let group = rest::group(&method, uri.path());
    let now_ms = shared.now_ms();
    let (charged, delay, fault, session) = {
        let mut core = shared.lock();
        core.rest_calls += 1;
        let charged = shared.config.limits.then(|| core.limits.charge(group, now_ms));
        let fault = if method != Method::GET && rest::is_signed(uri.path()) {
            core.faults.of_order()
        } else {
            core.faults.strikes(Fault::Storm).then_some(OrderFault::TooMany)
        };
        let charged = if fault == Some(OrderFault::TooMany) {
            Some(Charged::TooMany(Remaining { group: group.name().to_owned(), second: 0 }))
        } else {
            charged
        };
        let delay = core.faults.strikes(Fault::Delay).then(|| core.faults.delay());
        let session = rest::is_signed(uri.path()) && core.faults.strikes(Fault::Session);
        (charged, delay, fault, session)
    };
    if let Some(response) = charged.as_ref().and_then(over) {
        shared.lock().refused += 1;
        return response;
    }
    if fault == Some(OrderFault::LostRequest) {
        return cut_off();
    }
    let given = match method {
        Method::POST => request::body(&body),
        _ => Ok(request::query(uri.query().unwrap_or(""))),
    };
    let result = given.and_then(|given| {
        if rest::is_signed(uri.path()) {
            if session {
                return Err(Refused::new(401, "nonce_used", "이미 사용한 nonce값이 사용되었습니다."));
            }
            authorize(&shared, &headers, &given)?;
        }
        rest::answer(&shared, &method, uri.path(), &given)
    });
    sleep(delay.unwrap_or(Duration::ZERO)).await;
    if result.is_err() {
        shared.lock().refused += 1;
    }
    match fault {
        Some(OrderFault::LostAnswer) => return cut_off(),
        Some(OrderFault::UnknownStatus) => {
            let failed = Refused::new(500, "server_error", "서버 오류가 발생했습니다.");
            return answered(Err(failed), None);
        }
        _ => {}
    }
    let remaining = charged.and_then(|charged| match charged {
        Charged::Within(remaining) => Some(remaining),
        Charged::TooMany(_) | Charged::Blocked { .. } => None,
    });
    let created = method == Method::POST && result.is_ok();
    let mut response = answered(result, remaining.as_ref());
    if created {
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}

/// The connection ends in the middle of the answer.
fn cut_off() -> Response {
    let cut = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("fault: no answer"))]);
    Response::new(Body::from_stream(cut))
}

/// Checks the token, and that its nonce is a new one.
fn authorize(shared: &Shared, headers: &HeaderMap, given: &Given) -> Result<(), Refused> {
    let credentials = &shared.config.credentials;
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret_of = |key: &str| (key == credentials.key.expose()).then_some(&credentials.secret);
    let claims =
        verify(header, &given.text(), secret_of).map_err(|fault| Refused::new(401, fault.name(), "인증에 실패했습니다."))?;
    if shared.lock().nonces.insert(claims.nonce) {
        return Ok(());
    }
    Err(Refused::new(401, "nonce_used", "이미 사용한 nonce값이 사용되었습니다."))
}

/// The answer to a request over the limit.
fn over(charged: &Charged) -> Option<Response> {
    match charged {
        Charged::Within(_) => None,
        Charged::TooMany(remaining) => {
            let refused = Refused::new(429, "too_many_requests", "요청 수 제한을 초과했습니다.");
            Some(answered(Err(refused), Some(remaining)))
        }
        Charged::Blocked { seconds } => {
            let refused = Refused::quotation(418, &format!("요청 수 초과로 {seconds}초 동안 차단되었습니다."));
            Some(answered(Err(refused), None))
        }
    }
}

fn answered(result: Result<String, Refused>, remaining: Option<&Remaining>) -> Response {
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err(refused) => (StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST), refused.body()),
    };
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    let mut response = (status, [json], body).into_response();
    if let Some(value) = remaining.and_then(|remaining| HeaderValue::from_str(&remaining.text()).ok()) {
        response.headers_mut().insert(Remaining::HEADER, value);
    }
    response
}
