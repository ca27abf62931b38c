//! The exchange: matching, reservations, auctions, and that no run makes or loses money.

use proptest::prelude::*;

use super::*;
use crate::account::{OrderType, TimeInForce};
use crate::market::{Rounding, TickTable};

const STOCK: InstrumentId = InstrumentId(3);
const SECOND: i64 = 1_000_000_000;

fn krw() -> Currency {
    "KRW".parse().expect("a currency")
}

fn won(amount: i64) -> Money {
    Money::from_raw(i128::from(amount) * i128::from(ONE))
}

fn shares(count: i64) -> Qty {
    Qty::from_raw(i128::from(count) * i128::from(ONE))
}

fn price(amount: i64) -> Price {
    Price::from_raw(amount * ONE)
}

/// 0.015 % each side to 10 KRW, 0.2 % tax on sales to 1 KRW, as at Kiwoom.
fn charge(of: &Chargeable) -> Charges {
    let cut = |per_million: i128, unit: i128| {
        let unit = unit * i128::from(ONE);
        Money::from_raw(of.value.raw() * per_million / 1_000_000 / unit * unit)
    };
    let tax = if of.side == Side::Sell { cut(2_000, 1) } else { Money::ZERO };
    Charges { fee: cut(150, 10), tax, base_fee: Qty::ZERO }
}

fn exchange(seed: u64) -> (Exchange, AccountId) {
    let mut exchange = Exchange::new(seed, Nanos::new(0), Box::new(charge));
    exchange.add_market(MarketConfig {
        instrument: STOCK,
        quote: krw(),
        ticks: TickTable::flat(price(100)),
        lot: shares(1),
        start: price(75_000),
        limits: Some((price(52_500), price(97_500))),
        level_lots: (10, 60),
        trade_lots: (1, 40),
        interval_ns: SECOND,
        wander_ticks: 3,
    });
    exchange.set_phase(STOCK, TradingPhase::Continuous);
    let account = exchange.add_account();
    exchange.deposit(account, krw(), won(10_000_000)).expect("an account");
    (exchange, account)
}

fn order(account: AccountId, side: Side, limit: Option<i64>, qty: i64, time_in_force: TimeInForce) -> NewOrder {
    let order_type = limit.map_or(OrderType::Market, |limit| OrderType::Limit(price(limit)));
    NewOrder { account, instrument: STOCK, side, order_type, time_in_force, size: Size::Base(shares(qty)), client_id: None }
}

fn names(facts: &[Fact]) -> Vec<&'static str> {
    let name = |fact: &Fact| match fact {
        Fact::Accepted(_) => "accepted",
        Fact::Filled(_) => "filled",
        Fact::Cancelled { .. } => "cancelled",
        Fact::Amended { .. } => "amended",
        Fact::Traded(_) => "traded",
        Fact::BookChanged(_) => "book",
        Fact::Guarded { .. } => "guarded",
    };
    facts.iter().map(name).collect()
}

#[test]
fn a_taker_eats_levels_and_pays_for_them() {
    let (mut exchange, account) = exchange(1);
    exchange.take_facts();
    let asks = exchange.book(STOCK, Side::Sell);
    let first = asks[0].1.raw() / i128::from(ONE);
    let qty = i64::try_from(first).expect("small") + 1;
    let number = exchange.place(order(account, Side::Buy, None, qty, TimeInForce::Ioc)).expect("accepted");
    assert_eq!(names(&exchange.take_facts()), ["accepted", "traded", "filled", "traded", "filled", "book"]);
    let done = exchange.order(number).expect("known").clone();
    assert_eq!((done.state, done.filled, done.reserved), (OrderState::Filled, shares(qty), Money::ZERO));
    let value = asks[0].0.times(asks[0].1, Rounding::Floor).expect("small").raw() + i128::from(asks[1].0.raw());
    assert_eq!(done.value.raw(), value);
    let cash = exchange.account(account).expect("there").cash(krw());
    assert_eq!(cash.total.raw(), won(10_000_000).raw() - value - done.charges.fee.raw());
    assert_eq!(cash.reserved, Money::ZERO);
    exchange.verify().expect("it adds up");
}

