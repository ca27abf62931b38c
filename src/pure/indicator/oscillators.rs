//! Oscillators of their own kind: BOP CCI ULTOSC.

use super::memory::{Ring, remembers};
use super::volatility::true_range;
use super::{Candle, Indicator, Late, Sum, count, is_zero, is_zero_or_less};

/// Where in its range a bar closes against where it opened (BOP).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bop;

remembers!(Bop {});

impl Indicator for Bop {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let range = input.high - input.low;
        Some(if is_zero_or_less(range) { 0.0 } else { (input.close - input.open) / range })
    }

    fn lookback(&self) -> usize {
        0
    }
}

/// How far the typical price is from its mean, in mean distances (CCI).
#[derive(Clone, Debug, PartialEq)]
pub struct Cci {
    window: Ring,
}

remembers!(Cci { window });

impl Cci {
    /// Over `period` bars.
    pub fn new(period: usize) -> Self {
        Cci { window: Ring::new(period) }
    }
}

impl Indicator for Cci {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let typical = (input.high + input.low + input.close) / 3.0;
        self.window.push(typical);
        if !self.window.is_full() {
            return None;
        }
        // Added up as they lie, and not by age: that is TA-Lib's order.
        let values = self.window.as_they_lie();
        let period = count(self.window.room());
        let mean = values.iter().fold(0.0, |sum, value| sum + value) / period;
        let distances = values.iter().fold(0.0, |sum, value| sum + (value - mean).abs());
        let distance = typical - mean;
        let calm = distance == 0.0 || distances == 0.0;
        Some(if calm { 0.0 } else { distance / (0.015 * (distances / period)) })
    }

    fn lookback(&self) -> usize {
        self.window.room() - 1
    }
}

/// Buying pressure against the range over three periods (ULTOSC).
#[derive(Clone, Debug, PartialEq)]
pub struct UltOsc {
    close_before: Option<f64>,
    /// By period, the shortest first: pressure and range.
    sums: [[Late<Sum>; 2]; 3],
}

remembers!(UltOsc { close_before, sums });

impl UltOsc {
    /// Over these periods, in any order.
    pub fn new(mut periods: [usize; 3]) -> Self {
        periods.sort_unstable();
        let longest = periods[2].max(1) - 1;
        let sum = |period: usize| Late::with(longest, Sum::new(period));
        UltOsc { close_before: None, sums: periods.map(|period| [sum(period), sum(period)]) }
    }
}

impl Indicator for UltOsc {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let before = self.close_before.replace(input.close)?;
        let true_low = if input.low < before { input.low } else { before };
        let terms = [input.close - true_low, true_range(&input, before)];
        let mut value = 0.0;
        let mut ready = true;
        for ([pressures, ranges], weight) in self.sums.iter_mut().zip([4.0, 2.0, 1.0]) {
            match pressures.next(terms[0]).zip(ranges.next(terms[1])) {
                Some((pressure, range)) if !is_zero(range) => value += weight * (pressure / range),
                Some(_) => {}
                None => ready = false,
            }
        }
        ready.then_some(100.0 * (value / 7.0))
    }

    fn lookback(&self) -> usize {
        1 + self.sums[2][0].lookback()
    }
}
