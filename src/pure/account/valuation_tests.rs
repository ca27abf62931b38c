//! Totals over venues and currencies.

use proptest::prelude::*;

use super::*;
use crate::account::Liquidity;
use crate::market::testing::{instrument, money, price, qty};
use crate::market::{InstrumentKind, Side};

fn currency(code: &str) -> Currency {
    code.parse().expect("a code")
}

/// #0 KRW-BTC at Upbit, #1 BTCUSDT at Binance USDⓈ-M.
fn markets() -> [Instrument; 2] {
    let home = Instrument { venue: Venue::Upbit, quote: currency("KRW"), ..instrument(0, InstrumentKind::Spot) };
    [home, instrument(1, InstrumentKind::Perpetual)]
}

fn valued(portfolio: &Portfolio, rates: &[(&str, &str)], marks: [Option<&str>; 2]) -> Valuation {
    let markets = markets();
    let rate = |of: Currency| rates.iter().find(|row| row.0 == of.as_str()).map(|row| price(row.1));
    let mark = |id: InstrumentId| marks[id.index()].map(price);
    value(portfolio, currency("KRW"), |id| markets.get(id.index()), mark, rate)
}

/// 1,000,000 KRW of which half went into 0.005 BTC, and 1,000 USDT with a short position of 0.01 at 60,000.
fn portfolio() -> Portfolio {
    let (mut portfolio, markets) = (Portfolio::default(), markets());
    portfolio.deposit(Venue::Upbit, currency("KRW"), money("1000000")).expect("it fits");
    portfolio.deposit(Venue::BinanceUsdM, currency("USDT"), money("1000")).expect("it fits");
    portfolio.fill(&markets[0], Side::Buy, price("100000000"), qty("0.005"), Liquidity::Maker).expect("it fits");
    portfolio.fill(&markets[1], Side::Sell, price("60000"), qty("0.01"), Liquidity::Maker).expect("it fits");
    portfolio
}

#[test]
fn each_account_counts_in_its_own_currency_and_then_in_the_total() {
    let whole = valued(&portfolio(), &[("USDT", "1400")], [Some("110000000"), Some("59000")]);
    // 1,000,000 - 500,000 - 100 (0.02 %) + 550,000; 1,000 - 0.12 + 0.01 × 1,000.
    let equities: Vec<_> = whole.rows.iter().map(|row| row.equity).collect();
    assert_eq!(equities, [Ok(money("1049900")), Ok(money("1009.88"))]);
    assert_eq!((whole.total, whole.is_whole), (Ok(money("2463732")), true), "1,049,900 + 1,009.88 × 1,400");
}

#[test]
fn what_has_no_rate_or_price_is_not_counted_as_nothing() {
    let no_rate = valued(&portfolio(), &[], [Some("110000000"), Some("59000")]);
    assert_eq!((no_rate.total, no_rate.is_whole), (Ok(money("1049900")), false));
    let error = no_rate.rows[1].value.expect_err("there is no rate");
    assert_eq!(error, NotValued::NoRate { of: currency("USDT"), to: currency("KRW") });
    assert_eq!(error.to_string(), "not valued: no rate USDT→KRW");
    assert_eq!(no_rate.rows[1].equity, Ok(money("1009.88")), "its own currency is known");

    let no_price = valued(&portfolio(), &[("USDT", "1400")], [None, Some("59000")]);
    assert_eq!(no_price.rows[0].value, Err(NotValued::Books(BookError::NoMark(InstrumentId(0)))));
    assert_eq!((no_price.total, no_price.is_whole), (Ok(money("1413832")), false));

    let mut empty = Portfolio::default();
    empty.deposit(Venue::Upbit, currency("BTC"), Money::ZERO).expect("it fits");
    assert!(valued(&empty, &[], [None; 2]).is_whole, "nothing is worth nothing at any rate");
}

#[test]
fn a_value_that_does_not_fit_is_said() {
    let mut portfolio = Portfolio::default();
    portfolio.deposit(Venue::BinanceUsdM, currency("USDT"), Money::MAX).expect("it fits");
    let found = valued(&portfolio, &[("USDT", "1400")], [None; 2]);
    assert_eq!(found.rows[0].value, Err(NotValued::Overflow(currency("KRW"))));
    portfolio.deposit(Venue::Upbit, currency("KRW"), Money::MAX).expect("it fits");
    portfolio.deposit(Venue::BinanceSpot, currency("KRW"), Money::MAX).expect("it fits");
    assert_eq!(valued(&portfolio, &[], [None; 2]).total, Err(NotValued::Overflow(currency("KRW"))));
}

proptest! {
    #[test]
    fn the_total_is_the_sum_of_what_is_valued(
        deposits in prop::collection::vec((0_usize..3, any::<i64>()), 0..12),
        usdt in prop::option::of(1_i64..1 << 50),
        bnb in prop::option::of(1_i64..1 << 50),
    ) {
        let places = [(Venue::Upbit, "KRW"), (Venue::BinanceSpot, "USDT"), (Venue::BinanceUsdM, "BNB")];
        let mut portfolio = Portfolio::default();
        for (place, amount) in deposits {
            let (venue, code) = places[place];
            portfolio.deposit(venue, currency(code), Money::from_raw(i128::from(amount))).expect("it fits");
        }
        let rate = |of: Currency| match of.as_str() { "USDT" => usdt, "BNB" => bnb, _ => None }.map(Price::from_raw);
        let found = value(&portfolio, currency("KRW"), |_| None, |_| None, rate);
        let sum: i128 = found.rows.iter().filter_map(|row| row.value.ok()).map(Money::raw).sum();
        prop_assert_eq!(found.total, Ok(Money::from_raw(sum)));
        prop_assert_eq!(found.is_whole, found.rows.iter().all(|row| row.value.is_ok()));
        for row in &found.rows {
            let needs = row.currency.as_str() != "KRW" && row.equity != Ok(Money::ZERO);
            prop_assert_eq!(row.value.is_err(), needs && row.rate.is_none());
        }
    }
}
