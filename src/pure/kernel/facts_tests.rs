//! Facts of a day: what they keep from leaving, how long they hold, and that a restart knows them.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use jangbu_journal::Nanos;
use jangbu_replay::Machine;
use proptest::prelude::{prop, prop_assert_eq, proptest};

use super::super::Kernel;
use super::super::tests::{Rig, digest};
use crate::effect::{BarLength, Effect, Query};
use crate::event::command::{Command, RiskLimits};
use crate::event::market::{Phase, PhaseKind};
use crate::event::{Event, MarketEvent};
use crate::market::testing::{instrument, money, price, qty};
use crate::market::{
    Activity, Bar, Instrument, InstrumentId, InstrumentKind, Money, Price, Rate, Reference, Side, TickTable, Venue,
};
use crate::strategy::{DecodeError, Decoder, Encoder, Signals, Strategy, View};

const STOCK: InstrumentId = InstrumentId(2);
const DAY_NS: i64 = 86_400_000_000_000;

/// A rig with a share of 100 KRW ticks and 100 million KRW.
fn rig() -> Rig {
    let mut rig = Rig::new(RiskLimits::default());
    let of = instrument(STOCK.0, InstrumentKind::Stock);
    let (base, quote) = ("005930".parse().expect("a code"), "KRW".parse().expect("a code"));
    let (lot, ticks) = (qty("1"), TickTable::flat(price("100")));
    let stock = Instrument {
        venue: Venue::Kiwoom,
        symbol: "005930".into(),
        base,
        quote,
        ticks,
        lot,
        qty_min: lot,
        notional_min: Money::ZERO,
        ..of
    };
    rig.hear(Event::Market(MarketEvent::Instrument(Box::new(stock))));
    rig.say(Command::Deposit { venue: Venue::Kiwoom, currency: quote, amount: money("100000000") });
    rig.trade(STOCK, "75000");
    rig
}

fn tell(rig: &mut Rig, reference: Reference) {
    rig.hear(Event::Market(MarketEvent::Reference(Box::new(reference))));
}

fn limits(lower: &str, upper: &str) -> Reference {
    Reference { lower_limit: Some(price(lower)), upper_limit: Some(price(upper)), ..Reference::of(STOCK) }
}

fn text(rig: &Rig) -> String {
    let notice = rig.effects.iter().rev().find_map(|effect| match effect {
        Effect::Notify(notice) => Some(notice.text.clone()),
        _ => None,
    });
    notice.unwrap_or_default()
}

#[test]
fn a_price_beyond_the_days_limits_does_not_leave_and_the_line_says_them() {
    let mut rig = rig();
    assert!(rig.order(STOCK, Side::Buy, Some("97400"), "1").is_some(), "nothing is known yet");
    tell(&mut rig, limits("52500", "97300"));
    assert_eq!(rig.order(STOCK, Side::Buy, Some("97400"), "1"), None);
    assert_eq!(rig.code(), "risk.price_limit");
    assert!(text(&rig).contains("price 97400 is outside the day's limits, 52500 to 97300"), "{}", text(&rig));
    assert!(
        rig.order(STOCK, Side::Buy, Some("52400"), "1").is_none() && rig.order(STOCK, Side::Buy, Some("52500"), "1").is_some()
    );
    assert!(rig.order(STOCK, Side::Buy, Some("97300"), "1").is_some());
    // Another fact leaves them as they are; a new day forgets them.
    tell(&mut rig, Reference { listed: Some(qty("5919637922")), ..Reference::of(STOCK) });
    assert_eq!(rig.order(STOCK, Side::Buy, Some("97400"), "2"), None);
    rig.wait(DAY_NS);
    assert!(rig.order(STOCK, Side::Buy, Some("97400"), "3").is_some());
    assert_eq!(rig.kernel.reference(STOCK), None);
}

#[test]
fn what_is_halted_takes_no_order_until_it_trades() {
    let mut rig = rig();
    tell(&mut rig, Reference { halted: Some(true), ..Reference::of(STOCK) });
    assert_eq!((rig.order(STOCK, Side::Buy, Some("75000"), "1"), rig.code()), (None, "risk.halted"));
    assert_eq!(rig.order(STOCK, Side::Buy, None, "1"), None);
    let ratio = Some(Rate::from_raw(1));
    rig.hear(Event::Market(MarketEvent::Activity(Box::new(Activity {
        instrument: STOCK,
        volume_ratio: ratio,
        ..Activity::default()
    }))));
    assert_eq!(rig.kernel.activity(STOCK).and_then(|activity| activity.volume_ratio), ratio);
    assert!(rig.order(STOCK, Side::Buy, Some("75000"), "1").is_some());
}

#[test]
fn before_and_after_the_regular_hours_there_are_no_market_orders() {
    let mut rig = rig();
    for (kind, leaves) in [
        (PhaseKind::PreMarket, false),
        (PhaseKind::OpeningAuction, true),
        (PhaseKind::Continuous, true),
        (PhaseKind::AfterHours, false),
    ] {
        rig.hear(Event::Market(MarketEvent::Phase(Phase { venue: Venue::Kiwoom, instrument: None, kind })));
        assert_eq!(rig.order(STOCK, Side::Buy, None, "1").is_some(), leaves, "{kind:?}");
        assert!(leaves || rig.code() == "risk.limits_only");
        assert!(rig.order(STOCK, Side::Buy, Some("75000"), "1").is_some(), "{kind:?}");
    }
}

