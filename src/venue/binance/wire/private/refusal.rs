//! The venue says no: [`Refusal`], why ([`Cause`]), and above all what it means for an order ([`Fate`]).
//!
//! Codes are those of the spot document `errors.md` and, from −2018 on and below −4000, of the futures' error page.

use std::fmt;

use crate::venue::binance::wire::rest::error;

/// What a refusal proves of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It certainly was not carried out.
    NotDone,
    /// What was asked for is so already.
    Done,
    /// It may or may not have been carried out: the venue is asked, and nothing is sent again.
    Unknown,
}

/// Why the venue refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The venue failed, or does not know itself.
    VenueFailed,
    /// The key: unknown, without permission, or not from this address.
    WrongKey,
    /// The signature.
    WrongSignature,
    /// The timestamp.
    WrongTime,
    /// Too many requests, or banned for going on.
    TooManyRequests,
    /// Too many orders in a span, or open.
    TooManyOrders,
    /// The venue's firewall.
    Blocked,
    /// A filter of the symbol: price, lot, notional, percent.
    Filter,
    /// A parameter.
    BadRequest,
    /// No such symbol.
    UnknownSymbol,
    /// Too little of an asset, or of margin.
    TooLittle,
    /// Post-only, and it would have taken.
    WouldTake,
    /// Fill-or-kill, and not all of it could be filled; or nothing to fill it with.
    NotFilled,
    /// Reduce-only, and it would not have reduced.
    ReduceOnly,
    /// The market is closed, or the symbol not trading.
    MarketClosed,
    /// An open order bears this name already.
    Duplicate,
    /// The venue does not know the order, or it is no longer open.
    UnknownOrder,
    /// The order ended long ago and is in the archive.
    Archived,
    /// A cancel-replace failed, in part or as a whole.
    NotReplaced,
    /// The account is in hedge mode, or a setting does not fit the position.
    PositionMode,
    /// It is so already.
    AlreadySo,
    /// The listen key is gone.
    ListenKeyGone,
    /// Something else.
    Other,
}

/// The venue said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status (or that of the WebSocket API, which is the same).
    pub status: u16,
    /// The venue's number; 0 when it gave none.
    pub code: i64,
    /// Its words, shortened.
    pub message: String,
    /// What it comes to.
    pub cause: Cause,
    /// What it proves of the request.
    pub fate: Fate,
}

const WORDS_MAX: usize = 200;

impl Refusal {
    /// From an answer that is not a success.
    pub fn of(status: u16, body: &[u8]) -> Refusal {
        let told = error(body);
        let (code, message) = told.map_or((0, String::new()), |told| (told.code, told.msg));
        Refusal::new(status, code, &message)
    }

    /// From its parts.
    pub fn new(status: u16, code: i64, message: &str) -> Refusal {
        let message: String = message.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        let cause = cause(status, code, &message);
        Refusal { status, code, cause, fate: fate(status, code, cause), message }
    }

    /// One line: what, why, what to do.
    pub fn english(&self) -> String {
        let Words { english, .. } = words(self.cause);
        format!("Binance: {english} ({}: {})", self.number(), self.message)
    }

    /// 한 줄로: 무엇이, 왜, 어떻게.
    pub fn korean(&self) -> String {
        let Words { korean, .. } = words(self.cause);
        format!("바이낸스: {korean} ({}: {})", self.number(), self.message)
    }

    fn number(&self) -> String {
        if self.code == 0 { format!("HTTP {}", self.status) } else { self.code.to_string() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.english(), self.korean())
    }
}

impl std::error::Error for Refusal {}

fn fate(status: u16, code: i64, cause: Cause) -> Fate {
    match cause {
        Cause::AlreadySo => Fate::Done,
        // An order with our name is open: it can only be the one we asked for.
        Cause::VenueFailed | Cause::Duplicate => Fate::Unknown,
        Cause::NotReplaced if code == -2021 || status == 409 => Fate::Unknown,
        _ if (400..500).contains(&status) => Fate::NotDone,
        // Also an answer that is neither a success nor a refusal: a redirect, a proxy's page.
        _ => Fate::Unknown,
    }
}

