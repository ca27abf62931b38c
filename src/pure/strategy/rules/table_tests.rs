//! Each rule alone: parameters, what happens, what is ordered.

use alloc::vec::Vec;

use super::tests::{Day, FUTURE, OTHER, SHARE, strategy};
use crate::effect::Effect;
use crate::event::{Event, MarketEvent};
use crate::market::{Depth, InstrumentId, Level, Side, TickTable};

type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

/// Plays every case on a day without costs: 1,000,000 KRW a share, unless the case says otherwise.
fn check(id: InstrumentId, cases: &[Case<'_>]) {
    for (parameters, script, expected) in cases {
        let mut given = parameters.to_vec();
        if !given.iter().any(|(name, _)| matches!(*name, "qty" | "notional")) {
            given.push(("notional", "1000000"));
        }
        let mut day = Day::new(Vec::from([strategy("auto-trader", &given)]), false);
        day.play(id, script);
        assert_eq!(day.orders(), *expected, "{parameters:?} {script}: {:?}", day.decided);
    }
}

#[test]
fn sizes_and_prices() {
    check(
        SHARE,
        &[
            (&[], "0:10000 0:+", "0 buy 100 market"),
            (&[("qty", "7")], "0:10000 0:+", "0 buy 7 market"),
            (&[("notional", "9999")], "0:10000 0:+", ""),
            (&[("order", "limit"), ("order_ticks", "-2")], "0:10000 0:+", "0 buy 100 9980"),
            (&[("order", "limit"), ("order_base", "bid")], "0:10000 0:9980/10020 0:+", "0 buy 100 9980"),
            (&[("order", "limit"), ("order_base", "ask"), ("order_ticks", "1")], "0:10000 0:9980/10020 0:+", "0 buy 100 10030"),
            // The day's range of 5 % halves the size, one of 12 % leaves a tenth.
            (
                &[("size_by", "range"), ("size_steps", "3;10"), ("size_factors", "1;0.5;0.1")],
                "0:10000 1:10500 1:+",
                "1 buy 47 market",
            ),
            (
                &[("size_by", "range"), ("size_steps", "3;10"), ("size_factors", "1;0.5;0.1")],
                "0:10000 1:11200 1:+",
                "1 buy 8 market",
            ),
        ],
    );
}

/// An entry asks for base data, and waits: for the answer, for the venue that cannot, or for a while.
#[test]
fn entries_wait_for_base_data() {
    use crate::effect::Query;
    let wait = [("qty", "1"), ("base_data_seconds", "2")];
    let skip = [("qty", "1"), ("base_data_seconds", "2"), ("without_base_data", "skip")];
    let asked = |day: &Day| day.decided.iter().filter(|row| row.1 == Effect::Query(Query::Reference(SHARE))).count();
    let start = |parameters: &[(&str, &str)]| {
        let mut day = Day::new(Vec::from([strategy("auto-trader", parameters)]), false);
        day.answers_none = true;
        day.play(SHARE, "0:10000 0:+ 1:10000");
        assert_eq!((day.orders().as_str(), asked(&day)), ("", 1), "it waits");
        day
    };
    let mut day = start(&wait);
    day.facts(SHARE, "7000", "13000");
    assert_eq!(day.orders(), "1 buy 1 market", "the answer");
    // What is known is not asked for again.
    day.play(OTHER, "2:10000");
    day.condition(SHARE, false);
    assert_eq!(asked(&day), 1);
    let mut day = start(&wait);
    day.play(SHARE, "2:10010");
    assert_eq!(day.orders(), "2 buy 1 market", "long enough");
    let mut day = start(&skip);
    day.play(SHARE, "2:10010 3:10010");
    assert_eq!(day.orders(), "");
    let told =
        |day: &Day| day.decided.iter().any(|row| matches!(&row.1, Effect::Notify(it) if it.code == "auto_trader.base_data"));
    assert!(told(&day));
    let mut day = start(&skip);
    day.facts(SHARE, "7000", "13000");
    assert_eq!((day.orders().as_str(), told(&day)), ("1 buy 1 market", false));
    // A venue that cannot answer says so, and nothing is asked where nothing is waited for.
    let mut day = Day::new(Vec::from([strategy("auto-trader", &skip)]), false);
    day.play(SHARE, "0:10000 0:+");
    assert!(day.orders().is_empty() && told(&day));
    let mut day = Day::new(Vec::from([strategy("auto-trader", &[("qty", "1"), ("base_data_seconds", "0")])]), false);
    day.play(SHARE, "0:10000 0:+");
    assert_eq!((day.orders().as_str(), asked(&day)), ("0 buy 1 market", 0));
}

#[test]
fn entries_by_condition() {
    check(
        SHARE,
        &[
            // Without a price it waits for one, but not for ever.
            (&[], "0:+ 3:10000", "3 buy 100 market"),
            (&[], "0:+ 30:10000", ""),
            (&[("entry_wait_seconds", "0")], "0:+ 300:10000", "300 buy 100 market"),
            (&[("entry_wait_seconds", "0")], "0:+ 200:- 300:10000", ""),
            (&[("on", "false")], "0:10000 0:+", ""),
            (&[("conditions", "급등주")], "0:10000 0:+", "0 buy 100 market"),
            (&[("conditions", "7;3")], "0:10000 0:+", "0 buy 100 market"),
            (&[("conditions", "7")], "0:10000 0:+", ""),
            // Told again after a connection: not bought again.
            (&[], "0:10000 0:+ 1:+ 2:+", "0 buy 100 market"),
            (&[("order", "limit"), ("order_ticks", "-2")], "0:10000 0:+ 5:-", "0 buy 100 9980; 5 cancel"),
            (&[("order", "limit"), ("order_ticks", "-2"), ("cancel_on_leave", "false")], "0:10000 0:+ 5:-", "0 buy 100 9980"),
            (&[("exit_on_leave", "true")], "0:10000 0:+ 5:-", "0 buy 100 market; 5 sell 100 market"),
        ],
    );
}

#[test]
fn stops() {
    check(
        SHARE,
        &[
            (&[("stop_loss", "3")], "0:10000 0:+ 1:9710 2:9700", "0 buy 100 market; 2 sell 100 market"),
            (&[("stop_loss_amount", "30000")], "0:10000 0:+ 1:9710 2:9700", "0 buy 100 market; 2 sell 100 market"),
            (&[("take_profit", "3")], "0:10000 0:+ 1:10290 2:10300", "0 buy 100 market; 2 sell 100 market"),
            (&[("take_profit_amount", "30000")], "0:10000 0:+ 1:10290 2:10300", "0 buy 100 market; 2 sell 100 market"),
            // Armed at +2 %, and 1 % below 10,500 is 10,395.
            (
                &[("trailing_arm", "2"), ("trailing_fall", "1")],
                "0:10000 0:+ 1:10200 2:10500 3:10400 4:10390",
                "0 buy 100 market; 4 sell 100 market",
            ),
            (&[("trailing_arm", "2"), ("trailing_fall", "1")], "0:10000 0:+ 1:10190 2:10000 3:9500", "0 buy 100 market"),
            (&[("holding_seconds_max", "60")], "0:10000 0:+ 59: 61:", "0 buy 100 market; 60 sell 100 market"),
            // A part that rests does not stop the clock of the whole.
            (
                &[
                    ("holding_seconds_max", "30"),
                    ("sell_splits", "2"),
                    ("sell_split_up", "0.5"),
                    ("exit_order", "limit"),
                    ("exit_ticks", "5"),
                ],
                "0:10000 0:+ 1:10050 31:",
                "0 buy 100 market; 1 sell 50 10100; 30 cancel; 30 sell 100 market",
            ),
            // 09:01:00, and nothing is bought after.
            (&[("liquidate_at", "090100")], "0:10000 0:+ 59: 60: 61:- 62:+", "0 buy 100 market; 60 sell 100 market"),
            (
                &[("liquidate_at", "090100"), ("order", "limit"), ("order_ticks", "-2")],
                "0:10000 0:+ 61:",
                "0 buy 100 9980; 60 cancel",
            ),
            // A stop does not wait for an exit that rests.
            (
                &[("stop_loss", "3"), ("exit_on_leave", "true"), ("exit_order", "limit"), ("exit_ticks", "5")],
                "0:10000 0:+ 1:- 2:9700",
                "0 buy 100 market; 1 sell 100 10050; 2 cancel; 2 sell 100 market",
            ),
        ],
    );
}

#[test]
fn short_positions_are_the_mirror() {
    let short = ("direction", "short");
    let size = ("notional", "1000");
    check(
        FUTURE,
        &[
            (&[short, size, ("stop_loss", "3")], "0:10000 0:+ 1:10290 2:10300", "0 sell 0.1 market; 2 buy 0.1 market"),
            (&[short, size, ("take_profit", "3")], "0:10000 0:+ 1:9710 2:9700", "0 sell 0.1 market; 2 buy 0.1 market"),
            (
                &[short, size, ("trailing_arm", "2"), ("trailing_fall", "1")],
                "0:10000 0:+ 1:9800 2:9500 3:9590 4:9600",
                "0 sell 0.1 market; 4 buy 0.1 market",
            ),
            (
                &[short, size, ("buy_splits", "2"), ("buy_split_down", "2")],
                "0:10000 0:+ 1:10190 2:10200",
                "0 sell 0.05 market; 2 sell 0.05 market",
            ),
            (&[short, size, ("order", "limit"), ("order_ticks", "2")], "0:10000 0:+", "0 sell 0.1 10020"),
            (&[short, size, ("liquidate_at", "090100")], "0:10000 0:+ 61:", "0 sell 0.1 market; 60 buy 0.1 market"),
        ],
    );
    // A share cannot be sold short.
    check(SHARE, &[(&[short], "0:10000 0:+", "")]);
}

#[test]
fn parts() {
    let thirds = [("notional", "900000"), ("buy_splits", "3")];
    let with = |more: &[(&'static str, &'static str)]| [&thirds[..], more].concat();
    check(
        SHARE,
        &[
            // 33.33 % of 900,000 each, at the average price.
            (
                &with(&[("buy_split_down", "2")]),
                "0:10000 0:+ 1:9810 2:9800 3:9700",
                "0 buy 29 market; 2 buy 29 market; 3 buy 30 market",
            ),
            (&with(&[("buy_split_up", "2")]), "0:10000 0:+ 1:10200 2:10210", "0 buy 29 market; 1 buy 29 market"),
            // From the price of the last entry: 10,200, then 10,404.
            (
                &with(&[("buy_split_up", "2"), ("buy_split_base", "entry")]),
                "0:10000 0:+ 1:10200 2:10400 3:10410",
                "0 buy 29 market; 1 buy 29 market; 3 buy 29 market",
            ),
            (
                &[("sell_splits", "2"), ("sell_split_up", "3")],
                "0:10000 0:+ 1:10300 2:10590 3:10600",
                "0 buy 100 market; 1 sell 50 market; 3 sell 50 market",
            ),
            (
                &[("sell_splits", "3"), ("sell_split_method", "decreasing"), ("sell_split_down", "2")],
                "0:10000 0:+ 1:9800 2:9600 3:9400",
                "0 buy 100 market; 1 sell 57 market; 2 sell 28 market; 3 sell 15 market",
            ),
            // A stop sells what the parts have left.
            (
                &[("sell_splits", "2"), ("sell_split_up", "3"), ("stop_loss", "5")],
                "0:10000 0:+ 1:10300 2:9500",
                "0 buy 100 market; 1 sell 50 market; 2 sell 50 market",
            ),
            (
                &[("sell_splits", "2"), ("exit_on_leave", "true")],
                "0:10000 0:+ 1:- 2:+ 3:-",
                "0 buy 100 market; 1 sell 50 market; 3 sell 50 market",
            ),
        ],
    );
}

#[test]
fn unfilled_orders() {
    let limit = [("order", "limit"), ("order_ticks", "-1")];
    let with = |more: &[(&'static str, &'static str)]| [&limit[..], more].concat();
    check(
        SHARE,
        &[
            (&with(&[("unfilled_seconds", "5")]), "0:10000 0:+ 4: 6:", "0 buy 100 9990; 5 cancel"),
            (
                &with(&[("unfilled_seconds", "5"), ("unfilled", "market")]),
                "0:10000 0:+ 6:",
                "0 buy 100 9990; 5 cancel; 5 buy 100 market",
            ),
            (
                &with(&[("unfilled_seconds", "5"), ("unfilled", "amend"), ("amend_ticks", "1")]),
                "0:10000 0:+ 1:10100 6: 11:",
                "0 buy 100 9990; 5 amend 10090; 10 cancel",
            ),
            // Run away from before it was there: one try a second, not one after the other.
            (
                &[("order", "limit"), ("order_base", "bid"), ("runaway_ticks", "3"), ("entry_wait_seconds", "0")],
                "0:10000 0:9900/9910 0:+ 0:10000 1:- 1:+",
                "0 buy 100 9900; 0 cancel; 1 buy 100 9900; 1 cancel",
            ),
            // A sale of everything that is held is given another price as well.
            (
                &[
                    ("exit_on_leave", "true"),
                    ("exit_order", "limit"),
                    ("exit_ticks", "1"),
                    ("unfilled_seconds", "5"),
                    ("unfilled", "amend"),
                ],
                "0:10000 0:+ 1:- 2:9900 7: 8:9910",
                "0 buy 100 market; 1 sell 100 10010; 6 amend 9900",
            ),
            (&with(&[("runaway_ticks", "3")]), "0:10000 0:+ 1:10010 2:10020", "0 buy 100 9990; 2 cancel"),
            (
                &with(&[("runaway_ticks", "3"), ("unfilled", "amend"), ("amend_max", "2"), ("amend_ticks", "2")]),
                "0:10000 0:+ 2:10020 3:10030 4:10040 5:10070",
                "0 buy 100 9990; 2 amend 10000; 3 amend 10010; 4 cancel",
            ),
        ],
    );
}

#[test]
fn gates() {
    let lost = ("stop_loss", "3");
    // Bought, lost on at second 2, left and entered again.
    let again = |at: &str| alloc::format!("0:10000 0:+ 2:9700 3:- {at}:9700 {at}:+");
    let once = "0 buy 100 market; 2 sell 100 market";
    let twice = |at: &str| alloc::format!("{once}; {at} buy 103 market");
    check(
        SHARE,
        &[
            (&[("blacklist", "000660; 005930")], "0:10000 0:+", ""),
            (&[("blacklist", "000660")], "0:10000 0:+", "0 buy 100 market"),
            (&[("forbidden", "085500-090010")], "0:10000 0:+", ""),
            (&[("forbidden", "085500-090010")], "10:10000 10:+", "10 buy 100 market"),
            (&[("start", "090010")], "0:10000 0:+ 9: 9:10000 10:10000", ""),
            (&[("start", "090009")], "0:10000 0:+ 8:10000 9:10000", "9 buy 100 market"),
            (&[("end", "090010")], "10:10000 10:+", ""),
            (&[("price_min", "10010")], "0:10000 0:+", ""),
            (&[lost], &again("10"), &twice("10")),
            (&[lost, ("buys_max", "1")], &again("10"), once),
            (&[lost, ("losses_max", "1")], &again("10"), once),
            (&[lost, ("pause_seconds", "20"), ("entry_wait_seconds", "1")], &again("10"), once),
            (&[lost, ("pause_seconds", "20")], &again("22"), &twice("22")),
            (&[lost, ("loss_pause_seconds", "20"), ("entry_wait_seconds", "1")], &again("10"), once),
            (&[lost, ("cooldown_seconds", "20"), ("entry_wait_seconds", "1")], &again("10"), once),
            (&[lost, ("cooldown_seconds", "20")], &again("22"), &twice("22")),
            (&[lost, ("day_loss_max", "30000")], &again("10"), once),
            (&[("day_loss_max", "20000")], "0:10000 0:+ 2:9800 3:- 4:+", once),
            (&[("day_loss_max", "20000"), ("day_limit_closes", "false")], "0:10000 0:+ 2:9800 3:9000", "0 buy 100 market"),
            (&[("day_profit_max", "20000")], "0:10000 0:+ 2:10200 3:- 4:+", once),
        ],
    );
}

#[test]
fn orders_keep_off_round_figures() {
    // A tick of 5 below 10,000 and of 10 from there on: round figures are 10,000 to 10,020 for a buy, 9,990 to 10,000 for a sale.
    let orders = |parameters: &[(&str, &str)], script: &str| {
        let mut given = Vec::from([("qty", "100")]);
        given.extend_from_slice(parameters);
        let mut day = Day::new(Vec::from([strategy("auto-trader", &given)]), false);
        let mut banded = super::tests::share(0, false);
        let rows = Vec::from([("0", "5"), ("10000", "10")]);
        let rows = rows.into_iter().map(|(from, tick)| (from.parse().expect("a price"), tick.parse().expect("a price")));
        banded.ticks = TickTable::new(rows.collect()).expect("a table");
        day.hear(Event::Market(MarketEvent::Instrument(alloc::boxed::Box::new(banded))));
        day.play(SHARE, script);
        day.orders()
    };
    let buy: &[(&str, &str)] = &[("round_figure_ticks", "2")];
    assert_eq!(orders(buy, "0:10010 0:+ 1:10020 2:9995"), "2 buy 100 market");
    assert_eq!(orders(buy, "0:10010 0:+ 1:10030"), "1 buy 100 market");
    let limit: &[(&str, &str)] = &[("round_figure_ticks", "2"), ("order", "limit"), ("order_ticks", "-1")];
    assert_eq!(orders(limit, "0:10030 0:+ 1:10020 2:10000"), "2 buy 100 9995", "it is the order's price that counts");
    let sell: &[(&str, &str)] = &[("exit_round_figure_ticks", "2"), ("exit_on_leave", "true"), ("stop_loss", "5")];
    assert_eq!(orders(sell, "0:10200 0:+ 1:9990 1:- 2:10005 2:+ 3:-"), "0 buy 100 market; 3 sell 100 market");
    assert_eq!(orders(sell, "0:10600 0:+ 1:9990"), "0 buy 100 market; 1 sell 100 market", "a stop does not wait");
}

#[test]
fn market_orders_look_for_enough_to_take() {
    let enough = [("qty", "999"), ("market_levels", "5"), ("exit_market_levels", "5"), ("exit_on_leave", "true")];
    check(
        SHARE,
        &[
            (&enough, "0:10 0:+ 1:10", ""),
            (&enough, "0:10 0:9/11 0:+ 1:10 2:-", "0 buy 999 market; 2 sell 999 market"),
            (&[("qty", "999"), ("market_levels", "5"), ("order", "limit")], "0:10 0:+", "0 buy 999 10"),
        ],
    );
    // A book of which two levels hold what one does not.
    for (levels, expected) in [("1", ""), ("2", "0 buy 100 market")] {
        let mut day = Day::new(Vec::from([strategy("auto-trader", &[("qty", "100"), ("market_levels", levels)])]), false);
        let level = |side, at: &str| {
            let (price, qty) = (at.parse().expect("a price"), "60".parse().expect("a quantity"));
            Event::Market(MarketEvent::Level(Level { instrument: SHARE, side, price, qty }))
        };
        day.hear(Event::Market(MarketEvent::Depth(Depth { instrument: SHARE, snapshot: true, levels: 3, update_id: 1 })));
        for event in [level(Side::Buy, "9990"), level(Side::Sell, "10010"), level(Side::Sell, "10020")] {
            day.hear(event);
        }
        day.play(SHARE, "0:10000 0:+");
        assert_eq!(day.orders(), expected, "{levels} levels");
    }
}

#[test]
fn a_split_entry_is_not_left_too_soon() {
    let split = [("buy_splits", "2"), ("buy_split_down", "1"), ("exit_after_buys", "1"), ("exit_on_leave", "true")];
    let mut stopped = Vec::from(split);
    stopped.push(("stop_loss", "3"));
    check(
        SHARE,
        &[
            (&split, "0:10000 0:+ 1:-", "0 buy 50 market"),
            (&split, "0:10000 0:+ 1:9890 2:-", "0 buy 50 market; 1 buy 50 market; 2 sell 100 market"),
            (&stopped, "0:10000 0:+ 1:-", "0 buy 50 market"),
        ],
    );
    stopped.retain(|(name, _)| *name != "buy_split_down");
    stopped.push(("buy_split_up", "1"));
    check(SHARE, &[(&stopped, "0:10000 0:+ 1:- 2:9600", "0 buy 50 market; 2 sell 50 market")]);
}

#[test]
fn the_next_day_forgets_the_day_before() {
    let parameters = [("notional", "1000000"), ("stop_loss", "3"), ("losses_max", "1"), ("day_loss_max", "10000")];
    let mut day = Day::new(Vec::from([strategy("auto-trader", &parameters)]), false);
    day.play(SHARE, "0:10000 0:+ 2:9700 3:- 4:+ 86400:9700 86400:+");
    assert_eq!(day.orders(), "0 buy 100 market; 2 sell 100 market; 86400 buy 103 market");
}

#[test]
fn the_number_of_holdings_counts_orders_on_their_way() {
    let parameters = [("notional", "1000000"), ("holdings_max", "1"), ("order", "limit"), ("order_ticks", "-1")];
    let mut day = Day::new(Vec::from([strategy("auto-trader", &parameters)]), false);
    day.play(SHARE, "0:10000 0:+");
    day.play(OTHER, "1:5000 1:+");
    assert_eq!(day.orders(), "0 buy 100 9990");
    day.play(SHARE, "2:-");
    day.play(OTHER, "2:5000");
    assert_eq!(day.orders(), "0 buy 100 9990; 2 cancel; 2 buy 200 4990");
}

#[test]
fn data_is_asked_for_while_it_is_needed() {
    let parameters = [("notional", "1000000"), ("stop_loss", "3")];
    let mut day = Day::new(Vec::from([strategy("auto-trader", &parameters)]), false);
    day.play(SHARE, "0:+ 1:10000 2:-");
    let asked = |day: &Day| -> Vec<(i64, bool)> {
        let word = |(second, effect): &(i64, Effect)| match effect {
            Effect::Subscribe { instrument: SHARE, on } => Some((*second, *on)),
            _ => None,
        };
        day.decided.iter().filter_map(word).collect()
    };
    assert_eq!(asked(&day), [(0, true)], "what is held is watched on");
    day.play(SHARE, "3:9700");
    assert_eq!(asked(&day), [(0, true), (3, false)]);
}
