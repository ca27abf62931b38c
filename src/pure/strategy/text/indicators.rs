//! Indicators of texts in minute mode: which are used, by what parameters, and what they are at: [`Indicators`], [`Studied`].

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use jangbu_journal::{DecodeError, Decoder, Encoder};

use super::code::Code;
use super::columns::{COLUMNS, Mode, Row, at, is_indicator};
use super::compile::Compiler;
use super::problem::Problem;
use super::tree::{Expression, ExpressionKind};
use crate::indicator::{Any, Candle, Remember, STUDIES, Study};
use crate::nearest::nearest;

/// What the texts of a strategy say of indicators. They share them: a parameter set by one holds for the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indicators {
    /// Columns that are read.
    used: BTreeSet<usize>,
    /// Parameters that were set, as bits, by the place in [`STUDIES`].
    set: Vec<(usize, Vec<u64>)>,
}

/// The study that has the column at `place` as a line.
fn study_of(place: usize) -> Option<usize> {
    let name = COLUMNS.get(place)?.minute;
    STUDIES.iter().position(|study| study.lines.contains(&name))
}

/// The columns of a study's lines.
fn columns_of(study: &Study) -> impl Iterator<Item = usize> {
    study.lines.iter().filter_map(|line| super::columns::column(line, Mode::Minute).filter(|place| is_indicator(*place)))
}

/// The first parameter is a period of 0: the texts want none of it, as where the settings of the reference say 0.
fn is_off(parameters: &[f64]) -> bool {
    parameters.first() == Some(&0.0)
}

impl Indicators {
    /// Notes that a column is read; others than indicators are no concern of it.
    pub(super) fn needs(&mut self, column: usize) {
        if is_indicator(column) {
            self.used.insert(column);
        }
    }

    /// Parameters of a study, when they were set.
    fn parameters(&self, study: usize) -> Option<Vec<f64>> {
        let (_, parameters) = self.set.iter().find(|(known, _)| *known == study)?;
        Some(parameters.iter().map(|bits| f64::from_bits(*bits)).collect())
    }

    /// The studies that are calculated, in the order of the table.
    fn studies(&self) -> Vec<(usize, Vec<f64>)> {
        let places: BTreeSet<usize> = self.used.iter().filter_map(|column| study_of(*column)).collect();
        let with = |study: usize| (study, self.parameters(study).unwrap_or_default());
        places.into_iter().map(with).filter(|(_, parameters)| !is_off(parameters)).collect()
    }
}

/// One study that runs.
#[derive(Clone, Debug, PartialEq)]
struct Running {
    study: usize,
    parameters: Vec<f64>,
    state: Any,
}

/// The indicators of one instrument, at its newest row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Studied {
    running: Vec<Running>,
}

impl Studied {
    /// Before the first row.
    pub fn new(indicators: &Indicators) -> Self {
        let running = indicators.studies().into_iter().filter_map(|(study, parameters)| {
            // They were checked when they were set.
            let state = STUDIES.get(study)?.make(&parameters).ok()?;
            Some(Running { study, parameters, state })
        });
        Studied { running: running.collect() }
    }

    /// Goes on with what `indicators` say: those that run by the same parameters go on, others begin anew.
    pub fn fit(&mut self, indicators: &Indicators) {
        let before = core::mem::replace(self, Studied::new(indicators));
        for old in before.running {
            let same = |new: &&mut Running| new.study == old.study && new.parameters == old.parameters;
            if let Some(new) = self.running.iter_mut().find(same) {
                new.state = old.state;
            }
        }
    }

    /// Takes in a row and fills its columns of indicators; 0 while one has too few rows.
    pub fn enter(&mut self, row: &mut Row) {
        let bar = Candle {
            open: row[at::MINUTE_OPEN],
            high: row[at::MINUTE_HIGH],
            low: row[at::MINUTE_LOW],
            close: row[at::PRICE],
            volume: row[at::TURNOVER],
        };
        for running in &mut self.running {
            let lines = running.state.next(&bar);
            let Some(study) = STUDIES.get(running.study) else { continue };
            for (line, column) in columns_of(study).enumerate() {
                let value = lines.and_then(|lines| lines.get(line).copied());
                row[column] = value.filter(|value| value.is_finite()).unwrap_or(0.0);
            }
        }
    }

