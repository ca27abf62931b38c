//! Today's parsers on the raw frames of a journal: [`Reparse`]. They must make the events that stand beside the frames.

use std::collections::VecDeque;
use std::fmt;

use jangbu_journal::{Nanos, Seq, Stamp};

use super::binance::wire::Decoder;
use super::channel::Channel;
use super::kiwoom;
use super::raw::{FrameJoiner, Made};
use super::reparse_fills::{Fills, Unequal, fills_of};
use super::upbit;
use crate::event::link::ACCOUNT_CHANNEL;
use crate::event::{Command, Event, MarketEvent, OrderEvent, OrderUpdate};
use crate::market::{InstrumentId, Venue};

/// An event with the venue's time, as a parser makes it.
type Parsed = (Option<Nanos>, Event);

/// The first place where today's parser makes something else than stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The event in the journal; the last one, when the journal ends too early.
    pub seq: Seq,
    /// The last piece of the last frame before it.
    pub frame: Seq,
    /// What stands in the journal.
    pub journaled: Option<String>,
    /// What is made of the frames today.
    pub parsed: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".into());
        writeln!(f, "different at seq {} (frame at seq {})", self.seq, self.frame)?;
        writeln!(f, "journaled: {}", side(&self.journaled))?;
        write!(f, "parsed:    {}", side(&self.parsed))
    }
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reparsed {
    /// Frames parsed again.
    pub frames: u64,
    /// Events that are the same.
    pub events: u64,
    /// Fills that frames of the account's stream tell as the journal does.
    pub fills: u64,
    /// Frames of venues whose parser is not in this build.
    pub frames_unread: u64,
    /// Market events of venues that kept no frames: nothing to compare with.
    pub events_unframed: u64,
}

/// Goes through a journal in order, parses its frames again, and compares.
#[derive(Default)]
pub struct Reparse {
    /// By instrument id; `None` for one not seen.
    venues: Vec<Option<Venue>>,
    streams: Vec<Stream>,
    fills: Fills,
    done: Reparsed,
    last: Seq,
}

/// Today's parser of a venue.
enum Parser {
    Binance(Decoder),
    Upbit(upbit::wire::Decoder),
    Kiwoom(Box<kiwoom::raw::Reparser>),
}

impl Parser {
    /// None for a venue whose parser is not in this build.
    fn of(venue: Venue, symbols: &[(String, InstrumentId)]) -> Option<Self> {
        let symbols = symbols.iter().map(|(symbol, id)| (symbol.as_str(), *id));
        match venue {
            Venue::BinanceSpot | Venue::BinanceUsdM => Some(Parser::Binance(Decoder::new(venue, symbols))),
            Venue::Upbit => Some(Parser::Upbit(upbit::wire::Decoder::new(symbols))),
            Venue::Kiwoom => Some(Parser::Kiwoom(Box::default())),
        }
    }

    fn reparse(&mut self, received: Nanos, channel: u16, bytes: &[u8], made: &mut Made) {
        match self {
            Parser::Binance(decoder) => decoder.reparse(Channel::of(channel), bytes, made),
            Parser::Upbit(decoder) => decoder.reparse(Channel::of(channel), bytes, made),
            Parser::Kiwoom(parser) => parser.reparse(received, channel, bytes, made),
        }
    }

    /// One more instrument. Kiwoom's parser has its own way to hear of them.
    fn add(&mut self, symbol: &str, id: InstrumentId) {
        match self {
            Parser::Binance(decoder) => decoder.add(symbol, id),
            Parser::Upbit(decoder) => decoder.add(symbol, id),
            Parser::Kiwoom(_) => {}
        }
    }

    /// Whether all frames of the venue are kept: else its events have nothing to be compared with.
    fn is_whole(&self) -> bool {
        match self {
            Parser::Binance(_) | Parser::Upbit(_) => true,
            Parser::Kiwoom(parser) => parser.is_whole(),
        }
    }
}

/// What one gateway heard.
struct Stream {
    venue: Venue,
    symbols: Vec<(String, InstrumentId)>,
    /// Made of the symbols defined before the first frame, as the gateway's was.
    decoder: Option<Parser>,
    joiner: FrameJoiner,
    /// Of the account's stream.
    account: FrameJoiner,
    made: Made,
    expected: VecDeque<Parsed>,
    /// Where the last frame ended.
    frame: Seq,
}

impl Reparse {
    /// What was compared so far.
    pub fn done(&self) -> Reparsed {
        Reparsed { fills: self.fills.equal, ..self.done }
    }

