//! What can be traded: [`Instrument`], its venue, tick table and fees. All of it is data that came in an event.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::number::{Money, Price, Qty, Rate, Rounding};

/// A venue, as the journal writes it. A number is never given to another venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Venue {
    /// Kiwoom Securities: KRX and NXT stocks.
    Kiwoom = 1,
    /// Upbit spot.
    Upbit = 2,
    /// Binance spot.
    BinanceSpot = 3,
    /// Binance USDⓈ-M futures.
    BinanceUsdM = 4,
}

impl Venue {
    /// Every venue.
    pub const ALL: [Venue; 4] = [Venue::Kiwoom, Venue::Upbit, Venue::BinanceSpot, Venue::BinanceUsdM];

    /// Its name in settings, the text form of events and the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Venue::Kiwoom => "kiwoom",
            Venue::Upbit => "upbit",
            Venue::BinanceSpot => "binance-spot",
            Venue::BinanceUsdM => "binance-usdm",
        }
    }
}

impl fmt::Display for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Venue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Venue::ALL
            .into_iter()
            .find(|venue| venue.name() == text)
            .ok_or_else(|| alloc::format!("`{text}` is not a venue (kiwoom, upbit, binance-spot, binance-usdm)"))
    }
}

/// How many instruments there may be: an id from here on is taken for damage, so that one event cannot make dense tables allocate
/// without bound. All of KRX, Upbit and Binance together are under 8,000.
pub const INSTRUMENTS_MAX: u32 = 65_536;

/// Number of an instrument within a journal: dense from 0, given by the event that defines it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// As an index into a dense table.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A currency or asset code of up to 15 bytes: `KRW`, `USDT`, `BTC`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 16]);

impl Currency {
    /// The code.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|&byte| byte == 0).unwrap_or(self.0.len());
        core::str::from_utf8(&self.0[..length]).unwrap_or("")
    }
}

impl FromStr for Currency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = text.as_bytes();
        if bytes.is_empty() || bytes.len() > 15 || bytes.contains(&0) {
            return Err(alloc::format!("`{text}` is not a currency code (expected 1 to 15 bytes, like USDT)"));
        }
        let mut code = [0; 16];
        code[..bytes.len()].copy_from_slice(bytes);
        Ok(Currency(code))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What kind of thing an instrument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstrumentKind {
    /// A coin against a currency; bought with cash, sold from holdings.
    Spot,
    /// A perpetual future settled in the quote currency; long and short.
    Perpetual,
    /// A listed share.
    Stock,
    /// An index; not tradable.
    Index,
    /// An exchange rate; not tradable.
    Fx,
}

impl InstrumentKind {
    /// Whether a position below 0 is possible.
    pub const fn can_short(self) -> bool {
        matches!(self, InstrumentKind::Perpetual)
    }

    /// Whether orders can be placed at all.
    pub const fn is_tradable(self) -> bool {
        !matches!(self, InstrumentKind::Index | InstrumentKind::Fx)
    }
}

/// Smallest price steps by price: from each bound on, its tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickTable(Vec<(Price, Price)>);

impl TickTable {
    /// One tick at every price.
    pub fn flat(tick: Price) -> Self {
        TickTable(alloc::vec![(Price::ZERO, tick)])
    }

    /// From `(lower bound, tick)` rows.
    ///
    /// # Errors
    /// When there is no row, the first does not start at 0, bounds do not rise, or a tick is not positive.
    pub fn new(rows: Vec<(Price, Price)>) -> Result<Self, String> {
        let rising = rows.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let from_zero = rows.first().is_some_and(|row| row.0 == Price::ZERO);
        if !rising || !from_zero || rows.iter().any(|row| !row.1.is_positive()) {
            return Err("a tick table starts at price 0, its bounds rise and its ticks are positive".into());
        }
        Ok(TickTable(rows))
    }

    /// The tick at `price`; 0 when there is none (a table read from bytes is not checked), which puts every price on the grid.
    pub fn tick_at(&self, price: Price) -> Price {
        let count = self.0.partition_point(|row| row.0 <= price);
        // A table from outside may have been given no row: then no step is known.
        self.0.get(count.saturating_sub(1)).map_or(Price::ZERO, |row| row.1)
    }

    /// The prices at which the tick changes.
    pub fn bounds(&self) -> impl Iterator<Item = Price> + '_ {
        self.0.iter().skip(1).map(|row| row.0)
    }

    /// `price` moved to the grid: down for `Floor`, up for `Ceiling`. `None` when it overflows.
    pub fn align(&self, price: Price, rounding: Rounding) -> Option<Price> {
        let tick = i128::from(self.tick_at(price).raw());
        let steps = super::number::divide(i128::from(price.raw()), tick, rounding)?;
        i64::try_from(steps.checked_mul(tick)?).ok().map(Price::from_raw)
    }

    /// Whether `price` lies on the grid.
    pub fn is_aligned(&self, price: Price) -> bool {
        price.raw().checked_rem(self.tick_at(price).raw()).is_none_or(|rest| rest == 0)
    }
}

/// What trading costs: rates of the notional, and how amounts are rounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fees {
    /// For an order that rested in the book.
    pub maker: Rate,
    /// For an order that took from it.
    pub taker: Rate,
    /// Tax on a sale.
    pub sell_tax: Rate,
    /// Fees are rounded to a multiple of this.
    pub fee_unit: Money,
    /// Taxes are rounded to a multiple of this.
    pub tax_unit: Money,
    /// How both are rounded.
    pub rounding: Rounding,
}

/// A tradable (or watchable) thing at a venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Its number in this journal.
    pub id: InstrumentId,
    /// Where it trades.
    pub venue: Venue,
    /// The venue's own code: `BTCUSDT`, `KRW-BTC`, `005930`.
    pub symbol: String,
    /// A name for people, where the venue has one.
    pub name: String,
    /// What it is.
    pub kind: InstrumentKind,
    /// What is bought and sold.
    pub base: Currency,
    /// What it is paid with; profits, fees and taxes are in it.
    pub quote: Currency,
    /// Price steps.
    pub ticks: TickTable,
    /// Quantities are multiples of this.
    pub lot: Qty,
    /// The smallest order.
    pub qty_min: Qty,
    /// The largest order.
    pub qty_max: Qty,
    /// The smallest order by value.
    pub notional_min: Money,
    /// What trading costs.
    pub fees: Fees,
}
