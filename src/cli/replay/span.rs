//! Which part of a journal is meant: [`part`].

use jangbu_journal::{JournalError, Nanos, Reader, Seq, SessionInfo, Stamp};
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

/// The first event of `from ..= last` received at `time` or later; `last.next()` when there is none. Events that a repair gave up
/// count as received with the next one there is.
pub(in crate::cli) fn first_at(reader: &Reader<Event>, range: (Seq, Seq), time: Nanos) -> Result<Seq, JournalError> {
    search(reader, range, time, EVENTS_LOOKED_THROUGH)
}

/// Halves the range until at most `looked_through` events are left, and looks through those: a probe may cost a copy of a volume.
fn search(reader: &Reader<Event>, (from, last): (Seq, Seq), time: Nanos, looked_through: u64) -> Result<Seq, JournalError> {
    let (mut low, mut high) = (from, last.next());
    while high.get().saturating_sub(low.get()) > looked_through {
        let middle = Seq::new(low.get() + (high.get() - low.get()) / 2);
        match first_readable(reader, (middle, last), 1, &mut |stamp| stamp.recv >= time)? {
            Some((_, false)) => low = middle.next(),
            Some((_, true)) | None => high = middle,
        }
    }
    let left = high.get().saturating_sub(low.get());
    if left == 0 {
        return Ok(high);
    }
    Ok(match first_readable(reader, (low, high.previous()), left, &mut |stamp| stamp.recv >= time)? {
        Some((seq, true)) => seq,
        Some((_, false)) | None => high,
    })
}

/// Looks at up to `count` events of `from ..= last` until `is_it` says so: the last one looked at, and whether it was that. Instead
/// of an event behind a gap the first of the gap is given.
fn first_readable(
    reader: &Reader<Event>,
    (from, last): (Seq, Seq),
    count: u64,
    is_it: &mut dyn FnMut(&Stamp) -> bool,
) -> Result<Option<(Seq, bool)>, JournalError> {
    let (mut next, mut gap, mut looked) = (from, None, None);
    let mut left = count;
    let mut rows = Vec::new();
    let mut scan = reader.scan(next)?;
    while next <= last && left > 0 {
        rows.clear();
        match scan.next_batch(usize::try_from(left).map_or(BATCH_EVENTS, |left| left.min(BATCH_EVENTS)), &mut rows) {
            Ok(0) => break,
            Ok(_) => {}
            Err(JournalError::GivenUp { last: lost, .. }) => {
                gap = gap.or(Some(next));
                next = lost.next().max(next.next());
                scan = reader.scan(next)?;
            }
            Err(error) => return Err(error),
        }
        for (stamp, _) in rows.iter().take_while(|(stamp, _)| stamp.seq <= last) {
            let seq = gap.take().unwrap_or(stamp.seq);
            if is_it(stamp) {
                return Ok(Some((seq, true)));
            }
            looked = Some((seq, false));
            next = stamp.seq.next();
            left -= 1;
        }
    }
    Ok(looked)
}

/// So many events are read faster than a volume is opened a few times.
const EVENTS_LOOKED_THROUGH: u64 = 200_000;
const BATCH_EVENTS: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;
    use jangbu_journal::{Writer, WriterOptions};

    #[test]
    fn a_moment_is_found_by_halves_and_by_looking() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut writer = Writer::<Event>::open(dir.path(), WriterOptions::default()).expect("opens");
        // Three events at each moment.
        for seq in 1..=60 {
            let stamp = Stamp { seq: Seq::new(seq), recv: Nanos::new((seq as i64 - 1) / 3 * 10), venue: None };
            writer.append(&stamp, &Event::Tick).expect("appends");
        }
        writer.close().expect("closes");
        let reader = Reader::<Event>::open(dir.path()).expect("opens");
        for (time, expected) in [(-5, 1), (0, 1), (1, 4), (10, 4), (95, 31), (190, 58), (191, 61)] {
            for looked_through in [1, 7, 100] {
                let found = search(&reader, (Seq::FIRST, Seq::new(60)), Nanos::new(time), looked_through).expect("reads");
                assert_eq!(found, Seq::new(expected), "{time}, {looked_through}");
            }
        }
    }
}
