//! `jangbu strategy run`: a text on the markets of a recorded session, in simulation.

use std::path::PathBuf;

use super::{part_of, read};
use crate::cli::answer::{Failure, Outcome};
use crate::cli::backtest::on_markets_of;
use crate::cli::settings::ConfigArgs;
use crate::event::command::StrategySettings;
use crate::strategy::text::Part;

/// `jangbu strategy run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 전략 글 파일: 매수 글이나 매도 글 · The text: one that buys or one that sells
    file: PathBuf,
    /// 함께 돌릴 다른 쪽 글 · The text of the other side to run with it
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// 장부 디렉터리 · The journal's directory
    #[arg(long, value_name = "JOURNAL")]
    on: PathBuf,
    /// 그 장부의 세션 (없으면 마지막) · Which of its sessions; by default the last
    #[arg(long, value_name = "S")]
    session: Option<u64>,
    /// 종목 venue:SYMBOL (없으면 전부) · Instruments; by default all
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    instruments: Vec<String>,
    /// 전략의 설정, 여러 번 쓸 수 있음: stop_loss=3 · A parameter of the strategy; may be given again
    #[arg(long = "set", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    #[command(flatten)]
    config: ConfigArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let mut parameters: Vec<(String, String)> = Vec::new();
    for file in [Some(&args.file), args.with.as_ref()].into_iter().flatten() {
        let side = part_of(&read(file)?).name();
        let name = file
            .to_str()
            .ok_or_else(|| Failure::wrong_use(format_args!("{}: the name of a text is expected to be UTF-8", file.display())))?;
        if let Some((_, other)) = parameters.iter().find(|(known, _)| known == side) {
            let way = if side == Part::Buy.name() { "매수 · buy" } else { "매도 · sell" };
            return Err(Failure::wrong_use(format_args!(
                "{other} and {name} are both {way} texts; expected one of each · 매수 글 하나와 매도 글 하나가 필요합니다"
            )));
        }
        parameters.push((side.to_owned(), name.to_owned()));
    }
    for parameter in &args.parameters {
        let Some((name, value)) = parameter.split_once('=') else {
            return Err(Failure::wrong_use(format_args!("--set {parameter}: expected NAME=VALUE, like stop_loss=3")));
        };
        parameters.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let mut config = args.config.layers()?.finish().map_err(Failure::wrong_use)?.config;
    config.strategies = vec![StrategySettings { name: "text".into(), instruments: args.instruments.clone(), parameters }];
    on_markets_of(&args.on, args.session, config, args.json)
}
