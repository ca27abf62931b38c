//! Which part of a journal is meant: [`part`].

use jangbu_journal::{JournalError, Nanos, Reader, Seq, SessionInfo};
use jangbu_replay::Until;

use super::Args;
use crate::cli::answer::Failure;
use crate::cli::moment::{Position, time_text};
use crate::event::Event;

/// A part of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Part {
    /// The session, when it is one.
    pub(in crate::cli) session: Option<u64>,
    /// Its first event.
    pub(in crate::cli) from: Seq,
    /// Its last event: `last`, or what was said in time.
    pub(in crate::cli) until: Until,
    /// Not later than this.
    pub(in crate::cli) last: Seq,
    /// Whether what ends there ended in good order.
    pub(in crate::cli) whole: bool,
}

/// The part that the flags mean.
pub(super) fn part(reader: &Reader<Event>, args: &Args) -> Result<Part, Failure> {
    let mut part = match args.session {
        None if args.from.is_some() || args.until.is_some() => whole(reader)?,
        session => of_session(reader, session)?,
    };
    if let Some(from) = args.from {
        let seq = match from {
            Position::Seq(seq) => seq.max(Seq::FIRST),
            Position::Time(time) => first_at(reader, (part.from, part.last), time).map_err(Failure::could_not)?,
        };
        if seq > part.last {
            return Err(Failure::wrong_use(format_args!("--from: nothing is left there (the last event is {})", part.last)));
        }
        part.from = seq.max(part.from);
    }
    match args.until {
        None => {}
        Some(Position::Seq(seq)) if seq < part.from => {
            return Err(Failure::wrong_use(format_args!("--until {seq} is before {}, where it begins", part.from)));
        }
        Some(Position::Seq(seq)) if seq >= part.last => {}
        Some(Position::Seq(seq)) => {
            (part.last, part.until, part.whole) = (seq, Until::Seq(seq), false);
        }
        Some(Position::Time(time)) => {
            let next = first_at(reader, (part.from, part.last), time.plus(1)).map_err(Failure::could_not)?;
            if next == part.from {
                return Err(Failure::wrong_use(format_args!("--until {}: it begins later than that", time_text(time))));
            }
            if next <= part.last {
                (part.last, part.until, part.whole) = (next.previous(), Until::Seq(next.previous()), false);
            }
        }
    }
    Ok(part)
}

fn whole(reader: &Reader<Event>) -> Result<Part, Failure> {
    let last = reader.last_seq();
    if last == Seq::ZERO {
        return Err(Failure::could_not("the journal is empty: nothing was recorded yet · 장부가 비어 있습니다"));
    }
    let whole = reader.sessions().last().is_none_or(|session| session.last == Some(last));
    Ok(Part { session: None, from: Seq::FIRST, until: Until::Seq(last), last, whole })
}

/// All of a session; the last one when none is named.
pub(in crate::cli) fn of_session(reader: &Reader<Event>, wanted: Option<u64>) -> Result<Part, Failure> {
    let sessions = reader.sessions();
    let Some(latest) = sessions.last() else { return whole(reader) };
    let wanted = wanted.unwrap_or(latest.id);
    let place = sessions.iter().position(|session| session.id == wanted).ok_or_else(|| {
        let (first, last) = (sessions.first().map_or(0, |session| session.id), latest.id);
        Failure::could_not(format_args!(
            "there is no session {wanted} in the journal (it has {first} to {last}); `jangbu sessions` lists them · 그런 세션이 없습니다"
        ))
    })?;
    let last = end_of(sessions, place, reader.last_seq());
    let SessionInfo { id, first, .. } = sessions[place];
    if last < first {
        return Err(Failure::could_not(format_args!(
            "session {id} has no event: it ended before its first · 사건이 없는 세션입니다"
        )));
    }
    Ok(Part { session: Some(id), from: first, until: Until::Seq(last), last, whole: sessions[place].last.is_some() })
}

/// The last event of a session, also of one that was cut off.
pub(in crate::cli) fn end_of(sessions: &[SessionInfo], place: usize, last: Seq) -> Seq {
    let next = sessions.get(place + 1).map(|next| next.first.previous());
    sessions[place].last.or(next).unwrap_or(last).min(last)
}

/// The first event of `from ..= last` received at `time` or later; `last.next()` when there is none.
pub(in crate::cli) fn first_at(reader: &Reader<Event>, (from, last): (Seq, Seq), time: Nanos) -> Result<Seq, JournalError> {
    let (mut low, mut high) = (from, last.next());
    let mut one = Vec::new();
    while low < high {
        let middle = Seq::new(low.get() + (high.get() - low.get()) / 2);
        one.clear();
        reader.scan(middle)?.next_batch(1, &mut one)?;
        match one.first() {
            Some((stamp, _)) if stamp.recv < time => low = middle.next(),
            _ => high = middle,
        }
    }
    Ok(low)
}
