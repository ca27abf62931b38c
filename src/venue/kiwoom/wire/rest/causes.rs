//! Codes of the broker and what they come to: one table of codes, one of words in English and Korean.
//!
//! Codes are those of the official list ("오류코드") and, for orders, those seen on the wire; the fact sheet names a source for each.

use super::refusal::{Cause, Remedy};

/// Code within a message, or of the WebSocket; and the cause.
pub(super) const CODES: &[(&str, Cause)] = &[
    ("1501", Cause::BadRequest),
    ("1504", Cause::BadRequest),
    ("1505", Cause::BadRequest),
    ("1511", Cause::BadRequest),
    ("1512", Cause::BadRequest),
    ("1513", Cause::BadRequest),
    ("1514", Cause::BadRequest),
    ("1515", Cause::BadRequest),
    ("1516", Cause::BadRequest),
    ("1517", Cause::BadRequest),
    ("1687", Cause::TooManyRequests),
    ("1700", Cause::TooManyRequests),
    ("1901", Cause::UnknownSymbol),
    ("1902", Cause::UnknownSymbol),
    ("1999", Cause::BrokerFailed),
    ("8001", Cause::WrongKey),
    ("8002", Cause::WrongKey),
    ("8003", Cause::TokenInvalid),
    ("8005", Cause::TokenInvalid),
    ("8006", Cause::BrokerFailed),
    ("8009", Cause::BrokerFailed),
    ("8010", Cause::WrongAddress),
    ("8011", Cause::BadRequest),
    ("8012", Cause::BadRequest),
    ("8015", Cause::TokenInvalid),
    ("8016", Cause::BadRequest),
    ("8020", Cause::WrongKey),
    ("8030", Cause::WrongMode),
    ("8031", Cause::WrongMode),
    ("8040", Cause::WrongAddress),
    ("8050", Cause::WrongAddress),
    ("8103", Cause::TokenInvalid),
    ("8104", Cause::NotOnMock),
    ("RC9000", Cause::NotOnMock),
    ("RC4003", Cause::OffTick),
    ("571557", Cause::OffTick),
    ("RC4025", Cause::TooLittleCash),
    ("855056", Cause::TooLittleCash),
    ("800033", Cause::TooFewShares),
    ("RC4027", Cause::OutsideLimits),
    ("RC4057", Cause::MarketClosed),
    ("RC4058", Cause::MarketClosed),
    ("521790", Cause::TypeNotNow),
    ("308003", Cause::PriceMissing),
    ("571357", Cause::PriceNotBlank),
    ("407022", Cause::BadOrderType),
    ("571412", Cause::OtherExchange),
    ("571435", Cause::NothingLeft),
    ("506550", Cause::NothingLeft),
    ("509193", Cause::Halted),
    ("509247", Cause::NotEntitled),
    ("RC4091", Cause::AccountRestricted),
    ("RC5006", Cause::AccountRestricted),
    ("571758", Cause::NothingFound),
    ("501724", Cause::NothingFound),
    ("100013", Cause::NotLoggedIn),
    ("805004", Cause::TokenInvalid),
    ("900003", Cause::AlreadyWatched),
    ("R10001", Cause::LoggedInElsewhere),
    ("R10002", Cause::ConnectionClosed),
    ("R10004", Cause::NotLoggedIn),
];

/// What a cause is in words, and what to do about it.
pub(super) struct Words {
    /// What was wrong.
    pub english: &'static str,
    /// What to do.
    pub english_do: &'static str,
    /// 무엇이 잘못되었는지.
    pub korean: &'static str,
    /// 무엇을 해야 하는지.
    pub korean_do: &'static str,
    /// What a program does about it.
    pub remedy: Remedy,
}

const fn words(
    english: &'static str,
    english_do: &'static str,
    korean: &'static str,
    korean_do: &'static str,
    remedy: Remedy,
) -> Words {
    Words { english, english_do, korean, korean_do, remedy }
}

