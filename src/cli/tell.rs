//! `jangbu tell`: an operator speaks to a running session, through the socket in its journal's folder.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Subcommand, ValueEnum};
use serde_json::Value;

use super::answer::{Failure, Outcome, print, print_json};
use super::settings::{JournalArgs, read};
use crate::config::FILE_NAME;
use crate::live::control::{Change, Reply, Request, ask};
use crate::market::{Side, Venue};

/// `jangbu tell`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(super) struct Args {
    #[command(subcommand)]
    word: Word,
    /// 장부 디렉터리 · The journal's directory [default: journal.dir of the settings, jangbu-data]
    #[arg(long, value_name = "DIR", global = true)]
    journal: Option<PathBuf>,
    /// JSON으로 · As JSON
    #[arg(long, global = true)]
    json: bool,
}

const AFTER: &str = "\
0 했음 · done; 1 거부 · refused; 3 도는 세션이 없거나 답이 없음 · no session is running, or it gave no answer.
한 일은 모두 장부에 남습니다 · Everything that is done is an event in the journal first. An answer means that it is durable.";

#[derive(Debug, Subcommand)]
enum Word {
    /// 어떻게 돌고 있나: 주문 번호, 보유, 전략, 정지 · How it stands: order ids, positions, strategies, kill switch
    Status,
    /// 주문 · Place an order
    Order(OrderArgs),
    /// 주문 취소, 또는 모두 · Cancel an order, or all
    Cancel {
        /// 주문 번호 (J3-18211-0), 또는 all · Its id, or all
        #[arg(value_name = "ID|all")]
        order: String,
    },
    /// 주문 정정 · Change an open order
    Amend(AmendArgs),
    /// 비상 정지: 모두 취소하고 주문을 막음, 다시 시작해도 · Cancel everything and let no order leave, also after a restart
    Kill {
        /// 이유 · Why
        #[arg(required = true, num_args = 1..)]
        reason: Vec<String>,
    },
    /// 정지를 풂 · End a kill
    Resume,
    /// 모두 취소하고 모두 청산; 자동매매는 꺼짐 · Cancel everything, close every position; automatic trading goes off
    Liquidate,
    /// 전략이 주문해도 되는지 · Whether strategies may place orders
    AutoTrade {
        /// 켬, 끔
        state: Switch,
    },
    /// 전략 글을 올리거나 바꿈 · Load or edit a strategy text
    Text {
        /// 전략의 buy, sell이 부르는 이름 · The name strategies use it by
        name: String,
        /// 파일 · The file
        file: PathBuf,
    },
    /// 전략의 값 하나를 바꿈, 또는 risk의 한도 · Change a parameter of a strategy, or a limit of risk
    Set {
        /// 전략 이름이나 번호, 또는 risk · A strategy's name or number, or risk
        strategy: String,
        /// 무엇을 · Which parameter
        key: String,
        /// 새 값 · Its new value
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// 설정 파일을 다시 읽음; 도는 동안 바뀌지 않는 것은 말해 줌 · Read the settings file again; what needs a restart is named
    Reload {
        /// 파일 · The file
        #[arg(default_value = FILE_NAME)]
        file: PathBuf,
        /// 무엇이 바뀔지만 보기 · Only show what would change
        #[arg(long)]
        check: bool,
    },
    /// 다른 곳의 접속에 밀려난 연결을 되찾음 (키움 R10001) · Take back a connection lost to another login of the key
    Reconnect {
        /// 거래소 · The venue
        venue: Venue,
    },
}

#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("price").required(true)))]
struct OrderArgs {
    /// 매수, 매도 · Buy or sell
    side: Direction,
    /// 종목, 여러 거래소에 있으면 거래소:종목 · The symbol; venue:SYMBOL where several venues have it
    symbol: String,
    /// 수량 · How much
    qty: String,
    /// 지정가 · At this price or better
    #[arg(long, value_name = "PRICE", group = "price")]
    limit: Option<String>,
    /// 시장가 · At the best price there is
    #[arg(long, group = "price")]
    market: bool,
    /// 주문 조건 · How long it lives
    #[arg(long, value_enum, default_value_t = Lifetime::Gtc)]
    tif: Lifetime,
    /// 실제 돈의 주문임을 확인 · Confirms that it is for real money
    #[arg(long)]
    real: bool,
}

#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
struct AmendArgs {
    /// 주문 번호 (J3-18211-0) · Its id
    #[arg(value_name = "ID")]
    order: String,
    /// 새 지정가 · The new limit
    #[arg(long, group = "change")]
    price: Option<String>,
    /// 새 전체 수량 (체결된 것까지) · The new total, filled and open
    #[arg(long, group = "change")]
    qty: Option<String>,
    /// 실제 돈의 주문임을 확인 · Confirms that it is for real money
    #[arg(long)]
    real: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Direction {
    /// 매수
    Buy,
    /// 매도
    Sell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    /// 켬
    On,
    /// 끔
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lifetime {
    /// 취소할 때까지 · Until it is cancelled
    Gtc,
    /// 바로 체결되지 않은 것은 취소 · What does not fill at once is cancelled
    Ioc,
    /// 모두 바로, 아니면 취소 · All at once or nothing
    Fok,
    /// 바로 체결될 것이면 거부 · Refused if it would take
    PostOnly,
}

impl Lifetime {
    const fn name(self) -> &'static str {
        match self {
            Lifetime::Gtc => "gtc",
            Lifetime::Ioc => "ioc",
            Lifetime::Fok => "fok",
            Lifetime::PostOnly => "post-only",
        }
    }
}

/// Runs it.
pub(super) fn run(args: Args) -> Result<Outcome, Failure> {
    let dir = JournalArgs { journal: args.journal }.dir()?;
    let reply = ask(&dir, &request(args.word)?).map_err(Failure::could_not)?;
    if args.json {
        print_json(&serde_json::to_value(&reply).map_err(Failure::could_not)?)?;
    } else {
        print(as_text(&reply))?;
    }
    Ok(if reply.ok { Outcome::Done } else { Outcome::No })
}

fn request(word: Word) -> Result<Request, Failure> {
    Ok(match word {
        Word::Status => Request::Status,
        Word::Order(OrderArgs { side, symbol, qty, limit, tif, real, market: _ }) => {
            let side = match side {
                Direction::Buy => Side::Buy,
                Direction::Sell => Side::Sell,
            };
            Request::Order { side, symbol, qty, limit, time_in_force: Some(tif.name().to_owned()), real }
        }
        Word::Cancel { order } if order == "all" => Request::CancelAll,
        Word::Cancel { order } => Request::Cancel { order },
        Word::Amend(AmendArgs { order, price, qty, real }) => Request::Amend { order, price, qty, real },
        Word::Kill { reason } => Request::Kill { reason: reason.join(" ") },
        Word::Resume => Request::Resume,
        Word::Liquidate => Request::Liquidate,
        Word::AutoTrade { state } => Request::AutoTrade { on: matches!(state, Switch::On) },
        Word::Text { name, file } => Request::Text { name, text: text(&file)? },
        Word::Set { strategy, key, value } => Request::Set { strategy, key, value },
        Word::Reload { file, check } => Request::Reload { name: file.display().to_string(), text: read(&file)?, check },
        Word::Reconnect { venue } => Request::Reconnect { venue: venue.name().to_owned() },
    })
}

fn text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        Failure::could_not(format_args!("{}: {error}; the strategy text · 전략 글을 읽지 못했습니다", file.display()))
    })
}

