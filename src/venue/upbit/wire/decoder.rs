//! Frames in, events out: [`Decoder`]. A pure function of the frames in their order, so that `replay --reparse` can run it again.

use std::collections::VecDeque;

use jangbu_journal::Nanos;

use super::code::MarketCode;
use super::frame::{Control, Message, messages};
use super::market::{BookHead, Candle, MarketState, Ticker, Trade};
use super::{FrameCounts, Levels, WireError};
use crate::event::market::{Phase, PhaseKind};
use crate::event::{Event, MarketEvent};
use crate::market::{Bar, Depth, InstrumentId, Level, Qty, Rounding, Side, Trade as MarketTrade, Venue};
use crate::venue::channel::Channel;

pub use crate::venue::raw::Made;

/// Ids of trades that are remembered, by market. They are unique but not in order, so the last one alone does not tell a
/// duplicate
/// from a late one. After a reconnect the venue repeats one trade; a fault may repeat more.
const TRADES_REMEMBERED: usize = 256;
/// Length of the candles that are subscribed to.
const CANDLE_NS: i64 = 60_000_000_000;

/// What became of a frame.
pub type FrameOutcome = crate::venue::counts::FrameOutcome<Control>;

/// Turns the frames of one gateway (all its connections) into events, and accounts for every one.
///
/// ```
/// use jangbu::market::InstrumentId;
/// use jangbu::venue::upbit::wire::{Decoder, FrameOutcome};
///
/// let mut decoder = Decoder::new([("KRW-XRP", InstrumentId(0))]);
/// let mut events = Vec::new();
/// let frame =
/// br#"{"ty":"trade","cd":"KRW-XRP","tms":1795165445180,"ttms":1795165445120,"tp":3121,"tv":12.5,"ab":"BID","sid":7}"#;
/// assert_eq!(decoder.frame(frame, &mut events), FrameOutcome::Events);
/// assert_eq!(decoder.frame(frame, &mut events), FrameOutcome::Duplicate);
/// assert_eq!(events.len(), 1);
/// ```
pub struct Decoder {
    /// By code, sorted; one that is no code of Upbit's can come in no message.
    markets: Vec<(MarketCode, usize)>,
    feeds: Vec<Feed>,
    counts: FrameCounts,
    levels: Levels,
}

/// What is known of one market.
struct Feed {
    id: InstrumentId,
    /// The last ids, in the order they came.
    trades: VecDeque<u64>,
    /// Greatest id that was forgotten: what is not above it may have been seen.
    forgotten: Option<u64>,
    /// When the last book stood, and what it was; `None` when the book was lost.
    book: Option<(Nanos, Levels)>,
    phase: Option<PhaseKind>,
    /// The candle that grows, and when it was told last.
    candle: Option<(Bar, Nanos)>,
}

impl Decoder {
    /// A decoder for these markets.
    pub fn new<S: AsRef<str>>(ids: impl IntoIterator<Item = (S, InstrumentId)>) -> Self {
        let (markets, feeds) = (Vec::new(), Vec::new());
        let mut decoder = Decoder { markets, feeds, counts: FrameCounts::default(), levels: Levels::default() };
        ids.into_iter().for_each(|(code, id)| decoder.add(code.as_ref(), id));
        decoder
    }

    /// One more market: from now on its frames make events. One that is known already stays as it is.
    pub fn add(&mut self, code: &str, id: InstrumentId) {
        if self.feeds.iter().any(|feed| feed.id == id) {
            return;
        }
        if let Ok(code) = code.to_uppercase().parse::<MarketCode>() {
            self.markets.push((code, self.feeds.len()));
            self.markets.sort();
        }
        self.feeds.push(Feed { id, trades: VecDeque::new(), forgotten: None, book: None, phase: None, candle: None });
    }

