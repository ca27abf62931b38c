//! The table of every single value that can be set: [`KEYS`].

use std::path::PathBuf;
use std::str::FromStr;

use super::Config;
use crate::market::{Money, Price, Qty, Rate};

/// How a value stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In quotes.
    Text,
    /// A number; quotes are allowed.
    Number,
}

/// One value that can be set.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The table it stands in.
    pub section: &'static str,
    /// Its name in the table.
    pub name: &'static str,
    /// How it is written.
    pub kind: Kind,
    /// What it accepts, for an error.
    pub expected: &'static str,
    /// What it means, in Korean.
    pub korean: &'static str,
    /// What it means, in English.
    pub english: &'static str,
    /// What `config init` shows in a comment when nothing is the default.
    pub example: &'static str,
    /// Sets it from its text, or says what is wrong with it.
    pub set: fn(&mut Config, &str) -> Result<(), String>,
    /// Its text; `None` when it is not set.
    pub get: fn(&Config) -> Option<String>,
}

impl Key {
    /// `section.name`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The environment variable that overrides it: `JANGBU_SECTION_NAME`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}_{}", self.section, self.name).to_ascii_uppercase()
    }

    /// Finds a key by `section.name`.
    pub fn find(path: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.path() == path)
    }
}

/// What every environment variable of ours begins with.
pub const VARIABLE_PREFIX: &str = "JANGBU_";

/// The sections of single values, in the order of the file, with their meaning (Korean, English).
pub const SECTIONS: [(&str, &str, &str); 4] = [
    ("journal", "장부: 모든 사건을 기록하는 곳", "where and how every event is kept"),
    ("simulator", "모의 체결: 주문이 오가는 시간", "paper trading: how long orders travel"),
    (
        "risk",
        "주문이 나가기 전의 한도 (지우거나 \"none\"이면 한도 없음)",
        "limits before any order leaves (absent or \"none\" is no limit)",
    ),
    (
        "valuation",
        "평가: 여러 통화의 계좌를 한 통화로 더하고 김프를 셈 (rates: 환율)",
        "totals over several currencies, and the kimchi premium (rates: what currencies are worth)",
    ),
];

/// What clears a limit.
const NONE: &str = "none";

/// Reads a limit; `none` is no limit. A limit below 0 would refuse everything without saying why.
fn limit<T: FromStr<Err: ToString> + PartialOrd + Default>(text: &str) -> Result<Option<T>, String> {
    if text == NONE {
        return Ok(None);
    }
    let value: T = text.parse().map_err(|error: T::Err| error.to_string())?;
    if value < T::default() { Err(format!("`{text}` is below 0 (a limit is 0 or more, or \"none\")")) } else { Ok(Some(value)) }
}

fn whole<T: FromStr>(text: &str, least: u64, most: u64) -> Result<T, String> {
    let expected = || format!("`{text}` is not a whole number from {least} to {most}");
    let value: u64 = text.parse().map_err(|_| expected())?;
    if !(least..=most).contains(&value) {
        return Err(expected());
    }
    text.parse().map_err(|_| expected())
}

/// Milliseconds as decimal text to nanoseconds.
fn milliseconds(text: &str) -> Result<i64, String> {
    // A price is exact decimals at 1e-8, and a nanosecond is a millisecond at 1e-6.
    let nanos = text.parse::<Price>().map_err(|error| error.to_string())?.raw() / 100;
    if (0..=LATENCY_NS_MAX).contains(&nanos) {
        Ok(nanos)
    } else {
        Err(format!("`{text}` is not between 0 and {} ms", LATENCY_NS_MAX / 1_000_000))
    }
}

fn milliseconds_text(nanos: i64) -> Option<String> {
    nanos.checked_mul(100).map(|raw| Price::from_raw(raw).to_string())
}

/// A simulated latency beyond a minute is a mistake of units.
const LATENCY_NS_MAX: i64 = 60_000_000_000;
/// A span of an order rate or of duplicates beyond a day is a mistake of units.
const WINDOW_MS_MAX: u64 = 86_400_000;

fn text_of<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

