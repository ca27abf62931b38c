//! What can be set of the order rules: [`PARAMETERS`]. Every strategy that trades by them has these.

use crate::strategy::parameters::Parameter;

const fn row(
    name: &'static str,
    default: &'static str,
    expected: &'static str,
    korean: &'static str,
    english: &'static str,
) -> Parameter {
    Parameter { name, expected, default, korean, english }
}

const PERCENT: &str = "a percentage from 0 to 1000, like 3.5; 0 is off";
const AMOUNT: &str = "an amount of 0 or more in the quote currency; 0 is off";
const SECONDS: &str = "whole seconds from 0 to 31536000; 0 is off";
const COUNT: &str = "a whole number from 0 to 1000000; 0 is no limit";
const TICKS: &str = "a whole number of ticks from -100 to 100";
const DISTANCE: &str = "a whole number of ticks from 0 to 100; 0 is off";
const LEVELS: &str = "a whole number of levels from 0 to 10; 0 is off";
const PARTS: &str = "a whole number of parts from 1 to 10";
const METHOD: &str = "\"equal\", \"decreasing\" or \"increasing\"";
const KIND: &str = "\"market\" or \"limit\"";
const BASE: &str = "\"last\", \"bid\" or \"ask\"";
const YES: &str = "\"true\" or \"false\"";
const TIME: &str = "a Korean time of day, HHMMSS from 000000 to 240000";

