//! What a person reads of a notice of the kernel: [`line()`]. What happened and why are the kernel's words; what to do about it, and the
//! Korean, are added here. They are no part of the notice, so that what an old journal decided does not change with them.

use crate::effect::Notice;

/// One line: what, why, what to do, and the same in Korean. Words of a venue, which has both languages, are left as they are.
pub fn line(notice: &Notice) -> String {
    match of(&notice.code) {
        Some((english, korean, korean_do)) => format!("{}. To do: {english} · {korean}. 조치: {korean_do}", notice.text),
        None => notice.text.clone(),
    }
}

/// What to do; what is wrong, in Korean; what to do, in Korean.
type Words = (&'static str, &'static str, &'static str);

fn of(code: &str) -> Option<Words> {
    let words = match code {
        "risk.killed" => (
            "see why trading was stopped, then `jangbu tell resume`",
            "매매가 정지되어 주문을 보내지 않았습니다",
            "정지된 이유를 확인한 뒤 `jangbu tell resume`으로 재개하십시오",
        ),
        "risk.closed" => (
            "order within trading hours (Kiwoom: KRX 09:00 to 15:30), or wait until trading goes on",
            "장이 열려 있지 않거나 거래가 정지되어 주문을 보내지 않았습니다",
            "거래 시간에 주문하십시오 (키움: KRX 09:00~15:30)",
        ),
        "risk.link_down" => (
            "wait: the connection is made anew, and then order again; one lost to another login of the key comes back by `jangbu tell \
             reconnect kiwoom`",
            "거래소 연결이 끊겨 주문을 보내지 않았습니다",
            "다시 연결되면 주문하십시오; 다른 곳의 접속에 밀려났으면 `jangbu tell reconnect kiwoom`",
        ),
        "risk.not_reconciled" => (
            "wait for \"the account is known\"; if it does not come, see the failures told before (after a login elsewhere: `jangbu tell \
             reconnect kiwoom`)",
            "계좌를 아직 확인하지 못해 주문을 보내지 않았습니다",
            "계좌 확인을 기다리고, 계속되면 앞의 오류를 확인하십시오 (다른 곳의 접속에 밀려났으면 `jangbu tell reconnect kiwoom`)",
        ),
        "risk.unknown_instrument" => (
            "check the symbol, and name it in the settings (symbols) or with --symbols",
            "없는 종목입니다",
            "종목코드를 확인하고 설정의 symbols 또는 --symbols에 넣으십시오",
        ),
        "risk.not_tradable" => (
            "choose an instrument that is traded; an index is not",
            "거래할 수 없는 종목입니다",
            "거래되는 종목을 고르십시오 (지수는 거래되지 않습니다)",
        ),
        "risk.price" => (
            "use a price that is a multiple of the tick at that price",
            "호가 단위에 맞지 않는 가격이라 주문을 보내지 않았습니다",
            "그 가격대의 호가 단위 배수로 주문하십시오",
        ),
        "risk.price_limit" => (
            "use a price from the lower to the upper limit of the day",
            "오늘의 가격제한폭(하한가~상한가) 밖의 가격이라 주문을 보내지 않았습니다",
            "하한가와 상한가 사이의 가격으로 주문하십시오",
        ),
        "risk.halted" => (
            "wait until trading of it is resumed",
            "거래가 정지된 종목이라 주문을 보내지 않았습니다",
            "거래가 재개될 때까지 기다리십시오",
        ),
        "risk.limits_only" => (
            "give a price: outside the regular hours there are only orders with a limit",
            "정규장 전후에는 지정가만 받으므로 주문을 보내지 않았습니다",
            "가격을 정하여 지정가로 주문하십시오",
        ),
        "risk.quantity" => (
            "use a quantity within these bounds, in whole steps",
            "수량이 거래 단위나 범위에 맞지 않아 주문을 보내지 않았습니다",
            "거래 단위의 배수로, 범위 안의 수량으로 주문하십시오",
        ),
        "risk.too_small" => {
            ("order more", "주문 금액이 거래소의 최소 금액보다 작아 보내지 않았습니다", "수량이나 금액을 늘리십시오")
        }
        "risk.cash" => (
            "order less, cancel open buy orders, or deposit more",
            "주문가능금액이 부족하여 주문을 보내지 않았습니다",
            "수량을 줄이거나, 미체결 매수를 취소하거나, 예수금을 늘리십시오",
        ),
        "risk.holdings" => (
            "sell less, or cancel open sell orders first",
            "매도가능수량이 부족하여 주문을 보내지 않았습니다",
            "수량을 줄이거나 미체결 매도 주문을 먼저 취소하십시오",
        ),
        "risk.no_price" => (
            "wait for the first price, or use a limit order",
            "기준이 될 시세가 아직 없어 주문을 보내지 않았습니다",
            "첫 시세를 기다리거나 지정가로 주문하십시오",
        ),
        "risk.price_band" => (
            "use a price closer to the last one, or widen `price_band` in the settings",
            "현재가에서 너무 먼 가격이라 주문을 보내지 않았습니다",
            "현재가에 가까운 가격으로 주문하거나 설정의 price_band를 넓히십시오",
        ),
        "risk.daily_loss" => (
            "close what is open; the limit is `daily_loss_max` in the settings",
            "하루 손실 한도에 이르러 새 주문을 보내지 않습니다",
            "보유분만 정리할 수 있습니다 (설정의 daily_loss_max)",
        ),
        "risk.order_qty"
        | "risk.order_notional"
        | "risk.position_qty"
        | "risk.exposure"
        | "risk.order_rate"
        | "risk.duplicate" => (
            "order less or less often, or change the limit in the settings ([risk])",
            "설정한 위험 한도를 넘어 주문을 보내지 않았습니다",
            "수량이나 횟수를 줄이거나 설정의 [risk] 한도를 바꾸십시오",
        ),
        "risk.liquidation" => (
            "order less, put margin in, or change `liquidation_distance_min` in the settings ([risk])",
            "청산가가 설정한 거리보다 가까워지는 주문이라 보내지 않았습니다",
            "수량을 줄이거나 증거금을 더하거나 설정의 [risk] liquidation_distance_min을 바꾸십시오",
        ),
        "risk.self_trade" => (
            "cancel the own order first, or use a price that does not meet it",
            "자신의 반대 주문과 체결될 수 있어 주문을 보내지 않았습니다",
            "먼저 자신의 주문을 취소하거나 다른 가격으로 주문하십시오",
        ),
        _ => return None,
    };
    Some(words)
}
