//! Text strategies under the order rules, in the kernel: the texts say when, the rules how much and how it ends.

use alloc::string::String;
use alloc::vec::Vec;

use super::tests::{Day, FUTURE, SHARE, strategy};
use crate::event::Command;
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
