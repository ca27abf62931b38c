//! The venue says no: [`Refusal`].
//!
//! `{"error":{"name":…,"message":…}}`, where the name is a string on exchange calls and the HTTP status on quotation calls; a
//! flat
//! `{"name":…}` was seen as well. What counts is the name, not whether the status is 401 or 403.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::causes::{self, NAMES};

/// Why the venue refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The request itself is wrong.
    BadRequest,
    /// The order as a whole makes no sense (a price with a market order …).
    BadOrder,
    /// Too little money, or too few coins.
    TooLittle,
    /// Below the smallest order.
    BelowMinimum,
    /// Above the largest order.
    AboveMaximum,
    /// The price is off the tick, or out of range.
    BadPrice,
    /// The signature does not fit.
    BadSignature,
    /// The nonce was used before.
    NonceUsed,
    /// The key is unknown or has expired.
    WrongKey,
    /// The address of this computer is not allowed for the key.
    WrongAddress,
    /// The key may not do this.
    OutOfScope,
    /// The account's owner has to agree to something first.
    NotEntitled,
    /// No such order.
    OrderNotFound,
    /// Our own id was used before; the order of then stands, and nothing was placed now.
    IdentifierUsed,
    /// No such market.
    UnknownMarket,
    /// More requests than are allowed (429). It was not carried out.
    TooManyRequests,
    /// Blocked for going on after that (418). It was not carried out.
    Blocked,
    /// An error of the venue's own; of an order, nobody knows what became of it.
    VenueFailed,
    /// Something else.
    Other,
}

/// What a program does about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Signs anew and sends it again, a few times at most. It was not carried out.
    SignAgain,
    /// Sends it again after a pause. It was not carried out.
    Later,
    /// Sends nothing at all until the block is over.
    StopAll,
    /// Finds out what became of the order before anything else.
    AskWhatBecame,
    /// Could send less.
    Reduce,
    /// A person has to change something; sending it again cannot help.
    Fix,
    /// This request will not be; others may.
    GiveUp,
}

/// The venue said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The venue's name of it; the status where it gave none.
    pub name: String,
    /// Its words, cut to 200 characters.
    pub message: String,
    /// What it comes to.
    pub cause: Cause,
}

const WORDS_MAX: usize = 200;

impl Refusal {
    /// From the status and the body of an answer. A body that is not the venue's (a proxy's page) leaves only the status.
    pub fn new(status: u16, body: &str) -> Refusal {
        #[derive(Default, Deserialize)]
        struct Inner<'a> {
            #[serde(borrow, default)]
            name: Option<&'a RawValue>,
            #[serde(borrow, default)]
            message: Option<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Outer<'a> {
            #[serde(borrow)]
            error: Inner<'a>,
        }
        let is_object = body.trim_start().starts_with('{');
        let inner: Option<Inner<'_>> = is_object
            .then(|| {
                serde_json::from_str::<Outer<'_>>(body).map(|outer| outer.error).or_else(|_| serde_json::from_str(body)).ok()
            })
            .flatten();
        let short = |text: String| text.trim().chars().take(WORDS_MAX).collect::<String>();
        let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
        let (name, message) = match &inner {
            Some(inner) => (inner.name.map(text), inner.message.map(text).unwrap_or_default()),
            None => (None, body.lines().next().unwrap_or("").to_owned()),
        };
        let name = short(name.filter(|name| !name.is_empty()).unwrap_or_else(|| status.to_string()));
        let message = short(message);
        let cause = cause_of(status, &name, &message);
        Refusal { status, name, message, cause }
    }

    /// What a program does about it.
    pub fn remedy(&self) -> Remedy {
        causes::of(self.cause).remedy
    }

    /// One line: what, why, what to do.
    pub fn english(&self) -> String {
        causes::of(self.cause).in_english("Upbit", &self.told())
    }

    /// 한 줄로: 무엇이, 왜, 어떻게.
    pub fn korean(&self) -> String {
        causes::of(self.cause).in_korean("업비트", &self.told())
    }

    fn told(&self) -> String {
        let Refusal { status, name, message, .. } = self;
        let separator = if message.is_empty() { "" } else { ": " };
        format!("HTTP {status} {name}{separator}{message}")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english())
    }
}

impl std::error::Error for Refusal {}

