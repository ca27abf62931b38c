//! The stocks of the emulated market: who they are, the days before today, and today's bars.

use std::collections::VecDeque;

use jangbu_journal::Nanos;

use super::write::{krw, money, shares, whole};
use crate::market::{InstrumentId, Price, Rounding, TickTable};
use crate::venue::exchange::{Around, DayStats, Traded};
use crate::venue::kiwoom::rules::limits::limits;
use crate::venue::kiwoom::rules::sessions::is_trading_day;
use crate::venue::kiwoom::rules::ticks::ticks;
use crate::venue::kiwoom::rules::{Board, interruptions};
use crate::venue::kiwoom::time::Date;
use crate::venue::random::SplitMix64;

/// Code, name, KOSDAQ, a price of 2026, listed shares.
const KNOWN: &[(&str, &str, bool, i64, i64)] = &[
    ("005930", "삼성전자", false, 74_900, 5_919_637_922),
    ("000660", "SK하이닉스", false, 193_500, 728_002_365),
    ("035420", "NAVER", false, 212_500, 158_437_008),
    ("247540", "에코프로비엠", true, 161_300, 97_801_344),
    ("196170", "알테오젠", true, 385_500, 53_464_968),
    ("035720", "카카오", false, 58_700, 443_669_520),
    ("005380", "현대차", false, 219_000, 209_416_191),
    ("091990", "셀트리온헬스케어", true, 43_250, 164_411_000),
    ("086520", "에코프로", true, 55_600, 135_767_690),
    ("003490", "대한항공", false, 22_650, 368_220_661),
    ("028300", "HLB", true, 47_950, 131_388_400),
    ("041510", "에스엠", true, 118_400, 22_900_000),
    ("015760", "한국전력", false, 36_900, 641_964_077),
    ("900110", "이스트아시아홀딩스", true, 1_345, 210_000_000),
    ("0011A0", "모의신주", true, 8_420, 12_000_000),
];

/// A day before today.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayRow {
    pub(super) date: Date,
    pub(super) open: i64,
    pub(super) high: i64,
    pub(super) low: i64,
    pub(super) close: i64,
    pub(super) volume: i64,
    /// Close less the close before.
    pub(super) change: i64,
}

/// A bar of minutes or of trades.
#[derive(Clone, Copy, Debug)]
pub(super) struct BarRow {
    pub(super) at: Nanos,
    pub(super) open: i64,
    pub(super) high: i64,
    pub(super) low: i64,
    pub(super) close: i64,
    pub(super) volume: i64,
    /// Traded since the day began.
    pub(super) day_volume: i64,
}

impl BarRow {
    /// This bar and a later one as one.
    pub(super) fn with(self, later: &BarRow) -> BarRow {
        BarRow {
            at: self.at,
            open: self.open,
            high: self.high.max(later.high),
            low: self.low.min(later.low),
            close: later.close,
            volume: self.volume + later.volume,
            day_volume: later.day_volume,
        }
    }
}

/// A stock.
#[derive(Debug)]
pub(super) struct Stock {
    pub(super) id: InstrumentId,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) board: Board,
    pub(super) ticks: TickTable,
    /// Reference of the day, and its limits.
    pub(super) base: i64,
    pub(super) lower: i64,
    pub(super) upper: i64,
    pub(super) listed: i64,
    pub(super) previous_volume: i64,
    /// Oldest first, without today.
    pub(super) days: Vec<DayRow>,
    /// Bars of a minute, oldest first, today's.
    pub(super) minutes: Vec<BarRow>,
    /// Trades, oldest first, the last of today.
    pub(super) trades: VecDeque<BarRow>,
    pub(super) vi: Interruption,
    /// The book as last sent, for the changes of its quantities: by side and place.
    pub(super) book_before: [[i64; 10]; 2],
    pub(super) best_before: (i64, i64),
}

/// Where a stock's volatility interruptions stand.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Interruption {
    /// Reference of the static one, KRW.
    pub(super) reference: i64,
    /// The one that lasts.
    pub(super) active: Option<Active>,
    pub(super) count: u32,
}

/// An interruption that lasts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Active {
    /// The price that began it.
    pub(super) price: i64,
    pub(super) began: Nanos,
    /// It is a static one (정적).
    pub(super) fixed: bool,
    /// Reference of the dynamic one (동적), where it is one: the last trade before the order.
    pub(super) moving: Option<i64>,
}

/// Most trades kept for ka10079.
const TRADES_MAX: usize = 3_000;
/// Days before today.
const DAYS: usize = 650;
const MINUTE_NS: i64 = 60_000_000_000;

impl Stock {
    pub(super) fn new(index: usize, seed: u64, today: Date) -> Stock {
        let known = KNOWN.get(index);
        let code = known.map_or_else(|| format!("{:06}", 300_000 + index * 10), |row| row.0.to_owned());
        let name = known.map_or_else(|| format!("모의종목{index}"), |row| row.1.to_owned());
        let board = if known.map_or(index % 2 == 1, |row| row.2) { Board::Kosdaq } else { Board::Kospi };
        let mut random = SplitMix64::new(seed.wrapping_add(index as u64).wrapping_mul(0x9e6c_63d0_876a_9a47));
        let start = known.map_or_else(|| random.between(1_500, 150_000), |row| row.3);
        let table = ticks(board, today);
        let base = on_tick(&table, start);
        let days = history(&mut random, &table, base, today);
        let previous_volume = days.last().map_or(1, |day| day.volume);
        let limits = limits(board, &table, krw(base), today);
        let (lower, upper) = limits.map_or((base, base), |limits| (whole(limits.lower), whole(limits.upper)));
        Stock {
            id: InstrumentId(u32::try_from(index).unwrap_or(0)),
            code,
            name,
            board,
            ticks: table,
            base,
            lower,
            upper,
            listed: known.map_or(50_000_000, |row| row.4),
            previous_volume,
            days,
            minutes: Vec::new(),
            trades: VecDeque::new(),
            vi: Interruption { reference: base, ..Interruption::default() },
            book_before: [[0; 10]; 2],
            best_before: (0, 0),
        }
    }

