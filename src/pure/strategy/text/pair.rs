//! The texts of one strategy, compiled together: [`Pair`].

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::columns::{COLUMNS, Mode, at};
use super::compile::{compile, compile_condition};
use super::history::{Taken, Window};
use super::names::Part;
use super::problem::Problem;
use super::program::{Options, Plan, Program};

/// What the settings of a text strategy say about its texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// How rows are made.
    pub mode: Mode,
    /// 평균값계산틱수: rows that must be there before a text is run.
    pub average: u32,
    /// `self.vars`.
    pub vars: Vec<f64>,
    /// Names and expressions that `경과틱수` asks for.
    pub conditions: Vec<(String, String)>,
}

impl Setup {
    /// What the texts are compiled for.
    pub fn options(&self) -> Options {
        let names = self.conditions.iter().map(|(name, _)| name.clone()).collect();
        Options { mode: self.mode, vars: Some(self.vars.clone()), conditions: Some(names) }
    }
}

/// The texts of one strategy.
#[derive(Debug, Default)]
pub struct Pair {
    /// What they need of each instrument.
    pub plan: Plan,
    /// The buy text.
    pub buy: Option<Program>,
    /// The sell text.
    pub sell: Option<Program>,
    /// The conditions, in the order of the settings.
    pub conditions: Vec<Program>,
    /// The window of 체결강도 that must not be 0 before a text is run, and its place.
    pub ready: Option<(usize, Window)>,
    /// A text asks what was traded by price.
    pub wants_tops: bool,
    /// A text asks for the quantity of the next order.
    pub wants_quantities: bool,
}

impl Pair {
    /// Compiles the texts there are.
    ///
    /// # Errors
    /// Which text (`buy`, `sell`, or the name of a condition), and the problem.
    pub fn compile(setup: &Setup, buy: Option<&str>, sell: Option<&str>) -> Result<Self, (String, Problem)> {
        let options = setup.options();
        let mut pair = Pair::default();
        let length = setup.average.max(1);
        let window = Window { column: at::STRENGTH, taken: Taken::Sum, length, back: 0 };
        pair.ready = Some((pair.plan.kept.window(window), window));
        for (name, expression) in &setup.conditions {
            let program = compile_condition(expression, &options, &mut pair.plan);
            pair.conditions.push(program.map_err(|problem| (format!("conditions: {name}"), problem))?);
        }
        let mut of = |part: Part, source: Option<&str>| {
            let program = source.map(|source| compile(source, part, &options, &mut pair.plan)).transpose();
            program.map_err(|problem| (String::from(part.name()), problem))
        };
        (pair.buy, pair.sell) = (of(Part::Buy, buy)?, of(Part::Sell, sell)?);
        let programs = || pair.buy.iter().chain(&pair.sell).chain(&pair.conditions);
        let of_tops = |name: &String| at::TOPS.iter().any(|place| name.trim_end_matches('N') == COLUMNS[*place].tick);
        pair.wants_tops = programs().any(|program| program.uses.names.iter().chain(&program.uses.functions).any(of_tops));
        let mut uses = pair.buy.iter().chain(&pair.sell).map(|program| &program.uses.names);
        pair.wants_quantities = uses.any(|names| ["매수수량", "매도수량"].iter().any(|name| names.contains(*name)));
        Ok(pair)
    }

    /// The program of a part.
    pub fn program(&self, part: Part) -> Option<&Program> {
        match part {
            Part::Buy => self.buy.as_ref(),
            Part::Sell => self.sell.as_ref(),
        }
    }

    /// Slots that running any of them needs.
    pub fn slots(&self) -> usize {
        let programs = self.buy.iter().chain(&self.sell).chain(&self.conditions);
        programs.map(Program::slots).max().unwrap_or(0).max(super::names::FIXED_SLOTS)
    }

    /// Values pinned under the texts before, as these texts order them; 0 for what was not pinned.
    pub(super) fn adopt_pins(&self, before: &Pair, pins: &[f64]) -> Vec<f64> {
        if pins.is_empty() {
            return Vec::new();
        }
        let old = |key| before.plan.pins.iter().position(|(known, _)| *known == key);
        let value = |key| old(key).and_then(|place| pins.get(place)).copied().unwrap_or(0.0);
        self.plan.pins.iter().map(|(key, _)| value(*key)).collect()
    }
}
