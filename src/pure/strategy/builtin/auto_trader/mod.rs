//! Buys what enters a condition search and sells by the order rules: [`AutoTrader`].
//!
//! ```text
//!  condition: entered ─► watch its data, ask its base data ─► both are known ─► rules: enter ─► stops, parts, liquidation
//!  condition: left ────► no more entry; an open entry is cancelled; with `exit_on_leave` it is sold
//! ```

mod state;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::Any;

use jangbu_journal::{DecodeError, Decoder, Encoder};

use super::Parameter;
use crate::effect::{Query, Severity};
use crate::event::command::StrategySettings;
use crate::event::market::Condition;
use crate::market::{InstrumentId, Price, Quote, Reference, Trade};
use crate::strategy::parameters::Values;
use crate::strategy::rules::clock::day_of;
use crate::strategy::rules::{Gate, RuleSettings, Rules, parts, seconds, tables, yes};
use crate::strategy::table::{Cell, Table};
use crate::strategy::{OrderReport, Signals, Strategy, View};
use state::State;

/// Name in settings.
const NAME: &str = "auto-trader";

/// What can be set beside the order rules.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "on",
        expected: "\"true\" or \"false\"",
        default: "true",
        korean: "자동매매: 끄면 새로 사지 않습니다. 가진 것은 규칙대로 지킵니다",
        english: "whether anything is bought; what is held is looked after in any case",
    },
    Parameter {
        name: "conditions",
        expected: "numbers or names of condition searches between semicolons, like 0;급등주",
        default: "",
        korean: "등록할 조건검색의 번호나 이름; 비우면 전부",
        english: "condition searches to register, by number or name; empty is all",
    },
    Parameter {
        name: "entry_wait_seconds",
        expected: "whole seconds from 0 to 31536000",
        default: "10",
        korean: "편입 뒤 이만큼 안에 사지 못하면 그만둠 (초); 0은 이탈할 때까지",
        english: "how long after entering it may be bought, seconds; 0 is until it leaves",
    },
    Parameter {
        name: "base_data_seconds",
        expected: "whole seconds from 0 to 31536000",
        default: "3",
        korean: "편입 뒤 기본정보(기준가, 상하한가)를 이만큼 기다린 뒤 삼 (초); 0은 조회하지 않음",
        english: "how long an entry waits for its base data (limits, previous close), seconds; 0 does not ask",
    },
    Parameter {
        name: "without_base_data",
        expected: "buy or skip",
        default: "buy",
        korean: "기본정보가 제때 오지 않으면 살지(buy) 그만둘지(skip)",
        english: "what becomes of an entry whose base data did not come in time: buy or skip",
    },
    Parameter {
        name: "cancel_on_leave",
        expected: "\"true\" or \"false\"",
        default: "true",
        korean: "이탈하면 미체결 매수를 취소할지",
        english: "whether an open entry is cancelled when the instrument leaves",
    },
    Parameter {
        name: "exit_on_leave",
        expected: "\"true\" or \"false\"",
        default: "false",
        korean: "이탈하면 팔지",
        english: "whether it is sold when it leaves",
    },
];

/// 조건: the condition searches heard of today.
const CONDITIONS: &[&str] = &["조건번호", "조건명", "등록여부", "종목수"];

/// What the settings say beside the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Settings {
    on: bool,
    conditions: Vec<String>,
    entry_wait_s: i64,
    base_data_s: i64,
    skips_unknown: bool,
    cancel_on_leave: bool,
    exit_on_leave: bool,
}

impl Settings {
    /// Whether a condition is one of those to register.
    fn watches(&self, number: u32, name: &str) -> bool {
        let is_it = |wanted: &String| wanted == name || wanted.parse() == Ok(number);
        self.conditions.is_empty() || self.conditions.iter().any(is_it)
    }
}

/// The strategy.
#[derive(Debug)]
pub struct AutoTrader {
    settings: Settings,
    rules: Rules,
    state: State,
}

