//! Frames in, events out: [`Decoder`]. A pure function of the frames in their order, so that `replay --reparse` can run it again.

use jangbu_journal::Nanos;

use super::book_sync::{BookSync, DeltaIds, DeltaOutcome, SnapshotOutcome, SyncRule};
use super::frame::{DeltaFrame, Frame, KlineFrame, MarkFrame, PartialFrame, QuoteFrame, TradeFrame};
use super::rest;
use super::{FrameCounts, FrameOutcome};
use crate::event::market::Mark;
use crate::event::{Event, MarketEvent};
use crate::market::{Bar, InstrumentId, Qty, Quote, Side, Trade, Venue};
use crate::venue::channel::Channel;
use crate::venue::levels::Levels;
use crate::venue::raw::Made;
use crate::venue::wire_error::WireError;

/// Turns the frames of one gateway (all its connections) into events, and accounts for every one.
///
/// ```
/// use jangbu::market::{InstrumentId, Venue};
/// use jangbu::venue::binance::wire::{Decoder, FrameOutcome};
///
/// let mut decoder = Decoder::new(Venue::BinanceSpot, [("XRPUSDT", InstrumentId(0))]);
/// let mut events = Vec::new();
/// let frame = br#"{"u":77000123,"s":"XRPUSDT","b":"2.1054","B":"900","a":"2.1056","A":"321"}"#;
/// assert_eq!(decoder.frame(frame, &mut events), FrameOutcome::Events);
/// assert_eq!(decoder.frame(frame, &mut events), FrameOutcome::Duplicate);
/// assert_eq!(events.len(), 1);
/// ```
pub struct Decoder {
    venue: Venue,
    rule: SyncRule,
    /// By symbol, upper case, sorted.
    symbols: Vec<(String, usize)>,
    feeds: Vec<Feed>,
    counts: FrameCounts,
    /// Books that were lost to a gap.
    gaps: u64,
    levels: Levels,
}

/// What is known of one instrument's streams.
struct Feed {
    id: InstrumentId,
    book: BookSync,
    last_trade: Option<u64>,
    last_aggregate: Option<u64>,
    last_quote: Option<u64>,
    last_bar: Option<i64>,
    /// When the last mark was sent.
    last_mark: Option<Nanos>,
}

impl Decoder {
    /// A decoder for these symbols of a venue. Symbols are matched without regard to case.
    pub fn new<S: AsRef<str>>(venue: Venue, ids: impl IntoIterator<Item = (S, InstrumentId)>) -> Self {
        let rule = if venue == Venue::BinanceUsdM { SyncRule::Futures } else { SyncRule::Spot };
        let (symbols, feeds) = (Vec::new(), Vec::new());
        let mut decoder =
            Decoder { venue, rule, symbols, feeds, counts: FrameCounts::default(), gaps: 0, levels: Levels::default() };
        ids.into_iter().for_each(|(symbol, id)| decoder.add(symbol.as_ref(), id));
        decoder
    }

    /// One more symbol: from now on its frames make events. One that is known already stays as it is.
    pub fn add(&mut self, symbol: &str, id: InstrumentId) {
        if self.feeds.iter().any(|feed| feed.id == id) {
            return;
        }
        self.symbols.push((symbol.to_uppercase(), self.feeds.len()));
        self.symbols.sort();
        self.feeds.push(Feed {
            id,
            book: BookSync::new(self.rule, id),
            last_trade: None,
            last_aggregate: None,
            last_quote: None,
            last_bar: None,
            last_mark: None,
        });
    }

    /// A frame of a stream came: its events go to the end of `out`.
    pub fn frame(&mut self, text: &[u8], out: &mut Made) -> FrameOutcome {
        let outcome = self.outcome(text, out);
        self.counts.count(&outcome);
        outcome
    }

    /// A depth snapshot of the REST interface came for `instrument`.
    ///
    /// # Errors
    /// When it cannot be read, or the instrument is not one of this decoder's; the snapshot is then wanted again.
    pub fn snapshot(&mut self, instrument: InstrumentId, bytes: &[u8], out: &mut Made) -> Result<SnapshotOutcome, WireError> {
        let unknown = || WireError::UnknownSymbol { what: "a depth snapshot", symbol: instrument.to_string() };
        let feed = self.feeds.iter_mut().find(|feed| feed.id == instrument).ok_or_else(unknown)?;
        let head = match rest::depth(bytes, &mut self.levels) {
            Ok(head) => head,
            Err(error) => {
                feed.book.ask_again();
                return Err(error);
            }
        };
        let outcome = feed.book.snapshot(head.last_update_id, head.time, &self.levels, out);
        if let SnapshotOutcome::Accepted { applied, stale } = outcome {
            self.counts.settle(applied, stale);
        }
        Ok(outcome)
    }

