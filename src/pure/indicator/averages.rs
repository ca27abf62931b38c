//! Moving averages: SMA EMA WMA DEMA TEMA TRIMA KAMA T3.

use super::memory::{Ring, remembers};
use super::{Indicator, count, is_zero};

/// The mean of the last values (SMA).
#[derive(Clone, Debug, PartialEq)]
pub struct Sma {
    window: Ring,
    total: f64,
}

remembers!(Sma { window, total });

impl Sma {
    /// Over `period` values.
    pub fn new(period: usize) -> Self {
        Sma { window: Ring::new(period), total: 0.0 }
    }
}

impl Indicator for Sma {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        self.window.push(input);
        self.total += input;
        if !self.window.is_full() {
            return None;
        }
        let mean = self.total / count(self.window.room());
        self.total -= self.window.oldest();
        Some(mean)
    }

    fn lookback(&self) -> usize {
        self.window.room() - 1
    }
}

/// Moves a part of the way to each value (EMA); begins at the mean of the first ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Ema {
    period: usize,
    weight: f64,
    seen: u64,
    value: f64,
}

remembers!(Ema { seen, value });

impl Ema {
    /// Over about `period` values: a weight of 2 / (period + 1).
    pub fn new(period: usize) -> Self {
        let period = period.max(1);
        Ema { period, weight: 2.0 / (count(period) + 1.0), seen: 0, value: 0.0 }
    }

    /// The same with another weight.
    pub fn with_weight(period: usize, weight: f64) -> Self {
        Ema { weight, ..Ema::new(period) }
    }
}

impl Indicator for Ema {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        if self.seen >= self.period as u64 {
            self.value = ((input - self.value) * self.weight) + self.value;
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

    fn lookback(&self) -> usize {
        self.period - 1
    }
}

/// The mean of the last values, each weighted by its place (WMA).
#[derive(Clone, Debug, PartialEq)]
pub struct Wma {
    window: Ring,
    /// Of values.
    sum: f64,
    /// Of values times their weight.
    weighted: f64,
    seen: u64,
}

remembers!(Wma { window, sum, weighted, seen });

impl Wma {
    /// Over `period` values.
    pub fn new(period: usize) -> Self {
        Wma { window: Ring::new(period), sum: 0.0, weighted: 0.0, seen: 0 }
    }
}

impl Indicator for Wma {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let period = self.window.room();
        let forgotten = self.window.push(input);
        self.sum += input;
        if let Some(forgotten) = forgotten {
            self.sum -= forgotten;
        }
        self.seen = (self.seen + 1).min(period as u64);
        self.weighted += input * self.seen as f64;
        if self.seen < period as u64 {
            return None;
        }
        let divider = period * (period + 1) / 2;
        let mean = self.weighted / count(divider);
        self.weighted -= self.sum;
        Some(mean)
    }

    fn lookback(&self) -> usize {
        self.window.room() - 1
    }
}

/// Twice the EMA less the EMA of it (DEMA).
#[derive(Clone, Debug, PartialEq)]
pub struct Dema {
    averages: [Ema; 2],
}

remembers!(Dema { averages });

impl Dema {
    /// Over about `period` values.
    pub fn new(period: usize) -> Self {
        Dema { averages: [Ema::new(period), Ema::new(period)] }
    }
}

impl Indicator for Dema {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let first = self.averages[0].next(input)?;
        let second = self.averages[1].next(first)?;
        Some((2.0 * first) - second)
    }

    fn lookback(&self) -> usize {
        2 * self.averages[0].lookback()
    }
}

/// Three times the EMA, less three times the EMA of it, and the EMA of that (TEMA).
#[derive(Clone, Debug, PartialEq)]
pub struct Tema {
    averages: [Ema; 3],
}

remembers!(Tema { averages });

impl Tema {
    /// Over about `period` values.
    pub fn new(period: usize) -> Self {
        Tema { averages: [Ema::new(period), Ema::new(period), Ema::new(period)] }
    }
}

impl Indicator for Tema {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let first = self.averages[0].next(input)?;
        let second = self.averages[1].next(first)?;
        let third = self.averages[2].next(second)?;
        Some(third + ((3.0 * first) - (3.0 * second)))
    }

    fn lookback(&self) -> usize {
        3 * self.averages[0].lookback()
    }
}

/// The mean of the last values, the middle ones weighted most (TRIMA).
#[derive(Clone, Debug, PartialEq)]
pub struct Trima {
    window: Ring,
    /// Values times their weights.
    weighted: f64,
    /// Of the rising and of the falling side.
    sides: [f64; 2],
}

remembers!(Trima { window, weighted, sides });

impl Trima {
    /// Over `period` values.
    pub fn new(period: usize) -> Self {
        Trima { window: Ring::new(period), weighted: 0.0, sides: [0.0; 2] }
    }

