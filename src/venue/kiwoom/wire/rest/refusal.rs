//! The broker says no: [`Refusal`], out of three layers.
//!
//! HTTP status (mostly 200 even so), `return_code` (a category: 2 input, 3 key or token, 5 too many, 20 business), and the code that
//! counts, within the message: `입력 값 오류입니다[1511:…]`, `[2000](RC4058:…)`, `… [CODE=8005, MESSAGE=…]`. Some servers put that code
//! into `return_code` itself, so both are looked at.

use std::fmt;

use super::causes::{self, CODES};
use crate::venue::kiwoom::wire::frame::{Reply, SystemCode};

/// Why the broker refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The request itself is wrong.
    BadRequest,
    /// More requests than are allowed.
    TooManyRequests,
    /// No such stock.
    UnknownSymbol,
    /// An error of the broker's own; of an order, nobody knows what became of it.
    BrokerFailed,
    /// The key.
    WrongKey,
    /// The token: expired, revoked, unknown.
    TokenInvalid,
    /// One token after the other was refused, though they had just been issued. The broker has no code for it.
    TokensRefused,
    /// Real and mock were mixed.
    WrongMode,
    /// The address of this computer.
    WrongAddress,
    /// The mock environment cannot do this.
    NotOnMock,
    /// The price lies between ticks.
    OffTick,
    /// The price lies beyond the day's limits.
    OutsideLimits,
    /// Cash does not suffice.
    TooLittleCash,
    /// Holdings do not suffice.
    TooFewShares,
    /// The market is closed.
    MarketClosed,
    /// This kind of order is not taken now.
    TypeNotNow,
    /// A price was needed.
    PriceMissing,
    /// No price was needed.
    PriceNotBlank,
    /// No such kind of order.
    BadOrderType,
    /// Amended or cancelled at another exchange than it was placed at.
    OtherExchange,
    /// Nothing is left to amend or cancel.
    NothingLeft,
    /// Trading is halted.
    Halted,
    /// The account may not trade this.
    NotEntitled,
    /// The account may not trade.
    AccountRestricted,
    /// There is nothing: a normal answer that comes as a refusal.
    NothingFound,
    /// WebSocket: something came before the login was accepted.
    NotLoggedIn,
    /// WebSocket: the condition is watched already.
    AlreadyWatched,
    /// WebSocket: the key logged in elsewhere.
    LoggedInElsewhere,
    /// WebSocket: closed by the broker.
    ConnectionClosed,
    /// Something else.
    Other,
}

/// What a program does about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Asks for a new token, then sends the request again (at most a few times: the token endpoint is limited as well).
    NewToken,
    /// Sends it again after a pause. It was not carried out.
    Later,
    /// Nothing: the answer is "none".
    Empty,
    /// Finds out what became of the order before anything else.
    AskWhatBecame,
    /// Could send less; see [`Refusal::available`].
    Reduce,
    /// A person has to change something; sending it again cannot help.
    Fix,
    /// This request will not be; others may.
    GiveUp,
}

/// The broker said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status; none on the WebSocket.
    pub status: Option<u16>,
    /// The category.
    pub return_code: Option<i64>,
    /// The code that counts: that of the message, else the category.
    pub code: String,
    /// The broker's words.
    pub message: String,
    /// What it comes to.
    pub cause: Cause,
}

const WORDS_MAX: usize = 200;

impl Refusal {
    /// From the answer to a request.
    pub fn new(status: Option<u16>, return_code: Option<i64>, message: &str) -> Refusal {
        let message = message.trim();
        let within = code_within(message);
        let top = return_code.map(|code| code.to_string());
        let known = |code: &str| CODES.iter().find(|row| row.0 == code).map(|row| row.1);
        let by_code = within.and_then(known).or_else(|| top.as_deref().and_then(known));
        // The categories also stand alone.
        let cause = by_code.unwrap_or(match (status, return_code) {
            (Some(429), _) | (_, Some(5)) => Cause::TooManyRequests,
            (Some(500..), _) => Cause::BrokerFailed,
            (Some(401), _) | (_, Some(3)) => Cause::TokenInvalid,
            (_, Some(2)) => Cause::BadRequest,
            _ => Cause::Other,
        });
        let code = within.map(str::to_owned).or(top).unwrap_or_else(|| status.map_or(String::new(), |status| status.to_string()));
        Refusal { status, return_code, code, message: message.chars().take(WORDS_MAX).collect(), cause }
    }

