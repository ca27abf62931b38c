//! A recorded tape of Binance frames as history: [`TapeHistory`] reads them with the gateway's own decoder.

use std::path::Path;

use jangbu_journal::Nanos;

use crate::data::history::{History, HistoryError, Moment};
use crate::data::tape::{TapeError, TapeReader};
use crate::event::{Event, MarketEvent};
use crate::market::{Instrument, InstrumentId, Venue};
use crate::venue::binance::wire::{Decoder, FrameCounts, FrameOutcome};
use crate::venue::raw::Made;

/// How a REST depth snapshot begins that a tape holds in line.
const SNAPSHOT_START: &str = "{\"lastUpdateId\"";

/// A tape, frame by frame. The definitions of its instruments come first, at the moment of the first frame.
///
/// What cannot be read is left out and counted: see [`TapeHistory::counts`] and [`TapeHistory::damaged`].
pub struct TapeHistory {
    reader: TapeReader,
    decoder: Decoder,
    instruments: Vec<Instrument>,
    started: bool,
    /// Another tape had these instruments before.
    follows: bool,
    /// Events of the last frame, of which `next` is the first not yet given.
    made: Made,
    next: usize,
    recv: Nanos,
    snapshots: u64,
    damaged: u64,
    first_problem: Option<String>,
}

impl TapeHistory {
    /// Opens a tape on which these instruments may be found; all are of one venue.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: impl AsRef<Path>, instruments: Vec<Instrument>) -> Result<Self, TapeError> {
        Ok(Self::new(TapeReader::open(path)?, instruments))
    }

    /// Reads on from where `reader` stands.
    pub fn new(reader: TapeReader, instruments: Vec<Instrument>) -> Self {
        let venue = instruments.first().map_or(Venue::BinanceSpot, |instrument| instrument.venue);
        let decoder = Decoder::new(venue, instruments.iter().map(|instrument| (instrument.symbol.as_str(), instrument.id)));
        TapeHistory {
            reader,
            decoder,
            instruments,
            started: false,
            follows: false,
            made: Vec::new(),
            next: 0,
            recv: Nanos::ZERO,
            snapshots: 0,
            damaged: 0,
            first_problem: None,
        }
    }

    /// It goes on where another tape of the same instruments ended: their books are lost in between.
    #[must_use]
    pub fn following(mut self) -> Self {
        self.follows = true;
        self
    }

    /// What became of the frames so far.
    pub fn counts(&self) -> &FrameCounts {
        self.decoder.counts()
    }

    /// Depth snapshots found in line.
    pub fn snapshots(&self) -> u64 {
        self.snapshots
    }

    /// Lines that are not frames, and snapshots and frames that cannot be read.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// What was wrong with the first of those.
    pub fn first_problem(&self) -> Option<&str> {
        self.first_problem.as_deref()
    }

    /// Reads one more line; false at the end.
    fn read(&mut self) -> Result<bool, HistoryError> {
        self.made.clear();
        self.next = 0;
        let frame = match self.reader.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(false),
            Err(error @ TapeError::Line { .. }) => {
                self.note(&error);
                return Ok(true);
            }
            Err(error) => return Err(error.into()),
        };
        self.recv = Nanos::new(frame.recv_ns);
        if !self.started {
            self.started = true;
            for instrument in self.instruments.drain(..) {
                let lost = self.follows.then_some((None, Event::Market(MarketEvent::BookLost(instrument.id))));
                self.made.push(defined(instrument));
                self.made.extend(lost);
            }
        }
        let problem = if frame.text.starts_with(SNAPSHOT_START) {
            self.snapshots += 1;
            // A snapshot does not name its instrument: it is the one whose book waits for one.
            let instrument = self.decoder.wants_snapshot().unwrap_or(InstrumentId(0));
            self.decoder.snapshot(instrument, frame.text.as_bytes(), &mut self.made).err()
        } else {
            match self.decoder.frame(frame.text.as_bytes(), &mut self.made) {
                FrameOutcome::Malformed(error) => Some(error),
                _ => None,
            }
        };
        if let Some(error) = problem {
            let line = frame.line;
            self.note(&format_args!("line {line}: {error}"));
        }
        Ok(true)
    }

    fn note(&mut self, problem: &impl std::fmt::Display) {
        self.damaged += 1;
        if self.first_problem.is_none() {
            self.first_problem = Some(problem.to_string());
        }
    }
}

impl History for TapeHistory {
    #[inline]
    fn next(&mut self) -> Result<Option<Moment>, HistoryError> {
        loop {
            if let Some((venue, event)) = self.made.get_mut(self.next) {
                self.next += 1;
                return Ok(Some((self.recv, *venue, std::mem::replace(event, Event::Tick))));
            }
            if !self.read()? {
                return Ok(None);
            }
        }
    }
}

fn defined(instrument: Instrument) -> (Option<Nanos>, Event) {
    (None, Event::Market(MarketEvent::Instrument(Box::new(instrument))))
}
