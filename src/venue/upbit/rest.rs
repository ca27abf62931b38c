//! The client of the REST interface: [`Rest`]. Sends a [`Request`], signed where it has to be, within what the venue says is
//! left.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use tokio::time::{Instant, sleep};

use super::config::UpbitConfig;
use super::signing::Signer;
use super::wire::rest::{ANSWER_BYTES_MAX, AnswerError, Group, Method, Remaining, Request, answer};
use super::wire::{WireError, rest::Remedy};

/// Limits are counted by the second; this long after an answer its `Remaining-Req` says nothing any more.
const WINDOW: Duration = Duration::from_secs(1);

/// Why a request was not answered as hoped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The venue said no, or what it said cannot be read.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// No answer: no connection, a timeout, a cut. Of an order: whether it arrived is not known.
    #[error("no answer: {0}")]
    Transport(String),
    /// A request that has to be signed, and no keys, or no random numbers.
    #[error("{0}")]
    NotSigned(String),
}

impl RestError {
    /// Whether the venue wants a pause before anything else is sent.
    pub(super) fn is_limited(&self) -> bool {
        let remedy = match self {
            RestError::Answer(AnswerError::Refused(refusal)) => Some(refusal.remedy()),
            _ => None,
        };
        matches!(remedy, Some(Remedy::Later | Remedy::StopAll))
    }
}

/// A client. Clones share what is known of the limits.
#[derive(Clone, Debug)]
pub struct Rest {
    client: Client,
    /// Without path.
    root: String,
    signer: Option<Signer>,
    left: Arc<Mutex<BTreeMap<Group, (u32, Instant)>>>,
}

impl Rest {
    /// A client for these settings, which are checked; without a signer it can ask for market data only.
    ///
    /// # Errors
    /// When the client cannot be made (no TLS roots).
    pub fn new(config: &UpbitConfig, signer: Option<Signer>) -> Result<Self, RestError> {
        let client = Client::builder()
            .timeout(config.patience.connect)
            .connect_timeout(config.patience.connect)
            // A redirect could lead from the checked host to another one.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| transport(&error))?;
        Ok(Rest { client, root: config.rest_url.trim_end_matches('/').to_owned(), signer, left: Arc::default() })
    }

    /// Sends a request, once, and reads its answer. Waits first where the venue said that nothing is left of this second.
    ///
    /// # Errors
    /// When there is no good answer.
    pub async fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, RestError> {
        let call = request.call();
        self.wait(call.group).await;
        let mut url = format!("{}{}", self.root, call.path);
        if call.method != Method::Post && !call.parameters.is_empty() {
            url = format!("{url}?{}", call.parameters.query());
        }
        let mut sent = match call.method {
            Method::Get => self.client.get(url),
            Method::Delete => self.client.delete(url),
            Method::Post => {
                self.client.post(url).header(CONTENT_TYPE, "application/json; charset=utf-8").body(call.parameters.json())
            }
        };
        if call.signed {
            let signer = self.signer.as_ref().ok_or_else(|| RestError::NotSigned(format!("no keys for {}", call.path)))?;
            let token = signer.authorization(&call.parameters.text()).map_err(|error| RestError::NotSigned(error.to_string()))?;
            let mut value = HeaderValue::from_str(token.expose())
                .map_err(|_| RestError::NotSigned("the access key is no text for a header".into()))?;
            value.set_sensitive(true);
            sent = sent.header(AUTHORIZATION, value);
        }
        let mut response = sent.send().await.map_err(|error| transport(&error))?;
        let status = response.status().as_u16();
        if let Some(left) = response.headers().get(Remaining::HEADER).and_then(|text| Remaining::parse(text.to_str().ok()?)) {
            self.known().insert(call.group, (left.second, Instant::now()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let bytes = body.len() + chunk.len();
                return Err(AnswerError::from(WireError::TooLarge { bytes, max: ANSWER_BYTES_MAX }).into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(answer::<R>(status, &body)?)
    }

    async fn wait(&self, group: Group) {
        let pause = match self.known().get(&group) {
            Some((0, since)) => WINDOW.saturating_sub(since.elapsed()),
            _ => Duration::ZERO,
        };
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<Group, (u32, Instant)>> {
        // Numbers, whole after every statement.
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The words of an error and of its causes, without the URL.
fn transport(error: &reqwest::Error) -> RestError {
    let mut text = String::from(if error.is_timeout() { "timeout" } else { "connection" });
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    RestError::Transport(text)
}
