//! The books: worked examples in the currencies they are for, and the law of conservation under anything.

use proptest::prelude::*;

use super::portfolio::fee_and_tax;
use super::*;
use crate::market::*;

fn money(text: &str) -> Money {
    text.parse().expect("money")
}

fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

fn qty(text: &str) -> Qty {
    text.parse().expect("a quantity")
}

fn currency(text: &str) -> Currency {
    text.parse().expect("a code")
}

fn instrument(
    id: u32,
    venue: Venue,
    kind: InstrumentKind,
    quote: &str,
    rates: [&str; 3],
    unit: &str,
    rounding: Rounding,
) -> Instrument {
    let [maker, taker, sell_tax] = rates.map(|rate| rate.parse().expect("a rate"));
    let fees = Fees { maker, taker, sell_tax, fee_unit: money(unit), tax_unit: money(unit), rounding };
    Instrument {
        id: InstrumentId(id),
        venue,
        symbol: "X".into(),
        name: "X".into(),
        kind,
        base: currency("X"),
        quote: currency(quote),
        ticks: TickTable::flat(Price::from_raw(1)),
        lot: Qty::from_raw(1),
        qty_min: Qty::from_raw(1),
        qty_max: Qty::MAX,
        notional_min: Money::ZERO,
        fees,
    }
}

/// KRW-BTT (0.0006 KRW), KRW-BTC (150,000,000 KRW), a share with sell tax and fees in whole won, a perpetual with a rebate.
fn instruments() -> Vec<Instrument> {
    use InstrumentKind::{Perpetual, Spot, Stock};
    vec![
        instrument(0, Venue::Upbit, Spot, "KRW", ["0.0005", "0.0005", "0"], "0.00000001", Rounding::HalfEven),
        instrument(1, Venue::Upbit, Spot, "KRW", ["0.0005", "0.0005", "0"], "0.00000001", Rounding::Ceiling),
        instrument(2, Venue::Kiwoom, Stock, "KRW", ["0.00015", "0.00015", "0.0018"], "1", Rounding::Floor),
        instrument(3, Venue::BinanceUsdM, Perpetual, "USDT", ["-0.0001", "0.0005", "0"], "0.00000001", Rounding::Floor),
    ]
}

fn funded() -> Portfolio {
    let mut portfolio = Portfolio::default();
    for (venue, code, amount) in
        [(Venue::Upbit, "KRW", "1000000000"), (Venue::Kiwoom, "KRW", "10000000"), (Venue::BinanceUsdM, "USDT", "5000")]
    {
        portfolio.deposit(venue, currency(code), money(amount)).expect("it fits");
    }
    portfolio
}

#[test]
fn a_share_is_paid_for_and_taxed_in_whole_won() {
    let (all, mut portfolio) = (instruments(), funded());
    let bought = portfolio.fill(&all[2], Side::Buy, price("71300"), qty("13"), Liquidity::Unstated).expect("booked");
    assert_eq!((bought.notional, bought.fee, bought.tax), (money("926900"), money("139"), Money::ZERO), "139.035, down");
    let sold = portfolio.fill(&all[2], Side::Sell, price("72000"), qty("5"), Liquidity::Taker).expect("booked");
    assert_eq!((sold.fee, sold.tax, sold.realised), (money("54"), money("648"), money("3500")));
    let cash = portfolio.cash(Venue::Kiwoom, currency("KRW"));
    assert_eq!(cash.total, money("9432259"), "10,000,000 - 926,900 - 139 + 360,000 - 54 - 648");
    portfolio.charge(&all[2], sold.fee, sold.tax, money("50"), money("640")).expect("booked");
    assert_eq!(portfolio.cash(Venue::Kiwoom, currency("KRW")).total, money("9432271"));
    let worth = portfolio.equity(Venue::Kiwoom, currency("KRW"), |_| Some(price("72000")), &all);
    assert_eq!(worth, Ok(money("10008271")), "8 shares of 72,000 on top");
    assert_eq!(portfolio.check_conservation(&all), Ok(()));
}

#[test]
fn huge_lots_of_a_tiny_price_are_exact() {
    let (all, mut portfolio) = (instruments(), funded());
    let bought =
        portfolio.fill(&all[0], Side::Buy, price("0.0006"), qty("123456789012.34567891"), Liquidity::Taker).expect("booked");
    assert_eq!((bought.notional, bought.fee), (money("74074073.40740741"), money("37037.0367037")));
    portfolio.fill(&all[0], Side::Sell, price("0.0007"), qty("23456789012.34567891"), Liquidity::Taker).expect("booked");
    assert_eq!(portfolio.position(InstrumentId(0)).cost, money("60000000.00000001"), "what was taken out is rounded toward zero");
    portfolio.fill(&all[1], Side::Buy, price("150000000"), qty("0.00012345"), Liquidity::Maker).expect("booked");
    assert_eq!(portfolio.position(InstrumentId(1)).average(), Some(price("150000000")));
    assert_eq!(portfolio.check_conservation(&all), Ok(()));
}

