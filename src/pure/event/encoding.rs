//! How events are written, schema 1: differences for the market data that makes up a journal, serde for the rest.
//!
//! A record is a head byte, the times that changed, and the fields. Low bits of the head are the kind; `SAME_INSTRUMENT`,
//! `SAME_RECV` and `SAME_VENUE` leave out what the record before had too; `FLAG` belongs to the kind. Prices are differences
//! from the previous price of their instrument, in units of the coarsest power of ten that divides all of the block's so far;
//! a finer one is announced by a 0 where a difference (written plus one) would stand. A block needs nothing but itself.

use alloc::vec::Vec;

use jangbu_journal::{DecodeError, Decoder, Encoder, Nanos, Record, Seq, Short, Stamp};

use super::units::{Unit, get_number, get_qty, put_number, put_qty, unzigzag, zigzag};
use super::{Event, MarketEvent};
use crate::market::instrument::INSTRUMENTS_MAX;
use crate::market::{Depth, InstrumentId, Level, Price, Qty, Quote, Side, Trade};

const KIND_BITS: u8 = 0x0f;
const SAME_INSTRUMENT: u8 = 0x10;
const SAME_RECV: u8 = 0x20;
const SAME_VENUE: u8 = 0x40;
const FLAG: u8 = 0x80;

/// Kinds with a short form. `OTHER` is any event, by serde.
const OTHER: u8 = 0;
const TICK: u8 = 1;
const TRADE: u8 = 2;
const QUOTE: u8 = 3;
const DEPTH: u8 = 4;
const LEVEL: u8 = 5;

/// The short forms are for magnitudes below this, so that differences cannot overflow; others go by serde.
const PLAIN_MAX: i64 = 1 << 61;

const NANOS_PER_MILLI: i64 = 1_000_000;

/// What earlier records of a block leave behind for later ones.
#[derive(Debug)]
pub struct Context {
    recv: i64,
    venue: Option<i64>,
    instrument: u32,
    instruments: Vec<Last>,
}

impl Default for Context {
    fn default() -> Self {
        Context { recv: 0, venue: None, instrument: u32::MAX, instruments: Vec::new() }
    }
}

/// Last values of one instrument within the block.
#[derive(Clone, Debug)]
struct Last {
    venue: i64,
    price_unit: Unit,
    qty_unit: Unit,
    trade: i64,
    trade_id: u64,
    bid: i64,
    ask: i64,
    bid_qty: i64,
    ask_qty: i64,
    update_id: u64,
    levels: [i64; 2],
}

impl Last {
    const NONE: Last = Last {
        venue: 0,
        price_unit: Unit::COARSEST,
        qty_unit: Unit::COARSEST,
        trade: 0,
        trade_id: 0,
        bid: 0,
        ask: 0,
        bid_qty: 0,
        ask_qty: 0,
        update_id: 0,
        levels: [0, 0],
    };
}

impl Context {
    fn clear(&mut self) {
        self.recv = 0;
        self.venue = None;
        self.instrument = u32::MAX;
        self.instruments.clear();
    }

    #[inline(always)]
    fn last(&mut self, instrument: u32) -> &mut Last {
        let index = instrument as usize;
        if index >= self.instruments.len() {
            self.instruments.resize(index + 1, Last::NONE);
        }
        &mut self.instruments[index]
    }

    #[inline(always)]
    fn venue_and_last(&mut self, instrument: u32) -> (Option<i64>, &mut Last) {
        (self.venue, self.last(instrument))
    }
}

fn plain_price(price: Price) -> bool {
    (-PLAIN_MAX..PLAIN_MAX).contains(&price.raw())
}

fn plain_qty(qty: Qty) -> bool {
    (0..i128::from(PLAIN_MAX)).contains(&qty.raw())
}