fn as_text(reply: &Reply) -> String {
    let mut lines = vec![reply.text.clone()];
    lines.extend(reply.changes.iter().map(change));
    // What was refused says its notices already.
    let told = reply.notices.iter().filter(|told| !reply.text.contains(&told.text));
    lines.extend(told.map(|told| format!("  {}  [{}]", told.text, told.code)));
    if let Some(status) = &reply.status {
        lines.extend(status_lines(status));
    }
    match reply.seq {
        Some(seq) => lines.push(format!("  장부 · journal: seq {seq}")),
        None if !reply.ok => lines.push("  장부에 남지 않았습니다 · nothing was journaled".to_owned()),
        None => {}
    }
    lines.join("\n")
}

fn change(change: &Change) -> String {
    let word = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let later = if change.needs_restart { "  (다시 시작해야 바뀜 · at the next start)" } else { "" };
    format!("  {}: {} → {}{later}", change.key, word(&change.from), word(&change.to))
}

fn status_lines(status: &Value) -> Vec<String> {
    let list = |key: &str| status[key].as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let orders = list("orders").into_iter().map(|row| {
        let limit = row["limit"].as_str().unwrap_or("시장가 market").to_owned();
        let [order, venue, symbol, side] = ["order", "venue", "symbol", "side"].map(|key| word(&row[key]));
        let [qty, filled, state] = ["qty", "filled", "state"].map(|key| word(&row[key]));
        format!("  주문 · order     {order}  {venue} {symbol} {side} {limit} × {qty}, 체결 · filled {filled}, {state}")
    });
    let positions = list("positions").into_iter().map(|row| format!("  보유 · position  {}", word(&row)));
    let strategies = list("strategies").into_iter().map(|row| {
        let parameters = row["parameters"].as_object().cloned().unwrap_or_default();
        let parameters: Vec<String> = parameters.iter().map(|(key, value)| format!("{key}={}", word(value))).collect();
        format!("  전략 · strategy  {} {} {}", word(&row["number"]), word(&row["name"]), parameters.join(" "))
    });
    orders.chain(positions).chain(strategies).collect()
}
