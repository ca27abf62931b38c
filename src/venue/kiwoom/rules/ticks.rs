//! Price steps (호가가격단위) by price: [`ticks`].

use super::Board;
use crate::market::number::ONE;
use crate::market::{Price, TickTable};
use crate::venue::kiwoom::time::Date;

/// From this price on, this step; KRW.
type Rows = &'static [(i64, i64)];

/// Since 2023-01-25 for KOSPI, KOSDAQ and KONEX alike. Source: KRX by etoday.co.kr 2213548 and kr.investing.com 871878 (January 2023);
/// fact sheet 5.1.
const SHARES: Rows = &[(0, 1), (2_000, 5), (5_000, 10), (20_000, 50), (50_000, 100), (200_000, 500), (500_000, 1_000)];

/// KOSPI until 2023-01-24. Source: the same articles, which state the steps that were made smaller (1,000 to 2,000 was 5; 10,000 to
/// 20,000 was 50; 100,000 to 200,000 was 500) and those that stayed.
const KOSPI_BEFORE: Rows = &[(0, 1), (1_000, 5), (5_000, 10), (10_000, 50), (50_000, 100), (100_000, 500), (500_000, 1_000)];

/// KOSDAQ and KONEX until 2023-01-24: as KOSPI, but 100 from 50,000 on without end. Source: general knowledge; the articles say only
/// that the sections differed above 100,000.
const KOSDAQ_BEFORE: Rows = &[(0, 1), (1_000, 5), (5_000, 10), (10_000, 50), (50_000, 100)];

/// ETF and ETN since 2023-12-18: 1 below 2,000. Source: KRX's plan by mediapen.com 860330 (etoday.co.kr 2289674 writes 12-08), and fact
/// sheet 5.1 (December 2023).
const FUNDS: Rows = &[(0, 1), (2_000, 5)];

/// ETF and ETN before: 5 everywhere. Source: v.daum.net 20221101161150796.
const FUNDS_BEFORE: Rows = &[(0, 5)];

/// The reform of 2023.
const REFORM: Date = Date::of(2023, 1, 25);
/// Smaller steps for cheap funds.
const FUNDS_REFORM: Date = Date::of(2023, 12, 18);

/// The price steps of a section on a day. Days before the first table have it too: none older is known here (KOSPI's is of 2010).
///
/// Trades lie between ticks as well (mid-price orders): only orders are held to them.
pub fn ticks(board: Board, date: Date) -> TickTable {
    let rows = match board {
        Board::Fund if date >= FUNDS_REFORM => FUNDS,
        Board::Fund => FUNDS_BEFORE,
        _ if date >= REFORM => SHARES,
        Board::Kospi => KOSPI_BEFORE,
        Board::Kosdaq | Board::Konex => KOSDAQ_BEFORE,
    };
    let rows = rows.iter().map(|&(from, tick)| (Price::from_raw(from * ONE), Price::from_raw(tick * ONE))).collect();
    TickTable::new(rows).expect("the tables of this file rise from 0")
}

#[cfg(test)]
mod tests {
    use super::super::testing::krw;
    use super::*;

    #[track_caller]
    fn check(board: Board, date: Date, steps: &[(i64, i64)]) {
        let table = ticks(board, date);
        for &(price, tick) in steps {
            assert_eq!(table.tick_at(krw(price)), krw(tick), "{board:?} {date} at {price}");
        }
    }

    #[test]
    fn steps_at_every_edge() {
        let now =
            [(1, 1), (1_999, 1), (2_000, 5), (4_995, 5), (5_000, 10), (19_990, 10), (20_000, 50), (49_950, 50), (50_000, 100)];
        let above = [(199_900, 100), (200_000, 500), (499_500, 500), (500_000, 1_000), (9_000_000, 1_000)];
        for board in [Board::Kospi, Board::Kosdaq, Board::Konex] {
            check(board, REFORM, &now);
            check(board, Date::of(2026, 11, 20), &above);
        }
        let before = [
            (999, 1),
            (1_000, 5),
            (4_995, 5),
            (5_000, 10),
            (9_990, 10),
            (10_000, 50),
            (49_950, 50),
            (50_000, 100),
            (99_900, 100),
        ];
        for board in [Board::Kospi, Board::Kosdaq, Board::Konex] {
            check(board, REFORM.previous(), &before);
        }
        check(Board::Kospi, REFORM.previous(), &[(100_000, 500), (163_500, 500), (499_500, 500), (500_000, 1_000)]);
        check(Board::Kosdaq, REFORM.previous(), &[(100_000, 100), (500_000, 100)]);
    }

    #[test]
    fn funds_have_their_own() {
        check(Board::Fund, FUNDS_REFORM.previous(), &[(1_000, 5), (50_000, 5)]);
        check(Board::Fund, FUNDS_REFORM, &[(1_999, 1), (2_000, 5), (150_000, 5)]);
    }
}
