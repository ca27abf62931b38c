//! The columns of a row: [`COLUMNS`], in the order a row has them.

use alloc::format;
use alloc::string::String;

/// How rows are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A row when the book changes in a newer second.
    Tick,
    /// A row when the minute changes.
    Minute,
}

/// One column of a row.
#[derive(Debug)]
pub struct Column {
    /// Its name in tick mode; empty when tick rows have none.
    pub tick: &'static str,
    /// Its name in minute mode.
    pub minute: &'static str,
    /// What it is, in Korean.
    pub korean: &'static str,
    /// What it is, in English.
    pub english: &'static str,
}

impl Column {
    /// Its name in rows of `mode`; empty when they have none.
    pub fn name(&self, mode: Mode) -> &'static str {
        match mode {
            Mode::Tick => self.tick,
            Mode::Minute => self.minute,
        }
    }
}

const fn both(name: &'static str, korean: &'static str, english: &'static str) -> Column {
    Column { tick: name, minute: name, korean, english }
}

const fn spans(tick: &'static str, minute: &'static str, korean: &'static str, english: &'static str) -> Column {
    Column { tick, minute, korean, english }
}

const fn minute(name: &'static str, korean: &'static str, english: &'static str) -> Column {
    Column { tick: "", minute: name, korean, english }
}

const ASK: (&str, &str) = ("매도호가", "an ask price, the fifth best first");
const BID: (&str, &str) = ("매수호가", "a bid price, the best first");
const ASK_SIZE: (&str, &str) = ("매도호가의 잔량", "the size at an ask");
const BID_SIZE: (&str, &str) = ("매수호가의 잔량", "the size at a bid");
const INDICATOR: (&str, &str) = ("보조지표", "an indicator of TA-Lib");

