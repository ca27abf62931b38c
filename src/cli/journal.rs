//! `jangbu journal`: what is in a journal, and whether it is whole.

mod cat;
mod info;
mod line;
mod names;
mod repair;
mod rows;
mod tail;
mod verify;

use clap::Subcommand;

use super::answer::{Failure, Outcome};

/// `jangbu journal`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 마지막 사건들, 쓰이는 중에도 · The latest events, also while another process writes
    Tail(tail::Args),
    /// 한 구간의 모든 사건 · Every event of a part
    Cat(cat::Args),
    /// 권, 크기, 기간 · Volumes, sizes, span
    Info(info::Args),
    /// 전부 읽어 온전한지 확인 (아무것도 고치지 않음) · Go over all of it, changing nothing: is it whole?
    Verify(verify::Args),
    /// 손상된 장부 고치기; --yes 없이는 계획만 · Repair a damaged one; only the plan without --yes
    Repair(repair::Args),
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    match &args.action {
        Action::Tail(args) => tail::run(args),
        Action::Cat(args) => cat::run(args),
        Action::Info(args) => info::run(args),
        Action::Verify(args) => verify::run(args),
        Action::Repair(args) => repair::run(args),
    }
}
