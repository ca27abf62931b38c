//! What one stock's frames become: `Feed`, a part of the decoder.

use jangbu_journal::Nanos;

use super::book::BookFrame;
use super::rest::quote::QuoteBoard;
use super::stream::{BestFrame, HoldingFrame, InterruptionFrame, Loose, TradeFrame};
use crate::event::market::Vi;
use crate::event::{Answer, Event, MarketEvent};
use crate::market::number::ONE;
use crate::market::{Activity, Depth, InstrumentId, Level, Money, Price, Qty, Quote, Rate, Rounding, Side, Trade};
use crate::venue::kiwoom::time::{Date, TimeOfDay};
use crate::venue::raw::Made;
use crate::venue::wire_error::WireError;

/// Figures of a day are told at most once in so long.
const ACTIVITY_NS: i64 = 1_000_000_000;
/// Capitalisations are written in this many KRW.
const HUNDRED_MILLION: i128 = 100_000_000;

/// What an entry of a frame came to.
pub(super) enum Entry {
    Events,
    Nothing,
    Waiting,
    Unknown,
}

/// What is known of one instrument's streams.
#[derive(Debug)]
pub(super) struct Feed {
    /// Which.
    pub(super) id: InstrumentId,
    /// Day, and volume traded on it, at the last trade.
    traded: Option<(Date, Qty)>,
    last_price: Option<Price>,
    pub(super) best: Option<(Option<Price>, Option<Price>)>,
    interruption: Option<Vi>,
    holding: Option<(Qty, Price)>,
    /// The figures of the day that were told last, and when.
    activity: Option<(Nanos, Activity)>,
    /// Books since it was last lost.
    pub(super) books: u64,
}

impl Feed {
    pub(super) const fn new(id: InstrumentId) -> Self {
        Feed { id, traded: None, last_price: None, best: None, interruption: None, holding: None, activity: None, books: 0 }
    }

    pub(super) fn on_trade(&mut self, received: Nanos, frame: &TradeFrame, out: &mut Made) -> Result<Entry, WireError> {
        let (Some(price), Some(taken)) = (frame.price, frame.taken) else { return Ok(Entry::Unknown) };
        if !price.is_positive() || taken.qty.is_zero() {
            return Ok(Entry::Unknown);
        }
        let time = frame.time.map(|time| time.near(received));
        // Of our clock, not of the broker's time of day: half a day apart, that would be now of this day and now of that.
        let day = Date::at(received);
        // No trade has a number; the volume of the day after it is as good: it only grows. (KRX and NXT count apart, and a stock is
        // registered at one of them.)
        let volume = frame.volume.map(Qty::abs).filter(|volume| volume.is_positive());
        let volume = volume.ok_or(WireError::Missing { what: "a trade (0B)", field: "13", expected: "the volume of the day" })?;
        if self.traded.is_some_and(|(last_day, last)| day < last_day || (day == last_day && volume <= last)) {
            return Ok(Entry::Nothing);
        }
        self.traded = Some((day, volume));
        let taker = taken.taker.unwrap_or_else(|| self.likely_taker(frame, price));
        self.last_price = Some(price);
        let id = u64::try_from(volume.raw() / i128::from(ONE)).unwrap_or(u64::MAX);
        let trade = Trade { instrument: self.id, taker, price, qty: taken.qty, id };
        out.push((time, Event::Market(MarketEvent::Trade(trade))));
        self.tell_activity(received, time, frame, out);
        Ok(Entry::Events)
    }

    /// The figures of the day that came with a trade, when they are others than those told last, and that is a second ago.
    fn tell_activity(&mut self, received: Nanos, time: Option<Nanos>, frame: &TradeFrame, out: &mut Made) {
        if self.activity.is_some_and(|(told, _)| received.since(told) < ACTIVITY_NS) {
            return;
        }
        // The signs of the ratios are colours.
        let size = |rate: Loose<Rate>| rate.0.map(|rate| Rate::from_raw(rate.raw().saturating_abs()));
        let capitalisation = frame.capitalisation.0.and_then(|worth| worth.raw().checked_abs()?.checked_mul(HUNDRED_MILLION));
        let activity = Activity {
            instrument: self.id,
            turnover_change: frame.turnover_change.0,
            volume_ratio: size(frame.volume_ratio),
            turnover_rate: size(frame.turnover_rate),
            same_time_ratio: size(Loose(frame.same_time_ratio.0)),
            capitalisation: capitalisation.map(Money::from_raw),
        };
        let nothing = Activity { instrument: self.id, ..Activity::default() };
        if activity == nothing || self.activity.is_some_and(|(_, told)| told == activity) {
            return;
        }
        self.activity = Some((received, activity));
        out.push((time, Event::Market(MarketEvent::Activity(Box::new(activity)))));
    }

