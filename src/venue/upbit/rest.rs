//! The client of the REST interface: [`Rest`]. Sends a [`Request`], signed where it has to be, within what the venue says is
//! left.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use tokio::time::{Instant, sleep};

use super::config::UpbitConfig;
use super::signing::Signer;
use super::wire::WireError;
use super::wire::rest::{ANSWER_BYTES_MAX, AnswerError, Cause, Group, Method, Refusal, Remaining, Remedy, Request, answer};

/// Limits are counted by the second; this long after an answer its `Remaining-Req` says nothing any more.
const WINDOW: Duration = Duration::from_secs(1);
/// How long nothing is sent after a block (418) that names no time.
const BLOCK: Duration = Duration::from_secs(60);
/// Longest block that is believed.
const BLOCK_SECONDS_MAX: u64 = 86_400;
/// How often a request that changes nothing when repeated is sent in all.
const TRIES: u32 = 4;

/// Why a request was not answered as hoped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The venue said no, or what it said cannot be read.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// No answer: no connection, a timeout, a cut. Of an order: whether it arrived is not known.
    #[error("no answer: {0}")]
    Transport(String),
    /// It never left: no connection could be made, or the venue has blocked us.
    #[error("not sent: {0}")]
    NotSent(String),
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

    /// Why the venue refused, if it did.
    pub(super) fn cause(&self) -> Option<Cause> {
        match self {
            RestError::Answer(AnswerError::Refused(refusal)) => Some(refusal.cause),
            _ => None,
        }
    }

    /// Whether it is certain that the request was not carried out. A nonce or an identifier that was used before may mean that
    /// somebody between us and the venue sent the request twice: then the other one was carried out.
    pub(super) fn is_not_done(&self) -> bool {
        match self {
            RestError::Answer(AnswerError::Refused(Refusal { cause, status, .. })) => {
                (400..500).contains(status)
                    && *status != 408
                    && !matches!(cause, Cause::VenueFailed | Cause::NonceUsed | Cause::IdentifierUsed)
            }
            RestError::NotSent(_) | RestError::NotSigned(_) => true,
            RestError::Answer(AnswerError::Unreadable(_)) | RestError::Transport(_) => false,
        }
    }

    /// Whether only a person can help: with the keys, or with what they may do.
    pub(super) fn is_for_good(&self) -> bool {
        matches!(
            self.cause(),
            Some(Cause::WrongKey | Cause::BadSignature | Cause::WrongAddress | Cause::OutOfScope | Cause::NotEntitled)
        )
    }
}

/// What is known of the venue's limits.
#[derive(Debug, Default)]
struct Limits {
    groups: BTreeMap<Group, Sent>,
    /// Nothing is sent before this.
    blocked: Option<Instant>,
}

/// What was sent of a group, and what the venue said is left of it.
#[derive(Debug, Default)]
struct Sent {
    /// Within the last window.
    at: VecDeque<Instant>,
    left: Option<(u32, Instant)>,
}

impl Limits {
    /// Takes a place of a group's limit; otherwise says how long to wait for one.
    fn take(&mut self, group: Group, now: Instant) -> Result<Option<Duration>, RestError> {
        if let Some(until) = self.blocked.filter(|until| *until > now) {
            let seconds = until.duration_since(now).as_secs() + 1;
            return Err(RestError::NotSent(format!(
                "the venue has blocked this address for too many requests; {seconds} s are left"
            )));
        }
        let (most, ms) = group.limit();
        let window = WINDOW.max(Duration::from_millis(ms));
        let Sent { at, left } = self.groups.entry(group).or_default();
        while at.front().is_some_and(|sent| now.duration_since(*sent) >= window) {
            at.pop_front();
        }
        if let Some((0, since)) = *left
            && now.duration_since(since) < WINDOW
        {
            return Ok(Some(WINDOW - now.duration_since(since)));
        }
        match at.front() {
            Some(first) if at.len() >= most as usize => Ok(Some(window.saturating_sub(now.duration_since(*first)))),
            _ => {
                at.push_back(now);
                Ok(None)
            }
        }
    }

    /// What an answer says of them.
    fn heard(&mut self, group: Group, status: u16, left: Option<u32>, now: Instant) {
        let left = if status == 429 { Some(0) } else { left };
        if let Some(left) = left {
            self.groups.entry(group).or_default().left = Some((left, now));
        }
    }

    /// The venue has blocked us; its words may name the seconds.
    fn block(&mut self, words: &str, now: Instant) {
        let digits: String = words.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let named = digits.parse().ok().filter(|seconds| (1..=BLOCK_SECONDS_MAX).contains(seconds));
        self.blocked = Some(now + named.map_or(BLOCK, Duration::from_secs));
    }
}

