//! A market that never was, for benches and demonstrations: [`SyntheticTrades`], seeded and the same everywhere.

use jangbu_journal::Nanos;

use super::history::{History, HistoryError, Moment};
use crate::event::{Event, MarketEvent};
use crate::market::{
    Currency, Fees, Instrument, InstrumentId, InstrumentKind, Money, Price, Qty, Rate, Rounding, Side, TickTable, Trade, Venue,
};

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntheticSettings {
    /// Another seed, another market.
    pub seed: u64,
    /// How many instruments take turns at random; at least 1.
    pub instruments: u32,
    /// How many trades in all.
    pub trades: u64,
    /// When the first is received.
    pub start: Nanos,
    /// The mean time between two, nanoseconds.
    pub step_ns: u32,
}

impl Default for SyntheticSettings {
    /// One instrument, a million trades, a thousand a second, from 2024-01-01.
    fn default() -> Self {
        SyntheticSettings {
            seed: 1,
            instruments: 1,
            trades: 1_000_000,
            start: Nanos::from_millis(1_704_067_200_000),
            step_ns: 1_000_000,
        }
    }
}

/// Instrument definitions, then trades: each price is a random walk in ticks with short trends, so that crossing averages do cross.
#[derive(Clone, Debug)]
pub struct SyntheticTrades {
    settings: SyntheticSettings,
    random: SplitMix64,
    now: Nanos,
    defined: u32,
    made: u64,
    walks: Vec<Walk>,
}

#[derive(Clone, Copy, Debug)]
struct Walk {
    ticks: i64,
    drift: i64,
}

/// A tick of 0.1, as BTCUSDT has.
const TICK: i64 = 10_000_000;
/// The walk starts at 50,000 and keeps between 5,000 and 500,000.
const START_TICKS: i64 = 500_000;
const LOW_TICKS: i64 = 50_000;
const HIGH_TICKS: i64 = 5_000_000;
/// A lot of 0.001.
const LOT: i128 = 100_000;

impl SyntheticTrades {
    /// From the first event on.
    pub fn new(settings: SyntheticSettings) -> Self {
        let count = settings.instruments.max(1);
        let walks = vec![Walk { ticks: START_TICKS, drift: 0 }; count as usize];
        let random = SplitMix64(settings.seed);
        SyntheticTrades { settings, random, now: settings.start, defined: 0, made: 0, walks }
    }

    /// The definition of one of its instruments: a perpetual with Binance's numbers.
    pub fn instrument(id: InstrumentId) -> Instrument {
        Instrument {
            id,
            venue: Venue::BinanceUsdM,
            symbol: format!("SYN{}USDT", id.0),
            name: String::new(),
            kind: InstrumentKind::Perpetual,
            base: code("SYN"),
            quote: code("USDT"),
            ticks: TickTable::flat(Price::from_raw(TICK)),
            lot: Qty::from_raw(LOT),
            qty_min: Qty::from_raw(LOT),
            qty_max: Qty::from_raw(LOT * 1_000_000),
            notional_min: Money::from_raw(500_000_000),
            fees: Fees {
                maker: Rate::from_raw(20_000),
                taker: Rate::from_raw(50_000),
                sell_tax: Rate::ZERO,
                fee_unit: Money::from_raw(1),
                tax_unit: Money::from_raw(1),
                rounding: Rounding::Ceiling,
            },
        }
    }

    fn trade(&mut self) -> Trade {
        let random = self.random.next();
        let count = self.walks.len() as u64;
        // Bits are used once each: 16 choose the instrument, 8 the step, 8 a new drift, 10 the quantity.
        let index = ((random & 0xffff) * count) >> 16;
        let walk = &mut self.walks[index as usize];
        let step = ((random >> 16) & 0xff) as i64;
        if (random >> 24) & 0xff == 0 {
            walk.drift = ((random >> 32) & 0x3) as i64 - 1;
        }
        let moved = walk.drift + step % 7 - 3;
        walk.ticks = (walk.ticks + moved).clamp(LOW_TICKS, HIGH_TICKS);
        let lots = i128::from((random >> 40) & 0x3ff) + 1;
        self.made += 1;
        Trade {
            instrument: InstrumentId(index as u32),
            taker: if moved >= 0 { Side::Buy } else { Side::Sell },
            price: Price::from_raw(walk.ticks * TICK),
            qty: Qty::from_raw(lots * LOT),
            id: self.made,
        }
    }
}

impl History for SyntheticTrades {
    #[inline]
    fn next(&mut self) -> Result<Option<Moment>, HistoryError> {
        if (self.defined as usize) < self.walks.len() {
            let id = InstrumentId(self.defined);
            self.defined += 1;
            let instrument = Box::new(Self::instrument(id));
            return Ok(Some((self.now, None, Event::Market(MarketEvent::Instrument(instrument)))));
        }
        if self.made == self.settings.trades {
            return Ok(None);
        }
        let trade = self.trade();
        // 0 to twice the mean, from bits the trade did not use.
        let spread = u64::from(self.settings.step_ns) * 2 + 1;
        let step = ((self.random.next() >> 32) * spread) >> 32;
        self.now = self.now.plus(i64::try_from(step).unwrap_or(i64::MAX));
        // The venue's clock is in milliseconds.
        let venue = Nanos::from_millis(self.now.get().div_euclid(1_000_000));
        Ok(Some((self.now, Some(venue), Event::Market(MarketEvent::Trade(trade)))))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): one multiply-xor chain over a counter, good enough for a market that never was.
#[derive(Clone, Copy, Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn code(text: &str) -> Currency {
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_market() {
        let settings = SyntheticSettings { instruments: 3, trades: 1000, ..SyntheticSettings::default() };
        let all = |settings| {
            let mut made = SyntheticTrades::new(settings);
            let mut moments = Vec::new();
            while let Ok(Some(moment)) = made.next() {
                moments.push(moment);
            }
            moments
        };
        let first = all(settings);
        assert_eq!(first.len(), 1003);
        assert_eq!(first, all(settings));
        assert_ne!(first, all(SyntheticSettings { seed: 2, ..settings }));
        assert!(first.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }
}
