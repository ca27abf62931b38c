//! What a text strategy did with the newest row, and why: [`Looked`], [`Explainers`].

use alloc::string::String;
use alloc::vec::Vec;

use jangbu_journal::Nanos;

use super::explain::{Explainer, Explanation};
use super::frame::{Fault, Frame, Market};
use super::names::Part;
use super::pair::Pair;
use super::problem::Problem;
use super::strategy::{TextStrategy, way};
use crate::market::InstrumentId;
use crate::strategy::rules::Gate;

/// What became of a text on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is no such text.
    NoText,
    /// Too few rows so far, or 체결강도 was 0 in all of them.
    NotReady,
    /// The buy text: the instrument is not in the turnover ranking.
    NotRanked,
    /// The sell text: nothing is held. The buy text: something is, and no further part waits for a signal.
    Held(bool),
    /// The sell text: an order is under way, or the position is being left.
    Busy,
    /// The buy text: what stands in the way of an entry.
    Gate(Gate),
    /// It ran.
    Ran {
        /// Whether it gave a signal.
        signal: bool,
        /// Why its outcome does not count.
        fault: Option<Fault>,
    },
}

/// The newest row of a text strategy. Not a part of its state: the next row overwrites it, and a snapshot does not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// When the event was received that the row came with.
    pub at: Nanos,
    /// Rows of all instruments so far, since this strategy was made or loaded.
    pub rows: u64,
    /// Of what.
    pub instrument: InstrumentId,
    /// The second since 1970 that the row is stamped with.
    pub second: i64,
    /// What is held is short.
    pub is_short: bool,
    /// The market of the instrument.
    pub market: Market,
    /// What became of the texts, by [`Part`].
    pub verdicts: [Verdict; 2],
}

impl Looked {
    /// What became of a text.
    pub fn verdict(&self, part: Part) -> Verdict {
        self.verdicts[part as usize]
    }
}

/// The texts of a strategy, taken apart; of use until one of them changes.
#[derive(Debug)]
pub struct Explainers {
    sources: [Option<String>; 2],
    texts: [Option<Explainer>; 2],
}

impl Explainers {
    /// Of the texts that a strategy runs now.
    ///
    /// # Errors
    /// As when they were loaded; not for texts that run.
    pub fn of(strategy: &TextStrategy) -> Result<Self, Problem> {
        let (sources, setup) = (strategy.sources.clone(), &strategy.settings.setup);
        let mut pair = Pair::compile(setup, sources[0].as_deref(), sources[1].as_deref()).map_err(|(_, problem)| problem)?;
        let options = setup.options();
        let mut texts = [None, None];
        for part in [Part::Buy, Part::Sell] {
            let source = sources[part as usize].as_deref();
            texts[part as usize] = source.map(|source| Explainer::of(source, part, &options, &mut pair.plan)).transpose()?;
        }
        Ok(Explainers { sources, texts })
    }

    /// Whether these are the texts that a strategy runs now.
    pub fn are_of(&self, strategy: &TextStrategy) -> bool {
        self.sources == strategy.sources
    }

    /// Why a text decided as it did on the newest row, or would have decided if it had run; `None` without a row, without the
    /// text, or where it could not have run.
    pub fn explain(&self, strategy: &TextStrategy, part: Part) -> Option<Explanation> {
        let (looked, explainer) = (strategy.looked()?, self.texts[part as usize].as_ref()?);
        if matches!(looked.verdict(part), Verdict::NoText | Verdict::NotReady) || (part, looked.verdict(part)) == SOLD {
            return None;
        }
        let known = strategy.instruments.get(looked.instrument.index())?.as_ref()?;
        let mut slots: Vec<f64> = strategy.slots.clone();
        slots.resize(explainer.slots(), 0.0);
        let pins = known.held.as_ref().map_or(&[][..], |held| &held.pins);
        let mut frame = Frame { pins, last_true: &known.last_true, ..Frame::new(&mut slots, &known.history, looked.market) };
        let mut explanation = explainer.explain(&mut frame);
        let ways = explanation.ways;
        let held = strategy.rules.holding(looked.instrument).map(|_| looked.is_short);
        explanation.signal &= match part {
            Part::Sell => ways[usize::from(looked.is_short)],
            Part::Buy => way(strategy.settings.rules.direction, explainer.flags(), frame.slots, held).is_some(),
        };
        Some(explanation)
    }
}

/// Without a position the sell text has no position to read.
const SOLD: (Part, Verdict) = (Part::Sell, Verdict::Held(false));
