//! The dominant cycle of a series, by the Hilbert transform of its smoothed price: HT_DCPERIOD HT_PHASOR HT_DCPHASE HT_SINE HT_TRENDLINE
//! HT_TRENDMODE. Ehlers, "Rocket Science for Traders".
//!
//! Angles are libm's and not the platform's, so that values are the same on every machine, and TA-Lib's to the last digits only.

use super::Indicator;
use super::memory::{Ring, remembers};

/// The weights of the transform.
const OUTER: f64 = 0.0962;
const INNER: f64 = 0.5769;
/// Values that a cycle is looked for in: the longest has 50 bars.
const LENGTH: usize = 50;
/// Bars that are only smoothed, before cycles are looked for: for the period alone, and for what follows from it.
const WARM_PERIOD: u64 = 12;
const WARM_PHASE: u64 = 37;
/// Bars without a value.
const LOOKBACK_PERIOD: usize = 32;
const LOOKBACK_PHASE: usize = 63;

/// An eighth of a turn, and degrees of a radian.
const EIGHTH: f64 = core::f64::consts::FRAC_PI_4;
const DEGREES: f64 = 45.0 / EIGHTH;

/// One quadrature filter; even and odd bars have values of their own.
#[derive(Clone, Debug, Default, PartialEq)]
struct Filter {
    values: [[f64; 3]; 2],
    before: [f64; 2],
    input: [f64; 2],
}

remembers!(Filter { values, before, input });

impl Filter {
    fn next(&mut self, input: f64, odd: usize, place: usize, adjusted: f64) -> f64 {
        let outer = OUTER * input;
        let mut value = -self.values[odd][place];
        self.values[odd][place] = outer;
        value += outer;
        value -= self.before[odd];
        self.before[odd] = INNER * self.input[odd];
        value += self.before[odd];
        self.input[odd] = input;
        value * adjusted
    }
}

/// What is known of the cycle at a bar.
#[derive(Clone, Copy)]
struct Cycle {
    smoothed: f64,
    in_phase: f64,
    quadrature: f64,
    period: f64,
}

/// Finds the cycle.
#[derive(Clone, Debug, PartialEq)]
struct Finder {
    warm: u64,
    count: u64,
    recent: Ring,
    sub: f64,
    sum: f64,
    place: u64,
    detrender: Filter,
    quadrature: Filter,
    ahead: [Filter; 2],
    /// The detrended price of earlier bars, for even and for odd ones: of three bars ago, and of one.
    delayed: [[f64; 2]; 2],
    in_phase: f64,
    out_of_phase: f64,
    real: f64,
    imaginary: f64,
    period: f64,
    smooth_period: f64,
}

remembers!(Finder {
    count,
    recent,
    sub,
    sum,
    place,
    detrender,
    quadrature,
    ahead,
    delayed,
    in_phase,
    out_of_phase,
    real,
    imaginary,
    period,
    smooth_period,
});

impl Finder {
    fn new(warm: u64) -> Self {
        Finder {
            warm,
            count: 0,
            recent: Ring::new(4),
            sub: 0.0,
            sum: 0.0,
            place: 0,
            detrender: Filter::default(),
            quadrature: Filter::default(),
            ahead: [Filter::default(), Filter::default()],
            delayed: [[0.0; 2]; 2],
            in_phase: 0.0,
            out_of_phase: 0.0,
            real: 0.0,
            imaginary: 0.0,
            period: 0.0,
            smooth_period: 0.0,
        }
    }

    /// The weighted mean of four; `None` for the first three.
    fn smooth(&mut self, value: f64) -> Option<f64> {
        let left = self.recent.push(value);
        self.sub += value;
        if self.count <= 3 {
            self.sum += value * self.count as f64;
            return None;
        }
        self.sub -= left.unwrap_or(0.0);
        self.sum += value * 4.0;
        let smoothed = self.sum * 0.1;
        self.sum -= self.sub;
        Some(smoothed)
    }