#[test]
fn reservations_hold_and_refusals_change_nothing() {
    let (mut exchange, account) = exchange(2);
    let bid = exchange.book(STOCK, Side::Buy)[5].0.raw() / ONE;
    let number = exchange.place(order(account, Side::Buy, Some(bid), 100, TimeInForce::Gtc)).expect("it rests");
    let reserved = exchange.account(account).expect("there").cash(krw()).reserved;
    let value = bid * 100;
    assert_eq!(reserved, won(value + value * 150 / 1_000_000 / 10 * 10));
    let before = format!("{:?}", exchange.account(account));
    let refused = |exchange: &mut Exchange, new| exchange.place(new).expect_err("refused");
    let free = 10_000_000 - i64::try_from(reserved.raw() / i128::from(ONE)).expect("small");
    match refused(&mut exchange, order(account, Side::Buy, Some(bid), 100, TimeInForce::Gtc)) {
        Reject::TooLittleCash { affordable } => {
            let shares = i64::try_from(affordable.raw() / i128::from(ONE)).expect("small");
            let cost = |shares: i64| bid * shares + bid * shares * 150 / 1_000_000 / 10 * 10;
            assert!(cost(shares) <= free && cost(shares + 1) > free, "{shares}");
        }
        other => panic!("{other:?}"),
    }
    let sell = order(account, Side::Sell, Some(bid), 1, TimeInForce::Gtc);
    assert_eq!(refused(&mut exchange, sell), Reject::TooLittleHeld { available: Qty::ZERO });
    assert_eq!(refused(&mut exchange, order(account, Side::Buy, Some(bid + 1), 1, TimeInForce::Gtc)), Reject::OffTick);
    assert_eq!(refused(&mut exchange, order(account, Side::Buy, Some(97_600), 1, TimeInForce::Gtc)), Reject::OutsideLimits);
    assert_eq!(refused(&mut exchange, order(account, Side::Buy, Some(bid), 0, TimeInForce::Gtc)), Reject::BadQty);
    assert_eq!(refused(&mut exchange, order(account, Side::Buy, Some(97_500), 1, TimeInForce::PostOnly)), Reject::WouldTake);
    assert_eq!(
        refused(&mut exchange, order(account, Side::Buy, Some(bid), 1_000_000_000_000_000, TimeInForce::Gtc)),
        Reject::TooLarge
    );
    assert_eq!(format!("{:?}", exchange.account(account)), before);
    assert_eq!(exchange.cancel(account, number, Some(shares(40))), Ok(shares(40)));
    assert_eq!(exchange.cancel(account, number, Some(shares(61))), Err(Reject::NothingLeft));
    assert_eq!(exchange.cancel(account, number, None), Ok(shares(60)));
    assert_eq!(exchange.cancel(account, number, None), Err(Reject::NothingLeft));
    assert_eq!(exchange.account(account).expect("there").cash(krw()).reserved, Money::ZERO);
}

#[test]
fn a_resting_order_fills_when_the_public_comes_to_it() {
    let (mut exchange, account) = exchange(3);
    let bid = exchange.best(STOCK, Side::Buy).expect("a bid").raw() / ONE;
    let number = exchange.place(order(account, Side::Buy, Some(bid), 30, TimeInForce::Gtc)).expect("it rests");
    assert_eq!(exchange.order(number).expect("known").filled, Qty::ZERO);
    exchange.set_anchor(STOCK, price(60_000));
    exchange.step(Nanos::new(3_600 * SECOND));
    let done = exchange.order(number).expect("known");
    assert_eq!((done.state, done.value), (OrderState::Filled, won(bid * 30)));
    let maker = exchange.ledger().fills.iter().filter(|fill| fill.order == number);
    assert!(maker.clone().count() >= 1 && maker.clone().all(|fill| !fill.taker));
    exchange.verify().expect("it adds up");
}

