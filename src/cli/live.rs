//! `jangbu live`: markets by their real protocols, orders at the simulator, everything in the journal.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jangbu_journal::{Durability, Nanos, Stamp};

use super::answer::{Failure, Outcome, is_korean, print, print_json, say};
use super::emulate::{SpeedWord, tape_markets};
use super::interrupt::Interrupt;
use super::moment::time_text;
use super::progress::Progress;
use super::settings::ConfigArgs;
use super::texts::strategy_texts;
use crate::config::{Config, Deposit, DurabilityName, Orders, Stream, VenueConfig};
use crate::effect::{Notice, Severity};
use crate::event::command::{Settings, StrategySettings};
use crate::live::advice;
use crate::live::config::LiveConfig;
use crate::live::latency::Language;
use crate::live::session::{Hooks, run as run_session};
use crate::market::{Money, Venue};
use crate::simulator::SimulatorSettings;
use crate::venue::binance::emulator::{EmulatorConfig, MarketKind, MarketSource, Source, Speed, Start};

/// `jangbu live`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// 장부 디렉터리 · The journal [default: jangbu-data]
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// 무엇에도 남는가: power 정전, process 강제 종료, relaxed · What an event survives
    #[arg(long)]
    durability: Option<String>,
    /// 원문 프레임 보관: off, orders, all · Raw frames kept beside the events
    #[arg(long)]
    raw: Option<String>,
    /// 거래소 대신 녹화한 파일로; 끝나면 끝냄 · Play tapes instead of connecting to venues; ends with them
    #[arg(long, value_name = "FILE", num_args = 1..)]
    tape: Vec<PathBuf>,
    /// 내장 시장의 빠르기: 1은 녹화한 그대로, max는 받는 대로 · Pace of the built-in market
    #[arg(long, default_value = "1")]
    speed: SpeedWord,
    /// 지어낸 시장의 씨앗 · What the made-up market is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// 접속할 거래소, 설정의 것 대신: kiwoom, upbit, binance-spot, binance-usdm · Connect to these only, as the settings say if they do
    #[arg(long, value_name = "VENUE", conflicts_with = "tape")]
    venue: Vec<Venue>,
    /// --venue의 종목 · Symbols of --venue [default: of the settings, else BTCUSDT, KRW-BTC or 005930]
    #[arg(long, value_name = "SYMBOL", value_delimiter = ',', requires = "venue")]
    symbols: Vec<String>,
    /// --venue의 주소, 공개 주소 대신 (하나씩 차례로) · Addresses of --venue, in its order, in place of the public ones
    #[arg(long, value_name = "URL", requires = "venue")]
    endpoint: Vec<String>,
    /// 키움 대신 이 프로세스 안의 모의 증권사 (예: speed=300,seed=1) · Kiwoom's emulator in this process; the session lives in its time
    #[arg(long, value_name = "WORDS", requires = "venue", conflicts_with = "endpoint")]
    emulator: Option<String>,
    /// --venue에서 볼 것: trades, every-trade, quotes, book · What to watch [default: trades,quotes,book]
    #[arg(long, value_name = "STREAM", value_delimiter = ',', requires = "venue")]
    streams: Vec<Stream>,
    /// --venue의 호가 갱신 주기, 예: 0ms · How often book differences come, like 0ms
    #[arg(long, value_name = "MS", requires = "venue")]
    book_speed: Option<String>,
    /// 이만큼 뒤에 끝냄 (30s, 10m, 8h) · End after this long
    #[arg(long = "for", value_name = "SPAN")]
    span: Option<Span>,
    /// 모두 모의로: 설정의 orders = "real"을 무시 · All venues on paper, whatever the settings say
    #[arg(long, conflicts_with = "real")]
    paper: bool,
    /// 실제 돈으로 주문함을 확인: orders = "real"인 거래소가 이 컴퓨터 밖에 있으면 꼭 필요 · Confirms that orders are for real money
    #[arg(long)]
    real: bool,
    /// 전략이 주문하지 못하게 · Strategies look and do not trade
    #[arg(long)]
    no_trade: bool,
    /// 요약을 JSON으로 · The summary as JSON
    #[arg(long)]
    json: bool,
}

/// A span of time: `30s`, `10m`, `8h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span(Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is not a span of time (expected a number and s, m or h, like 30s)");
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return Err(bad()),
        };
        let count: u64 = number.parse().map_err(|_| bad())?;
        // A year is longer than any session, and far from where sums of times overflow.
        let span = count.checked_mul(seconds).filter(|span| (1..=31_536_000).contains(span)).ok_or_else(bad)?;
        Ok(Span(Duration::from_secs(span)))
    }
}

