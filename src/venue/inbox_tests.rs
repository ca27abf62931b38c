//! What the two lanes promise, full and not full.

use proptest::prelude::*;

use super::*;
use crate::market::{Price, Qty, Quote, Side, Trade};

fn inbound(event: Event) -> Inbound {
    Inbound { recv: Nanos::ZERO, venue_time: None, venue: Venue::BinanceSpot, event }
}

fn quote(instrument: u32, bid: i64) -> Inbound {
    let (bid, ask) = (Price::from_raw(bid), Price::from_raw(bid + 1));
    let quote = Quote { instrument: InstrumentId(instrument), bid, ask, bid_qty: Qty::ZERO, ask_qty: Qty::ZERO };
    inbound(Event::Market(MarketEvent::Quote(quote)))
}

fn trade(id: u64) -> Inbound {
    let trade = Trade { instrument: InstrumentId(0), taker: Side::Buy, price: Price::ZERO, qty: Qty::ZERO, id };
    inbound(Event::Market(MarketEvent::Trade(trade)))
}

fn offer(inbox: &mut Inbox, events: impl IntoIterator<Item = Inbound>) -> Offered {
    let mut parcel: Parcel = events.into_iter().collect();
    inbox.offer(&mut parcel)
}

/// Everything there is, shortly: `q0=5` a quote, `t3` a trade, `-2` two left out, `!` a tick of the priority lane.
fn drain(receiver: &mut InboxReceiver) -> String {
    let mut words = Vec::new();
    while let Some(inbound) = receiver.try_recv() {
        words.push(match inbound.event {
            Event::Market(MarketEvent::Quote(quote)) => format!("q{}={}", quote.instrument.0, quote.bid.raw()),
            Event::Market(MarketEvent::Trade(trade)) => format!("t{}", trade.id),
            Event::Link(Link { state: LinkState::Conflated { frames }, .. }) => format!("-{frames}"),
            Event::Tick => "!".into(),
            other => format!("{other:?}"),
        });
    }
    words.join(" ")
}

#[test]
fn a_full_lane_conflates_quotes_and_holds_trades_back() {
    let (mut inbox, mut receiver) = channel(2);
    assert_eq!(offer(&mut inbox, [trade(1)]), Offered::Taken);
    assert_eq!(offer(&mut inbox, [trade(2)]), Offered::Taken);
    assert_eq!(offer(&mut inbox, [quote(0, 5)]), Offered::Conflated { left_out: 0 });
    assert_eq!(offer(&mut inbox, [quote(1, 7)]), Offered::Conflated { left_out: 0 });
    assert_eq!(offer(&mut inbox, [quote(0, 6)]), Offered::Conflated { left_out: 1 });
    assert_eq!(offer(&mut inbox, [trade(3)]), Offered::Full);
    assert_eq!(offer(&mut inbox, [quote(0, 9), trade(4)]), Offered::Full, "a frame is not torn");
    assert_eq!(drain(&mut receiver), "t1 t2");
    assert!(inbox.has_waiting());
    assert_eq!(offer(&mut inbox, [trade(3)]), Offered::Taken);
    assert_eq!(drain(&mut receiver), "-1 q0=6 q1=7 t3", "what waited goes first");
    assert_eq!((inbox.gauges().conflated(), inbox.gauges().waits(), receiver.len()), (1, 2, 0));
    assert_eq!(inbox.gauges().market_events_max(), 4);
}

#[test]
fn waiting_quotes_can_be_flushed_alone() {
    let (mut inbox, mut receiver) = channel(1);
    assert_eq!(offer(&mut inbox, [trade(1)]), Offered::Taken);
    assert_eq!(offer(&mut inbox, [quote(0, 5)]), Offered::Conflated { left_out: 0 });
    assert!(!inbox.flush());
    assert_eq!(drain(&mut receiver), "t1");
    assert!(inbox.flush());
    assert_eq!(drain(&mut receiver), "q0=5", "nothing was left out, so nothing is said");
}

#[test]
fn priority_overtakes_frames_but_does_not_tear_them() {
    let (mut inbox, mut receiver) = channel(8);
    assert_eq!(offer(&mut inbox, [trade(1), trade(2)]), Offered::Taken);
    assert_eq!(offer(&mut inbox, [trade(3)]), Offered::Taken);
    let first = receiver.try_recv();
    assert_eq!(first, Some(trade(1)));
    inbox.offer_priority(inbound(Event::Tick)).expect("there is room");
    assert_eq!(receiver.len(), 3);
    assert_eq!(drain(&mut receiver), "t2 ! t3");
}