/// Every column; its place is its slot.
pub const COLUMNS: &[Column] = &[
    both("현재가", "마지막 체결가", "the price of the last trade"),
    both("시가", "당일 첫 체결가", "the first price of the day"),
    both("고가", "당일 최고가", "the highest price of the day"),
    both("저가", "당일 최저가", "the lowest price of the day"),
    both("등락율", "전일 종가 대비 %", "change against the previous close, percent"),
    both("당일거래대금", "당일 거래대금 (주식은 백만원)", "turnover of the day (stocks: million KRW)"),
    both("체결강도", "당일 매수 / 매도 체결량 × 100, 0에서 500", "bought / sold volume of the day × 100, 0 to 500"),
    spans("초당매수수량", "분당매수수량", "지난 행 이후 매수 체결량", "quantity taken by buyers since the last row"),
    spans("초당매도수량", "분당매도수량", "지난 행 이후 매도 체결량", "quantity taken by sellers since the last row"),
    spans("초당거래대금", "분당거래대금", "지난 행 이후 거래대금", "turnover since the last row"),
    both("고저평균대비등락율", "고가와 저가의 가운데 대비 %", "change against the middle of high and low, percent"),
    both("매도총잔량", "매도 잔량의 합", "sizes of all asks together"),
    both("매수총잔량", "매수 잔량의 합", "sizes of all bids together"),
    both("매도호가5", ASK.0, ASK.1),
    both("매도호가4", ASK.0, ASK.1),
    both("매도호가3", ASK.0, ASK.1),
    both("매도호가2", ASK.0, ASK.1),
    both("매도호가1", ASK.0, ASK.1),
    both("매수호가1", BID.0, BID.1),
    both("매수호가2", BID.0, BID.1),
    both("매수호가3", BID.0, BID.1),
    both("매수호가4", BID.0, BID.1),
    both("매수호가5", BID.0, BID.1),
    both("매도잔량5", ASK_SIZE.0, ASK_SIZE.1),
    both("매도잔량4", ASK_SIZE.0, ASK_SIZE.1),
    both("매도잔량3", ASK_SIZE.0, ASK_SIZE.1),
    both("매도잔량2", ASK_SIZE.0, ASK_SIZE.1),
    both("매도잔량1", ASK_SIZE.0, ASK_SIZE.1),
    both("매수잔량1", BID_SIZE.0, BID_SIZE.1),
    both("매수잔량2", BID_SIZE.0, BID_SIZE.1),
    both("매수잔량3", BID_SIZE.0, BID_SIZE.1),
    both("매수잔량4", BID_SIZE.0, BID_SIZE.1),
    both("매수잔량5", BID_SIZE.0, BID_SIZE.1),
    both("매도수5호가잔량합", "5호가까지 매도와 매수 잔량의 합", "the ten best sizes together"),
    both("관심종목", "거래대금 순위 안이면 1", "1 while in the turnover ranking"),
    minute("분봉시가", "그 분의 첫 체결가", "the first price of the minute"),
    minute("분봉고가", "그 분의 최고가", "the highest price of the minute"),
    minute("분봉저가", "그 분의 최저가", "the lowest price of the minute"),
    both("저가대비고가등락율", "저가 대비 고가 %", "the high against the low of the day, percent"),
    spans("초당매수금액", "분당매수금액", "지난 행 이후 매수 체결 금액", "value taken by buyers since the last row"),
    spans("초당매도금액", "분당매도금액", "지난 행 이후 매도 체결 금액", "value taken by sellers since the last row"),
    both("당일매수금액", "당일 매수 체결 금액", "value taken by buyers in the day"),
    both("당일매도금액", "당일 매도 체결 금액", "value taken by sellers in the day"),
    both("최고매수금액", "당일 한 가격에서 가장 큰 매수 체결 금액", "the largest value taken by buyers at one price in the day"),
    both("최고매도금액", "당일 한 가격에서 가장 큰 매도 체결 금액", "the largest value taken by sellers at one price in the day"),
    both("최고매수가격", "그 매수 금액의 가격", "the price of that value bought"),
    both("최고매도가격", "그 매도 금액의 가격", "the price of that value sold"),
    both(
        "거래대금증감",
        "주식: 당일거래대금 - 전일거래대금, 원; 모르면 0",
        "stocks: turnover of the day less that of the whole day before, KRW; 0 is not known",
    ),
    both(
        "전일비",
        "주식: 당일거래량 / 전일거래량 × 100; 모르면 0",
        "stocks: volume of the day / that of the whole day before × 100; 0 is not known",
    ),
    both(
        "회전율",
        "주식: 당일거래량 / 상장주식수 × 100; 모르면 0",
        "stocks: volume of the day / listed shares × 100; 0 is not known",
    ),
    both(
        "전일동시간비",
        "주식: 당일거래량 / 전일 같은 시각까지의 거래량 × 100; 거래소가 보내지 않으면 0",
        "stocks: volume of the day / that of the day before up to this time × 100; 0 when the venue does not say",
    ),
    both("시가총액", "주식: 시가총액, 억원; 모르면 0", "stocks: market capitalisation, 100 million KRW; 0 is not known"),
    both("라운드피겨위5호가이내", "주식: 라운드피겨에서 5호가 위까지면 1", "stocks: 1 from a round figure to 5 ticks above it"),
    both(
        "VI해제시간",
        "주식: 마지막 VI가 풀린 시각, 1970년부터 초; 오늘 없으면 0",
        "stocks: when the last VI ended, seconds since 1970; 0 is none today",
    ),
    both("VI가격", "주식: 다음 상승 정적 VI의 가격", "stocks: the price above at which a static VI begins"),
    both("VI호가단위", "주식: VI가격의 호가 단위", "stocks: the tick size at VI가격"),
    both("VI아래5호가", "주식: VI가격에서 5호가 아래", "stocks: five ticks below VI가격"),
    minute("AD", INDICATOR.0, INDICATOR.1),
    minute("ADOSC", INDICATOR.0, INDICATOR.1),
    minute("ADXR", INDICATOR.0, INDICATOR.1),
    minute("APO", INDICATOR.0, INDICATOR.1),
    minute("AROOND", INDICATOR.0, INDICATOR.1),
    minute("AROONU", INDICATOR.0, INDICATOR.1),
    minute("ATR", INDICATOR.0, INDICATOR.1),
    minute("BBU", INDICATOR.0, INDICATOR.1),
    minute("BBM", INDICATOR.0, INDICATOR.1),
    minute("BBL", INDICATOR.0, INDICATOR.1),
    minute("CCI", INDICATOR.0, INDICATOR.1),
    minute("DIM", INDICATOR.0, INDICATOR.1),
    minute("DIP", INDICATOR.0, INDICATOR.1),
    minute("MACD", INDICATOR.0, INDICATOR.1),
    minute("MACDS", INDICATOR.0, INDICATOR.1),
    minute("MACDH", INDICATOR.0, INDICATOR.1),
    minute("MFI", INDICATOR.0, INDICATOR.1),
    minute("MOM", INDICATOR.0, INDICATOR.1),
    minute("OBV", INDICATOR.0, INDICATOR.1),
    minute("PPO", INDICATOR.0, INDICATOR.1),
    minute("ROC", INDICATOR.0, INDICATOR.1),
    minute("RSI", INDICATOR.0, INDICATOR.1),
    minute("SAR", INDICATOR.0, INDICATOR.1),
    minute("STOCHSK", INDICATOR.0, INDICATOR.1),
    minute("STOCHSD", INDICATOR.0, INDICATOR.1),
    minute("STOCHFK", INDICATOR.0, INDICATOR.1),
    minute("STOCHFD", INDICATOR.0, INDICATOR.1),
    minute("WILLR", INDICATOR.0, INDICATOR.1),
];