#[test]
fn facts_of_what_was_never_defined_are_counted() {
    let mut rig = rig();
    tell(&mut rig, Reference::of(InstrumentId(77)));
    rig.hear(Event::Market(MarketEvent::Activity(Box::new(Activity { instrument: InstrumentId(77), ..Activity::default() }))));
    assert_eq!((rig.kernel.counts().unknown, rig.kernel.reference(InstrumentId(77))), (2, None));
}

/// Counts what it hears of bars.
#[derive(Debug, Default)]
struct Bars {
    rows: u64,
    past: u64,
}

impl Strategy for Bars {
    fn on_row(&mut self, _: &View<'_>, row: &Bar, _: &mut Signals) {
        self.rows += u64::from(row.trades == 77);
    }

    fn on_past_bar(&mut self, _: &View<'_>, bar: &Bar, out: &mut Signals) {
        self.past += 1;
        if self.past == 1 {
            out.ask(Query::Bars { instrument: bar.instrument, length: BarLength::Minutes(1), count: 10 });
        }
    }

    fn save(&self, _: &mut Encoder<'_>) {}

    fn load(&mut self, _: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(())
    }
}

#[test]
fn bars_of_the_past_are_no_rows_and_a_strategy_may_ask_for_more() {
    let mut rig = rig();
    rig.kernel.strategies.run(Box::new(Bars::default()), &[STOCK]);
    let minute = 60_000_000_000;
    for minutes_ago in [30, 2, 1] {
        let start = Nanos::new(rig.stamp.recv.get() - minutes_ago * minute);
        let at = price("75000");
        let (bought, sold, turnover) = (qty("1"), qty("1"), Money::ZERO);
        let bar = Bar {
            instrument: STOCK,
            start,
            span: minute,
            open: at,
            high: at,
            low: at,
            close: at,
            bought,
            sold,
            turnover,
            trades: 77,
        };
        rig.hear(Event::Market(MarketEvent::Bar(Box::new(bar))));
    }
    let told = rig.kernel.strategies().next().map(|(_, _, strategy)| alloc::format!("{strategy:?}"));
    assert_eq!(told.as_deref(), Some("Bars { rows: 1, past: 2 }"));
    let asked = Query::Bars { instrument: STOCK, length: BarLength::Minutes(1), count: 10 };
    assert_eq!(rig.effects.iter().filter(|effect| **effect == Effect::Query(asked.clone())).count(), 1);
}

#[test]
fn a_kernel_without_facts_saves_what_it_did_before_there_were_any() {
    let (mut with, without) = (rig(), rig());
    let before = digest(&with.kernel);
    tell(&mut with, limits("52500", "97300"));
    assert_ne!(digest(&with.kernel), before);
    assert_eq!(digest(&without.kernel), before);
    let names = |kernel: &Kernel| {
        let mut parts = jangbu_replay::Parts::new();
        kernel.digest(&mut parts);
        parts.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
    };
    assert!(!names(&without.kernel).iter().any(|name| name == "facts" || name == "derived"));
    assert_eq!(names(&with.kernel).last().map(String::as_str), Some("facts"));
}

proptest! {
    /// Whatever is told of the limits: an order beyond those that were told last on the day does not leave, and a kernel that was
    /// saved and loaded decides the same.
    #[test]
    fn orders_lie_within_the_limits_of_the_day(steps in prop::collection::vec((0_u8..4, 1_i64..30, 1_i64..30), 1..40)) {
        let mut rig = rig();
        let (mut lower, mut upper): (Option<Price>, Option<Price>) = (None, None);
        let hundred = |count: i64| Price::from_raw(count * 100 * crate::market::number::ONE);
        for (kind, first, second) in steps {
            match kind {
                0 => {
                    let known = Reference { lower_limit: Some(hundred(first.min(second))), ..Reference::of(STOCK) };
                    lower = known.lower_limit;
                    tell(&mut rig, known);
                }
                1 => {
                    let known = Reference { upper_limit: Some(hundred(first.max(second))), ..Reference::of(STOCK) };
                    upper = known.upper_limit;
                    tell(&mut rig, known);
                }
                2 if first == 1 => {
                    rig.wait(DAY_NS);
                    (lower, upper) = (None, None);
                }
                _ => {
                    let mut saved = Vec::new();
                    rig.kernel.save(&mut saved);
                    let mut twin = Rig { kernel: Kernel::load(&saved).expect("loads"), stamp: rig.stamp, effects: Vec::new() };
                    let at = hundred(first);
                    let may = lower.is_none_or(|lower| at >= lower) && upper.is_none_or(|upper| at <= upper);
                    let left = rig.order(STOCK, Side::Buy, Some(&at.to_string()), "1").is_some();
                    prop_assert_eq!(left, may);
                    prop_assert_eq!(twin.order(STOCK, Side::Buy, Some(&at.to_string()), "1").is_some(), may);
                    prop_assert_eq!(digest(&twin.kernel), digest(&rig.kernel));
                }
            }
        }
    }
}
