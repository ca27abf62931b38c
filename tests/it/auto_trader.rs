//! The built-in `auto-trader` over a made-up day on the Korean market: conditions, all rules, liquidation; kept, and replayed.

use jangbu::account::SessionId;
use jangbu::data::history::Moment;
use jangbu::event::command::{Settings, StrategySettings};
use jangbu::event::market::Condition;
use jangbu::event::{Command, Event, MarketEvent};
use jangbu::market::{Instrument, InstrumentId, InstrumentKind, Price, Qty, Side, Trade, Venue};
use jangbu::venue::kiwoom::rules::{Board, costs, ticks};
use jangbu::venue::kiwoom::time::Date;
use jangbu::venue::kiwoom::wire::symbol::Exchange;
use jangbu_journal::Nanos;

use crate::made::{command, market_session};
use crate::program::{check, folder, json};

const SHARES: u32 = 8;
const ONE: i128 = 100_000_000;
const SECOND: i64 = 1_000_000_000;
/// 2026-11-20 09:00:00 in Korea.
const NINE: i64 = 1_795_132_800;

/// A share under the ticks, fees and taxes of the day.
fn share(id: u32) -> Instrument {
    let date = Date::of(2026, 11, 20);
    let code = |text: &str| text.parse().expect("a code");
    Instrument {
        id: InstrumentId(id),
        venue: Venue::Kiwoom,
        symbol: format!("0059{id:02}"),
        name: format!("회사{id}"),
        kind: InstrumentKind::Stock,
        base: code("SHARE"),
        quote: code("KRW"),
        ticks: ticks::ticks(Board::Kospi, date),
        lot: Qty::from_raw(ONE),
        qty_min: Qty::from_raw(ONE),
        qty_max: Qty::from_raw(ONE * 1_000_000),
        notional_min: jangbu::market::Money::ZERO,
        fees: costs::fees(Board::Kospi, Exchange::Krx, false, date).expect("a day of the table"),
    }
}

fn strategy() -> StrategySettings {
    let parameters = [
        ("notional", "3000000"),
        ("conditions", "급등주"),
        ("order", "limit"),
        ("order_ticks", "1"),
        ("unfilled_seconds", "20"),
        ("unfilled", "amend"),
        ("buy_splits", "3"),
        ("buy_split_method", "decreasing"),
        ("buy_split_down", "1"),
        ("sell_splits", "2"),
        ("sell_split_up", "1.5"),
        ("stop_loss", "2.5"),
        ("trailing_arm", "1"),
        ("trailing_fall", "0.5"),
        ("holding_seconds_max", "1800"),
        ("holdings_max", "4"),
        ("loss_pause_seconds", "120"),
        ("start", "090300"),
        ("end", "151000"),
        ("liquidate_at", "151500"),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    StrategySettings { name: "auto-trader".into(), instruments: vec![], parameters }
}

/// A trade every two seconds somewhere, and now and then a share that enters or leaves the condition, until 15:30.
fn day(seed: u64) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    let at = |second: i64| Nanos::new((NINE + second) * SECOND);
    let session = SessionId(1);
    let mut said = vec![Command::SessionStarted { session, build: "made".into(), mode: "backtest".into() }];
    said.push(Command::Configure(Settings { strategies: vec![strategy()], ..Settings::default() }));
    let (amount, currency) = ("20000000".parse().expect("money"), "KRW".parse().expect("a code"));
    said.push(Command::Deposit { venue: Venue::Kiwoom, currency, amount });
    said.push(Command::AutoTrade(true));
    moments.extend(said.into_iter().map(|said| (at(0), None, command(said))));
    moments.extend((0..SHARES).map(|id| (at(0), None, Event::Market(MarketEvent::Instrument(Box::new(share(id)))))));
    let (mut state, mut prices) = (seed, [19_000_i64; SHARES as usize]);
    for second in (1..23_400_i64).step_by(2) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = (state >> 60) as usize % prices.len();
        let instrument = InstrumentId(place as u32);
        // Around the bound of 20,000, where a tick becomes 50.
        let step = (state >> 40) as i64 % 13 - 6;
        prices[place] = (prices[place] + step * 10).clamp(12_000, 30_000);
        let tick = if prices[place] < 20_000 { 10 } else { 50 };
        let price = Price::from_raw(prices[place] / tick * tick * 100_000_000);
        let taker = if step >= 0 { Side::Buy } else { Side::Sell };
        let trade = Trade { instrument, taker, price, qty: Qty::from_raw(ONE * 10), id: second.unsigned_abs() };
        moments.push((at(second), None, Event::Market(MarketEvent::Trade(trade))));
        if (state >> 20) & 0x3f == 0 {
            let entered = (state >> 30) & 3 != 0;
            let condition = Condition { number: 2, name: "급등주".into(), instrument, entered };
            moments.push((at(second), None, Event::Market(MarketEvent::Condition(Box::new(condition)))));
        }
    }
    moments.push((at(23_400), None, command(Command::SessionEnded { session })));
    moments
}

#[test]
fn a_day_ends_flat_balances_to_the_won_and_replays() {
    let dir = folder();
    let book = dir.path().join("book");
    let finished = market_session(&book, SessionId(1), day(11), 5_000);
    let kernel = &finished.kernel;
    assert!(finished.report.orders > 60 && finished.report.fills > 60, "{:?}", finished.report);
    assert_eq!((finished.report.refused, finished.report.rejections), (0, 0), "{:?}", finished.report);
    for id in 0..SHARES {
        assert!(kernel.portfolio().position(InstrumentId(id)).qty.is_zero(), "share {id}: {:?}", kernel.views());
    }
    assert_eq!(kernel.orders().count(), 0);
    let instruments: Vec<Instrument> = kernel.instruments().cloned().collect();
    kernel.portfolio().check_conservation(&instruments).expect("the books balance");
    let row = &finished.report.results[0];
    // Fees are whole tens, taxes whole KRW: each cut to its unit, order by order.
    let (fees, taxes) = (row.fees.raw(), row.taxes.raw());
    assert!(fees > 0 && fees % (10 * ONE) == 0 && taxes > 0 && taxes % ONE == 0, "{row:?}");
    assert!(taxes > fees / 2, "0.2 % of what was sold against 0.03 % of both: {row:?}");
    assert!(finished.report.notices.contains_key("rules.exit"), "{:?}", finished.report.notices);
    // From the start, and from every snapshot: the same decisions, the same state.
    let replayed = json(&check(dir.path(), &["replay", "--journal", "book", "--twice", "--json"], 0).0);
    assert_eq!(replayed["state_digest"].as_str(), Some(finished.report.state_digest.as_str()), "{replayed}");
    let again = json(&check(dir.path(), &["backtest", "--journal", "book", "--session", "1", "--json"], 0).0);
    assert_eq!(again["effects_digest"].as_str(), Some(finished.report.effects_digest.as_str()), "{again}");
}
