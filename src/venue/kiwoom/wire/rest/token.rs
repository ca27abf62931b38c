//! Tokens: au10001 issues one for a key, au10002 ends it. Both carry secrets: their bodies are for the socket alone, and none of these
//! types shows them.

use std::fmt;

use jangbu_journal::Nanos;
use serde::Serialize;

use super::{Request, Tr, written};
use crate::venue::kiwoom::wire::field::Object;
use crate::venue::wire_error::WireError;

/// au10001: a token for a key.
pub struct IssueToken<'a> {
    /// The app key.
    pub app_key: &'a str,
    /// The secret key.
    pub secret_key: &'a str,
}

impl fmt::Debug for IssueToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssueToken")
    }
}

/// A token, and until when it holds. Asked for again while it holds, the broker gives the same one.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// For the header `authorization` and for LOGIN. A secret.
    pub secret: String,
    /// When it expires.
    pub expires: Nanos,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token until {}", self.expires)
    }
}

impl Request for IssueToken<'_> {
    type Answer = Token;

    fn tr(&self) -> Tr {
        Tr::IssueToken
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            grant_type: &'static str,
            appkey: &'a str,
            secretkey: &'a str,
        }
        written(&Body { grant_type: "client_credentials", appkey: self.app_key, secretkey: self.secret_key })
    }

    fn read(body: &str) -> Result<Token, WireError> {
        const WHAT: &str = "a token (au10001)";
        // An error would show the beginning of the text, and that may be the token.
        let hidden = |_| WireError::field(WHAT, "{}", "(not shown: it may hold a token)", "a token with its expiry");
        let fields = Object::parse(WHAT, body).map_err(hidden)?;
        let secret: String = fields.value("token", "token").map_err(hidden)?;
        if secret.is_empty() {
            return Err(WireError::Missing { what: WHAT, field: "token", expected: "a token" });
        }
        let expires: Option<Nanos> = fields.value("expires_dt", "expires_dt").map_err(hidden)?;
        let missing = WireError::Missing { what: WHAT, field: "expires_dt", expected: "when it expires, YYYYMMDDHHMMSS" };
        Ok(Token { secret, expires: expires.ok_or(missing)? })
    }
}

/// au10002: ends a token.
pub struct RevokeToken<'a> {
    /// The app key.
    pub app_key: &'a str,
    /// The secret key.
    pub secret_key: &'a str,
    /// The token.
    pub token: &'a str,
}

impl fmt::Debug for RevokeToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevokeToken")
    }
}

impl Request for RevokeToken<'_> {
    type Answer = ();

    fn tr(&self) -> Tr {
        Tr::RevokeToken
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            appkey: &'a str,
            secretkey: &'a str,
            token: &'a str,
        }
        written(&Body { appkey: self.app_key, secretkey: self.secret_key, token: self.token })
    }

    fn read(_: &str) -> Result<(), WireError> {
        Ok(())
    }
}
