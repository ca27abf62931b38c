//! A day's course: phases of trading, interruptions, conditions that stocks enter and leave.

use super::engine::{Engine, Task, won};
use super::frames;
use super::stocks::Active;
use super::write::{krw, whole};
use crate::market::Money;
use crate::venue::exchange::TradingPhase;
use crate::venue::kiwoom::rules::interruptions::{DURATION_S, RANDOM_S_MAX};
use crate::venue::kiwoom::time::{Date, TimeOfDay};

/// A step of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// 08:00, NXT's pre-market begins.
    PreMarket,
    /// 08:30, orders of the opening auction are collected.
    OpeningAuction,
    /// 08:50, NXT's pre-market ends.
    PreMarketEnd,
    /// 09:00.
    Open,
    /// 09:00:30, NXT's main market begins.
    NxtOpen,
    /// 15:20.
    ClosingAuction,
    /// 15:30.
    Close,
    /// 15:40, NXT's after-market begins.
    AfterMarketNxt,
    /// 16:00, KRX's after-market begins.
    AfterMarket,
    /// 20:00.
    End,
}

/// NXT's pre-market and KRX's opening auction overlap from 08:30 to 08:50. Here a stock has one book: it is the auction's then.
const STEPS: &[(Step, (u32, u32, u32))] = &[
    (Step::PreMarket, (8, 0, 0)),
    (Step::OpeningAuction, (8, 30, 0)),
    (Step::PreMarketEnd, (8, 50, 0)),
    (Step::Open, (9, 0, 0)),
    (Step::NxtOpen, (9, 0, 30)),
    (Step::ClosingAuction, (15, 20, 0)),
    (Step::Close, (15, 30, 0)),
    (Step::AfterMarketNxt, (15, 40, 0)),
    (Step::AfterMarket, (16, 0, 0)),
    (Step::End, (20, 0, 0)),
];

const SECOND: i64 = 1_000_000_000;

impl Engine {
    pub(super) fn perform(&mut self, task: Task) {
        match task {
            Task::BeginDay(date) => self.begin_day(date),
            Task::Phase(step) => self.step(step),
            Task::EndInterruption(at) => self.end_interruption(at),
            Task::Conditions => self.move_conditions(),
        }
    }

    fn begin_day(&mut self, date: Date) {
        if date != self.date {
            let yesterday = std::mem::replace(&mut self.date, date);
            let days: Vec<_> = self.stocks.iter().map(|stock| self.exchange.day(stock.id).unwrap_or_default()).collect();
            self.exchange.begin_day(1);
            self.flush();
            self.meta.clear();
            for (stock, day) in self.stocks.iter_mut().zip(&days) {
                stock.begin_day(yesterday, day, date);
                self.exchange.set_limits(stock.id, Some((krw(stock.lower), krw(stock.upper))));
            }
            self.deposit = self.exchange.account(self.account).map_or(Money::ZERO, |account| account.cash(won()).total);
        }
        self.stats.days += 1;
        let begin = date.moment(self.config.begin);
        for (step, (hour, minute, second)) in STEPS {
            let due = date.moment(TimeOfDay::of(*hour, *minute, *second)).max(begin);
            self.at(due, Task::Phase(*step));
        }
        self.at(date.moment(TimeOfDay::of(9, 0, 10)).max(begin), Task::Conditions);
    }