    /// The next event of the journal.
    ///
    /// # Errors
    /// The first difference.
    pub fn event(&mut self, stamp: &Stamp, event: &Event) -> Result<(), Box<Difference>> {
        self.last = stamp.seq;
        match event {
            Event::Command(command) => {
                // Its gateways are new, and so are their decoders. What the one before still owed was cut off with it.
                if let Command::SessionStarted { .. } = **command {
                    self.streams.clear();
                }
                Ok(())
            }
            Event::Market(MarketEvent::Instrument(instrument)) => {
                let index = instrument.id.index();
                if self.venues.len() <= index {
                    self.venues.resize(index + 1, None);
                }
                self.venues[index] = Some(instrument.venue);
                let stream = self.stream(instrument.venue);
                stream.symbols.push((instrument.symbol.clone(), instrument.id));
                // One that came up while frames came, as the gateway's parser heard of it.
                if let Some(decoder) = &mut stream.decoder {
                    decoder.add(&instrument.symbol, instrument.id);
                }
                Ok(())
            }
            // Made of an answer to a question, not of a frame.
            Event::Market(MarketEvent::Ranked(_) | MarketEvent::Reference(_)) => Ok(()),
            Event::Market(MarketEvent::Bar(bar)) if self.venue_of(bar.instrument) == Some(Venue::Kiwoom) => Ok(()),
            Event::Market(market) => self.market(stamp, market, event),
            Event::Frame(piece) if piece.channel == ACCOUNT_CHANNEL => self.account(stamp, piece),
            Event::Frame(piece) => {
                self.frame(stamp, piece);
                Ok(())
            }
            Event::Order(OrderEvent { order, update: OrderUpdate::Filled(fill) }) => {
                let result = self.fills.on_journaled((*order, fill.trade, fill.price, fill.qty));
                result.map_err(|unequal| different(stamp.seq, unequal))
            }
            Event::Order(_) | Event::Answer(_) | Event::Link(_) | Event::Tick => Ok(()),
        }
    }

    /// The end of the journal, or of the part to compare. `whole`: it ended in good order, so that no frame is without its events.
    ///
    /// # Errors
    /// When events are missing there.
    pub fn finish(self, whole: bool) -> Result<Reparsed, Box<Difference>> {
        let owing = self.streams.iter().find_map(|stream| Some((stream.frame, stream.expected.front()?)));
        match owing.filter(|_| whole) {
            Some((frame, parsed)) => {
                Err(Box::new(Difference { seq: self.last, frame, journaled: None, parsed: Some(text(parsed.0, &parsed.1)) }))
            }
            None => Ok(self.done()),
        }
    }

    fn venue_of(&self, instrument: InstrumentId) -> Option<Venue> {
        self.venues.get(instrument.index()).copied().flatten()
    }

    fn stream(&mut self, venue: Venue) -> &mut Stream {
        let place = match self.streams.iter().position(|stream| stream.venue == venue) {
            Some(place) => place,
            None => {
                self.streams.push(Stream {
                    venue,
                    symbols: Vec::new(),
                    decoder: None,
                    joiner: FrameJoiner::default(),
                    account: FrameJoiner::default(),
                    made: Made::new(),
                    expected: VecDeque::new(),
                    frame: Seq::ZERO,
                });
                self.streams.len() - 1
            }
        };
        &mut self.streams[place]
    }

    /// A piece of a frame of the account's stream: what it says of fills is what was booked.
    fn account(&mut self, stamp: &Stamp, piece: &crate::event::Frame) -> Result<(), Box<Difference>> {
        let Some((_, bytes)) = self.stream(piece.venue).account.piece(piece) else { return Ok(()) };
        let Some(fills) = fills_of(piece.venue, bytes) else {
            self.done.frames_unread += 1;
            return Ok(());
        };
        self.done.frames += 1;
        fills
            .into_iter()
            .try_for_each(|fill| self.fills.on_told(fill, stamp.seq))
            .map_err(|unequal| different(stamp.seq, unequal))
    }

    fn frame(&mut self, stamp: &Stamp, piece: &crate::event::Frame) {
        let stream = self.stream(piece.venue);
        if stream.decoder.is_none() {
            stream.decoder = Parser::of(stream.venue, &stream.symbols);
        }
        let Some(decoder) = &mut stream.decoder else {
            self.done.frames_unread += 1;
            return;
        };
        if decoder.is_whole() {
            stream.frame = stamp.seq;
        }
        let Some((channel, bytes)) = stream.joiner.piece(piece) else { return };
        decoder.reparse(stamp.recv, channel, bytes, &mut stream.made);
        if !decoder.is_whole() {
            stream.made.clear();
        }
        stream.expected.extend(stream.made.drain(..));
        self.done.frames += 1;
    }

    fn market(&mut self, stamp: &Stamp, market: &MarketEvent, event: &Event) -> Result<(), Box<Difference>> {
        let venue = match market {
            MarketEvent::Phase(phase) => Some(phase.venue),
            _ => instrument_of(market).and_then(|id| self.venue_of(id)),
        };
        let stream = self.streams.iter_mut().find(|stream| Some(stream.venue) == venue);
        let Some(stream) = stream.filter(|stream| stream.frame != Seq::ZERO) else {
            self.done.events_unframed += 1;
            return Ok(());
        };
        let parsed = stream.expected.pop_front();
        if parsed.as_ref().is_some_and(|(at, parsed)| *at == stamp.venue && parsed == event) {
            self.done.events += 1;
            return Ok(());
        }
        Err(Box::new(Difference {
            seq: stamp.seq,
            frame: stream.frame,
            journaled: Some(text(stamp.venue, event)),
            parsed: parsed.map(|(at, parsed)| text(at, &parsed)),
        }))
    }
}

