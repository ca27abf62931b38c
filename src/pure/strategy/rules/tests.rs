//! A market that follows a script, the kernel that trades on it, and the simulator as the venue.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Effects, Machine, Parts};

use crate::account::{OrderType, SessionId};
use crate::effect::Effect;
use crate::event::command::{Settings, StrategySettings};
use crate::event::market::Condition;
use crate::event::{Command, Event, MarketEvent};
use crate::kernel::Kernel;
use crate::market::testing::{instrument, money, price, qty};
use crate::market::{
    Instrument, InstrumentId, InstrumentKind, Money, Quote, Rate, Reference, Rounding, Side, TickTable, Trade, Venue,
};
use crate::simulator::{Simulator, SimulatorSettings, Turn, next_turn};
use crate::strategy::table::Table;

/// 2026-11-20 09:00:00 in Korea.
const NINE: i64 = 1_795_132_800;
pub(crate) const SHARE: InstrumentId = InstrumentId(0);
pub(crate) const OTHER: InstrumentId = InstrumentId(1);
pub(crate) const FUTURE: InstrumentId = InstrumentId(2);

/// A day with two shares (#0, #1; a tick of 10 KRW) and a perpetual (#2), 100 million of cash for each.
pub(crate) struct Day {
    pub(crate) kernel: Kernel,
    simulator: Simulator,
    stamp: Stamp,
    /// What was decided, with the second.
    pub(crate) decided: Vec<(i64, Effect)>,
    /// Questions about the market reach nobody.
    pub(crate) answers_none: bool,
}

/// A share with the reference's costs, or none.
pub(crate) fn share(id: u32, costs: bool) -> Instrument {
    let mut share = instrument(id, InstrumentKind::Stock);
    (share.venue, share.symbol, share.quote) = (Venue::Kiwoom, format!("00593{id}"), "KRW".parse().expect("a code"));
    (share.name, share.lot, share.qty_min, share.qty_max) = (format!("전자{id}"), qty("1"), qty("1"), qty("1000000"));
    (share.ticks, share.notional_min) = (TickTable::flat(price("10")), Money::ZERO);
    let (fee, tax) = if costs { (15_000, 180_000) } else { (0, 0) };
    (share.fees.maker, share.fees.taker, share.fees.sell_tax) = (Rate::from_raw(fee), Rate::from_raw(fee), Rate::from_raw(tax));
    (share.fees.fee_unit, share.fees.tax_unit, share.fees.rounding) = (money("10"), money("1"), Rounding::Floor);
    share
}

pub(crate) fn strategy(name: &str, parameters: &[(&str, &str)]) -> StrategySettings {
    let parameters = parameters.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    StrategySettings { name: name.into(), instruments: Vec::new(), parameters }
}

impl Day {
    pub(crate) fn new(strategies: Vec<StrategySettings>, costs: bool) -> Self {
        let stamp = Stamp { seq: Seq::ZERO, recv: Nanos::new(NINE * 1_000_000_000), venue: None };
        let simulator = Simulator::new(SimulatorSettings::default());
        let mut day = Day { kernel: Kernel::default(), simulator, stamp, decided: Vec::new(), answers_none: false };
        day.say(Command::SessionStarted { session: SessionId(1), build: "test".into(), mode: "backtest".into() });
        let mut future = instrument(2, InstrumentKind::Perpetual);
        (future.symbol, future.ticks) = ("FUTURE".into(), TickTable::flat(price("10")));
        if !costs {
            (future.fees.maker, future.fees.taker) = (Rate::ZERO, Rate::ZERO);
        }
        for instrument in [share(0, costs), share(1, costs), future] {
            let (venue, currency) = (instrument.venue, instrument.quote);
            day.hear(Event::Market(MarketEvent::Instrument(Box::new(instrument))));
            day.say(Command::Deposit { venue, currency, amount: money("100000000") });
        }
        day.configure(strategies);
        day.say(Command::AutoTrade(true));
        day
    }

    pub(crate) fn configure(&mut self, strategies: Vec<StrategySettings>) {
        self.say(Command::Configure(Settings { strategies, ..Settings::default() }));
    }

    pub(crate) fn say(&mut self, command: Command) {
        self.hear(Event::Command(Box::new(command)));
    }

    /// Lets the kernel and the venue hear it.
    pub(crate) fn hear(&mut self, event: Event) {
        self.stamp.seq = self.stamp.seq.next();
        self.simulator.on_event(&self.stamp, &event);
        let mut effects = Effects::new();
        self.kernel.apply(&self.stamp, &event, &mut effects);
        for effect in effects.drain() {
            if !(self.answers_none && matches!(effect, Effect::Query(_))) {
                self.simulator.take(self.stamp.recv, &effect);
            }
            self.decided.push((self.second(), effect));
        }
    }

