//! Signed requests: [`Client`]. Each is sent once. Only a request that the venue provably did not carry out is sent again: once, after
//! the clock was measured, if its timestamp was refused; after a pause, if it was a cancellation or a question and came too soon.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response};
use tokio::time::sleep;

use super::budget::{Budget, Purpose};
use super::clock::VenueClock;
use crate::market::Venue;
use crate::venue::binance::config::BinanceConfig;
use crate::venue::binance::rest::{RETRY_AFTER_MAX, RestError, transport};
use crate::venue::binance::signing::Signer;
use crate::venue::binance::wire::FRAME_BYTES_MAX;
use crate::venue::binance::wire::private::{Cause, Fate, Parameters, Refusal};
use crate::venue::binance::wire::rest;
use crate::venue::wire_error::WireError;

/// Why a request was not answered as hoped, and what that proves.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// It never left.
    #[error("not sent: {0} / 보내지 않았습니다")]
    NotSent(String),
    /// The venue refused.
    #[error("{refusal}")]
    Refused {
        /// Why.
        refusal: Refusal,
        /// The whole answer: that of a cancel-replace says more.
        body: Vec<u8>,
    },
    /// Sent, and no answer came.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// Answered, in words that cannot be read.
    #[error(transparent)]
    Wire(#[from] WireError),
}

impl CallError {
    /// What it proves of the request.
    pub(super) fn fate(&self) -> Fate {
        match self {
            CallError::NotSent(_) => Fate::NotDone,
            CallError::Refused { refusal, .. } => refusal.fate,
            CallError::NoAnswer(_) | CallError::Wire(_) => Fate::Unknown,
        }
    }

    /// Why the venue refused, if it did.
    pub(super) fn cause(&self) -> Option<Cause> {
        match self {
            CallError::Refused { refusal, .. } => Some(refusal.cause),
            _ => None,
        }
    }
}

/// Who a request says we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nobody.
    None,
    /// Our key alone.
    Key,
    /// Our key and signature.
    Signature,
}

/// How often a cancellation or a question is sent again when the venue wanted silence.
const REFUSALS_MAX: u32 = 5;

/// A client of the signed REST interface.
pub(super) struct Client {
    http: reqwest::Client,
    /// Without path.
    root: String,
    pub(super) venue: Venue,
    pub(super) signer: Signer,
    pub(super) clock: VenueClock,
    pub(super) budget: Budget,
    pub(super) recv_window_ms: u32,
}

/// Something to ask.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// With version: `/api/v3/order`.
    pub(super) path: &'static str,
    pub(super) parameters: Parameters,
    pub(super) purpose: Purpose,
    pub(super) proof: Proof,
}

impl Client {
    pub(super) fn new(config: &BinanceConfig, signer: Signer, clock: VenueClock) -> Result<Arc<Self>, RestError> {
        let http = reqwest::Client::builder()
            .timeout(config.account.answer)
            .connect_timeout(config.patience.connect)
            .redirect(reqwest::redirect::Policy::none())
            // An order is never sent twice, whatever a library thinks of it.
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .build()
            .map_err(|error| transport(&error))?;
        let root = config.rest_url.trim_end_matches('/').to_owned();
        let (venue, budget) = (config.venue, Budget::new(config.venue));
        Ok(Arc::new(Client { http, root, venue, signer, clock, budget, recv_window_ms: config.account.recv_window_ms }))
    }

    /// Measures how far the venue's clock is from ours.
    pub(super) async fn measure(&self) -> Result<(), CallError> {
        let path = if self.venue == Venue::BinanceUsdM { "/fapi/v1/time" } else { "/api/v3/time" };
        let parameters = Parameters::new();
        let call = Call { method: Method::GET, path, parameters, purpose: Purpose::Urgent, proof: Proof::None };
        let asked = self.clock.ours();
        let body = self.once(&call).await?;
        self.clock.set(rest::time(&body)?, asked, self.clock.ours());
        Ok(())
    }

