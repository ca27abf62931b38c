//! Wilder's directional movement: PLUS_DM MINUS_DM PLUS_DI MINUS_DI DX ADX ADXR.

use super::memory::{Ring, remembers};
use super::volatility::true_range;
use super::{Candle, Indicator, count, is_zero};

/// Upwards or downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// PLUS.
    Up,
    /// MINUS.
    Down,
}

/// Movements and ranges, smoothed: sums of `period - 1` bars, from which a `period`th goes as each new one comes.
#[derive(Clone, Debug, PartialEq)]
struct Movements {
    period: usize,
    before: Option<Candle>,
    /// Movements seen.
    seen: u64,
    up: f64,
    down: f64,
    range: f64,
}

remembers!(Movements { before, seen, up, down, range });

impl Movements {
    fn new(period: usize) -> Self {
        Movements { period: period.max(1), before: None, seen: 0, up: 0.0, down: 0.0, range: 0.0 }
    }

    /// Takes in a bar. Movements seen so far.
    fn push(&mut self, bar: Candle) -> u64 {
        let Some(before) = self.before.replace(bar) else { return 0 };
        let (rise, fall) = (bar.high - before.high, before.low - bar.low);
        let down = if fall > 0.0 && rise < fall { fall } else { 0.0 };
        let up = if down == 0.0 && rise > 0.0 && rise > fall { rise } else { 0.0 };
        let range = true_range(&bar, before.close);
        if self.period == 1 {
            (self.up, self.down, self.range) = (up, down, range);
        } else if self.seen < self.period as u64 - 1 {
            self.up += up;
            self.down += down;
            self.range += range;
        } else {
            let period = count(self.period);
            self.up = self.up - (self.up / period) + up;
            self.down = self.down - (self.down / period) + down;
            self.range = self.range - (self.range / period) + range;
        }
        self.seen = self.seen.saturating_add(1);
        self.seen
    }

    fn part(&self, movement: f64) -> f64 {
        match (is_zero(self.range), self.period) {
            (true, _) => 0.0,
            (false, 1) => movement / self.range,
            (false, _) => 100.0 * (movement / self.range),
        }
    }

    /// How far apart both directions are, 0 to 100; `None` when nothing moved.
    fn index(&self) -> Option<f64> {
        if is_zero(self.range) {
            return None;
        }
        let (down, up) = (100.0 * (self.down / self.range), 100.0 * (self.up / self.range));
        let both = down + up;
        if is_zero(both) { None } else { Some(100.0 * ((down - up).abs() / both)) }
    }
}

/// Movement in one direction, smoothed (PLUS_DM MINUS_DM).
#[derive(Clone, Debug, PartialEq)]
pub struct DirectionalMovement {
    direction: Direction,
    movements: Movements,
}

remembers!(DirectionalMovement { movements });

impl DirectionalMovement {
    /// Over `period` bars.
    pub fn new(direction: Direction, period: usize) -> Self {
        DirectionalMovement { direction, movements: Movements::new(period) }
    }
}

impl Indicator for DirectionalMovement {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let seen = self.movements.push(input);
        let movement = if self.direction == Direction::Up { self.movements.up } else { self.movements.down };
        (seen >= self.lookback() as u64).then_some(movement)
    }

    fn lookback(&self) -> usize {
        (self.movements.period - 1).max(1)
    }
}

/// Movement in one direction against the range, percent (PLUS_DI MINUS_DI).
#[derive(Clone, Debug, PartialEq)]
pub struct DirectionalIndicator {
    direction: Direction,
    movements: Movements,
}

remembers!(DirectionalIndicator { movements });

impl DirectionalIndicator {
    /// Over `period` bars.
    pub fn new(direction: Direction, period: usize) -> Self {
        DirectionalIndicator { direction, movements: Movements::new(period) }
    }
}

impl Indicator for DirectionalIndicator {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let seen = self.movements.push(input);
        let movement = if self.direction == Direction::Up { self.movements.up } else { self.movements.down };
        (seen >= self.movements.period as u64).then(|| self.movements.part(movement))
    }

    fn lookback(&self) -> usize {
        self.movements.period
    }
}

/// How far apart both directions are, 0 to 100 (DX); the value before where nothing moved.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectionalIndex {
    movements: Movements,
    value: f64,
}

remembers!(DirectionalIndex { movements, value });

impl DirectionalIndex {
    /// Over `period` bars.
    pub fn new(period: usize) -> Self {
        DirectionalIndex { movements: Movements::new(period), value: 0.0 }
    }
}

impl Indicator for DirectionalIndex {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        if self.movements.push(input) < self.movements.period as u64 {
            return None;
        }
        self.value = self.movements.index().unwrap_or(self.value);
        Some(self.value)
    }

    fn lookback(&self) -> usize {
        self.movements.period
    }
}

/// The average of DX (ADX).
#[derive(Clone, Debug, PartialEq)]
pub struct Adx {
    movements: Movements,
    value: f64,
}

remembers!(Adx { movements, value });

impl Adx {
    /// Over `period` bars, twice.
    pub fn new(period: usize) -> Self {
        Adx { movements: Movements::new(period), value: 0.0 }
    }
}

impl Indicator for Adx {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let (seen, period) = (self.movements.push(input), self.movements.period as u64);
        if seen < period {
            return None;
        }
        let index = self.movements.index();
        if seen < 2 * period {
            self.value += index.unwrap_or(0.0);
            if seen < 2 * period - 1 {
                return None;
            }
            self.value /= period as f64;
        } else if let Some(index) = index {
            self.value = ((self.value * (period - 1) as f64) + index) / period as f64;
        }
        Some(self.value)
    }

    fn lookback(&self) -> usize {
        2 * self.movements.period - 1
    }
}

/// The middle between ADX and what it was (ADXR).
#[derive(Clone, Debug, PartialEq)]
pub struct Adxr {
    adx: Adx,
    window: Ring,
}

remembers!(Adxr { adx, window });

impl Adxr {
    /// Against `period - 1` bars before.
    pub fn new(period: usize) -> Self {
        Adxr { adx: Adx::new(period), window: Ring::new(period.max(2) - 1) }
    }
}

impl Indicator for Adxr {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let now = self.adx.next(input)?;
        let before = self.window.push(now)?;
        Some((now + before) / 2.0)
    }

    fn lookback(&self) -> usize {
        self.adx.lookback() + self.window.room()
    }
}
