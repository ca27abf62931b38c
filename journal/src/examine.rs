//! Goes over one volume: what is readable in it, what is not, and what of that can be saved: [`Examined`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::access::Access;
use crate::catalog::{Seal, Volume, volume_path};
use crate::checkpoint::Checkpoint;
use crate::codec::Decoder;
use crate::error::JournalError;
use crate::record::Record;
use crate::report::SeqRange;
use crate::salvage::{self, Bounds, Part};
use crate::stamp::{Nanos, Seq, Stamp};
use crate::store::memory::MemoryStore;
use crate::store::sled::{COPYING, is_busy};
use crate::store::{Changes, Key, Store, Table};
use crate::walk::{Item, Place, Walk};

/// How often to look again at a volume whose writer was just putting a block in place of fragments.
const TRIES: u32 = 4;
const CHECKPOINT_BYTES: usize = 1 << 20;

/// Looks at the events of items, in order: `(item's bytes decompressed, whether its block begins with it)`.
pub(crate) type Contents<'a> = dyn FnMut(&crate::block::Header, &[u8]) -> Result<(), String> + 'a;

/// Decodes every record of type `R`, and compares the times.
pub(crate) fn decoding<R: Record>() -> impl FnMut(&crate::block::Header, &[u8]) -> Result<(), String> {
    let mut context = R::Context::default();
    let mut out: Vec<(Stamp, R)> = Vec::new();
    move |header, raw| {
        if header.fragment <= 1 {
            R::reset(&mut context);
        }
        let decode = AssertUnwindSafe(|| {
            let mut input = Decoder::new(raw);
            let mut times = (header.first_recv, header.first_recv);
            for at in 0..u64::from(header.count) {
                let seq = header.first.advance(at);
                out.clear();
                let decoded = R::decode(header.schema, seq, &mut context, &mut input, &mut out);
                decoded.map_err(|error| format!("event {seq} does not decode: {error}"))?;
                let recv = out.last().map_or(times.1, |(stamp, _)| stamp.recv);
                if recv < times.1 {
                    return Err(format!("the time of event {seq} goes back from {} to {recv}", times.1));
                }
                times = (if at == 0 { recv } else { times.0 }, recv);
            }
            input.finish().map_err(|error| format!("after its last event, {}: {error}", header.last()))?;
            if times != (header.first_recv, header.last_recv) {
                return Err("its times are not those of its events".to_owned());
            }
            Ok(())
        });
        catch_unwind(decode)
            .unwrap_or_else(|_| Err("decoding it panics, which is a mistake in this program: please report it".to_owned()))
    }
}

/// A range of events and what is wrong with it.
pub(crate) type Problem = (SeqRange, String);

/// What a pass over a volume has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) blocks: u64,
    pub(crate) fragments: u64,
    pub(crate) events: u64,
    pub(crate) stored_bytes: u64,
    pub(crate) raw_bytes: u64,
    pub(crate) checkpoints: u64,
    /// The last intact event.
    pub(crate) last: Seq,
    /// `recv` of its first and last intact events.
    pub(crate) times: Option<(Nanos, Nanos)>,
    /// Events of intact items.
    pub(crate) intact: Vec<SeqRange>,
    pub(crate) given_up: Vec<SeqRange>,
    /// What does not follow on, or is no item.
    pub(crate) problems: Vec<Problem>,
    /// What is wrong inside intact items.
    pub(crate) contents: Vec<Problem>,
    pub(crate) bad_checkpoints: Vec<String>,
    /// Behind the last intact item.
    pub(crate) end: Option<Place>,
}

/// A volume, gone over.
#[derive(Debug, Default)]
pub(crate) struct Examined {
    /// What is intact, after repair if that is needed.
    pub(crate) seen: Seen,
    /// What reading it stumbles over; empty: it is whole.
    pub(crate) problems: Vec<Problem>,
    /// Events in no file any more.
    pub(crate) lost: Vec<SeqRange>,
    /// Events in its files that cannot be read.
    pub(crate) hidden: Vec<SeqRange>,
}