    /// The place of the last value of the rising side.
    fn middle(&self) -> usize {
        let period = self.window.room();
        if period % 2 == 1 { period / 2 } else { period / 2 - 1 }
    }
}

impl Indicator for Trima {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let (period, middle) = (self.window.room(), self.middle());
        let forgotten = self.window.push(input);
        if !self.window.is_full() {
            return None;
        }
        let odd = period % 2 == 1;
        match forgotten {
            None => {
                let [rising, falling] = &mut self.sides;
                for index in (0..=middle).rev() {
                    *rising += self.window.get(index);
                    self.weighted += *rising;
                }
                for index in middle + 1..period {
                    *falling += self.window.get(index);
                    self.weighted += *falling;
                }
            }
            Some(forgotten) => {
                let [rising, falling] = &mut self.sides;
                let turning = self.window.get(middle);
                self.weighted -= *rising;
                *rising -= forgotten;
                *rising += turning;
                if odd {
                    self.weighted += *falling;
                    *falling -= turning;
                } else {
                    *falling -= turning;
                    self.weighted += *falling;
                }
                *falling += input;
                self.weighted += input;
            }
        }
        let half = period / 2;
        let factor = 1.0 / count(if odd { (half + 1) * (half + 1) } else { half * (half + 1) });
        Some(self.weighted * factor)
    }

    fn lookback(&self) -> usize {
        self.window.room() - 1
    }
}

/// Moves the faster the straighter the way was (KAMA).
#[derive(Clone, Debug, PartialEq)]
pub struct Kama {
    window: Ring,
    before: f64,
    /// Steps of the window, added up without their signs.
    way: f64,
    value: f64,
    begun: bool,
}

remembers!(Kama { window, before, way, value, begun });

impl Kama {
    /// Over `period` steps.
    pub fn new(period: usize) -> Self {
        Kama { window: Ring::new(period + 1), before: 0.0, way: 0.0, value: 0.0, begun: false }
    }
}

impl Indicator for Kama {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let forgotten = self.window.push(input);
        let before = core::mem::replace(&mut self.before, input);
        if let Some(forgotten) = forgotten {
            self.way -= (forgotten - self.window.oldest()).abs();
        }
        if self.begun {
            self.way += (input - before).abs();
        }
        self.begun = true;
        if !self.window.is_full() {
            return None;
        }
        if forgotten.is_none() {
            self.value = before;
        }
        let (slowest, fastest) = (2.0 / (30.0 + 1.0), 2.0 / (2.0 + 1.0));
        let moved = input - self.window.oldest();
        let efficiency = if self.way <= moved || is_zero(self.way) { 1.0 } else { (moved / self.way).abs() };
        let mut part = (efficiency * (fastest - slowest)) + slowest;
        part *= part;
        self.value = ((input - self.value) * part) + self.value;
        Some(self.value)
    }

    fn lookback(&self) -> usize {
        self.window.room() - 1
    }
}

/// An EMA written as the sum of its two parts, which rounds otherwise than [`Ema`].
#[derive(Clone, Debug, PartialEq)]
struct Smoothed {
    period: usize,
    weight: f64,
    seen: u64,
    value: f64,
}

remembers!(Smoothed { seen, value });

impl Smoothed {
    fn next(&mut self, input: f64) -> Option<f64> {
        if self.seen >= self.period as u64 {
            self.value = (self.weight * input) + ((1.0 - self.weight) * self.value);
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

/// Tillson's six averages of averages (T3).
#[derive(Clone, Debug, PartialEq)]
pub struct T3 {
    averages: [Smoothed; 6],
    factors: [f64; 4],
}

remembers!(T3 { averages });

impl T3 {
    /// Over about `period` values, with the volume factor `factor` (0.7 is usual).
    pub fn new(period: usize, factor: f64) -> Self {
        let period = period.max(1);
        let one = Smoothed { period, weight: 2.0 / (count(period) + 1.0), seen: 0, value: 0.0 };
        let square = factor * factor;
        let first = -(square * factor);
        let second = 3.0 * (square - first);
        let third = (-6.0 * square) - (3.0 * (factor - first));
        let fourth = 1.0 + (3.0 * factor) - first + (3.0 * square);
        T3 { averages: core::array::from_fn(|_| one.clone()), factors: [first, second, third, fourth] }
    }
}

impl Indicator for T3 {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let mut values = [input; 6];
        let mut value = input;
        for (average, place) in self.averages.iter_mut().zip(&mut values) {
            value = average.next(value)?;
            *place = value;
        }
        let [_, _, third, fourth, fifth, sixth] = values;
        let [first_factor, second_factor, third_factor, fourth_factor] = self.factors;
        Some((first_factor * sixth) + (second_factor * fifth) + (third_factor * fourth) + (fourth_factor * third))
    }

    fn lookback(&self) -> usize {
        6 * (self.averages[0].period - 1)
    }
}
