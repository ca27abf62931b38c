//! An average of any kind: [`Average`], by TA-Lib's numbers of kinds.

use jangbu_journal::{DecodeError, Decoder, Encoder};

use super::memory::{Remember, remembers};
use super::{Dema, Ema, Indicator, Kama, Sma, T3, Tema, Trima, Wma};

/// Kinds of averages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AverageKind {
    /// SMA, 0.
    #[default]
    Simple,
    /// EMA, 1.
    Exponential,
    /// WMA, 2.
    Weighted,
    /// DEMA, 3.
    Double,
    /// TEMA, 4.
    Triple,
    /// TRIMA, 5.
    Triangular,
    /// KAMA, 6.
    Kaufman,
    /// T3, 8. There is no 7, which is TA-Lib's MAMA.
    Tillson,
}

impl AverageKind {
    /// The kind with TA-Lib's number.
    pub fn of(number: f64) -> Option<Self> {
        use AverageKind::{Double, Exponential, Kaufman, Simple, Tillson, Triangular, Triple, Weighted};
        let kinds = [
            (0.0, Simple),
            (1.0, Exponential),
            (2.0, Weighted),
            (3.0, Double),
            (4.0, Triple),
            (5.0, Triangular),
            (6.0, Kaufman),
            (8.0, Tillson),
        ];
        kinds.into_iter().find(|(known, _)| *known == number).map(|(_, kind)| kind)
    }
}

/// An average.
#[derive(Clone, Debug, PartialEq)]
pub enum Average {
    /// Over one value: the value.
    Copy,
    /// Of this kind.
    Simple(Sma),
    /// Of this kind.
    Exponential(Ema),
    /// Of this kind.
    Weighted(Wma),
    /// Of this kind.
    Double(Dema),
    /// Of this kind.
    Triple(Tema),
    /// Of this kind.
    Triangular(Trima),
    /// Of this kind.
    Kaufman(Kama),
    /// Of this kind, with the factor 0.7.
    Tillson(T3),
}

impl Average {
    /// Over `period` values.
    pub fn new(kind: AverageKind, period: usize) -> Self {
        if period <= 1 {
            return Average::Copy;
        }
        match kind {
            AverageKind::Simple => Average::Simple(Sma::new(period)),
            AverageKind::Exponential => Average::Exponential(Ema::new(period)),
            AverageKind::Weighted => Average::Weighted(Wma::new(period)),
            AverageKind::Double => Average::Double(Dema::new(period)),
            AverageKind::Triple => Average::Triple(Tema::new(period)),
            AverageKind::Triangular => Average::Triangular(Trima::new(period)),
            AverageKind::Kaufman => Average::Kaufman(Kama::new(period)),
            AverageKind::Tillson => Average::Tillson(T3::new(period, 0.7)),
        }
    }
}

/// The same done to whichever average it is.
macro_rules! with_average {
    ($self:expr, $average:ident => $do:expr, $otherwise:expr) => {
        match $self {
            Average::Copy => $otherwise,
            Average::Simple($average) => $do,
            Average::Exponential($average) => $do,
            Average::Weighted($average) => $do,
            Average::Double($average) => $do,
            Average::Triple($average) => $do,
            Average::Triangular($average) => $do,
            Average::Kaufman($average) => $do,
            Average::Tillson($average) => $do,
        }
    };
}

impl Indicator for Average {
    type Input = f64;
    type Output = f64;

    fn next(&mut self, input: f64) -> Option<f64> {
        with_average!(self, average => average.next(input), Some(input))
    }

    fn lookback(&self) -> usize {
        with_average!(self, average => average.lookback(), 0)
    }
}

impl Remember for Average {
    fn save(&self, out: &mut Encoder<'_>) {
        with_average!(self, average => average.save(out), ());
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        with_average!(self, average => average.load(input), Ok(()))
    }
}

/// An indicator that begins some bars late.
#[derive(Clone, Debug, PartialEq)]
pub struct Late<I> {
    skipped: u64,
    by: u64,
    inner: I,
}

impl<I: Indicator> Late<I> {
    /// Late by so many bars.
    pub fn by(bars: usize, inner: I) -> Self {
        Late { skipped: 0, by: bars as u64, inner }
    }

    /// Late enough to have its first value with one that looks back `lookback` bars.
    pub fn with(lookback: usize, inner: I) -> Self {
        Late::by(lookback.saturating_sub(inner.lookback()), inner)
    }
}

remembers!(Late<Sma> { skipped, inner });
remembers!(Late<super::Sum> { skipped, inner });
remembers!(Late<Ema> { skipped, inner });
remembers!(Late<Average> { skipped, inner });
remembers!(Late<super::Variance> { skipped, inner });

impl<I> Indicator for Late<I>
where
    I: Indicator,
    Late<I>: Remember,
{
    type Input = I::Input;
    type Output = I::Output;

    fn next(&mut self, input: I::Input) -> Option<I::Output> {
        if self.skipped < self.by {
            self.skipped += 1;
            return None;
        }
        self.inner.next(input)
    }

    fn lookback(&self) -> usize {
        self.by as usize + self.inner.lookback()
    }
}
