//! The token: [`Tokens`] issues it once, hands it to everybody, asks for another before it expires or when the broker takes it no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use jangbu_journal::Nanos;
use reqwest::Client;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::config::Patience;
use super::pacing::Pacer;
use super::rest::{RestError, exchange};
use super::wire::rest::token::{IssueToken, RevokeToken, Token};
use super::wire::rest::{Cause, Remedy, Tr, answer};
use crate::venue::Now;
use crate::venue::secret::Credentials;

/// Tokens refused one after the other, without a request that worked between them: then asking for more cannot help, and the token
/// endpoint is limited as well (fact sheet 6).
const REFUSED_MAX: u32 = 3;
/// A token that is near its end is asked for anew this often at most: while it holds, the broker gives the same one.
const AGAIN_NS: i64 = 60_000_000_000;

/// The token of a key. One request for it is under way at a time; everybody else waits for that one.
pub(super) struct Tokens {
    client: Client,
    base: String,
    pub(super) credentials: Credentials,
    pacer: Arc<Pacer>,
    now: Now,
    margin_ns: i64,
    patience: Patience,
    held: Mutex<Held>,
    /// A [`Renewal`] that nobody was told of yet; 0 is none.
    renewed: AtomicU8,
}

/// Why a token was asked for in the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Renewal {
    /// It was near its end, or past it.
    Expiry = 1,
    /// The broker took it no more (8005), and takes the new one.
    Refusal = 2,
}

impl Renewal {
    /// For people, in both languages.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Renewal::Expiry => {
                "the token was at its end and was renewed; nothing to do · 토큰의 유효기간이 끝나 새로 받았습니다. 조치할 필요 없음"
            }
            Renewal::Refusal => {
                "the broker did not take the token any more (expired or revoked, 8005); it was renewed and holds, nothing to do · \
                 토큰이 만료되거나 폐기되어(8005) 새로 받았고, 받아들여졌습니다. 조치할 필요 없음"
            }
        }
    }
}

#[derive(Default)]
struct Held {
    token: Option<Arc<Token>>,
    asked: Option<Nanos>,
    /// When it expires is not known.
    undated: bool,
    /// Refusals in a row.
    refused: u32,
    /// The token there is took the place of one that was refused, and has not been seen to work.
    unproven: bool,
}

impl Tokens {
    pub(super) fn new(
        client: Client,
        base: String,
        credentials: Credentials,
        pacer: Arc<Pacer>,
        now: Now,
        patience: Patience,
    ) -> Self {
        let margin_ns = i64::try_from(patience.token_margin.as_nanos()).unwrap_or(i64::MAX);
        Tokens { client, base, credentials, pacer, now, margin_ns, patience, held: Mutex::default(), renewed: AtomicU8::new(0) }
    }

    /// The token; issued when there is none, or the one there is ends soon.
    ///
    /// # Errors
    /// When none can be had.
    pub(super) async fn get(&self) -> Result<Arc<Token>, RestError> {
        let mut held = self.held.lock().await;
        let now = (self.now)();
        // One that had expired when it came was dated by another clock than ours: it holds until the broker says otherwise.
        if let Some(token) = held.token.as_ref().filter(|_| held.undated) {
            return Ok(Arc::clone(token));
        }
        if let Some(token) = &held.token {
            let soon = token.expires.since(now) <= self.margin_ns;
            let just_asked = held.asked.is_some_and(|asked| now.since(asked) < AGAIN_NS);
            if token.expires > now && (!soon || just_asked) {
                return Ok(Arc::clone(token));
            }
        }
        held.asked = Some(now);
        match self.issue().await {
            Ok(token) => {
                let token = Arc::new(token);
                let before = held.token.as_ref();
                if before.is_some_and(|before| before.secret != token.secret) {
                    self.renewed.store(Renewal::Expiry as u8, Ordering::Relaxed);
                }
                held.unproven |= before.is_none() && held.refused > 0;
                held.undated = token.expires <= (self.now)();
                held.token = Some(Arc::clone(&token));
                Ok(token)
            }
            // The one there is serves until it ends.
            Err(error) => held.token.as_ref().filter(|token| token.expires > now).map(Arc::clone).ok_or(error),
        }
    }

    async fn issue(&self) -> Result<Token, RestError> {
        self.pacer.wait(Tr::IssueToken).await;
        let (key, secret) = (self.credentials.key.expose(), self.credentials.secret.expose());
        let request = IssueToken { app_key: key, secret_key: secret };
        let (status, _, body) = exchange(&self.client, &self.base, &request, None, None).await?;
        let answered = answer::<IssueToken<'_>>(status, &body);
        match &answered {
            Ok(_) => self.pacer.accepted(Tr::IssueToken),
            Err(error) => {
                if matches!(error, super::wire::rest::AnswerError::Refused(refusal) if refusal.cause == Cause::TooManyRequests) {
                    self.pacer.refused(Tr::IssueToken);
                }
            }
        }
        answered.map_err(RestError::from)
    }

    /// The broker does not take this token any more: it is forgotten, unless another has taken its place.
    ///
    /// # Errors
    /// When so many were refused in a row that another cannot help.
    pub(super) async fn refused(&self, token: &Token, refusal: RestError) -> Result<(), RestError> {
        let mut held = self.held.lock().await;
        if held.token.as_deref() == Some(token) {
            held.token = None;
            held.refused += 1;
        }
        if held.refused >= REFUSED_MAX {
            held.refused = 0;
            return Err(match refusal {
                RestError::Refused(refusal) => RestError::Refused(refusal.of_tokens()),
                other => other,
            });
        }
        Ok(())
    }

    /// A request with the token worked.
    pub(super) async fn worked(&self) {
        let mut held = self.held.lock().await;
        held.refused = 0;
        if std::mem::take(&mut held.unproven) {
            self.renewed.store(Renewal::Refusal as u8, Ordering::Relaxed);
        }
    }

    /// That the token was renewed, once.
    pub(super) fn take_renewal(&self) -> Option<Renewal> {
        match self.renewed.swap(0, Ordering::Relaxed) {
            1 => Some(Renewal::Expiry),
            2 => Some(Renewal::Refusal),
            _ => None,
        }
    }

    /// Ends the token, if there is one: nobody shall find it useful after us.
    pub(super) async fn revoke(&self) {
        let token = self.held.lock().await.token.take();
        let Some(token) = token else { return };
        let (key, secret) = (self.credentials.key.expose(), self.credentials.secret.expose());
        let request = RevokeToken { app_key: key, secret_key: secret, token: &token.secret };
        // Best effort: it also ends by itself.
        let _ = timeout(self.patience.answer, exchange(&self.client, &self.base, &request, None, None)).await;
    }

    /// Takes keys and token out of words that are going to be shown.
    pub(super) async fn redact(&self, text: &str) -> String {
        let text = self.credentials.secret.redact(&self.credentials.key.redact(text));
        match &self.held.lock().await.token {
            Some(token) => crate::venue::secret::Secret::new(token.secret.as_str()).redact(&text),
            None => text,
        }
    }
}

/// Whether a person has to change something before a token can be had.
pub(super) fn is_hopeless(error: &RestError) -> bool {
    match error {
        RestError::Refused(refusal) => refusal.remedy() == Remedy::Fix,
        _ => false,
    }
}
