//! The strategies that come with Jangbu: [`BUILTINS`], and [`make`] that makes one from its settings.

pub mod ema_cross;
mod text;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub use ema_cross::EmaCross;

use super::Strategy;
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
    /// What can be set.
    pub parameters: &'static [Parameter],
    make: fn(&Values<'_>) -> Result<Box<dyn Strategy>, String>,
}

/// A parameter of a strategy.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it accepts.
    pub expected: &'static str,
    /// Its text when it is not given; empty is none.
    pub default: &'static str,
    /// What it means, in Korean.
    pub korean: &'static str,
    /// What it means, in English.
    pub english: &'static str,
}

/// Every strategy that comes with Jangbu.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "ema-cross",
        korean: "빠른 지수이동평균이 느린 것을 위로 지나면 사고, 아래로 지나면 팝니다",
        english: "buys when the fast exponential average of prices crosses above the slow one, sells when it crosses below",
        parameters: ema_cross::PARAMETERS,
        make: ema_cross::make,
    },
    Builtin {
        name: "text",
        korean: "매수 글과 매도 글이 정하는 대로 사고팝니다 (파이썬 문법, 한글 이름)",
        english: "buys and sells as a buy text and a sell text decide (Python's syntax, Korean names)",
        parameters: text::PARAMETERS,
        make: text::make,
    },
];

/// Makes a strategy, with nothing remembered yet.
///
/// # Errors
/// When no strategy or parameter has that name, or a value is not what the parameter accepts. The words say what is known or
/// expected. Instruments are not looked at: whoever runs the strategy lets it hear those only.
pub fn make(settings: &StrategySettings) -> Result<Box<dyn Strategy>, String> {
    let found = BUILTINS.iter().find(|builtin| builtin.name == settings.name);
    let builtin = found.ok_or_else(|| {
        let known = listed(BUILTINS.iter().map(|builtin| builtin.name));
        format!("`{}` is not a strategy (known: {known})", shown(&settings.name))
    })?;
    for (index, (name, _)) in settings.parameters.iter().enumerate() {
        if !builtin.parameters.iter().any(|parameter| parameter.name == name) {
            let known = listed(builtin.parameters.iter().map(|parameter| parameter.name));
            return Err(format!("`{}` is not a parameter of {} (known: {known})", shown(name), builtin.name));
        }
        if settings.parameters[..index].iter().any(|(before, _)| before == name) {
            return Err(format!("`{name}` is given twice"));
        }
    }
    (builtin.make)(&Values { builtin, given: &settings.parameters })
}

/// The values of one strategy's parameters: given, or default.
#[derive(Debug)]
struct Values<'a> {
    builtin: &'static Builtin,
    given: &'a [(String, String)],
}

impl Values<'_> {
    fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// The value of `name` as `parse` reads it; `parse` gives `None` for what it does not accept.
    fn get<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
        let parameter = self.builtin.parameters.iter().find(|parameter| parameter.name == name);
        let (default, expected) = parameter.map_or(("", ""), |parameter| (parameter.default, parameter.expected));
        let text = self.given.iter().find(|(given, _)| given == name).map_or(default, |(_, text)| text.as_str());
        parse(text).ok_or_else(|| format!("`{name}` of {} is `{}`, expected {expected}", self.builtin.name, shown(text)))
    }
}

fn listed(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// Text from outside, cut to what an error can carry.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
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
        check(&"x".repeat(1 << 16), &[], &["ema-cross"]);
    }
}
