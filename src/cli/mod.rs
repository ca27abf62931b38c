//! The command line: one file a subcommand.
//!
//! Every command prints its results on stdout (one JSON value with `--json`), everything else on stderr, and ends with 0 done,
//! 1 the answer is no (divergent, damaged), 2 wrong use, 3 could not.

mod answer;
mod interrupt;
mod live;
mod progress;
mod moment;
mod settings;
mod texts;
mod config;
mod bench;
mod emulate;
mod backtest;
mod journal;
mod latency;
mod replay;
mod sessions;
mod strategy;
mod tell;
mod version;
mod view;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use answer::{Failure, Outcome, say};

#[derive(Debug, Parser)]
#[command(name = "jangbu", version, about = ABOUT, after_help = AFTER, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 모의 매매: 실제 시세, 모의 체결, 모두 장부에 · Paper trading: real markets, simulated fills, all of it journaled
    Live(live::Args),
    /// 도는 세션에 말하기: 주문, 취소, 비상 정지, 청산, 설정 · Speak to a running session: orders, kill switch, settings
    Tell(tell::Args),
    /// 설정 파일 만들기, 확인, 보기 · Write, check or show the settings
    Config(config::Args),
    /// 이 기계에서의 빠르기, 한계에 대한 비율로 · How fast it is here, as ratios against the machine's limits
    Bench(bench::Args),
    /// 이 기계에서 도는 가상 거래소 · A venue on this machine, speaking the real protocol
    Emulate(emulate::Args),
    /// 기록된 세션을 다시 돌려 같은지 확인 · Re-run a session through the same kernel and compare
    Replay(replay::Args),
    /// 녹화나 기록된 세션 위에서 모의 매매 · Trade on tapes or on a recorded session, in simulation
    Backtest(backtest::Args),
    /// 전략 글 확인 · Check a strategy text
    Strategy(strategy::Args),
    /// 장부를 들여다보기: 마지막 사건, 확인, 크기 · Look into a journal: its latest events, whether it is whole, its size
    Journal(journal::Args),
    /// 전략의 표: 계좌, 추적, 주문, 조건; 도는 동안에도 · Accounts, tracking, orders, conditions as strategies show them, also while it runs
    View(view::Args),
    /// 기록된 세션들 · What was recorded
    Sessions(sessions::Args),
    /// 세션들의 지연: 거래소, 구간, 분위 · How long everything took, session beside session
    Latency(latency::Args),
    /// 이 프로그램의 판 · What this program is
    Version(version::Args),
}

impl Command {
    fn run(self) -> Result<Outcome, Failure> {
        match self {
            Command::Live(args) => live::run(args),
            Command::Tell(args) => tell::run(args),
            Command::Config(args) => config::run(args),
            Command::Bench(args) => bench::run(&args),
            Command::Emulate(args) => emulate::run(args),
            Command::Replay(args) => replay::run(&args),
            Command::Backtest(args) => backtest::run(&args),
            Command::Strategy(args) => strategy::run(&args),
            Command::Journal(args) => journal::run(&args),
            Command::View(args) => view::run(&args),
            Command::Sessions(args) => sessions::run(&args),
            Command::Latency(args) => latency::run(&args),
            Command::Version(args) => version::run(&args),
        }
    }
}

/// Reads the command line, does what it says, and gives the exit code.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, the rest is wrong use; a closed pipe is nobody's fault.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { answer::WRONG_USE } else { answer::DONE });
        }
    };
    match cli.command.run() {
        Ok(Outcome::Done) => ExitCode::from(answer::DONE),
        Ok(Outcome::No) => ExitCode::from(answer::NO),
        Err(failure) => {
            if let Some(text) = failure.text() {
                say(text);
            }
            ExitCode::from(failure.code())
        }
    }
}

const ABOUT: &str = "장부: 모든 사건을 기록하고 그대로 되돌려 보는 매매 커널 · An event-sourced, deterministic trading kernel";
const AFTER: &str = "\
Exit codes: 0 done, 1 the answer is no (divergent, damaged), 2 wrong use, 3 could not.
종료 코드: 0 끝냄, 1 아니오 (어긋남, 손상), 2 잘못된 사용, 3 할 수 없음.";
