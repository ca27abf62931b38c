//! Names of errors and what they come to: one table of names, one of words in English and Korean. Source: fact sheet U5.

use super::refusal::{Cause, Remedy};
use crate::venue::words::{Words, words};

/// The venue's names, and the cause of each.
pub(super) const NAMES: &[(&str, Cause)] = &[
    ("create_ask_error", Cause::BadOrder),
    ("create_bid_error", Cause::BadOrder),
    ("insufficient_funds_ask", Cause::TooLittle),
    ("insufficient_funds_bid", Cause::TooLittle),
    ("under_min_total_ask", Cause::BelowMinimum),
    ("under_min_total_bid", Cause::BelowMinimum),
    ("invalid_price_ask", Cause::BadPrice),
    ("invalid_price_bid", Cause::BadPrice),
    ("validation_error", Cause::BadRequest),
    ("volume_too_large", Cause::AboveMaximum),
    ("invalid_funds", Cause::BelowMinimum),
    ("thirdparty_agreement_required", Cause::NotEntitled),
    ("invalid_query_payload", Cause::BadSignature),
    ("jwt_verification", Cause::BadSignature),
    ("no_authorization_token", Cause::BadSignature),
    ("expired_access_key", Cause::WrongKey),
    ("invalid_access_key", Cause::WrongKey),
    ("nonce_used", Cause::NonceUsed),
    ("no_authorization_ip", Cause::WrongAddress),
    ("no_authorization_i_p", Cause::WrongAddress),
    ("out_of_scope", Cause::OutOfScope),
    ("order_not_found", Cause::OrderNotFound),
    ("too_many_requests", Cause::TooManyRequests),
    ("market_does_not_exist", Cause::UnknownMarket),
];

/// The words of a cause.
pub(super) const fn of(cause: Cause) -> Words<Remedy> {
    use Remedy::{AskWhatBecame, Fix, GiveUp, Later, Reduce, SignAgain, StopAll};
    match cause {
        Cause::BadRequest => words(
            "the request is not what the venue expects",
            "report it with this line: the program is wrong, not you",
            "요청 형식이 거래소가 기대하는 것과 다릅니다",
            "이 줄과 함께 알려 주십시오 (프로그램 오류)",
            GiveUp,
        ),
        Cause::BadOrder => words(
            "the order makes no sense as a whole",
            "check type, price and volume: a market buy has only an amount, a market sell only a volume",
            "주문 요청이 올바르지 않습니다",
            "주문 유형, 가격, 수량을 확인하십시오 (시장가 매수는 금액만, 시장가 매도는 수량만)",
            Fix,
        ),
        Cause::TooLittle => words(
            "too little money, or too few coins, are free",
            "order less, cancel other orders, or deposit more",
            "주문 가능한 잔고가 부족합니다",
            "주문을 줄이거나, 다른 주문을 취소하거나, 입금하십시오",
            Reduce,
        ),
        Cause::BelowMinimum => words(
            "the order is below the smallest one",
            "order at least 5,000 KRW (0.00005 BTC, 0.5 USDT)",
            "최소 주문 금액보다 작습니다",
            "5,000원 (0.00005 BTC, 0.5 USDT) 이상으로 주문하십시오",
            Fix,
        ),
        Cause::AboveMaximum => words(
            "the order is above the largest one",
            "order less at a time",
            "최대 주문 한도를 넘었습니다",
            "한 번에 더 적게 주문하십시오",
            Reduce,
        ),
        Cause::BadPrice => words(
            "the price does not lie on a tick, or is out of range",
            "use a price that is a multiple of the tick at that price",
            "호가 단위에 맞지 않거나 범위를 벗어난 가격입니다",
            "그 가격대의 호가 단위 배수로 주문하십시오",
            Fix,
        ),
        Cause::BadSignature => words(
            "the signature is missing or does not fit",
            "check the secret key; if it is right, report it with this line",
            "인증 서명이 없거나 맞지 않습니다",
            "시크릿 키를 확인하고, 맞다면 이 줄과 함께 알려 주십시오",
            Fix,
        ),
        Cause::NonceUsed => words(
            "the nonce was used before",
            "nothing: the request is signed anew",
            "이미 사용한 nonce 입니다",
            "조치할 필요 없음: 새로 서명해 보냅니다",
            SignAgain,
        ),
        Cause::WrongKey => words(
            "the access key is unknown or has expired",
            "issue a new key at upbit.com (Open API management)",
            "API 키가 틀리거나 만료되었습니다",
            "upbit.com 의 Open API 관리에서 새 키를 발급받으십시오",
            Fix,
        ),
        Cause::WrongAddress => words(
            "this computer's address is not allowed for the key",
            "add the address to the key at upbit.com",
            "허용되지 않은 IP입니다",
            "upbit.com 에서 이 IP를 키에 등록하십시오",
            Fix,
        ),
        Cause::OutOfScope => words(
            "the key may not do this",
            "give the key the right (asset query, order query, order) at upbit.com",
            "키에 없는 권한입니다",
            "upbit.com 에서 키에 권한(자산조회, 주문조회, 주문하기)을 주십시오",
            Fix,
        ),
        Cause::NotEntitled => words(
            "the account's owner has to agree first",
            "log in at upbit.com and agree",
            "먼저 약관 등에 동의해야 합니다",
            "upbit.com 에 로그인해 동의하십시오",
            Fix,
        ),
        Cause::OrderNotFound => words(
            "there is no such order",
            "nothing: it has ended, or never was",
            "없는 주문입니다",
            "조치할 필요 없음: 이미 끝났거나 접수되지 않은 주문입니다",
            GiveUp,
        ),
        Cause::IdentifierUsed => words(
            "our own id of the order was used before",
            "nothing: the order is looked up by that id",
            "이미 사용한 주문 식별자입니다",
            "조치할 필요 없음: 그 식별자로 주문을 조회합니다",
            AskWhatBecame,
        ),
        Cause::UnknownMarket => words(
            "there is no such market",
            "check the code (QUOTE-BASE, like KRW-BTC)",
            "없는 마켓입니다",
            "마켓 코드를 확인하십시오 (예: KRW-BTC)",
            Fix,
        ),
        Cause::TooManyRequests => words(
            "too many requests",
            "nothing: the request is sent again after a pause",
            "요청 횟수를 초과했습니다",
            "조치할 필요 없음: 잠시 후 다시 보냅니다",
            Later,
        ),
        Cause::Blocked => words(
            "blocked for too many requests",
            "wait until the block is over; look whether another program uses the same key or address",
            "요청 과다로 차단되었습니다",
            "차단이 풀릴 때까지 기다리고, 같은 키나 IP를 쓰는 프로그램이 있는지 확인하십시오",
            StopAll,
        ),
        Cause::VenueFailed => words(
            "the venue failed",
            "wait; an order sent meanwhile is looked up before it is sent again",
            "거래소 서버 오류입니다",
            "기다리십시오: 보낸 주문은 조회로 확인한 뒤에만 다시 냅니다",
            AskWhatBecame,
        ),
        Cause::Other => words("refused", "look at the venue's words", "거절되었습니다", "거래소의 설명을 확인하십시오", GiveUp),
    }
}