fn cause(status: u16, code: i64, message: &str) -> Cause {
    let says = |text: &str| message.contains(text);
    match code {
        0 => by_status(status),
        -1000 | -1001 | -1006 | -1007 | -1008 => Cause::VenueFailed,
        -1002 | -2014 | -2015 => Cause::WrongKey,
        -1022 => Cause::WrongSignature,
        -1021 | -5028 => Cause::WrongTime,
        -1003 => Cause::TooManyRequests,
        -1015 | -2025 => Cause::TooManyOrders,
        -1013 | -4005..=-4001 | -4014 | -4016 | -4023 | -4024 | -4131 | -4164 => Cause::Filter,
        -1121 => Cause::UnknownSymbol,
        -1125 => Cause::ListenKeyGone,
        -1199..=-1100 | -4015 | -4120 => Cause::BadRequest,
        -2010 if says("Duplicate order") => Cause::Duplicate,
        -4116 => Cause::Duplicate,
        -2010 if says("insufficient balance") => Cause::TooLittle,
        -2010 if says("immediately match") => Cause::WouldTake,
        -2010 if says("Market is closed") => Cause::MarketClosed,
        -2011 | -2013 => Cause::UnknownOrder,
        -2026 => Cause::Archived,
        // −2021 and −2022 are one thing on spot and another on futures, and so are their words.
        -2021 if says("trigger") => Cause::Filter,
        -2022 if says("ReduceOnly") => Cause::ReduceOnly,
        -2021 | -2022 => Cause::NotReplaced,
        -2018 | -2019 | -2024 => Cause::TooLittle,
        -2020 | -5021 => Cause::NotFilled,
        -5022 => Cause::WouldTake,
        -4061 | -2027 => Cause::PositionMode,
        -4046 | -4059 | -5027 => Cause::AlreadySo,
        _ => match by_status(status) {
            Cause::BadRequest => Cause::Other,
            cause => cause,
        },
    }
}

fn by_status(status: u16) -> Cause {
    match status {
        401 => Cause::WrongKey,
        403 => Cause::Blocked,
        409 => Cause::NotReplaced,
        418 | 429 => Cause::TooManyRequests,
        400..=499 => Cause::BadRequest,
        _ => Cause::VenueFailed,
    }
}

struct Words {
    english: &'static str,
    korean: &'static str,
}

