//! A world whose events are all there already: [`Recorded`] plays a journal, or a list.

use jangbu_journal::{JournalError, Nanos, Record, Seq, Stamp};

use crate::effects::Effects;
use crate::machine::Machine;
use crate::world::{Batch, Flow, World};

/// Events a batch holds. A batch of 96-byte events then fits the L2 cache.
pub(crate) const BATCH_EVENTS: usize = 1_024;

/// Where a replay ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// With the last event.
    End,
    /// With this event.
    Seq(Seq),
    /// With the last event received at or before this moment.
    Time(Nanos),
}

/// Stamped events in order: a scan of a journal, or a list of them.
pub trait Source<E> {
    /// Appends up to `max` further events to `out`; 0 is the end.
    ///
    /// # Errors
    /// When the next events cannot be read.
    fn next_batch(&mut self, max: usize, out: &mut Vec<(Stamp, E)>) -> Result<usize, JournalError>;
}

impl<E> Source<E> for std::vec::IntoIter<(Stamp, E)> {
    fn next_batch(&mut self, max: usize, out: &mut Vec<(Stamp, E)>) -> Result<usize, JournalError> {
        let before = out.len();
        out.extend(self.take(max));
        Ok(out.len() - before)
    }
}

#[cfg(feature = "sled")]
impl<R: Record> Source<R> for jangbu_journal::Scan<R> {
    fn next_batch(&mut self, max: usize, out: &mut Vec<(Stamp, R)>) -> Result<usize, JournalError> {
        jangbu_journal::Scan::next_batch(self, max, out)
    }
}

/// Plays recorded events. Effects go nowhere: there is no gateway here that could send an order.
#[derive(Debug)]
pub struct Recorded<S> {
    source: S,
    until: Until,
}

impl<S> Recorded<S> {
    /// Plays `source` up to `until`.
    pub fn new(source: S, until: Until) -> Self {
        Recorded { source, until }
    }
}

impl<M: Machine, S: Source<M::Event>> World<M> for Recorded<S>
where
    M::Event: Record,
{
    type Error = JournalError;

    fn next(&mut self, _: Option<Nanos>, batch: &mut Batch<M::Event>) -> Result<Flow, JournalError> {
        let mut flow = Flow::Continue;
        let (source, until) = (&mut self.source, self.until);
        let next = batch.next_seq();
        batch.fill_stamped(|items| {
            let max = match until {
                Until::Seq(last) => BATCH_EVENTS.min(last.next().get().saturating_sub(next.get()) as usize),
                _ => BATCH_EVENTS,
            };
            if max == 0 {
                flow = Flow::Stop;
                return Ok(0);
            }
            let count = source.next_batch(max, items)?;
            if count == 0 {
                flow = Flow::Stop;
            }
            if let Until::Time(last) = until {
                let keep = items.partition_point(|(stamp, _)| stamp.recv <= last);
                if keep < items.len() {
                    items.truncate(keep);
                    flow = Flow::Stop;
                }
            }
            Ok(items.len())
        })?;
        Ok(flow)
    }

    fn take(&mut self, _: &Stamp, _: &mut Effects<M::Effect>) -> Result<(), JournalError> {
        Ok(())
    }

    fn release(&mut self, _: Seq) -> Result<(), JournalError> {
        Ok(())
    }
}
