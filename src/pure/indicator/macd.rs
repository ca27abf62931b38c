//! Two averages, their difference, and an average of it: MACD MACDEXT MACDFIX.

use super::memory::remembers;
use super::{Average, AverageKind, Ema, Indicator, Late};

/// MACD, its signal and the histogram (MACD, MACDFIX).
#[derive(Clone, Debug, PartialEq)]
pub struct Macd {
    fast: Late<Ema>,
    slow: Ema,
    signal: Ema,
}

remembers!(Macd { fast, slow, signal });

impl Macd {
    /// Of these periods; the shorter of `fast` and `slow` is the fast one, whichever it is.
    pub fn new(fast: usize, slow: usize, signal: usize) -> Self {
        Macd::of(Ema::new(fast.min(slow)), Ema::new(fast.max(slow)), signal)
    }

    /// With the weights 0.15 and 0.075 of the first description, about 12 and 26 bars (MACDFIX).
    pub fn fixed(signal: usize) -> Self {
        Macd::of(Ema::with_weight(12, 0.15), Ema::with_weight(26, 0.075), signal)
    }

    fn of(fast: Ema, slow: Ema, signal: usize) -> Self {
        Macd { fast: Late::with(slow.lookback(), fast), slow, signal: Ema::new(signal) }
    }
}

impl Indicator for Macd {
    type Input = f64;
    type Output = [f64; 3];

    fn next(&mut self, input: f64) -> Option<[f64; 3]> {
        let fast = self.fast.next(input);
        let (slow, fast) = self.slow.next(input).zip(fast)?;
        let macd = fast - slow;
        let signal = self.signal.next(macd)?;
        Some([macd, signal, macd - signal])
    }

    fn lookback(&self) -> usize {
        self.slow.lookback() + self.signal.lookback()
    }
}

/// MACD of averages of any kinds (MACDEXT).
#[derive(Clone, Debug, PartialEq)]
pub struct MacdExt {
    fast: Late<Average>,
    slow: Late<Average>,
    signal: Average,
}

remembers!(MacdExt { fast, slow, signal });

impl MacdExt {
    /// Of these periods and kinds; the shorter of the first two is the fast one, whichever it is.
    pub fn new(fast: (usize, AverageKind), slow: (usize, AverageKind), signal: (usize, AverageKind)) -> Self {
        let (fast, slow) = if slow.0 < fast.0 { (slow, fast) } else { (fast, slow) };
        let (fast, slow) = (Average::new(fast.1, fast.0), Average::new(slow.1, slow.0));
        let lookback = fast.lookback().max(slow.lookback());
        MacdExt { fast: Late::with(lookback, fast), slow: Late::with(lookback, slow), signal: Average::new(signal.1, signal.0) }
    }
}

impl Indicator for MacdExt {
    type Input = f64;
    type Output = [f64; 3];

    fn next(&mut self, input: f64) -> Option<[f64; 3]> {
        let fast = self.fast.next(input);
        let (slow, fast) = self.slow.next(input).zip(fast)?;
        let macd = fast - slow;
        let signal = self.signal.next(macd)?;
        Some([macd, signal, macd - signal])
    }

    fn lookback(&self) -> usize {
        self.slow.lookback() + self.signal.lookback()
    }
}
