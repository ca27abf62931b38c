//! `jangbu emulate upbit`: Upbit on this machine, playing a tape or a made-up market that takes orders.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use jangbu_journal::Nanos;
use serde_json::json;

use super::super::answer::{Failure, Outcome, print, print_json, say};
use super::super::interrupt::Interrupt;
use super::SpeedWord;
use super::watch::{Far, watch};
use crate::live::clock::Clock;
use crate::market::Money;
use crate::venue::Now;
use crate::venue::binance::emulator::Speed as Pace;
use crate::venue::faults::FaultPlan;
use crate::venue::upbit::emulator::{Emulator, EmulatorConfig, EmulatorStats, Source, Speed};

#[derive(Debug, clap::Args)]
pub(super) struct Upbit {
    /// 녹화한 파일 (주문은 받지 않음); 없으면 지어낸 시장 · A tape (orders are refused); none is a made-up market
    #[arg(long, value_name = "FILE")]
    tape: Option<PathBuf>,
    /// 빠르기: 1은 녹화한 그대로, max는 받는 대로 · 1 is the recorded pace, max as fast as clients read
    #[arg(long, default_value = "1")]
    speed: SpeedWord,
    /// 지어낸 시장의 씨앗 · What the made-up market is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// 지어낸 시장의 마켓 · Markets of the made-up market [default: KRW-BTC,KRW-ETH,KRW-XRP]
    #[arg(long, value_delimiter = ',')]
    symbols: Vec<String>,
    /// 지어낸 시장의 사건 사이 평균 밀리초 · Mean milliseconds between two events of the made-up market
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    interval_ms: u32,
    /// 계좌의 잔고 · Balances of the account, like KRW=10000000,BTC=0.5 [default: KRW=10000000]
    #[arg(long, value_delimiter = ',', value_name = "CURRENCY=AMOUNT")]
    balance: Vec<String>,
    /// 일부러 낼 장애 · Faults, like drop=0.01,lost-ack=0.02,storm=0.01,seed=7
    #[arg(long, default_value = "")]
    faults: FaultPlan,
    /// 요청 제한을 지키지 않음 · Keep no limits of requests
    #[arg(long)]
    no_limits: bool,
    /// 포트; 0은 빈 포트 · Port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// 녹화가 끝나고 모두 나가면 끝냄 · End when the tape is over and everyone has left
    #[arg(long)]
    exit_when_done: bool,
    /// JSON으로: 첫 줄은 주소, 마지막 줄은 한 일 · As JSON: the address on the first line, what was done on the last
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) async fn run(args: Upbit) -> Result<Outcome, Failure> {
    serve(config(&args)?, &args).await
}

fn config(args: &Upbit) -> Result<EmulatorConfig, Failure> {
    if args.exit_when_done && args.tape.is_none() {
        return Err(Failure::wrong_use(
            "--exit-when-done needs --tape: a made-up market never ends · 지어낸 시장은 끝이 없습니다",
        ));
    }
    let clock = Clock::starting(Nanos::ZERO);
    let now: Now = Arc::new(move || clock.now());
    let source = match &args.tape {
        Some(path) => Source::Tape(path.clone()),
        None => Source::Synthetic { symbols: args.symbols.clone(), seed: args.seed },
    };
    let mut config = EmulatorConfig::new(source, now);
    config.bind = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    config.speed = match args.speed.0 {
        Pace::Times(times) => Speed::Times(times),
        Pace::Max => Speed::Max,
    };
    if !args.balance.is_empty() {
        config.balances.clear();
    }
    for text in &args.balance {
        let wrong = || {
            Failure::wrong_use(format_args!("--balance {text}: expected CURRENCY=AMOUNT, like KRW=10000000 · 예: KRW=10000000"))
        };
        let (currency, amount) = text.split_once('=').ok_or_else(wrong)?;
        amount.parse::<Money>().ok().filter(|amount| amount.is_positive()).ok_or_else(wrong)?;
        config.balances.insert(currency.to_ascii_uppercase(), amount.to_owned());
    }
    config.faults = args.faults.clone();
    config.limits = !args.no_limits;
    config.interval_ms = args.interval_ms;
    config.close_when_done = args.exit_when_done;
    Ok(config)
}

async fn serve(config: EmulatorConfig, args: &Upbit) -> Result<Outcome, Failure> {
    // Before anyone learns the address, so that no signal finds us without a handler.
    let mut interrupt = Interrupt::new().map_err(Failure::could_not)?;
    let emulator = Emulator::start(config).await.map_err(Failure::could_not)?;
    let (address, symbols) = (emulator.address(), emulator.symbols());
    if args.json {
        // The keys are the emulator's own, and open no other door.
        print_json(&json!({ "markets": [{
            "kind": "upbit",
            "address": address.to_string(),
            "websocket": format!("ws://{address}/websocket/v1"),
            "rest": format!("http://{address}/v1"),
            "symbols": symbols,
            "key": EmulatorConfig::KEY,
            "secret": EmulatorConfig::SECRET,
        }] }))?;
    } else {
        print(format_args!("upbit  ws://{address}/websocket/v1  http://{address}/v1/market/all"))?;
        print(format_args!("jangbu live --venue upbit --endpoint ws://{address} --symbols {}", symbols.join(",")))?;
        say(format_args!("JANGBU_UPBIT_KEY={} JANGBU_UPBIT_SECRET={}", EmulatorConfig::KEY, EmulatorConfig::SECRET));
        say("Ctrl-C로 끝냅니다 · Ctrl-C ends it");
    }
    tokio::select! {
        () = interrupt.wait() => {}
        () = watch(args.exit_when_done, || far(&emulator.stats())) => {}
    }
    let stats = emulator.stop().await;
    let failure = stats.failure.clone();
    if args.json {
        print_json(&json!({ "done": serde_json::to_value(&stats).map_err(Failure::could_not)? }))?;
    } else {
        print(format_args!("{}, 끝 · ended", progress_text(&stats)))?;
    }
    failure.map_or(Ok(Outcome::Done), |failure| Err(Failure::could_not(failure)))
}

fn far(stats: &EmulatorStats) -> Far {
    Far { over: stats.finished && stats.connections_open == 0, line: progress_text(stats) }
}

fn progress_text(stats: &EmulatorStats) -> String {
    let EmulatorStats { frames_sent, frames_played, connections_open, rest_calls, orders, fills, .. } = stats;
    format!(
        "보낸 프레임 · frames sent {frames_sent} (played {frames_played}), 연결 · connections {connections_open}, REST {rest_calls}, \
         주문 · orders {orders}, 체결 · fills {fills}"
    )
}
