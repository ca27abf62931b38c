//! Text strategies under the order rules, in the kernel: the texts say when, the rules how much and how it ends.

use alloc::string::String;
use alloc::vec::Vec;

use super::tests::{Day, FUTURE, SHARE, strategy};
use crate::event::market::Vi;
use crate::event::{Answer, Command, Event, MarketEvent};
use crate::market::InstrumentId;

/// A row a second from a quote and a trade; the texts decide on each.
fn play(id: InstrumentId, texts: [&str; 2], parameters: &[(&str, &str)], prices: &[i64]) -> Day {
    let mut given = Vec::from([("buy", "buy.py"), ("sell", "sell.py"), ("average", "1")]);
    given.extend_from_slice(parameters);
    let mut day = Day::new(Vec::from([strategy("text", &given)]), false);
    for (name, text) in ["buy.py", "sell.py"].into_iter().zip(texts) {
        day.say(Command::StrategyText { name: name.into(), text: text.into() });
    }
    for (second, price) in prices.iter().enumerate() {
        day.until(second as i64);
        let at = |price: i64| alloc::format!("{price}");
        day.trade(id, &at(*price));
        day.quote(id, &at(*price), &at(*price));
        let now = day.second();
        day.until(now);
        if second == prices.len() / 2 {
            day.restart();
        }
    }
    day
}

const NEVER: &str = "pass";

fn orders(texts: [&str; 2], parameters: &[(&str, &str)], prices: &[i64]) -> String {
    play(SHARE, texts, &[&[("notional", "1000000")], parameters].concat(), prices).orders()
}

#[test]
fn a_text_enters_and_leaves_by_the_rules_orders() {
    let texts = ["if not (현재가 >= 10000):\n    매수 = False", "if 수익률 >= 1:\n    self.Sell()"];
    assert_eq!(orders(texts, &[], &[9_990, 10_000, 10_050, 10_100]), "1 buy 100 market; 3 sell 100 market");
    let limits = [("order", "limit"), ("order_base", "bid"), ("order_ticks", "-1"), ("unfilled_seconds", "2")];
    // The order rests, is cancelled after two seconds, and after a second the text may ask again.
    assert_eq!(orders(texts, &limits, &[10_000, 10_000, 10_000, 10_000]), "0 buy 100 9990; 2 cancel; 3 buy 100 9990");
    assert_eq!(orders(texts, &[("price_min", "10060")], &[10_000, 10_050, 10_060]), "2 buy 99 market");
}

#[test]
fn stops_do_not_ask_the_sell_text() {
    let texts = ["if not (현재가 == 10000):\n    매수 = False", NEVER];
    assert_eq!(orders(texts, &[("stop_loss", "3")], &[10_000, 9_800, 9_700]), "0 buy 100 market; 2 sell 100 market");
    let trailing = [("trailing_arm", "2"), ("trailing_fall", "1")];
    assert_eq!(orders(texts, &trailing, &[10_000, 10_300, 10_200, 10_190]), "0 buy 100 market; 3 sell 100 market");
}

#[test]
fn further_parts_wait_for_the_text_where_the_settings_say_so() {
    let texts = ["if not (현재가 == 10000 or 현재가 == 9750):\n    매수 = False", "if 분할매수횟수 == 2:\n    self.Sell()"];
    let splits = [("buy_splits", "2"), ("buy_split_down", "2")];
    assert_eq!(orders(texts, &splits, &[10_000, 9_790, 9_760]), "0 buy 50 market; 1 buy 50 market; 2 sell 100 market");
    let by_signal = [&splits[..], &[("buy_split_signal", "true")]].concat();
    assert_eq!(orders(texts, &by_signal, &[10_000, 9_790, 9_750, 9_740]), "0 buy 50 market; 2 buy 50 market; 3 sell 100 market");
}

#[test]
fn a_buy_text_may_take_short_positions() {
    let texts = ["if not (현재가 == 10000):\n    매수 = False", "if 수익률 >= 1:\n    self.Sell()"];
    let day = play(FUTURE, texts, &[("notional", "1000"), ("direction", "short")], &[10_000, 10_050, 9_900]);
    assert_eq!(day.orders(), "0 sell 0.1 market; 2 buy 0.1 market");
}