/// The event's instrument and kind, when it has a short form.
fn short_form(stamp: &Stamp, event: &Event) -> Option<(u32, u8)> {
    if stamp.venue.is_some_and(|venue| !(-PLAIN_MAX..PLAIN_MAX).contains(&venue.get())) {
        return None;
    }
    let (instrument, kind, plain) = match event {
        Event::Market(MarketEvent::Trade(trade)) => (trade.instrument, TRADE, plain_price(trade.price) && plain_qty(trade.qty)),
        Event::Market(MarketEvent::Quote(quote)) => (
            quote.instrument,
            QUOTE,
            plain_price(quote.bid) && plain_price(quote.ask) && plain_qty(quote.bid_qty) && plain_qty(quote.ask_qty),
        ),
        Event::Market(MarketEvent::Depth(depth)) => (depth.instrument, DEPTH, true),
        Event::Market(MarketEvent::Level(level)) => (level.instrument, LEVEL, plain_price(level.price) && plain_qty(level.qty)),
        _ => return None,
    };
    (plain && instrument.0 < INSTRUMENTS_MAX).then_some((instrument.0, kind))
}

/// Venue time as its difference from the instrument's last: 0 is none, odd counts milliseconds, even nanoseconds.
#[inline(always)]
fn put_venue(venue: Option<i64>, reference: i64, out: &mut Short) {
    let Some(venue) = venue else { return out.u64(0) };
    let difference = venue - reference;
    if difference % NANOS_PER_MILLI == 0 {
        out.u64((zigzag(difference / NANOS_PER_MILLI) << 1) + 1);
    } else {
        // |difference| < 2^62, so that its zigzag is below 2^63.
        out.u64(2);
        out.i64(difference);
    }
}

#[inline(always)]
fn get_venue(reference: i64, input: &mut Decoder<'_>) -> Result<Option<i64>, DecodeError> {
    let difference = match input.u64()? {
        0 => return Ok(None),
        2 => input.i64()?,
        coded if coded & 1 == 1 => {
            unzigzag(coded >> 1).checked_mul(NANOS_PER_MILLI).ok_or(DecodeError::OutOfRange { what: "a venue time" })?
        }
        coded => return Err(DecodeError::Impossible { what: "a venue time", value: i128::from(coded) }),
    };
    match reference.checked_add(difference) {
        Some(venue) => Ok(Some(venue)),
        None => Err(DecodeError::OutOfRange { what: "a venue time" }),
    }
}

impl Record for Event {
    const SCHEMA: u16 = 1;
    type Context = Context;

    fn reset(context: &mut Context) {
        context.clear();
    }

    fn encode(&self, stamp: &Stamp, context: &mut Context, out: &mut Encoder<'_>) {
        let plain = short_form(stamp, self);
        let mut head = match (plain, self) {
            (Some((_, kind)), _) => kind,
            (None, Event::Tick) => TICK,
            (None, _) => OTHER,
        };
        let (recv, venue) = (stamp.recv.get(), stamp.venue.map(Nanos::get));
        head |= match self {
            Event::Market(MarketEvent::Trade(Trade { taker: side, .. }) | MarketEvent::Level(Level { side, .. }))
                if *side == Side::Sell =>
            {
                FLAG
            }
            Event::Market(MarketEvent::Depth(Depth { snapshot: true, .. })) => FLAG,
            _ => 0,
        };
        let instrument = plain.map_or(context.instrument, |(instrument, _)| instrument);
        if instrument == context.instrument {
            head |= SAME_INSTRUMENT;
        }
        if recv == context.recv {
            head |= SAME_RECV;
        }
        if venue == context.venue {
            head |= SAME_VENUE;
        }
        let mut short = Short::default();
        short.u8(head);
        if head & SAME_INSTRUMENT == 0 {
            short.u64(u64::from(instrument));
            context.instrument = instrument;
        }
        if head & SAME_RECV == 0 {
            short.u64(recv.wrapping_sub(context.recv) as u64);
            context.recv = recv;
        }
        if head & KIND_BITS <= TICK {
            // Rare events carry their venue time whole.
            if head & SAME_VENUE == 0 {
                short.u8(u8::from(venue.is_some()));
                short.i64(venue.unwrap_or(0));
                context.venue = venue;
            }
            out.short(&short);
            if head & KIND_BITS == OTHER {
                out.value(self);
            }
            return;
        }
        if head & SAME_VENUE == 0 {
            let reference = context.last(instrument).venue;
            put_venue(venue, reference, &mut short);
            context.venue = venue;
        }
        let last = context.last(instrument);
        last.venue = venue.unwrap_or(last.venue);
        if let Event::Market(event) = self {
            put_market(event, last, &mut short);
        }
        out.short(&short);
    }

