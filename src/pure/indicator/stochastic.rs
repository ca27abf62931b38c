//! Where the close lies between the highest and the lowest: STOCHF STOCH STOCHRSI WILLR.

use super::memory::{Extreme, remembers};
use super::{Average, AverageKind, Candle, Indicator, Rsi};

/// The fast lines, %K and %D (STOCHF).
#[derive(Clone, Debug, PartialEq)]
pub struct StochF {
    highest: Extreme,
    lowest: Extreme,
    average: Average,
}

remembers!(StochF { highest, lowest, average });

impl StochF {
    /// %K over `period` bars, %D its average over `average` values.
    pub fn new(period: usize, average: (usize, AverageKind)) -> Self {
        StochF {
            highest: Extreme::new(period, true),
            lowest: Extreme::new(period, false),
            average: Average::new(average.1, average.0),
        }
    }

    /// %K alone.
    fn fast(&mut self, input: Candle) -> Option<f64> {
        let highest = self.highest.push(input.high);
        let ((lowest, _), (highest, _)) = self.lowest.push(input.low).zip(highest)?;
        let range = (highest - lowest) / 100.0;
        Some(if range == 0.0 { 0.0 } else { (input.close - lowest) / range })
    }
}

impl Indicator for StochF {
    type Input = Candle;
    type Output = [f64; 2];

    fn next(&mut self, input: Candle) -> Option<[f64; 2]> {
        let fast = self.fast(input)?;
        self.average.next(fast).map(|average| [fast, average])
    }

    fn lookback(&self) -> usize {
        self.highest.lookback() + self.average.lookback()
    }
}

/// The slow lines: the fast %D and its average (STOCH).
#[derive(Clone, Debug, PartialEq)]
pub struct Stoch {
    fast: StochF,
    average: Average,
}

remembers!(Stoch { fast, average });

impl Stoch {
    /// %K over `period` bars, averaged over `slow`, and that averaged over `average`.
    pub fn new(period: usize, slow: (usize, AverageKind), average: (usize, AverageKind)) -> Self {
        Stoch { fast: StochF::new(period, slow), average: Average::new(average.1, average.0) }
    }
}

impl Indicator for Stoch {
    type Input = Candle;
    type Output = [f64; 2];

    fn next(&mut self, input: Candle) -> Option<[f64; 2]> {
        let [_, slow] = self.fast.next(input)?;
        self.average.next(slow).map(|average| [slow, average])
    }

    fn lookback(&self) -> usize {
        self.fast.lookback() + self.average.lookback()
    }
}

/// The fast lines of the RSI (STOCHRSI).
#[derive(Clone, Debug, PartialEq)]
pub struct StochRsi {
    rsi: Rsi,
    fast: StochF,
}

remembers!(StochRsi { rsi, fast });

impl StochRsi {
    /// RSI over `period`; %K and %D of it.
    pub fn new(period: usize, fast: usize, average: (usize, AverageKind)) -> Self {
        StochRsi { rsi: Rsi::new(period), fast: StochF::new(fast, average) }
    }
}

impl Indicator for StochRsi {
    type Input = f64;
    type Output = [f64; 2];

    fn next(&mut self, input: f64) -> Option<[f64; 2]> {
        let value = self.rsi.next(input)?;
        self.fast.next(Candle { high: value, low: value, close: value, ..Candle::default() })
    }

    fn lookback(&self) -> usize {
        self.rsi.lookback() + self.fast.lookback()
    }
}

/// How far the close lies below the highest, -100 to 0 (WILLR).
#[derive(Clone, Debug, PartialEq)]
pub struct WillR {
    highest: Extreme,
    lowest: Extreme,
}

remembers!(WillR { highest, lowest });

impl WillR {
    /// Over `period` bars.
    pub fn new(period: usize) -> Self {
        WillR { highest: Extreme::new(period, true), lowest: Extreme::new(period, false) }
    }
}

impl Indicator for WillR {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let highest = self.highest.push(input.high);
        let ((lowest, _), (highest, _)) = self.lowest.push(input.low).zip(highest)?;
        let range = (highest - lowest) / -100.0;
        Some(if range == 0.0 { 0.0 } else { (highest - input.close) / range })
    }

    fn lookback(&self) -> usize {
        self.highest.lookback()
    }
}