    /// From an HTTP status whose body is not the broker's.
    pub fn of_status(status: u16, text: &str) -> Refusal {
        Refusal::new(Some(status), None, text.lines().next().unwrap_or(""))
    }

    /// From an answer on the WebSocket.
    pub fn of_reply(reply: &Reply) -> Refusal {
        Refusal::new(None, Some(reply.code), &reply.message)
    }

    /// From a word about the connection.
    pub fn of_system(code: &SystemCode, text: &str) -> Refusal {
        let code = match code {
            SystemCode::LoggedInElsewhere => "R10001",
            SystemCode::HeartbeatMissing => "R10002",
            SystemCode::LoginMissing => "R10004",
            SystemCode::Other(code) => code,
        };
        let cause = CODES.iter().find(|row| row.0 == code).map_or(Cause::ConnectionClosed, |row| row.1);
        Refusal { status: None, return_code: None, code: code.to_owned(), message: text.chars().take(WORDS_MAX).collect(), cause }
    }

    /// The same refusal of a token, when another token does not help.
    #[must_use]
    pub(in crate::venue::kiwoom) fn of_tokens(self) -> Refusal {
        Refusal { cause: Cause::TokensRefused, ..self }
    }

    /// What a program does about it.
    pub fn remedy(&self) -> Remedy {
        causes::of(self.cause).remedy
    }

    /// How many shares could be bought or sold instead, where the broker says it: `… 12주 매수가능`.
    pub fn available(&self) -> Option<u64> {
        if !matches!(self.cause, Cause::TooLittleCash | Cause::TooFewShares) {
            return None;
        }
        let before = self.message.match_indices('주').find_map(|(at, _)| {
            let (before, after) = (&self.message[..at], &self.message[at..]);
            after.trim_start_matches('주').trim_start().starts_with("매").then_some(before)
        })?;
        let start = before.trim_end_matches(|digit: char| digit.is_ascii_digit() || digit == ',').len();
        before[start..].replace(',', "").parse().ok()
    }

    /// One line: what, why, what to do.
    pub fn english(&self) -> String {
        causes::of(self.cause).in_english("Kiwoom", &self.told())
    }

    /// 한 줄로: 무엇이, 왜, 어떻게.
    pub fn korean(&self) -> String {
        causes::of(self.cause).in_korean("키움", &self.told())
    }

    fn told(&self) -> String {
        format!("{}: {}", self.code, self.message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english())
    }
}

impl std::error::Error for Refusal {}