    /// Prices at which a static interruption begins, down and up.
    pub(super) fn guard(&self) -> Option<(Price, Price)> {
        let prices = interruptions::static_prices(&self.ticks, krw(self.vi.reference))?;
        Some((prices.down, prices.up))
    }

    /// Prices at which a dynamic interruption begins around the last trade. Every share of KOSPI is taken for one of KOSPI 200.
    pub(super) fn moving_guard(&self) -> Around {
        use interruptions::{DynamicGroup, DynamicTime::Continuous, dynamic_prices};
        fn bounds(ticks: &TickTable, last: Price, group: DynamicGroup) -> Option<(Price, Price)> {
            dynamic_prices(ticks, last, group, Continuous).map(|prices| (prices.down, prices.up))
        }
        match self.board {
            Board::Kospi => |ticks, last| bounds(ticks, last, DynamicGroup::Kospi200),
            _ => |ticks, last| bounds(ticks, last, DynamicGroup::Others),
        }
    }

    /// 1 upper limit, 2 up, 3 even, 4 lower limit, 5 down.
    pub(super) fn direction(&self, price: i64) -> &'static str {
        match price.cmp(&self.base) {
            std::cmp::Ordering::Greater if price >= self.upper => "1",
            std::cmp::Ordering::Greater => "2",
            std::cmp::Ordering::Equal => "3",
            std::cmp::Ordering::Less if price <= self.lower => "4",
            std::cmp::Ordering::Less => "5",
        }
    }

    /// A trade joins today's bars.
    pub(super) fn on_trade(&mut self, trade: &Traded) {
        let (price, qty) = (whole(trade.price), shares(trade.qty));
        let day_volume = shares(trade.day.volume);
        let bar = BarRow { at: trade.at, open: price, high: price, low: price, close: price, volume: qty, day_volume };
        let minute = Nanos::new(trade.at.get().div_euclid(MINUTE_NS) * MINUTE_NS);
        match self.minutes.last_mut().filter(|last| last.at == minute) {
            Some(last) => *last = last.with(&bar),
            None => self.minutes.push(BarRow { at: minute, ..bar }),
        }
        if self.trades.len() == TRADES_MAX {
            self.trades.pop_front();
        }
        self.trades.push_back(bar);
    }

    /// Today as a row of days; `None` before the first trade.
    pub(super) fn today(&self, date: Date, day: &DayStats) -> Option<DayRow> {
        let (open, close) = (whole(day.open), whole(day.last));
        (open > 0).then(|| DayRow {
            date,
            open,
            high: whole(day.high),
            low: whole(day.low),
            close,
            volume: shares(day.volume),
            change: close - self.base,
        })
    }

    /// Value of a day's volume in million KRW, by its close.
    pub(super) fn million(row: &DayRow) -> i64 {
        i64::try_from(i128::from(row.close) * i128::from(row.volume) / 1_000_000).unwrap_or(i64::MAX)
    }

    /// Capitalisation in 100 million KRW.
    pub(super) fn capitalisation(&self, price: i64) -> i64 {
        i64::try_from(i128::from(price) * i128::from(self.listed) / 100_000_000).unwrap_or(i64::MAX)
    }

    /// A new day begins: yesterday joins the history, and its close is the reference.
    pub(super) fn begin_day(&mut self, yesterday: Date, day: &DayStats, today: Date) {
        if let Some(row) = self.today(yesterday, day) {
            self.base = row.close;
            self.previous_volume = row.volume.max(1);
            self.days.push(row);
        }
        if let Some(limits) = limits(self.board, &self.ticks, krw(self.base), today) {
            (self.lower, self.upper) = (whole(limits.lower), whole(limits.upper));
        }
        self.minutes.clear();
        self.trades.clear();
        self.vi = Interruption { reference: self.base, ..Interruption::default() };
    }

    /// What a day's value is in million KRW.
    pub(super) fn turnover_million(day: &DayStats) -> i64 {
        money(day.value) / 1_000_000
    }
}

fn on_tick(table: &TickTable, price: i64) -> i64 {
    table.align(krw(price), Rounding::Floor).map_or(price, whole).max(1)
}

/// Days before `today` that end at `close`, oldest first.
fn history(random: &mut SplitMix64, table: &TickTable, close: i64, today: Date) -> Vec<DayRow> {
    let mut rows = Vec::with_capacity(DAYS);
    let (mut date, mut close) = (today, close);
    while rows.len() < DAYS {
        date = date.previous();
        if !is_trading_day(date, &[]) {
            continue;
        }
        let permille = |random: &mut SplitMix64, most: i64| random.between(-most, most);
        let move_of = |price: i64, permille: i64| on_tick(table, (price + price * permille / 1_000).max(100));
        let before = move_of(close, permille(random, 30));
        let open = move_of(before, permille(random, 10));
        let (top, bottom) = (open.max(close), open.min(close));
        let (high, low) = (move_of(top, random.between(0, 12)), move_of(bottom, -random.between(0, 12)));
        let volume = random.between(100_000, 9_999_999);
        rows.push(DayRow { date, open, high: high.max(top), low: low.min(bottom), close, volume, change: close - before });
        close = before;
    }
    rows.reverse();
    rows
}
