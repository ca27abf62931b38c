//! A stop that follows the price: SAR SAREXT.

use super::memory::remembers;
use super::{Candle, Indicator};

/// How fast a stop follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acceleration {
    /// At first.
    pub first: f64,
    /// More at each new extreme.
    pub step: f64,
    /// At most.
    pub most: f64,
}

impl Acceleration {
    /// No part is more than the most.
    fn held(self) -> Self {
        Acceleration { first: self.first.min(self.most), step: self.step.min(self.most), most: self.most }
    }
}

/// A stop that follows the price and turns when it is met, its settings by direction; below 0 while short (SAREXT).
#[derive(Clone, Debug, PartialEq)]
pub struct SarExt {
    start: f64,
    /// Part of the stop by which it moves away when it turns.
    offset: f64,
    /// While long and while short.
    accelerations: [Acceleration; 2],
    before: Option<Candle>,
    begun: bool,
    long: bool,
    extreme: f64,
    stop: f64,
    speed: f64,
}

remembers!(SarExt { before, begun, long, extreme, stop, speed });

impl SarExt {
    /// `start`: the first stop, long above 0, short below; 0 looks at the first two bars.
    pub fn new(start: f64, offset: f64, long: Acceleration, short: Acceleration) -> Self {
        SarExt {
            start,
            offset,
            accelerations: [long.held(), short.held()],
            before: None,
            begun: false,
            long: true,
            extreme: 0.0,
            stop: 0.0,
            speed: 0.0,
        }
    }

    fn begin(&mut self, before: &Candle, bar: &Candle) {
        let (rise, fall) = (bar.high - before.high, before.low - bar.low);
        self.long = if self.start == 0.0 { !(fall > 0.0 && rise < fall) } else { self.start > 0.0 };
        self.extreme = if self.long { bar.high } else { bar.low };
        self.stop = match (self.start == 0.0, self.long) {
            (true, true) => before.low,
            (true, false) => before.high,
            (false, _) => self.start.abs(),
        };
        self.speed = self.accelerations[usize::from(!self.long)].first;
        self.begun = true;
    }

    /// The stop may not lie inside of the last two bars.
    fn keep_outside(&mut self, before: &Candle, bar: &Candle) {
        if self.long {
            self.stop = lower(lower(self.stop, before.low), bar.low);
        } else {
            self.stop = higher(higher(self.stop, before.high), bar.high);
        }
    }

    fn advance(&mut self, before: &Candle, bar: &Candle) {
        self.stop += self.speed * (self.extreme - self.stop);
        self.keep_outside(before, bar);
    }
}

fn lower(stop: f64, bound: f64) -> f64 {
    if stop > bound { bound } else { stop }
}

fn higher(stop: f64, bound: f64) -> f64 {
    if stop < bound { bound } else { stop }
}

impl Indicator for SarExt {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let mut before = self.before.replace(input)?;
        if !self.begun {
            self.begin(&before, &input);
            // The first bar that counts is also the one before it.
            before = input;
        }
        let met = if self.long { input.low <= self.stop } else { input.high >= self.stop };
        if met {
            self.long = !self.long;
            self.stop = self.extreme;
            self.keep_outside(&before, &input);
            if self.offset != 0.0 {
                self.stop += if self.long { -(self.stop * self.offset) } else { self.stop * self.offset };
            }
        }
        let shown = if self.long { self.stop } else { -self.stop };
        let acceleration = self.accelerations[usize::from(!self.long)];
        let best = if self.long { input.high } else { input.low };
        if met {
            self.speed = acceleration.first;
            self.extreme = best;
        } else if (self.long && best > self.extreme) || (!self.long && best < self.extreme) {
            self.extreme = best;
            self.speed += acceleration.step;
            if self.speed > acceleration.most {
                self.speed = acceleration.most;
            }
        }
        self.advance(&before, &input);
        Some(shown)
    }

    fn lookback(&self) -> usize {
        1
    }
}

/// A stop that follows the price and turns when it is met (SAR).
#[derive(Clone, Debug, PartialEq)]
pub struct Sar {
    sar: SarExt,
}

remembers!(Sar { sar });

impl Sar {
    /// Faster by `acceleration` at each new extreme, up to `most`.
    pub fn new(acceleration: f64, most: f64) -> Self {
        let both = Acceleration { first: acceleration, step: acceleration, most };
        Sar { sar: SarExt::new(0.0, 0.0, both, both) }
    }
}

impl Indicator for Sar {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        // Prices are above 0, and so is the stop.
        self.sar.next(input).map(f64::abs)
    }

    fn lookback(&self) -> usize {
        1
    }
}