    pub(super) fn save(&self, out: &mut Encoder<'_>) {
        self.running.iter().for_each(|running| running.state.save(out));
    }

    /// The inverse of `save`, with the same indicators.
    pub(super) fn load(input: &mut Decoder<'_>, indicators: &Indicators) -> Result<Self, DecodeError> {
        let mut studied = Studied::new(indicators);
        for running in &mut studied.running {
            running.state.load(input)?;
        }
        Ok(studied)
    }
}

impl Compiler<'_> {
    /// Notes that a column is read.
    pub(super) fn needs(&mut self, column: usize) {
        self.plan.indicators.needs(column);
    }

    /// `self.indicator['MACD'] = [12, 26, 9]`.
    pub(super) fn set_indicator(&mut self, key: &Expression, value: &Expression) -> Result<(), Problem> {
        let ExpressionKind::Text(name) = &key.kind else {
            return Err(self.problem(
                key.span,
                "보조지표의 이름이 와야 합니다: `self.indicator['MACD'] = [12, 26, 9]`",
                "the name of an indicator is expected: `self.indicator['MACD'] = [12, 26, 9]`",
            ));
        };
        if self.options.mode == Mode::Tick {
            return Err(self.problem(
                key.span,
                "보조지표는 분봉에만 있습니다 (설정 `rows = \"minute\"`)",
                "indicators are there in minute mode only (the setting `rows = \"minute\"`)",
            ));
        }
        if self.nesting > 0 {
            return Err(self.problem(
                key.span,
                "보조지표의 값은 블록 밖에서 정하세요. 행마다 바꿀 수 없습니다",
                "set indicators outside of blocks: they cannot change from row to row",
            ));
        }
        let known: Vec<usize> = (0..STUDIES.len()).filter(|place| columns_of(&STUDIES[*place]).next().is_some()).collect();
        let is_meant = |place: &&usize| STUDIES[**place].name == name || STUDIES[**place].lines.contains(&name.as_str());
        let Some(&study) = known.iter().find(is_meant) else {
            let names: Vec<&str> = known.iter().map(|place| STUDIES[*place].name).collect();
            let (mut korean, mut english) =
                (format!("`{name}`은(는) 모르는 보조지표입니다"), format!("`{name}` is not a known indicator"));
            if let Some(near) = nearest(name, &names) {
                korean += &format!(". 혹시 `{near}`?");
                english += &format!("; did you mean `{near}`?");
            }
            return Err(self.problem(key.span, korean, english));
        };
        let mut parameters = Vec::new();
        let one = core::slice::from_ref(value);
        for item in if let ExpressionKind::List(items) = &value.kind { items } else { one } {
            match self.number(item)? {
                Code::Constant(value) => parameters.push(value),
                _ => return Err(self.problem(item.span, "정해진 수가 와야 합니다", "a constant number is expected")),
            }
        }
        if !is_off(&parameters)
            && let Err([korean, english]) = STUDIES[study].make(&parameters)
        {
            return Err(self.problem(value.span, korean, english));
        }
        match self.plan.indicators.parameters(study) {
            Some(before) if before != parameters => Err(self.problem(
                value.span,
                format!("이 전략의 다른 줄이나 다른 글은 {before:?}로 정했습니다. 같게 쓰세요"),
                format!("another line or the other text of this strategy sets it to {before:?}: make both the same"),
            )),
            Some(_) => Ok(()),
            None => {
                self.plan.indicators.set.push((study, parameters.iter().map(|value| value.to_bits()).collect()));
                Ok(())
            }
        }
    }
}
