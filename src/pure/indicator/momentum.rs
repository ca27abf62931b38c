//! How far a series has moved: MOM ROC ROCP ROCR ROCR100 RSI CMO TRIX APO PPO.

use super::memory::{Ring, remembers};
use super::{Average, AverageKind, Ema, Indicator, count, is_zero};

/// How a value is held against one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The difference: MOM.
    Difference,
    /// Percent of change: ROC.
    Percent,
    /// Change as a part: ROCP.
    Part,
    /// The ratio: ROCR.
    Ratio,
    /// The ratio in percent: ROCR100.
    RatioPercent,
}

/// A value against that of some bars before (MOM ROC ROCP ROCR ROCR100). 0 where that is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Momentum {
    change: Change,
    window: Ring,
}

remembers!(Momentum { window });

impl Momentum {
    /// Against `period` bars before.
    pub fn new(change: Change, period: usize) -> Self {
        Momentum { change, window: Ring::new(period) }
    }
}

impl Indicator for Momentum {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let before = self.window.push(input)?;
        Some(match self.change {
            Change::Difference => input - before,
            _ if before == 0.0 => 0.0,
            Change::Percent => ((input / before) - 1.0) * 100.0,
            Change::Part => (input - before) / before,
            Change::Ratio => input / before,
            Change::RatioPercent => (input / before) * 100.0,
        })
    }

    fn lookback(&self) -> usize {
        self.window.room()
    }
}

/// Wilder's average: begins at the mean, then each value counts one `period`th.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wilder {
    period: usize,
    seen: u64,
    value: f64,
}

remembers!(Wilder { seen, value });

impl Wilder {
    pub(super) fn new(period: usize) -> Self {
        Wilder { period: period.max(1), seen: 0, value: 0.0 }
    }

    pub(super) fn period(&self) -> usize {
        self.period
    }

    #[inline]
    pub(super) fn next(&mut self, input: f64) -> Option<f64> {
        if self.seen >= self.period as u64 {
            self.value *= count(self.period - 1);
            self.value += input;
            self.value /= count(self.period);
            return Some(self.value);
        }
        self.seen += 1;
        self.value += input;
        if self.seen < self.period as u64 {
            return None;
        }
        self.value /= count(self.period);
        Some(self.value)
    }
}

/// Average gains and losses between values.
#[derive(Clone, Debug, PartialEq)]
struct Gains {
    before: Option<f64>,
    gain: Wilder,
    loss: Wilder,
}

remembers!(Gains { before, gain, loss });

impl Gains {
    fn new(period: usize) -> Self {
        Gains { before: None, gain: Wilder::new(period), loss: Wilder::new(period) }
    }

    fn next(&mut self, input: f64) -> Option<(f64, f64)> {
        let step = input - self.before.replace(input)?;
        let (gain, loss) = if step < 0.0 { (0.0, -step) } else { (step, 0.0) };
        self.gain.next(gain).zip(self.loss.next(loss))
    }
}

/// Average gains against gains and losses together, 0 to 100 (RSI). 0 when nothing moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Rsi {
    gains: Gains,
}

remembers!(Rsi { gains });

impl Rsi {
    /// Over `period` steps.
    pub fn new(period: usize) -> Self {
        Rsi { gains: Gains::new(period) }
    }
}

impl Indicator for Rsi {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let (gain, loss) = self.gains.next(input)?;
        let both = gain + loss;
        Some(if is_zero(both) { 0.0 } else { 100.0 * (gain / both) })
    }

    fn lookback(&self) -> usize {
        self.gains.gain.period()
    }
}

/// Gains less losses against both together, -100 to 100 (CMO).
#[derive(Clone, Debug, PartialEq)]
pub struct Cmo {
    gains: Gains,
}

remembers!(Cmo { gains });

impl Cmo {
    /// Over `period` steps.
    pub fn new(period: usize) -> Self {
        Cmo { gains: Gains::new(period) }
    }
}

impl Indicator for Cmo {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let (gain, loss) = self.gains.next(input)?;
        let both = gain + loss;
        Some(if is_zero(both) { 0.0 } else { 100.0 * ((gain - loss) / both) })
    }

    fn lookback(&self) -> usize {
        self.gains.gain.period()
    }
}

/// Percent of change of a thrice smoothed series (TRIX).
#[derive(Clone, Debug, PartialEq)]
pub struct Trix {
    averages: [Ema; 3],
    change: Momentum,
}

remembers!(Trix { averages, change });

impl Trix {
    /// Over about `period` values, three times.
    pub fn new(period: usize) -> Self {
        let average = Ema::new(period);
        let averages = [average.clone(), average.clone(), average];
        Trix { averages, change: Momentum::new(Change::Percent, 1) }
    }
}

impl Indicator for Trix {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let mut value = input;
        for average in &mut self.averages {
            value = average.next(value)?;
        }
        self.change.next(value)
    }

    fn lookback(&self) -> usize {
        3 * self.averages[0].lookback() + 1
    }
}

/// How two averages are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The difference: APO.
    Absolute,
    /// Percent of the slow one: PPO.
    Percent,
}

/// A fast average against a slow one (APO PPO).
#[derive(Clone, Debug, PartialEq)]
pub struct Oscillator {
    difference: Difference,
    fast: Average,
    slow: Average,
}

remembers!(Oscillator { fast, slow });

impl Oscillator {
    /// Of these periods; the shorter is the fast one, whichever it is.
    pub fn new(difference: Difference, periods: [usize; 2], kind: AverageKind) -> Self {
        let [fast, slow] = periods;
        // Unlike MACD's, the fast average begins with the first bar.
        Oscillator { difference, fast: Average::new(kind, fast.min(slow)), slow: Average::new(kind, fast.max(slow)) }
    }
}

impl Indicator for Oscillator {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let fast = self.fast.next(input);
        let (slow, fast) = self.slow.next(input).zip(fast)?;
        Some(match self.difference {
            Difference::Absolute => fast - slow,
            Difference::Percent if is_zero(slow) => 0.0,
            Difference::Percent => ((fast - slow) / slow) * 100.0,
        })
    }

    fn lookback(&self) -> usize {
        self.slow.lookback()
    }
}
