//! What Kiwoom says: frames of its WebSocket, answers of its REST interface.

use std::collections::BTreeSet;

use jangbu::account::{OrderId, OrderUpdate, SessionId};
use jangbu::event::{Event, MarketEvent, OrderEvent};
use jangbu::market::{InstrumentId, Price, Qty, Rate};
use jangbu::venue::kiwoom::rules::{Board, interruptions, limits, ticks};
use jangbu::venue::kiwoom::time::Date;
use jangbu::venue::kiwoom::wire::rest::valuation::{CostRates, Valuation};
use jangbu::venue::kiwoom::wire::rest::{AnswerError, Request, account, answer, chart, listing, order, quote, reports, token};
use jangbu::venue::kiwoom::wire::{Decoder, Exchange, Number, OrderNumber};
use jangbu::venue::raw::Made;
use jangbu_journal::{Nanos, Seq, Stamp};

use crate::event::survive;

const DAY: i64 = 86_400_000_000_000;
/// 2026-11-20 10:15:30 in Korea.
const START: i64 = 1_795_137_330_000_000_000;
/// Lines `!a…` give this number, and those after it, to orders of ours.
const FIRST_NUMBER: u64 = 52_431;

/// Lines of bytes, each a frame. A line `!a3` is the answer to our fourth order, `!l` a lost connection, `!d` the next day.
///
/// Every frame is in one class; a book is whole and in order; a fill is told once; an order ends once; the same frames make the same
/// events, and they survive the journal.
pub fn kiwoom_frame(data: &[u8]) {
    for exchange in [Exchange::Krx, Exchange::Nxt] {
        let made = session(exchange, data);
        assert!(made == session(exchange, data), "the same frames made something else");
        let rows: Vec<(Stamp, Event)> = made
            .into_iter()
            .zip(1..)
            .map(|((venue, event), seq)| (Stamp { seq: Seq::new(seq), recv: Nanos::new(START + seq as i64 / 3), venue }, event))
            .collect();
        survive(&rows);
    }
}

