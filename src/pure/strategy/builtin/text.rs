//! Strategies written as text: their settings. What they do is in `strategy/text`.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Parameter;
use crate::strategy::Strategy;
use crate::strategy::parameters::Values;
use crate::strategy::rules::RuleSettings;
use crate::strategy::text::{Mode, Setup, TextSettings, TextStrategy};

/// What can be set.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "buy",
        expected: "the name of a text",
        default: "",
        korean: "매수 글의 이름 (파일)",
        english: "name (file) of the buy text",
    },
    Parameter {
        name: "sell",
        expected: "the name of a text",
        default: "",
        korean: "매도 글의 이름 (파일)",
        english: "name (file) of the sell text",
    },
    Parameter {
        name: "rows",
        expected: "\"tick\" or \"minute\"",
        default: "tick",
        korean: "행을 만드는 단위: 1초 (호가가 바뀐 초), 1분",
        english: "what makes a row: a second in which the book changed, or a minute",
    },
    Parameter {
        name: "average",
        expected: "a whole number of rows from 1 to 86400",
        default: "30",
        korean: "평균값계산틱수: 이만큼 행이 모여야 글을 실행합니다",
        english: "평균값계산틱수: rows that must be there before a text is run",
    },
    Parameter {
        name: "ranked",
        expected: "a whole number from 1 to 65536",
        default: "10",
        korean: "관심종목이 되는 당일거래대금 순위",
        english: "places in the turnover ranking that make an instrument 관심종목",
    },
    Parameter {
        name: "vars",
        expected: "numbers between semicolons, like 30;1.5;120",
        default: "",
        korean: "self.vars의 값",
        english: "values of self.vars",
    },
    Parameter {
        name: "conditions",
        expected: "names, then as many expressions, between semicolons, like 급등;급락;등락율 > 5;등락율 < -5",
        default: "",
        korean: "경과틱수가 묻는 조건: 이름들 다음에 식들",
        english: "conditions for 경과틱수: the names, then their expressions",
    },
];

/// Makes it from its parameters, without texts yet.
pub(super) fn make(values: &Values<'_>) -> Result<Box<dyn Strategy>, String> {
    let name = |parameter: &str| values.get(parameter, |text| Some(String::from(text)));
    let names = [name("buy")?, name("sell")?];
    if names.iter().all(String::is_empty) {
        return Err("text has neither `buy` nor `sell`, expected the name of a text".into());
    }
    let mode = values.get("rows", |text| match text {
        "tick" => Some(Mode::Tick),
        "minute" => Some(Mode::Minute),
        _ => None,
    })?;
    let rules = RuleSettings::read(values)?;
    let average = values.get("average", |text| text.parse().ok().filter(|rows| (1..=86_400).contains(rows)))?;
    let ranked = values.get("ranked", |text| text.parse().ok().filter(|places| (1..=65_536).contains(places)))?;
    let vars = values.get("vars", |text| {
        let numbers = text.split(';').map(str::trim).filter(|number| !number.is_empty());
        numbers.map(|number| number.parse().ok().filter(|value: &f64| value.is_finite())).collect::<Option<Vec<f64>>>()
    })?;
    let conditions = values.get("conditions", |text| {
        let parts: Vec<&str> = text.split(';').map(str::trim).filter(|part| !part.is_empty()).collect();
        let (names, expressions) = parts.split_at(parts.len() / 2);
        let pairs = names.iter().zip(expressions).map(|(name, expression)| (String::from(*name), String::from(*expression)));
        parts.len().is_multiple_of(2).then(|| pairs.collect())
    })?;
    let setup = Setup { mode, average, vars, conditions };
    let strategy = TextStrategy::new(TextSettings { names, setup, rules, ranked });
    Ok(Box::new(strategy.map_err(|problem| format!("text: {problem}"))?))
}