/// Goes over the volume. With `live`, the process that writes it is asked, and nothing can be saved.
pub(crate) fn examine(
    dir: &Path,
    bounds: &Bounds,
    live: bool,
    contents: &mut Contents<'_>,
    progress: &mut dyn FnMut(u64, Seq),
) -> Result<Examined, JournalError> {
    // What nobody writes is opened directly, whatever the lock says: it may be ours.
    let (last, chain) = bounds.end.unwrap_or_default();
    let sealed = (!live).then_some(Seal { last, chain });
    let volume = Volume { number: bounds.number, first: bounds.first, start_chain: bounds.start_chain, sealed };
    let there = volume_path(dir, bounds.number).join("db").exists();
    let mut read = |store: &dyn Store| {
        let mut tries = 0;
        loop {
            tries += 1;
            let seen = pass(store, bounds, contents, progress);
            let transport = seen.1.filter(|_| live);
            match transport {
                Some(error) => return Err(error),
                None if seen.0.problems.is_empty() || !live || tries == TRIES => return Ok(seen.0),
                None => {}
            }
        }
    };
    let first_pass = if there || live {
        Access::new(dir, &volume).with(&mut read)
    } else {
        Err(JournalError::Store { volume: bounds.number, doing: "opening", reason: "its folder is gone".into() })
    };
    let promised = bounds.end.map_or(bounds.first.previous(), |(last, _)| last);
    let (seen, problems) = match first_pass {
        Ok(mut seen) => {
            let problems = std::mem::take(&mut seen.problems);
            (seen, problems)
        }
        // Not being able to look is no answer.
        Err(error) if live || is_busy(&error) || matches!(error, JournalError::Store { doing: COPYING, .. }) => {
            return Err(error);
        }
        Err(error) => {
            let range = SeqRange { first: bounds.first, last: promised.max(bounds.first) };
            (Seen::default(), vec![(range, words(&error))])
        }
    };
    if problems.is_empty() {
        return Ok(Examined { seen, ..Examined::default() });
    }
    if live {
        let lost = problems.iter().map(|(range, _)| *range).collect();
        return Ok(Examined { seen, problems, lost, hidden: Vec::new() });
    }
    saved(dir, bounds, &seen, problems, contents)
}

/// What a store refused with. What to do about it is said elsewhere.
fn words(error: &JournalError) -> String {
    match error {
        JournalError::Store { doing, reason, .. } => format!("{doing} failed in sled: {reason}"),
        error => error.to_string(),
    }
}

/// Of a volume that cannot be read whole: what can be saved.
fn saved(
    dir: &Path,
    bounds: &Bounds,
    shown: &Seen,
    problems: Vec<Problem>,
    contents: &mut Contents<'_>,
) -> Result<Examined, JournalError> {
    let salvage = salvage::salvage(dir, bounds)?;
    let mut lost = Vec::new();
    for part in &salvage.parts {
        if let Part::Lost { first, last, .. } = part {
            SeqRange::push(&mut lost, *first, *last);
        }
    }
    let store = MemoryStore::default();
    let put = salvage::items(&salvage.parts, bounds);
    let checkpoints = salvage.checkpoints.into_iter().collect();
    store.write(&Changes { put, remove: Vec::new(), checkpoints })?;
    let (mut seen, _) = pass(&store, bounds, contents, &mut |_, _| {});
    seen.given_up.retain(|range| !lost.iter().any(|lost| lost.first <= range.first && range.last <= lost.last));
    if let Some((last, _)) = bounds.end {
        let end = seen.end.map_or(bounds.first, |place| place.next);
        SeqRange::push(&mut lost, end, last);
    }
    let hidden = without(&seen.intact, &shown.intact);
    Ok(Examined { seen, problems, lost, hidden })
}

/// What of `all` is in none of `some`; both rise.
fn without(all: &[SeqRange], some: &[SeqRange]) -> Vec<SeqRange> {
    let mut rest = Vec::new();
    for range in all {
        let mut next = range.first;
        for covered in some.iter().filter(|covered| covered.last >= range.first && covered.first <= range.last) {
            if covered.first > next {
                SeqRange::push(&mut rest, next, covered.first.previous());
            }
            next = next.max(covered.last.next());
        }
        SeqRange::push(&mut rest, next, range.last);
    }
    rest
}

