//! Requests of the REST interface: `Rest`. Paced, with a token, page after page; an order whose outcome is not known is never sent
//! again.

use std::sync::Arc;

use reqwest::Client;

use super::config::KiwoomConfig;
use super::pacing::Pacer;
use super::token::Tokens;
use super::wire::rest::{ANSWER_BYTES_MAX, AnswerError, Cause, Refusal, Remedy, Request, answer, headers, next_page};
use crate::venue::Now;
use crate::venue::secret::Credentials;
use crate::venue::wire_error::WireError;

/// Pages of one answer. KOSPI's list has some ten, an account with 1,000 holdings has some fifty.
const PAGES_MAX: usize = 500;
/// How often a request is sent again that the broker has certainly not carried out (429, 1700, a token that is none).
const AGAIN_MAX: u32 = 5;

/// Why a request was not answered, and what that means for an order.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RestError {
    /// The broker said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It answered, and that cannot be read.
    #[error("Kiwoom's answer cannot be read: {0}")]
    Unreadable(#[from] WireError),
    /// No connection could be made: nothing was sent.
    #[error("not sent: no connection to Kiwoom ({0}). To do: check the network; it is tried again")]
    NotSent(String),
    /// It was sent, or part of it, and no answer came.
    #[error("no answer from Kiwoom ({0})")]
    NoAnswer(String),
    /// There are more pages than any answer has.
    #[error("Kiwoom's answer has more than {PAGES_MAX} pages")]
    TooManyPages,
}

impl From<AnswerError> for RestError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Refused(refusal) => RestError::Refused(refusal),
            AnswerError::Unreadable(error) => RestError::Unreadable(error),
        }
    }
}

impl RestError {
    /// Whether what was asked for was certainly not done. Else nobody knows: of an order, find out.
    pub fn is_certainly_not_done(&self) -> bool {
        match self {
            RestError::Refused(refusal) => refusal.remedy() != Remedy::AskWhatBecame && refusal.status != Some(408),
            RestError::NotSent(_) => true,
            RestError::Unreadable(_) | RestError::NoAnswer(_) | RestError::TooManyPages => false,
        }
    }

    /// The broker's refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            RestError::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// One line for people, Korean and English when it is a refusal. No secrets.
    pub fn line(&self) -> String {
        match self {
            RestError::Refused(refusal) => format!("{} · {}", refusal.korean(), refusal.english()),
            other => other.to_string(),
        }
    }
}

/// Where a page ends: the headers `cont-yn` and `next-key`, as a key to go on with.
type NextKey = Option<String>;

/// One request and its answer, whatever it says: status, where to go on, body.
pub(super) async fn exchange<R: Request>(
    client: &Client,
    base: &str,
    request: &R,
    token: Option<&str>,
    next_key: Option<&str>,
) -> Result<(u16, NextKey, Vec<u8>), RestError> {
    let tr = request.tr();
    let mut call = client.post(format!("{base}{}", tr.path())).body(request.body());
    for (name, value) in headers(tr, token, next_key) {
        call = call.header(name, value);
    }
    let mut response = call.send().await.map_err(|error| transport(&error))?;
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let next = next_page(header("cont-yn"), header("next-key"));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(WireError::TooLarge { bytes: body.len() + chunk.len(), max: ANSWER_BYTES_MAX }.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, next, body))
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
    // Only a connection that was never made proves that nothing arrived.
    if error.is_connect() { RestError::NotSent(text) } else { RestError::NoAnswer(text) }
}

/// An answer, or a part of one.
struct Page<A> {
    next: NextKey,
    answer: A,
    body: Vec<u8>,
}

fn is_too_many(error: &RestError) -> bool {
    error.refusal().is_some_and(|refusal| refusal.cause == Cause::TooManyRequests)
}

/// A client for one key.
#[derive(Clone)]
pub(super) struct Rest {
    client: Client,
    base: String,
    pacer: Arc<Pacer>,
    pub(super) tokens: Arc<Tokens>,
}

