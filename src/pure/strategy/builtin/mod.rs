//! The strategies that come with Jangbu: [`BUILTINS`], and [`make`] that makes one from its settings.

pub mod auto_trader;
pub mod ema_cross;
#[cfg(any(test, feature = "testing"))]
pub mod scripted;
mod text;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub use super::parameters::Parameter;
pub use ema_cross::EmaCross;

use super::parameters::{Values, shown};
use super::{Strategy, rules};
use crate::event::command::StrategySettings;

/// A strategy that comes with Jangbu.
#[derive(Debug)]
pub struct Builtin {
    /// Its name in settings.
    pub name: &'static str,
    /// What it does, in Korean.
    pub korean: &'static str,
    /// What it does, in English.
    pub english: &'static str,
    /// What can be set, in groups: its own, and the order rules' where it trades by them.
    pub parameters: &'static [&'static [Parameter]],
    make: fn(&Values<'_>) -> Result<Box<dyn Strategy>, String>,
}

impl Builtin {
    /// Whether it trades by the order rules, and has their parameters.
    pub fn trades_by_rules(&self) -> bool {
        let first = |group: &[Parameter]| group.first().map(|parameter| parameter.name);
        self.parameters.iter().any(|group| first(group) == first(rules::PARAMETERS))
    }
}

/// Every strategy that comes with Jangbu.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "auto-trader",
        korean: "조건검색에 편입된 종목을 사고, 주문 규칙대로 팝니다",
        english: "buys what enters a condition search, and sells by the order rules",
        parameters: &[auto_trader::PARAMETERS, rules::PARAMETERS],
        make: auto_trader::make,
    },
    Builtin {
        name: "ema-cross",
        korean: "빠른 지수이동평균이 느린 것을 위로 지나면 사고, 아래로 지나면 팝니다",
        english: "buys when the fast exponential average of prices crosses above the slow one, sells when it crosses below",
        parameters: &[ema_cross::PARAMETERS],
        make: ema_cross::make,
    },
    Builtin {
        name: "text",
        korean: "매수 글과 매도 글이 정하는 대로 사고팝니다 (파이썬 문법, 한글 이름)",
        english: "buys and sells as a buy text and a sell text decide (Python's syntax, Korean names)",
        parameters: &[text::PARAMETERS, rules::PARAMETERS],
        make: text::make,
    },
];

/// Makes a strategy, with nothing remembered yet.
///
/// # Errors
/// When no strategy or parameter has that name, or a value is not what the parameter accepts. The words say what is known or
/// expected. Instruments are not looked at: whoever runs the strategy lets it hear those only.
pub fn make(settings: &StrategySettings) -> Result<Box<dyn Strategy>, String> {
    #[cfg(any(test, feature = "testing"))]
    if settings.name == scripted::NAME {
        return scripted::make(settings);
    }
    let found = BUILTINS.iter().find(|builtin| builtin.name == settings.name);
    let builtin = found.ok_or_else(|| {
        let known = listed(BUILTINS.iter().map(|builtin| builtin.name));
        format!("`{}` is not a strategy (known: {known})", shown(&settings.name))
    })?;
    (builtin.make)(&Values::new(builtin.name, builtin.parameters, settings)?)
}

fn listed(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, parameters: &[(&str, &str)]) -> StrategySettings {
        let parameters = parameters.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        StrategySettings { name: name.into(), instruments: Vec::new(), parameters }
    }

    #[test]
    fn every_builtin_can_be_made_with_its_defaults() {
        for builtin in BUILTINS {
            // Which texts a text strategy runs has no default.
            let given: &[(&str, &str)] = if builtin.name == "text" { &[("buy", "a.py")] } else { &[] };
            assert!(make(&settings(builtin.name, given)).is_ok(), "{}", builtin.name);
        }
    }

    #[test]
    fn errors_say_what_is_known_and_expected() {
        let check = |name: &str, parameters: &[(&str, &str)], words: &[&str]| {
            let problem = make(&settings(name, parameters)).expect_err("wrong");
            assert!(words.iter().all(|word| problem.contains(word)), "{problem}");
        };
        check("ema", &[], &["`ema`", "ema-cross"]);
        check("ema-cross", &[("quick", "3")], &["`quick`", "fast", "slow", "notional"]);
        check("ema-cross", &[("fast", "3"), ("fast", "4")], &["`fast`", "twice"]);
        check("ema-cross", &[("fast", "1.5")], &["`fast`", "`1.5`", "whole number"]);
        check("ema-cross", &[("fast", "0")], &["`fast`", "whole number"]);
        check("ema-cross", &[("fast", "26")], &["`fast`", "`slow`", "26"]);
        check("ema-cross", &[("on", "tick")], &["`on`", "second"]);
        check("ema-cross", &[("notional", "-5")], &["`notional`", "above 0"]);
        check("ema-cross", &[("qty", "many")], &["`qty`", "above 0"]);
        check("ema-cross", &[("qty", "1"), ("notional", "5")], &["`qty`", "`notional`"]);
        check("ema-cross", &[("short", "yes")], &["`short`", "true"]);
        check("text", &[], &["`buy`", "`sell`"]);
        check("text", &[("buy", "a"), ("rows", "second")], &["`rows`", "minute"]);
        check("text", &[("buy", "a"), ("vars", "1;x")], &["`vars`", "semicolons"]);
        check("text", &[("buy", "a"), ("conditions", "급등;등락율 > 5;급락")], &["`conditions`", "as many"]);
        check("text", &[("buy", "a"), ("conditions", "급등;등락률 > 5")], &["급등", "등락율"]);
        check("text", &[("buy", "a"), ("stop_los", "3")], &["`stop_los`", "did you mean `stop_loss`"]);
        check("text", &[("buy", "a"), ("stop_loss", "-3")], &["`stop_loss`", "`-3`", "percentage"]);
        check("text", &[("buy", "a"), ("buy_splits", "3")], &["`buy_splits`", "`buy_split_down`"]);
        check("text", &[("buy", "a"), ("trailing_arm", "3")], &["`trailing_arm`", "`trailing_fall`"]);
        check("text", &[("buy", "a"), ("unfilled", "market")], &["`unfilled`", "`unfilled_seconds`"]);
        check("text", &[("buy", "a"), ("liquidate_at", "25")], &["`liquidate_at`", "HHMMSS"]);
        check("text", &[("buy", "a"), ("liquidate_at", "000000")], &["`liquidate_at`", "`start`"]);
        check("text", &[("buy", "a"), ("forbidden", "9-10")], &["`forbidden`", "113000-130000"]);
        check("text", &[("buy", "a"), ("size_by", "range"), ("size_steps", "3;2")], &["`size_steps`", "rising"]);
        check("text", &[("buy", "a"), ("size_by", "range"), ("size_steps", "3"), ("size_factors", "1")], &["`size_factors`"]);
        check(&"x".repeat(1 << 16), &[], &["ema-cross"]);
    }
}