    fn next(&mut self, value: f64) -> Option<Cycle> {
        let odd = (self.count % 2) as usize;
        self.count = self.count.saturating_add(1);
        let smoothed = self.smooth(value)?;
        if self.count <= self.warm {
            return None;
        }
        let (adjusted, place) = (0.075 * self.period + 0.54, (self.place % 3) as usize);
        let detrended = self.detrender.next(smoothed, odd, place, adjusted);
        let quadrature = self.quadrature.next(detrended, odd, place, adjusted);
        let delayed = self.delayed[odd][0];
        let ahead = [self.ahead[0].next(delayed, odd, place, adjusted), self.ahead[1].next(quadrature, odd, place, adjusted)];
        if odd == 0 {
            self.place = (self.place + 1) % 3;
        }
        let out_of_phase = 0.2 * (quadrature + ahead[0]) + 0.8 * self.out_of_phase;
        let in_phase = 0.2 * (delayed - ahead[1]) + 0.8 * self.in_phase;
        let [third, second] = &mut self.delayed[1 - odd];
        (*third, *second) = (*second, detrended);
        self.real = 0.2 * (in_phase * self.in_phase + out_of_phase * self.out_of_phase) + 0.8 * self.real;
        self.imaginary = 0.2 * (in_phase * self.out_of_phase - out_of_phase * self.in_phase) + 0.8 * self.imaginary;
        (self.out_of_phase, self.in_phase) = (out_of_phase, in_phase);
        let before = self.period;
        let mut period = before;
        if self.imaginary != 0.0 && self.real != 0.0 {
            period = 360.0 / (libm::atan(self.imaginary / self.real) * DEGREES);
        }
        if period > 1.5 * before {
            period = 1.5 * before;
        }
        if period < 0.67 * before {
            period = 0.67 * before;
        }
        period = period.clamp(6.0, 50.0);
        self.period = 0.2 * period + 0.8 * before;
        self.smooth_period = 0.33 * self.period + 0.67 * self.smooth_period;
        Some(Cycle { smoothed, in_phase: delayed, quadrature, period: self.smooth_period })
    }
}

/// Bars of the dominant cycle (HT_DCPERIOD).
#[derive(Clone, Debug, PartialEq)]
pub struct HtDcPeriod {
    finder: Finder,
}

remembers!(HtDcPeriod { finder });

impl Default for HtDcPeriod {
    fn default() -> Self {
        HtDcPeriod { finder: Finder::new(WARM_PERIOD) }
    }
}

impl Indicator for HtDcPeriod {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let found = self.finder.next(input);
        found.map(|cycle| cycle.period).filter(|_| self.finder.count > LOOKBACK_PERIOD as u64)
    }

    fn lookback(&self) -> usize {
        LOOKBACK_PERIOD
    }
}

/// The cycle's two components: in phase, and a quarter ahead (HT_PHASOR).
#[derive(Clone, Debug, PartialEq)]
pub struct HtPhasor {
    finder: Finder,
}

remembers!(HtPhasor { finder });

impl Default for HtPhasor {
    fn default() -> Self {
        HtPhasor { finder: Finder::new(WARM_PERIOD) }
    }
}

impl Indicator for HtPhasor {
    type Input = f64;
    type Output = [f64; 2];

    fn next(&mut self, input: f64) -> Option<[f64; 2]> {
        let found = self.finder.next(input);
        found.map(|cycle| [cycle.in_phase, cycle.quadrature]).filter(|_| self.finder.count > LOOKBACK_PERIOD as u64)
    }

    fn lookback(&self) -> usize {
        LOOKBACK_PERIOD
    }
}

/// The cycle, and where in it a bar stands.
#[derive(Clone, Debug, PartialEq)]
struct Phase {
    finder: Finder,
    smoothed: Ring,
    degrees: f64,
}

remembers!(Phase { finder, smoothed, degrees });

impl Phase {
    fn new() -> Self {
        Phase { finder: Finder::new(WARM_PHASE), smoothed: Ring::new(LENGTH), degrees: 0.0 }
    }

    fn next(&mut self, value: f64) -> Option<Cycle> {
        let cycle = self.finder.next(value)?;
        self.smoothed.push(cycle.smoothed);
        let length = (cycle.period + 0.5) as usize;
        let (mut real, mut imaginary) = (0.0, 0.0);
        // Bars before the first that is looked at count as 0.
        for (index, smoothed) in self.smoothed.iter().rev().take(length).enumerate() {
            let angle = index as f64 * (EIGHTH * 8.0) / length as f64;
            real += libm::sin(angle) * smoothed;
            imaginary += libm::cos(angle) * smoothed;
        }
        if imaginary != 0.0 {
            self.degrees = libm::atan(real / imaginary) * DEGREES;
        } else if real < 0.0 {
            self.degrees -= 90.0;
        } else if real > 0.0 {
            self.degrees += 90.0;
        }
        self.degrees += 90.0;
        // The smoothing lags by one bar.
        self.degrees += 360.0 / cycle.period;
        if imaginary < 0.0 {
            self.degrees += 180.0;
        }
        if self.degrees > 315.0 {
            self.degrees -= 360.0;
        }
        Some(cycle)
    }

    fn is_ready(&self) -> bool {
        self.finder.count > LOOKBACK_PHASE as u64
    }

    /// The sine of the phase, and of an eighth of a turn later.
    fn sines(&self) -> [f64; 2] {
        [libm::sin(self.degrees * (1.0 / DEGREES)), libm::sin((self.degrees + 45.0) * (1.0 / DEGREES))]
    }
}