/// Makes it from its parameters.
pub(super) fn make(values: &Values<'_>) -> Result<Box<dyn Strategy>, String> {
    let settings = Settings {
        on: yes(values, "on")?,
        conditions: values.get("conditions", |text| Some(parts(text).map(String::from).collect()))?,
        entry_wait_s: seconds(values, "entry_wait_seconds")?,
        base_data_s: seconds(values, "base_data_seconds")?,
        skips_unknown: values.get("without_base_data", |text| match text {
            "buy" => Some(false),
            "skip" => Some(true),
            _ => None,
        })?,
        cancel_on_leave: yes(values, "cancel_on_leave")?,
        exit_on_leave: yes(values, "exit_on_leave")?,
    };
    let rules = Rules::new(RuleSettings::read(values)?);
    Ok(Box::new(AutoTrader { settings, rules, state: State::default() }))
}

/// The condition searches that strategies of these settings want registered at their venue, by number or name; `None` is all of them.
/// A gateway asks when it connects and when settings change.
pub fn conditions_wanted(strategies: &[StrategySettings]) -> Option<Vec<String>> {
    let mut wanted: Vec<String> = Vec::new();
    for settings in strategies.iter().filter(|settings| settings.name == NAME) {
        let text = settings.parameters.iter().find(|(name, _)| name == "conditions").map_or("", |(_, text)| text.as_str());
        let before = wanted.len();
        wanted.extend(parts(text).map(String::from));
        if wanted.len() == before {
            return None;
        }
    }
    wanted.sort();
    wanted.dedup();
    Some(wanted)
}

impl AutoTrader {
    /// Buys what is wanted, if its price is known and every gate is open.
    fn try_enter(&mut self, view: &View<'_>, id: InstrumentId, price: Option<Price>, out: &mut Signals) {
        let Some(until) = self.state.wanted(id) else { return };
        if until.is_some_and(|until| view.now() >= until) {
            self.state.forget(id);
            return;
        }
        if let Some(waits_until) = self.state.awaited(id) {
            let known = view.reference(id).is_some_and(Reference::has_limits);
            if !known && view.now() < waits_until {
                return;
            }
            if !known && self.settings.skips_unknown {
                self.state.forget(id);
                let symbol = view.instrument(id).map_or("?", |instrument| instrument.symbol.as_str());
                let text = format!("{symbol} was not bought: its base data did not come in {} s", self.settings.base_data_s);
                out.notify(Severity::Warning, "auto_trader.base_data", text);
                return;
            }
            self.state.answered(id);
        }
        let (Some(price), Some(instrument)) = (price.or(view.last(id)), view.instrument(id)) else { return };
        match self.rules.may_enter(view, instrument, price) {
            Ok(()) => {
                if self.rules.enter(view, id, price, out) {
                    self.state.forget(id);
                }
            }
            // Nothing that time will change before it enters anew.
            Err(Gate::Held | Gate::Blacklisted | Gate::NoShort | Gate::BuysMax | Gate::LossesMax | Gate::DayLimit) => {
                self.state.forget(id);
            }
            Err(_) => {}
        }
    }

    /// Gives up the data of an instrument that nothing is wanted of any more.
    fn release(&mut self, id: InstrumentId, out: &mut Signals) {
        let busy = self.rules.tracked(id).is_some_and(|tracked| tracked.is_held() || tracked.working.is_some());
        if !busy && !self.state.is_member(id) && self.state.unwatch(id) {
            out.subscribe(id, false);
        }
    }

    /// Looks at an instrument, for what is held and for what is wanted.
    #[inline]
    fn look(&mut self, view: &View<'_>, id: InstrumentId, price: Option<Price>, out: &mut Signals) {
        self.rules.look(view, id, price, out);
        if self.state.wants_anything() {
            self.try_enter(view, id, price, out);
        }
    }
}

