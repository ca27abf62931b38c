//! What is known of an indicator: its names and parameters. [`STUDIES`] has them all.

use alloc::format;
use alloc::string::String;

use super::studies::STUDIES;
use super::{Acceleration, Any, AverageKind};

/// The longest period.
pub const PERIOD_MAX: f64 = 10_000.0;
/// The most parameters an indicator has.
pub const PARAMETERS_MAX: usize = 8;

/// A parameter of an indicator.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is when nobody says.
    pub default: f64,
    /// The least it may be.
    pub least: f64,
    /// The most it may be.
    pub most: f64,
    /// Whether it must be a whole number.
    pub whole: bool,
}

/// An indicator of the table.
#[derive(Debug)]
pub struct Study {
    /// TA-Lib's name.
    pub name: &'static str,
    /// In TA-Lib's order.
    pub parameters: &'static [Parameter],
    /// The names of its lines.
    pub lines: &'static [&'static str],
    /// What it is, in Korean.
    pub korean: &'static str,
    /// What it is, in English.
    pub english: &'static str,
    pub(super) make: fn(Given) -> Any,
}

/// Parameters that were checked.
#[derive(Clone, Copy)]
pub(super) struct Given([f64; PARAMETERS_MAX]);

impl Given {
    pub(super) fn number(self, index: usize) -> f64 {
        self.0[index]
    }

    pub(super) fn period(self, index: usize) -> usize {
        self.0[index] as usize
    }

    pub(super) fn kind(self, index: usize) -> AverageKind {
        AverageKind::of(self.0[index]).unwrap_or_default()
    }

    pub(super) fn acceleration(self, index: usize) -> Acceleration {
        Acceleration { first: self.0[index], step: self.0[index + 1], most: self.0[index + 2] }
    }
}

impl Study {
    /// The indicator with these parameters; those not given are as usual.
    ///
    /// # Errors
    /// Which parameter is wrong and what was expected, in Korean and English.
    pub fn make(&self, parameters: &[f64]) -> Result<Any, [String; 2]> {
        if parameters.len() > self.parameters.len() {
            let (name, count) = (self.name, self.parameters.len());
            return Err([format!("{name}의 값은 {count}개까지입니다"), format!("{name} takes at most {count} values")]);
        }
        let mut given = [0.0; PARAMETERS_MAX];
        for (index, (parameter, place)) in self.parameters.iter().zip(&mut given).enumerate() {
            *place = parameters.get(index).copied().unwrap_or(parameter.default);
            let Parameter { name, least, most, whole, .. } = parameter;
            let kind = *whole && *most < 10.0 && AverageKind::of(*place).is_none();
            if !(*least..=*most).contains(place) || (*whole && libm::trunc(*place) != *place) || kind {
                let (study, nth) = (self.name, index + 1);
                let what = if *whole { ["정수", "a whole number"] } else { ["수", "a number"] };
                let besides = if kind { [" (7 빼고)", ", but 7,"] } else { ["", ""] };
                return Err([
                    format!("{study}의 {nth}번째 값({name})은 {least}부터 {most}까지{}의 {}입니다", besides[0], what[0]),
                    format!("value {nth} of {study} ({name}) is {} from {least} to {most}{}", what[1], besides[1]),
                ]);
            }
        }
        Ok((self.make)(Given(given)))
    }
}

pub(super) const fn period(name: &'static str, default: f64, least: f64) -> Parameter {
    Parameter { name, default, least, most: PERIOD_MAX, whole: true }
}

pub(super) const fn factor(name: &'static str, default: f64) -> Parameter {
    Parameter { name, default, least: 0.0, most: 1_000_000.0, whole: false }
}

/// The kind of an average, by TA-Lib's number.
pub(super) const fn kind_of(name: &'static str) -> Parameter {
    Parameter { name, default: 0.0, least: 0.0, most: 8.0, whole: true }
}

/// The indicator with TA-Lib's name `name`.
pub fn study(name: &str) -> Option<&'static Study> {
    STUDIES.iter().find(|study| study.name == name)
}
