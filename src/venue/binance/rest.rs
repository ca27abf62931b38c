//! The public part of the REST interface: [`Rest`]. No key, no signature.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, StatusCode};

use super::config::BinanceConfig;
use super::wire::FRAME_BYTES_MAX;
use super::wire::rest::error;
use crate::market::Venue;
use crate::venue::wire_error::WireError;

/// Longest pause a 429 or 418 may ask for; bans last up to three days, and a human should know of those.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_secs(3 * 24 * 3_600);

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// Too many requests (429), or banned for going on (418).
    #[error("HTTP {status}: too many requests; pause {}s", retry_after.as_secs())]
    Limited {
        /// 429 or 418.
        status: u16,
        /// How long to pause.
        retry_after: Duration,
    },
    /// The venue refused.
    #[error("HTTP {status}: {code} {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The venue's number of the error; 0 when it gave none.
        code: i64,
        /// Its words.
        message: String,
    },
    /// No answer: no connection, a timeout, a cut.
    #[error("no answer: {0}")]
    Transport(String),
    /// An answer that cannot be read.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// A client of the public REST interface.
#[derive(Clone, Debug)]
pub struct Rest {
    client: Client,
    /// Root and version: `https://api.binance.com/api/v3`.
    base: String,
    venue: Venue,
    levels: u32,
}

impl Rest {
    /// A client for these settings, which are checked.
    ///
    /// # Errors
    /// When the client cannot be made (no TLS roots).
    pub fn new(config: &BinanceConfig) -> Result<Self, RestError> {
        let client = Client::builder()
            .timeout(config.patience.connect)
            .connect_timeout(config.patience.connect)
            // A redirect could lead from the checked host to another one.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| transport(&error))?;
        let version = if config.venue == Venue::BinanceUsdM { "/fapi/v1" } else { "/api/v3" };
        let base = format!("{}{version}", config.rest_url.trim_end_matches('/'));
        Ok(Rest { client, base, venue: config.venue, levels: config.snapshot_levels })
    }

    /// `exchangeInfo`: of these symbols on spot, of all on futures, which cannot choose.
    ///
    /// # Errors
    /// When there is no good answer.
    pub async fn exchange_info(&self, symbols: &[&str]) -> Result<Vec<u8>, RestError> {
        if self.venue == Venue::BinanceUsdM {
            return self.get("/exchangeInfo", &[]).await;
        }
        let quoted: Vec<String> = symbols.iter().map(|symbol| format!("\"{}\"", symbol.to_uppercase())).collect();
        self.get("/exchangeInfo", &[("symbols", &format!("[{}]", quoted.join(",")))]).await
    }

    /// A depth snapshot.
    ///
    /// # Errors
    /// When there is no good answer.
    pub async fn depth(&self, symbol: &str) -> Result<Vec<u8>, RestError> {
        self.get("/depth", &[("symbol", &symbol.to_uppercase()), ("limit", &self.levels.to_string())]).await
    }

    /// What was traded of every symbol in 24 hours. Weight 80 on spot, 40 on futures.
    ///
    /// # Errors
    /// When there is no good answer.
    pub async fn day_tickers(&self) -> Result<Vec<u8>, RestError> {
        // Spot has a short form, a third as long.
        let short: &[(&str, &str)] = if self.venue == Venue::BinanceSpot { &[("type", "MINI")] } else { &[] };
        self.get("/ticker/24hr", short).await
    }

    /// The venue's clock.
    ///
    /// # Errors
    /// When there is no good answer.
    pub async fn time(&self) -> Result<jangbu_journal::Nanos, RestError> {
        Ok(super::wire::rest::time(&self.get("/time", &[]).await?)?)
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, RestError> {
        let request = self.client.get(format!("{}{path}", self.base)).query(query);
        let mut response = request.send().await.map_err(|error| transport(&error))?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::IM_A_TEAPOT {
            let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            // Without the header: a minute, the length of the venue's window.
            let retry_after = Duration::from_secs(seconds.unwrap_or(60)).min(RETRY_AFTER_MAX);
            return Err(RestError::Limited { status: status.as_u16(), retry_after });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
            if body.len() + chunk.len() > FRAME_BYTES_MAX {
                return Err(WireError::TooLarge { bytes: body.len() + chunk.len(), max: FRAME_BYTES_MAX }.into());
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            let told = error(&body);
            let (code, message) = told.map_or((0, String::new()), |told| (told.code, told.msg.chars().take(200).collect()));
            return Err(RestError::Refused { status: status.as_u16(), code, message });
        }
        Ok(body)
    }
}

/// The words of an error and of its causes, without the URL.
pub(super) fn transport(error: &reqwest::Error) -> RestError {
    let mut text = String::from(if error.is_timeout() { "timeout" } else { "connection" });
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    RestError::Transport(text)
}
