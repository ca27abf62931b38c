//! How far bars reach: TRANGE ATR NATR.

use super::memory::remembers;
use super::momentum::Wilder;
use super::{Candle, Indicator, is_zero};

/// The largest of high - low and of both against the close before.
pub(super) fn true_range(bar: &Candle, close_before: f64) -> f64 {
    let range = bar.high - bar.low;
    let (above, below) = ((close_before - bar.high).abs(), (close_before - bar.low).abs());
    let range = if above > range { above } else { range };
    if below > range { below } else { range }
}

/// The range of a bar with the gap before it (TRANGE).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrueRange {
    close_before: Option<f64>,
}

remembers!(TrueRange { close_before });

impl Indicator for TrueRange {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let before = self.close_before.replace(input.close)?;
        Some(true_range(&input, before))
    }

    fn lookback(&self) -> usize {
        1
    }
}

/// Wilder's average of the true range (ATR).
#[derive(Clone, Debug, PartialEq)]
pub struct Atr {
    range: TrueRange,
    average: Wilder,
}

remembers!(Atr { range, average });

impl Atr {
    /// Over `period` bars.
    pub fn new(period: usize) -> Self {
        Atr { range: TrueRange::default(), average: Wilder::new(period) }
    }
}

impl Indicator for Atr {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        self.average.next(self.range.next(input)?)
    }

    fn lookback(&self) -> usize {
        self.average.period()
    }
}

/// ATR in percent of the close (NATR); over one bar TRANGE itself, as TA-Lib has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Natr {
    atr: Atr,
}

remembers!(Natr { atr });

impl Natr {
    /// Over `period` bars.
    pub fn new(period: usize) -> Self {
        Natr { atr: Atr::new(period) }
    }
}

impl Indicator for Natr {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let range = self.atr.next(input)?;
        if self.atr.average.period() == 1 {
            return Some(range);
        }
        Some(if is_zero(input.close) { 0.0 } else { (range / input.close) * 100.0 })
    }

    fn lookback(&self) -> usize {
        self.atr.lookback()
    }
}
