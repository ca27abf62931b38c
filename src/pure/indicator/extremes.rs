//! Largest, smallest, sums of windows: MAX MIN SUM MIDPOINT MIDPRICE AROON AROONOSC.

use super::memory::{Extreme, Ring, remembers};
use super::{Candle, Indicator, count};

/// The largest of the last values (MAX).
#[derive(Clone, Debug, PartialEq)]
pub struct Maximum {
    extreme: Extreme,
}

remembers!(Maximum { extreme });

impl Maximum {
    /// Of `period` values.
    pub fn new(period: usize) -> Self {
        Maximum { extreme: Extreme::new(period, true) }
    }
}

impl Indicator for Maximum {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        self.extreme.push(input).map(|(value, _)| value)
    }

    fn lookback(&self) -> usize {
        self.extreme.lookback()
    }
}

/// The smallest of the last values (MIN).
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    extreme: Extreme,
}

remembers!(Minimum { extreme });

impl Minimum {
    /// Of `period` values.
    pub fn new(period: usize) -> Self {
        Minimum { extreme: Extreme::new(period, false) }
    }
}

impl Indicator for Minimum {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        self.extreme.push(input).map(|(value, _)| value)
    }

    fn lookback(&self) -> usize {
        self.extreme.lookback()
    }
}

/// The sum of the last values (SUM).
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    window: Ring,
    total: f64,
}

remembers!(Sum { window, total });

impl Sum {
    /// Of `period` values.
    pub fn new(period: usize) -> Self {
        Sum { window: Ring::new(period), total: 0.0 }
    }
}

impl Indicator for Sum {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        self.window.push(input);
        self.total += input;
        if !self.window.is_full() {
            return None;
        }
        let total = self.total;
        self.total -= self.window.oldest();
        Some(total)
    }

    fn lookback(&self) -> usize {
        self.window.room() - 1
    }
}

/// The middle between the largest and the smallest of the last values (MIDPOINT).
#[derive(Clone, Debug, PartialEq)]
pub struct MidPoint {
    highest: Extreme,
    lowest: Extreme,
}

remembers!(MidPoint { highest, lowest });

impl MidPoint {
    /// Of `period` values.
    pub fn new(period: usize) -> Self {
        MidPoint { highest: Extreme::new(period, true), lowest: Extreme::new(period, false) }
    }
}

impl Indicator for MidPoint {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let highest = self.highest.push(input);
        let ((lowest, _), (highest, _)) = self.lowest.push(input).zip(highest)?;
        Some((highest + lowest) / 2.0)
    }

    fn lookback(&self) -> usize {
        self.highest.lookback()
    }
}

/// The middle between the highest high and the lowest low (MIDPRICE).
#[derive(Clone, Debug, PartialEq)]
pub struct MidPrice {
    highest: Extreme,
    lowest: Extreme,
}

remembers!(MidPrice { highest, lowest });

impl MidPrice {
    /// Of `period` bars.
    pub fn new(period: usize) -> Self {
        MidPrice { highest: Extreme::new(period, true), lowest: Extreme::new(period, false) }
    }
}

impl Indicator for MidPrice {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let highest = self.highest.push(input.high);
        let ((lowest, _), (highest, _)) = self.lowest.push(input.low).zip(highest)?;
        Some((highest + lowest) / 2.0)
    }

    fn lookback(&self) -> usize {
        self.highest.lookback()
    }
}

/// Bars since the lowest low and the highest high, as parts of the period, 100 for now (AROON): down, up.
#[derive(Clone, Debug, PartialEq)]
pub struct Aroon {
    period: usize,
    highest: Extreme,
    lowest: Extreme,
}

remembers!(Aroon { highest, lowest });

impl Aroon {
    /// Over `period` bars and the one before them.
    pub fn new(period: usize) -> Self {
        Aroon { period, highest: Extreme::new(period + 1, true), lowest: Extreme::new(period + 1, false) }
    }

    /// Bars since the lowest and the highest.
    fn ages(&mut self, input: Candle) -> Option<(f64, f64)> {
        let highest = self.highest.push(input.high);
        let ((_, lowest), (_, highest)) = self.lowest.push(input.low).zip(highest)?;
        Some((lowest as f64, highest as f64))
    }
}

impl Indicator for Aroon {
    type Input = Candle;
    type Output = [f64; 2];

    fn next(&mut self, input: Candle) -> Option<[f64; 2]> {
        let (lowest, highest) = self.ages(input)?;
        let factor = 100.0 / count(self.period);
        Some([factor * (count(self.period) - lowest), factor * (count(self.period) - highest)])
    }

    fn lookback(&self) -> usize {
        self.highest.lookback()
    }
}

/// AROON's up less its down (AROONOSC).
#[derive(Clone, Debug, PartialEq)]
pub struct AroonOsc {
    aroon: Aroon,
}

remembers!(AroonOsc { aroon });

impl AroonOsc {
    /// Over `period` bars and the one before them.
    pub fn new(period: usize) -> Self {
        AroonOsc { aroon: Aroon::new(period) }
    }
}

impl Indicator for AroonOsc {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let (lowest, highest) = self.aroon.ages(input)?;
        Some((100.0 / count(self.aroon.period)) * (lowest - highest))
    }

    fn lookback(&self) -> usize {
        self.aroon.lookback()
    }
}