/// Goes over a store from beginning to end, also behind damage, and says what the store itself refused with.
fn pass(
    store: &dyn Store,
    bounds: &Bounds,
    contents: &mut Contents<'_>,
    progress: &mut dyn FnMut(u64, Seq),
) -> (Seen, Option<JournalError>) {
    let place = Place::after(bounds.first, bounds.start_chain);
    let mut walk = Walk::new(store, bounds.number, bounds.journal, Some(place), Key::default());
    let mut seen = Seen { last: bounds.first.previous(), end: Some(place), ..Seen::default() };
    let promised = bounds.end.map_or(bounds.first.previous(), |(last, _)| last);
    let mut refused = None;
    let mut raw = Vec::new();
    loop {
        match walk.next() {
            Ok(Some(item)) => {
                seen.item(&item, bounds, &mut raw, contents);
                progress(item.stored_bytes as u64, item.header.last());
            }
            Ok(None) => break,
            Err(JournalError::GivenUp { first, last, .. }) => SeqRange::push(&mut seen.given_up, first, last),
            Err(JournalError::Damaged { first, last, reason, .. }) => {
                let last = if first == last && first > promised { last } else { last.max(first) };
                seen.problems.push((SeqRange { first, last }, reason));
                walk.resume();
            }
            Err(error) => {
                let first = seen.end.map_or(bounds.first, |place| place.next);
                seen.problems.push((SeqRange { first, last: promised.max(first) }, words(&error)));
                refused = Some(error);
                break;
            }
        }
        if let Some(place) = walk.place() {
            seen.end = Some(place);
        }
    }
    if refused.is_none() {
        seen.compare_end(bounds);
    }
    if let Err(error) = seen.checkpoints(store, bounds.number) {
        seen.bad_checkpoints.push(error.to_string());
        refused = refused.or(Some(error));
    }
    (seen, refused)
}

impl Seen {
    fn item(&mut self, item: &Item<'_>, bounds: &Bounds, raw: &mut Vec<u8>, contents: &mut Contents<'_>) {
        let header = &item.header;
        let range = SeqRange { first: header.first, last: header.last() };
        raw.clear();
        if let Err(error) = item.checked.unpack(raw) {
            self.problems.push((range, error.to_string()));
            return;
        }
        if let Err(reason) = contents(header, raw) {
            self.contents.push((range, reason));
        }
        let time = self.times.map_or(header.first_recv, |(_, last)| last);
        if header.first_recv < time || header.last_recv < header.first_recv {
            let reason = format!(
                "its time goes back, from {} to {}",
                time.max(header.first_recv),
                header.first_recv.min(header.last_recv)
            );
            self.contents.push((range, reason));
        }
        let other = |(last, chain)| header.fragment > 0 && last == header.last() && chain != item.checked.checksum;
        if bounds.end.is_some_and(other) {
            self.problems.push((range, "it is not what was durable there".into()));
        }
        self.times = Some((self.times.map_or(header.first_recv, |(first, _)| first), header.last_recv.max(time)));
        self.blocks += u64::from(header.fragment == 0);
        self.fragments += u64::from(header.fragment > 0);
        self.events += u64::from(header.count);
        self.stored_bytes += item.stored_bytes as u64;
        self.raw_bytes += u64::from(header.raw_len);
        self.last = self.last.max(header.last());
        SeqRange::push(&mut self.intact, header.first, header.last());
    }

    /// Whether the volume ends where it should.
    fn compare_end(&mut self, bounds: &Bounds) {
        let (Some(place), Some((last, chain))) = (self.end, bounds.end) else { return };
        if place.next <= last {
            let reason = if bounds.sealed { "its end is missing" } else { "they were durable, and are not there" };
            self.problems.push((SeqRange { first: place.next, last }, reason.into()));
        } else if bounds.sealed && place.next > last.next() {
            self.problems
                .push((SeqRange { first: last.next(), last: place.next.previous() }, "they stand behind its end".into()));
        } else if bounds.sealed && (place.open.is_some() || place.block_chain != chain) {
            self.problems.push((SeqRange { first: last, last }, "its end is not the one it was sealed with".into()));
        }
    }

    fn checkpoints(&mut self, store: &dyn Store, volume: u32) -> Result<(), JournalError> {
        let mut items = Vec::new();
        let mut from = Key::default();
        loop {
            items.clear();
            store.read(Table::Checkpoints, from, CHECKPOINT_BYTES, &mut items)?;
            let Some((last, _)) = items.last() else { return Ok(()) };
            from = last.next();
            for (key, bytes) in &items {
                match Checkpoint::from_bytes(bytes) {
                    Ok(checkpoint) if checkpoint.seq == key.block => self.checkpoints += 1,
                    Ok(checkpoint) => {
                        let words = format!("volume {volume}: the checkpoint of seq {} stands at {}", checkpoint.seq, key.block);
                        self.bad_checkpoints.push(words);
                    }
                    Err(reason) => self.bad_checkpoints.push(format!("the checkpoint at seq {}: {reason}", key.block)),
                }
            }
        }
    }
}
