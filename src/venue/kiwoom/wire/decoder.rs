//! Frames in, events out: [`Decoder`]. A pure function of the frames and of when they came, so that `replay --reparse` can run it again.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jangbu_journal::Nanos;

use super::counts::{FrameCounts, FrameOutcome};
use super::feed::{Entry, Feed};
use super::frame::{Hits, Message};
use super::orders::{Orders, Told};
use super::report::OrderFrame;
use super::rest::quote::QuoteBoard;
use super::session::session;
use super::stream::{ConditionFrame, Real, RealBody, SessionFrame};
use super::symbol::{Exchange, OrderNumber, Symbol, split};
use crate::account::OrderId;
use crate::event::market::{Condition, Phase, PhaseKind};
use crate::event::{Event, MarketEvent, OrderEvent, OrderUpdate};
use crate::market::{InstrumentId, Venue};
use crate::venue::kiwoom::time::Date;
use crate::venue::raw::Made;
use crate::venue::wire_error::WireError;

/// Turns the frames of a connection into events, and accounts for every one.
///
/// ```
/// use jangbu::market::InstrumentId;
/// use jangbu::venue::kiwoom::wire::{Decoder, Exchange, FrameOutcome};
/// use jangbu_journal::Nanos;
///
/// let mut decoder = Decoder::new(Exchange::Krx, [("005930", InstrumentId(0))]);
/// let (mut events, received) = (Vec::new(), Nanos::new(1_789_095_378_761_000_000));
/// let frame = r#"{"data":[{"values":{"20":"115618","10":"-257750","15":"-19","13":"7198927"},"type":"0B","item":"005930"}],"trnm":"REAL"}"#;
/// assert_eq!(decoder.frame(received, frame.as_bytes(), &mut events), FrameOutcome::Events);
/// assert_eq!(decoder.frame(received, frame.as_bytes(), &mut events), FrameOutcome::Duplicate);
/// assert_eq!(events.len(), 1);
/// ```
pub struct Decoder {
    /// Whose sessions are told.
    phases: Exchange,
    phase: Option<PhaseKind>,
    /// By code as registered, or bare.
    symbols: BTreeMap<String, usize>,
    feeds: Vec<Feed>,
    orders: Orders,
    /// The day of the order numbers.
    day: Option<Date>,
    /// Names of conditions, by number.
    conditions: BTreeMap<u32, String>,
    /// What meets each watched condition.
    members: BTreeMap<u32, BTreeSet<InstrumentId>>,
    counts: FrameCounts,
}

impl Decoder {
    /// A decoder for these stocks. `005930` stands for the stock wherever it trades, unless `005930_NX` or `005930_AL` is given as well.
    /// `phases`: the exchange whose sessions are told as phases; that of both is KRX's.
    pub fn new<S: AsRef<str>>(phases: Exchange, ids: impl IntoIterator<Item = (S, InstrumentId)>) -> Self {
        let (mut symbols, mut feeds) = (BTreeMap::new(), Vec::new());
        for (symbol, id) in ids {
            symbols.insert(Symbol::parse(symbol.as_ref()).to_string(), feeds.len());
            feeds.push(Feed::new(id));
        }
        Decoder {
            phases: if phases == Exchange::Nxt { Exchange::Nxt } else { Exchange::Krx },
            phase: None,
            symbols,
            feeds,
            orders: Orders::default(),
            day: None,
            conditions: BTreeMap::new(),
            members: BTreeMap::new(),
            counts: FrameCounts::default(),
        }
    }

    /// A frame came at `received`: its events go to the end of `out`.
    pub fn frame(&mut self, received: Nanos, bytes: &[u8], out: &mut Made) -> FrameOutcome {
        self.parsed(received, Message::parse(bytes), out)
    }

    /// The same of a frame that was parsed already, to see [`Decoder::wants`] first.
    pub fn parsed(&mut self, received: Nanos, parsed: Result<Message, WireError>, out: &mut Made) -> FrameOutcome {
        let outcome = match parsed {
            Ok(message) => self.message(received, message, out),
            Err(error) => FrameOutcome::Malformed(error),
        };
        self.counts.count(&outcome);
        outcome
    }

    /// One more stock: from now on its frames make events.
    pub fn add(&mut self, symbol: &Symbol, id: InstrumentId) {
        if self.feeds.iter().all(|feed| feed.id != id) {
            self.symbols.insert(symbol.to_string(), self.feeds.len());
            self.feeds.push(Feed::new(id));
        }
    }

    /// The instrument of a stock.
    pub fn find(&self, symbol: &Symbol) -> Option<InstrumentId> {
        let place = place(&self.symbols, &symbol.code, symbol.exchange)?;
        self.feeds.get(place).map(|feed| feed.id)
    }

