//! `jangbu emulate`: a venue on this machine, playing tapes or a made-up market by the venue's own protocol.

mod kiwoom;
mod upbit;
mod watch;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use self::watch::{Far, watch};
use super::answer::{Failure, Outcome, print, print_json, say};
use super::interrupt::Interrupt;
use crate::market::Money;
use crate::venue::binance::emulator::{
    AccountConfig, Emulator, EmulatorConfig, EmulatorStats, End, MarketKind, MarketSource, Source, Speed, Start, kind_of_tape,
};
use crate::venue::faults::FaultPlan;

/// `jangbu emulate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    venue: Venue,
}

#[derive(Debug, Subcommand)]
enum Venue {
    /// 바이낸스 현물, USDⓈ-M 선물의 시세와 주문: WebSocket과 REST · Binance spot and USDⓈ-M: market data and orders, WebSocket and REST
    Binance(Binance),
    /// 키움증권: REST와 WebSocket, 계좌와 주문, 빠르게 흐르는 거래일 · Kiwoom: REST and WebSocket, an account, accelerated days
    Kiwoom(kiwoom::Kiwoom),
    /// 업비트: 시세와 주문, WebSocket과 REST · Upbit: market data and orders, WebSocket and REST
    Upbit(upbit::Upbit),
}

#[derive(Debug, clap::Args)]
struct Binance {
    /// 녹화한 파일, 종류마다 하나; 없으면 지어낸 시장 · Tapes, one of each kind; none is a made-up market
    #[arg(long, value_name = "FILE", num_args = 1..)]
    tape: Vec<PathBuf>,
    /// 빠르기: 1은 녹화한 그대로, max는 받는 대로 · 1 is the recorded pace, max as fast as clients read
    #[arg(long, default_value = "1")]
    speed: SpeedWord,
    /// 지어낸 시장의 씨앗 · What the made-up market is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// 지어낸 시장의 종목 · Symbols of the made-up market [default: BTCUSDT,ETHUSDT]
    #[arg(long, value_delimiter = ',')]
    symbols: Vec<String>,
    /// 시장의 종류 (파일이면 내용으로 앎) · Which markets to make up; a tape says its own kind
    #[arg(long, value_delimiter = ',', default_value = "spot,usdm")]
    kind: Vec<KindWord>,
    /// 포트, 시장 순서대로; 0은 빈 포트 · Ports, in the order of the markets; 0 takes a free one
    #[arg(long, value_delimiter = ',')]
    port: Vec<u16>,
    /// 언제 시작하나: 바로, 첫 구독, 모든 스트림 구독 · When to begin
    #[arg(long, default_value = "first")]
    start: StartWord,
    /// 주문할 수 있는 계좌의 잔고, 없으면 시세만 · What an account that may trade has at first; without it, market data only
    #[arg(long, value_name = "ASSET=AMOUNT", value_delimiter = ',')]
    balance: Vec<String>,
    /// 주문과 사용자 스트림의 장애 (예: lost-ack=0.02,disconnect=0.001) · What goes wrong with orders and user data streams
    #[arg(long, value_name = "PLAN", default_value = "", hide_default_value = true)]
    faults: FaultPlan,
    /// 녹화가 끝나고 모두 나가면 끝냄 · End when the tapes are over and everyone has left
    #[arg(long)]
    exit_when_done: bool,
    /// JSON으로: 첫 줄은 주소, 마지막 줄은 한 일 · As JSON: the addresses on the first line, what was done on the last
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct SpeedWord(pub(super) Speed);

impl FromStr for SpeedWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(SpeedWord(Speed::Max));
        }
        let times = text.parse().ok().filter(|times: &f64| times.is_finite() && *times > 0.0);
        times.map(|times| SpeedWord(Speed::Times(times))).ok_or_else(|| format!("`{text}` is neither max nor a number above 0"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KindWord {
    Spot,
    Usdm,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StartWord {
    /// 바로 · At once
    Now,
    /// 첫 구독부터 · With the first subscription
    First,
    /// 녹화된 스트림이 모두 구독되면 · When every stream of the source has a subscriber
    Every,
}

/// Runs it.
pub(super) fn run(args: Args) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::could_not)?;
    match args.venue {
        Venue::Binance(args) => runtime.block_on(serve(config(&args)?, &args)),
        Venue::Upbit(args) => runtime.block_on(upbit::run(args)),
        Venue::Kiwoom(args) => runtime.block_on(kiwoom::serve(args)),
    }
}

/// A market for each tape; its kind is told by its frames.
pub(super) fn tape_markets(tapes: &[PathBuf]) -> Result<Vec<MarketSource>, Failure> {
    let mut markets: Vec<MarketSource> = Vec::new();
    for path in tapes {
        let kind = kind_of_tape(path).map_err(Failure::could_not)?;
        let kind = kind.ok_or_else(|| {
            let shown = path.display();
            Failure::could_not(format_args!("{shown}: no frame in it tells spot from USDⓈ-M · 현물인지 선물인지 알 수 없습니다"))
        })?;
        if markets.iter().any(|market| market.kind == kind) {
            return Err(Failure::wrong_use(format_args!(
                "{}: a second {} tape; one of each kind can be played at a time · 같은 종류의 두 번째 파일입니다",
                path.display(),
                kind_name(kind)
            )));
        }
        markets.push(MarketSource::tape(kind, path));
    }
    Ok(markets)
}

fn config(args: &Binance) -> Result<EmulatorConfig, Failure> {
    let mut markets = tape_markets(&args.tape)?;
    if markets.is_empty() {
        if args.exit_when_done {
            return Err(Failure::wrong_use(
                "--exit-when-done needs --tape: a made-up market never ends · 지어낸 시장은 끝이 없습니다",
            ));
        }
        let mut kinds: Vec<MarketKind> = args.kind.iter().map(|kind| kind_of(*kind)).collect();
        kinds.dedup();
        for kind in kinds {
            let symbols = args.symbols.iter().map(|symbol| symbol.to_ascii_uppercase()).collect();
            markets.push(MarketSource { kind, source: Source::Synthetic { symbols, seed: args.seed }, bind: None });
        }
    }
    if args.port.len() > markets.len() {
        return Err(Failure::wrong_use(format_args!("{} ports for {} markets", args.port.len(), markets.len())));
    }
    for (market, port) in markets.iter_mut().zip(&args.port) {
        market.bind = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, *port)));
    }
    let start = match args.start {
        StartWord::Now => Start::AtOnce,
        StartWord::First => Start::FirstSubscriber,
        StartWord::Every => Start::EveryStream,
    };
    // Whoever is to leave when the tape is over must be told that it is.
    let end = if args.exit_when_done { End::CloseWhenDone } else { End::KeepOpen };
    let accounts = account(&args.balance)?.into_iter().collect();
    let account_faults = args.faults.clone();
    Ok(EmulatorConfig { markets, speed: args.speed.0, start, end, accounts, account_faults, ..EmulatorConfig::default() })
}

