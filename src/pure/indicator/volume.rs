//! Prices with volumes: AD ADOSC OBV MFI.

use super::memory::{Ring, remembers};
use super::{Candle, Indicator, count};

/// Volume counted by where in its range a bar closes, added up (AD).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ad {
    total: f64,
}

remembers!(Ad { total });

impl Indicator for Ad {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let range = input.high - input.low;
        if range > 0.0 {
            self.total += (((input.close - input.low) - (input.high - input.close)) / range) * input.volume;
        }
        Some(self.total)
    }

    fn lookback(&self) -> usize {
        0
    }
}

/// A fast less a slow average of AD (ADOSC).
#[derive(Clone, Debug, PartialEq)]
pub struct AdOsc {
    periods: [usize; 2],
    ad: Ad,
    /// The averages, from the first bar on.
    averages: Option<[f64; 2]>,
    seen: u64,
}

remembers!(AdOsc { ad, averages, seen });

impl AdOsc {
    /// Of these periods; here the first may be the longer one.
    pub fn new(fast: usize, slow: usize) -> Self {
        AdOsc { periods: [fast, slow], ad: Ad::default(), averages: None, seen: 0 }
    }
}

impl Indicator for AdOsc {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let total = self.ad.next(input)?;
        let averages = match self.averages {
            None => [total; 2],
            Some(before) => core::array::from_fn(|index| {
                let weight = 2.0 / (count(self.periods[index]) + 1.0);
                (weight * total) + ((1.0 - weight) * before[index])
            }),
        };
        self.averages = Some(averages);
        self.seen = self.seen.saturating_add(1);
        (self.seen > self.lookback() as u64).then_some(averages[0] - averages[1])
    }

    fn lookback(&self) -> usize {
        self.periods[0].max(self.periods[1]).max(1) - 1
    }
}

/// Volume, added when the price rises and taken off when it falls (OBV).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Obv {
    before: Option<f64>,
    total: f64,
}

remembers!(Obv { before, total });

impl Indicator for Obv {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        match self.before.replace(input.close) {
            None => self.total = input.volume,
            Some(before) if input.close > before => self.total += input.volume,
            Some(before) if input.close < before => self.total -= input.volume,
            Some(_) => {}
        }
        Some(self.total)
    }

    fn lookback(&self) -> usize {
        0
    }
}

/// Money that went in against all money, 0 to 100 (MFI). 0 while less than 1 was traded.
#[derive(Clone, Debug, PartialEq)]
pub struct Mfi {
    before: Option<f64>,
    flows: [Ring; 2],
    sums: [f64; 2],
}

remembers!(Mfi { before, flows, sums });

impl Mfi {
    /// Over `period` steps.
    pub fn new(period: usize) -> Self {
        Mfi { before: None, flows: [Ring::new(period), Ring::new(period)], sums: [0.0; 2] }
    }
}

impl Indicator for Mfi {
    type Input = Candle;
    type Output = f64;

    fn next(&mut self, input: Candle) -> Option<f64> {
        let typical = (input.high + input.low + input.close) / 3.0;
        let step = typical - self.before.replace(typical)?;
        let money = typical * input.volume;
        let flows = if step < 0.0 {
            [0.0, money]
        } else if step > 0.0 {
            [money, 0.0]
        } else {
            [0.0; 2]
        };
        for ((ring, sum), flow) in self.flows.iter_mut().zip(&mut self.sums).zip(flows) {
            if let Some(forgotten) = ring.push(flow) {
                *sum -= forgotten;
            }
            *sum += flow;
        }
        if !self.flows[0].is_full() {
            return None;
        }
        let [came, went] = self.sums;
        let both = came + went;
        Some(if both < 1.0 { 0.0 } else { 100.0 * (came / both) })
    }

    fn lookback(&self) -> usize {
        self.flows[0].room()
    }
}
