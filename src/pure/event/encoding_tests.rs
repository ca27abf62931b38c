//! Every event the wire form must carry, for property tests.

use alloc::boxed::Box;
use alloc::string::String;
use proptest::prelude::*;

use super::*;
use crate::account::{OrderId, SessionId};
use crate::event::order::{Fill, Liquidity};
use crate::event::{Command, Frame, Link, LinkState, OrderEvent, OrderUpdate};
use crate::market::{Activity, Money, Rate, Reference, Venue};

fn price() -> impl Strategy<Value = Price> {
    prop_oneof![
        8 => (1_i64..10_000_000).prop_map(|ticks| Price::from_raw(ticks * 1_000_000)),
        2 => (1_i64..10_000_000).prop_map(Price::from_raw),
        1 => any::<i64>().prop_map(Price::from_raw),
    ]
}

fn qty() -> impl Strategy<Value = Qty> {
    prop_oneof![
        8 => (0_i128..1_000_000).prop_map(|lots| Qty::from_raw(lots * 100_000)),
        1 => any::<i128>().prop_map(Qty::from_raw),
    ]
}

fn id() -> impl Strategy<Value = InstrumentId> {
    prop_oneof![8 => 0_u32..3, 1 => any::<u32>()].prop_map(InstrumentId)
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let trade = (id(), side(), price(), qty(), any::<u64>())
        .prop_map(|(instrument, taker, price, qty, id)| MarketEvent::Trade(Trade { instrument, taker, price, qty, id }));
    let quote = (id(), price(), price(), qty(), qty()).prop_map(|(instrument, bid, ask, bid_qty, ask_qty)| {
        MarketEvent::Quote(Quote { instrument, bid, ask, bid_qty, ask_qty })
    });
    let depth = (id(), any::<bool>(), any::<u32>(), any::<u64>()).prop_map(|(instrument, snapshot, levels, update_id)| {
        MarketEvent::Depth(Depth { instrument, snapshot, levels, update_id })
    });
    let level = (id(), side(), price(), qty())
        .prop_map(|(instrument, side, price, qty)| MarketEvent::Level(Level { instrument, side, price, qty }));
    let fill = (any::<u64>(), price(), qty()).prop_map(|(trade, price, qty)| {
        Event::Order(OrderEvent {
            order: OrderId { session: SessionId(1), index: 0, seq: Seq::new(7) },
            update: OrderUpdate::Filled(Fill { trade, price, qty, liquidity: Liquidity::Maker }),
        })
    });
    let words = ".{0,20}".prop_map(|reason: String| {
        Event::Link(Link { venue: Venue::Upbit, channel: 3, state: LinkState::Down { reason: reason.into() } })
    });
    let frame = proptest::collection::vec(any::<u8>(), 0..50).prop_map(|bytes| {
        Event::Frame(Box::new(Frame { venue: Venue::BinanceSpot, channel: 1, more: false, bytes: bytes.into() }))
    });
    let reference = (id(), proptest::option::of(price()), proptest::option::of(qty()), proptest::option::of(any::<bool>()))
        .prop_map(|(instrument, upper_limit, listed, halted)| {
            let reference = Reference { upper_limit, listed, halted, ..Reference::of(instrument) };
            Event::Market(MarketEvent::Reference(Box::new(reference)))
        });
    let activity = (id(), proptest::option::of(any::<i64>()), any::<i128>()).prop_map(|(instrument, ratio, change)| {
        let (volume_ratio, turnover_change) = (ratio.map(Rate::from_raw), Some(Money::from_raw(change)));
        let activity = Activity { instrument, volume_ratio, turnover_change, ..Activity::default() };
        Event::Market(MarketEvent::Activity(Box::new(activity)))
    });
    prop_oneof![
        1 => reference,
        1 => activity,
        6 => prop_oneof![trade, quote, depth, level].prop_map(Event::Market),
        1 => Just(Event::Tick),
        1 => fill,
        1 => words,
        1 => frame,
        1 => any::<bool>().prop_map(|on| Event::Command(Box::new(Command::AutoTrade(on)))),
        1 => id().prop_map(|id| Event::Market(MarketEvent::BookLost(id))),
    ]
}

pub(crate) fn stamped() -> impl Strategy<Value = Vec<(Stamp, Event)>> {
    let venue = prop_oneof![
        4 => (0_i64..5_000).prop_map(|ms| Some(1_723_161_255_000_000_000 + ms * 1_000_000)),
        1 => any::<i64>().prop_map(Some),
        1 => Just(None),
    ];
    proptest::collection::vec((0_i64..3, venue, event()), 0..60).prop_map(|rows| {
        let mut recv = 1_723_161_255_000_000_000;
        let mut seq = Seq::ZERO;
        rows.into_iter()
            .map(|(step, venue, event)| {
                recv += step * 91_237;
                seq = seq.next();
                (Stamp { seq, recv: Nanos::new(recv), venue: venue.map(Nanos::new) }, event)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn events_round_trip(rows in stamped()) {
        let mut bytes = Vec::new();
        let mut context = Context::default();
        for (stamp, event) in &rows {
            event.encode(stamp, &mut context, &mut Encoder::new(&mut bytes));
        }
        let mut context = Context::default();
        let mut input = Decoder::new(&bytes);
        let mut read = Vec::new();
        for (stamp, _) in &rows {
            Event::decode(1, stamp.seq, &mut context, &mut input, &mut read).expect("decodes");
        }
        prop_assert_eq!(read, rows);
        prop_assert_eq!(input.finish(), Ok(()));
    }

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut context = Context::default();
        let mut input = Decoder::new(&bytes);
        let mut out = Vec::new();
        while Event::decode(1, Seq::FIRST, &mut context, &mut input, &mut out).is_ok() {}
    }
}

#[test]
fn a_quiet_trade_takes_few_bytes() {
    let mut bytes = Vec::new();
    let mut context = Context::default();
    let mut stamp = Stamp { seq: Seq::FIRST, recv: Nanos::new(1_723_161_255_030_314_667), venue: None };
    let mut sizes = Vec::new();
    for count in 0..3 {
        stamp.recv = stamp.recv.plus(200_000);
        stamp.venue = Some(Nanos::from_millis(1_723_161_256_298 + count));
        let event = Event::Market(MarketEvent::Trade(Trade {
            instrument: InstrumentId(0),
            taker: Side::Sell,
            price: "61800.30".parse().expect("a price"),
            qty: "0.006".parse().expect("a quantity"),
            id: 5_266_583_935 + count as u64,
        }));
        let before = bytes.len();
        event.encode(&stamp, &mut context, &mut Encoder::new(&mut bytes));
        sizes.push(bytes.len() - before);
    }
    assert!(sizes[2] <= 10, "{sizes:?}");
}
