//! Indicators on bars, as TA-Lib defines them: one value a bar, each step from the step before.
//!
//! ```text
//! Candle, or a series' value ─ next ─► None while warming up, then Some(value) on every bar
//! ```
//!
//! The arithmetic is done in TA-Lib's order (that of 0.6.4 and before), so that values are equal to its bit for bit; where they are
//! not, the indicator says so. The warm-up is TA-Lib's as well: `lookback` bars without a value, an unstable period of 0, and MACD's
//! faster average begins later, so that both have their first value on the same bar. Values are those of TA-Lib's functions over the
//! whole series; its `stream` functions forget all but the last `lookback` bars, so that their EMA is a mean and their OBV a volume.
//! A step costs the same however long the period is; LINEARREG, CCI and the phase of a cycle (of 50 bars at most) alone look at every bar of it, as their definition says.
//!
//! What an indicator remembers is saved bit for bit: its sums have a history in their low bits, and that history is state.
//!
//! ```
//! # extern crate jangbu_pure as jangbu;
//! use jangbu::indicator::{Indicator, Rsi};
//!
//! let mut rsi = Rsi::new(2);
//! let seen: Vec<Option<f64>> = [10.0, 11.0, 10.5, 11.5].into_iter().map(|price| rsi.next(price)).collect();
//! assert_eq!(seen, [None, None, Some(66.66666666666666), Some(85.71428571428571)]);
//! ```

mod memory;
mod averages;
mod average;
mod momentum;
mod macd;
mod extremes;
mod stochastic;
mod volatility;
mod directional;
mod volume;
mod parabolic;
mod oscillators;
mod statistics;
mod price;
mod cycle;
mod any;
mod table;
mod studies;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors_tests;

pub use any::{Any, LINES_MAX};
pub use average::{Average, AverageKind, Late};
pub use averages::{Dema, Ema, Kama, Sma, T3, Tema, Trima, Wma};
pub use cycle::{HtDcPeriod, HtDcPhase, HtPhasor, HtSine, HtTrendMode, HtTrendline};
pub use directional::{Adx, Adxr, Direction, DirectionalIndex, DirectionalIndicator, DirectionalMovement};
pub use extremes::{Aroon, AroonOsc, Maximum, MidPoint, MidPrice, Minimum, Sum};
pub use macd::{Macd, MacdExt};
pub use memory::Remember;
pub use momentum::{Change, Cmo, Difference, Momentum, Oscillator, Rsi, Trix};
pub use oscillators::{Bop, Cci, UltOsc};
pub use parabolic::{Acceleration, Sar, SarExt};
pub use price::{Price, PriceKind};
pub use statistics::{Bbands, Beta, Correl, Line, LinearReg, StdDev, Variance};
pub use stochastic::{Stoch, StochF, StochRsi, WillR};
pub use studies::STUDIES;
pub use table::{PARAMETERS_MAX, PERIOD_MAX, Parameter, Study, study};
pub use volatility::{Atr, Natr, TrueRange};
pub use volume::{Ad, AdOsc, Mfi, Obv};

/// A bar.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Candle {
    /// The first price.
    pub open: f64,
    /// The highest price.
    pub high: f64,
    /// The lowest price.
    pub low: f64,
    /// The last price.
    pub close: f64,
    /// What was traded.
    pub volume: f64,
}

/// Makes one value of each bar and those before it.
pub trait Indicator: Remember {
    /// A price of a series, or a [`Candle`].
    type Input: Copy;
    /// A value, or several lines of them.
    type Output: Copy;

    /// Takes in the next bar. `None` for the first `lookback` bars, and never again.
    fn next(&mut self, input: Self::Input) -> Option<Self::Output>;

    /// How many bars have no value.
    fn lookback(&self) -> usize;
}

/// Below this TA-Lib takes a number for zero.
const EPSILON: f64 = 1e-14;

#[inline]
fn is_zero(value: f64) -> bool {
    -EPSILON < value && value < EPSILON
}

#[inline]
fn is_zero_or_less(value: f64) -> bool {
    value < EPSILON
}

/// A period as a number: periods are far below 2^53.
#[inline]
fn count(period: usize) -> f64 {
    period as f64
}