/// The instrument an event of a parser is of.
fn instrument_of(event: &MarketEvent) -> Option<InstrumentId> {
    match event {
        MarketEvent::Instrument(instrument) => Some(instrument.id),
        MarketEvent::Trade(trade) => Some(trade.instrument),
        MarketEvent::Quote(quote) => Some(quote.instrument),
        MarketEvent::Depth(depth) => Some(depth.instrument),
        MarketEvent::Level(level) => Some(level.instrument),
        MarketEvent::BookLost(instrument) => Some(*instrument),
        MarketEvent::Bar(bar) => Some(bar.instrument),
        MarketEvent::Value(value) => Some(value.instrument),
        MarketEvent::Phase(phase) => phase.instrument,
        MarketEvent::Condition(condition) => Some(condition.instrument),
        MarketEvent::Vi(vi) => Some(vi.instrument),
        MarketEvent::Ranked(ranked) => Some(ranked.instrument),
        MarketEvent::Reference(reference) => Some(reference.instrument),
        MarketEvent::Activity(activity) => Some(activity.instrument),
        MarketEvent::Mark(mark) => Some(mark.instrument),
    }
}

fn different(seq: Seq, Unequal { journaled, told, frame }: Unequal) -> Box<Difference> {
    let text = |(order, number, price, qty)| Some(format!("fill {number} of order {order}: {qty} at {price}"));
    Box::new(Difference { seq, frame, journaled: text(journaled), parsed: text(told) })
}

fn text(at: Option<Nanos>, event: &Event) -> String {
    match at {
        Some(at) => format!("{event:?} at venue time {at}"),
        None => format!("{event:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic::SyntheticTrades;
    use crate::venue::channel::Channel;
    use crate::venue::raw::frame_pieces;

    fn quote(id: u64) -> String {
        format!(r#"{{"u":{id},"s":"SYN0USDT","b":"100.1","B":"3","a":"100.2","A":"4"}}"#)
    }

    /// A journal of three quotes and a snapshot, each beside its frame.
    fn journal() -> Vec<(Stamp, Event)> {
        let mut instrument = SyntheticTrades::instrument(InstrumentId(0));
        instrument.venue = Venue::BinanceSpot;
        let mut decoder = Decoder::new(Venue::BinanceSpot, [("SYN0USDT", InstrumentId(0))]);
        let mut events = vec![(None, Event::Market(MarketEvent::Instrument(Box::new(instrument))))];
        let snapshot = br#"{"lastUpdateId":9,"bids":[["100.1","1"]],"asks":[["100.3","2"]]}"#;
        let delta = br#"{"e":"depthUpdate","E":1,"s":"SYN0USDT","U":9,"u":10,"b":[["100.0","5"]],"a":[]}"#;
        let quotes = [quote(1), quote(2), quote(2), quote(3)];
        let frames = quotes.iter().map(|text| (Channel::Connection(0), text.as_bytes()));
        let frames = frames.chain([(Channel::Connection(0), &delta[..]), (Channel::Snapshot(InstrumentId(0)), &snapshot[..])]);
        for (channel, bytes) in frames {
            let number = channel.number().expect("a channel");
            let pieces = frame_pieces(Venue::BinanceSpot, number, bytes);
            events.extend(pieces.map(|piece| (None, Event::Frame(Box::new(piece)))));
            decoder.reparse(channel, bytes, &mut events);
        }
        let stamp = |(index, (venue, event))| (Stamp { seq: Seq::new(index + 1), recv: Nanos::ZERO, venue }, event);
        (0_u64..).zip(events).map(stamp).collect()
    }

    fn reparse(events: &[(Stamp, Event)], whole: bool) -> Result<Reparsed, Box<Difference>> {
        let mut reparse = Reparse::default();
        events.iter().try_for_each(|(stamp, event)| reparse.event(stamp, event))?;
        reparse.finish(whole)
    }

    #[test]
    fn what_was_parsed_is_parsed_again() {
        let done = reparse(&journal(), true).expect("the same parser");
        assert_eq!((done.frames, done.events, done.frames_unread, done.events_unframed), (6, 8, 0, 0));
    }

    #[test]
    fn another_event_is_a_difference_and_both_sides_are_told() {
        let mut events = journal();
        let Event::Market(MarketEvent::Quote(quote)) = &mut events[4].1 else { panic!("{:?}", events[4]) };
        quote.bid_qty = "7".parse().expect("a quantity");
        let difference = reparse(&events, true).expect_err("a changed quote");
        assert_eq!((difference.seq.get(), difference.frame.get()), (5, 4));
        let text = difference.to_string();
        assert!(text.contains("journaled: Market(Quote") && text.contains("parsed:    Market(Quote"), "{text}");
    }

    #[test]
    fn a_missing_event_is_a_difference_but_not_where_the_journal_was_cut() {
        let mut events = journal();
        events.pop();
        assert!(reparse(&events, false).is_ok());
        assert_eq!(reparse(&events, true).expect_err("a level is missing").journaled, None);
        let mut events = journal();
        events.remove(2);
        assert!(reparse(&events, false).expect_err("a quote is missing").journaled.is_some());
    }
}
