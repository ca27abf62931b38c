//! `jangbu replay`: a session once more through the same kernel, compared with what was recorded.

mod pace;
mod reparse;
pub(super) mod span;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use jangbu_journal::{Checkpoint, Reader, Seq};
use jangbu_replay::{Divergence, Span, Verification, verify_before};
use serde_json::{Value, json};

use super::answer::{Failure, Outcome, print, print_json};
use super::moment::Position;
use super::settings::JournalArgs;
use crate::event::Event;
use crate::kernel::Kernel;
use crate::live::valued::{PremiumRow, Valued, premiums, valued};
use pace::{Pace, Watch};
use span::{Part, part};

/// `jangbu replay`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 세션 번호 · Which session [default: the last; with --from or --until the whole journal]
    #[arg(long, value_name = "S")]
    session: Option<u64>,
    /// 여기부터 비교 (번호나 시각) · Compare from here on
    #[arg(long, value_name = "SEQ|TIME")]
    from: Option<Position>,
    /// 여기까지 · Up to here
    #[arg(long, value_name = "SEQ|TIME")]
    until: Option<Position>,
    /// 빠르기: max, 1 (기록된 그대로), 10 · How fast; 1 is the recorded pace
    #[arg(long, default_value = "max", value_name = "max|1|10")]
    speed: Pace,
    /// 기록된 시각대로, 판단을 보이면서 (--speed 1) · At the recorded times, telling every decision (--speed 1)
    #[arg(long)]
    paced: bool,
    /// 두 번 하고 서로도 비교 · Twice, and both compared with each other too
    #[arg(long, conflicts_with = "reparse")]
    twice: bool,
    /// 스냅샷을 쓰지 않고 장부의 처음부터 · From the first event of the journal, without snapshots
    #[arg(long)]
    no_snapshots: bool,
    /// 보관된 원문 프레임을 지금의 해석기로 다시 읽어 사건과 비교 · Parse the raw frames kept again and compare the events
    #[arg(long, conflicts_with_all = ["paced", "no_snapshots"])]
    reparse: bool,
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let dir = args.journal.dir()?;
    let reader = Reader::<Event>::open(&dir).map_err(Failure::could_not)?;
    let part = part(&reader, args)?;
    if args.reparse {
        return reparse::run(&reader, &part, args.json);
    }
    // Verification opens its own: a journal that is being written grows, and the part to compare is settled now.
    drop(reader);
    let pace = if args.paced && args.speed == Pace::Max { Pace::Times(1) } else { args.speed };
    let span = Span { from: part.from, until: part.until, snapshots: !args.no_snapshots };
    let first = replay(&dir, span, pace, &part, args.json)?;
    let second =
        if args.twice && first.verdict == Verdict::Identical { Some(replay(&dir, span, pace, &part, args.json)?) } else { None };
    let agree = second.as_ref().is_none_or(|second| second.sums() == first.sums());
    let identical =
        agree && first.verdict == Verdict::Identical && second.as_ref().is_none_or(|second| second.verdict == first.verdict);
    if args.json {
        let mut value = first.json();
        value["identical"] = json!(identical);
        value["session"] = json!(part.session);
        if let Some(second) = &second {
            value["again"] = second.json();
            value["both_agree"] = json!(agree);
        }
        print_json(&value)?;
    } else {
        print(first.text())?;
        if let Some(second) = &second {
            print(second.text())?;
            print(if agree { "두 번이 같음 · both runs agree" } else { "두 번이 다름 · the two runs differ" })?;
        }
    }
    Ok(if identical { Outcome::Done } else { Outcome::No })
}

/// What a replay came to.
struct Replayed {
    verdict: Verdict,
    verification: Option<Verification>,
    elapsed: Duration,
    /// Totals and premiums at the end: they are in no event, but follow from all.
    valued: Option<Valued>,
    premiums: Vec<PremiumRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Identical,
    Divergent(Box<Divergence>),
    /// The kernel gave up at this event.
    Panicked(Seq, String),
}

