//! `jangbu strategy`: look at a strategy text before it trades, at the versions a journal has, and what a text would have done.

mod explain;
mod functions;
mod names;
mod rerun;
mod versions;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::answer::{Failure, Outcome, print, print_json};
use crate::strategy::text::{COLUMN_COUNT, Mode, Options, Part, Plan, Problem, Program, compile};

/// `jangbu strategy`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 전략 글 확인: 줄, 칸, 문제, 대신 쓸 것; 쓰는 이름과 드는 비용 · Check a text: what is wrong where; names used, cost
    Check(Check),
    /// 장부에 있는 글들과 그 판들 · Texts a journal has, and their versions
    List(versions::List),
    /// 글 보기: 이름, 또는 이름@판 · Show a text: NAME, or NAME@VERSION
    Show(versions::Show),
    /// 두 판의 차이 · The difference between two versions
    Diff(versions::Diff),
    /// 기록된 세션의 시장에서 글을 모의로 돌림 · Run a text on the markets of a recorded session, in simulation
    Run(rerun::Args),
    /// 기록된 판단의 까닭: 줄마다 참과 거짓, 그때의 수 · Why a text decided as it did: every clause with its truth and numbers
    Explain(explain::Args),
    /// 글이 부를 수 있는 함수: 이름, 인수, 뜻 · Functions a text can call: names, arguments, what they give
    Functions(functions::Functions),
    /// 글이 읽을 수 있는 이름: 행의 열, 시각, 포지션 · Names a text can read: columns of the row, time, position
    Names(names::Names),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// 전략 글 파일 · The file
    file: PathBuf,
    /// 매수 글인가 매도 글인가 (없으면 `self.Sell`이나 `매도`가 있는지로) · Buy or sell text; by default, by what it says
    #[arg(long, value_enum)]
    part: Option<PartName>,
    /// 행을 만드는 단위 · What makes a row
    #[arg(long, value_enum, default_value = "tick")]
    rows: ModeName,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PartName {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeName {
    Tick,
    Minute,
}

impl ModeName {
    fn mode(self) -> Mode {
        match self {
            ModeName::Tick => Mode::Tick,
            ModeName::Minute => Mode::Minute,
        }
    }
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    match &args.action {
        Action::Check(check) => run_check(check),
        Action::List(list) => versions::list(list),
        Action::Show(show) => versions::show(show),
        Action::Diff(diff) => versions::diff(diff),
        Action::Run(args) => rerun::run(args),
        Action::Explain(args) => explain::run(args),
        Action::Names(args) => names::run(args).map(|()| Outcome::Done),
        Action::Functions(args) => functions::run(args).map(|()| Outcome::Done),
    }
}

fn run_check(args: &Check) -> Result<Outcome, Failure> {
    let source = read(&args.file)?;
    let part = match args.part {
        Some(PartName::Buy) => Part::Buy,
        Some(PartName::Sell) => Part::Sell,
        None => part_of(&source),
    };
    let mode = args.rows.mode();
    let mut plan = Plan::default();
    let options = Options { mode, vars: None, conditions: None };
    match compile(&source, part, &options, &mut plan) {
        Ok(program) => answer(args, part, &program, &plan)?,
        Err(problem) => {
            refuse(args, part, &problem)?;
            return Ok(Outcome::No);
        }
    }
    Ok(Outcome::Done)
}

/// The text of a file.
fn read(file: &Path) -> Result<String, Failure> {
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|error| Failure::could_not(format_args!("{shown}: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        Failure::could_not(format_args!("{shown}:{line}: is not UTF-8; save it as UTF-8 · UTF-8로 저장하세요"))
    })
}

/// What a text is, by what it says: a sell text names `self.Sell` or `매도` as a variable.
fn part_of(source: &str) -> Part {
    let code = source.lines().map(|line| line.split('#').next().unwrap_or(""));
    let sells = |line: &str| line.contains("self.Sell") || line.trim_start().starts_with("매도 ") || line.contains("if 매도:");
    if code.into_iter().any(sells) { Part::Sell } else { Part::Buy }
}

fn refuse(args: &Check, part: Part, problem: &Problem) -> Result<(), Failure> {
    if args.json {
        let problem = json!({
            "line": problem.line,
            "column": problem.column,
            "text": problem.text,
            "korean": problem.korean,
            "english": problem.english,
        });
        return print_json(&json!({ "file": args.file, "part": part.name(), "loads": false, "problem": problem }));
    }
    print(format_args!("{}:{problem}", args.file.display()))
}

fn answer(args: &Check, part: Part, program: &Program, plan: &Plan) -> Result<(), Failure> {
    let uses = &program.uses;
    // A value of a row, and of a monotonic window at worst a number and a value more.
    let windows: u64 = plan.kept.windows.iter().map(|window| u64::from(window.length) * 16).sum();
    let bytes = (plan.kept.values() * 8 + windows).max(8 * COLUMN_COUNT as u64);
    let named = program.flags().sides().unwrap_or([false; 2]);
    let sides: Vec<&str> = part.sides().into_iter().zip(named).filter_map(|(side, named)| named.then_some(side)).collect();
    let list = |names: &std::collections::BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>();
    if args.json {
        return print_json(&json!({
            "file": args.file,
            "part": part.name(),
            "loads": true,
            "names": list(&uses.names),
            "functions": list(&uses.functions),
            "vars": uses.vars.iter().collect::<Vec<_>>(),
            "sides": sides,
            "nodes": uses.nodes,
            "windows": plan.kept.windows.len(),
            "rows_back_max": plan.kept.depths.iter().max().copied().unwrap_or(0),
            "bytes_per_instrument_max": bytes,
        }));
    }
    let vars = uses.vars.iter().map(|place| place.to_string()).collect::<Vec<_>>();
    let or_none = |names: Vec<String>| if names.is_empty() { "-".to_owned() } else { names.join(" ") };
    print(format_args!("{}: 문제 없음 · loads as a {} text", args.file.display(), part.name()))?;
    if !sides.is_empty() {
        let shown = sides.join(" ");
        print(format_args!("선물 · futures      {shown} (설정 · setting direction = \"both\")"))?;
    }
    print(format_args!("이름 · names        {}", or_none(list(&uses.names))))?;
    print(format_args!("함수 · functions    {}", or_none(list(&uses.functions))))?;
    print(format_args!("변수 · self.vars    {}", or_none(vars)))?;
    print(format_args!(
        "비용 · cost         마디 {0}개, 구간 {1}개, 종목마다 최대 {2} KiB · {0} nodes, {1} windows, at most {2} KiB an instrument",
        uses.nodes,
        plan.kept.windows.len(),
        bytes.div_ceil(1024)
    ))
}