#[test]
fn a_perpetual_moves_cash_by_profit_and_fees_only() {
    let (all, mut portfolio) = (instruments(), funded());
    let usdt = |portfolio: &Portfolio| portfolio.cash(Venue::BinanceUsdM, currency("USDT")).total;
    let sold = portfolio.fill(&all[3], Side::Sell, price("60000"), qty("0.5"), Liquidity::Maker).expect("booked");
    assert_eq!((sold.fee, usdt(&portfolio)), (money("-3"), money("5003")), "a rebate");
    let worth = |mark| portfolio.equity(Venue::BinanceUsdM, currency("USDT"), |_| mark, &all);
    assert_eq!(worth(Some(price("59000"))), Ok(money("5503")));
    assert_eq!(worth(None), Err(BookError::NoMark(InstrumentId(3))));
    let back = portfolio.fill(&all[3], Side::Buy, price("59000"), qty("1"), Liquidity::Taker).expect("booked");
    assert_eq!((back.realised, back.fee, usdt(&portfolio)), (money("500"), money("29.5"), money("5473.5")));
    assert_eq!(portfolio.position(InstrumentId(3)).qty, qty("0.5"));
    assert_eq!(portfolio.check_conservation(&all), Ok(()));
}

#[test]
fn what_is_refused_changes_nothing() {
    let (mut all, mut portfolio) = (instruments(), funded());
    let krw = currency("KRW");
    portfolio.reserve(Venue::Upbit, krw, money("10")).expect("booked");
    let before = portfolio.clone();
    let asked = BookError::Release { currency: krw, asked: money("11"), reserved: money("10") };
    assert_eq!(portfolio.release(Venue::Upbit, krw, money("11")), Err(asked));
    assert_eq!(asked.to_string(), "11 KRW would be released, 10 is reserved");
    assert!(portfolio.reserve(Venue::Upbit, krw, money("-1")).is_err());
    assert_eq!(portfolio.deposit(Venue::Upbit, krw, Money::MAX), Err(BookError::Overflow(krw)));
    assert_eq!(portfolio.fill(&all[0], Side::Buy, Price::MAX, Qty::MAX, Liquidity::Maker), Err(BookError::Overflow(krw)));
    all[0].fees.maker = Rate::MAX;
    let fee = portfolio.fill(&all[0], Side::Buy, price("60000000"), qty("1000000000000000"), Liquidity::Maker);
    assert_eq!(fee, Err(BookError::Overflow(krw)), "the value fits, its fee does not");
    assert!(portfolio.fill(&all[0], Side::Buy, Price::ZERO, qty("1"), Liquidity::Maker).is_err());
    assert!(portfolio.charge(&all[0], Money::MAX, Money::ZERO, money("-1"), Money::ZERO).is_err());
    assert!(portfolio.adopt(&all[0], qty("1"), Price::ZERO).is_err());
    all[0].fees.fee_unit = Money::ZERO;
    let fee = portfolio.fill(&all[0], Side::Buy, price("1"), qty("1"), Liquidity::Maker);
    assert_eq!(fee, Err(BookError::Fees(InstrumentId(0))));
    all[0].id = InstrumentId(u32::MAX);
    let unknown = portfolio.fill(&all[0], Side::Buy, price("1"), qty("1"), Liquidity::Maker);
    assert_eq!(unknown, Err(BookError::UnknownInstrument(InstrumentId(u32::MAX))));
    all[1].kind = InstrumentKind::Index;
    let index = portfolio.fill(&all[1], Side::Buy, price("1"), qty("1"), Liquidity::Maker);
    assert_eq!(index, Err(BookError::NotTradable(InstrumentId(1))));
    assert_eq!(portfolio, before);
}

#[test]
fn fees_are_rounded_once() {
    let mut share = instruments().remove(2);
    share.fees.rounding = Rounding::HalfEven;
    // 0.00015 × 3333.33333334 is 0.500000000001: up, though cut to 1e-8 it would be a tie and go down.
    let (fee, _) = fee_and_tax(&share, Side::Buy, money("3333.33333334"), Liquidity::Maker).expect("it fits");
    assert_eq!(fee, money("1"));
}

#[test]
fn conservation_sees_what_was_not_booked() {
    let (all, mut portfolio) = (instruments(), funded());
    portfolio.fill(&all[1], Side::Buy, price("150000000"), qty("1"), Liquidity::Maker).expect("booked");
    let mut text = serde_json::to_value(&portfolio).expect("it can be written");
    text["cash"][1]["cash"]["total"] = "1".into();
    let forged: Portfolio = serde_json::from_value(text).expect("it can be read");
    let fault = forged.check_conservation(&all).expect_err("a won is missing");
    assert!(fault.starts_with("upbit KRW: cash 1 + cost 150000000 + fees 75000 + taxes 0 = 150075001"), "{fault}");
}