fn session(exchange: Exchange, data: &[u8]) -> Made {
    let symbols = [("005930", InstrumentId(0)), ("000660", InstrumentId(1)), ("000660_NX", InstrumentId(2))];
    let mut decoder = Decoder::new(exchange, symbols);
    let (mut out, mut frames, mut now) = (Made::new(), 0, Nanos::new(START));
    let (mut fills, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for line in data.split(|byte| *byte == b'\n') {
        let before = out.len();
        match line {
            [b'!', b'a', digit, ..] => {
                let index = u16::from(digit & 7);
                let number = OrderNumber::new(FIRST_NUMBER + u64::from(index)).expect("not 0");
                decoder.assign(now, number, OrderId { session: SessionId(1), seq: Seq::FIRST, index }, &mut out);
            }
            [b'!', b'l', ..] => decoder.lost(&mut out),
            [b'!', b'd', ..] => {
                now = now.plus(DAY);
                // Numbers of orders begin anew, and so do those of fills.
                fills.clear();
                ended.clear();
            }
            frame => {
                decoder.frame(now, frame, &mut out);
                frames += 1;
                now = now.plus(1_000_000_000);
            }
        }
        follow(&out[before..], &mut fills, &mut ended);
        let counts = decoder.counts();
        assert_eq!((counts.received, counts.sum()), (frames, frames), "{counts:?}");
    }
    out
}

/// Goes over the events of one line.
fn follow(made: &[(Option<Nanos>, Event)], fills: &mut BTreeSet<(OrderId, u64)>, ended: &mut BTreeSet<OrderId>) {
    let mut open: Option<(InstrumentId, u32)> = None;
    for (_, event) in made {
        if let Event::Market(MarketEvent::Level(level)) = event {
            let (of, left) = open.as_mut().expect("a head before a level");
            assert_eq!(level.instrument, *of);
            assert!(level.price.is_positive() && level.qty.is_positive(), "{level:?}");
            *left -= 1;
            open = open.filter(|(_, left)| *left > 0);
            continue;
        }
        assert_eq!(open, None, "levels are missing");
        match event {
            Event::Market(MarketEvent::Depth(depth)) => {
                assert!(depth.snapshot && depth.levels <= 20, "{depth:?}");
                open = Some((depth.instrument, depth.levels)).filter(|(_, levels)| *levels > 0);
            }
            Event::Market(MarketEvent::Trade(trade)) => {
                assert!(trade.price.is_positive() && trade.qty.is_positive(), "{trade:?}");
            }
            Event::Market(MarketEvent::Quote(quote)) => {
                assert!(!quote.bid.is_negative() && !quote.ask.is_negative(), "{quote:?}");
            }
            Event::Order(OrderEvent { order, update: OrderUpdate::Filled(fill) }) => {
                assert!(fill.price.is_positive() && fill.qty.is_positive(), "{fill:?}");
                assert!(fills.insert((*order, fill.trade)), "{fill:?} twice");
            }
            Event::Order(OrderEvent { order, update: OrderUpdate::Cancelled }) => {
                assert!(ended.insert(*order), "{order} ends twice");
            }
            Event::Order(_) | Event::Answer(_) => {}
            Event::Market(
                MarketEvent::BookLost(_)
                | MarketEvent::Phase(_)
                | MarketEvent::Condition(_)
                | MarketEvent::Vi(_)
                | MarketEvent::Activity(_),
            ) => {}
            other => panic!("frames do not make {other:?}"),
        }
    }
    assert_eq!(open, None, "levels are missing");
}

/// Bytes as the answer to every request; a first line of three digits is the HTTP status.
///
/// A refusal says in two languages what to do; a book has prices; what is derived of an answer does not fail.
pub fn kiwoom_rest(data: &[u8]) {
    let (status, body) = match data {
        [a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', b'\n', rest @ ..] => {
            (u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'), rest)
        }
        all => (200, all),
    };
    read::<token::IssueToken<'_>>(status, body);
    read::<token::RevokeToken<'_>>(status, body);
    read::<account::AskAccountNumber>(status, body);
    read::<account::AskDeposit>(status, body);
    read::<chart::AskTickChart>(status, body);
    read::<chart::AskMinuteChart>(status, body);
    read::<chart::AskDayChart>(status, body);
    read::<chart::AskDailyPrices>(status, body);
    read::<listing::AskStockList>(status, body);
    read::<reports::AskOpenOrders>(status, body);
    read::<reports::AskFills>(status, body);
    read::<order::PlaceOrder>(status, body);
    read::<order::AmendOrder>(status, body);
    read::<order::CancelOrder>(status, body);
    if let Some(book) = read::<quote::AskBook>(status, body) {
        check_levels(&book.asks);
        check_levels(&book.bids);
    }
    if let Some(board) = read::<quote::AskQuoteBoard>(status, body) {
        check_levels(&board.asks);
        check_levels(&board.bids);
    }
    if let Some(facts) = read::<quote::AskStockInfo>(status, body) {
        facts.reference.into_iter().for_each(check_rules);
    }
    if let Some(holdings) = read::<account::AskHoldings>(status, body) {
        for row in holdings.rows {
            check_valuation(&row);
        }
    }
    if let Ok(text) = std::str::from_utf8(body)
        && let Ok(Some(number)) = Number::parse(text)
    {
        let again = Number::parse(&number.money().to_string()).ok().flatten();
        assert_eq!(again.map(Number::raw), Some(number.raw()), "{text}");
    }
}

fn read<R: Request>(status: u16, body: &[u8]) -> Option<R::Answer> {
    match answer::<R>(status, body) {
        Ok(answer) => Some(answer),
        Err(AnswerError::Refused(refusal)) => {
            assert!(refusal.english().contains("To do: ") && refusal.korean().contains("조치: "), "{refusal:?}");
            let _ = (refusal.remedy(), refusal.available());
            None
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

fn check_levels(side: &[(Price, Qty)]) {
    assert!(side.len() <= 10 && side.iter().all(|(price, qty)| price.is_positive() && qty.is_positive()), "{side:?}");
}

fn check_rules(reference: Price) {
    let date = Date::at(Nanos::new(START));
    for board in Board::ALL {
        let table = ticks::ticks(board, date);
        if let Some(found) = limits::limits(board, &table, reference, date) {
            // A reference that lies between ticks may have limits on one side of it.
            assert!(found.lower <= found.upper || !table.is_aligned(reference), "{reference}: {found:?}");
        }
        if let Some(found) = interruptions::static_prices(&table, reference) {
            assert!(found.down < found.up && !found.are_reached(reference), "{reference}: {found:?}");
        }
    }
}

fn check_valuation(row: &account::Holding) {
    let (Some(qty), Some(cost), Some(last)) = (row.qty, row.cost, row.last) else { return };
    let rates = CostRates { fee: Rate::from_raw(15_000), tax: Rate::from_raw(200_000) };
    let Some(valued) = Valuation::of(qty, cost, last, rates) else { return };
    let parts = [cost, valued.buy_fee, valued.sell_fee, valued.tax, valued.profit];
    let sum = parts.into_iter().try_fold(jangbu::market::Money::ZERO, |sum, part| sum.checked_add(part));
    assert!(sum.is_none_or(|sum| sum == valued.value), "{valued:?}");
}
