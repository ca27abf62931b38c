//! What a backtest runs on: [`History`], a market as it was, event by event in the order received.

use std::vec::IntoIter;

use jangbu_journal::Nanos;

use crate::event::{Command, Event};

/// An event of history: when we received it, when the venue says it happened, and what it was.
pub type Moment = (Nanos, Option<Nanos>, Event);

/// Events of the past, in the order received.
pub trait History {
    /// The next one; `None` at the end.
    ///
    /// # Errors
    /// When what is read cannot be read further.
    fn next(&mut self) -> Result<Option<Moment>, HistoryError>;

    /// Whether it has the answers to questions about the market that were asked when it was made. Else nobody has them.
    fn has_answers(&self) -> bool {
        false
    }
}

/// Why a history cannot be read further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The tape.
    #[error(transparent)]
    Tape(#[from] super::tape::TapeError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] jangbu_journal::JournalError),
}

/// A history in memory.
#[derive(Debug)]
pub struct Memory {
    moments: IntoIter<Moment>,
}

impl Memory {
    /// These, in this order.
    pub fn new(moments: Vec<Moment>) -> Self {
        Memory { moments: moments.into_iter() }
    }
}

impl History for Memory {
    fn next(&mut self) -> Result<Option<Moment>, HistoryError> {
        Ok(self.moments.next())
    }
}

/// Several histories as one, by time; at the same moment in their order.
#[derive(Debug)]
pub struct Merged<S> {
    sources: Vec<(Option<Moment>, S)>,
    started: bool,
}

impl<S: History> Merged<S> {
    /// Of these.
    pub fn new(sources: Vec<S>) -> Self {
        Merged { sources: sources.into_iter().map(|source| (None, source)).collect(), started: false }
    }

    /// The histories it is made of.
    pub fn sources(&self) -> impl Iterator<Item = &S> {
        self.sources.iter().map(|(_, source)| source)
    }
}

impl<S: History> History for Merged<S> {
    #[inline]
    fn next(&mut self) -> Result<Option<Moment>, HistoryError> {
        if !self.started {
            self.started = true;
            for (head, source) in &mut self.sources {
                *head = source.next()?;
            }
        }
        let heads = self.sources.iter().enumerate().filter_map(|(index, (head, _))| Some((head.as_ref()?.0, index)));
        let Some((_, index)) = heads.min() else { return Ok(None) };
        let (head, source) = &mut self.sources[index];
        let next = source.next()?;
        Ok(std::mem::replace(head, next))
    }
}

/// A history between the commands that open and those that close a session: at the moments of its first and last event.
#[derive(Debug)]
pub struct Session<S> {
    opening: IntoIter<Command>,
    history: S,
    closing: IntoIter<Command>,
    /// The first event of the history, read to know its moment.
    first: Option<Moment>,
    started: bool,
    now: Nanos,
}

impl<S: History> Session<S> {
    /// `opening`, then the history, then `closing`.
    pub fn new(opening: Vec<Command>, history: S, closing: Vec<Command>) -> Self {
        let (opening, closing) = (opening.into_iter(), closing.into_iter());
        Session { opening, history, closing, first: None, started: false, now: Nanos::ZERO }
    }

    /// The history between them.
    pub fn inner(&self) -> &S {
        &self.history
    }
}

impl<S: History> History for Session<S> {
    #[inline]
    fn next(&mut self) -> Result<Option<Moment>, HistoryError> {
        if !self.started {
            self.started = true;
            self.first = self.history.next()?;
            self.now = self.first.as_ref().map_or(Nanos::ZERO, |first| first.0);
        }
        if let Some(command) = self.opening.next() {
            return Ok(Some((self.now, None, Event::Command(Box::new(command)))));
        }
        let moment = match self.first.take() {
            Some(first) => Some(first),
            None => self.history.next()?,
        };
        if let Some(moment) = moment {
            self.now = self.now.max(moment.0);
            return Ok(Some(moment));
        }
        Ok(self.closing.next().map(|command| (self.now, None, Event::Command(Box::new(command)))))
    }
}
