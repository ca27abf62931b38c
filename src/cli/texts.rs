//! The files that strategies of the settings name as their texts: [`strategy_texts`].

use super::answer::Failure;
use crate::event::command::StrategySettings;
use crate::strategy::builtin;

/// Reads the texts of every strategy named `text`, and makes sure that each loads where it is used. Each name once.
pub(super) fn strategy_texts(strategies: &[StrategySettings]) -> Result<Vec<(String, String)>, Failure> {
    let mut texts: Vec<(String, String)> = Vec::new();
    for settings in strategies.iter().filter(|settings| settings.name == "text") {
        let mut strategy = builtin::make(settings).map_err(Failure::wrong_use)?;
        let named = settings
            .parameters
            .iter()
            .filter(|(parameter, name)| matches!(parameter.as_str(), "buy" | "sell") && !name.is_empty());
        for (_, name) in named {
            if !texts.iter().any(|(known, _)| known == name) {
                let text = std::fs::read_to_string(name).map_err(|error| {
                    Failure::could_not(format_args!("{name}: {error}; the text of a strategy · 전략 글을 읽지 못했습니다"))
                })?;
                texts.push((name.clone(), text));
            }
        }
        for (name, text) in &texts {
            strategy.on_text(name, text).map_err(Failure::wrong_use)?;
        }
    }
    Ok(texts)
}