    /// The next instrument whose book needs a snapshot; each is named once until its snapshot came or failed.
    pub fn wants_snapshot(&mut self) -> Option<InstrumentId> {
        self.feeds.iter_mut().find_map(|feed| feed.book.wants_snapshot().then_some(feed.id))
    }

    /// The snapshot asked for could not be had: it is wanted again.
    pub fn snapshot_failed(&mut self, instrument: InstrumentId) {
        if let Some(feed) = self.feeds.iter_mut().find(|feed| feed.id == instrument) {
            feed.book.ask_again();
        }
    }

    /// The connection that carries the book of `instrument` was lost, and nothing overlaps it.
    pub fn book_lost(&mut self, instrument: InstrumentId, out: &mut Made) {
        let mut dropped = 0;
        if let Some(feed) = self.feeds.iter_mut().find(|feed| feed.id == instrument) {
            feed.book.lose(&mut dropped, out);
        }
        self.counts.settle(0, dropped);
    }

    /// Runs a raw frame of the journal again, whole (see [`FrameJoiner`](crate::venue::raw::FrameJoiner)): the events it made when it came.
    ///
    /// Quotes that the inbox conflated are made again here; where raw frames are kept, none is conflated.
    pub fn reparse(&mut self, channel: Channel, bytes: &[u8], out: &mut Made) {
        match channel {
            Channel::Connection(_) => {
                self.frame(bytes, out);
            }
            Channel::Snapshot(instrument) if bytes.is_empty() => self.book_lost(instrument, out),
            Channel::Snapshot(instrument) => {
                // A snapshot that cannot be read made nothing when it came, either.
                let _ = self.snapshot(instrument, bytes, out);
            }
        }
    }

    /// The last update of an instrument's book, when it is whole.
    pub fn book_update(&self, instrument: InstrumentId) -> Option<u64> {
        self.feeds.iter().find(|feed| feed.id == instrument)?.book.last_update()
    }

    /// What became of the frames so far.
    pub fn counts(&self) -> &FrameCounts {
        &self.counts
    }

    /// For the gateway: frames that were left out because the inbox was full.
    pub fn conflated(&mut self, frames: u64) {
        self.counts.conflate(frames);
    }

    /// How often a book was lost to a gap in the ids.
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    /// The venue whose frames these are.
    pub fn venue(&self) -> Venue {
        self.venue
    }

    fn outcome(&mut self, text: &[u8], out: &mut Made) -> FrameOutcome {
        let frame = match Frame::parse(text, &mut self.levels) {
            Ok(frame) => frame,
            Err(error) => return FrameOutcome::Malformed(error),
        };
        match frame {
            Frame::Trade(frame) => self.on_trade(&frame, out),
            Frame::Quote(frame) => self.on_quote(&frame, out),
            Frame::Delta(frame) => self.on_delta(&frame, out),
            Frame::Partial(frame) => self.on_partial(&frame, out),
            Frame::Kline(frame) => self.on_kline(&frame, out),
            Frame::Mark(frame) => self.on_mark(&frame, out),
            Frame::Control(control) => FrameOutcome::Control(control),
            Frame::Snapshot | Frame::Unknown => FrameOutcome::Unknown,
        }
    }

    fn on_trade(&mut self, frame: &TradeFrame<'_>, out: &mut Made) -> FrameOutcome {
        let Some(feed) = find(&self.symbols, &mut self.feeds, frame.symbol) else { return FrameOutcome::Unknown };
        // Futures send placeholders (`"X":"NA"`, price and quantity 0) that are nobody's trade.
        if !frame.price.is_positive() || !frame.qty.is_positive() {
            return FrameOutcome::Unknown;
        }
        let last = if frame.aggregate { &mut feed.last_aggregate } else { &mut feed.last_trade };
        if last.is_some_and(|last| frame.id <= last) {
            return FrameOutcome::Duplicate;
        }
        *last = Some(frame.id);
        let taker = if frame.buyer_is_maker { Side::Sell } else { Side::Buy };
        let trade = Trade { instrument: feed.id, taker, price: frame.price, qty: frame.qty, id: frame.id };
        out.push((frame.time, Event::Market(MarketEvent::Trade(trade))));
        FrameOutcome::Events
    }

    fn on_quote(&mut self, frame: &QuoteFrame<'_>, out: &mut Made) -> FrameOutcome {
        let Some(feed) = find(&self.symbols, &mut self.feeds, frame.symbol) else { return FrameOutcome::Unknown };
        if feed.last_quote.is_some_and(|last| frame.update_id <= last) {
            return FrameOutcome::Duplicate;
        }
        feed.last_quote = Some(frame.update_id);
        let ((bid, bid_qty), (ask, ask_qty)) = (frame.bid, frame.ask);
        out.push((frame.time, Event::Market(MarketEvent::Quote(Quote { instrument: feed.id, bid, ask, bid_qty, ask_qty }))));
        FrameOutcome::Events
    }