/// Runs it.
pub(super) fn run(args: Args) -> Result<Outcome, Failure> {
    let mut layers = args.config.layers()?;
    if let Some(dir) = &args.journal {
        layers = layers.flag("--journal", "journal.dir", &dir.display().to_string());
    }
    for (flag, path, text) in [("--durability", "journal.durability", &args.durability), ("--raw", "journal.raw", &args.raw)] {
        if let Some(text) = text {
            layers = layers.flag(flag, path, text);
        }
    }
    let mut config = live_config(layers.finish().map_err(Failure::wrong_use)?.config, &args)?;
    // Without the flags: a file read again while the session runs is compared with the file.
    config.loaded = args.config.layers()?.finish().map_err(Failure::wrong_use)?.config;
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_interrupt(&stop)?;
    greet(&config);
    let mut progress = Progress::new("live");
    let hooks = Hooks {
        progress: Some(Box::new(move |line| {
            progress.line(|| line.to_owned());
        })),
        notice: Some(Box::new(tell)),
        ..Hooks::default()
    };
    let summary = run_session(&config, &stop, hooks).map_err(Failure::could_not)?;
    if args.json {
        print_json(&serde_json::to_value(&summary).map_err(Failure::could_not)?)?;
    } else {
        print(summary.text(language()))?;
    }
    match summary.halt {
        // The emulated broker's day is over, and its books are not ours.
        None if summary.agreement.is_some_and(|both| both.complete && !both.agrees) => Ok(Outcome::No),
        // No venue ever let us in, or knew what was asked for: that is what there is to say.
        None if !summary.notes.is_empty() && summary.frames.iter().all(|frames| frames.received == 0) => {
            Err(Failure::could_not(summary.notes.join("\n")))
        }
        None => Ok(Outcome::Done),
        Some(halt) => Err(Failure::could_not(format_args!(
            "매매를 멈췄습니다 · trading stopped at seq {}: {}\n다시 보기 · to see it again: {}",
            halt.seq, halt.reason, halt.reproduce
        ))),
    }
}

/// Settings and flags as the session wants them.
fn live_config(config: Config, args: &Args) -> Result<LiveConfig, Failure> {
    let mut live = LiveConfig::paper(config.journal.dir);
    live.volume_bytes_max = u64::from(config.journal.volume_mib) << 20;
    live.rhythm.snapshot_events = config.journal.snapshot_events;
    live.raw = config.journal.raw;
    live.simulator = SimulatorSettings { latency: config.latency, ..SimulatorSettings::default() };
    live.auto_trade = !args.no_trade;
    live.run_for = args.span.map(|span| span.0);
    live.settings = Settings { risk: config.risk, strategies: config.strategies, simulator: Some(config.latency) };
    live.valuation = config.valuation;
    live.liquidation = config.liquidation;
    live.venues = if args.venue.is_empty() { config.venues } else { venues(args, &config.venues)? };
    confirm_real_orders(&mut live.venues, args)?;
    let is_real = live.venues.iter().any(|venue| venue.orders == Orders::Real && !(venue.emulate && venue.endpoint.is_none()));
    live.durability = match config.journal.durability {
        Some(DurabilityName::Power) => Durability::Power,
        Some(DurabilityName::Process) => Durability::Process,
        Some(DurabilityName::Relaxed) => Durability::Relaxed,
        // Paper money, and nobody's, is not worth waiting for the disk.
        None => {
            if is_real {
                Durability::Power
            } else {
                Durability::Process
            }
        }
    };
    if !args.tape.is_empty() {
        // What the settings connect to waits: a tape is played instead.
        live.venues.clear();
        live.emulate = Some(EmulatorConfig {
            markets: tape_markets(&args.tape)?,
            speed: args.speed.0,
            start: Start::EveryStream,
            ..EmulatorConfig::default()
        });
    } else if live.venues.is_empty() {
        let source = || Source::Synthetic { symbols: Vec::new(), seed: args.seed };
        let markets = [MarketKind::Spot, MarketKind::UsdM].map(|kind| MarketSource { kind, source: source(), bind: None });
        live.emulate = Some(EmulatorConfig { markets: markets.into(), speed: args.speed.0, ..EmulatorConfig::default() });
    }
    if live.emulate.is_some() && live.settings.strategies.is_empty() {
        live.settings.strategies.push(demonstration());
    }
    live.texts = strategy_texts(&live.settings.strategies)?;
    live.deposits = if config.deposits.is_empty() { default_deposits() } else { config.deposits };
    if !live.venues.is_empty() && live.deposits == default_deposits() {
        // Money where nothing is traded only clutters the books.
        live.deposits.retain(|deposit| live.venues.iter().any(|venue| venue.kind == deposit.venue));
    }
    if live.deposits.iter().all(|deposit| default_deposits().contains(deposit))
        && live.venues.iter().any(|venue| venue.kind == Venue::Upbit)
    {
        live.deposits.extend(won_deposit());
    }
    Ok(live)
}

