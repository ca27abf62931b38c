//! A recorded session as history: [`JournalHistory`], what was heard from outside, without what the simulator will say again.

use std::vec::IntoIter;

use jangbu_journal::{JournalError, Reader, Seq, Stamp};
use jangbu_replay::{Ahead, Source};

use crate::account::SessionId;
use crate::data::history::{History, HistoryError, Moment};
use crate::effect::Query;
use crate::event::{Answer, Command, Event};

/// Events read at once.
const BATCH_EVENTS: usize = 4_096;

/// What of a session is history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Everything that was said from outside, the operator's commands and settings too: the session as it was.
    All,
    /// Markets and connections alone: the market of that day, for other settings.
    Markets,
}

/// The events of a session of a journal that came from outside.
#[derive(Debug)]
pub struct JournalHistory {
    events: Ahead<Event>,
    last: Seq,
    session: SessionId,
    heard: Heard,
    read: IntoIter<(Stamp, Event)>,
    /// The session still says what it begins with.
    opening: bool,
}

impl JournalHistory {
    /// Events `first ..= last`, which are those of `session`.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn new(
        reader: &Reader<Event>,
        session: SessionId,
        (first, last): (Seq, Seq),
        heard: Heard,
    ) -> Result<Self, JournalError> {
        Ok(JournalHistory {
            events: Ahead::new(reader, first)?,
            last,
            session,
            heard,
            read: Vec::new().into_iter(),
            opening: true,
        })
    }

    /// Whether an event came from outside.
    fn is_heard(&mut self, event: &Event) -> bool {
        match event {
            Event::Market(_) | Event::Link(_) => true,
            Event::Command(command) => {
                if let Command::AutoTrade(_) = **command {
                    self.opening = false;
                }
                self.heard == Heard::All
            }
            // A session begins with saying which orders of the one before nobody knows any more; all other answers are the
            // simulator's.
            Event::Answer(answer) => match **answer {
                Answer::NotFound { order } => self.heard == Heard::All && self.opening && order.session < self.session,
                Answer::Noted { .. } => self.heard == Heard::All,
                Answer::Failed { ref question, .. } => Query::is_market_question(question),
                Answer::Balance { .. }
                | Answer::Position { .. }
                | Answer::OpenOrder { .. }
                | Answer::Reconciled { .. }
                | Answer::Charged(_)
                | Answer::Flow(_)
                | Answer::Brackets { .. }
                | Answer::Margin { .. }
                | Answer::Forced(_) => false,
            },
            // Raw frames do nothing, but orders are named by seqs: the session as it was has them.
            Event::Frame(_) => self.heard == Heard::All,
            Event::Order(_) | Event::Tick => false,
        }
    }
}

impl History for JournalHistory {
    fn has_answers(&self) -> bool {
        true
    }

    #[inline]
    fn next(&mut self) -> Result<Option<Moment>, HistoryError> {
        loop {
            while let Some((stamp, event)) = self.read.next() {
                if stamp.seq > self.last {
                    return Ok(None);
                }
                if self.is_heard(&event) {
                    return Ok(Some((stamp.recv, stamp.venue, event)));
                }
            }
            let mut batch = Vec::new();
            if self.events.next_batch(BATCH_EVENTS, &mut batch)? == 0 {
                return Ok(None);
            }
            self.read = batch.into_iter();
        }
    }
}