    /// A frame came: its events go to the end of `out`.
    pub fn frame(&mut self, bytes: &[u8], out: &mut Made) -> FrameOutcome {
        let before = out.len();
        let mut outcome = match messages(bytes) {
            Ok(messages) => {
                let mut said = None;
                for text in messages {
                    let next = self.message(text, out);
                    // Of a list the first counts, unless a later one could not be read: that must show.
                    if said.is_none() || matches!(next, FrameOutcome::Malformed(_)) {
                        said = Some(next);
                    }
                }
                said.unwrap_or(FrameOutcome::Unknown)
            }
            Err(error) => FrameOutcome::Malformed(error),
        };
        if out.len() > before && !matches!(outcome, FrameOutcome::Malformed(_)) {
            outcome = FrameOutcome::Events;
        }
        self.counts.count(&outcome);
        outcome
    }

    /// The connection was lost: the book of `instrument` is out of step until the next one comes.
    pub fn book_lost(&mut self, instrument: InstrumentId, out: &mut Made) {
        if let Some(feed) = self.feeds.iter_mut().find(|feed| feed.id == instrument)
            && feed.book.take().is_some()
        {
            out.push((None, Event::Market(MarketEvent::BookLost(instrument))));
        }
    }

    /// Runs a raw frame of the journal again, whole: the events it made when it came. An empty frame on an instrument's channel
    /// says
    /// that its connection was lost.
    pub fn reparse(&mut self, channel: Channel, bytes: &[u8], out: &mut Made) {
        match channel {
            Channel::Connection(_) => {
                self.frame(bytes, out);
            }
            Channel::Snapshot(instrument) => self.book_lost(instrument, out),
        }
    }

    /// What became of the frames so far.
    pub fn counts(&self) -> &FrameCounts {
        &self.counts
    }

    /// When the book of an instrument stood as it does; `None` while it is lost.
    pub fn book_time(&self, instrument: InstrumentId) -> Option<Nanos> {
        self.feeds.iter().find(|feed| feed.id == instrument)?.book.as_ref().map(|(time, _)| *time)
    }

    fn message(&mut self, text: &str, out: &mut Made) -> FrameOutcome {
        let message = match Message::parse(text, &mut self.levels) {
            Ok(message) => message,
            Err(error) => return FrameOutcome::Malformed(error),
        };
        match message {
            Message::Trade(trade) => match self.feed(trade.code) {
                Some(feed) => feed.on_trade(&trade, out),
                None => FrameOutcome::Unknown,
            },
            Message::Book(head) => match find(&self.markets, &mut self.feeds, head.code) {
                Some(feed) => feed.on_book(&head, &self.levels, out),
                None => FrameOutcome::Unknown,
            },
            Message::Ticker(ticker) => match self.feed(ticker.code) {
                Some(feed) => feed.on_ticker(&ticker, out),
                None => FrameOutcome::Unknown,
            },
            Message::Candle { candle, .. } => match self.feed(candle.code) {
                Some(feed) => feed.on_candle(&candle, out),
                None => FrameOutcome::Unknown,
            },
            Message::Control(control) => FrameOutcome::Control(control),
            // Our orders and assets come on a connection of their own, which is not this decoder's.
            Message::MyOrder(_) | Message::MyAsset(_) | Message::Unknown => FrameOutcome::Unknown,
        }
    }

    fn feed(&mut self, code: MarketCode) -> Option<&mut Feed> {
        find(&self.markets, &mut self.feeds, code)
    }
}

impl Feed {
    fn on_trade(&mut self, trade: &Trade, out: &mut Made) -> FrameOutcome {
        if !trade.price.is_positive() || !trade.qty.is_positive() {
            return FrameOutcome::Unknown;
        }
        if self.trades.contains(&trade.id) {
            return FrameOutcome::Duplicate;
        }
        if self.forgotten.is_some_and(|forgotten| trade.id <= forgotten) {
            return FrameOutcome::Stale;
        }
        if self.trades.len() == TRADES_REMEMBERED {
            self.forgotten = self.forgotten.max(self.trades.pop_front());
        }
        self.trades.push_back(trade.id);
        let Trade { taker, price, qty, id, .. } = *trade;
        let made = MarketTrade { instrument: self.id, taker, price, qty, id };
        out.push((Some(trade.trade_time.unwrap_or(trade.time)), Event::Market(MarketEvent::Trade(made))));
        FrameOutcome::Events
    }