#[test]
fn settings_that_change_keep_the_rows_and_the_position() {
    let texts = [
        "if not (데이터길이 == 3):\n    매수 = False",
        "if 데이터길이 == 6 and 보유시간 == 3 and 최고수익률 == 2:\n    self.Sell()",
    ];
    let parameters = [("notional", "1000000"), ("buy", "buy.py"), ("sell", "sell.py"), ("average", "1")];
    let mut day = Day::new(Vec::from([strategy("text", &parameters)]), false);
    for (name, text) in ["buy.py", "sell.py"].into_iter().zip(texts) {
        day.say(Command::StrategyText { name: name.into(), text: text.into() });
    }
    for (second, price) in ["10000", "10000", "10000", "10200", "10100", "10100"].into_iter().enumerate() {
        day.until(second as i64);
        day.trade(SHARE, price);
        day.quote(SHARE, price, price);
        let now = day.second();
        day.until(now);
        // Between the rows, once before and once after the entry.
        if second == 1 || second == 3 {
            let more = [&parameters[..], &[("stop_loss", if second == 1 { "50" } else { "60" })]].concat();
            day.configure(Vec::from([strategy("text", &more)]));
        }
    }
    assert_eq!(day.orders(), "2 buy 100 market; 5 sell 100 market");
}

/// Enters long above 10,000 and short below; leaves a long position below 9,950 and a short one above 9,950.
const BOTH: [&str; 2] = [
    "if not (현재가 > 10000):\n    BUY_LONG = False\nif not (현재가 < 10000):\n    SELL_SHORT = False\nif BUY_LONG or SELL_SHORT:\n    self.Buy()",
    "if 현재가 < 9950:\n    SELL_LONG = True\nif 현재가 > 9950 and 포지션 == 'SHORT' and 수익률 < 1:\n    BUY_SHORT = True\n\
     if SELL_LONG or BUY_SHORT:\n    self.Sell()",
];

fn futures(texts: [&str; 2], parameters: &[(&str, &str)], prices: &[i64]) -> String {
    play(FUTURE, texts, &[&[("notional", "1000")], parameters].concat(), prices).orders()
}

#[test]
fn a_futures_text_takes_both_sides() {
    let prices = [10_000, 10_100, 9_960, 9_940, 9_900, 9_900, 9_890, 9_960];
    assert_eq!(
        futures(BOTH, &[("direction", "both")], &prices),
        "1 buy 0.099 market; 3 sell 0.099 market; 4 sell 0.101 market; 7 buy 0.101 market"
    );
    // A share cannot be sold short.
    let share = play(SHARE, BOTH, &[("notional", "1000000"), ("direction", "both")], &prices).orders();
    assert_eq!(share, "1 buy 99 market; 3 sell 99 market");
}

#[test]
fn a_side_that_the_settings_forbid_is_not_entered() {
    let prices = [10_000, 10_100, 9_960, 9_940, 9_900, 9_960];
    let day = play(FUTURE, BOTH, &[("notional", "1000")], &prices);
    let told = day.told("strategy.text").join("\n");
    assert!(day.orders().is_empty() && told.contains("SELL_SHORT") && told.contains("direction"), "{told}: {:?}", day.decided);
    let long = ["if not (현재가 > 10000):\n    BUY_LONG = False\nif BUY_LONG:\n    self.Buy()", BOTH[1]];
    assert_eq!(futures(long, &[], &prices), "1 buy 0.099 market; 3 sell 0.099 market");
    let short = ["if not (현재가 < 10000):\n    SELL_SHORT = False", BOTH[1]];
    assert_eq!(futures(short, &[("direction", "short")], &prices), "2 sell 0.1 market; 5 buy 0.1 market");
}

#[test]
fn stops_and_parts_of_a_short_position_are_mirrored() {
    let texts = ["if not (현재가 == 10000):\n    SELL_SHORT = False", NEVER];
    let both = |more: &[(&str, &str)], prices: &[i64]| futures(texts, &[&[("direction", "both")], more].concat(), prices);
    assert_eq!(both(&[("stop_loss", "3")], &[10_000, 10_200, 10_300]), "0 sell 0.1 market; 2 buy 0.1 market");
    assert_eq!(both(&[("take_profit", "3")], &[10_000, 9_800, 9_700]), "0 sell 0.1 market; 2 buy 0.1 market");
    let trailing = [("trailing_arm", "2"), ("trailing_fall", "1")];
    assert_eq!(both(&trailing, &[10_000, 9_700, 9_790, 9_800]), "0 sell 0.1 market; 3 buy 0.1 market");
    // The second half is sold when the price has risen by two percent against the position.
    let splits = [("buy_splits", "2"), ("buy_split_down", "2"), ("take_profit", "3")];
    assert_eq!(both(&splits, &[10_000, 10_100, 10_200, 9_700]), "0 sell 0.05 market; 2 sell 0.05 market; 3 buy 0.1 market");
}

#[test]
fn quantities_that_a_text_asks_for_are_those_of_the_next_order() {
    let texts = [
        "if not (현재가 == 10000 and 매수수량 == 100):\n    매수 = False\nif 매수:\n    self.Buy(종목코드, 종목명, 매수수량, 현재가, 매도호가1, 매수호가1)",
        "if 매도수량 == 50 and 매수틱번호 == 1 and now() >= timedelta_sec(2, 매수시간):\n    self.Sell()\nelif 매도수량 == 100:\n    매도 = True",
    ];
    assert_eq!(orders(texts, &[("sell_splits", "2")], &[9_990, 10_000, 10_010, 10_020]), "1 buy 100 market; 3 sell 50 market");
}

