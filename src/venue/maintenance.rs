//! Maintenance of an emulated venue, the same for every one: while it lasts, each request and each new connection is answered by
//! HTTP 503, as by the front of a venue whose servers are down. [`Maintenance`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

/// Whether a venue is under maintenance; clones are of the same venue.
#[derive(Clone, Debug, Default)]
pub struct Maintenance(Arc<AtomicBool>);

impl Maintenance {
    /// Begins or ends it. Connections that are open are the emulator's to cut.
    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::Release);
    }

    /// Puts it before every route.
    pub fn before(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), gate))
    }
}

async fn gate(State(maintenance): State<Maintenance>, request: Request, next: Next) -> Response {
    if !maintenance.0.load(Ordering::Acquire) {
        return next.run(request).await;
    }
    // No venue says how it looks; a front's page is no JSON, and names nothing.
    let body = "<html><body><h1>503 Service Unavailable</h1>점검 중입니다.</body></html>";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
}