/// The words of a cause.
pub(super) const fn of(cause: Cause) -> Words {
    use Remedy::{AskWhatBecame, Empty, Fix, GiveUp, Later, NewToken, Reduce};
    match cause {
        Cause::BadRequest => words(
            "the request is not what the broker expects",
            "report it with this line: the program is wrong, not you",
            "요청 형식이 증권사가 기대하는 것과 다릅니다",
            "이 줄과 함께 알려 주십시오 (프로그램 오류)",
            GiveUp,
        ),
        Cause::TooManyRequests => words(
            "too many requests",
            "nothing: the request is sent again after a pause",
            "요청 횟수를 초과했습니다",
            "조치할 필요 없음: 잠시 후 다시 보냅니다",
            Later,
        ),
        Cause::UnknownSymbol => words(
            "there is no such stock",
            "check the code (six characters, like 005930)",
            "없는 종목입니다",
            "종목코드를 확인하십시오 (여섯 자리, 예: 005930)",
            Fix,
        ),
        Cause::BrokerFailed => words(
            "the broker failed",
            "wait; an order sent meanwhile is looked up before it is sent again",
            "증권사 서버 오류입니다",
            "기다리십시오: 보낸 주문은 조회로 확인한 뒤에만 다시 냅니다",
            AskWhatBecame,
        ),
        Cause::WrongKey => words(
            "the app key or the secret key is wrong",
            "check both keys, and that they are of this environment (real or mock)",
            "앱키 또는 시크릿키가 틀립니다",
            "두 키와, 실전/모의 중 어느 쪽 키인지 확인하십시오",
            Fix,
        ),
        Cause::TokenInvalid => words(
            "the token has expired or is not valid",
            "nothing: a new one is asked for",
            "토큰이 만료되었거나 유효하지 않습니다",
            "조치할 필요 없음: 새로 발급받습니다",
            NewToken,
        ),
        Cause::TokensRefused => words(
            "the broker refuses every token, also those it has just issued",
            "stop any other program that uses the same app key, and check that host and keys are of the same environment",
            "방금 발급받은 토큰까지 잇달아 거부되었습니다",
            "같은 앱키를 쓰는 다른 프로그램을 끄고, 서버 주소와 키가 같은 환경(실전/모의)인지 확인하십시오",
            NewToken,
        ),
        Cause::WrongMode => words(
            "a key or token of the real environment was used on the mock one, or the other way round",
            "set the host and the keys to the same environment",
            "실전과 모의투자의 키나 토큰이 섞였습니다",
            "서버 주소와 키를 같은 환경(실전/모의)으로 맞추십시오",
            Fix,
        ),
        Cause::WrongAddress => words(
            "this computer's address is not the registered one, or not that of the token",
            "register the address at openapi.kiwoom.com",
            "등록되지 않은 IP이거나 토큰을 발급한 IP와 다릅니다",
            "openapi.kiwoom.com 에서 IP를 등록하십시오",
            Fix,
        ),
        Cause::NotOnMock => words(
            "the mock environment does not offer this",
            "use KRX orders and supported queries there, or the real environment",
            "모의투자에서 지원하지 않는 기능입니다",
            "모의투자에서는 KRX 주문과 지원되는 조회만 쓰십시오",
            GiveUp,
        ),
        Cause::OffTick => words(
            "the price does not lie on a tick",
            "use a price that is a multiple of the tick at that price",
            "호가 단위에 맞지 않는 가격입니다",
            "그 가격대의 호가 단위 배수로 주문하십시오",
            Fix,
        ),
        Cause::OutsideLimits => words(
            "the price lies outside the day's limits",
            "use a price between the lower and the upper limit",
            "상하한가를 벗어난 가격입니다",
            "하한가와 상한가 사이의 가격으로 주문하십시오",
            Fix,
        ),
        Cause::TooLittleCash => words(
            "too little cash",
            "order less, or deposit more",
            "주문가능금액이 부족합니다",
            "수량을 줄이거나 예수금을 늘리십시오",
            Reduce,
        ),
        Cause::TooFewShares => words(
            "too few shares can be sold",
            "sell less, or cancel open sell orders first",
            "매도가능수량이 부족합니다",
            "수량을 줄이거나 미체결 매도 주문을 먼저 취소하십시오",
            Reduce,
        ),
        Cause::MarketClosed => words(
            "the market is closed",
            "order within trading hours (KRX 09:00 to 15:30)",
            "장이 열려 있지 않습니다",
            "거래 시간에 주문하십시오 (KRX 09:00~15:30)",
            GiveUp,
        ),
        Cause::TypeNotNow => words(
            "this kind of order is not taken at this time",
            "use a limit order outside regular hours",
            "이 시간에는 낼 수 없는 주문 유형입니다",
            "정규장 외에는 지정가로 주문하십시오",
            GiveUp,
        ),
        Cause::PriceMissing => words(
            "this kind of order needs a price (and a market order must leave it blank, not 0)",
            "state a price, or use a market order",
            "가격이 필요한 주문 유형입니다 (시장가는 0이 아니라 빈칸)",
            "가격을 넣거나 시장가로 주문하십시오",
            Fix,
        ),
        Cause::PriceNotBlank => words(
            "this kind of order takes no price",
            "leave the price blank",
            "가격을 비워야 하는 주문 유형입니다",
            "가격을 비우십시오",
            Fix,
        ),
        Cause::BadOrderType => words(
            "there is no such kind of order",
            "use one of the kinds listed in the documents",
            "없는 주문 유형입니다",
            "문서에 있는 주문 유형을 쓰십시오",
            Fix,
        ),
        Cause::OtherExchange => words(
            "the order was placed at another exchange",
            "amend and cancel it with the exchange it was placed with",
            "원주문과 거래소 구분이 다릅니다",
            "원주문을 낸 거래소 구분으로 정정·취소하십시오",
            Fix,
        ),
        Cause::NothingLeft => words(
            "nothing of the order is left to amend or cancel",
            "nothing: it has filled or was cancelled",
            "정정·취소할 잔량이 없습니다",
            "조치할 필요 없음: 이미 체결되었거나 취소되었습니다",
            AskWhatBecame,
        ),
        Cause::Halted => words(
            "trading is halted (circuit breaker)",
            "wait until it goes on",
            "거래가 중단되었습니다 (서킷브레이커)",
            "재개될 때까지 기다리십시오",
            GiveUp,
        ),
        Cause::NotEntitled => words(
            "the account may not trade this product (leveraged ETF)",
            "register the account for it at the broker",
            "이 상품을 거래할 수 없는 계좌입니다 (레버리지 ETF 등)",
            "증권사에서 거래 등록을 하십시오",
            Fix,
        ),
        Cause::AccountRestricted => words(
            "the account is restricted or has ended",
            "ask the broker, or apply for a new mock account",
            "제한되었거나 종료된 계좌입니다",
            "증권사에 문의하거나 모의투자를 다시 신청하십시오",
            Fix,
        ),
        Cause::NothingFound => words("there is nothing", "nothing", "조회 결과가 없습니다", "조치할 필요 없음", Empty),
        Cause::NotLoggedIn => words(
            "the connection is not logged in",
            "nothing: the login is made, then the request",
            "로그인되지 않은 연결입니다",
            "조치할 필요 없음: 로그인한 뒤 다시 요청합니다",
            Later,
        ),
        Cause::AlreadyWatched => words(
            "the condition is being watched already",
            "nothing: the watch is ended and made anew",
            "이미 등록된 조건검색입니다",
            "조치할 필요 없음: 해제한 뒤 다시 등록합니다",
            Later,
        ),
        Cause::LoggedInElsewhere => words(
            "the same key logged in elsewhere; this connection ends",
            "stop the other program, then start this one again",
            "같은 앱키로 다른 곳에서 접속하여 이 연결은 끊어집니다",
            "다른 프로그램을 끄고 다시 시작하십시오",
            Fix,
        ),
        Cause::ConnectionClosed => words(
            "the broker closed the connection",
            "nothing: it is made anew",
            "증권사가 연결을 끊었습니다",
            "조치할 필요 없음: 다시 연결합니다",
            Later,
        ),
        Cause::Other => {
            words("the broker refused", "see the broker's words", "증권사가 거부했습니다", "증권사 메시지를 확인하십시오", GiveUp)
        }
    }
}
