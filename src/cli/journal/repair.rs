//! `jangbu journal repair`: says what it would do; does it when told to.

use jangbu_journal::Plan;
use jangbu_journal::repair::{apply, plan};
use serde_json::json;

use crate::cli::answer::{Failure, Outcome, print, print_json, say};
use crate::cli::settings::JournalArgs;

/// A repair that was interrupted is finished first, and then planned again.
const ROUNDS_MAX: usize = 3;

/// `jangbu journal repair`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 계획대로 함; 없으면 계획만 보임 · Do it; without this the plan is shown and nothing changed
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it. A damaged journal that is left as it is, is the answer no.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let dir = args.journal.dir()?;
    let look = || {
        say("살펴보는 중 (아무것도 바꾸지 않음) · looking at all of it, changing nothing");
        plan(&dir).map_err(Failure::could_not)
    };
    let mut plans = vec![look()?];
    let mut aside = Vec::new();
    let is_whole = plans.iter().all(Plan::is_empty);
    while args.yes
        && plans.len() <= ROUNDS_MAX
        && let Some(plan) = plans.last().filter(|plan| !plan.is_empty())
    {
        aside.extend(apply(plan).map_err(Failure::could_not)?.aside);
        let next = look()?;
        plans.push(next);
    }
    let left = plans.last().filter(|plan| !plan.is_empty());
    if args.json {
        let done = if args.yes && !is_whole { plans.len() - 1 } else { 0 };
        print_json(&json!({
            "journal": dir,
            "whole": left.is_none(),
            "done": plans[..done],
            "aside": aside,
            "planned": left,
        }))?;
    } else {
        for (round, plan) in plans.iter().enumerate().filter(|(round, plan)| *round == 0 || !plan.is_empty()) {
            let head = if args.yes && !is_whole && round + 1 < plans.len() { "한 일 · done" } else { "계획 · plan" };
            print(if is_whole { plan.to_string() } else { format!("{head}:\n{plan}") }.trim_end())?;
        }
        for folder in &aside {
            print(format_args!("바꾼 것은 여기에 남음 · what was replaced is kept in {folder}"))?;
        }
        if !args.yes && !is_whole {
            say("이대로 하려면 --yes · to do that, run it again with --yes");
        }
    }
    Ok(if left.is_none() { Outcome::Done } else { Outcome::No })
}
