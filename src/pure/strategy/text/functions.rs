//! Functions a text can call: [`FUNCTIONS`]. To add one is to add its line, here or in `helpers.rs`.

use super::columns::{Mode, at};
use super::helpers::HELPERS;
use super::history::{Step, Taken};
use super::names::Part;

/// How the number a function gives is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounded {
    /// Not at all.
    No,
    /// To so many decimals.
    To(i32),
    /// As prices are: 3 decimals for stocks, 8 for coins.
    AsPrice,
    /// To a whole number, towards 0.
    Down,
}

/// What a function does.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// The mean of a column over a window `(n, k=0)`.
    Mean(usize, Rounded),
    /// Sum or extreme of a column over a window `(n, k=0)`.
    Over(usize, Taken),
    /// Degrees of the rise of a column over a window `(n, k=0)`.
    Angle(usize, Factor),
    /// How many rows ago the extreme of a column in a window was `(n, k=0)`.
    Age(usize, Taken),
    /// Degrees of the rise of 등락율 since the extreme of a column in a window `(n, k=0)`.
    AngleSince(usize, Taken),
    /// How many rows in a row stand so to the one before.
    Streak(usize, Step),
    /// An expression of the language over its arguments, in the names of tick mode.
    Formula(&'static str),
    /// Rows since a named condition was last true.
    Elapsed,
    /// `round(x, digits=0)`.
    Round,
    /// `abs(x)`.
    Absolute,
    /// `int(x)`: towards 0.
    Integer,
    /// `float(x)`.
    Float,
    /// `min(a, b, …)` or of a list.
    Least,
    /// `max(a, b, …)` or of a list.
    Greatest,
    /// `sum([…])`.
    Total,
    /// `len([…])`.
    Count,
}

/// What a rise of 1 in one row counts before its angle is taken.
#[derive(Clone, Copy, Debug)]
pub struct Factor {
    /// For stocks.
    pub stock: f64,
    /// For coins.
    pub coin: f64,
}

/// That of 등락율.
pub(super) const ANGLE_OF_CHANGE: Factor = Factor { stock: 5.0, coin: 10.0 };

/// That of 당일거래대금.
pub(super) const ANGLE_OF_TURNOVER: Factor = Factor { stock: 0.01, coin: 1e-8 };

/// A function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name in tick mode.
    pub tick: &'static str,
    /// Its name in minute mode.
    pub minute: &'static str,
    /// Its arguments, as documentation shows them.
    pub arguments: &'static str,
    /// The fewest arguments.
    pub least: usize,
    /// The most arguments.
    pub most: usize,
    /// What it gives, in Korean.
    pub korean: &'static str,
    /// What it gives, in English.
    pub english: &'static str,
    /// What it does.
    pub body: Body,
    /// The only text that knows it; `None` is both.
    pub only: Option<Part>,
}

impl Function {
    /// Its name in `mode`; empty when there is none.
    pub fn name(&self, mode: Mode) -> &'static str {
        match mode {
            Mode::Tick => self.tick,
            Mode::Minute => self.minute,
        }
    }

    /// Its arguments by name, with what each is when it is not given.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> + use<> {
        let inside = self.arguments.trim_matches(['(', ')']);
        inside.split(", ").filter(|part| !part.is_empty()).map(|part| match part.split_once('=') {
            Some((name, value)) => (name, value.parse().ok()),
            None => (part, None),
        })
    }
}

/// Any number of arguments.
pub const MANY: usize = 4_096;

const fn window(names: (&'static str, &'static str), body: Body, korean: &'static str, english: &'static str) -> Function {
    Function { tick: names.0, minute: names.1, arguments: "(n, k=0)", least: 1, most: 2, korean, english, body, only: None }
}

const fn plain(
    name: &'static str,
    arguments: &'static str,
    counts: (usize, usize),
    body: Body,
    docs: [&'static str; 2],
) -> Function {
    let (least, most) = counts;
    Function { tick: name, minute: name, arguments, least, most, korean: docs[0], english: docs[1], body, only: None }
}

const fn streak(name: &'static str, (column, step): (usize, Step), docs: [&'static str; 2]) -> Function {
    plain(name, "()", (0, 0), Body::Streak(column, step), docs)
}

