//! Price steps (호가 단위) by price and day: [`ticks`], and by what the venue says today: [`ticks_by`].

use super::Quote;
use crate::market::{Price, TickTable};
use crate::venue::korea::Date;

/// From this price on, this step; in units of 1e-8.
type Rows = &'static [(i64, i64)];

/// One won.
const WON: i64 = crate::market::number::ONE;

/// KRW since 2025-07-31. Source: docs.upbit.com from 10 won up; below, three independent projects that cite the same notice
/// (fact sheet
/// U6).
const KRW_2025: Rows = &[
    (0, 1),
    (1_000, 10),
    (10_000, 100),
    (100_000, 1_000),
    (WON / 100, 10_000),
    (WON / 10, 100_000),
    (WON, WON / 100),
    (10 * WON, WON / 10),
    (100 * WON, WON),
    (1_000 * WON, WON),
    (5_000 * WON, 5 * WON),
    (10_000 * WON, 10 * WON),
    (50_000 * WON, 50 * WON),
    (100_000 * WON, 100 * WON),
    (500_000 * WON, 500 * WON),
    (1_000_000 * WON, 1_000 * WON),
];

/// KRW from 2024-01-29 to 2025-07-30. Source: fact sheet U6; below 10 won each decade one digit finer, which the sheet writes as
/// "…".
const KRW_2024: Rows = &[
    (0, 1),
    (10_000, 10),
    (100_000, 100),
    (WON / 100, 1_000),
    (WON / 10, 10_000),
    (WON, 100_000),
    (10 * WON, WON / 100),
    (100 * WON, WON / 10),
    (1_000 * WON, WON),
    (10_000 * WON, 10 * WON),
    (100_000 * WON, 50 * WON),
    (500_000 * WON, 100 * WON),
    (1_000_000 * WON, 500 * WON),
    (2_000_000 * WON, 1_000 * WON),
];

/// KRW before 2024-01-29. Source: fact sheet U6; below 1 won each decade one digit finer is general knowledge. The tape of 2021
/// lies on it.
const KRW_BEFORE: Rows = &[
    (0, 10_000),
    (WON / 10, 100_000),
    (WON, WON / 100),
    (10 * WON, WON / 10),
    (100 * WON, WON),
    (1_000 * WON, 5 * WON),
    (10_000 * WON, 10 * WON),
    (100_000 * WON, 50 * WON),
    (500_000 * WON, 100 * WON),
    (1_000_000 * WON, 500 * WON),
    (2_000_000 * WON, 1_000 * WON),
];

/// BTC markets: the finest there is. Source: fact sheet U6.
const BTC: Rows = &[(0, 1)];

/// USDT markets: 0.01 from 10 up, each decade below one digit finer. Source: fact sheet U6.
const USDT: Rows =
    &[(0, 1), (10_000, 10), (100_000, 100), (WON / 100, 1_000), (WON / 10, 10_000), (WON, 100_000), (10 * WON, WON / 100)];

/// First day of each table of won markets, newest first. The hour of a change is not known here: it counts for the whole day in
/// Korea.
const KRW: [(Date, Rows); 2] = [(Date::of(2025, 7, 31), KRW_2025), (Date::of(2024, 1, 29), KRW_2024)];

/// USDT and USDC for won step by 0.5 from 1,000 to 10,000 since this day. Whether also after 2025-07-31 is not certain (fact
/// sheet U6), so
/// [`ticks_by`] believes the venue.
const STABLE_SINCE: Date = Date::of(2025, 3, 21);

/// The price steps of a market on a day. `base` is the coin: two of them have steps of their own.
///
/// Trades lie on them, books too; a grouped book (`level`) does not.
pub fn ticks(quote: Quote, base: &str, date: Date) -> TickTable {
    table(&rows(quote, base, date))
}

/// The price steps by what the venue says of today (`/v1/orderbook/instruments`, the authority): the table in force on `date`,
/// or the one
/// before that agrees with `said` at `price`. Where none does, the newest with the step of that price replaced; the second value
/// is then
/// false, and a person should look.
pub fn ticks_by(quote: Quote, base: &str, date: Date, price: Price, said: Price) -> (TickTable, bool) {
    let days = [date].into_iter().chain(KRW.iter().map(|row| row.0)).chain([STABLE_SINCE.previous(), KRW[1].0.previous()]);
    for day in days {
        for base in [base, ""] {
            let candidate = ticks(quote, base, day.min(date));
            if candidate.tick_at(price) == said {
                return (candidate, true);
            }
        }
    }
    let mut rows = rows(quote, base, date);
    let at = rows.partition_point(|row| row.0 <= price.raw()).saturating_sub(1);
    if let Some(row) = rows.get_mut(at).filter(|_| said.is_positive()) {
        row.1 = said.raw();
    }
    (table(&rows), false)
}

fn rows(quote: Quote, base: &str, date: Date) -> Vec<(i64, i64)> {
    let rows = match quote {
        Quote::Btc => BTC,
        Quote::Usdt => USDT,
        Quote::Krw => KRW.iter().find(|row| row.0 <= date).map_or(KRW_BEFORE, |row| row.1),
    };
    let mut rows = rows.to_vec();
    if quote == Quote::Krw && matches!(base, "USDT" | "USDC") && date >= STABLE_SINCE {
        let (from, to) = (1_000 * WON, 10_000 * WON);
        rows.retain(|row| row.0 < from || row.0 >= to);
        rows.push((from, WON / 2));
        rows.sort_unstable();
    }
    rows
}

fn table(rows: &[(i64, i64)]) -> TickTable {
    let rows = rows.iter().map(|&(from, tick)| (Price::from_raw(from), Price::from_raw(tick))).collect();
    TickTable::new(rows).expect("the tables of this file rise from 0")
}

#[cfg(test)]
#[path = "ticks_tests.rs"]
mod tests;