    /// A trade of an auction has no taker, and our trades have one: its place in the spread decides, else the last price.
    fn likely_taker(&self, frame: &TradeFrame, price: Price) -> Side {
        let stated = |side: Option<Price>| side.filter(|side| side.is_positive());
        if stated(frame.ask).is_some_and(|ask| price >= ask) {
            return Side::Buy;
        }
        let sold = stated(frame.bid).is_some_and(|bid| price <= bid) || self.last_price.is_some_and(|last| price < last);
        if sold { Side::Sell } else { Side::Buy }
    }

    pub(super) fn on_best(&mut self, frame: &BestFrame, out: &mut Made) -> Entry {
        if self.best.replace((frame.bid, frame.ask)) == Some((frame.bid, frame.ask)) {
            return Entry::Nothing;
        }
        let (bid, ask) = (frame.bid.unwrap_or(Price::ZERO), frame.ask.unwrap_or(Price::ZERO));
        // The venue does not say how much stands there.
        let quote = Quote { instrument: self.id, bid, ask, bid_qty: Qty::ZERO, ask_qty: Qty::ZERO };
        out.push((None, Event::Market(MarketEvent::Quote(quote))));
        Entry::Events
    }

    pub(super) fn on_book(&mut self, received: Nanos, frame: &BookFrame, out: &mut Made) -> Entry {
        self.snapshot(frame.time.map(|time| time.near(received)), &frame.bids, &frame.asks, out);
        Entry::Events
    }

    /// A page of prices and book: told only while the stream has not brought a book.
    pub(super) fn on_board(&mut self, received: Nanos, board: &QuoteBoard, out: &mut Made) {
        let has_levels = board.bids.iter().chain(&board.asks).any(|(price, qty)| price.is_positive() && qty.is_positive());
        if self.books == 0 && has_levels {
            self.snapshot(board.head.time.map(|time| time.near(received)), &board.bids, &board.asks, out);
        }
    }

    fn snapshot(&mut self, time: Option<Nanos>, bids: &[(Price, Qty)], asks: &[(Price, Qty)], out: &mut Made) {
        self.books += 1;
        let levels = (bids.len() + asks.len()) as u32;
        let depth = Depth { instrument: self.id, snapshot: true, levels, update_id: self.books };
        out.push((time, Event::Market(MarketEvent::Depth(depth))));
        for (side, list) in [(Side::Buy, bids), (Side::Sell, asks)] {
            out.extend(
                list.iter().map(|&(price, qty)| {
                    (time, Event::Market(MarketEvent::Level(Level { instrument: self.id, side, price, qty })))
                }),
            );
        }
    }

    pub(super) fn on_holding(&mut self, frame: &HoldingFrame, out: &mut Made) -> Result<Entry, WireError> {
        let missing = WireError::Missing { what: "a holding (04)", field: "930", expected: "how much is held" };
        let qty = frame.qty.ok_or(missing)?;
        // The average is cut to whole KRW; the cost says it exactly.
        let exact = frame.cost.and_then(|cost| cost.per(qty, Rounding::HalfEven));
        let average = exact.or(frame.average).unwrap_or(Price::ZERO);
        if self.holding.replace((qty, average)) == Some((qty, average)) {
            return Ok(Entry::Nothing);
        }
        out.push((None, Event::Answer(Box::new(Answer::Position { instrument: self.id, qty, average }))));
        Ok(Entry::Events)
    }

    pub(super) fn on_interruption(&mut self, received: Nanos, frame: &InterruptionFrame, out: &mut Made) -> Entry {
        let near = |time: TimeOfDay| time.near(received);
        let active = frame.is_active();
        let price = frame.price.filter(|price| price.is_positive());
        let vi = Vi {
            instrument: self.id,
            active,
            static_price: price.filter(|_| frame.is_static()),
            dynamic_price: price.filter(|_| frame.is_dynamic()),
            until: frame.ended.filter(|_| !active).map(near),
        };
        // Registered for the whole market, the same is told for KRX and for both exchanges together.
        if self.interruption.replace(vi) == Some(vi) {
            return Entry::Nothing;
        }
        let time = if active { frame.began } else { frame.ended };
        out.push((time.map(near), Event::Market(MarketEvent::Vi(Box::new(vi)))));
        Entry::Events
    }
}