fn cause_of(status: u16, name: &str, message: &str) -> Cause {
    // A repeated identifier has no name of its own that is documented; the words name the field.
    if name == "validation_error" && message.contains("identifier") {
        return Cause::IdentifierUsed;
    }
    if let Some((_, cause)) = NAMES.iter().find(|(known, _)| *known == name) {
        return *cause;
    }
    match status {
        429 => Cause::TooManyRequests,
        418 => Cause::Blocked,
        404 => Cause::UnknownMarket,
        401 => Cause::BadSignature,
        403 => Cause::OutOfScope,
        400 => Cause::BadRequest,
        500.. => Cause::VenueFailed,
        _ => Cause::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_and_name_has_its_cause() {
        let error = |name: &str| format!(r#"{{"error":{{"name":"{name}","message":"왜"}}}}"#);
        for (status, body, name, cause, remedy) in [
            (400, error("insufficient_funds_bid"), "insufficient_funds_bid", Cause::TooLittle, Remedy::Reduce),
            (400, error("under_min_total_ask"), "under_min_total_ask", Cause::BelowMinimum, Remedy::Fix),
            (400, error("invalid_price_bid"), "invalid_price_bid", Cause::BadPrice, Remedy::Fix),
            (400, error("create_ask_error"), "create_ask_error", Cause::BadOrder, Remedy::Fix),
            (401, error("nonce_used"), "nonce_used", Cause::NonceUsed, Remedy::SignAgain),
            (401, error("no_authorization_i_p"), "no_authorization_i_p", Cause::WrongAddress, Remedy::Fix),
            (401, error("something_new"), "something_new", Cause::BadSignature, Remedy::Fix),
            (403, error("out_of_scope"), "out_of_scope", Cause::OutOfScope, Remedy::Fix),
            (404, error("order_not_found"), "order_not_found", Cause::OrderNotFound, Remedy::GiveUp),
            // Quotation calls name the status.
            (400, r#"{"error":{"name":400,"message":"m"}}"#.into(), "400", Cause::BadRequest, Remedy::GiveUp),
            (404, r#"{"error":{"name":404,"message":"Code not found"}}"#.into(), "404", Cause::UnknownMarket, Remedy::Fix),
            (429, r#"{"name":"too_many_requests"}"#.into(), "too_many_requests", Cause::TooManyRequests, Remedy::Later),
            (429, "Too many API requests.".into(), "429", Cause::TooManyRequests, Remedy::Later),
            (418, r#"{"error":{"name":418,"message":"blocked for 60 s"}}"#.into(), "418", Cause::Blocked, Remedy::StopAll),
            (502, "<html>\nbad gateway".into(), "502", Cause::VenueFailed, Remedy::AskWhatBecame),
            (503, "[1]".into(), "503", Cause::VenueFailed, Remedy::AskWhatBecame),
            (400, "{".into(), "400", Cause::BadRequest, Remedy::GiveUp),
            (302, String::new(), "302", Cause::Other, Remedy::GiveUp),
        ] {
            let refusal = Refusal::new(status, &body);
            assert_eq!((refusal.name.as_str(), refusal.cause, refusal.remedy()), (name, cause, remedy), "{body}");
            assert!(refusal.english().contains(name) && refusal.korean().contains(name), "{refusal}");
        }
        let used = r#"{"error":{"name":"validation_error","message":"identifier has already been used"}}"#;
        assert_eq!(Refusal::new(400, used).remedy(), Remedy::AskWhatBecame);
    }

    #[test]
    fn a_line_says_what_why_and_what_to_do() {
        let refusal =
            Refusal::new(400, r#"{"error":{"name":"under_min_total_bid","message":"최소주문금액 이상으로 주문해주세요"}}"#);
        let told = "HTTP 400 under_min_total_bid: 최소주문금액 이상으로 주문해주세요";
        assert_eq!(
            refusal.to_string(),
            format!(
                "Upbit: the order is below the smallest one ({told}). To do: order at least 5,000 KRW (0.00005 BTC, 0.5 USDT)"
            )
        );
        assert!(
            refusal.korean().starts_with(&format!("업비트: 최소 주문 금액보다 작습니다 ({told}). 조치: ")),
            "{}",
            refusal.korean()
        );
        for (name, cause) in NAMES {
            let words = causes::of(*cause);
            assert!(!words.english.is_empty() && !words.korean_do.is_empty(), "{name}");
            assert_eq!(NAMES.iter().filter(|row| row.0 == *name).count(), 1, "{name} stands twice");
        }
    }
}