/// Real money is asked for twice: once in the settings, once on the command line. A venue on this machine is an emulator.
fn confirm_real_orders(venues: &mut [VenueConfig], args: &Args) -> Result<(), Failure> {
    if args.paper {
        venues.iter_mut().for_each(|venue| venue.orders = Orders::Paper);
    }
    let real = venues.iter().find(|venue| venue.orders == Orders::Real && !venue.is_on_this_machine());
    match real.filter(|_| !args.real) {
        Some(venue) => Err(Failure::wrong_use(format_args!(
            "{0}: 설정은 실제 주문(orders = \"real\")입니다. 실제 돈으로 거래하려면 --real, 모의로 하려면 --paper · \
             the settings send real orders to {0}: say --real to trade with real money, --paper to simulate",
            venue.kind
        ))),
        None => Ok(()),
    }
}

/// The venues of the flags.
fn venues(args: &Args, settings: &[VenueConfig]) -> Result<Vec<VenueConfig>, Failure> {
    if args.endpoint.len() > args.venue.len() {
        return Err(Failure::wrong_use(format_args!(
            "{} addresses for {} venues: give one --endpoint for each --venue, in the same order · 주소가 거래소보다 많습니다",
            args.endpoint.len(),
            args.venue.len()
        )));
    }
    let venue = |(place, kind): (usize, &Venue)| {
        let usual = || VenueConfig { symbols: vec![usual_symbol(*kind).to_owned()], ..VenueConfig::new(*kind) };
        let mut venue = settings.iter().find(|venue| venue.kind == *kind).cloned().unwrap_or_else(usual);
        if let Some(words) = &args.emulator {
            (venue.emulator, venue.emulate, venue.endpoint) = (Some(words.clone()), true, None);
        }
        if let Some(endpoint) = args.endpoint.get(place) {
            (venue.endpoint, venue.emulate) = (Some(endpoint.clone()), false);
        }
        venue.book_speed = args.book_speed.clone().or(venue.book_speed);
        if !args.symbols.is_empty() {
            venue.symbols = args.symbols.clone();
        }
        if !args.streams.is_empty() {
            venue.streams = args.streams.clone();
        }
        venue
    };
    Ok(args.venue.iter().enumerate().map(venue).collect())
}

/// What is watched at a venue when nothing is said.
const fn usual_symbol(venue: Venue) -> &'static str {
    match venue {
        Venue::Kiwoom => "005930",
        Venue::Upbit => "KRW-BTC",
        Venue::BinanceSpot | Venue::BinanceUsdM => "BTCUSDT",
    }
}

/// The strategy of a session that was told none: soon in the market, and often.
pub(super) fn demonstration() -> StrategySettings {
    let parameters = [("fast", "20"), ("slow", "60"), ("on", "trade"), ("notional", "1000"), ("short", "true")];
    StrategySettings {
        name: "ema-cross".into(),
        instruments: Vec::new(),
        parameters: parameters.map(|(name, value)| (name.into(), value.into())).into(),
    }
}

/// Paper money, when the settings give none: 10,000 USDT at each Binance venue.
pub(super) fn default_deposits() -> Vec<Deposit> {
    let Ok(currency) = "USDT".parse() else { return Vec::new() };
    let amount = Money::from_raw(10_000 * i128::from(crate::market::number::ONE));
    [Venue::BinanceSpot, Venue::BinanceUsdM].map(|venue| Deposit { venue, currency, amount }).into()
}

/// Paper money at Upbit, when the settings give none: 10,000,000 KRW.
fn won_deposit() -> Option<Deposit> {
    let amount = Money::from_raw(10_000_000 * i128::from(crate::market::number::ONE));
    Some(Deposit { venue: Venue::Upbit, currency: "KRW".parse().ok()?, amount })
}