/// How many columns a row has.
pub const COLUMN_COUNT: usize = COLUMNS.len();

/// The values of one row, by column.
pub type Row = [f64; COLUMN_COUNT];

/// The place of the column that is called `name` in rows of `mode`.
pub fn column(name: &str, mode: Mode) -> Option<usize> {
    COLUMNS.iter().position(|column| column.name(mode) == name && !name.is_empty())
}

/// Whether the column at `place` is an indicator, which is calculated only where a text uses it.
pub const fn is_indicator(place: usize) -> bool {
    place >= at::INDICATORS
}

/// The name by which a text calls what the column at `place` was some rows ago: `현재가N`, `RSI_N`. Empty when rows of `mode`
/// have no such column.
pub fn name_back(place: usize, mode: Mode) -> String {
    match COLUMNS.get(place).map_or("", |column| column.name(mode)) {
        "" => String::new(),
        name if is_indicator(place) => format!("{name}_N"),
        name => format!("{name}N"),
    }
}

/// The place of the column whose values of rows gone by are called `name`.
pub fn column_back(name: &str, mode: Mode) -> Option<usize> {
    let stem = name.strip_suffix('N')?;
    match stem.strip_suffix('_') {
        Some(stem) => column(stem, mode).filter(|place| is_indicator(*place)),
        None => column(stem, mode).filter(|place| !is_indicator(*place)),
    }
}

