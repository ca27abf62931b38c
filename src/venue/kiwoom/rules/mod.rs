//! The rules of the Korean stock market, as tables with their dates: ticks, limits, sessions, interruptions, costs. Pure functions of a
//! day; each table names its source.

pub mod ticks;
pub mod limits;
pub mod interruptions;
pub mod sessions;
pub mod costs;

/// What a rule depends on: the section a security is listed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Board {
    /// KOSPI (유가증권시장).
    Kospi,
    /// KOSDAQ (코스닥시장).
    Kosdaq,
    /// KONEX (코넥스시장).
    Konex,
    /// Exchange-traded funds and notes (ETF, ETN), on KOSPI.
    Fund,
}

impl Board {
    /// Every section.
    pub const ALL: [Board; 4] = [Board::Kospi, Board::Kosdaq, Board::Konex, Board::Fund];
}

#[cfg(test)]
mod testing {
    //! Short ways to say numbers of a table.

    use crate::market::Price;
    use crate::market::number::ONE;

    pub fn krw(amount: i64) -> Price {
        Price::from_raw(amount * ONE)
    }
}