    fn on_book(&mut self, head: &BookHead, levels: &Levels, out: &mut Made) -> FrameOutcome {
        if let Some((time, known)) = &mut self.book {
            if head.time < *time {
                return FrameOutcome::Stale;
            }
            if head.time == *time && known == levels {
                return FrameOutcome::Duplicate;
            }
            *time = head.time;
            known.clone_from(levels);
        } else {
            self.book = Some((head.time, levels.clone()));
        }
        let (instrument, at) = (self.id, Some(head.time));
        // At most BOOK_ROWS_MAX a side. Upbit numbers no books: the millisecond stands for the number.
        let count = u32::try_from(levels.len()).unwrap_or(u32::MAX);
        let update_id = u64::try_from(head.time.get() / 1_000_000).unwrap_or(0);
        out.push((at, Event::Market(MarketEvent::Depth(Depth { instrument, snapshot: true, levels: count, update_id }))));
        for (side, rows) in [(Side::Buy, &levels.bids), (Side::Sell, &levels.asks)] {
            let level = |&(price, qty): &_| (at, Event::Market(MarketEvent::Level(Level { instrument, side, price, qty })));
            out.extend(rows.iter().map(level));
        }
        FrameOutcome::Events
    }

    fn on_ticker(&mut self, ticker: &Ticker, out: &mut Made) -> FrameOutcome {
        let kind = match (ticker.state, ticker.suspended) {
            (Some(MarketState::Preview | MarketState::Delisted), _) => PhaseKind::Closed,
            (_, Some(true)) => PhaseKind::Halted,
            (Some(MarketState::Active), _) => PhaseKind::Continuous,
            (None, _) => return FrameOutcome::Conflated,
        };
        if self.phase.replace(kind) == Some(kind) {
            return FrameOutcome::Conflated;
        }
        let phase = Phase { venue: Venue::Upbit, instrument: Some(self.id), kind };
        out.push((Some(ticker.time), Event::Market(MarketEvent::Phase(phase))));
        FrameOutcome::Events
    }
}

impl Feed {
    /// A candle grows until the next one begins: then it is told. Upbit does not say who took: all of it counts as bought, and how
    /// many trades there were is not known.
    fn on_candle(&mut self, candle: &Candle, out: &mut Made) -> FrameOutcome {
        let (volume, turnover) = (candle.volume.qty(), candle.turnover.money_rounded(Rounding::HalfEven));
        let (Ok(volume), Some(turnover)) = (volume, turnover) else {
            return FrameOutcome::Malformed(WireError::field(
                "candle",
                "candle_acc_trade_volume",
                "",
                "a volume and an amount that fit",
            ));
        };
        let bar = Bar {
            instrument: self.id,
            start: candle.start,
            span: CANDLE_NS,
            open: candle.open,
            high: candle.high,
            low: candle.low,
            close: candle.close,
            bought: volume,
            sold: Qty::ZERO,
            turnover,
            trades: 0,
        };
        if !bar.is_sound() {
            let seen = format!("{bar:?}");
            return FrameOutcome::Malformed(WireError::field("candle", "prices and volume", &seen, "a bar that can be"));
        }
        let closed = match self.candle {
            Some((last, told)) if bar.start < last.start || candle.time < told => return FrameOutcome::Stale,
            Some((last, _)) if bar.start > last.start => Some(last),
            _ => None,
        };
        self.candle = Some((bar, candle.time));
        match closed {
            Some(last) => {
                out.push((Some(candle.time), Event::Market(MarketEvent::Bar(Box::new(last)))));
                FrameOutcome::Events
            }
            None => FrameOutcome::Conflated,
        }
    }
}

fn find<'a>(markets: &[(MarketCode, usize)], feeds: &'a mut [Feed], code: MarketCode) -> Option<&'a mut Feed> {
    let at = markets.binary_search_by(|(known, _)| known.cmp(&code)).ok()?;
    feeds.get_mut(markets[at].1)
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;
