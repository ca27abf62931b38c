//! Events as the journal writes them, and what the kernel makes of any.

use jangbu::event::Event;
use jangbu::kernel::Kernel;
use jangbu::market::Instrument;
use jangbu_journal::{Decoder, Encoder, Nanos, Record, Seq, Stamp};
use jangbu_replay::{Effects, Machine, Parts};

type Rows = Vec<(Stamp, Event)>;

/// More events than this are more of the same.
const EVENTS_MAX: u64 = 2_000;

/// Bytes as the records of a block: as many as decode are the same when they are written and read again.
pub fn event_record(data: &[u8]) {
    survive(&decode(Event::SCHEMA, Seq::FIRST, data, EVENTS_MAX));
}

/// Decodes up to `count` events, to the first error or the end. Each adds one event with its seq; an error adds none.
pub(crate) fn decode(schema: u16, first: Seq, bytes: &[u8], count: u64) -> Rows {
    let mut context = <Event as Record>::Context::default();
    let mut input = Decoder::new(bytes);
    let mut rows = Rows::new();
    let mut seq = first;
    while (rows.len() as u64) < count.min(EVENTS_MAX) && input.remaining() > 0 {
        let before = (rows.len(), input.remaining());
        match Event::decode(schema, seq, &mut context, &mut input, &mut rows) {
            Ok(()) => {
                assert_eq!(rows.len(), before.0 + 1, "a record is one event");
                assert!(input.remaining() < before.1, "a record takes bytes");
                assert_eq!(rows.last().map(|(stamp, _)| stamp.seq), Some(seq));
            }
            Err(error) => {
                assert_eq!(rows.len(), before.0, "an error adds nothing");
                assert!(!error.to_string().is_empty());
                break;
            }
        }
        seq = seq.next();
    }
    rows
}

/// Asserts that events written to a block are the events read from it.
pub(crate) fn survive(rows: &[(Stamp, Event)]) {
    let mut bytes = Vec::new();
    let mut context = <Event as Record>::Context::default();
    for (stamp, event) in rows {
        event.encode(stamp, &mut context, &mut Encoder::new(&mut bytes));
    }
    let mut context = <Event as Record>::Context::default();
    let mut input = Decoder::new(&bytes);
    let mut read = Rows::new();
    for (stamp, event) in rows {
        let decoded = Event::decode(Event::SCHEMA, stamp.seq, &mut context, &mut input, &mut read);
        assert_eq!(decoded, Ok(()), "{stamp:?} {event:?}");
        assert_eq!(read.last().map(|(stamp, event)| (stamp, event)), Some((stamp, event)));
    }
    assert_eq!(input.finish(), Ok(()));
}

/// Bytes as events, in the order of time, given to the kernel: it takes any, its books balance, and from a snapshot it
/// goes on as it would have without.
pub fn kernel(data: &[u8]) {
    let mut rows = decode(Event::SCHEMA, Seq::FIRST, data, EVENTS_MAX);
    // The writer refuses a receive time that goes back.
    let mut last = rows.first().map_or(Nanos::ZERO, |(stamp, _)| stamp.recv);
    for (stamp, _) in &mut rows {
        last = last.max(stamp.recv);
        stamp.recv = last;
    }
    let (first, second) = rows.split_at(rows.len() / 2);
    let mut kernel = Kernel::default();
    apply(&mut kernel, first);
    let mut saved = Vec::new();
    kernel.save(&mut saved);
    let mut loaded = Kernel::load(&saved).expect("what was saved loads");
    assert_eq!(digest(&kernel), digest(&loaded), "loaded as it was saved");
    assert_eq!(apply(&mut kernel, second), apply(&mut loaded, second), "the same effects from a snapshot");
    assert_eq!(digest(&kernel), digest(&loaded), "the same state from a snapshot");
    let instruments: Vec<Instrument> = kernel.instruments().cloned().collect();
    assert_eq!(kernel.portfolio().check_conservation(&instruments), Ok(()), "the books balance");
}

fn apply(kernel: &mut Kernel, rows: &[(Stamp, Event)]) -> Vec<String> {
    let mut all = Vec::new();
    let mut effects = Effects::default();
    for (stamp, event) in rows {
        kernel.apply(stamp, event, &mut effects);
        all.extend(effects.as_slice().iter().map(|effect| format!("{} {effect:?}", stamp.seq)));
        effects.clear();
    }
    all
}

fn digest(kernel: &Kernel) -> Parts {
    let mut parts = Parts::new();
    kernel.digest(&mut parts);
    parts
}