/// Places of columns that code fills or reads by name.
pub mod at {
    macro_rules! places {
        ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
            $($(#[$doc])* pub const $name: usize = place($text);)*
        };
    }

    places! {
        /// 현재가.
        PRICE = "현재가";
        /// 시가.
        OPEN = "시가";
        /// 고가.
        HIGH = "고가";
        /// 저가.
        LOW = "저가";
        /// 등락율.
        CHANGE = "등락율";
        /// 당일거래대금.
        DAY_TURNOVER = "당일거래대금";
        /// 체결강도.
        STRENGTH = "체결강도";
        /// 초당매수수량, 분당매수수량.
        BOUGHT = "초당매수수량";
        /// 초당매도수량, 분당매도수량.
        SOLD = "초당매도수량";
        /// 초당거래대금, 분당거래대금.
        TURNOVER = "초당거래대금";
        /// 고저평균대비등락율.
        MIDDLE_CHANGE = "고저평균대비등락율";
        /// 매도총잔량.
        ASK_TOTAL = "매도총잔량";
        /// 매수총잔량.
        BID_TOTAL = "매수총잔량";
        /// 매도호가1; the second best is one place before it.
        ASK = "매도호가1";
        /// 매수호가1; the second best is one place after it.
        BID = "매수호가1";
        /// 매도잔량1; the second best is one place before it.
        ASK_SIZE = "매도잔량1";
        /// 매수잔량1; the second best is one place after it.
        BID_SIZE = "매수잔량1";
        /// 매도수5호가잔량합.
        SIZES = "매도수5호가잔량합";
        /// 관심종목.
        WATCHED = "관심종목";
        /// 분봉시가.
        MINUTE_OPEN = "분봉시가";
        /// 분봉고가.
        MINUTE_HIGH = "분봉고가";
        /// 분봉저가.
        MINUTE_LOW = "분봉저가";
        /// 저가대비고가등락율.
        RANGE = "저가대비고가등락율";
        /// 초당매수금액, 분당매수금액.
        BOUGHT_VALUE = "초당매수금액";
        /// 초당매도금액, 분당매도금액.
        SOLD_VALUE = "초당매도금액";
        /// 당일매수금액.
        DAY_BOUGHT_VALUE = "당일매수금액";
        /// 당일매도금액.
        DAY_SOLD_VALUE = "당일매도금액";
        /// 최고매수금액.
        TOP_BOUGHT = "최고매수금액";
        /// 최고매도금액.
        TOP_SOLD = "최고매도금액";
        /// 최고매수가격.
        TOP_BOUGHT_PRICE = "최고매수가격";
        /// 최고매도가격.
        TOP_SOLD_PRICE = "최고매도가격";
        /// 라운드피겨위5호가이내.
        ROUND_FIGURE = "라운드피겨위5호가이내";
        /// VI해제시간.
        VI_ENDED = "VI해제시간";
        /// VI가격.
        VI_PRICE = "VI가격";
        /// VI호가단위.
        VI_TICK = "VI호가단위";
        /// VI아래5호가.
        VI_BELOW = "VI아래5호가";
        /// 거래대금증감.
        TURNOVER_CHANGE = "거래대금증감";
        /// 전일비.
        VOLUME_RATIO = "전일비";
        /// 회전율.
        TURNOVER_RATE = "회전율";
        /// 전일동시간비.
        SAME_TIME_RATIO = "전일동시간비";
        /// 시가총액.
        CAPITALISATION = "시가총액";
        /// AD, the first of the indicators, which are the columns from there on.
        INDICATORS = "AD";
    }

    /// What is only counted for texts that ask for it: value and price of the largest trades.
    pub const TOPS: [usize; 4] = [TOP_BOUGHT, TOP_SOLD, TOP_BOUGHT_PRICE, TOP_SOLD_PRICE];

    /// The place of a column, by its name in either mode; the build fails for a name there is not.
    const fn place(name: &str) -> usize {
        let mut index = 0;
        loop {
            let column = &super::COLUMNS[index];
            if same(column.tick, name) || same(column.minute, name) {
                return index;
            }
            index += 1;
        }
    }

    const fn same(left: &str, right: &str) -> bool {
        let (left, right) = (left.as_bytes(), right.as_bytes());
        if left.len() != right.len() {
            return false;
        }
        let mut index = 0;
        while index < left.len() {
            if left[index] != right[index] {
                return false;
            }
            index += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_the_first_36_are_those_of_a_coin_tick_row() {
        for mode in [Mode::Tick, Mode::Minute] {
            for (index, entry) in COLUMNS.iter().enumerate().filter(|(_, entry)| !entry.name(mode).is_empty()) {
                assert_eq!(column(entry.name(mode), mode), Some(index));
            }
        }
        assert_eq!(
            (column("분봉시가", Mode::Tick), column("초당매수수량", Mode::Minute), column("", Mode::Tick)),
            (None, None, None)
        );
        assert_eq!((column_back("현재가N", Mode::Tick), column_back("현재가_N", Mode::Tick)), (Some(at::PRICE), None));
        assert_eq!((column_back("RSI_N", Mode::Tick), column_back("RSIN", Mode::Minute)), (None, None));
        assert_eq!(name_back(column_back("RSI_N", Mode::Minute).expect("a column"), Mode::Minute), "RSI_N");
        assert_eq!((column("관심종목", Mode::Tick), at::ASK - 4), (Some(34), 13));
        assert_eq!(column("매수호가5", Mode::Tick), Some(at::BID + 4));
        assert_eq!(column("매도잔량5", Mode::Minute), Some(at::ASK_SIZE - 4));
    }
}
