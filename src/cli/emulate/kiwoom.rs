//! `jangbu emulate kiwoom`: a broker on this machine, with an account, a market and trading days of its own.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::json;

use super::watch::{Far, watch};
use crate::cli::answer::{Failure, Outcome, print, print_json, say};
use crate::cli::interrupt::Interrupt;
use crate::venue::faults::FaultPlan;
use crate::venue::kiwoom::emulator::{KiwoomEmulator, KiwoomEmulatorConfig, KiwoomLedger, KiwoomStats};
use crate::venue::kiwoom::time::Date;

#[derive(Debug, clap::Args)]
pub(super) struct Kiwoom {
    /// 포트; 0은 빈 포트 · Port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// 가격, 호가, 체결, 조건검색의 씨앗 · What prices, books, fills and conditions are made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// 실제 1초에 흐르는 가상 초 · Virtual seconds a real second
    #[arg(long, default_value_t = 1)]
    speed: u32,
    /// 종목 수 (1~200) · How many stocks
    #[arg(long, value_name = "N", default_value_t = 5)]
    symbols: usize,
    /// 예수금, 원 · Cash of the account, KRW
    #[arg(long, value_name = "KRW", default_value_t = 100_000_000)]
    cash: i64,
    /// 첫 거래일, YYYYMMDD · The first trading day
    #[arg(long, value_name = "DATE", default_value = "20261120")]
    date: String,
    /// 거래일 수 · How many trading days
    #[arg(long, default_value_t = 1)]
    days: u32,
    /// 장애: drop, delay, duplicate, reorder, lost-ack, storm, disconnect, session, garbage · Faults, like drop=0.01,seed=7
    #[arg(long, value_name = "PLAN", default_value = "")]
    faults: String,
    /// 조회를 초당 1회로 제한 · One request a second of each kind, not five
    #[arg(long)]
    strict: bool,
    /// 모의투자 서버처럼: KRX만, 모의투자 수수료와 거부 코드 · As the mock server: KRX only, its fees and codes
    #[arg(long)]
    mock: bool,
    /// 마지막 날이 끝나면 끝냄 · End when the last day is over
    #[arg(long)]
    exit_when_done: bool,
    /// JSON으로: 첫 줄은 주소, 마지막 줄은 한 일과 계좌 · As JSON: the address first, what was done and the account last
    #[arg(long)]
    json: bool,
}

fn config(args: &Kiwoom) -> Result<KiwoomEmulatorConfig, Failure> {
    let faults: FaultPlan = args.faults.parse().map_err(Failure::wrong_use)?;
    let date = Date::parse(&args.date).ok_or_else(|| {
        let seen = &args.date;
        Failure::wrong_use(format_args!("--date {seen}: expected a day, like 20261120 · 날짜는 20261120처럼 씁니다"))
    })?;
    let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let Kiwoom { seed, speed, symbols, cash, days, strict, mock, .. } = *args;
    Ok(KiwoomEmulatorConfig {
        bind,
        seed,
        speed,
        symbols,
        cash,
        date,
        days,
        faults,
        strict,
        mock,
        ..KiwoomEmulatorConfig::default()
    })
}

pub(super) async fn serve(args: Kiwoom) -> Result<Outcome, Failure> {
    let config = config(&args)?;
    // Before anyone learns the address, so that no signal finds us without a handler.
    let mut interrupt = Interrupt::new().map_err(Failure::could_not)?;
    let (app_key, secret_key, account) = (config.app_key.clone(), config.secret_key.clone(), config.account.clone());
    let emulator = KiwoomEmulator::start(config).await.map_err(|error| match error {
        crate::venue::kiwoom::emulator::KiwoomEmulatorError::Config(problem) => Failure::wrong_use(problem),
        other => Failure::could_not(other),
    })?;
    let address = emulator.address();
    let (rest, websocket) = (format!("http://{address}"), format!("ws://{address}/api/dostk/websocket"));
    if args.json {
        let head =
            json!({ "rest": rest, "websocket": websocket, "appkey": app_key, "secretkey": secret_key, "account": account });
        let mut head = head;
        head["codes"] = emulator.codes().into();
        print_json(&head)?;
    } else {
        print(format_args!("REST       {rest}\nWebSocket  {websocket}\nappkey     {app_key}\nsecretkey  {secret_key}"))?;
        print(format_args!("종목·stocks {}", emulator.codes().join(" ")))?;
        say("Ctrl-C로 끝냅니다 · Ctrl-C ends it");
    }
    tokio::select! {
        () = interrupt.wait() => {}
        () = watch(args.exit_when_done, || far(&emulator.stats())) => {}
    }
    let verified = emulator.verify();
    let (stats, ledger) = emulator.stop().await;
    tell(&stats, &ledger, args.json)?;
    verified.map_err(Failure::could_not)?;
    Ok(Outcome::Done)
}

fn far(stats: &KiwoomStats) -> Far {
    Far { over: stats.finished, line: progress_text(stats) }
}

fn progress_text(stats: &KiwoomStats) -> String {
    let KiwoomStats { virtual_time, connections_open, requests, frames, orders, fills, .. } = stats;
    format!(
        "{virtual_time} 연결 · connections {connections_open}, REST {requests}, 프레임 · frames {frames}, \
         주문 · orders {orders}, 체결 · fills {fills}"
    )
}

fn tell(stats: &KiwoomStats, ledger: &KiwoomLedger, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(&json!({ "done": stats, "ledger": ledger }));
    }
    let KiwoomLedger { cash, fees, taxes, holdings, .. } = ledger;
    print(format_args!("{}, 끝 · ended", progress_text(stats)))?;
    print(format_args!("예수금 · cash {cash}, 수수료 · fees {fees}, 세금 · taxes {taxes} KRW"))?;
    holdings
        .iter()
        .try_for_each(|held| print(format_args!("{} {} 주 · shares, 매입금액 · cost {} KRW", held.code, held.qty, held.cost)))
}