/// Where in its cycle the price stands, in degrees (HT_DCPHASE).
#[derive(Clone, Debug, PartialEq)]
pub struct HtDcPhase {
    phase: Phase,
}

remembers!(HtDcPhase { phase });

impl Default for HtDcPhase {
    fn default() -> Self {
        HtDcPhase { phase: Phase::new() }
    }
}

impl Indicator for HtDcPhase {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        self.phase.next(input)?;
        Some(self.phase.degrees).filter(|_| self.phase.is_ready())
    }

    fn lookback(&self) -> usize {
        LOOKBACK_PHASE
    }
}

/// The sine of the phase, and the sine an eighth of a turn later (HT_SINE).
#[derive(Clone, Debug, PartialEq)]
pub struct HtSine {
    phase: Phase,
}

remembers!(HtSine { phase });

impl Default for HtSine {
    fn default() -> Self {
        HtSine { phase: Phase::new() }
    }
}

impl Indicator for HtSine {
    type Input = f64;
    type Output = [f64; 2];

    fn next(&mut self, input: f64) -> Option<[f64; 2]> {
        self.phase.next(input)?;
        Some(self.phase.sines()).filter(|_| self.phase.is_ready())
    }

    fn lookback(&self) -> usize {
        LOOKBACK_PHASE
    }
}

/// The mean of the price over its cycle, smoothed.
#[derive(Clone, Debug, PartialEq)]
struct Trend {
    prices: Ring,
    /// Means of the three bars before, the newest first.
    means: [f64; 3],
}

remembers!(Trend { prices, means });

impl Trend {
    fn new() -> Self {
        Trend { prices: Ring::new(LENGTH), means: [0.0; 3] }
    }

    /// Takes in a price; gives the line where there is a cycle.
    fn next(&mut self, value: f64, cycle: Option<Cycle>) -> Option<f64> {
        self.prices.push(value);
        let length = (cycle?.period + 0.5) as usize;
        let total: f64 = self.prices.iter().rev().take(length).fold(0.0, |total, price| total + price);
        let mean = if length > 0 { total / length as f64 } else { total };
        let [first, second, third] = self.means;
        let line = (4.0 * mean + 3.0 * first + 2.0 * second + third) / 10.0;
        self.means = [mean, first, second];
        Some(line)
    }
}

/// The price without its cycle (HT_TRENDLINE).
#[derive(Clone, Debug, PartialEq)]
pub struct HtTrendline {
    finder: Finder,
    trend: Trend,
}

remembers!(HtTrendline { finder, trend });

impl Default for HtTrendline {
    fn default() -> Self {
        HtTrendline { finder: Finder::new(WARM_PHASE), trend: Trend::new() }
    }
}

impl Indicator for HtTrendline {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let cycle = self.finder.next(input);
        self.trend.next(input, cycle).filter(|_| self.finder.count > LOOKBACK_PHASE as u64)
    }

    fn lookback(&self) -> usize {
        LOOKBACK_PHASE
    }
}

/// 1 while the price follows a trend, 0 while it follows its cycle (HT_TRENDMODE).
#[derive(Clone, Debug, PartialEq)]
pub struct HtTrendMode {
    phase: Phase,
    trend: Trend,
    sines: [f64; 2],
    /// Bars since the sines crossed.
    bars: u64,
}

remembers!(HtTrendMode { phase, trend, sines, bars });

impl Default for HtTrendMode {
    fn default() -> Self {
        HtTrendMode { phase: Phase::new(), trend: Trend::new(), sines: [0.0; 2], bars: 0 }
    }
}

impl Indicator for HtTrendMode {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        let before = self.phase.degrees;
        let cycle = self.phase.next(input);
        let line = self.trend.next(input, cycle)?;
        let cycle = cycle?;
        let [sine_before, lead_before] = core::mem::replace(&mut self.sines, self.phase.sines());
        let [sine, lead] = self.sines;
        let mut trending = true;
        if (sine > lead && sine_before <= lead_before) || (sine < lead && sine_before >= lead_before) {
            (self.bars, trending) = (0, false);
        }
        self.bars = self.bars.saturating_add(1);
        if (self.bars as f64) < 0.5 * cycle.period {
            trending = false;
        }
        let moved = self.phase.degrees - before;
        if cycle.period != 0.0 && moved > 0.67 * 360.0 / cycle.period && moved < 1.5 * 360.0 / cycle.period {
            trending = false;
        }
        if line != 0.0 && ((cycle.smoothed - line) / line).abs() >= 0.015 {
            trending = true;
        }
        Some(f64::from(u8::from(trending))).filter(|_| self.phase.is_ready())
    }

    fn lookback(&self) -> usize {
        LOOKBACK_PHASE
    }
}