/// A client. Clones share what is known of the limits.
#[derive(Clone, Debug)]
pub struct Rest {
    client: Client,
    /// Without path.
    root: String,
    signer: Option<Signer>,
    limits: Arc<Mutex<Limits>>,
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
        Ok(Rest { client, root: config.rest_url.trim_end_matches('/').to_owned(), signer, limits: Arc::default() })
    }

    /// Sends a request that changes nothing when it is repeated (a question, a cancellation), again if the venue was too busy for
    /// it or the nonce was spent.
    ///
    /// # Errors
    /// When there is no good answer.
    pub(super) async fn ask_again<R: Request>(&self, request: &R) -> Result<R::Answer, RestError> {
        let mut tries = 1;
        loop {
            match self.ask(request).await {
                Err(error) if tries < TRIES && matches!(error.cause(), Some(Cause::TooManyRequests | Cause::NonceUsed)) => {
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    /// Sends a request, once, and reads its answer. Waits first until the limits leave room for it.
    ///
    /// # Errors
    /// When there is no good answer.
    pub async fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, RestError> {
        let call = request.call();
        self.wait(call.group).await?;
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
        let left = response.headers().get(Remaining::HEADER).and_then(|text| Remaining::parse(text.to_str().ok()?));
        self.known().heard(call.group, status, left.map(|left| left.second), Instant::now());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let bytes = body.len() + chunk.len();
                return Err(AnswerError::from(WireError::TooLarge { bytes, max: ANSWER_BYTES_MAX }).into());
            }
            body.extend_from_slice(&chunk);
        }
        let answer = answer::<R>(status, &body);
        if let Err(AnswerError::Refused(refusal)) = &answer
            && refusal.cause == Cause::Blocked
        {
            self.known().block(&refusal.message, Instant::now());
        }
        Ok(answer?)
    }

    async fn wait(&self, group: Group) -> Result<(), RestError> {
        loop {
            let pause = self.known().take(group, Instant::now())?;
            match pause {
                Some(pause) => sleep(pause).await,
                None => return Ok(()),
            }
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Limits> {
        // Numbers, whole after every statement.
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
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
    if error.is_connect() { RestError::NotSent(text) } else { RestError::Transport(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_kept_before_they_are_broken() {
        let (mut limits, start) = (Limits::default(), Instant::now());
        let after = |ms| start + Duration::from_millis(ms);
        for _ in 0..12 {
            assert_eq!(limits.take(Group::Order, after(0)), Ok(None));
        }
        assert_eq!(limits.take(Group::Order, after(400)), Ok(Some(Duration::from_millis(600))));
        assert_eq!(limits.take(Group::Default, after(400)), Ok(None));
        assert_eq!(limits.take(Group::Order, after(1_000)), Ok(None));
        // The venue counts others, too.
        limits.heard(Group::Order, 201, Some(0), after(1_000));
        assert_eq!(limits.take(Group::Order, after(1_100)), Ok(Some(Duration::from_millis(900))));
        limits.heard(Group::Default, 429, Some(3), after(1_100));
        assert_eq!(limits.take(Group::Default, after(1_200)), Ok(Some(Duration::from_millis(900))));
        assert_eq!(limits.take(Group::Order, after(2_000)), Ok(None));
        // Blocked: for everything, as long as it was said.
        limits.block("요청 수 초과로 7초 동안 차단되었습니다.", after(2_000));
        assert!(matches!(limits.take(Group::Ticker, after(8_900)), Err(RestError::NotSent(reason)) if reason.contains("1 s")));
        assert_eq!(limits.take(Group::Ticker, after(9_000)), Ok(None));
        limits.block("blocked", after(9_000));
        assert!(limits.take(Group::Ticker, after(68_000)).is_err());
    }

    #[test]
    fn what_was_not_done_is_told_from_what_nobody_knows() {
        let refused = |status, body: &str| RestError::from(AnswerError::from(Refusal::new(status, body)));
        let named = |name: &str| format!(r#"{{"error":{{"name":"{name}","message":"m"}}}}"#);
        assert!(refused(400, &named("insufficient_funds_bid")).is_not_done());
        assert!(refused(429, "").is_not_done() && refused(418, "").is_not_done());
        assert!(RestError::NotSent(String::new()).is_not_done());
        for error in [
            refused(500, ""),
            refused(302, ""),
            refused(408, ""),
            refused(401, &named("nonce_used")),
            refused(400, r#"{"error":{"name":"validation_error","message":"identifier has already been used"}}"#),
            RestError::Transport("timeout".into()),
        ] {
            assert!(!error.is_not_done(), "{error}");
        }
        assert!(refused(401, &named("jwt_verification")).is_for_good() && !refused(500, "").is_for_good());
    }
}
