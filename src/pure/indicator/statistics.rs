//! Statistics of windows: VAR STDDEV BBANDS, the lines of LINEARREG, CORREL BETA.

use super::memory::{Ring, remembers};
use super::{Average, AverageKind, Indicator, Late, count, is_zero, is_zero_or_less};

/// The variance of the last values (VAR).
#[derive(Clone, Debug, PartialEq)]
pub struct Variance {
    window: Ring,
    sum: f64,
    squares: f64,
}

remembers!(Variance { window, sum, squares });

impl Variance {
    /// Of `period` values.
    pub fn new(period: usize) -> Self {
        Variance { window: Ring::new(period), sum: 0.0, squares: 0.0 }
    }
}

impl Indicator for Variance {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        self.window.push(input);
        self.sum += input;
        self.squares += input * input;
        if !self.window.is_full() {
            return None;
        }
        let period = count(self.window.room());
        let (mean, mean_square) = (self.sum / period, self.squares / period);
        let oldest = self.window.oldest();
        self.sum -= oldest;
        self.squares -= oldest * oldest;
        Some(mean_square - (mean * mean))
    }

    fn lookback(&self) -> usize {
        self.window.room() - 1
    }
}

fn deviation(variance: f64) -> f64 {
    if is_zero_or_less(variance) { 0.0 } else { libm::sqrt(variance) }
}

/// The standard deviation of the last values (STDDEV).
#[derive(Clone, Debug, PartialEq)]
pub struct StdDev {
    variance: Variance,
    times: f64,
}

remembers!(StdDev { variance });

impl StdDev {
    /// Of `period` values, `times` as much.
    pub fn new(period: usize, times: f64) -> Self {
        StdDev { variance: Variance::new(period), times }
    }
}

impl Indicator for StdDev {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        self.variance.next(input).map(|variance| deviation(variance) * self.times)
    }

    fn lookback(&self) -> usize {
        self.variance.lookback()
    }
}

/// An average and two bands around it (BBANDS): upper, middle, lower.
#[derive(Clone, Debug, PartialEq)]
pub struct Bbands {
    middle: Average,
    variance: Late<Variance>,
    up: f64,
    down: f64,
}

remembers!(Bbands { middle, variance });

impl Bbands {
    /// Over `period` values; bands so many deviations away.
    pub fn new(period: usize, up: f64, down: f64, kind: AverageKind) -> Self {
        let middle = Average::new(kind, period);
        Bbands { variance: Late::with(middle.lookback(), Variance::new(period)), middle, up, down }
    }
}

impl Indicator for Bbands {
    type Input = f64;
    type Output = [f64; 3];

    fn next(&mut self, input: f64) -> Option<[f64; 3]> {
        let variance = self.variance.next(input);
        let (middle, variance) = self.middle.next(input).zip(variance)?;
        let away = deviation(variance);
        Some([middle + (away * self.up), middle, middle - (away * self.down)])
    }

    fn lookback(&self) -> usize {
        self.middle.lookback()
    }
}

/// What of a straight line through the last values is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Its value now: LINEARREG.
    End,
    /// Its rise in one bar: LINEARREG_SLOPE.
    Slope,
    /// Its value at the oldest bar: LINEARREG_INTERCEPT.
    Intercept,
    /// Its angle, degrees: LINEARREG_ANGLE. The arc tangent is libm's, not the platform's: equal to 1e-15 or so.
    Angle,
    /// Its value at the next bar: TSF.
    Forecast,
}

/// The straight line that fits the last values best.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearReg {
    line: Line,
    window: Ring,
}

remembers!(LinearReg { window });

impl LinearReg {
    /// Through `period` values.
    pub fn new(line: Line, period: usize) -> Self {
        LinearReg { line, window: Ring::new(period) }
    }
}

