//! What Binance says: frames of its streams, answers of its REST interface.

use std::fmt::Write as _;

use jangbu::event::{Event, MarketEvent};
use jangbu::market::{Fees, InstrumentId, Money, Price, Qty, Rate, Rounding, Venue};
use jangbu::venue::binance::wire::{Decoder, Frame, Levels, rest};
use jangbu::venue::channel::Channel;
use jangbu::venue::raw::Made;
use jangbu_journal::{Nanos, Seq, Stamp};

use crate::event::survive;

const SYMBOLS: [&str; 2] = ["BTCUSDT", "ETHUSDT"];

/// Lines of bytes, each a frame of a connection that a decoder for spot and one for futures are given. A line `!s0 …` is a depth
/// snapshot of the first symbol, `!l1` a lost connection of the second, `!f1` a snapshot that could not be had.
///
/// Every frame is in one class; books are whole and in order; the events survive the journal; read again, they are the same.
pub fn binance_frame(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        frame_survives(line);
    }
    for venue in [Venue::BinanceSpot, Venue::BinanceUsdM] {
        let (made, again) = (Session::new(venue).run(data), reparsed(venue, data));
        assert!(made == again, "read again it is something else: {made:?} and {again:?}");
        let rows: Vec<(Stamp, Event)> = made
            .into_iter()
            .zip(1..)
            .map(|((time, event), seq)| (Stamp { seq: Seq::new(seq), recv: Nanos::new(seq as i64 / 3), venue: time }, event))
            .collect();
        survive(&rows);
    }
}

/// What a line asks for.
enum Line<'a> {
    Frame(&'a [u8]),
    Snapshot(InstrumentId, &'a [u8]),
    Lost(InstrumentId),
    Failed(InstrumentId),
}

fn lines(data: &[u8]) -> impl Iterator<Item = Line<'_>> {
    data.split(|byte| *byte == b'\n').map(|line| match line {
        [b'!', b's', digit, b' ', rest @ ..] => Line::Snapshot(instrument(*digit), rest),
        [b'!', b'l', digit, ..] => Line::Lost(instrument(*digit)),
        [b'!', b'f', digit, ..] => Line::Failed(instrument(*digit)),
        frame => Line::Frame(frame),
    })
}

fn instrument(digit: u8) -> InstrumentId {
    InstrumentId(u32::from(digit & 3))
}

fn decoder(venue: Venue) -> Decoder {
    Decoder::new(venue, SYMBOLS.iter().zip(0..).map(|(symbol, id)| (symbol, InstrumentId(id))))
}

/// As `replay --reparse` reads what was kept of the same lines.
fn reparsed(venue: Venue, data: &[u8]) -> Made {
    let (mut decoder, mut out) = (decoder(venue), Made::new());
    for line in lines(data) {
        match line {
            Line::Frame(frame) => decoder.reparse(Channel::Connection(0), frame, &mut out),
            // An empty answer is what a lost connection looks like there, and no gateway takes one for a snapshot.
            Line::Snapshot(id, bytes) if !bytes.is_empty() => decoder.reparse(Channel::Snapshot(id), bytes, &mut out),
            Line::Lost(id) => decoder.reparse(Channel::Snapshot(id), b"", &mut out),
            Line::Snapshot(..) | Line::Failed(_) => {}
        }
    }
    out
}

/// A decoder, and what its events must add up to.
struct Session {
    decoder: Decoder,
    out: Made,
    /// The last update of each book that is whole.
    books: [Option<u64>; SYMBOLS.len()],
}

impl Session {
    fn new(venue: Venue) -> Self {
        Session { decoder: decoder(venue), out: Made::new(), books: [None; SYMBOLS.len()] }
    }

    fn run(mut self, data: &[u8]) -> Made {
        let mut frames = 0;
        for line in lines(data) {
            let before = self.out.len();
            match line {
                Line::Frame(frame) => {
                    self.decoder.frame(frame, &mut self.out);
                    frames += 1;
                }
                Line::Snapshot(id, bytes) => {
                    let made = self.decoder.snapshot(id, bytes, &mut self.out);
                    assert!(made.is_ok() || self.out.len() == before, "an error makes no events");
                }
                Line::Lost(id) => self.decoder.book_lost(id, &mut self.out),
                Line::Failed(id) => self.decoder.snapshot_failed(id),
            }
            self.follow(before);
            let counts = self.decoder.counts();
            assert_eq!((counts.received, counts.sum()), (frames, frames), "{counts}");
            for (book, id) in self.books.iter().zip(0..) {
                assert_eq!(self.decoder.book_update(InstrumentId(id)), *book, "the book of #{id}");
            }
            if let Some(wanted) = self.decoder.wants_snapshot() {
                assert_eq!(self.decoder.book_update(wanted), None, "a whole book wants no snapshot");
            }
        }
        self.out
    }