    #[inline]
    fn decode(
        schema: u16,
        seq: Seq,
        context: &mut Context,
        input: &mut Decoder<'_>,
        out: &mut Vec<(Stamp, Self)>,
    ) -> Result<(), DecodeError> {
        if schema != Self::SCHEMA {
            return Err(DecodeError::NewerSchema { found: schema, newest: Self::SCHEMA });
        }
        let head = input.u8()?;
        if head & SAME_INSTRUMENT == 0 {
            let instrument = input.u64()?;
            if instrument >= u64::from(INSTRUMENTS_MAX) {
                return Err(DecodeError::OutOfRange { what: "an instrument id" });
            }
            context.instrument = instrument as u32;
        }
        if head & SAME_RECV == 0 {
            context.recv = context.recv.wrapping_add(input.u64()? as i64);
        }
        let recv = Nanos::new(context.recv);
        if head & KIND_BITS <= TICK {
            return decode_rare(head, Stamp { seq, recv, venue: None }, context, input, out);
        }
        if context.instrument >= INSTRUMENTS_MAX {
            return Err(DecodeError::Impossible { what: "a first event without instrument", value: i128::from(head) });
        }
        let instrument = InstrumentId(context.instrument);
        let (mut venue, last) = context.venue_and_last(instrument.0);
        if head & SAME_VENUE == 0 {
            venue = get_venue(last.venue, input)?;
        }
        last.venue = venue.unwrap_or(last.venue);
        let stamp = Stamp { seq, recv, venue: venue.map(Nanos::new) };
        get_market(head, stamp, instrument, last, input, out)?;
        context.venue = venue;
        Ok(())
    }
}

/// The rest of a tick or of an event that goes by serde; both carry their venue time whole.
#[cold]
fn decode_rare(
    head: u8,
    mut stamp: Stamp,
    context: &mut Context,
    input: &mut Decoder<'_>,
    out: &mut Vec<(Stamp, Event)>,
) -> Result<(), DecodeError> {
    if head & SAME_VENUE == 0 {
        let some = input.u8()?;
        let venue = input.i64()?;
        context.venue = match some {
            0 => None,
            1 => Some(venue),
            other => return Err(DecodeError::Impossible { what: "a venue time's mark", value: i128::from(other) }),
        };
    }
    stamp.venue = context.venue.map(Nanos::new);
    let event = if head & KIND_BITS == TICK { Event::Tick } else { input.value("an event")? };
    out.push((stamp, event));
    Ok(())
}

#[inline(always)]
fn put_market(event: &MarketEvent, last: &mut Last, out: &mut Short) {
    match event {
        MarketEvent::Trade(trade) => {
            put_number(trade.price.raw(), last.trade, &mut last.price_unit, out);
            put_qty(trade.qty, &mut last.qty_unit, out);
            out.i64(trade.id.wrapping_sub(last.trade_id).wrapping_sub(1) as i64);
            last.trade = trade.price.raw();
            last.trade_id = trade.id;
        }
        MarketEvent::Quote(quote) => {
            let (bid, ask) = (quote.bid.raw(), quote.ask.raw());
            // plain_qty has checked that they fit.
            let (bid_qty, ask_qty) = (quote.bid_qty.raw() as i64, quote.ask_qty.raw() as i64);
            let changed = [bid != last.bid, ask != last.ask, bid_qty != last.bid_qty, ask_qty != last.ask_qty];
            out.u8(changed.iter().enumerate().map(|(bit, &changed)| u8::from(changed) << bit).sum());
            if changed[0] {
                put_number(bid, last.bid, &mut last.price_unit, out);
            }
            if changed[1] {
                put_number(ask, last.ask, &mut last.price_unit, out);
            }
            if changed[2] {
                put_qty(quote.bid_qty, &mut last.qty_unit, out);
            }
            if changed[3] {
                put_qty(quote.ask_qty, &mut last.qty_unit, out);
            }
            (last.bid, last.ask, last.bid_qty, last.ask_qty) = (bid, ask, bid_qty, ask_qty);
        }
        MarketEvent::Depth(depth) => {
            out.u64(u64::from(depth.levels));
            out.i64(depth.update_id.wrapping_sub(last.update_id) as i64);
            last.update_id = depth.update_id;
        }
        MarketEvent::Level(level) => {
            let reference = &mut last.levels[level.side as usize];
            put_number(level.price.raw(), *reference, &mut last.price_unit, out);
            *reference = level.price.raw();
            put_qty(level.qty, &mut last.qty_unit, out);
        }
        _ => unreachable!("short_form chose the kinds"),
    }
}

