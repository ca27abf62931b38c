//! The market every measure runs on: seeded trades, made once and played as often as needed, later each time. [`Trades`].

use jangbu_journal::block::RAW_BYTES_MAX;
use jangbu_journal::{Encoder, Record, Seq, Stamp, Writer};

use super::BenchError;
use crate::data::history::{History, Moment};
use crate::data::synthetic::{SyntheticSettings, SyntheticTrades};
use crate::event::Event;

/// Trades held: enough that their order is not learnt by heart, few enough (6 MB) that they do not count in the memory shown.
const TRADES: u64 = 65_536;
/// Between the last and the first again.
const GAP_NS: i64 = 1_000_000;

/// A market in memory, without its definitions.
pub(super) struct Trades {
    moments: Vec<Moment>,
    span_ns: i64,
}

impl Trades {
    pub(super) fn new() -> Self {
        let mut market = SyntheticTrades::new(SyntheticSettings { trades: TRADES, ..SyntheticSettings::default() });
        let mut moments = Vec::with_capacity(TRADES as usize);
        while let Ok(Some(moment)) = market.next() {
            if moment.1.is_some() {
                moments.push(moment);
            }
        }
        let span_ns = match (moments.first(), moments.last()) {
            (Some(first), Some(last)) => last.0.since(first.0) + GAP_NS,
            _ => GAP_NS,
        };
        Trades { moments, span_ns }
    }

    /// `count` trades from seq 1 on.
    fn stamped(&self, count: u64) -> impl Iterator<Item = (Stamp, &Event)> {
        let passes = (0_i64..).flat_map(|pass| {
            let later = pass * self.span_ns;
            self.moments.iter().map(move |(recv, venue, event)| (recv.plus(later), venue.map(|at| at.plus(later)), event))
        });
        passes.zip(1_u64..=count).map(|((recv, venue, event), seq)| (Stamp { seq: Seq::new(seq), recv, venue }, event))
    }

    /// Appends `count` trades to an empty journal and waits until they are durable.
    pub(super) fn append(&self, writer: &mut Writer<Event>, count: u64) -> Result<(), BenchError> {
        for (stamp, event) in self.stamped(count) {
            writer.append(&stamp, event)?;
        }
        Ok(writer.sync()?)
    }

    /// The bytes a journal keeps of `count` trades, block after block, handed to `full` in groups of at least `group` bytes.
    pub(super) fn encode<E>(&self, count: u64, group: usize, mut full: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let (mut bytes, mut context, mut block) = (Vec::with_capacity(2 * group), Default::default(), 0);
        for (stamp, event) in self.stamped(count) {
            let before = bytes.len();
            event.encode(&stamp, &mut context, &mut Encoder::new(&mut bytes));
            block += bytes.len() - before;
            if block > RAW_BYTES_MAX {
                bytes.truncate(before);
                Event::reset(&mut context);
                event.encode(&stamp, &mut context, &mut Encoder::new(&mut bytes));
                block = bytes.len() - before;
            }
            if bytes.len() >= group {
                full(&bytes)?;
                bytes.clear();
            }
        }
        full(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_over_passes() {
        let trades = Trades::new();
        let stamps: Vec<Stamp> = trades.stamped(2 * TRADES + 5).map(|(stamp, _)| stamp).collect();
        assert_eq!(stamps.len() as u64, 2 * TRADES + 5);
        assert!(stamps.windows(2).all(|pair| pair[1].seq == pair[0].seq.next() && pair[0].recv <= pair[1].recv));
        assert!(stamps.windows(2).all(|pair| pair[0].venue <= pair[1].venue));
    }
}
