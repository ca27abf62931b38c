//! What can be set of a strategy: [`Parameter`], and the values that settings give: `Values`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::event::command::StrategySettings;

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

/// The values of one strategy's parameters: given, or default.
#[derive(Debug)]
pub(super) struct Values<'a> {
    strategy: &'static str,
    groups: &'static [&'static [Parameter]],
    given: &'a [(String, String)],
}

impl<'a> Values<'a> {
    /// The values of `settings` for `strategy`, whose parameters are `groups`.
    ///
    /// # Errors
    /// When a name is not a parameter's, or is given twice.
    pub(super) fn new(
        strategy: &'static str,
        groups: &'static [&'static [Parameter]],
        settings: &'a StrategySettings,
    ) -> Result<Self, String> {
        let known = || groups.iter().copied().flatten();
        for (index, (name, _)) in settings.parameters.iter().enumerate() {
            if !known().any(|parameter| parameter.name == name) {
                let names: Vec<&str> = known().map(|parameter| parameter.name).collect();
                let near = crate::nearest::nearest(name, &names).map(|near| format!("; did you mean `{near}`?"));
                let (near, names) = (near.unwrap_or_default(), names.join(", "));
                return Err(format!("`{}` is not a parameter of {strategy}{near} (known: {names})", shown(name)));
            }
            if settings.parameters[..index].iter().any(|(before, _)| before == name) {
                return Err(format!("`{name}` is given twice"));
            }
        }
        Ok(Values { strategy, groups, given: &settings.parameters })
    }

    /// Name of the strategy.
    pub(super) fn strategy(&self) -> &'static str {
        self.strategy
    }

    /// Whether the settings say it.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// The value of `name` as `parse` reads it; `parse` gives `None` for what it does not accept.
    pub(super) fn get<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
        let parameter = self.groups.iter().copied().flatten().find(|parameter| parameter.name == name);
        let (default, expected) = parameter.map_or(("", ""), |parameter| (parameter.default, parameter.expected));
        let text = self.given.iter().find(|(given, _)| given == name).map_or(default, |(_, text)| text.as_str());
        parse(text).ok_or_else(|| format!("`{name}` of {} is `{}`, expected {expected}", self.strategy, shown(text)))
    }
}

/// Text from outside, cut to what an error can carry.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
