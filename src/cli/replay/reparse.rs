//! `jangbu replay --reparse`: the raw frames kept in a journal once more through today's parsers.

use jangbu_journal::Reader;
use serde_json::json;

use super::span::Part;
use crate::cli::answer::{Failure, Outcome, print, print_json, say};
use crate::cli::progress::Progress;
use crate::event::Event;
use crate::venue::reparse::{Difference, Reparse, Reparsed};

/// Events read at once.
const BATCH_EVENTS: usize = 4_096;

/// Compares.
pub(super) fn run(reader: &Reader<Event>, part: &Part, as_json: bool) -> Result<Outcome, Failure> {
    let mut reparse = Reparse::default();
    let result = compare(reader, part, &mut reparse)?;
    let (done, difference) = match result {
        Err(difference) => (reparse.done(), Some(difference)),
        Ok(()) => {
            let done = reparse.done();
            (done, reparse.finish(part.whole).err())
        }
    };
    let Reparsed { frames, events, fills, frames_unread, events_unframed } = done;
    if frames == 0 && difference.is_none() {
        let why = if frames_unread > 0 { "this build has no parser for the frames kept" } else { "no raw frame was kept" };
        return Err(Failure::could_not(format_args!(
            "{why} in that part of the journal; set `journal.raw = \"all\"` before a session to keep them · 보관된 원문 프레임이 없습니다"
        )));
    }
    if as_json {
        print_json(&json!({
            "identical": difference.is_none(),
            "frames": frames,
            "events": events,
            "fills": fills,
            "frames_unread": frames_unread,
            "events_unframed": events_unframed,
            "difference": difference.as_ref().map(|difference| json!({
                "seq": difference.seq,
                "frame": difference.frame,
                "journaled": difference.journaled,
                "parsed": difference.parsed,
            })),
        }))?;
    } else {
        match &difference {
            None => print(format_args!("identical · 같음: {frames} frames make the same {events} events · 프레임, 사건"))?,
            Some(difference) => print(difference)?,
        }
        if frames_unread + events_unframed > 0 {
            say(format_args!(
                "not compared: {frames_unread} frames without a parser here, {events_unframed} events without frames"
            ));
        }
    }
    Ok(if difference.is_none() { Outcome::Done } else { Outcome::No })
}

fn compare(reader: &Reader<Event>, part: &Part, reparse: &mut Reparse) -> Result<Result<(), Box<Difference>>, Failure> {
    let mut scan = reader.scan(part.from).map_err(Failure::could_not)?;
    let mut progress = Progress::new("reparse");
    let mut batch = Vec::new();
    let total = part.last.next().get() - part.from.get();
    loop {
        batch.clear();
        if scan.next_batch(BATCH_EVENTS, &mut batch).map_err(Failure::could_not)? == 0 {
            return Ok(Ok(()));
        }
        for (stamp, event) in &batch {
            if stamp.seq > part.last {
                return Ok(Ok(()));
            }
            if let Err(difference) = reparse.event(stamp, event) {
                return Ok(Err(difference));
            }
        }
        if let Some((stamp, _)) = batch.last() {
            progress.at(stamp.seq.next().get() - part.from.get(), total);
        }
    }
}