#[test]
fn sizes_follow_the_angle_of_rows() {
    let texts = ["if not (데이터길이 == 32):\n    매수 = False", NEVER];
    let parameters = [("size_by", "change_angle"), ("size_steps", "5;20"), ("size_factors", "1;0.5;0.1")];
    let rising = |step: i64| -> Vec<i64> { (0..32).map(|row| 10_000 + row * step).collect() };
    // Over 30 rows 등락율 moves by 0, 1.45 and 5.8: at 5 a percent, 0, 13.59 and 44.03 degrees.
    assert_eq!(orders(texts, &parameters, &rising(0)), "31 buy 100 market");
    assert_eq!(orders(texts, &parameters, &rising(5)), "31 buy 49 market");
    assert_eq!(orders(texts, &parameters, &rising(20)), "31 buy 9 market");
    let named = builtin(&[("notional", "1000"), ("size_by", "change_angle"), ("size_steps", "5"), ("size_factors", "1;0.5")]);
    assert!(named.contains("size_by") && named.contains("texts"), "{named}");
}

/// Why the auto-trader cannot be made with these parameters.
fn builtin(parameters: &[(&str, &str)]) -> String {
    crate::strategy::builtin::make(&strategy("auto-trader", parameters)).expect_err("refused")
}

#[test]
fn in_a_forbidden_time_only_stops_close() {
    let texts = ["if not (현재가 == 10000):\n    매수 = False", "매도 = True"];
    // The day begins at nine in Korea.
    let forbidden = [("exit_forbidden", "090000-090003")];
    assert_eq!(orders(texts, &forbidden, &[10_000, 10_010, 10_020, 10_030]), "0 buy 100 market; 3 sell 100 market");
    let stop = [&forbidden[..], &[("stop_loss", "1")]].concat();
    assert_eq!(orders(texts, &stop, &[10_000, 9_890, 9_880]), "0 buy 100 market; 1 sell 100 market");
    let parts = [&forbidden[..], &[("sell_splits", "2"), ("sell_split_up", "1")]].concat();
    assert_eq!(orders([texts[0], NEVER], &parts, &[10_000, 10_100, 10_110, 10_120]), "0 buy 100 market; 3 sell 50 market");
}

#[test]
fn a_text_waits_after_an_interruption() {
    let texts =
        ["if not (현재가 == 10000 and 0 < VI해제시간 and now() >= timedelta_sec(3, VI해제시간)):\n    매수 = False", NEVER];
    let mut given = Vec::from([("buy", "buy.py"), ("average", "1"), ("notional", "1000000")]);
    given.push(("sell", "sell.py"));
    let mut day = Day::new(Vec::from([strategy("text", &given)]), false);
    for (name, text) in ["buy.py", "sell.py"].into_iter().zip(texts) {
        day.say(Command::StrategyText { name: name.into(), text: text.into() });
    }
    for second in 0..8 {
        day.until(second);
        if second == 1 || second == 2 {
            let vi = Vi { instrument: SHARE, active: second == 1, static_price: None, dynamic_price: None, until: None };
            day.hear(Event::Market(MarketEvent::Vi(alloc::boxed::Box::new(vi))));
        }
        day.trade(SHARE, "10000");
        day.quote(SHARE, "10000", "10000");
        day.until(second);
    }
    assert_eq!(day.orders(), "5 buy 100 market");
}

#[test]
fn a_text_reads_the_leverage_that_the_venue_says() {
    let texts = ["if not (현재가 == 10000):\n    매수 = False", "if 레버리지 == 20:\n    self.Sell()"];
    let given = [("notional", "1000"), ("buy", "buy.py"), ("sell", "sell.py"), ("average", "1")];
    for (leverage, expected) in [(20, "0 buy 0.1 market; 2 sell 0.1 market"), (10, "0 buy 0.1 market")] {
        let mut day = Day::new(Vec::from([strategy("text", &given)]), false);
        for (name, text) in ["buy.py", "sell.py"].into_iter().zip(texts) {
            day.say(Command::StrategyText { name: name.into(), text: text.into() });
        }
        for (second, price) in ["10000", "10010", "10020"].into_iter().enumerate() {
            day.until(second as i64);
            if second == 2 {
                let margin = Answer::Margin { instrument: FUTURE, isolated: None, leverage: Some(leverage) };
                day.hear(Event::Answer(alloc::boxed::Box::new(margin)));
            }
            day.trade(FUTURE, price);
            day.quote(FUTURE, price, price);
            let now = day.second();
            day.until(now);
        }
        assert_eq!(day.orders(), expected, "leverage {leverage}");
    }
}