    /// Stocks of conditions in a message that are no instruments yet. To be added before the message is taken, or it says nothing of
    /// them.
    pub fn wants(&self, message: &Message) -> Vec<Symbol> {
        let mut wanted: Vec<Symbol> = match message {
            Message::Hits(hits) => hits.hits.iter().map(|hit| hit.symbol.clone()).collect(),
            Message::Real(entries) => entries
                .iter()
                .filter_map(|entry| match &entry.as_ref().ok()?.body {
                    RealBody::Condition(frame) if !frame.symbol.code.is_empty() => Some(frame.symbol.clone()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        wanted.retain(|symbol| self.find(symbol).is_none());
        wanted
    }

    /// A number of Kiwoom's is this order of ours; what was reported of it before goes to `out`.
    pub fn assign(&mut self, received: Nanos, number: OrderNumber, order: OrderId, out: &mut Made) {
        let mut late = Vec::new();
        self.orders_mut(received).assign(number, order, &mut late);
        self.tell(received, late, out);
    }

    /// The answer to an order came, with its number: it is accepted, unless a report said so before.
    pub fn placed(&mut self, received: Nanos, number: OrderNumber, order: OrderId, out: &mut Made) {
        if let Some(update) = self.orders_mut(received).accept(number, order) {
            out.push((None, Event::Order(OrderEvent { order, update })));
        }
        self.assign(received, number, order, out);
    }

    /// The orders whose reports are followed.
    pub const fn orders(&self) -> &Orders {
        &self.orders
    }

    /// The same, to be told what answers say of them.
    pub fn orders_mut(&mut self, received: Nanos) -> &mut Orders {
        self.begin_day(received);
        &mut self.orders
    }

    /// Reports that had waited, as events.
    pub fn tell(&mut self, received: Nanos, late: Vec<(OrderFrame, OrderUpdate)>, out: &mut Made) {
        for (frame, update) in late {
            let Some(order) = frame.number.and_then(|number| self.orders.order(number)) else { continue };
            out.push((frame.time.map(|time| time.near(received)), Event::Order(OrderEvent { order, update })));
        }
    }

    /// Prices and book of a stock as a query (ka10007) tells them, until the stream does.
    pub fn board(&mut self, received: Nanos, symbol: &Symbol, board: &QuoteBoard, out: &mut Made) {
        if let Some(feed) = find(&self.symbols, &mut self.feeds, &symbol.to_string()) {
            feed.on_board(received, board, out);
        }
    }

    /// What became of the frames so far.
    pub const fn counts(&self) -> &FrameCounts {
        &self.counts
    }

    /// The connection was lost: books are not known any more. Watched conditions are compared when they are watched again.
    pub fn lost(&mut self, out: &mut Made) {
        for feed in self.feeds.iter_mut().filter(|feed| feed.books > 0) {
            feed.books = 0;
            out.push((None, Event::Market(MarketEvent::BookLost(feed.id))));
        }
        self.phase = None;
        for feed in &mut self.feeds {
            feed.best = None;
        }
    }

    fn begin_day(&mut self, received: Nanos) {
        let today = Date::at(received);
        if self.day.replace(today).is_some_and(|day| day != today) {
            self.orders.clear();
        }
    }

    fn message(&mut self, received: Nanos, message: Message, out: &mut Made) -> FrameOutcome {
        match message {
            Message::Real(entries) => self.entries(received, entries, out),
            Message::Unknown => FrameOutcome::Unknown,
            message => {
                match &message {
                    Message::Conditions { reply, list } if reply.is_ok() => self.conditions.extend(list.iter().cloned()),
                    Message::Hits(hits) if hits.reply.is_ok() => self.on_hits(hits, out),
                    _ => {}
                }
                FrameOutcome::Control(Box::new(message))
            }
        }
    }

    fn entries(&mut self, received: Nanos, entries: Vec<Result<Real, WireError>>, out: &mut Made) -> FrameOutcome {
        let (mut events, mut waiting, mut nothing) = (false, false, false);
        let mut wrong = None;
        for entry in entries {
            match entry.and_then(|entry| self.entry(received, &entry, out)) {
                Ok(Entry::Events) => events = true,
                Ok(Entry::Waiting) => waiting = true,
                Ok(Entry::Nothing) => nothing = true,
                Ok(Entry::Unknown) => {}
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        match (wrong, events, waiting, nothing) {
            (Some(error), ..) => FrameOutcome::Malformed(error),
            (None, true, ..) => FrameOutcome::Events,
            (None, false, true, _) => FrameOutcome::Waiting,
            (None, false, false, true) => FrameOutcome::Duplicate,
            (None, false, false, false) => FrameOutcome::Unknown,
        }
    }

    fn entry(&mut self, received: Nanos, entry: &Real, out: &mut Made) -> Result<Entry, WireError> {
        match &entry.body {
            RealBody::Order(frame) => self.on_order(received, frame, out),
            RealBody::Session(frame) => Ok(self.on_session(received, frame, out)),
            RealBody::Condition(frame) => self.on_condition(received, frame, out),
            RealBody::Other(_) => Ok(Entry::Unknown),
            body => {
                let named = match body {
                    RealBody::Holding(frame) => Cow::Owned(frame.symbol.to_string()),
                    RealBody::Interruption(frame) => Cow::Owned(frame.symbol.to_string()),
                    _ => Cow::Borrowed(entry.item.as_str()),
                };
                let Some(feed) = find(&self.symbols, &mut self.feeds, &named) else { return Ok(Entry::Unknown) };
                match body {
                    RealBody::Trade(frame) => feed.on_trade(received, frame, out),
                    RealBody::Best(frame) => Ok(feed.on_best(frame, out)),
                    RealBody::Book(frame) => Ok(feed.on_book(received, frame, out)),
                    RealBody::Holding(frame) => feed.on_holding(frame, out),
                    RealBody::Interruption(frame) => Ok(feed.on_interruption(received, frame, out)),
                    _ => Ok(Entry::Unknown),
                }
            }
        }
    }

    fn on_order(&mut self, received: Nanos, frame: &OrderFrame, out: &mut Made) -> Result<Entry, WireError> {
        self.begin_day(received);
        let mut updates = Vec::new();
        let told = self.orders.report(frame, &mut updates);
        let order = frame.number.and_then(|number| self.orders.order(number));
        let time = frame.time.map(|time| time.near(received));
        for update in updates {
            let Some(order) = order else { continue };
            out.push((time, Event::Order(OrderEvent { order, update })));
        }
        match told {
            Told::Updates => Ok(Entry::Events),
            Told::Nothing => Ok(Entry::Nothing),
            Told::Kept => Ok(Entry::Waiting),
            Told::Wrong(error) => Err(error),
        }
    }

    fn on_session(&mut self, received: Nanos, frame: &SessionFrame, out: &mut Made) -> Entry {
        let Some((exchange, kind)) = session(frame) else { return Entry::Unknown };
        if exchange != self.phases {
            return Entry::Unknown;
        }
        if self.phase.replace(kind) == Some(kind) {
            return Entry::Nothing;
        }
        let phase = Phase { venue: Venue::Kiwoom, instrument: None, kind };
        out.push((frame.time.map(|time| time.near(received)), Event::Market(MarketEvent::Phase(phase))));
        Entry::Events
    }

    fn on_condition(&mut self, received: Nanos, frame: &ConditionFrame, out: &mut Made) -> Result<Entry, WireError> {
        const WHAT: &str = "a condition hit (02)";
        let number = frame.condition.and_then(|number| u32::try_from(number).ok());
        let number = number.ok_or(WireError::Missing { what: WHAT, field: "841", expected: "the number of a condition" })?;
        let entered = match frame.change.as_str() {
            "I" => true,
            "D" => false,
            seen => return Err(WireError::field(WHAT, "843", seen, "I or D")),
        };
        let Some(feed) = find(&self.symbols, &mut self.feeds, &frame.symbol.to_string()) else { return Ok(Entry::Unknown) };
        let id = feed.id;
        // Of a condition whose watch was not seen to begin, everything is told.
        let told = match self.members.get_mut(&number) {
            None => false,
            Some(members) if entered => !members.insert(id),
            Some(members) => !members.remove(&id),
        };
        if told {
            return Ok(Entry::Nothing);
        }
        out.push((frame.time.map(|time| time.near(received)), self.condition(number, id, entered)));
        Ok(Entry::Events)
    }

    /// A search made once tells what it found. A watch tells the difference to what was known: the connection may have been away.
    fn on_hits(&mut self, hits: &Hits, out: &mut Made) {
        let Some(number) = hits.condition else { return };
        let found: BTreeSet<InstrumentId> = hits
            .hits
            .iter()
            .filter_map(|hit| find(&self.symbols, &mut self.feeds, &hit.symbol.to_string()).map(|feed| feed.id))
            .collect();
        let known = if hits.once { BTreeSet::new() } else { self.members.insert(number, found.clone()).unwrap_or_default() };
        let left = if hits.once { Vec::new() } else { known.difference(&found).copied().collect() };
        let entered: Vec<InstrumentId> = found.difference(&known).copied().collect();
        out.extend(left.into_iter().map(|id| (None, self.condition(number, id, false))));
        out.extend(entered.into_iter().map(|id| (None, self.condition(number, id, true))));
    }

    fn condition(&self, number: u32, instrument: InstrumentId, entered: bool) -> Event {
        let name = self.conditions.get(&number).cloned().unwrap_or_default();
        Event::Market(MarketEvent::Condition(Box::new(Condition { number, name, instrument, entered })))
    }
}

/// The feed of a stock: as it was registered, else by its bare code.
fn find<'a>(symbols: &BTreeMap<String, usize>, feeds: &'a mut [Feed], text: &str) -> Option<&'a mut Feed> {
    let (code, exchange) = split(text);
    feeds.get_mut(place(symbols, code, exchange)?)
}

/// Where a stock was registered: there, else anywhere. Our orders, holdings and conditions come by the bare code wherever its prices
/// come from.
fn place(symbols: &BTreeMap<String, usize>, code: &str, exchange: Exchange) -> Option<usize> {
    let at = |exchange: Exchange| symbols.get(&format!("{code}{}", exchange.suffix()));
    let found = match exchange {
        Exchange::Krx => symbols.get(code).or_else(|| at(Exchange::Nxt)).or_else(|| at(Exchange::Sor)),
        other => at(other).or_else(|| symbols.get(code)),
    };
    found.copied()
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;