#[derive(Clone, Debug)]
enum Step {
    Deposit(usize, i64),
    Fill(usize, Side, i64, i128, Liquidity),
    Charge(usize, [i64; 4]),
    ChargeOther(usize, i64),
    ChargeBase(usize, i64),
    Adopt(usize, i128, i64),
    Reserve(usize, i64),
    Release(usize, i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let liquidity = prop_oneof![Just(Liquidity::Maker), Just(Liquidity::Taker), Just(Liquidity::Unstated)];
    // Each instrument's own range of prices and quantities: 0.0006 KRW by the trillion, 150,000,000 KRW by the satoshi.
    let scale = |which: usize| -> (core::ops::Range<i64>, core::ops::Range<i128>) {
        match which {
            0 => (50_000..70_000, 1..1_i128 << 75),
            1 => (14_000_000_000_000_000..16_000_000_000_000_000, 1..1_i128 << 34),
            2 => (100_000_000..100_000_000_000_000, 1..1_i128 << 40),
            _ => (1..10_000_000_000_000, 1..1_i128 << 40),
        }
    };
    let fill = (0_usize..4).prop_flat_map(move |which| (Just(which), scale(which)));
    let fill = (fill, side, liquidity)
        .prop_map(|((which, (price, qty)), side, liquidity)| Step::Fill(which, side, price, qty, liquidity));
    prop_oneof![
        1 => (0_usize..4, any::<i64>()).prop_map(|(which, amount)| Step::Deposit(which, amount)),
        8 => fill,
        2 => (0_usize..4, any::<[i64; 4]>()).prop_map(|(which, amounts)| Step::Charge(which, amounts)),
        1 => (0_usize..4, any::<i64>()).prop_map(|(which, fee)| Step::ChargeOther(which, fee)),
        1 => (0_usize..4, any::<i64>()).prop_map(|(which, fee)| Step::ChargeBase(which, fee)),
        1 => (0_usize..4, -1_i128 << 75..1 << 75, 0_i64..1 << 50).prop_map(|(which, qty, price)| Step::Adopt(which, qty, price)),
        1 => (0_usize..4, any::<i64>()).prop_map(|(which, amount)| Step::Reserve(which, amount)),
        1 => (0_usize..4, any::<i64>()).prop_map(|(which, amount)| Step::Release(which, amount)),
        // What cannot be, mostly.
        1 => (0_usize..4, any::<i64>(), any::<i128>()).prop_map(|(which, price, qty)| Step::Fill(which, Side::Sell, price, qty, Liquidity::Maker)),
    ]
}

fn take(portfolio: &mut Portfolio, all: &[Instrument], step: &Step) -> Result<(), BookError> {
    let wide = |amount: i64| Money::from_raw(i128::from(amount));
    match *step {
        Step::Deposit(which, amount) => portfolio.deposit(all[which].venue, all[which].quote, wide(amount)),
        Step::Fill(which, side, price, qty, liquidity) => {
            portfolio.fill(&all[which], side, Price::from_raw(price), Qty::from_raw(qty), liquidity).map(|_| ())
        }
        Step::Charge(which, [a, b, c, d]) => portfolio.charge(&all[which], wide(a), wide(b), wide(c), wide(d)),
        Step::ChargeOther(which, fee) => portfolio.charge_other(all[which].venue, currency("BNB"), wide(fee)),
        Step::ChargeBase(which, fee) => portfolio.charge_base(&all[which], Qty::from_raw(i128::from(fee))),
        Step::Adopt(which, qty, price) => portfolio.adopt(&all[which], Qty::from_raw(qty), Price::from_raw(price)),
        Step::Reserve(which, amount) => portfolio.reserve(all[which].venue, all[which].quote, wide(amount)),
        Step::Release(which, amount) => portfolio.release(all[which].venue, all[which].quote, wide(amount)),
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_whatever_is_booked(steps in prop::collection::vec(any_step(), 1..60)) {
        let (all, mut portfolio) = (instruments(), Portfolio::default());
        for step in &steps {
            let before = portfolio.clone();
            let taken = take(&mut portfolio, &all, step);
            prop_assert!(taken.is_ok() || portfolio == before, "{:?}: {:?}", step, taken);
            prop_assert_eq!(portfolio.check_conservation(&all), Ok(()), "{:?}", step);
        }
        let text = serde_json::to_string(&portfolio).expect("it can be written");
        prop_assert_eq!(&serde_json::from_str::<Portfolio>(&text).expect("it can be read"), &portfolio);
        let rows = portfolio.cash_rows();
        prop_assert!(rows.windows(2).all(|pair| (pair[0].venue, pair[0].currency) < (pair[1].venue, pair[1].currency)));
        for row in rows {
            let _ = portfolio.equity(row.venue, row.currency, |id| Some(Price::from_raw(i64::from(id.0) + 1)), &all);
        }
    }
}