#[test]
fn amendments_and_time_in_force() {
    let (mut exchange, account) = exchange(4);
    let low = exchange.book(STOCK, Side::Buy)[8].0.raw() / ONE;
    let ask = exchange.best(STOCK, Side::Sell).expect("an ask");
    let number = exchange.place(order(account, Side::Buy, Some(low), 10, TimeInForce::Gtc)).expect("it rests");
    exchange.take_facts();
    let next = exchange.amend(account, number, Some(shares(4)), price(low + 100)).expect("amended");
    assert_eq!((next, names(&exchange.take_facts())), (number + 1, vec!["amended", "book"]));
    let (old, new) = (exchange.order(number).expect("known"), exchange.order(next).expect("known"));
    assert_eq!(
        (old.open, old.state, new.open, new.root, new.amends),
        (shares(6), OrderState::Open, shares(4), number, Some(number))
    );
    assert_eq!(exchange.amend(account, next, None, price(low + 101)), Err(Reject::OffTick));
    let last = exchange.amend(account, next, None, ask).expect("it takes");
    assert_eq!(exchange.order(next).expect("known").state, OrderState::Amended);
    assert_eq!(
        (exchange.order(last).expect("known").state, exchange.order(last).expect("known").root),
        (OrderState::Filled, number)
    );
    // Fill or kill: more than there is kills it, and nothing trades.
    let trades = exchange.ledger().fills.len();
    let limit = exchange.book(STOCK, Side::Sell)[0];
    let more = i64::try_from(limit.1.raw() / i128::from(ONE)).expect("small") + 1;
    let killed = order(account, Side::Buy, Some(limit.0.raw() / ONE), more, TimeInForce::Fok);
    let killed = exchange.place(killed).expect("accepted");
    assert_eq!((exchange.order(killed).expect("known").state, exchange.ledger().fills.len()), (OrderState::Cancelled, trades));
    let spent = NewOrder { size: Size::Quote(won(1_000_000)), ..order(account, Side::Buy, None, 1, TimeInForce::Ioc) };
    let spent = exchange.place(spent).expect("accepted");
    let spent = exchange.order(spent).expect("known");
    assert!(spent.value > won(900_000) && spent.value <= won(1_000_000) && !spent.is_open());
    exchange.verify().expect("it adds up");
}

#[test]
fn an_auction_trades_at_one_price_and_a_guard_begins_one() {
    let (mut exchange, account) = exchange(5);
    exchange.set_phase(STOCK, TradingPhase::Auction);
    let high = exchange.place(order(account, Side::Buy, Some(80_000), 10, TimeInForce::Gtc)).expect("collected");
    let market = exchange.place(order(account, Side::Buy, None, 5, TimeInForce::Gtc)).expect("collected");
    let low = exchange.place(order(account, Side::Buy, Some(60_000), 1, TimeInForce::Gtc)).expect("collected");
    exchange.step(Nanos::new(60 * SECOND));
    assert!(exchange.ledger().fills.is_empty());
    let at = exchange.uncross(STOCK, TradingPhase::Continuous).expect("a price");
    let fills: Vec<(u64, Price)> = exchange.ledger().fills.iter().map(|fill| (fill.order, fill.price)).collect();
    assert_eq!(fills, [(high, at), (market, at)]);
    assert!(exchange.order(low).expect("known").is_open());
    assert!(exchange.best(STOCK, Side::Buy) < exchange.best(STOCK, Side::Sell));
    // Nothing trades at or above the guard.
    let guard = at.raw() + 200 * ONE;
    exchange.set_guard(STOCK, Some((Price::ZERO, Price::from_raw(guard))));
    exchange.take_facts();
    let taker = exchange.place(order(account, Side::Buy, Some(97_500), 90, TimeInForce::Gtc));
    let facts = exchange.take_facts();
    assert!(taker.is_ok() && names(&facts).contains(&"guarded"), "{facts:?}");
    assert_eq!(exchange.phase(STOCK), Some(TradingPhase::Auction));
    assert!(exchange.ledger().fills.iter().all(|fill| fill.price.raw() < guard));
    exchange.verify().expect("it adds up");
}

#[test]
fn a_moving_guard_is_around_the_last_trade_before_the_order() {
    let (mut exchange, account) = exchange(6);
    exchange.step(Nanos::new(30 * SECOND));
    // A percent to both sides.
    exchange.set_moving_guard(
        STOCK,
        Some(|_, last| Some((Price::from_raw(last.raw() / 100 * 99), Price::from_raw(last.raw() / 100 * 101)))),
    );
    let last = exchange.last(STOCK).expect("it traded");
    let cent = |parts: i64| Price::from_raw(last.raw() / 100 * parts / price(100).raw() * price(100).raw());
    exchange.take_facts();
    exchange.leap(STOCK, Side::Buy, cent(104));
    let facts = exchange.take_facts();
    let guarded = facts.iter().find_map(|fact| match fact {
        Fact::Guarded { price, fixed, moving, .. } => Some((*price, *fixed, *moving)),
        _ => None,
    });
    assert_eq!(guarded, Some((cent(104), false, Some(last))), "{facts:?}");
    assert!(!names(&facts).contains(&"traded") && exchange.phase(STOCK) == Some(TradingPhase::Auction));
    // The auction's price is the last trade then, and both guards may hold at once.
    let at = exchange.uncross(STOCK, TradingPhase::Continuous).unwrap_or(last);
    exchange.set_guard(STOCK, Some((Price::from_raw(at.raw() / 2), Price::from_raw(at.raw() / 100 * 103))));
    exchange.take_facts();
    exchange.leap(STOCK, Side::Buy, Price::from_raw(at.raw() / 100 * 105 / price(100).raw() * price(100).raw()));
    let both = |fact: &Fact| matches!(fact, Fact::Guarded { fixed: true, moving: Some(_), .. });
    let facts = exchange.take_facts();
    assert!(facts.iter().any(both), "{facts:?}");
    exchange.uncross(STOCK, TradingPhase::Continuous);
    // Without guards it trades there.
    exchange.set_guard(STOCK, None);
    exchange.set_moving_guard(STOCK, None);
    exchange.take_facts();
    exchange.leap(STOCK, Side::Sell, cent(96));
    assert_eq!(exchange.last(STOCK), Some(cent(96)));
    assert!(exchange.order(1).is_none_or(|order| order.account == account));
    exchange.verify().expect("it adds up");
}