    /// Goes over the events since `before`.
    fn follow(&mut self, before: usize) {
        let mut update: Option<(InstrumentId, u32)> = None;
        for (_, event) in &self.out[before..] {
            if let Event::Market(MarketEvent::Level(level)) = event {
                let (of, left) = update.as_mut().expect("a head before a level");
                assert_eq!(level.instrument, *of);
                assert!(level.price.is_positive() && !level.qty.is_negative(), "{level:?}");
                *left -= 1;
                update = update.filter(|(_, left)| *left > 0);
                continue;
            }
            assert_eq!(update, None, "levels are missing");
            match event {
                Event::Market(MarketEvent::Depth(depth)) => {
                    let book = &mut self.books[depth.instrument.index()];
                    assert!(depth.snapshot || book.is_some_and(|last| depth.update_id >= last), "{depth:?} after {book:?}");
                    *book = Some(depth.update_id);
                    update = Some((depth.instrument, depth.levels)).filter(|(_, levels)| *levels > 0);
                }
                Event::Market(MarketEvent::BookLost(id)) => {
                    assert!(self.books[id.index()].take().is_some(), "a book is lost once");
                }
                Event::Market(MarketEvent::Trade(trade)) => {
                    assert!(trade.price.is_positive() && trade.qty.is_positive(), "{trade:?}");
                }
                Event::Market(MarketEvent::Quote(quote)) => {
                    assert!(!quote.bid.is_negative() && !quote.ask_qty.is_negative(), "{quote:?}");
                }
                Event::Market(MarketEvent::Bar(bar)) => {
                    assert!(bar.is_sound(), "{bar:?}");
                }
                other => panic!("frames do not make {other:?}"),
            }
        }
        assert_eq!(update, None, "levels are missing");
    }
}

/// A frame that is read says the same when it is written and read again.
fn frame_survives(text: &[u8]) {
    let mut levels = Levels::default();
    let Ok(frame) = Frame::parse(text, &mut levels) else { return };
    let Some(written) = written(&frame, &levels) else { return };
    let mut again = Levels::default();
    assert_eq!(Frame::parse(written.as_bytes(), &mut again).as_ref(), Ok(&frame), "{written}");
    if matches!(frame, Frame::Delta(_) | Frame::Partial(_)) {
        assert_eq!(again, levels, "{written}");
    }
}

