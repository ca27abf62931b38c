//! What trading costs: the broker's fee ([`fee_rate`]), the tax on sales ([`sell_tax`]), and both as the kernel counts them ([`fees`]).

use super::Board;
use crate::market::number::ONE;
use crate::market::{Fees, Money, Rate, Rounding};
use crate::venue::kiwoom::time::Date;
use crate::venue::kiwoom::wire::symbol::Exchange;

/// Hundred-thousandths: 15 is 0.015 %.
const fn rate(hundred_thousandths: i64) -> Rate {
    Rate::from_raw(hundred_thousandths * (ONE / 100_000))
}

/// The fee of a side, as a share of the value. KRX 0.015 % (official sample of kt00018), the mock environment 0.35 % (a recorded order of
/// 258,000 cost 900 there). Source: fact sheet 5.8.
pub const fn fee_rate(exchange: Exchange, mock: bool) -> Rate {
    match (exchange, mock) {
        (_, true) => rate(350),
        // 0.0145 % is general knowledge. Of an order that may go to either, the dearer one is counted.
        (Exchange::Nxt, false) => Rate::from_raw(14_500),
        (Exchange::Krx | Exchange::Sor, false) => rate(15),
    }
}

/// First day of trading; hundred-thousandths on KOSPI and KOSDAQ alike (securities transaction tax, on KOSPI with the special tax for
/// rural development), and on KONEX.
///
/// A rate follows the day of settlement, two trading days later: a year's rate begins with the trades of the second last trading day of
/// the year before. Settled from 2023-01-01, 2024-01-01, 2025-01-01, 2026-01-01: fact sheet 5.8 (2025's first day, 2024-12-27, is
/// published; the others are counted likewise). Before: general knowledge.
const SELL_TAX: &[(Date, i64, i64)] = &[
    (Date::of(2019, 5, 30), 250, 100),
    (Date::of(2020, 12, 29), 230, 100),
    (Date::of(2022, 12, 28), 200, 100),
    (Date::of(2023, 12, 27), 180, 100),
    (Date::of(2024, 12, 27), 150, 100),
    (Date::of(2025, 12, 29), 200, 100),
];

/// The tax on a sale of this day, as a share of its value. Funds have none. `None` before the table begins.
pub fn sell_tax(board: Board, traded: Date) -> Option<Rate> {
    let row = SELL_TAX.iter().rfind(|row| row.0 <= traded)?;
    Some(match board {
        Board::Kospi | Board::Kosdaq => rate(row.1),
        Board::Konex => rate(row.2),
        Board::Fund => Rate::ZERO,
    })
}

/// Fee and tax as the kernel counts them: fees are cut to 10 KRW, taxes to 1 KRW. `None` before the table of taxes begins.
pub fn fees(board: Board, exchange: Exchange, mock: bool, traded: Date) -> Option<Fees> {
    let fee = fee_rate(exchange, mock);
    let krw = i128::from(ONE);
    Some(Fees {
        maker: fee,
        taker: fee,
        sell_tax: sell_tax(board, traded)?,
        fee_unit: Money::from_raw(10 * krw),
        tax_unit: Money::from_raw(krw),
        rounding: Rounding::Floor,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_years_tax_begins_with_the_trades_that_settle_in_it() {
        let tax = |board, year, month, day| sell_tax(board, Date::of(year, month, day)).map(|rate| rate.to_string());
        for (first, before, since) in [
            ((2022, 12, 28), "0.0023", "0.002"),
            ((2023, 12, 27), "0.002", "0.0018"),
            ((2024, 12, 27), "0.0018", "0.0015"),
            ((2025, 12, 29), "0.0015", "0.002"),
        ] {
            let day = Date::of(first.0, first.1, first.2);
            for board in [Board::Kospi, Board::Kosdaq] {
                assert_eq!(sell_tax(board, day.previous()).map(|rate| rate.to_string()), Some(before.into()), "{day}");
                assert_eq!(sell_tax(board, day).map(|rate| rate.to_string()), Some(since.into()), "{day}");
            }
        }
        assert_eq!((tax(Board::Konex, 2026, 11, 20), tax(Board::Fund, 2026, 11, 20)), (Some("0.001".into()), Some("0".into())));
        assert_eq!(tax(Board::Kospi, 2019, 5, 29), None);
    }

    #[test]
    fn costs_of_the_samples() {
        let krw = |amount: i64| Money::from_raw(i128::from(amount) * i128::from(ONE));
        let day = Date::of(2026, 11, 20);
        let cost = |amount: i64, exchange, mock| {
            let fees = fees(Board::Kospi, exchange, mock, day)?;
            let fee = krw(amount).share(fees.taker, fees.rounding)?.round_to(fees.fee_unit, fees.rounding)?;
            let tax = krw(amount).share(fees.sell_tax, fees.rounding)?.round_to(fees.tax_unit, fees.rounding)?;
            Some((fee.to_string(), tax.to_string()))
        };
        assert_eq!(cost(750_000, Exchange::Krx, false), Some(("110".into(), "1500".into())));
        assert_eq!(cost(258_000, Exchange::Krx, true), Some(("900".into(), "516".into())));
        assert_eq!(fee_rate(Exchange::Nxt, false).to_string(), "0.000145");
        assert_eq!(fees(Board::Kospi, Exchange::Krx, false, Date::of(2010, 1, 4)), None);
    }
}