    /// Seconds since nine.
    pub(crate) fn second(&self) -> i64 {
        self.stamp.recv.get().div_euclid(1_000_000_000) - NINE
    }

    /// Everything due until this second, timers and answers included.
    pub(crate) fn until(&mut self, second: i64) {
        let end = Nanos::new((NINE + second) * 1_000_000_000);
        for _ in 0..10_000 {
            let (due, wake) = (self.simulator.next_due(), self.kernel.wake_at());
            let event = match next_turn(self.stamp.recv, due, wake, Some(end.max(self.stamp.recv))) {
                Turn::Simulator(at) => {
                    let answer = self.simulator.pop_due(at);
                    self.stamp.recv = at;
                    answer.map(|(_, event)| event)
                }
                Turn::Timer(at) => {
                    self.stamp.recv = at;
                    Some(Event::Tick)
                }
                Turn::History(at) => {
                    self.stamp.recv = at;
                    return;
                }
                Turn::Nobody => return,
            };
            if let Some(event) = event {
                self.hear(event);
            }
        }
        panic!("nothing comes to rest at {}: {:?}", self.second(), self.decided);
    }

    pub(crate) fn trade(&mut self, id: InstrumentId, at: &str) {
        let trade = Trade { instrument: id, taker: Side::Buy, price: price(at), qty: qty("1"), id: self.stamp.seq.get() };
        self.hear(Event::Market(MarketEvent::Trade(trade)));
    }

    /// Limits of its day are told.
    pub(crate) fn facts(&mut self, id: InstrumentId, lower: &str, upper: &str) {
        let (lower_limit, upper_limit) = (Some(price(lower)), Some(price(upper)));
        let reference = Reference { lower_limit, upper_limit, ..Reference::of(id) };
        self.hear(Event::Market(MarketEvent::Reference(Box::new(reference))));
    }

    pub(crate) fn quote(&mut self, id: InstrumentId, bid: &str, ask: &str) {
        let many = qty("1000000");
        let quote = Quote { instrument: id, bid: price(bid), ask: price(ask), bid_qty: many, ask_qty: many };
        self.hear(Event::Market(MarketEvent::Quote(quote)));
    }

    pub(crate) fn condition(&mut self, id: InstrumentId, entered: bool) {
        let condition = Condition { number: 3, name: "급등주".into(), instrument: id, entered };
        self.hear(Event::Market(MarketEvent::Condition(Box::new(condition))));
    }

    /// Plays a script: `second:price`, `second:bid/ask`, `second:+` and `second:-` for a condition, `second:` to let time pass.
    pub(crate) fn play(&mut self, id: InstrumentId, script: &str) {
        for word in script.split_whitespace() {
            let (second, what) = word.split_once(':').expect("second:what");
            self.until(second.parse().expect("a second"));
            match what {
                "" => {}
                "+" | "-" => self.condition(id, what == "+"),
                _ => match what.split_once('/') {
                    Some((bid, ask)) => self.quote(id, bid, ask),
                    None => self.trade(id, what),
                },
            }
            let now = self.second();
            self.until(now);
        }
    }

    /// What was decided of orders, in words.
    pub(crate) fn orders(&self) -> String {
        let word = |(second, effect): &(i64, Effect)| match effect {
            Effect::Submit(order) => {
                let at = match order.order_type {
                    OrderType::Market => "market".into(),
                    OrderType::Limit(price) => price.to_string(),
                };
                Some(format!("{second} {} {} {at}", order.side, order.qty))
            }
            Effect::Amend(amendment) => Some(format!("{second} amend {}", amendment.price)),
            Effect::Cancel(_) => Some(format!("{second} cancel")),
            Effect::Query(_) | Effect::Subscribe { .. } | Effect::Notify(_) => None,
        };
        self.decided.iter().filter_map(word).collect::<Vec<_>>().join("; ")
    }

    /// Words told to people under a code.
    pub(crate) fn told(&self, code: &str) -> Vec<&str> {
        let word = |(_, effect): &'_ (i64, Effect)| matches!(effect, Effect::Notify(notice) if notice.code == code);
        let told = self.decided.iter().filter(|row| word(row));
        told.filter_map(|(_, effect)| if let Effect::Notify(notice) = effect { Some(notice.text.as_str()) } else { None })
            .collect()
    }

    /// A restart from a snapshot; everything must be as it was.
    pub(crate) fn restart(&mut self) {
        let mut saved = Vec::new();
        self.kernel.save(&mut saved);
        let loaded = Kernel::load(&saved).expect("what was saved");
        assert_eq!(digest(&loaded), digest(&self.kernel));
        self.kernel = loaded;
    }