const fn same(name: &'static str) -> (&'static str, &'static str) {
    (name, name)
}

/// Functions over rows and windows, and those of Python.
const BASE: &[Function] = &[
    window(
        same("이동평균"),
        Body::Mean(at::PRICE, Rounded::AsPrice),
        "k행 전에 끝나는 n행의 현재가 평균",
        "mean of the price over n rows ending k rows ago",
    ),
    window(same("최고현재가"), Body::Over(at::PRICE, Taken::Max), "n행의 최고 현재가", "highest price of n rows"),
    window(same("최저현재가"), Body::Over(at::PRICE, Taken::Min), "n행의 최저 현재가", "lowest price of n rows"),
    window(("", "최고분봉고가"), Body::Over(at::MINUTE_HIGH, Taken::Max), "n분의 최고 분봉고가", "highest high of n minutes"),
    window(("", "최저분봉저가"), Body::Over(at::MINUTE_LOW, Taken::Min), "n분의 최저 분봉저가", "lowest low of n minutes"),
    window(same("체결강도평균"), Body::Mean(at::STRENGTH, Rounded::To(3)), "n행의 체결강도 평균", "mean of 체결강도 over n rows"),
    window(same("최고체결강도"), Body::Over(at::STRENGTH, Taken::Max), "n행의 최고 체결강도", "highest 체결강도 of n rows"),
    window(same("최저체결강도"), Body::Over(at::STRENGTH, Taken::Min), "n행의 최저 체결강도", "lowest 체결강도 of n rows"),
    window(
        ("최고초당매수수량", "최고분당매수수량"),
        Body::Over(at::BOUGHT, Taken::Max),
        "n행의 최고 매수수량",
        "largest quantity bought in one of n rows",
    ),
    window(
        ("최고초당매도수량", "최고분당매도수량"),
        Body::Over(at::SOLD, Taken::Max),
        "n행의 최고 매도수량",
        "largest quantity sold in one of n rows",
    ),
    window(
        ("누적초당매수수량", "누적분당매수수량"),
        Body::Over(at::BOUGHT, Taken::Sum),
        "n행의 매수수량 합",
        "quantity bought over n rows",
    ),
    window(
        ("누적초당매도수량", "누적분당매도수량"),
        Body::Over(at::SOLD, Taken::Sum),
        "n행의 매도수량 합",
        "quantity sold over n rows",
    ),
    window(
        ("초당거래대금평균", "분당거래대금평균"),
        Body::Mean(at::TURNOVER, Rounded::Down),
        "n행의 거래대금 평균, 정수로 버림",
        "mean turnover of n rows, cut to a whole number",
    ),
    window(
        same("등락율각도"),
        Body::Angle(at::CHANGE, ANGLE_OF_CHANGE),
        "n행 동안 등락율이 움직인 각도",
        "angle of 등락율 over n rows, degrees",
    ),
    window(
        same("당일거래대금각도"),
        Body::Angle(at::DAY_TURNOVER, ANGLE_OF_TURNOVER),
        "n행 동안 당일거래대금이 움직인 각도",
        "angle of 당일거래대금 over n rows, degrees",
    ),
    window(
        same("전일비각도"),
        Body::Angle(at::VOLUME_RATIO, Factor { stock: 1.0, coin: 1.0 }),
        "n행 동안 전일비가 움직인 각도",
        "angle of 전일비 over n rows, degrees",
    ),
    window(
        ("초당매수수량평균", "분당매수수량평균"),
        Body::Mean(at::BOUGHT, Rounded::No),
        "n행의 매수수량 평균",
        "mean quantity bought over n rows",
    ),
    window(
        ("초당매도수량평균", "분당매도수량평균"),
        Body::Mean(at::SOLD, Rounded::No),
        "n행의 매도수량 평균",
        "mean quantity sold over n rows",
    ),
    window(
        same("매수총잔량평균"),
        Body::Mean(at::BID_TOTAL, Rounded::No),
        "n행의 매수총잔량 평균",
        "mean of 매수총잔량 over n rows",
    ),
    window(
        same("매도총잔량평균"),
        Body::Mean(at::ASK_TOTAL, Rounded::No),
        "n행의 매도총잔량 평균",
        "mean of 매도총잔량 over n rows",
    ),
    window(
        same("고점틱수"),
        Body::Age(at::PRICE, Taken::Max),
        "n행의 최고 현재가 뒤 지난 행 수; 같은 값은 나중 것",
        "rows since the highest price of n rows, the latest of equal ones",
    ),
    window(
        same("저점틱수"),
        Body::Age(at::PRICE, Taken::Min),
        "n행의 최저 현재가 뒤 지난 행 수; 같은 값은 나중 것",
        "rows since the lowest price of n rows, the latest of equal ones",
    ),
    window(
        same("고점기준등락율각도"),
        Body::AngleSince(at::PRICE, Taken::Max),
        "n행의 최고 현재가부터 등락율이 움직인 각도",
        "angle of 등락율 since the highest price of n rows, degrees",
    ),
    window(
        same("저점기준등락율각도"),
        Body::AngleSince(at::PRICE, Taken::Min),
        "n행의 최저 현재가부터 등락율이 움직인 각도",
        "angle of 등락율 since the lowest price of n rows, degrees",
    ),
    streak("연속상승수", (at::PRICE, Step::Above), ["현재가가 잇달아 오른 행 수", "rows in a row at which the price rose"]),
    streak("연속하락수", (at::PRICE, Step::Below), ["현재가가 잇달아 내린 행 수", "rows in a row at which the price fell"]),
    streak(
        "고가미갱신지속틱수",
        (at::HIGH, Step::Same),
        ["고가가 새로 쓰이지 않고 지난 행 수", "rows since the day's high was last set"],
    ),
    streak(
        "저가미갱신지속틱수",
        (at::LOW, Step::Same),
        ["저가가 새로 쓰이지 않고 지난 행 수", "rows since the day's low was last set"],
    ),
    plain(
        "경과틱수",
        "(name)",
        (1, 1),
        Body::Elapsed,
        [
            "이름 붙인 조건이 마지막으로 참인 뒤 지난 행 수; 참인 적이 없으면 0",
            "rows since the named condition was last true; 0 if it never was",
        ],
    ),
    plain("round", "(x, digits=0)", (1, 2), Body::Round, ["반올림; 반은 짝수로", "rounded, halves to even"]),
    plain("abs", "(x)", (1, 1), Body::Absolute, ["절댓값", "without its sign"]),
    plain("int", "(x)", (1, 1), Body::Integer, ["소수점 아래를 버림", "cut to a whole number"]),
    plain("float", "(x)", (1, 1), Body::Float, ["그대로", "as it is"]),
    plain("min", "(a, b, …)", (1, MANY), Body::Least, ["가장 작은 것", "the least"]),
    plain("max", "(a, b, …)", (1, MANY), Body::Greatest, ["가장 큰 것", "the greatest"]),
    plain("sum", "([a, b, …])", (1, 1), Body::Total, ["목록의 합", "sum of a list"]),
    plain("len", "([a, b, …])", (1, 1), Body::Count, ["목록의 길이", "length of a list"]),
];

const fn joined() -> [Function; BASE.len() + HELPERS.len()] {
    let mut all = [BASE[0]; BASE.len() + HELPERS.len()];
    let mut index = 0;
    while index < all.len() {
        all[index] = if index < BASE.len() { BASE[index] } else { HELPERS[index - BASE.len()] };
        index += 1;
    }
    all
}

static ALL: [Function; BASE.len() + HELPERS.len()] = joined();

/// Every function.
pub static FUNCTIONS: &[Function] = &ALL;

/// The function called `name` in `mode`.
pub fn function(name: &str, mode: Mode) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name(mode) == name && !name.is_empty())
}