    fn on_delta(&mut self, frame: &DeltaFrame<'_>, out: &mut Made) -> FrameOutcome {
        let Some(feed) = find(&self.symbols, &mut self.feeds, frame.symbol) else { return FrameOutcome::Unknown };
        if self.venue == Venue::BinanceUsdM && frame.previous.is_none() {
            return FrameOutcome::Malformed(WireError::Missing { what: "depthUpdate", field: "pu", expected: "an integer" });
        }
        let ids = DeltaIds { first: frame.first, last: frame.last, previous: frame.previous, time: frame.time };
        let mut dropped = 0;
        let was_in_step = feed.book.is_in_step();
        let outcome = feed.book.delta(ids, &self.levels, &mut dropped, out);
        self.gaps += u64::from(was_in_step && !feed.book.is_in_step());
        self.counts.settle(0, dropped);
        outcome_of(outcome)
    }

    fn on_partial(&mut self, frame: &PartialFrame<'_>, out: &mut Made) -> FrameOutcome {
        let Some(feed) = find(&self.symbols, &mut self.feeds, frame.symbol) else { return FrameOutcome::Unknown };
        outcome_of(feed.book.partial(frame.update_id, frame.time, &self.levels, out))
    }

    fn on_mark(&mut self, frame: &MarkFrame<'_>, out: &mut Made) -> FrameOutcome {
        let Some(feed) = find(&self.symbols, &mut self.feeds, frame.symbol) else { return FrameOutcome::Unknown };
        let Some((funding_rate, funding_at)) = frame.funding.filter(|_| frame.price.is_positive()) else {
            return FrameOutcome::Unknown;
        };
        // Two connections may carry it for a moment.
        if frame.time.is_some() && feed.last_mark >= frame.time {
            return FrameOutcome::Duplicate;
        }
        feed.last_mark = frame.time;
        let mark = Mark { instrument: feed.id, price: frame.price, funding_rate, funding_at };
        out.push((frame.time, Event::Market(MarketEvent::Mark(mark))));
        FrameOutcome::Events
    }

    fn on_kline(&mut self, frame: &KlineFrame<'_>, out: &mut Made) -> FrameOutcome {
        let Some(feed) = find(&self.symbols, &mut self.feeds, frame.symbol) else { return FrameOutcome::Unknown };
        if !frame.closed {
            return FrameOutcome::Conflated;
        }
        // One span a symbol: a bar of another span that ends at the same moment has another start, and is no duplicate.
        let start = frame.start.get();
        if feed.last_bar.is_some_and(|last| start == last) {
            return FrameOutcome::Duplicate;
        }
        let Some(sold) = frame.volume.checked_sub(frame.bought).filter(|sold| !Qty::is_negative(*sold)) else {
            let seen = frame.bought.to_string();
            return FrameOutcome::Malformed(WireError::field("kline", "k.V", &seen, "at most `k.v`"));
        };
        let [open, high, low, close] = frame.prices;
        let bar = Bar {
            instrument: feed.id,
            start: frame.start,
            span: frame.span,
            open,
            high,
            low,
            close,
            bought: frame.bought,
            sold,
            turnover: frame.turnover,
            trades: frame.trades,
        };
        if !bar.is_sound() {
            return FrameOutcome::Malformed(WireError::field("kline", "k", &format!("{bar:?}"), "a bar that can be"));
        }
        feed.last_bar = Some(start);
        out.push((frame.time, Event::Market(MarketEvent::Bar(Box::new(bar)))));
        FrameOutcome::Events
    }
}

fn outcome_of(outcome: DeltaOutcome) -> FrameOutcome {
    match outcome {
        DeltaOutcome::Applied => FrameOutcome::Events,
        DeltaOutcome::Buffered => FrameOutcome::Buffered,
        DeltaOutcome::Duplicate => FrameOutcome::Duplicate,
        DeltaOutcome::Stale => FrameOutcome::Stale,
    }
}

/// The feed of a symbol. Streams name it in lower case, messages in upper case.
fn find<'a>(symbols: &[(String, usize)], feeds: &'a mut [Feed], symbol: &str) -> Option<&'a mut Feed> {
    let at = match symbols.binary_search_by(|(known, _)| known.as_str().cmp(symbol)) {
        Ok(at) => at,
        Err(_) => symbols.binary_search_by(|(known, _)| known.as_str().cmp(symbol.to_uppercase().as_str())).ok()?,
    };
    feeds.get_mut(symbols[at].1)
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;
