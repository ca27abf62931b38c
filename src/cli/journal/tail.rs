//! `jangbu journal tail`: the latest events, and those that come.

use std::path::Path;
use std::time::Duration;

use jangbu_journal::catalog::{Mark, MarkFile};
use jangbu_journal::lock::Lock;
use jangbu_journal::{Reader, Seq};

use super::rows::{Printer, Row, RowArgs, each, seq_of};
use crate::cli::answer::{Failure, Outcome, say};
use crate::cli::interrupt::Interrupt;
use crate::cli::moment::Position;
use crate::event::Event;

/// Lines shown when nothing is said.
const LINES: u64 = 20;
/// Events looked at together when wanted ones are looked for from the end.
const LOOK_BACK_EVENTS: u64 = 65_536;
/// How often to look for more.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// `jangbu journal tail`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 몇 줄 · How many lines [default: 20; with --from all]
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<u64>,
    /// 여기부터 (번호나 시각) · From here on
    #[arg(long, value_name = "SEQ|TIME")]
    from: Option<Position>,
    /// 새로 오는 사건을 계속 보임; Ctrl-C로 끝냄 · Go on with what comes; Ctrl-C ends it
    #[arg(short = 'f', long)]
    follow: bool,
    #[command(flatten)]
    rows: RowArgs,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let dir = args.rows.journal.dir()?;
    let reader = Reader::<Event>::open(&dir).map_err(Failure::could_not)?;
    let last = reader.last_seq();
    let (from, most) = match args.from {
        Some(position) => (seq_of(&reader, position)?, args.lines),
        None => (start_of_last(&reader, args)?, None),
    };
    if from > last && !args.follow {
        say(format_args!("거기에는 사건이 없습니다 · no events there (the last is {last})"));
        return Ok(Outcome::Done);
    }
    let mut printer = Printer::new(&args.rows, &reader, from, most);
    printer.range(&reader, from, last)?;
    drop(reader);
    if args.follow && !printer.is_done() {
        follow(&dir, &mut printer, from.max(last.next()))?;
    }
    Ok(Outcome::Done)
}

/// Where the last so many wanted events begin.
fn start_of_last(reader: &Reader<Event>, args: &Args) -> Result<Seq, Failure> {
    let (last, lines) = (reader.last_seq(), args.lines.unwrap_or(LINES));
    let back = |from: Seq, count: u64| Seq::new(from.get().saturating_sub(count)).max(Seq::FIRST);
    let mut end = last.next();
    if args.rows.only.is_empty() || lines == 0 {
        return Ok(if lines == 0 { end } else { back(end, lines) });
    }
    let mut found = 0;
    while end > Seq::FIRST {
        let begin = back(end, LOOK_BACK_EVENTS);
        let mut wanted = Vec::new();
        each(reader, begin, end.previous(), &mut |row| {
            if let Row::Event(stamp, event) = row
                && args.rows.wants(event)
            {
                wanted.push(stamp.seq);
            }
            Ok(true)
        })?;
        let missing = usize::try_from(lines - found).unwrap_or(usize::MAX);
        if let Some(start) = wanted.len().checked_sub(missing).and_then(|at| wanted.get(at)) {
            return Ok(*start);
        }
        found += wanted.len() as u64;
        end = begin;
    }
    Ok(end)
}

/// Prints what comes from `next` on, until it is interrupted.
fn follow(dir: &Path, printer: &mut Printer<'_>, mut next: Seq) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::could_not)?;
    let mut interrupt = runtime.block_on(async { Interrupt::new() }).map_err(Failure::could_not)?;
    let mut seen: Option<Mark> = None;
    while !printer.is_done() {
        let mark = MarkFile::read(dir).map_err(Failure::could_not)?;
        // Nobody writes and nothing was written: looking closer would cost a copy of the volume.
        if mark != seen || Lock::is_held(dir).map_err(Failure::could_not)? {
            let reader = Reader::<Event>::open(dir).map_err(Failure::could_not)?;
            let last = reader.last_seq();
            if last >= next {
                printer.range(&reader, next, last)?;
                next = last.next();
            }
            seen = mark;
        }
        let interrupted = async {
            tokio::select! {
                () = interrupt.wait() => true,
                () = tokio::time::sleep(LOOK_EVERY) => false,
            }
        };
        if runtime.block_on(interrupted) {
            break;
        }
    }
    Ok(())
}