    fn step(&mut self, step: Step) {
        let real = !self.config.mock;
        let (codes, session): (&[&str], &'static str) = match step {
            Step::PreMarket => (&["P"], "1"),
            Step::OpeningAuction => (&["0"], "1"),
            Step::PreMarketEnd => (&["Q"], "1"),
            Step::Open => (&["3"], "2"),
            Step::NxtOpen => (&["R"], "2"),
            Step::ClosingAuction => (&["2", "S"], "2"),
            Step::Close => (&["4", "8"], "3"),
            Step::AfterMarketNxt => (&["a", "U"], "3"),
            Step::AfterMarket => (&["b"], "3"),
            Step::End => (&["W", "9"], "3"),
        };
        self.session = session;
        // The frame of a session comes before the trades in it.
        let time = self.time();
        for code in codes {
            self.publish("0s", "장시작시간", usize::MAX, frames::session(code, time, "000000"));
        }
        for at in 0..self.stocks.len() {
            let id = self.stocks[at].id;
            match step {
                Step::PreMarket | Step::AfterMarketNxt if real => self.exchange.set_phase(id, TradingPhase::Continuous),
                Step::OpeningAuction => self.exchange.set_phase(id, TradingPhase::Auction),
                Step::Open => {
                    let price = self.exchange.uncross(id, TradingPhase::Continuous);
                    self.restart(at, price.map(whole));
                }
                Step::ClosingAuction => {
                    self.end_interruption(at);
                    self.exchange.set_guard(id, None);
                    self.exchange.set_moving_guard(id, None);
                    self.exchange.set_phase(id, TradingPhase::Auction);
                }
                Step::Close => {
                    self.exchange.uncross(id, TradingPhase::Closed);
                    self.exchange.expire(id, |_| true);
                }
                Step::End => {
                    self.exchange.set_phase(id, TradingPhase::Closed);
                    self.exchange.expire(id, |_| true);
                }
                _ => {}
            }
        }
    }

    /// Continuous trading goes on after an auction: its price is the new reference.
    fn restart(&mut self, at: usize, price: Option<i64>) {
        if let Some(price) = price {
            self.stocks[at].vi.reference = price;
        }
        let stock = &self.stocks[at];
        self.exchange.set_guard(stock.id, stock.guard());
        let moving = self.config.dynamic.then(|| stock.moving_guard());
        self.exchange.set_moving_guard(stock.id, moving);
    }

    /// A trade would have left the bounds: two minutes and up to thirty seconds of an auction.
    pub(super) fn begin_interruption(&mut self, at: usize, active: Active) {
        let now = self.now();
        let Some(stock) = self.stocks.get_mut(at).filter(|stock| stock.vi.active.is_none()) else { return };
        // Its auction is counted from when it was noticed.
        let active = Active { began: now, ..active };
        stock.vi.active = Some(active);
        stock.vi.count += 1;
        self.stats.interruptions += 1;
        let lasts = DURATION_S + u32::try_from(self.random.below(u64::from(RANDOM_S_MAX) + 1)).unwrap_or(0);
        self.at(now.plus(i64::from(lasts) * SECOND), Task::EndInterruption(at));
        let day = self.exchange.day(self.stocks[at].id).unwrap_or_default();
        let values = frames::interruption(&self.stocks[at], &active, None, &day);
        self.publish("1h", "VI발동/해제", at, values);
    }

    fn end_interruption(&mut self, at: usize) {
        let Some(active) = self.stocks.get_mut(at).and_then(|stock| stock.vi.active.take()) else { return };
        let id = self.stocks[at].id;
        let day = self.exchange.day(id).unwrap_or_default();
        let values = frames::interruption(&self.stocks[at], &active, Some(self.time()), &day);
        self.publish("1h", "VI발동/해제", at, values);
        let price = self.exchange.uncross(id, TradingPhase::Continuous);
        self.restart(at, price.map(whole));
    }

    /// A stock enters or leaves a condition, now and then, in regular hours.
    fn move_conditions(&mut self) {
        let (seq, at) = (self.random.below(self.conditions.len() as u64), self.random.below(self.stocks.len() as u64));
        let (seq, at) = (u32::try_from(seq).unwrap_or(0), usize::try_from(at).unwrap_or(0));
        let inside = self.conditions[seq as usize].members.contains(&at);
        self.set_condition(seq, at, !inside);
        // Some three a real second, and none closer than five virtual seconds.
        let mean = i64::from(self.config.speed).saturating_mul(SECOND / 3).max(5 * SECOND);
        let next = self.now().plus(self.random.between(mean / 2, mean * 3 / 2));
        if next < self.date.moment(TimeOfDay::of(15, 15, 0)) {
            self.at(next, Task::Conditions);
        }
    }

    /// A stock meets a condition from now on, or no longer; told when that is new.
    pub(super) fn set_condition(&mut self, seq: u32, at: usize, entered: bool) -> bool {
        let Some(condition) = self.conditions.get_mut(seq as usize).filter(|_| at < self.stocks.len()) else { return false };
        let changed = if entered { condition.members.insert(at) } else { condition.members.remove(&at) };
        if changed {
            self.publish_condition(seq, at, entered);
        }
        changed
    }
}