#[test]
fn the_book_is_never_crossed_and_the_same_seed_is_the_same_market() {
    let run = |steps: i64| {
        let (mut exchange, _) = exchange(9);
        let mut told = Vec::new();
        for step in 1..=steps {
            exchange.step(Nanos::new(4_000 * SECOND / steps * step));
            told.extend(exchange.take_facts().into_iter().filter(|fact| matches!(fact, Fact::Traded(_))));
            let (bids, asks) = (exchange.book(STOCK, Side::Buy), exchange.book(STOCK, Side::Sell));
            assert!(bids[0].0 < asks[0].0 && bids.windows(2).all(|pair| pair[0].0 > pair[1].0));
            assert!(bids.iter().chain(&asks).all(|level| level.1.is_positive()) && bids.len() == DEPTH);
        }
        told
    };
    let trades = run(400);
    assert!(trades.len() > 1_000, "{}", trades.len());
    assert_eq!(trades, run(10));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any program of commands, time and phases keeps money and shares, and leaves no reservation behind.
    #[test]
    fn nothing_is_made_or_lost(
        seed in any::<u64>(),
        program in proptest::collection::vec((0_u8..12, -6_i64..7, 1_i64..120, any::<bool>()), 1..80),
    ) {
        let (mut exchange, account) = exchange(seed);
        let other = exchange.add_account();
        exchange.deposit(other, krw(), won(3_000_000)).expect("an account");
        exchange.transfer(other, STOCK, shares(50), won(3_700_000)).expect("an account");
        let mut now = 0;
        for (what, ticks, qty, first) in program {
            let who = if first { account } else { other };
            let side = if qty % 2 == 0 { Side::Buy } else { Side::Sell };
            let near = exchange.last(STOCK).expect("a market").raw() / ONE / 100 * 100 + ticks * 100;
            let own = exchange.orders().filter(|order| order.account == who && order.is_open());
            let open: Vec<u64> = own.map(|order| order.number).collect();
            let pick = open.get(qty as usize % open.len().max(1)).copied().unwrap_or(0);
            match what {
                0..3 => { let _ = exchange.place(order(who, side, Some(near), qty, TimeInForce::Gtc)); }
                3 => { let _ = exchange.place(order(who, side, None, qty, TimeInForce::Gtc)); }
                4 => { let _ = exchange.place(order(who, side, Some(near), qty, TimeInForce::Ioc)); }
                5 => { let _ = exchange.place(order(who, side, Some(near), qty, TimeInForce::Fok)); }
                6 => { let _ = exchange.amend(who, pick, (qty > 60).then_some(shares(qty % 7)), price(near)); }
                7 => { let _ = exchange.cancel(who, pick, (qty > 60).then_some(shares(qty % 7))); }
                8 => exchange.set_phase(STOCK, if first { TradingPhase::Continuous } else { TradingPhase::Auction }),
                9 => exchange.begin_day(1),
                _ => { now += qty * SECOND; exchange.step(Nanos::new(now)); }
            }
            if what == 9 {
                exchange.set_phase(STOCK, TradingPhase::Continuous);
            }
            prop_assert_eq!(exchange.verify(), Ok(()));
            let bid = exchange.best(STOCK, Side::Buy);
            if exchange.phase(STOCK) == Some(TradingPhase::Continuous) {
                let ask = exchange.best(STOCK, Side::Sell);
                prop_assert!(bid.is_none() || ask.is_none() || bid < ask);
            }
        }
        exchange.expire(STOCK, |_| true);
        for who in [account, other] {
            let account = exchange.account(who).expect("there");
            prop_assert_eq!((account.cash(krw()).reserved, account.holding(STOCK).reserved), (Money::ZERO, Qty::ZERO));
        }
        prop_assert_eq!(exchange.verify(), Ok(()));
    }
}
