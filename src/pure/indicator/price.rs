//! One price for a bar: AVGPRICE MEDPRICE TYPPRICE WCLPRICE.

use super::memory::remembers;
use super::{Candle, Indicator};

/// Which prices of a bar are averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceKind {
    /// All four: AVGPRICE.
    Average,
    /// High and low: MEDPRICE.
    Median,
    /// High, low, close: TYPPRICE.
    Typical,
    /// High, low, and the close twice: WCLPRICE.
    WeightedClose,
}

/// One price for a bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    kind: PriceKind,
}

remembers!(Price {});

impl Price {
    /// Of this kind.
    pub fn new(kind: PriceKind) -> Self {
        Price { kind }
    }
}

impl Indicator for Price {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let Candle { open, high, low, close, .. } = input;
        Some(match self.kind {
            PriceKind::Average => (high + low + close + open) / 4.0,
            PriceKind::Median => (high + low) / 2.0,
            PriceKind::Typical => (high + low + close) / 3.0,
            PriceKind::WeightedClose => (high + low + (close * 2.0)) / 4.0,
        })
    }

    fn lookback(&self) -> usize {
        0
    }
}
