//! All rules mixed at random, over random days: never more holdings than allowed, never more sold than held, flat after the
//! liquidation, and a restart or a `Configure` at any moment changes nothing.

use alloc::string::ToString;
use alloc::vec::Vec;

use jangbu_replay::Machine;
use proptest::prelude::*;

use super::tests::{Day, FUTURE, OTHER, SHARE, digest, strategy};
use crate::effect::Effect;
use crate::event::command::StrategySettings;
use crate::market::{Instrument, InstrumentId, Side};

/// A step of a random day.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(i64),
    Trade(u8, i64),
    Quote(u8, i64),
    Condition(u8, bool),
    Restart,
}

const IDS: [InstrumentId; 3] = [SHARE, OTHER, FUTURE];

fn step() -> impl Strategy<Value = Step> {
    let id = 0_u8..3;
    prop_oneof![
        3 => (1_i64..40).prop_map(Step::Wait),
        8 => (id.clone(), -60_i64..60).prop_map(|(id, ticks)| Step::Trade(id, ticks)),
        2 => (id.clone(), -60_i64..60).prop_map(|(id, ticks)| Step::Quote(id, ticks)),
        3 => (id, any::<bool>()).prop_map(|(id, entered)| Step::Condition(id, entered)),
        1 => Just(Step::Restart),
    ]
}

type Group = &'static [(&'static str, &'static str)];
const SPLITS: &[Group] = &[
    &[],
    &[("buy_splits", "3"), ("buy_split_down", "0.5"), ("exit_after_buys", "1")],
    &[("buy_splits", "2"), ("buy_split_up", "1"), ("buy_split_base", "entry")],
];
const UNFILLED: &[Group] = &[
    &[],
    &[("unfilled", "amend"), ("amend_ticks", "1"), ("runaway_ticks", "3")],
    &[("unfilled", "market"), ("runaway_ticks", "3")],
];

/// Any rules that go together. The liquidation is at 10:00, an hour into the day.
fn parameters(short: bool) -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let one = |name: &'static str, values: &'static [&'static str]| {
        prop::option::of(prop::sample::select(values)).prop_map(move |value| value.map(|value| (name, value)))
    };
    let pairs = Vec::from([
        one("order", &["limit"]),
        one("order_base", &["bid", "ask"]),
        one("order_ticks", &["-3", "1"]),
        one("exit_order", &["limit"]),
        one("exit_ticks", &["-1", "2"]),
        one("buy_split_method", &["decreasing", "increasing"]),
        one("sell_splits", &["2", "3"]),
        one("sell_split_up", &["0.5", "2"]),
        one("sell_split_down", &["1"]),
        one("stop_loss", &["1", "3"]),
        one("stop_loss_amount", &["5000"]),
        one("take_profit", &["2"]),
        one("take_profit_amount", &["20000"]),
        one("trailing_fall", &["0.5", "1"]),
        one("holding_seconds_max", &["30", "300"]),
        one("runaway_ticks", &["2"]),
        one("unfilled_seconds", &["1", "20"]),
        one("buys_max", &["2"]),
        one("losses_max", &["1"]),
        one("pause_seconds", &["10"]),
        one("cooldown_seconds", &["15"]),
        one("day_loss_max", &["30000"]),
        one("entry_wait_seconds", &["0"]),
        one("market_levels", &["1"]),
        one("exit_market_levels", &["2"]),
        one("exit_on_leave", &["true"]),
    ]);
    let (splits, unfilled) = (prop::sample::select(SPLITS), prop::sample::select(UNFILLED));
    (pairs, splits, unfilled, prop::sample::select(&["1", "2"][..])).prop_map(move |(pairs, splits, unfilled, holdings)| {
        let mut all: Vec<(&str, &str)> =
            Vec::from([("notional", "1000000"), ("liquidate_at", "100000"), ("holdings_max", holdings)]);
        if short {
            all.extend([("direction", "short")]);
        }
        all.extend_from_slice(splits);
        all.extend_from_slice(unfilled);
        let more: Vec<_> = pairs.into_iter().flatten().filter(|pair| all.iter().all(|known| known.0 != pair.0)).collect();
        all.extend(more);
        all
    })
}