/// The account that may trade, if it has anything.
fn account(balances: &[String]) -> Result<Option<AccountConfig>, Failure> {
    let mut account = AccountConfig::new(AccountConfig::demo_keys());
    account.funds.clear();
    for text in balances {
        let wrong =
            || Failure::wrong_use(format_args!("--balance {text}: expected ASSET=AMOUNT, like USDT=100000 · 예: USDT=100000"));
        let (asset, amount) = text.split_once('=').ok_or_else(wrong)?;
        let amount = amount.parse::<Money>().ok().filter(|amount| amount.is_positive()).ok_or_else(wrong)?;
        account.funds.push((asset.to_ascii_uppercase(), amount));
    }
    Ok(Some(account).filter(|account| !account.funds.is_empty()))
}

async fn serve(config: EmulatorConfig, args: &Binance) -> Result<Outcome, Failure> {
    // Before anyone learns the address, so that no signal finds us without a handler.
    let mut interrupt = Interrupt::new().map_err(Failure::could_not)?;
    let kinds: Vec<MarketKind> = config.markets.iter().map(|market| market.kind).collect();
    let emulator = Emulator::start(config).await.map_err(Failure::could_not)?;
    if args.json {
        print_json(&json!({ "markets": kinds.iter().map(|kind| row(&emulator, *kind)).collect::<Vec<_>>() }))?;
    } else {
        kinds.iter().try_for_each(|kind| print(lines(&emulator, *kind)))?;
        if !args.balance.is_empty() {
            // The keys are the emulator's own, and open no other door.
            let keys = AccountConfig::demo_keys();
            say(format_args!(
                "JANGBU_BINANCE_SPOT_KEY={0} JANGBU_BINANCE_SPOT_SECRET={1}  (USDM: _USDM_)",
                keys.key.expose(),
                keys.secret.expose()
            ));
        }
        say("Ctrl-C로 끝냅니다 · Ctrl-C ends it");
    }
    tokio::select! {
        () = interrupt.wait() => {}
        () = watch(args.exit_when_done, || far(&emulator.stats())) => {}
    }
    let stats = emulator.stop().await;
    let failed = stats.failures.first().cloned();
    tell(&stats, args.json)?;
    failed.map_or(Ok(Outcome::Done), |failure| Err(Failure::could_not(failure)))
}

