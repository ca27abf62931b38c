//! A journal read ahead of the machine, by a thread of its own: [`Ahead`].
//!
//! To read, check, decompress and decode events takes as long as to apply them. Side by side the two take as long as the slower
//! one. The machine notices nothing: it gets the same events in the same order, from one thread.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use jangbu_journal::{JournalError, Reader, Record, Scan, Seq, Stamp};

use crate::history::{BATCH_EVENTS, Source};

/// Batches read and not taken yet. Few: what is read ahead should still be in a cache when it is applied.
const BATCHES_AHEAD: usize = 4;

type Events<R> = Vec<(Stamp, R)>;

/// The events of a journal in order, read ahead.
#[derive(Debug)]
pub struct Ahead<R: Record> {
    reading: Reading<R>,
    /// Taken from the thread, not handed out yet.
    held: VecDeque<(Stamp, R)>,
    failed: Option<JournalError>,
}

#[derive(Debug)]
enum Reading<R: Record> {
    Thread(Thread<R>),
    /// Where the system gives no thread.
    Here(Box<Scan<R>>),
}

#[derive(Debug)]
struct Thread<R> {
    /// `None` when everything was read, or nothing more is wanted.
    full: Option<Receiver<Result<Events<R>, JournalError>>>,
    /// Batches to be filled again, so that reading allocates no more once it runs.
    empty: SyncSender<Events<R>>,
    handle: Option<JoinHandle<()>>,
}

impl<R: Record> Ahead<R> {
    /// Reads from `from` on, to the end.
    ///
    /// # Errors
    /// As [`Reader::scan`].
    pub fn new(reader: &Reader<R>, from: Seq) -> Result<Self, JournalError> {
        let scan = reader.scan(from)?;
        let (fill, full) = sync_channel(BATCHES_AHEAD);
        let (empty, emptied) = sync_channel(BATCHES_AHEAD + 2);
        let reading = match Builder::new().name("journal-ahead".into()).spawn(move || read(scan, &fill, &emptied)) {
            Ok(handle) => Reading::Thread(Thread { full: Some(full), empty, handle: Some(handle) }),
            Err(_) => Reading::Here(Box::new(reader.scan(from)?)),
        };
        Ok(Ahead { reading, held: VecDeque::new(), failed: None })
    }
}

/// What the thread does, until the end, a failure, or nobody listens.
fn read<R: Record>(mut scan: Scan<R>, fill: &SyncSender<Result<Events<R>, JournalError>>, emptied: &Receiver<Events<R>>) {
    loop {
        let mut events = emptied.try_recv().unwrap_or_default();
        events.reserve(BATCH_EVENTS);
        match scan.next_batch(BATCH_EVENTS, &mut events) {
            Ok(0) => return,
            Ok(_) if fill.send(Ok(events)).is_ok() => {}
            Ok(_) => return,
            Err(error) => {
                // Nobody listens, perhaps: then nobody wants to know.
                let _ = fill.send(Err(error));
                return;
            }
        }
    }
}

impl<R: Record> Source<R> for Ahead<R> {
    fn next_batch(&mut self, max: usize, out: &mut Vec<(Stamp, R)>) -> Result<usize, JournalError> {
        if !self.held.is_empty() {
            let count = max.min(self.held.len());
            out.extend(self.held.drain(..count));
            return Ok(count);
        }
        let thread = match &mut self.reading {
            Reading::Thread(thread) => thread,
            Reading::Here(scan) => return scan.next_batch(max, out),
        };
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match thread.take() {
            None => Ok(0),
            Some(Err(error)) => Err(self.failed.insert(error).clone()),
            Some(Ok(mut events)) => {
                let count = events.len().min(max);
                if out.is_empty() && count == events.len() {
                    std::mem::swap(out, &mut events);
                } else {
                    out.extend(events.drain(..count));
                    self.held.extend(events.drain(..));
                }
                // The thread makes a new one when it gets none.
                let _ = thread.empty.try_send(events);
                Ok(count)
            }
        }
    }
}

impl<R> Thread<R> {
    /// The next batch; `None` at the end.
    fn take(&mut self) -> Option<Result<Events<R>, JournalError>> {
        let batch = self.full.as_ref()?.recv().ok();
        if batch.is_none() {
            self.end();
        }
        batch
    }

    /// Waits until the thread has ended. It panicked only if something is wrong with this program: then so do we.
    fn end(&mut self) {
        self.full = None;
        if let Some(Err(panic)) = self.handle.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl<R> Drop for Thread<R> {
    /// The journal's files are closed when this is over.
    fn drop(&mut self) {
        self.end();
    }
}