impl Strategy for AutoTrader {
    fn on_configure(&mut self, view: &View<'_>, out: &mut Signals) {
        self.state.begin_day(day_of(view.now()));
        // Whoever watches for us may have been away.
        self.state.watched().for_each(|id| out.subscribe(id, true));
        self.rules.on_configure(view, out);
    }

    fn on_condition(&mut self, view: &View<'_>, condition: &Condition, out: &mut Signals) {
        self.state.begin_day(day_of(view.now()));
        let Condition { number, name, instrument: id, entered } = condition;
        let id = *id;
        let changed = self.state.on_condition(*number, name, id, *entered);
        if !changed || !self.settings.watches(*number, name) {
            return;
        }
        if *entered {
            // What is held already does not enter anew.
            if !self.settings.on || self.rules.holding(id).is_some() {
                return;
            }
            if self.state.watch(id) {
                out.subscribe(id, true);
            }
            let after = |seconds: i64| (seconds > 0).then(|| view.now().plus(seconds.saturating_mul(1_000_000_000)));
            self.state.want(id, after(self.settings.entry_wait_s));
            if let Some(until) = after(self.settings.base_data_s)
                && !view.reference(id).is_some_and(Reference::has_limits)
            {
                self.state.ask(id, until);
                out.ask(Query::Reference(id));
            }
            self.try_enter(view, id, None, out);
            return;
        }
        let settings = &self.settings;
        if self.state.is_member_of(id, |number, name| settings.watches(number, name)) {
            return;
        }
        self.state.forget(id);
        if self.settings.cancel_on_leave {
            self.rules.cancel_entry(id, out);
        }
        if let Some(price) = view.last(id).filter(|_| self.settings.exit_on_leave) {
            self.rules.leave(view, id, price, out);
        }
        self.release(id, out);
    }

    #[inline]
    fn on_trade(&mut self, view: &View<'_>, trade: &Trade, out: &mut Signals) {
        self.look(view, trade.instrument, Some(trade.price), out);
    }

    fn on_reference(&mut self, view: &View<'_>, reference: &Reference, out: &mut Signals) {
        if self.state.wants_anything() {
            self.try_enter(view, reference.instrument, None, out);
        }
    }

    fn on_unanswered(&mut self, view: &View<'_>, question: &str, out: &mut Signals) {
        let Some(id) = self.state.awaiting().find(|id| Query::Reference(*id).question() == question) else { return };
        // There is nothing to wait for.
        self.state.ask(id, view.now());
        self.try_enter(view, id, None, out);
    }

    fn on_quote(&mut self, view: &View<'_>, quote: &Quote, out: &mut Signals) {
        self.look(view, quote.instrument, None, out);
    }

    fn on_order(&mut self, view: &View<'_>, order: &OrderReport, out: &mut Signals) {
        self.rules.on_order(view, order, out);
        self.release(order.instrument, out);
    }

    fn on_timer(&mut self, view: &View<'_>, tag: u32, out: &mut Signals) {
        self.rules.on_timer(view, tag, out);
    }

    fn inherit(&mut self, before: &mut dyn Any) {
        if let Some(before) = before.downcast_mut::<AutoTrader>() {
            self.rules.inherit(&mut before.rules);
            self.state = core::mem::take(&mut before.state);
            if !self.settings.on {
                self.state.forget_all();
            }
        }
    }

    fn tables(&self, view: &View<'_>) -> Vec<Table> {
        let mut tables = tables(&self.rules, view);
        let row = |(number, name, count): (u32, &str, usize)| {
            let registered = Cell::Flag(self.settings.watches(number, name));
            Vec::from([Cell::Count(number.into()), Cell::Text(name.into()), registered, Cell::Count(count as u64)])
        };
        tables.push(Table { name: "조건", columns: CONDITIONS, rows: self.state.conditions().map(row).collect() });
        tables
    }

    fn save(&self, out: &mut Encoder<'_>) {
        out.value(&self.state);
        self.rules.save(out);
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.state = input.value("the state of an auto-trader")?;
        self.rules.load(input)
    }
}