impl Indicator for LinearReg {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        self.window.push(input);
        if !self.window.is_full() {
            return None;
        }
        let length = self.window.room();
        let period = count(length);
        let places = period * (period - 1.0) * 0.5;
        let squares = count(length * (length - 1) * (2 * length - 1) / 6);
        let divisor = places * places - period * squares;
        let (mut products, mut sum) = (0.0, 0.0);
        for (index, value) in self.window.iter().enumerate() {
            sum += value;
            products += count(length - 1 - index) * value;
        }
        let slope = (period * products - places * sum) / divisor;
        let intercept = (sum - slope * places) / period;
        Some(match self.line {
            Line::End => intercept + slope * (period - 1.0),
            Line::Slope => slope,
            Line::Intercept => intercept,
            Line::Angle => libm::atan(slope) * (180.0 / core::f64::consts::PI),
            Line::Forecast => intercept + slope * period,
        })
    }

    fn lookback(&self) -> usize {
        self.window.room() - 1
    }
}

/// Pearson's correlation of two series over a window (CORREL).
#[derive(Clone, Debug, PartialEq)]
pub struct Correl {
    windows: [Ring; 2],
    sums: [f64; 2],
    squares: [f64; 2],
    products: f64,
}

remembers!(Correl { windows, sums, squares, products });

impl Correl {
    /// Over `period` values.
    pub fn new(period: usize) -> Self {
        let window = Ring::new(period);
        Correl { windows: [window.clone(), window], sums: [0.0; 2], squares: [0.0; 2], products: 0.0 }
    }
}

impl Indicator for Correl {
    type Input = [f64; 2];
    type Output = f64;

    fn next(&mut self, input: [f64; 2]) -> Option<f64> {
        let [x, y] = input;
        let forgotten = self.windows[0].push(x).zip(self.windows[1].push(y));
        if let Some((x, y)) = forgotten {
            self.sums[0] -= x;
            self.squares[0] -= x * x;
            self.products -= x * y;
            self.sums[1] -= y;
            self.squares[1] -= y * y;
        }
        self.sums[0] += x;
        self.squares[0] += x * x;
        self.products += x * y;
        self.sums[1] += y;
        self.squares[1] += y * y;
        if !self.windows[0].is_full() {
            return None;
        }
        let period = count(self.windows[0].room());
        let ([sum_x, sum_y], [squares_x, squares_y]) = (self.sums, self.squares);
        let spread = (squares_x - ((sum_x * sum_x) / period)) * (squares_y - ((sum_y * sum_y) / period));
        let none = is_zero_or_less(spread);
        Some(if none { 0.0 } else { (self.products - ((sum_x * sum_y) / period)) / libm::sqrt(spread) })
    }

    fn lookback(&self) -> usize {
        self.windows[0].room() - 1
    }
}

/// The slope of one series' changes against another's (BETA).
#[derive(Clone, Debug, PartialEq)]
pub struct Beta {
    before: Option<[f64; 2]>,
    windows: [Ring; 2],
    sums: [f64; 2],
    squares: f64,
    products: f64,
}

remembers!(Beta { before, windows, sums, squares, products });

impl Beta {
    /// Over `period` changes.
    pub fn new(period: usize) -> Self {
        let window = Ring::new(period);
        Beta { before: None, windows: [window.clone(), window], sums: [0.0; 2], squares: 0.0, products: 0.0 }
    }
}

impl Indicator for Beta {
    type Input = [f64; 2];
    type Output = f64;

    fn next(&mut self, input: [f64; 2]) -> Option<f64> {
        let before = self.before.replace(input)?;
        let change = |index: usize| {
            if is_zero(before[index]) { 0.0 } else { (input[index] - before[index]) / before[index] }
        };
        let (x, y) = (change(0), change(1));
        self.windows[0].push(x);
        self.windows[1].push(y);
        self.squares += x * x;
        self.products += x * y;
        self.sums[0] += x;
        self.sums[1] += y;
        if !self.windows[0].is_full() {
            return None;
        }
        let period = count(self.windows[0].room());
        let [sum_x, sum_y] = self.sums;
        let spread = (period * self.squares) - (sum_x * sum_x);
        let value = if is_zero(spread) { 0.0 } else { ((period * self.products) - (sum_x * sum_y)) / spread };
        let (x, y) = (self.windows[0].oldest(), self.windows[1].oldest());
        self.squares -= x * x;
        self.products -= x * y;
        self.sums[0] -= x;
        self.sums[1] -= y;
        Some(value)
    }

    fn lookback(&self) -> usize {
        self.windows[0].room()
    }
}