fn far(stats: &EmulatorStats) -> Far {
    Far { over: stats.finished && stats.connections_open == 0, line: progress_text(stats) }
}

fn progress_text(stats: &EmulatorStats) -> String {
    let EmulatorStats { frames_sent, frames_played, connections_open, rest_calls, .. } = stats;
    format!(
        "보낸 프레임 · frames sent {frames_sent} (played {frames_played}), 연결 · connections {connections_open}, REST {rest_calls}"
    )
}

fn tell(stats: &EmulatorStats, json: bool) -> Result<(), Failure> {
    if json {
        let stats = serde_json::to_value(stats).map_err(Failure::could_not)?;
        return print_json(&json!({ "done": stats }));
    }
    print(format_args!("{}, 끝 · ended", progress_text(stats)))
}

/// A market, for a script.
fn row(emulator: &Emulator, kind: MarketKind) -> Value {
    let address = emulator.address_of(kind).map(|address| address.to_string()).unwrap_or_default();
    json!({
        "kind": kind_name(kind),
        "address": address,
        "websocket": format!("ws://{address}"),
        "rest": format!("http://{address}{}", rest_root(kind)),
        "streams": emulator.streams_of(kind),
    })
}

/// A market, for a person.
fn lines(emulator: &Emulator, kind: MarketKind) -> String {
    let address = emulator.address_of(kind).map(|address| address.to_string()).unwrap_or_default();
    let streams = emulator.streams_of(kind);
    format!(
        "{name}  ws://{address}/stream?streams={}\n{:pad$}  http://{address}{}/exchangeInfo",
        streams.join("/"),
        "",
        rest_root(kind),
        name = kind_name(kind),
        pad = kind_name(kind).len(),
    )
}

fn kind_name(kind: MarketKind) -> &'static str {
    match kind {
        MarketKind::Spot => "spot",
        MarketKind::UsdM => "usdm",
    }
}

fn kind_of(word: KindWord) -> MarketKind {
    match word {
        KindWord::Spot => MarketKind::Spot,
        KindWord::Usdm => MarketKind::UsdM,
    }
}

fn rest_root(kind: MarketKind) -> &'static str {
    match kind {
        MarketKind::Spot => "/api/v3",
        MarketKind::UsdM => "/fapi/v1",
    }
}