/// Reads the fields of a short form and pushes the event: built in its place, never copied (measured 1.6x).
#[inline(always)]
fn get_market(
    head: u8,
    stamp: Stamp,
    instrument: InstrumentId,
    last: &mut Last,
    input: &mut Decoder<'_>,
    out: &mut Vec<(Stamp, Event)>,
) -> Result<(), DecodeError> {
    let side = if head & FLAG == 0 { Side::Buy } else { Side::Sell };
    match head & KIND_BITS {
        TRADE => {
            last.trade = get_number(last.trade, &mut last.price_unit, input)?;
            let qty = Qty::from_raw(i128::from(get_qty(&mut last.qty_unit, input)?));
            last.trade_id = last.trade_id.wrapping_add(input.i64()? as u64).wrapping_add(1);
            let (price, id) = (Price::from_raw(last.trade), last.trade_id);
            out.push((stamp, Event::Market(MarketEvent::Trade(Trade { instrument, taker: side, price, qty, id }))));
        }
        QUOTE => {
            let changed = input.u8()?;
            if changed > 0x0f {
                return Err(DecodeError::Impossible { what: "a quote's changes", value: i128::from(changed) });
            }
            if changed & 1 != 0 {
                last.bid = get_number(last.bid, &mut last.price_unit, input)?;
            }
            if changed & 2 != 0 {
                last.ask = get_number(last.ask, &mut last.price_unit, input)?;
            }
            if changed & 4 != 0 {
                last.bid_qty = get_qty(&mut last.qty_unit, input)?;
            }
            if changed & 8 != 0 {
                last.ask_qty = get_qty(&mut last.qty_unit, input)?;
            }
            let (bid, ask) = (Price::from_raw(last.bid), Price::from_raw(last.ask));
            let (bid_qty, ask_qty) = (Qty::from_raw(i128::from(last.bid_qty)), Qty::from_raw(i128::from(last.ask_qty)));
            out.push((stamp, Event::Market(MarketEvent::Quote(Quote { instrument, bid, ask, bid_qty, ask_qty }))));
        }
        DEPTH => {
            let levels = u32::try_from(input.u64()?).map_err(|_| DecodeError::OutOfRange { what: "a count of levels" })?;
            last.update_id = last.update_id.wrapping_add(input.i64()? as u64);
            let (snapshot, update_id) = (head & FLAG != 0, last.update_id);
            out.push((stamp, Event::Market(MarketEvent::Depth(Depth { instrument, snapshot, levels, update_id }))));
        }
        LEVEL => {
            let reference = &mut last.levels[side as usize];
            *reference = get_number(*reference, &mut last.price_unit, input)?;
            let price = Price::from_raw(*reference);
            let qty = Qty::from_raw(i128::from(get_qty(&mut last.qty_unit, input)?));
            out.push((stamp, Event::Market(MarketEvent::Level(Level { instrument, side, price, qty }))));
        }
        kind => return Err(DecodeError::Impossible { what: "an event's kind", value: i128::from(kind) }),
    }
    Ok(())
}

/// Every event the wire form must carry, for property tests.
#[cfg(test)]
#[path = "encoding_tests.rs"]
pub(crate) mod tests;
