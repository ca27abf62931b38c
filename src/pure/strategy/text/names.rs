//! Names a text can read besides the columns: [`NAMES`].

use serde::{Deserialize, Serialize};

use super::columns::COLUMN_COUNT;

/// Which text, of the two that make a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The text that decides to buy.
    Buy,
    /// The text that decides to sell.
    Sell,
}

impl Part {
    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Buy => "buy",
            Part::Sell => "sell",
        }
    }

    /// The variable that decides at its end.
    pub const fn flag(self) -> &'static str {
        match self {
            Part::Buy => "매수",
            Part::Sell => "매도",
        }
    }

    /// The call that signals.
    pub const fn call(self) -> &'static str {
        match self {
            Part::Buy => "Buy",
            Part::Sell => "Sell",
        }
    }
}

/// A name that has a value on every row.
#[derive(Debug)]
pub struct Name {
    /// The name.
    pub name: &'static str,
    /// Whether its value is text.
    pub is_text: bool,
    /// The only text that knows it; `None` is both.
    pub only: Option<Part>,
    /// What it is, in Korean.
    pub korean: &'static str,
    /// What it is, in English.
    pub english: &'static str,
}

const fn number(name: &'static str, korean: &'static str, english: &'static str) -> Name {
    Name { name, is_text: false, only: None, korean, english }
}

const fn text(name: &'static str, korean: &'static str, english: &'static str) -> Name {
    Name { name, is_text: true, only: None, korean, english }
}

const fn held(name: &'static str, korean: &'static str, english: &'static str) -> Name {
    Name { name, is_text: false, only: Some(Part::Sell), korean, english }
}

const fn flag(part: Part, korean: &'static str, english: &'static str) -> Name {
    Name { name: part.flag(), is_text: false, only: Some(part), korean, english }
}

const fn side(part: Part, place: usize, korean: &'static str, english: &'static str) -> Name {
    Name { name: part.sides()[place], is_text: false, only: Some(part), korean, english }
}

/// Every name; its slot is its place after the columns.
pub const NAMES: &[Name] = &[
    number("호가단위", "현재가의 호가 단위", "the tick size at the price"),
    number("시분초", "행의 시각 HHMMSS", "time of day of the row, HHMMSS"),
    number("시분", "행의 시각 HHMM", "time of day of the row, HHMM"),
    number("데이터길이", "지금까지의 행 수", "rows so far"),
    number("평균값계산틱수", "평균값을 셈하는 행 수 (설정)", "rows that averages are counted over (a setting)"),
    text("종목코드", "종목 코드", "the code of the instrument"),
    text("종목명", "종목 이름", "the name of the instrument"),
    flag(Part::Buy, "살 것인가; 처음에 True", "whether to buy; begins as True"),
    flag(Part::Sell, "팔 것인가; 처음에 False", "whether to sell; begins as False"),
    side(
        Part::Buy,
        0,
        "롱으로 들어갈 것인가; 쓰는 글에서 처음에 True",
        "whether to enter long; begins as True in a text that names it",
    ),
    side(
        Part::Buy,
        1,
        "숏으로 들어갈 것인가; 쓰는 글에서 처음에 True",
        "whether to enter short; begins as True in a text that names it",
    ),
    side(Part::Sell, 0, "롱에서 나갈 것인가; 처음에 False", "whether to leave a long position; begins as False"),
    side(Part::Sell, 1, "숏에서 나갈 것인가; 처음에 False", "whether to leave a short position; begins as False"),
    number("체결시간", "행의 날짜와 시각 YYYYMMDDHHMMSS", "date and time of the row, YYYYMMDDHHMMSS"),
    number("행시각", "행의 시각: 1970년부터 초", "time of the row: seconds since 1970"),
    Name {
        only: Some(Part::Buy), ..number("매수수량", "지금 들어가면 살 수량", "quantity an entry now would have")
    },
    held("매도수량", "지금 나가면 팔 수량", "quantity an exit now would have"),
    Name { is_text: true, ..held("포지션", "'LONG' 또는 'SHORT'", "'LONG' or 'SHORT'") },
    held("레버리지", "1: 계좌의 설정은 알지 못함", "1: what the account is set to is not known"),
    held("매수시간", "산 시각: 1970년부터 초", "when it was bought: seconds since 1970"),
    held("매수틱번호", "산 행의 번호, 0부터", "the number of the row of the buy, from 0"),
    held("수익금", "수수료를 뺀 평가 손익", "profit if sold now, less fees"),
    held("수익률", "수익금 / 매입 금액 %", "profit against what was paid, percent"),
    held("매입가", "평균 매입가", "average price paid"),
    held("매수가", "매입가와 같음", "the same as 매입가"),
    held("보유수량", "가진 수량", "quantity held"),
    held("보유시간", "산 뒤 지난 시간: 초 (틱), 분 (분봉)", "time since it was bought: seconds (tick), minutes (minute)"),
    held("분할매수횟수", "산 횟수", "times bought"),
    held("분할매도횟수", "판 횟수", "times sold"),
    held("최고수익률", "산 뒤 가장 높았던 수익률", "highest return since it was bought"),
    held("최저수익률", "산 뒤 가장 낮았던 수익률", "lowest return since it was bought"),
    number(
        "김프",
        "김치 프리미엄 %; 값이 없거나 오래되면 0",
        "how much dearer the coin is at home than abroad, percent; 0 while unknown",
    ),
];

/// Slots that have a value on every row: the columns, then [`NAMES`]. A text's own variables come after.
pub const FIXED_SLOTS: usize = COLUMN_COUNT + NAMES.len();

/// The slot of `name`; panics when there is none, so only for names written in this program.
pub(super) const fn slot(name: &str) -> usize {
    let mut index = 0;
    loop {
        let (left, right) = (NAMES[index].name.as_bytes(), name.as_bytes());
        let mut same = left.len() == right.len();
        let mut byte = 0;
        while same && byte < left.len() {
            same = left[byte] == right[byte];
            byte += 1;
        }
        if same {
            return COLUMN_COUNT + index;
        }
        index += 1;
    }
}