fn replay(dir: &Path, span: Span, pace: Pace, part: &Part, json: bool) -> Result<Replayed, Failure> {
    let applied = Cell::new(part.from.previous());
    let watch = Watch::new(pace, &applied, part.last, !json);
    let started = Instant::now();
    let run = catch_unwind(AssertUnwindSafe(|| verify_before::<Kernel, _>(dir, span, &watch)));
    let elapsed = started.elapsed();
    drop(watch);
    match run {
        Ok(Ok((kernel, verification))) => {
            let verdict = match &verification.divergence {
                None => Verdict::Identical,
                Some(divergence) => Verdict::Divergent(Box::new(divergence.clone())),
            };
            let (valued, premiums) = (valued(&kernel), premiums(&kernel));
            Ok(Replayed { verdict, verification: Some(verification), elapsed, valued, premiums })
        }
        Ok(Err(error)) => Err(Failure::could_not(error)),
        // The event is in the journal, and the panic comes every time: that is an answer.
        Err(panic) => {
            let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
            let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "(no words)".into());
            let verdict = Verdict::Panicked(applied.get().next(), words);
            Ok(Replayed { verdict, verification: None, elapsed, valued: None, premiums: Vec::new() })
        }
    }
}

impl Replayed {
    /// Everything that must be the same when it is done again.
    fn sums(&self) -> Option<(u64, u64, u64, u64)> {
        let done = self.verification.as_ref()?;
        Some((done.events, done.effects, done.effects_digest.0, done.state.0))
    }

    fn events_per_second(&self) -> u64 {
        let events = self.verification.as_ref().map_or(0, |done| done.events);
        (events as f64 / self.elapsed.as_secs_f64().max(1e-9)) as u64
    }

    fn text(&self) -> String {
        let mut lines = Vec::new();
        match &self.verdict {
            Verdict::Identical => lines.push("identical · 같음".to_owned()),
            Verdict::Divergent(divergence) => {
                lines.push("divergent · 다름".to_owned());
                lines.push(divergence.to_string());
            }
            Verdict::Panicked(seq, words) => {
                lines.push(format!("the kernel gives up at seq {seq} · 커널이 멈춤: {words}"));
            }
        }
        if let Some(done) = &self.verification {
            let (first, last) = (done.started_after.next(), done.last);
            lines.push(format!("events       {} (seq {first}..{last}), {}/s", done.events, self.events_per_second()));
            lines.push(format!("checkpoints  {} compared · 비교함", done.compared));
            lines.push(format!("effects      {} digest {}", done.effects, done.effects_digest));
            lines.push(format!("state        {}", done.state));
            lines.extend(done.foreign.as_ref().map(|foreign| format!("form         {foreign}")));
            if done.compared == 0 && self.verdict == Verdict::Identical {
                lines.push("nothing was decided or marked there: there was nothing to compare · 비교할 기록이 없었음".into());
            }
        }
        if let Some(valued) = &self.valued {
            lines.extend(valued.lines().into_iter().map(|account| format!("worth        {account}")));
            lines.push(format!("total        {}", valued.line()));
        }
        for premium in &self.premiums {
            lines.push(format!("김프         {} ({} / {})", premium.text(), premium.home, premium.abroad));
        }
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "identical": self.verdict == Verdict::Identical,
            "events_per_second": self.events_per_second(),
            "elapsed_ns": u64::try_from(self.elapsed.as_nanos()).unwrap_or(u64::MAX),
        });
        if let Some(done) = &self.verification {
            value["first"] = json!(done.started_after.next());
            value["last"] = json!(done.last);
            value["events"] = json!(done.events);
            value["checkpoints_compared"] = json!(done.compared);
            value["foreign_until"] = json!(done.foreign.as_ref().map(|foreign| foreign.until));
            value["states_not_compared"] = json!(done.foreign.as_ref().map_or(0, |foreign| foreign.states));
            value["effects"] = json!(done.effects);
            value["effects_digest"] = json!(done.effects_digest.to_string());
            value["state_digest"] = json!(done.state.to_string());
        }
        if let Some(valued) = &self.valued {
            value["valued"] = json!(valued);
            value["premiums"] = json!(self.premiums);
        }
        match &self.verdict {
            Verdict::Identical => {}
            Verdict::Divergent(divergence) => {
                value["divergence"] = json!({
                    "seq": divergence.seq,
                    "agreed": divergence.agreed,
                    "recorded": divergence.recorded.as_ref().map(checkpoint_json),
                    "replayed": checkpoint_json(&divergence.replayed),
                });
            }
            Verdict::Panicked(seq, words) => value["panic"] = json!({ "seq": seq, "words": words }),
        }
        value
    }
}

fn checkpoint_json(checkpoint: &Checkpoint) -> Value {
    let parts: Vec<Value> =
        checkpoint.parts.iter().map(|(name, digest)| json!({ "name": name, "digest": format!("{digest:016x}") })).collect();
    json!({
        "effects": checkpoint.effects_count,
        "effects_digest": format!("{:016x}", checkpoint.effects),
        "state_digest": (checkpoint.state != 0).then(|| format!("{:016x}", checkpoint.state)),
        "parts": parts,
    })
}
