//! Events on stdout, a line each: [`Printer`], and what both `tail` and `cat` take.

use std::io::{self, BufWriter, StdoutLock, Write};

use jangbu_journal::{JournalError, Reader, Seq, Stamp};

use super::line::{Who, json_line, line};
use super::names::Names;
use crate::cli::answer::{Failure, say};
use crate::cli::live::language;
use crate::cli::moment::Position;
use crate::cli::progress::Progress;
use crate::cli::replay::span::first_at;
use crate::cli::settings::JournalArgs;
use crate::event::Event;
use crate::live::Language;

/// Events read at once.
const BATCH_EVENTS: usize = 4_096;

/// What `tail` and `cat` both take.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct RowArgs {
    /// 이것만: 시장, 체결, 주문, … · These only
    #[arg(long, value_name = "WHO", value_delimiter = ',')]
    pub(super) only: Vec<Who>,
    #[command(flatten)]
    pub(super) journal: JournalArgs,
    /// 한 줄에 JSON 하나 · One JSON value a line
    #[arg(long)]
    pub(super) json: bool,
}

impl RowArgs {
    pub(super) fn wants(&self, event: &Event) -> bool {
        self.only.is_empty() || self.only.iter().any(|who| who.said(event))
    }
}

/// The seq of a position.
pub(super) fn seq_of(reader: &Reader<Event>, position: Position) -> Result<Seq, Failure> {
    match position {
        Position::Seq(seq) => Ok(seq.max(Seq::FIRST)),
        Position::Time(time) => first_at(reader, (Seq::FIRST, reader.last_seq()), time).map_err(Failure::could_not),
    }
}

/// Puts events on stdout.
pub(super) struct Printer<'a> {
    args: &'a RowArgs,
    names: Names,
    language: Language,
    out: BufWriter<StdoutLock<'static>>,
    /// Lines left to be printed.
    left: u64,
}

impl<'a> Printer<'a> {
    /// For events from `from` on, at most `most` lines.
    pub(super) fn new(args: &'a RowArgs, reader: &Reader<Event>, from: Seq, most: Option<u64>) -> Self {
        let names = if args.json { Names::default() } else { Names::before(reader, from) };
        let out = BufWriter::new(io::stdout().lock());
        Printer { args, names, language: language(), out, left: most.unwrap_or(u64::MAX) }
    }

    /// Whether as many lines were printed as may be.
    pub(super) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// One event, if it is wanted.
    pub(super) fn event(&mut self, stamp: &Stamp, event: &Event) -> Result<(), Failure> {
        self.names.hear(event);
        if self.left > 0 && self.args.wants(event) {
            self.left -= 1;
            let text = if self.args.json { json_line(stamp, event) } else { line(stamp, event, &self.names, self.language) };
            writeln!(self.out, "{text}")?;
        }
        Ok(())
    }

    /// Every wanted event of `from ..= until`. Events that a repair gave up are passed over, and that is said.
    pub(super) fn range(&mut self, reader: &Reader<Event>, from: Seq, until: Seq) -> Result<(), Failure> {
        let mut progress = Progress::new("journal");
        let total = until.get().saturating_sub(from.get());
        each(reader, from, until, &mut |row| {
            match row {
                Row::Event(stamp, event) => {
                    self.event(stamp, event)?;
                    progress.at(stamp.seq.get().saturating_sub(from.get()), total);
                }
                Row::Lost(first, last) => {
                    self.out.flush()?;
                    say(format_args!("사건 {first}..{last}: 잃고 포기함 · events {first} to {last} were lost and given up"));
                }
            }
            Ok(!self.is_done())
        })?;
        Ok(self.out.flush()?)
    }
}

/// What stands in a journal.
pub(super) enum Row<'a> {
    /// An event.
    Event(&'a Stamp, &'a Event),
    /// A range of events that a repair gave up.
    Lost(Seq, Seq),
}

/// Goes over `from ..= until` as long as `on` says so.
pub(super) fn each(
    reader: &Reader<Event>,
    from: Seq,
    until: Seq,
    on: &mut dyn FnMut(Row<'_>) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut next = from;
    let mut rows = Vec::new();
    while next <= until {
        let mut scan = reader.scan(next).map_err(Failure::could_not)?;
        while next <= until {
            rows.clear();
            let left = usize::try_from(until.get() - next.get()).unwrap_or(usize::MAX).saturating_add(1);
            match scan.next_batch(left.min(BATCH_EVENTS), &mut rows) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(JournalError::GivenUp { first, last, .. }) => {
                    next = last.next().max(next.next());
                    if !on(Row::Lost(first, last))? {
                        return Ok(());
                    }
                    break;
                }
                Err(error) => return Err(Failure::could_not(error)),
            }
            for (stamp, event) in &rows {
                next = stamp.seq.next();
                if !on(Row::Event(stamp, event))? {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}