/// The rules' parameters.
pub const PARAMETERS: &[Parameter] = &[
    row(
        "notional",
        "1000",
        "an amount above 0 in the quote currency, like 1000",
        "종목당 투자금 (결제 통화)",
        "value put into an instrument, quote currency",
    ),
    row(
        "qty",
        "",
        "a quantity above 0, like 0.01",
        "종목당 수량 (notional 대신)",
        "quantity of an instrument, instead of notional",
    ),
    row(
        "direction",
        "long",
        "\"long\", \"short\" or \"both\"",
        "들어가는 방향: 매수, 공매도 (무기한 선물만), 글이 정하는 대로",
        "which way positions are taken; short is for perpetuals, both is as a text says (BUY_LONG, SELL_SHORT)",
    ),
    row("order", "market", KIND, "들어가는 주문: 시장가, 지정가", "how an entry is ordered"),
    row("order_base", "last", BASE, "지정가 기준: 현재가, 매수1호가, 매도1호가", "what the limit of an entry is counted from"),
    row("order_ticks", "0", TICKS, "지정가 호가 번호: 기준에서 몇 호가", "ticks from there"),
    row(
        "exit_order",
        "market",
        KIND,
        "신호로 나가는 주문: 시장가, 지정가 (청산은 늘 시장가)",
        "how an exit by signal is ordered; stops are at market",
    ),
    row("exit_base", "last", BASE, "나가는 지정가의 기준", "what the limit of an exit is counted from"),
    row("exit_ticks", "0", TICKS, "나가는 지정가의 호가 번호", "ticks from there"),
    row(
        "market_levels",
        "0",
        LEVELS,
        "시장가잔량범위: 시장가 주문은 이만큼의 호가 잔량에 다 들어갈 때만 냄",
        "an entry at market is sent only where so many levels of the book hold all of it",
    ),
    row(
        "exit_market_levels",
        "0",
        LEVELS,
        "나가는 시장가 주문의 잔량범위 (손절, 익절, 청산은 그냥 나감)",
        "the same of an exit by signal or in parts; stops go through",
    ),
    row(
        "round_figure_ticks",
        "0",
        DISTANCE,
        "라운드피겨 매수 금지: 호가단위가 바뀌는 가격부터 위로 이만큼",
        "no entry where the tick changes, and up to so many ticks above (for a short one below)",
    ),
    row(
        "exit_round_figure_ticks",
        "0",
        DISTANCE,
        "라운드피겨 매도 금지: 호가단위가 바뀌는 가격부터 아래로 이만큼 (손절, 익절, 청산은 나감)",
        "no exit by signal or in parts where the tick changes, and up to so many ticks below; stops go through",
    ),
    row(
        "size_by",
        "off",
        "\"off\", \"range\", \"change_angle\" or \"turnover_angle\"",
        "비중 조절: 끔, 저가대비고가등락율, 등락율각도(30), 당일거래대금각도(30); 각도는 전략 글만",
        "scales the size by volatility: the day's high against its low, or (for texts) the angle of change or turnover over 30 rows",
    ),
    row(
        "size_steps",
        "",
        "1 to 9 rising percentages between semicolons, like 3;6;10",
        "비중 조절의 경계 (%, 각도면 도)",
        "where the size changes, percent, or degrees of an angle",
    ),
    row(
        "size_factors",
        "",
        "one factor more than size_steps, each from 0 to 100, like 1;0.7;0.5;0.3",
        "비중 조절의 배수",
        "factors below, between and above the steps",
    ),
    row("buy_splits", "1", PARTS, "분할 매수 횟수", "parts an entry is made in"),
    row("buy_split_method", "equal", METHOD, "분할 매수 방법: 균등, 감소, 증가", "how large the parts are to each other"),
    row("buy_split_down", "0", PERCENT, "하방 분할: 이만큼 잃으면 더 삼", "buys the next part at this loss"),
    row("buy_split_up", "0", PERCENT, "상방 분할: 이만큼 벌면 더 삼", "buys the next part at this gain"),
    row(
        "buy_split_base",
        "average",
        "\"average\" or \"entry\"",
        "분할 기준: 평균 매입가의 수익률, 마지막 매수가 대비",
        "counted as the position's return, or from the last entry's price",
    ),
    row("buy_split_signal", "false", YES, "분할 매수에 신호도 필요한지", "whether a further part needs a signal as well"),
    row("sell_splits", "1", PARTS, "분할 매도 횟수", "parts an exit is made in"),
    row("sell_split_method", "equal", METHOD, "분할 매도 방법", "how large the parts are to each other"),
    row("sell_split_up", "0", PERCENT, "이 수익률의 1배, 2배, …에서 한 부분씩 팖", "sells a part at once, twice, … this gain"),
    row("sell_split_down", "0", PERCENT, "이 손실률의 1배, 2배, …에서 한 부분씩 팖", "sells a part at once, twice, … this loss"),
    row(
        "exit_after_buys",
        "0",
        "a whole number from 0 to 9, less than buy_splits; 0 is off",
        "매도금지매수횟수: 이보다 더 나누어 산 뒤에만 신호로 팖 (손절, 익절, 청산은 나감)",
        "no exit by signal or in parts before more parts than this were entered; stops go through",
    ),
    row("stop_loss", "0", PERCENT, "손절 수익률 (%)", "closes at this loss after fees, percent"),
    row("stop_loss_amount", "0", AMOUNT, "손절 금액", "closes at this loss after fees"),
    row(
        "margin_loss",
        "0",
        PERCENT,
        "증거금 손실률 (수익률 × 레버리지, %); 기준 프로그램은 90",
        "closes at this loss of the margin of a position with leverage, percent; the reference has 90",
    ),
    row("take_profit", "0", PERCENT, "익절 수익률 (%)", "closes at this profit after fees, percent"),
    row("take_profit_amount", "0", AMOUNT, "익절 금액", "closes at this profit after fees"),
    row("trailing_arm", "0", PERCENT, "트레일링 발동 수익률 (%)", "arms the trailing stop at this return, percent"),
    row(
        "trailing_fall",
        "0",
        PERCENT,
        "발동 뒤 고가 대비 이만큼 내리면 청산 (%); 0은 끔",
        "closes on this fall from the high since, percent",
    ),
    row("holding_seconds_max", "0", SECONDS, "최대 보유 시간 (초)", "closes what is held this long"),
    row(
        "liquidate_at",
        "",
        TIME,
        "이 시각에 모두 청산; 그 뒤로 들어가지 않음",
        "closes everything at this time of day; no entry after",
    ),
    row("unfilled_seconds", "0", SECONDS, "미체결 주문을 손보는 시간 (초)", "how long an order may stay unfilled"),
    row(
        "runaway_ticks",
        "0",
        DISTANCE,
        "가격이 지정가에서 이만큼 (호가) 달아나면 손봄",
        "how far the price may run away from its limit, ticks",
    ),
    row("unfilled", "cancel", "\"cancel\", \"amend\" or \"market\"", "미체결이면: 취소, 정정, 시장가로", "what is done then"),
    row(
        "amend_ticks",
        "0",
        "a whole number of ticks from -100 to 100",
        "정정 호가: 현재가에서 유리한 쪽으로 몇 호가",
        "ticks on the better side of the last price to amend to",
    ),
    row(
        "amend_max",
        "1",
        "a whole number from 0 to 100",
        "정정 횟수; 다 쓰면 취소",
        "amendments of one order; then it is cancelled",
    ),
    row("holdings_max", "0", COUNT, "최대 보유 종목 수", "instruments held at most"),
    row("buys_max", "0", COUNT, "종목별 하루 매수 횟수", "entries into an instrument in a day"),
    row("losses_max", "0", COUNT, "종목별 하루 손절 횟수", "losing exits of an instrument in a day, then no more entries"),
    row("pause_seconds", "0", SECONDS, "그 종목의 마지막 거래 뒤 쉬는 시간 (초)", "pause after the last trade of an instrument"),
    row("loss_pause_seconds", "0", SECONDS, "그 종목의 손절 뒤 쉬는 시간 (초)", "pause after a losing exit of an instrument"),
    row("cooldown_seconds", "0", SECONDS, "손절 뒤 모든 종목이 쉬는 시간 (초)", "pause of every instrument after a losing exit"),
    row("day_loss_max", "0", AMOUNT, "하루 손실 한도", "loss of the day at which trading stops"),
    row("day_profit_max", "0", AMOUNT, "하루 수익 한도", "profit of the day at which trading stops"),
    row("day_limit_closes", "true", YES, "하루 한도에서 가진 것도 청산할지", "whether positions are closed then"),
    row(
        "blacklist",
        "",
        "codes between semicolons, like 005930;000660",
        "들어가지 않을 종목",
        "instruments that are never entered",
    ),
    row(
        "forbidden",
        "",
        "spans of Korean time between semicolons, like 113000-130000",
        "들어가지 않을 시간",
        "times of day without entries",
    ),
    row(
        "exit_forbidden",
        "",
        "spans of Korean time between semicolons, like 090000-090500",
        "신호로도 분할로도 나가지 않을 시간 (손절, 익절, 청산은 나감)",
        "times of day without exits by signal or in parts; stops are not kept from closing",
    ),
    row("start", "000000", TIME, "거래 시작 시각", "no entry before this time of day"),
    row("end", "240000", TIME, "거래 끝 시각", "no entry from this time of day on"),
    row("price_min", "0", "a price of 0 or more", "이 가격보다 싸면 들어가지 않음", "no entry below this price"),
];
