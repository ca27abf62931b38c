//! The commented file that `config init` writes.

use std::fmt::Write as _;

use super::Config;
use super::keys::{KEYS, Key, Kind, SECTIONS};
use crate::strategy::builtin::{BUILTINS, Builtin, Parameter};

/// A settings file with every key, its meaning in Korean and English, and its default.
pub fn init_text() -> String {
    let mut text = String::from(HEAD);
    let config = Config::default();
    for (section, korean, english) in SECTIONS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n# {korean}\n# {english}\n[{section}]");
        for key in KEYS.iter().filter(|key| key.section == section) {
            let _ = writeln!(text, "# {}\n# {}\n{}", key.korean, key.english, line(key, &config));
        }
        if section == "valuation" {
            text.push_str(RATES);
        }
    }
    text.push_str(TAIL);
    for builtin in BUILTINS.iter().filter(|builtin| builtin.trades_by_rules()) {
        strategy(&mut text, builtin);
    }
    text
}

/// A strategy that trades by the order rules, commented out, with every parameter and its default.
fn strategy(text: &mut String, builtin: &Builtin) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\n# {}\n# {}\n#\n", builtin.korean, builtin.english);
    let _ = writeln!(text, "# [[strategy]]\n# name = {:?}\n# instruments = []\n# [strategy.parameters]", builtin.name);
    for parameter in builtin.parameters.iter().copied().flatten() {
        let Parameter { name, default, expected, korean, english } = parameter;
        // What has no default stays a comment also when the table is taken into use.
        let (mark, value) = if default.is_empty() { ("# ", "…") } else { ("", *default) };
        let _ = writeln!(text, "# {mark}{name} = {value:?}  # {korean} · {english}: {expected}");
    }
}

/// `name = value`, commented out when there is no default.
fn line(key: &Key, config: &Config) -> String {
    match (key.get)(config) {
        Some(value) if key.kind == Kind::Text => format!("{} = {value:?}", key.name),
        Some(value) => format!("{} = {value}", key.name),
        None => format!("# {} = {}", key.name, key.example),
    }
}

const HEAD: &str = "\
# 장부 설정. Jangbu settings.
#
# 순서: 이 파일 → 환경 변수 (JANGBU_RISK_ORDER_QTY_MAX=0.5) → 명령줄 옵션. 뒤의 것이 이깁니다.
# Order: this file, then environment variables (JANGBU_RISK_ORDER_QTY_MAX=0.5), then flags. The later one wins.
#
# 확인 `jangbu config check`, 지금 쓰이는 값 `jangbu config show`.
";

const RATES: &str = "\
# 환율: 종목의 현재가, 또는 고정된 값
# exchange rates: the last price of an instrument, or a fixed value
# rates = [{ of = \"USDT\", instrument = \"upbit:KRW-USDT\" }, { of = \"USD\", value = 1400 }]
";

const TAIL: &str = "
# 새 모의 장부의 시작 금액
# cash at the start of a new paper journal
[account]
deposits = [{ venue = \"binance-usdm\", currency = \"USDT\", amount = 10000 }]

# 접속할 거래소. 하나도 없으면 내장 가상 시장에서 거래합니다.
# what to connect to; without any, jangbu trades on its built-in synthetic market
#
# [[venue]]
# kind = \"binance-usdm\"                 # binance-spot, binance-usdm, upbit, kiwoom
# symbols = [\"BTCUSDT\"]
# streams = [\"trades\", \"quotes\", \"book\"]  # every-trade: 모든 체결을 하나씩 (each trade by itself)
#   mark: 마크 가격과 펀딩비 (선물); bars: 1분봉 (mark price and funding of futures; bars of a minute)
# book_speed = \"100ms\"                  # 호가 갱신 주기 (how often book differences come)
# orders = \"paper\"                   # real: 거래소로 주문, --real로 확인 (orders go to the venue; confirm with --real)
# keys = \"binance.keys\"              # 0600: key = \"…\", secret = \"…\"; 또는 환경 변수 (or JANGBU_BINANCE_USDM_KEY, …_SECRET)
#   키움은 account = \"계좌번호\"로 다른 계좌의 키를 막음 (Kiwoom: account = \"…\" refuses the key of another account)
# leverage = 3                       # 선물의 레버리지, 시작할 때 설정 (of futures, set at the start)
# margin = \"cross\"                   # isolated: 격리 (of futures)
# allow_withdraw = false             # 출금 권한이 있는 키를 받을지; binance-spot만 알 수 있음 (whether a key that may withdraw is taken)
# top = 30                           # 거래대금 상위 30종목도 봄, upbit와 binance (also the 30 with the largest turnover; paper only)
# rank_every = 60                    # 순위를 다시 매기는 초 (seconds between rankings)
# emulate = true                     # 거래소 대신 이 프로그램 안의 에뮬레이터 (an emulator in this process; no network, no keys)
# endpoint = \"ws://127.0.0.1:9443\"      # `jangbu emulate binance --port 9443`; 없으면 공개 주소 (absent: the public address)

# 돌릴 전략. 차례가 곧 번호입니다.
# strategies to run, in order
[[strategy]]
name = \"ema-cross\"
instruments = []                        # 비우면 전부 (empty is all), 예: [\"binance-usdm:BTCUSDT\"]
parameters = { fast = 12, slow = 26, qty = 0.01 }
";
