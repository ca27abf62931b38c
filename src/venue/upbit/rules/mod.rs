//! The rules of Upbit's markets as tables with their dates: price steps, smallest orders, fees. Pure functions; each table names
//! its source.

pub mod ticks;
pub mod costs;

/// What a market is paid with: the rules depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quote {
    /// Korean won.
    Krw,
    /// Bitcoin.
    Btc,
    /// USDT.
    Usdt,
}

impl Quote {
    /// Every one.
    pub const ALL: [Quote; 3] = [Quote::Krw, Quote::Btc, Quote::Usdt];

    /// From the first part of a market code.
    pub fn of(code: &str) -> Option<Quote> {
        match code {
            "KRW" => Some(Quote::Krw),
            "BTC" => Some(Quote::Btc),
            "USDT" => Some(Quote::Usdt),
            _ => None,
        }
    }
}