#[test]
fn a_full_priority_lane_gives_the_event_back() {
    let (inbox, _receiver) = channel(1);
    for _ in 0..PRIORITY_MAX {
        inbox.offer_priority(inbound(Event::Tick)).expect("there is room");
    }
    assert!(inbox.offer_priority(inbound(Event::Tick)).is_err());
}

#[test]
fn both_ends_notice_that_the_other_is_gone() {
    let (inbox, mut receiver) = channel(1);
    assert!(receiver.recv_timeout(Duration::from_millis(1)).is_none());
    assert!(!receiver.is_closed());
    inbox.offer_priority(inbound(Event::Tick)).expect("there is room");
    drop(inbox);
    assert!(receiver.recv_timeout(Duration::from_secs(60)).is_some());
    assert!(receiver.recv_timeout(Duration::from_secs(60)).is_none(), "and at once");
    assert!(receiver.is_closed());
    let (mut inbox, receiver) = channel(1);
    assert!(!inbox.is_closed());
    drop(receiver);
    assert!(inbox.is_closed());
    assert_eq!(offer(&mut inbox, [trade(1)]), Offered::Closed);
}

#[test]
fn a_parcel_wakes_the_receiver() {
    let (mut inbox, mut receiver) = channel(1);
    let sender = std::thread::spawn(move || inbox.send_market(Parcel::from([trade(1)])).is_ok());
    assert_eq!(receiver.recv_timeout(Duration::from_secs(60)), Some(trade(1)));
    assert!(sender.join().expect("it does not panic"));
}

proptest! {
    /// Whatever is sent and taken when: all trades come, in order; the last quote of each instrument comes; the rest was counted.
    #[test]
    fn nothing_is_dropped_unsaid(capacity in 1_usize..5, steps in proptest::collection::vec((0_u8..4, 0_u32..3), 1..200)) {
        let (mut inbox, mut receiver) = channel(capacity);
        let (mut sent_quotes, mut came_quotes, mut said) = (0_u64, 0_u64, 0_u64);
        let (mut last_sent, mut last_came) = ([0_i64; 3], [0_i64; 3]);
        let (mut next_trade, mut came_trades) = (0_u64, Vec::new());
        let mut pending: Option<Parcel> = None;
        let mut take = |receiver: &mut InboxReceiver| {
            let Some(inbound) = receiver.try_recv() else { return false };
            match inbound.event {
                Event::Market(MarketEvent::Quote(quote)) => {
                    came_quotes += 1;
                    let index = quote.instrument.index();
                    assert!(last_came[index] < quote.bid.raw(), "quotes of an instrument stay in order");
                    last_came[index] = quote.bid.raw();
                }
                Event::Market(MarketEvent::Trade(trade)) => came_trades.push(trade.id),
                Event::Link(Link { state: LinkState::Conflated { frames }, .. }) => said += frames,
                other => panic!("{other:?} was not sent"),
            }
            true
        };
        for (number, (kind, instrument)) in steps.into_iter().enumerate() {
            match kind {
                0 | 1 if pending.is_none() => {
                    let bid = number as i64 + 1;
                    sent_quotes += 1;
                    last_sent[instrument as usize] = bid;
                    prop_assert_ne!(offer(&mut inbox, [quote(instrument, bid)]), Offered::Full);
                }
                2 => {
                    let mut parcel = pending.take().unwrap_or_else(|| {
                        next_trade += 1;
                        Parcel::from([trade(next_trade)])
                    });
                    if inbox.offer(&mut parcel) == Offered::Full {
                        pending = Some(parcel);
                    }
                }
                _ => {
                    take(&mut receiver);
                }
            }
        }
        while !inbox.flush() || pending.is_some() {
            while take(&mut receiver) {}
            if let Some(mut parcel) = pending.take()
                && inbox.offer(&mut parcel) == Offered::Full
            {
                pending = Some(parcel);
            }
        }
        while take(&mut receiver) {}
        prop_assert_eq!(came_trades, (1..=next_trade).collect::<Vec<_>>());
        prop_assert_eq!(last_came, last_sent);
        prop_assert_eq!(sent_quotes, came_quotes + said);
        prop_assert_eq!(said, inbox.gauges().conflated());
        prop_assert_eq!(receiver.len(), 0);
    }
}