    pub(crate) fn table(&self, name: &str) -> Table {
        let views = self.kernel.views();
        views.into_iter().find(|(_, table)| table.name == name).expect("a table of that name").1
    }

    pub(crate) fn rows(&self, name: &str) -> Vec<String> {
        let table = self.table(name);
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{table:?}");
        table.rows.iter().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect()
    }

    pub(crate) fn position(&self, id: InstrumentId) -> String {
        self.kernel.portfolio().position(id).qty.to_string()
    }
}

pub(crate) fn digest(kernel: &Kernel) -> u64 {
    let mut parts = Parts::new();
    kernel.digest(&mut parts);
    parts.total().0
}

#[test]
fn settings_changed_while_it_runs_keep_what_is_known_of_positions() {
    let base = [("notional", "1000000"), ("trailing_arm", "2"), ("trailing_fall", "1")];
    let mut day = Day::new(Vec::from([strategy("auto-trader", &base)]), false);
    day.play(SHARE, "0:10000 0:+ 10:10500 20:10450");
    assert_eq!(day.rows("추적"), ["005930 전자0 예 10500 아니오 1 0"]);
    // Another fall: the high of before is still the high.
    let wider = [("notional", "1000000"), ("trailing_arm", "2"), ("trailing_fall", "3"), ("holding_seconds_max", "60")];
    day.configure(Vec::from([strategy("auto-trader", &wider)]));
    day.play(SHARE, "21:10300");
    assert_eq!((day.orders().as_str(), day.rows("추적").len()), ("0 buy 100 market", 1));
    // Settings that are wrong leave the running ones.
    day.configure(Vec::from([strategy("auto-trader", &[("trailing_fall", "much")])]));
    assert!(day.told("settings.strategy").iter().any(|text| text.contains("goes on") && text.contains("`much`")));
    day.restart();
    day.play(SHARE, "30: 59: 61:");
    assert_eq!(day.orders(), "0 buy 100 market; 60 sell 100 market", "the holding time counts from the fill of before");
    assert_eq!((day.position(SHARE).as_str(), day.rows("계좌").len()), ("0", 0));
    let exit = day.told("rules.exit");
    assert!(exit.len() == 1 && exit[0].contains("보유 시간") && exit[0].contains("30000 KRW"), "{exit:?}");
}

#[test]
fn splits_done_and_pauses_survive_a_restart_and_new_settings() {
    let base = [("notional", "700000"), ("buy_splits", "3"), ("buy_split_method", "decreasing"), ("buy_split_down", "2")];
    let mut day = Day::new(Vec::from([strategy("auto-trader", &base)]), false);
    day.play(SHARE, "0:10000 0:+ 1:9800");
    day.restart();
    let mut more = base.to_vec();
    more.push(("stop_loss", "5"));
    day.configure(Vec::from([strategy("auto-trader", &more)]));
    day.play(SHARE, "2:9790 3:9730 4:9600 5:9000");
    // 57.14 % of 700,000 at 10,000; 28.57 % at the average of 10,000; 14.29 % at the average of 9,934.48.
    assert_eq!(day.orders(), "0 buy 39 market; 1 buy 19 market; 3 buy 10 market; 5 sell 68 market");
}

#[test]
fn the_account_view_shows_what_is_held_to_the_won() {
    let base = [("qty", "100"), ("exit_order", "limit"), ("exit_ticks", "10"), ("exit_on_leave", "true")];
    let mut day = Day::new(Vec::from([strategy("auto-trader", &base)]), true);
    day.play(SHARE, "0:10000 0:+ 1:10130");
    let account = day.table("계좌");
    assert_eq!(account.columns, ["종목코드", "종목명", "현재가", "매입가", "보유수량", "매매가능수량", "수익률"]);
    // 13,000 less fees of 150 and 150 and a tax of 1,823, against 1,000,000.
    assert_eq!(day.rows("계좌"), ["005930 전자0 10130 10000 100 100 1.0877"]);
    assert_eq!(day.rows("조건"), ["3 급등주 예 1"]);
    day.play(SHARE, "2:-");
    assert_eq!(day.rows("계좌"), ["005930 전자0 10130 10000 100 0 1.0877"]);
    assert_eq!(day.rows("주문"), ["005930 전자0 매도 10230 100 0 100 0"]);
    assert_eq!(day.table("추적").columns[2..5], ["트레일링발동여부", "고가", "주문여부"]);
    assert_eq!(day.rows("추적"), ["005930 전자0 아니오 10130 예 1 0"]);
    day.play(SHARE, "3:10240");
    assert_eq!((day.position(SHARE).as_str(), day.rows("주문").len()), ("0", 0));
}