const fn words(cause: Cause) -> Words {
    let (english, korean) = match cause {
        Cause::VenueFailed => {
            ("failed and does not say what became of it; it is asked", "거래소 오류로 결과를 모릅니다. 조회로 확인합니다")
        }
        Cause::WrongKey => (
            "does not accept the key: check the key, its permissions and its list of addresses",
            "API 키가 거부되었습니다. 키, 권한, 허용 IP를 확인하십시오",
        ),
        Cause::WrongSignature => {
            ("does not accept the signature: check the secret key", "서명이 거부되었습니다. 시크릿 키를 확인하십시오")
        }
        Cause::WrongTime => (
            "finds the timestamp outside its window: check this computer's clock",
            "요청 시각이 허용 범위 밖입니다. 컴퓨터 시계를 확인하십시오",
        ),
        Cause::TooManyRequests => ("takes no requests for a while: there were too many", "요청이 너무 많아 잠시 제한되었습니다"),
        Cause::TooManyOrders => ("has too many orders of ours: send fewer", "주문 수 한도를 넘었습니다. 주문을 줄이십시오"),
        Cause::Blocked => {
            ("blocks this address (firewall): ask its support", "방화벽이 이 주소를 막았습니다. 거래소에 문의하십시오")
        }
        Cause::Filter => ("has rules for price and quantity that the order breaks", "가격 또는 수량이 거래 규칙에 맞지 않습니다"),
        Cause::BadRequest => ("does not understand the request", "요청 형식이 잘못되었습니다"),
        Cause::UnknownSymbol => ("does not know the symbol", "없는 종목입니다"),
        Cause::TooLittle => ("finds too little balance or margin", "잔고 또는 증거금이 부족합니다"),
        Cause::WouldTake => {
            ("refuses a post-only order that would take", "즉시 체결될 지정가(post-only) 주문이라 거부되었습니다")
        }
        Cause::NotFilled => ("could not fill it at once", "즉시 체결할 수량이 부족합니다"),
        Cause::ReduceOnly => {
            ("refuses a reduce-only order that would not reduce", "포지션을 줄이지 않는 reduce-only 주문이라 거부되었습니다")
        }
        Cause::MarketClosed => ("does not trade the symbol now", "지금은 거래할 수 없는 종목입니다"),
        Cause::Duplicate => ("has an open order of this name", "같은 주문 번호의 주문이 이미 있습니다"),
        Cause::UnknownOrder => ("has no such open order", "해당 주문이 없습니다"),
        Cause::Archived => ("has the order in its archive only", "오래되어 보관된 주문입니다"),
        Cause::NotReplaced => ("did not replace the order", "정정(취소 후 재주문)이 되지 않았습니다"),
        Cause::PositionMode => (
            "has another position mode or leverage: use one-way mode",
            "포지션 모드 또는 레버리지가 맞지 않습니다. 단방향 모드를 사용하십시오",
        ),
        Cause::AlreadySo => ("says it is so already", "이미 그 상태입니다"),
        Cause::ListenKeyGone => ("does not know the listen key; a new one is made", "리슨 키가 만료되어 새로 만듭니다"),
        Cause::Other => ("refuses", "거부되었습니다"),
    };
    Words { english, korean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_fact_sheet_has_its_cause_and_fate() {
        use Cause as C;
        use Fate as F;
        let rows: &[(u16, i64, &str, Cause, Fate)] = &[
            (400, -1000, "An unknown error occurred while processing the request.", C::VenueFailed, F::Unknown),
            (500, -1001, "Internal error; unable to process your request. Please try again.", C::VenueFailed, F::Unknown),
            (400, -1006, "An unexpected response was received from the message bus.", C::VenueFailed, F::Unknown),
            (408, -1007, "Timeout waiting for response from backend server.", C::VenueFailed, F::Unknown),
            (503, -1008, "Server is currently overloaded with other requests.", C::VenueFailed, F::Unknown),
            (401, -1002, "You are not authorized to execute this request.", C::WrongKey, F::NotDone),
            (401, -2014, "API-key format invalid.", C::WrongKey, F::NotDone),
            (401, -2015, "Invalid API-key, IP, or permissions for action.", C::WrongKey, F::NotDone),
            (429, -1003, "Too much request weight used.", C::TooManyRequests, F::NotDone),
            (418, -1003, "Way too much request weight used; IP banned until 1.", C::TooManyRequests, F::NotDone),
            (400, -1013, "Filter failure: LOT_SIZE", C::Filter, F::NotDone),
            (429, -1015, "Too many new orders.", C::TooManyOrders, F::NotDone),
            (400, -1021, "Timestamp for this request is outside of the recvWindow.", C::WrongTime, F::NotDone),
            (400, -1022, "Signature for this request is not valid.", C::WrongSignature, F::NotDone),
            (400, -1100, "Illegal characters found in a parameter.", C::BadRequest, F::NotDone),
            (400, -1102, "Mandatory parameter was not sent.", C::BadRequest, F::NotDone),
            (400, -1111, "Precision is over the maximum defined for this asset.", C::BadRequest, F::NotDone),
            (400, -1121, "Invalid symbol.", C::UnknownSymbol, F::NotDone),
            (400, -1125, "This listenKey does not exist.", C::ListenKeyGone, F::NotDone),
            (400, -2010, "Account has insufficient balance for requested action.", C::TooLittle, F::NotDone),
            (400, -2010, "Duplicate order sent.", C::Duplicate, F::Unknown),
            (400, -2010, "Order would immediately match and take.", C::WouldTake, F::NotDone),
            (400, -2010, "Market is closed.", C::MarketClosed, F::NotDone),
            (400, -2010, "Order would trigger immediately.", C::Other, F::NotDone),
            (400, -2011, "Unknown order sent.", C::UnknownOrder, F::NotDone),
            (400, -2013, "Order does not exist.", C::UnknownOrder, F::NotDone),
            (409, -2021, "Order cancel-replace partially failed.", C::NotReplaced, F::Unknown),
            (400, -2022, "Order cancel-replace failed.", C::NotReplaced, F::NotDone),
            (400, -2026, "Order was canceled or expired with no executed qty over 90 days ago.", C::Archived, F::NotDone),
            (400, -2018, "Balance is insufficient.", C::TooLittle, F::NotDone),
            (400, -2019, "Margin is insufficient.", C::TooLittle, F::NotDone),
            (400, -2020, "Unable to fill.", C::NotFilled, F::NotDone),
            (400, -2021, "Order would immediately trigger.", C::Filter, F::NotDone),
            (400, -2022, "ReduceOnly Order is rejected.", C::ReduceOnly, F::NotDone),
            (400, -2024, "Position is not sufficient.", C::TooLittle, F::NotDone),
            (400, -2025, "Reach max open order limit.", C::TooManyOrders, F::NotDone),
            (400, -4014, "Price not increased by tick size.", C::Filter, F::NotDone),
            (400, -4023, "Qty not increased by step size.", C::Filter, F::NotDone),
            (400, -4046, "No need to change margin type.", C::AlreadySo, F::Done),
            (400, -4059, "No need to change position side.", C::AlreadySo, F::Done),
            (400, -4061, "Order's position side does not match user's setting.", C::PositionMode, F::NotDone),
            (400, -4116, "ClientOrderId is duplicated.", C::Duplicate, F::Unknown),
            (400, -4120, "Order type not supported for this endpoint.", C::BadRequest, F::NotDone),
            (400, -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.", C::Filter, F::NotDone),
            (400, -4164, "Order's notional must be no smaller than 5.0.", C::Filter, F::NotDone),
            (
                400,
                -5021,
                "Due to the order could not be filled immediately, the FOK order has been rejected.",
                C::NotFilled,
                F::NotDone,
            ),
            (
                400,
                -5022,
                "Due to the order could not be executed as maker, the Post Only order will be rejected.",
                C::WouldTake,
                F::NotDone,
            ),
            (400, -5027, "No need to modify the order.", C::AlreadySo, F::Done),
            (400, -5028, "Timestamp for this request is outside of the ME recvWindow.", C::WrongTime, F::NotDone),
            (403, 0, "", C::Blocked, F::NotDone),
            (502, 0, "", C::VenueFailed, F::Unknown),
            (302, 0, "", C::VenueFailed, F::Unknown),
            (504, -9999, "new", C::VenueFailed, F::Unknown),
            (400, -9999, "new", C::Other, F::NotDone),
        ];
        for (status, code, message, cause, fate) in rows {
            let body = format!(r#"{{"code":{code},"msg":"{message}"}}"#);
            let body = if *code == 0 { "<html>" } else { &body };
            let refusal = Refusal::of(*status, body.as_bytes());
            assert_eq!((refusal.cause, refusal.fate), (*cause, *fate), "{status} {code} {message}");
            assert!(refusal.english().starts_with("Binance: ") && refusal.korean().starts_with("바이낸스: "));
        }
    }
}