/// Every single value that can be set, section by section, in the order of the file.
pub const KEYS: &[Key] = &[
    Key {
        section: "journal",
        name: "dir",
        kind: Kind::Text,
        expected: "a directory in quotes, like \"jangbu-data\"",
        korean: "장부 디렉터리",
        english: "the directory",
        example: "",
        set: |config, text| {
            if text.is_empty() || text.contains('\0') {
                return Err("a directory needs a name".into());
            }
            config.journal.dir = PathBuf::from(text);
            Ok(())
        },
        get: |config| Some(config.journal.dir.display().to_string()),
    },
    Key {
        section: "journal",
        name: "durability",
        kind: Kind::Text,
        expected: "\"power\", \"process\" or \"relaxed\"",
        korean: "power 정전에도 남음, process 강제 종료에도 남음, relaxed 기다리지 않음 (기본: 실거래 power, 모의 process)",
        english: "power survives a power cut, process a kill, relaxed waits for nothing (default: power for real venues, process for paper)",
        example: "\"process\"",
        set: |config, text| text.parse().map(|word| config.journal.durability = Some(word)),
        get: |config| text_of(&config.journal.durability),
    },
    Key {
        section: "journal",
        name: "raw",
        kind: Kind::Text,
        expected: "\"off\", \"orders\" or \"all\"",
        korean: "원문 프레임 보관: off, orders (주문만), all",
        english: "raw frames kept beside the events: off, orders, all",
        example: "",
        set: |config, text| text.parse().map(|word| config.journal.raw = word),
        get: |config| Some(config.journal.raw.to_string()),
    },
    Key {
        section: "journal",
        name: "volume_mib",
        kind: Kind::Number,
        expected: "a whole number of MiB from 16 to 4096",
        korean: "한 권의 크기 (MiB)",
        english: "size of a volume, MiB",
        example: "",
        set: |config, text| whole(text, 16, 4096).map(|mib| config.journal.volume_mib = mib),
        get: |config| Some(config.journal.volume_mib.to_string()),
    },
    Key {
        section: "journal",
        name: "snapshot_events",
        kind: Kind::Number,
        expected: "a whole number of events from 1000 to 1000000000",
        korean: "스냅샷 사이의 사건 수 (다시 시작할 때 이만큼만 재생)",
        english: "events between two snapshots (a restart replays no more than that)",
        example: "",
        set: |config, text| whole(text, 1_000, 1_000_000_000).map(|events| config.journal.snapshot_events = events),
        get: |config| Some(config.journal.snapshot_events.to_string()),
    },
    Key {
        section: "simulator",
        name: "entry_ms",
        kind: Kind::Number,
        expected: "milliseconds from 0 to 60000, like 20 or 0.35",
        korean: "주문이 거래소에 닿기까지 (밀리초)",
        english: "from our decision to the venue, milliseconds",
        example: "",
        set: |config, text| milliseconds(text).map(|nanos| config.latency.entry_ns = nanos),
        get: |config| milliseconds_text(config.latency.entry_ns),
    },
    Key {
        section: "simulator",
        name: "response_ms",
        kind: Kind::Number,
        expected: "milliseconds from 0 to 60000, like 20 or 0.35",
        korean: "거래소의 답이 돌아오기까지 (밀리초)",
        english: "from the venue's answer to us, milliseconds",
        example: "",
        set: |config, text| milliseconds(text).map(|nanos| config.latency.response_ns = nanos),
        get: |config| milliseconds_text(config.latency.response_ns),
    },
    Key {
        section: "risk",
        name: "order_qty_max",
        kind: Kind::Number,
        expected: "a quantity, like 0.5, or \"none\"",
        korean: "주문 하나의 최대 수량",
        english: "the largest quantity of one order",
        example: "0.5",
        set: |config, text| limit::<Qty>(text).map(|value| config.risk.order_qty_max = value),
        get: |config| text_of(&config.risk.order_qty_max),
    },
    Key {
        section: "risk",
        name: "order_notional_max",
        kind: Kind::Number,
        expected: "an amount, like 50000, or \"none\"",
        korean: "주문 하나의 최대 금액 (결제 통화)",
        english: "the largest value of one order, quote currency",
        example: "50000",
        set: |config, text| limit::<Money>(text).map(|value| config.risk.order_notional_max = value),
        get: |config| text_of(&config.risk.order_notional_max),
    },
    Key {
        section: "risk",
        name: "position_qty_max",
        kind: Kind::Number,
        expected: "a quantity, like 2, or \"none\"",
        korean: "종목 하나의 최대 보유 (미체결 주문 포함)",
        english: "the largest position in one instrument, orders in flight counted",
        example: "2",
        set: |config, text| limit::<Qty>(text).map(|value| config.risk.position_qty_max = value),
        get: |config| text_of(&config.risk.position_qty_max),
    },
    Key {
        section: "risk",
        name: "exposure_max",
        kind: Kind::Number,
        expected: "an amount, like 200000, or \"none\"",
        korean: "모든 보유와 미체결 주문의 최대 금액",
        english: "the largest value of all positions and orders in flight",
        example: "200000",
        set: |config, text| limit::<Money>(text).map(|value| config.risk.exposure_max = value),
        get: |config| text_of(&config.risk.exposure_max),
    },
    Key {
        section: "risk",
        name: "price_band",
        kind: Kind::Number,
        expected: "a share, like 0.05 for 5 %, or \"none\"",
        korean: "지정가가 현재가에서 벗어날 수 있는 비율 (0.05 = 5 %)",
        english: "how far a limit may stand from the last price (0.05 is 5 %)",
        example: "0.05",
        set: |config, text| limit::<Rate>(text).map(|value| config.risk.price_band = value),
        get: |config| text_of(&config.risk.price_band),
    },
    Key {
        section: "risk",
        name: "order_rate_max",
        kind: Kind::Number,
        expected: "a whole number of orders, like 10, or \"none\"",
        korean: "order_rate_window_ms 안의 최대 주문 수",
        english: "how many orders within order_rate_window_ms",
        example: "10",
        set: |config, text| limit::<u32>(text).map(|value| config.risk.order_rate_max = value),
        get: |config| text_of(&config.risk.order_rate_max),
    },
    Key {
        section: "risk",
        name: "order_rate_window_ms",
        kind: Kind::Number,
        expected: "a whole number of milliseconds from 1 to 86400000",
        korean: "주문 수를 세는 시간 (밀리초)",
        english: "the span of the order rate, milliseconds",
        example: "",
        set: |config, text| whole(text, 1, WINDOW_MS_MAX).map(|value| config.risk.order_rate_window_ms = value),
        get: |config| Some(config.risk.order_rate_window_ms.to_string()),
    },
    Key {
        section: "risk",
        name: "duplicate_window_ms",
        kind: Kind::Number,
        expected: "a whole number of milliseconds from 0 (off) to 86400000",
        korean: "이 시간 안의 똑같은 주문은 거절 (밀리초, 0이면 끔)",
        english: "refuse an order like the one before within this many milliseconds (0 is off)",
        example: "",
        set: |config, text| whole(text, 0, WINDOW_MS_MAX).map(|value| config.risk.duplicate_window_ms = value),
        get: |config| Some(config.risk.duplicate_window_ms.to_string()),
    },
    Key {
        section: "risk",
        name: "daily_loss_max",
        kind: Kind::Number,
        expected: "an amount, like 1000, or \"none\"",
        korean: "하루 손실이 여기에 이르면 매매 중지",
        english: "loss of a day at which trading stops",
        example: "1000",
        set: |config, text| limit::<Money>(text).map(|value| config.risk.daily_loss_max = value),
        get: |config| text_of(&config.risk.daily_loss_max),
    },
    Key {
        section: "risk",
        name: "liquidation_distance_min",
        kind: Kind::Number,
        expected: "a share, like 0.1 for 10 %, or \"none\"",
        korean: "선물: 청산가까지의 거리가 이보다 가까워지는 주문은 거절 (0.1 = 10 %)",
        english: "futures: refuse orders that bring the liquidation price nearer than this share",
        example: "0.1",
        set: |config, text| limit::<Rate>(text).map(|value| config.liquidation.distance_min = value),
        get: |config| text_of(&config.liquidation.distance_min),
    },
    Key {
        section: "risk",
        name: "liquidation_warning",
        kind: Kind::Number,
        expected: "a share, like 0.1 for 10 %, or \"none\"",
        korean: "선물: 청산가가 이만큼 가까워지면 알림 (0.1 = 10 %)",
        english: "futures: tell when the liquidation price is as near as this share",
        example: "0.1",
        set: |config, text| limit::<Rate>(text).map(|value| config.liquidation.warning = value),
        get: |config| text_of(&config.liquidation.warning),
    },
    Key {
        section: "valuation",
        name: "currency",
        kind: Kind::Text,
        expected: "a currency, like \"KRW\", or \"none\"",
        korean: "합계의 통화; 없으면 합계도 김프도 없음",
        english: "currency of totals; without it there are neither totals nor premiums",
        example: "\"KRW\"",
        set: |config, text| {
            config.valuation.currency = if text == NONE { None } else { Some(text.parse()?) };
            Ok(())
        },
        get: |config| text_of(&config.valuation.currency),
    },
    Key {
        section: "valuation",
        name: "premium_age_ms",
        kind: Kind::Number,
        expected: "a whole number of milliseconds from 1 to 86400000",
        korean: "이보다 오래된 시세로는 김프를 셈하지 않음 (밀리초)",
        english: "a price older than this gives no premium, milliseconds",
        example: "",
        set: |config, text| whole(text, 1, WINDOW_MS_MAX).map(|value| config.valuation.premium_age_ms = value),
        get: |config| Some(config.valuation.premium_age_ms.to_string()),
    },
];
