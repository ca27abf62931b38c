//! Any indicator of the table, fed with bars: [`Any`].

use jangbu_journal::{DecodeError, Decoder, Encoder};

use super::memory::Remember;
use super::{Candle, Indicator};

/// The most lines an indicator has.
pub const LINES_MAX: usize = 3;

/// What an indicator takes of a bar.
trait Taken {
    fn of(bar: &Candle) -> Self;
}

impl Taken for f64 {
    fn of(bar: &Candle) -> f64 {
        bar.close
    }
}

impl Taken for Candle {
    fn of(bar: &Candle) -> Candle {
        *bar
    }
}

/// Two series are the highs and the lows.
impl Taken for [f64; 2] {
    fn of(bar: &Candle) -> [f64; 2] {
        [bar.high, bar.low]
    }
}

/// Values as lines; those that are not there are 0.
trait Lines {
    fn lines(self) -> [f64; LINES_MAX];
}

impl Lines for f64 {
    fn lines(self) -> [f64; LINES_MAX] {
        [self, 0.0, 0.0]
    }
}

impl Lines for [f64; 2] {
    fn lines(self) -> [f64; LINES_MAX] {
        [self[0], self[1], 0.0]
    }
}

impl Lines for [f64; 3] {
    fn lines(self) -> [f64; LINES_MAX] {
        self
    }
}

macro_rules! any {
    ($($name:ident),* $(,)?) => {
        /// Any indicator.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Any {
            $(#[doc = concat!("[`", stringify!($name), "`](super::", stringify!($name), ").")] $name(super::$name),)*
        }

        $(impl From<super::$name> for Any {
            fn from(indicator: super::$name) -> Self {
                Any::$name(indicator)
            }
        })*

        impl Any {
            /// Takes in the next bar: the lines, or `None` for the first [`Any::lookback`] bars.
            pub fn next(&mut self, bar: &Candle) -> Option<[f64; LINES_MAX]> {
                match self {
                    $(Any::$name(indicator) => indicator.next(Taken::of(bar)).map(Lines::lines),)*
                }
            }

            /// How many bars have no value.
            pub fn lookback(&self) -> usize {
                match self {
                    $(Any::$name(indicator) => indicator.lookback(),)*
                }
            }
        }

        impl Remember for Any {
            fn save(&self, out: &mut Encoder<'_>) {
                match self {
                    $(Any::$name(indicator) => indicator.save(out),)*
                }
            }

            fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
                match self {
                    $(Any::$name(indicator) => indicator.load(input),)*
                }
            }
        }
    };
}

any!(
    Ad,
    AdOsc,
    Adx,
    Adxr,
    Aroon,
    AroonOsc,
    Atr,
    Average,
    Bbands,
    Beta,
    Bop,
    Cci,
    Cmo,
    Correl,
    Dema,
    DirectionalIndex,
    DirectionalIndicator,
    DirectionalMovement,
    Ema,
    HtDcPeriod,
    HtDcPhase,
    HtPhasor,
    HtSine,
    HtTrendMode,
    HtTrendline,
    Kama,
    LinearReg,
    Macd,
    MacdExt,
    Maximum,
    Mfi,
    MidPoint,
    MidPrice,
    Minimum,
    Momentum,
    Natr,
    Obv,
    Oscillator,
    Price,
    Rsi,
    Sar,
    SarExt,
    Sma,
    StdDev,
    Stoch,
    StochF,
    StochRsi,
    Sum,
    T3,
    Tema,
    Trima,
    Trix,
    TrueRange,
    UltOsc,
    Variance,
    WillR,
    Wma
);