struct Market {
    day: Day,
    prices: [i64; 3],
    restarts: bool,
    strategies: Vec<StrategySettings>,
}

impl Market {
    fn new(strategies: Vec<StrategySettings>, restarts: bool) -> Self {
        Market { day: Day::new(strategies.clone(), true), prices: [10_000; 3], restarts, strategies }
    }

    fn play(&mut self, step: Step, holdings_max: usize) {
        match step {
            Step::Wait(seconds) => {
                let end = self.day.second() + seconds;
                self.day.until(end);
            }
            Step::Trade(place, ticks) => {
                let price = &mut self.prices[usize::from(place)];
                *price = (*price + ticks * 10).clamp(5_000, 20_000);
                self.day.trade(IDS[usize::from(place)], &price.to_string());
            }
            Step::Quote(place, ticks) => {
                let bid = (self.prices[usize::from(place)] + ticks).div_euclid(10) * 10;
                self.day.quote(IDS[usize::from(place)], &bid.to_string(), &(bid + 10).to_string());
            }
            Step::Condition(place, entered) => self.day.condition(IDS[usize::from(place)], entered),
            Step::Restart if self.restarts => self.day.restart(),
            // Settings that are as they were: timers are set anew, and nothing else changes.
            Step::Restart => self.day.configure(self.strategies.clone()),
        }
        let now = self.day.second();
        self.day.until(now);
        self.check(holdings_max);
    }

    fn check(&self, holdings_max: usize) {
        let kernel = &self.day.kernel;
        let held = |id: &&InstrumentId| {
            let grows = kernel.orders().any(|order| {
                order.request.instrument == **id
                    && !order.request.reduce_only
                    && (order.request.side == Side::Buy || **id == FUTURE)
            });
            !kernel.portfolio().position(**id).qty.is_zero() || grows
        };
        let count = IDS.iter().filter(held).count();
        assert!(count <= holdings_max, "{count} of {holdings_max}: {:?}", self.day.decided);
        for id in [SHARE, OTHER] {
            assert!(!kernel.portfolio().position(id).qty.is_negative(), "sold what was not there: {:?}", self.day.decided);
        }
        // The kernel would refuse what is not there to be sold; the rules do not even ask.
        let refused = |(_, effect): &&(i64, Effect)| matches!(effect, Effect::Notify(notice) if notice.code.starts_with("risk.") && notice.code != "risk.cash");
        assert_eq!(self.day.decided.iter().find(refused), None, "{:?}", self.day.decided);
        let instruments: Vec<Instrument> = kernel.instruments().cloned().collect();
        kernel.portfolio().check_conservation(&instruments).expect("the books balance");
    }

    fn end(&mut self, holdings_max: usize) {
        self.day.until(3_600);
        for id in IDS {
            // Whatever a market order still needs to be filled.
            self.day.trade(id, "10000");
        }
        self.day.until(3_610);
        self.check(holdings_max);
        for id in IDS {
            assert_eq!(self.day.position(id), "0", "{:?}", self.day.decided);
        }
        assert_eq!(self.day.kernel.orders().count(), 0, "{:?}", self.day.decided);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_random_day_keeps_its_limits_and_ends_flat(
        parameters in any::<bool>().prop_flat_map(parameters),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let strategies = Vec::from([strategy("auto-trader", &parameters)]);
        let holdings_max = if parameters.contains(&("holdings_max", "1")) { 1 } else { 2 };
        let (mut plain, mut restarted) = (Market::new(strategies.clone(), false), Market::new(strategies, true));
        for step in steps {
            plain.play(step, holdings_max);
            restarted.play(step, holdings_max);
        }
        plain.end(holdings_max);
        restarted.end(holdings_max);
        prop_assert_eq!(plain.day.orders(), restarted.day.orders());
        // A snapshot is the same bytes again.
        let mut bytes = Vec::new();
        restarted.day.kernel.save(&mut bytes);
        let before = digest(&restarted.day.kernel);
        restarted.day.restart();
        prop_assert_eq!(digest(&restarted.day.kernel), before);
    }
}