/// A frame as JSON; `None` for what carries no data.
fn written(frame: &Frame<'_>, levels: &Levels) -> Option<String> {
    let mut out = String::new();
    let time = |name: &str, at: Option<Nanos>| at.map_or(String::new(), |at| format!(r#","{name}":{}"#, stamp(at)));
    let sides = || format!(r#""b":{},"a":{}"#, side(&levels.bids), side(&levels.asks));
    let _ = match frame {
        Frame::Trade(trade) => {
            let (kind, number) = if trade.aggregate { ("aggTrade", "a") } else { ("trade", "t") };
            let (symbol, id, price, qty, maker) = (trade.symbol, trade.id, trade.price, trade.qty, trade.buyer_is_maker);
            let time = time("T", trade.time);
            write!(out, r#"{{"e":"{kind}","s":"{symbol}","{number}":{id},"p":"{price}","q":"{qty}","m":{maker}{time}}}"#)
        }
        Frame::Quote(quote) => {
            let (symbol, id, (bid, bid_qty), (ask, ask_qty)) = (quote.symbol, quote.update_id, quote.bid, quote.ask);
            let time = time("E", quote.time);
            write!(out, r#"{{"u":{id},"s":"{symbol}","b":"{bid}","B":"{bid_qty}","a":"{ask}","A":"{ask_qty}"{time}}}"#)
        }
        Frame::Delta(delta) => {
            let (symbol, first, last) = (delta.symbol, delta.first, delta.last);
            let previous = delta.previous.map_or(String::new(), |previous| format!(r#","pu":{previous}"#));
            let (sides, time) = (sides(), time("E", delta.time));
            write!(out, r#"{{"e":"depthUpdate","s":"{symbol}","U":{first},"u":{last}{previous},{sides}{time}}}"#)
        }
        Frame::Partial(partial) => {
            let (symbol, id) = (partial.symbol, partial.update_id);
            let (sides, time) = (sides(), time("T", partial.time));
            let data = format!(r#"{{"e":"depthUpdate","s":"{symbol}","U":{id},"u":{id},{sides}{time}}}"#);
            write!(out, r#"{{"stream":"x@depth5@100ms","data":{data}}}"#)
        }
        Frame::Kline(kline) => {
            let [open, high, low, close] = kline.prices;
            let (volume, bought, turnover, trades) = (kline.volume, kline.bought, kline.turnover, kline.trades);
            let (symbol, closed, start, end) =
                (kline.symbol, kline.closed, stamp(kline.start), last_inside(kline.start, kline.span)?);
            let time = time("E", kline.time);
            write!(out, r#"{{"e":"kline","s":"{symbol}","k":{{"t":{start},"T":{end},"x":{closed},"n":{trades},"#).and_then(|()| {
                write!(
                    out,
                    r#""o":"{open}","h":"{high}","l":"{low}","c":"{close}","v":"{volume}","V":"{bought}","q":"{turnover}"}}{time}}}"#
                )
            })
        }
        Frame::Mark(mark) => {
            let (symbol, price, time) = (mark.symbol, mark.price, time("E", mark.time));
            let (rate, at) = match mark.funding {
                Some((rate, at)) => (rate.to_string(), stamp(at)),
                None => (String::new(), 0),
            };
            write!(out, r#"{{"e":"markPriceUpdate","s":"{symbol}","p":"{price}","r":"{rate}","T":{at}{time}}}"#)
        }
        Frame::Control(_) | Frame::Snapshot | Frame::Unknown => return None,
    };
    Some(out)
}

/// A time as the venue writes it: milliseconds where that is exact, else microseconds.
fn stamp(at: Nanos) -> i64 {
    if at.get() % 1_000_000 == 0 { at.get() / 1_000_000 } else { at.get() / 1_000 }
}

/// The last unit inside a bar; `None` when the bar ends after the end of time.
fn last_inside(start: Nanos, span: i64) -> Option<i64> {
    let end = start.get().checked_add(span)?;
    let millis = end - 1_000_000;
    Some(stamp(Nanos::new(if millis % 1_000_000 == 0 { millis } else { end - 1_000 })))
}

fn side(levels: &[(Price, Qty)]) -> String {
    let rows: Vec<String> = levels.iter().map(|(price, qty)| format!(r#"["{price}","{qty}"]"#)).collect();
    format!("[{}]", rows.join(","))
}

/// Bytes as every answer of the REST interface.
///
/// What is read is possible: levels with a price, instruments with a grid; and it is the same when it is written and read again.
pub fn binance_rest(data: &[u8]) {
    let mut levels = Levels::default();
    if let Ok(head) = rest::depth(data, &mut levels) {
        assert!(levels.bids.iter().chain(&levels.asks).all(|(price, qty)| price.is_positive() && !qty.is_negative()));
        let time = head.time.map_or(String::new(), |at| format!(r#","T":{}"#, stamp(at)));
        let (id, bids, asks) = (head.last_update_id, side(&levels.bids), side(&levels.asks));
        let written = format!(r#"{{"lastUpdateId":{id},"bids":{bids},"asks":{asks}{time}}}"#);
        let mut again = Levels::default();
        assert_eq!(rest::depth(written.as_bytes(), &mut again), Ok(head), "{written}");
        assert_eq!(again, levels, "{written}");
    }
    if let Ok(at) = rest::time(data) {
        assert_eq!(rest::time(format!(r#"{{"serverTime":{}}}"#, stamp(at)).as_bytes()), Ok(at));
    }
    if let Some(error) = rest::error(data) {
        let code = error.code;
        assert_eq!(rest::error(format!(r#"{{"code":{code}}}"#).as_bytes()).map(|error| error.code), Some(code));
    }
    definitions(data);
}

fn definitions(data: &[u8]) {
    let rate = Rate::from_raw(100_000);
    let unit = Money::from_raw(1);
    let fees =
        Fees { maker: rate, taker: rate, sell_tax: Rate::ZERO, fee_unit: unit, tax_unit: unit, rounding: Rounding::Ceiling };
    let wanted = [("btcusdt".to_owned(), InstrumentId(0))];
    for venue in [Venue::BinanceSpot, Venue::BinanceUsdM] {
        let Ok(instruments) = rest::instruments(data, venue, &wanted, &fees) else { continue };
        let [instrument] = <[_; 1]>::try_from(instruments).expect("as many as were wanted");
        assert!(instrument.ticks.tick_at(Price::ZERO).is_positive() && instrument.lot.is_positive(), "{instrument:?}");
        assert!(!instrument.qty_min.is_negative() && !instrument.notional_min.is_negative(), "{instrument:?}");
        assert!(!instrument.base.as_str().is_empty() && !instrument.quote.as_str().is_empty(), "{instrument:?}");
        let event = Event::Market(MarketEvent::Instrument(Box::new(instrument)));
        survive(&[(Stamp { seq: Seq::FIRST, recv: Nanos::ZERO, venue: None }, event)]);
    }
}