impl Rest {
    pub(super) fn new(config: &KiwoomConfig, credentials: Credentials, now: Now) -> Result<Self, RestError> {
        let client = Client::builder()
            .timeout(config.patience.answer)
            .connect_timeout(config.patience.connect)
            // A redirect could lead the token from the checked host to another one.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| transport(&error))?;
        let base = config.rest_url.trim_end_matches('/').to_owned();
        let pacer = Arc::new(Pacer::new(config.pace));
        let tokens = Tokens::new(client.clone(), base.clone(), credentials, Arc::clone(&pacer), now, config.patience);
        Ok(Rest { client, base, pacer, tokens: Arc::new(tokens) })
    }

    /// Asks; the answer with its first page.
    ///
    /// # Errors
    /// When there is no good answer.
    pub(super) async fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, RestError> {
        self.page(request, None).await.map(|page| page.answer)
    }

    /// The same, and the answer as it came.
    ///
    /// # Errors
    /// When there is no good answer.
    pub(super) async fn ask_with_text<R: Request>(&self, request: &R) -> Result<(R::Answer, Vec<u8>), RestError> {
        self.page(request, None).await.map(|page| (page.answer, page.body))
    }

    /// Asks, and goes on until the last page.
    ///
    /// # Errors
    /// When there is no good answer to any of them.
    pub(super) async fn pages<R: Request>(&self, request: &R) -> Result<Vec<R::Answer>, RestError> {
        let mut pages = Vec::new();
        let mut key: NextKey = None;
        loop {
            let page = self.page(request, key.as_deref()).await?;
            pages.push(page.answer);
            match page.next {
                None => return Ok(pages),
                Some(_) if pages.len() == PAGES_MAX => return Err(RestError::TooManyPages),
                Some(next) => key = Some(next),
            }
        }
    }

    /// Asks, and goes on until there are `count` rows or no more.
    ///
    /// # Errors
    /// When there is no good answer to any of them.
    pub(super) async fn rows<T, R: Request<Answer = Vec<T>>>(&self, request: &R, count: usize) -> Result<Vec<T>, RestError> {
        let mut rows = Vec::new();
        let mut key: NextKey = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(request, key.as_deref()).await?;
            rows.extend(page.answer);
            rows.truncate(count);
            key = page.next;
            if key.is_none() || rows.len() == count {
                break;
            }
        }
        Ok(rows)
    }

    /// Asks for one page. Sent again only when the broker said that it did nothing: too many requests, or the token. What had no
    /// answer is not sent again here, be it an order or not.
    async fn page<R: Request>(&self, request: &R, key: Option<&str>) -> Result<Page<R::Answer>, RestError> {
        let tr = request.tr();
        let mut again = 0;
        loop {
            let token = match self.tokens.get().await {
                Ok(token) => token,
                // Nothing of ours was sent. The next try waits until tokens may be asked for again.
                Err(error) if is_too_many(&error) && again < AGAIN_MAX => {
                    again += 1;
                    continue;
                }
                // The token's question had no answer, this one was not put.
                Err(error) if error.is_certainly_not_done() => return Err(error),
                Err(error) => return Err(RestError::NotSent(format!("no token: {error}"))),
            };
            self.pacer.wait(tr).await;
            let (status, next, body) = exchange(&self.client, &self.base, request, Some(&token.secret), key).await?;
            let error = match answer::<R>(status, &body) {
                Ok(answer) => {
                    self.pacer.accepted(tr);
                    self.tokens.worked().await;
                    return Ok(Page { next, answer, body });
                }
                Err(error) => RestError::from(error),
            };
            again += 1;
            match error.refusal().map(|refusal| refusal.cause) {
                Some(Cause::TokenInvalid) if again <= AGAIN_MAX => self.tokens.refused(&token, error).await?,
                Some(Cause::TooManyRequests) => {
                    self.pacer.refused(tr);
                    if again > AGAIN_MAX {
                        return Err(error);
                    }
                }
                _ => {
                    self.pacer.accepted(tr);
                    return Err(error);
                }
            }
        }
    }

    /// Takes keys and token out of words that are going to be shown.
    pub(super) async fn redact(&self, text: &str) -> String {
        self.tokens.redact(text).await
    }
}
