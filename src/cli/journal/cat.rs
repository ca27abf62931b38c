//! `jangbu journal cat`: every event of a part.

use jangbu_journal::{Reader, Seq};

use super::rows::{Printer, RowArgs, seq_of};
use crate::cli::answer::{Failure, Outcome, say};
use crate::cli::moment::Position;
use crate::event::Event;

/// `jangbu journal cat`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 여기부터 (번호나 시각) · From here on [default: the beginning]
    #[arg(long, value_name = "SEQ|TIME")]
    from: Option<Position>,
    /// 여기까지 · Up to here [default: the end]
    #[arg(long, value_name = "SEQ|TIME")]
    until: Option<Position>,
    #[command(flatten)]
    rows: RowArgs,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let dir = args.rows.journal.dir()?;
    let reader = Reader::<Event>::open(&dir).map_err(Failure::could_not)?;
    let last = reader.last_seq();
    let from = args.from.map_or(Ok(Seq::FIRST), |from| seq_of(&reader, from))?;
    let until = match args.until {
        None => last,
        Some(Position::Seq(seq)) => seq.min(last),
        // The last event at that moment, not the first after it.
        Some(Position::Time(time)) => seq_of(&reader, Position::Time(time.plus(1)))?.previous(),
    };
    if from > until {
        say(format_args!("거기에는 사건이 없습니다 · no events there (the journal has {} to {last})", Seq::FIRST));
        return Ok(Outcome::Done);
    }
    Printer::new(&args.rows, &reader, from, None).range(&reader, from, until)?;
    Ok(Outcome::Done)
}
