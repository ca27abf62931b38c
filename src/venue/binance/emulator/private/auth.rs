//! Who asks: key, timestamp and signature of a request, checked in the venue's order.

use std::collections::BTreeMap;

use axum::http::StatusCode;

use super::Accounts;
use super::refusal::Refused;

/// The longest receive window.
const WINDOW_MAX: i64 = 60_000;

impl Accounts {
    /// Which account a key is of.
    pub(super) fn account_of(&self, key: Option<&str>) -> Result<usize, Refused> {
        let key = key.filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| Refused::new(-2014, "API-key format invalid.").with_status(StatusCode::UNAUTHORIZED))?;
        let place = self.signers.iter().position(|signer| signer.key().expose() == key);
        place.ok_or_else(|| {
            Refused::new(-2015, "Invalid API-key, IP, or permissions for action.").with_status(StatusCode::UNAUTHORIZED)
        })
    }

    /// Whether a timestamp is inside its window: less than a second ahead, and no older than the window.
    pub(super) fn check_time(&self, parameters: &BTreeMap<String, String>) -> Result<(), Refused> {
        let missing = || Refused::new(-1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.");
        let timestamp: i64 = parameters.get("timestamp").and_then(|text| text.parse().ok()).ok_or_else(missing)?;
        let window: i64 = parameters.get("recvWindow").map_or(Some(5_000), |text| text.parse().ok()).ok_or_else(missing)?;
        let now = self.now_ms();
        if !(1..=WINDOW_MAX).contains(&window) {
            return Err(Refused::new(-1131, "recvWindow must be less than 60000."));
        }
        if timestamp >= now + 1_000 {
            return Err(Refused::new(-1021, "Timestamp for this request was 1000ms ahead of the server's time."));
        }
        if now - timestamp > window {
            return Err(Refused::new(-1021, "Timestamp for this request is outside of the recvWindow."));
        }
        Ok(())
    }

    /// Whether a payload is signed as its account would sign it.
    pub(super) fn check_signature(&self, account: usize, payload: &str, signature: &str) -> Result<(), Refused> {
        let expected = self.signers[account].sign(payload);
        // Hex may be of either case, base64 may not.
        let is_hex = expected.len() == 64 && expected.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_right = if is_hex { expected.eq_ignore_ascii_case(signature) } else { expected == signature };
        if is_right { Ok(()) } else { Err(Refused::new(-1022, "Signature for this request is not valid.")) }
    }
}