    /// Asks. A cancellation or a question waits while the venue wants silence, and is sent again when the venue refused to look at it
    /// for that reason alone. A new order or an amendment does neither: late, it might be the wrong one.
    pub(super) async fn call(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        let mut refused = 0;
        loop {
            self.wait(call.purpose).await?;
            let result = self.ask(call).await;
            let is_silenced = |error: &CallError| {
                error.cause() == Some(Cause::TooManyRequests) && error.fate() == Fate::NotDone && call.purpose != Purpose::Order
            };
            if refused == REFUSALS_MAX || !result.as_ref().is_err_and(is_silenced) {
                return result;
            }
            refused += 1;
        }
    }

    /// Waits for the venue's limits; an order is refused instead.
    async fn wait(&self, purpose: Purpose) -> Result<(), CallError> {
        loop {
            let wait = self.budget.wait(purpose, self.clock.millis());
            if wait.is_zero() {
                return Ok(());
            }
            if purpose == Purpose::Order {
                let text = format!("the venue takes no more orders for {:.1} s", wait.as_secs_f64());
                return Err(CallError::NotSent(text));
            }
            sleep(wait).await;
        }
    }

    async fn ask(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        let _landing = Landing(&self.budget, call.purpose == Purpose::Order);
        let result = self.once(call).await;
        if let Err(error) = &result
            && error.cause() == Some(Cause::WrongTime)
            && error.fate() == Fate::NotDone
            && self.measure().await.is_ok()
        {
            // Refused for its timestamp alone: it was not carried out, so this is no resending.
            return self.once(call).await;
        }
        result
    }

    async fn once(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        let parameters = call.parameters.clone();
        let query = match call.proof {
            Proof::Signature => {
                let parameters = parameters.with("recvWindow", self.recv_window_ms).with("timestamp", self.clock.millis());
                self.signer.signed_query(parameters)
            }
            Proof::Key | Proof::None => parameters.query(),
        };
        let mark = if query.is_empty() { "" } else { "?" };
        let mut request = self.http.request(call.method.clone(), format!("{}{}{mark}{query}", self.root, call.path));
        if call.proof != Proof::None {
            let Ok(mut key) = HeaderValue::from_str(self.signer.key().expose()) else {
                return Err(CallError::NotSent("the key has characters that no header may have".into()));
            };
            key.set_sensitive(true);
            request = request.header("X-MBX-APIKEY", key);
        }
        let response = request.send().await.map_err(|error| self.no_answer(&error))?;
        let status = response.status();
        self.heed(response.headers());
        if matches!(status.as_u16(), 418 | 429) {
            let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            // Too many orders come without the header: the spans are short then.
            let pause = Duration::from_secs(seconds.unwrap_or(if status == 418 { 120 } else { 10 })).min(RETRY_AFTER_MAX);
            self.budget.on_limited(pause);
        }
        let body = self.body(response).await?;
        if status.is_success() {
            return Ok(body);
        }
        let mut refusal = Refusal::of(status.as_u16(), &body);
        refusal.message = self.signer.key().redact(&refusal.message);
        Err(CallError::Refused { refusal, body })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, CallError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| CallError::NoAnswer(transport(&error).to_string()))? {
            if body.len() + chunk.len() > FRAME_BYTES_MAX {
                return Err(WireError::TooLarge { bytes: body.len() + chunk.len(), max: FRAME_BYTES_MAX }.into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn heed(&self, headers: &HeaderMap) {
        self.budget.on_headers(self.clock.millis(), |name| headers.get(name)?.to_str().ok());
    }

    /// A connection that was never made has carried nothing; after that nobody knows.
    fn no_answer(&self, error: &reqwest::Error) -> CallError {
        // The words are those of the error's causes, which have no URL in them: the URL has the signature.
        let text = self.signer.key().redact(&transport(error).to_string());
        if error.is_connect() || error.is_builder() { CallError::NotSent(text) } else { CallError::NoAnswer(text) }
    }
}

/// Counts an order under way as landed, however its call ends.
struct Landing<'a>(&'a Budget, bool);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        if self.1 {
            self.0.landed();
        }
    }
}