/// The first interrupt ends the session in good order, the second one ends the program: the journal is made for that.
fn stop_on_interrupt(stop: &Arc<AtomicBool>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::could_not)?;
    let mut interrupt = runtime.block_on(async { Interrupt::new() }).map_err(Failure::could_not)?;
    let stop = Arc::clone(stop);
    let wait = move || {
        runtime.block_on(interrupt.wait());
        say("끝내는 중입니다 (한 번 더 누르면 바로 끝남) · ending; once more ends at once");
        stop.store(true, Ordering::Release);
        runtime.block_on(interrupt.wait());
        std::process::exit(130);
    };
    thread::Builder::new().name("interrupt".into()).spawn(wait).map(drop).map_err(Failure::could_not)
}

/// What it is about to do.
fn greet(config: &LiveConfig) {
    let name = |venue: &VenueConfig| {
        let words = venue.emulator.as_deref().map_or(String::new(), |words| format!(": {words}"));
        let played = if venue.emulate && venue.endpoint.is_none() {
            format!(" (에뮬레이터 · emulator{words})")
        } else {
            String::new()
        };
        format!("{}{played}", venue.kind)
    };
    let venues: Vec<String> = config.venues.iter().map(name).collect();
    let market = match &config.emulate {
        None => venues.join(", "),
        Some(emulate) => {
            let sources = emulate.markets.iter().map(|market| match &market.source {
                Source::Tape(path) => path.display().to_string(),
                Source::Synthetic { seed, .. } => format!("synthetic {:?} (seed {seed})", market.kind).to_lowercase(),
            });
            let pace = match emulate.speed {
                Speed::Max => "max".to_owned(),
                Speed::Times(times) => format!("{times}x"),
            };
            format!("{}, {pace}", sources.collect::<Vec<_>>().join(" + "))
        }
    };
    let strategies: Vec<String> = config
        .settings
        .strategies
        .iter()
        .map(|strategy| {
            let parameters: Vec<String> = strategy.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{} {}", strategy.name, parameters.join(" "))
        })
        .collect();
    let real: Vec<&str> =
        config.venues.iter().filter(|venue| venue.orders == Orders::Real).map(|venue| venue.kind.name()).collect();
    let offline = config.venues.iter().filter(|venue| venue.orders == Orders::Real).all(VenueConfig::is_on_this_machine);
    if !real.is_empty() && offline {
        say(format_args!(
            "에뮬레이터에서 거래를 시작합니다: 실제 프로토콜, 돈은 아님 · trading at an emulator ({0}): real protocols, nobody's money",
            real.join(", ")
        ));
    } else if real.is_empty() {
        say(
            "모의 매매를 시작합니다: 시세는 실제 프로토콜로, 주문은 모의 체결로 · paper trading: real protocols, simulated fills",
        );
    } else {
        say(format_args!("실거래를 시작합니다: 주문이 나가는 곳 {0} · live trading: orders go to {0}", real.join(", ")));
    }
    say(format_args!("  시장 · market    {market}"));
    say(format_args!("  전략 · strategy  {}", if strategies.is_empty() { "-".to_owned() } else { strategies.join("; ") }));
    say(format_args!("  장부 · journal   {} ({})", config.journal.display(), config.durability));
    let journal = if config.journal == Path::new("jangbu-data") {
        String::new()
    } else {
        format!(" --journal {}", config.journal.display())
    };
    say(format_args!("  말하기 · tell      jangbu tell{journal} status | order | kill | … --help"));
    say("  Ctrl-C 끝내기 · ends the session");
}

/// What the kernel wants people to know.
fn tell(stamp: &Stamp, notice: &Notice) {
    let mark = match notice.severity {
        Severity::Info => "·",
        Severity::Warning => "!",
        Severity::Critical => "!!",
    };
    say(format_args!("{} seq {} {mark} {}  [{}]", clock_text(stamp.recv), stamp.seq, advice::line(notice), notice.code));
}

/// The time of day.
fn clock_text(at: Nanos) -> String {
    let text = time_text(at);
    text.split_once(' ').map_or_else(|| text.clone(), |(_, time)| time.to_owned())
}

/// The language of the terminal.
pub(super) fn language() -> Language {
    if is_korean() { Language::Korean } else { Language::English }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read() {
        let read = |text: &str| text.parse::<Span>().map(|span| span.0.as_secs()).ok();
        assert_eq!((read("30s"), read("10m"), read("8h")), (Some(30), Some(600), Some(28_800)));
        for bad in ["", "30", "s", "0s", "-3s", "3d", "99999999999999999999h", "10000h", "1.5h", "30초"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