/// The code within a message.
fn code_within(message: &str) -> Option<&str> {
    let word = |text: &'_ str| text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    // `[CODE=8005, MESSAGE=…]`
    if let Some((_, rest)) = message.split_once("CODE=") {
        let rest = rest.trim_start();
        return Some(&rest[..word(rest)]).filter(|code| !code.is_empty());
    }
    // `[2000](RC4058:…)`, then `[1511:…]`
    for open in ["](", "["] {
        for (at, _) in message.match_indices(open) {
            let rest = &message[at + open.len()..];
            let end = word(rest);
            if end > 0 && rest[end..].starts_with(':') {
                return Some(&rest[..end]);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_layers_come_to_one_cause() {
        let cases: &[(u16, i64, &str, &str, Cause, Remedy)] = &[
            (
                200,
                2,
                "입력 값 오류입니다[1511:필수 입력 값에 값이 존재하지 않습니다. 필수입력 파라미터=stk_cd]",
                "1511",
                Cause::BadRequest,
                Remedy::GiveUp,
            ),
            (200, 2, "입력 값 오류입니다[8104:모의투자에서 지원하지 않는 API 입니다.]", "8104", Cause::NotOnMock, Remedy::GiveUp),
            (200, 3, "인증에 실패했습니다[8005:Token이 유효하지 않습니다]", "8005", Cause::TokenInvalid, Remedy::NewToken),
            (200, 3, "인증에 실패했습니다[8001:App Key와 Secret Key 검증에 실패했습니다]", "8001", Cause::WrongKey, Remedy::Fix),
            (200, 3, "인증에 실패했습니다[8031:투자구분 불일치]", "8031", Cause::WrongMode, Remedy::Fix),
            (
                429,
                5,
                "허용된 요청 개수를 초과하였습니다[1700:허용된 요청 개수를 초과하였습니다. API ID=ka10081]",
                "1700",
                Cause::TooManyRequests,
                Remedy::Later,
            ),
            (200, 20, "[2000](RC4058:모의투자 장종료)", "RC4058", Cause::MarketClosed, Remedy::GiveUp),
            (200, 2000, "[2000](571557:호가단위)", "571557", Cause::OffTick, Remedy::Fix),
            (200, 20, "[2000](571758:미체결 내역이 없습니다)", "571758", Cause::NothingFound, Remedy::Empty),
            (200, 8005, "Token이 유효하지 않습니다", "8005", Cause::TokenInvalid, Remedy::NewToken),
            (200, 1902, "종목 정보가 없습니다", "1902", Cause::UnknownSymbol, Remedy::Fix),
            (200, 3, "인증에 실패했습니다", "3", Cause::TokenInvalid, Remedy::NewToken),
            (503, 0, "", "0", Cause::BrokerFailed, Remedy::AskWhatBecame),
            (200, 20, "[2000](999999:새 코드)", "999999", Cause::Other, Remedy::GiveUp),
        ];
        for (status, return_code, message, code, cause, remedy) in cases {
            let refusal = Refusal::new(Some(*status), Some(*return_code), message);
            assert_eq!((refusal.code.as_str(), refusal.cause, refusal.remedy()), (*code, *cause, *remedy), "{message}");
            assert!(refusal.english().contains(code) && refusal.korean().contains(message));
        }
        let login = Reply {
            code: 805_004, message: "… 접속을 종료합니다 [CODE=8005, MESSAGE=Token이 유효하지 않습니다]".into()
        };
        assert_eq!((Refusal::of_reply(&login).code.as_str(), Refusal::of_reply(&login).cause), ("8005", Cause::TokenInvalid));
        let early = Reply { code: 100_013, message: "로그인 인증이 들어오기 전에".into() };
        assert_eq!(Refusal::of_reply(&early).cause, Cause::NotLoggedIn);
        assert_eq!(Refusal::of_system(&SystemCode::LoggedInElsewhere, "동일한 App key").remedy(), Remedy::Fix);
        assert_eq!(Refusal::of_status(502, "<html>\nBad gateway").cause, Cause::BrokerFailed);
    }

    #[test]
    fn what_could_be_ordered_instead_is_read() {
        let available = |code: i64, message: &str| Refusal::new(Some(200), Some(code), message).available();
        assert_eq!(available(20, "[2000](800033:매도가능수량이 부족합니다. 0주 매도가능)"), Some(0));
        assert_eq!(available(20, "[2000](855056:매수증거금이 부족합니다. 1,234주 매수가능)"), Some(1_234));
        assert_eq!(available(20, "[2000](RC4025:모의투자 매수증거금이 부족합니다.)"), None);
        assert_eq!(available(20, "[2000](571557:12주 매수가능)"), None);
        assert_eq!(available(20, "[2000](855056:주 매수가능)"), None);
    }

    #[test]
    fn a_line_says_what_why_and_what_to_do() {
        let refusal = Refusal::new(Some(200), Some(20), "[2000](RC4003:모의투자 호가단위 오류입니다.)");
        assert_eq!(
            refusal.to_string(),
            "Kiwoom: the price does not lie on a tick (RC4003: [2000](RC4003:모의투자 호가단위 오류입니다.)). To do: use a price that is a multiple of the tick at that price"
        );
        assert!(refusal.korean().starts_with("키움: 호가 단위에 맞지 않는 가격입니다 (RC4003: "), "{}", refusal.korean());
        for (code, cause) in CODES {
            let words = causes::of(*cause);
            assert!(!words.english.is_empty() && !words.korean_do.is_empty(), "{code}");
            assert_eq!(CODES.iter().filter(|row| row.0 == *code).count(), 1, "{code} stands twice");
        }
    }
}
