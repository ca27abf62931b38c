//! Answers of the REST interface as facts of the day ([`of_list`], [`of_pages`]) and as bars ([`of_bar`], [`of_day`], [`of_daily`]).

use jangbu_journal::Nanos;

use super::time::{Date, TimeOfDay};
use super::wire::rest::chart::{self, DailyPrice, DayBar};
use super::wire::rest::listing::ListedStock;
use super::wire::rest::quote::{QuoteBoardHead, StockInfo};
use crate::market::{Bar, InstrumentId, Money, Price, Qty, Reference};

const DAY_NS: i64 = 86_400_000_000_000;
/// Turnovers are written in this many KRW, capitalisations in the other.
const MILLION: i128 = 1_000_000;
const HUNDRED_MILLION: i128 = 100_000_000;

/// What a list of stocks (ka10099) says of the day. Limits are not reckoned from its close: rights may have come off it.
pub fn of_list(instrument: InstrumentId, stock: &ListedStock) -> Reference {
    let flag = |name: &str| stock.state.split('|').any(|flag| flag.trim() == name);
    Reference {
        previous_close: positive(stock.previous_close),
        listed: stock.listed.filter(|listed| listed.is_positive()),
        halted: Some(flag("거래정지")),
        administered: Some(flag("관리종목")),
        ..Reference::of(instrument)
    }
}

/// What ka10001 and ka10007 say of the day; the latter may be missing. Listed shares are in thousands there, so the list's stand.
pub fn of_pages(instrument: InstrumentId, info: &StockInfo, board: Option<&QuoteBoardHead>) -> Reference {
    let krw = |amount: Option<Money>, unit: i128| amount.and_then(|amount| amount.raw().checked_mul(unit)).map(Money::from_raw);
    let head = |read: fn(&QuoteBoardHead) -> Option<Price>| positive(board.and_then(read));
    Reference {
        base: positive(info.reference),
        previous_close: head(|board| board.previous_close),
        upper_limit: positive(info.upper_limit).or(head(|board| board.upper_limit)),
        lower_limit: positive(info.lower_limit).or(head(|board| board.lower_limit)),
        open: positive(info.open),
        previous_volume: board.and_then(|board| board.previous_volume).filter(|volume| volume.is_positive()),
        previous_turnover: krw(board.and_then(|board| board.previous_turnover_million), MILLION),
        capitalisation: krw(info.capitalisation, HUNDRED_MILLION).filter(|worth| worth.is_positive()),
        ..Reference::of(instrument)
    }
}

/// A price of 0 is none.
fn positive(price: Option<Price>) -> Option<Price> {
    price.filter(|price| price.is_positive())
}

/// What bars of all kinds have.
#[derive(Clone, Copy, Debug)]
struct Shape {
    start: Nanos,
    span: i64,
    prices: [Option<Price>; 4],
    volume: Option<Qty>,
    turnover_million: Option<Money>,
}

/// A bar; `None` without its prices, or when it cannot be. Kiwoom does not say who took: half is counted for each side, and no number of trades. Without a
/// turnover it is 0.
fn bar(instrument: InstrumentId, shape: Shape) -> Option<Bar> {
    let Shape { start, span, prices, volume, turnover_million } = shape;
    let [open, high, low, close] = [positive(prices[0])?, positive(prices[1])?, positive(prices[2])?, positive(prices[3])?];
    let volume = volume.map_or(0, |volume| volume.abs().raw());
    let turnover = turnover_million.and_then(|million| million.raw().checked_mul(MILLION)).map_or(Money::ZERO, Money::from_raw);
    let (bought, sold) = (Qty::from_raw(volume - volume / 2), Qty::from_raw(volume / 2));
    Some(Bar { instrument, start, span, open, high, low, close, bought, sold, turnover, trades: 0 }).filter(Bar::is_sound)
}

/// A bar of trades (ka10079, `span` 0) or of minutes (ka10080).
pub fn of_bar(instrument: InstrumentId, span: i64, row: &chart::Bar) -> Option<Bar> {
    let prices = [row.open, row.high, row.low, row.close];
    bar(instrument, Shape { start: row.time?, span, prices, volume: row.volume, turnover_million: None })
}

/// A day (ka10081): from midnight to midnight in Korea.
pub fn of_day(instrument: InstrumentId, row: &DayBar) -> Option<Bar> {
    let (prices, turnover_million) = ([row.open, row.high, row.low, row.close], row.turnover_million);
    let start = row.date?.moment(TimeOfDay::MIDNIGHT);
    bar(instrument, Shape { start, span: DAY_NS, prices, volume: row.volume, turnover_million })
}

/// A day as the page of daily prices has it (ka10086), with prices as they were.
pub fn of_daily(instrument: InstrumentId, row: &DailyPrice) -> Option<Bar> {
    let (prices, turnover_million) = ([row.open, row.high, row.low, row.close], row.turnover_million);
    let start = row.date.map(|date: Date| date.moment(TimeOfDay::MIDNIGHT))?;
    bar(instrument, Shape { start, span: DAY_NS, prices, volume: row.volume, turnover_million })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::testing::{money, price, qty};
    use crate::venue::kiwoom::wire::rest::Request;
    use crate::venue::kiwoom::wire::rest::quote::{AskQuoteBoard, AskStockInfo};

    const ID: InstrumentId = InstrumentId(4);

    /// The samples of the fact sheet, 3.1, 3.3 and 3.6.
    #[test]
    fn facts_are_those_of_the_samples() {
        let info = r#"{"stk_cd":"005930","stk_nm":"삼성전자","flo_stk":"5919638","mac":"4439728","open_pric":"+75200",
            "upl_pric":"+97300","lst_pric":"-52500","base_pric":"74900","cur_prc":"+75000","pre_sig":"2","pred_pre":"+100"}"#;
        let board = r#"{"stk_cd":"005930","stk_nm":"삼성전자","pred_close_pric":"74900","pred_trde_qty":"9358023",
            "upl_pric":"+97300","lst_pric":"-52500","pred_trde_prica":"702130"}"#;
        let (info, board) = (AskStockInfo::read(info).expect("facts"), AskQuoteBoard::read(board).expect("a page"));
        let told = of_pages(ID, &info, Some(&board.head));
        let expected = Reference {
            base: Some(price("74900")),
            previous_close: Some(price("74900")),
            upper_limit: Some(price("97300")),
            lower_limit: Some(price("52500")),
            open: Some(price("75200")),
            previous_volume: Some(qty("9358023")),
            previous_turnover: Some(money("702130000000")),
            capitalisation: Some(money("443972800000000")),
            ..Reference::of(ID)
        };
        assert_eq!(told, expected);
        let alone = of_pages(ID, &info, None);
        assert_eq!((alone.upper_limit, alone.previous_volume, alone.previous_turnover), (Some(price("97300")), None, None));
        let listed = |state: &str| {
            let text = format!(
                r#"{{"code":"005930","name":"x","listCount":"0000005919637922","lastPrice":"00074900","state":"{state}"}}"#
            );
            of_list(ID, &ListedStock::read(&text).expect("a stock"))
        };
        let plain = listed("증거금20%|담보대출|신용가능");
        assert_eq!((plain.previous_close, plain.listed), (Some(price("74900")), Some(qty("5919637922"))));
        assert_eq!((plain.halted, plain.administered, plain.upper_limit), (Some(false), Some(false), None));
        let barred = listed("관리종목|거래정지");
        assert_eq!((barred.halted, barred.administered), (Some(true), Some(true)));
    }

    #[test]
    fn bars_have_a_start_a_span_and_prices_without_colour() {
        let row = r#"{"cur_prc":"+75000","trde_qty":"15320","cntr_tm":"20261120101500","open_pric":"+75100","high_pric":"+75100",
            "low_pric":"-74900","acc_trde_qty":"8123456","pred_pre":"+100","pred_pre_sig":"2"}"#;
        let row = chart::Bar::read(row).expect("a bar");
        let made = of_bar(ID, 60_000_000_000, &row).expect("whole");
        assert_eq!(made.start, Date::of(2026, 11, 20).moment(TimeOfDay::of(10, 15, 0)));
        assert_eq!([made.open, made.high, made.low, made.close].map(|at| at.to_string()), ["75100", "75100", "74900", "75000"]);
        assert_eq!((made.bought, made.sold, made.trades, made.turnover), (qty("7660"), qty("7660"), 0, Money::ZERO));
        assert_eq!(of_bar(ID, 0, &chart::Bar { high: None, ..row }), None);
        let day = r#"{"cur_prc":"75000","trde_qty":"8123457","trde_prica":"610452","dt":"20261120","open_pric":"75200",
            "high_pric":"75600","low_pric":"74700"}"#;
        let day = of_day(ID, &DayBar::read(day).expect("a day")).expect("whole");
        assert_eq!(
            (day.turnover, day.span, day.bought.checked_add(day.sold)),
            (money("610452000000"), DAY_NS, Some(qty("8123457")))
        );
        let daily = r#"{"date":"20261120","open_pric":"+75200","high_pric":"+75600","low_pric":"-74700","close_pric":"+75000",
            "trde_qty":"8123457","amt_mn":"610452"}"#;
        assert_eq!(of_daily(ID, &DailyPrice::read(daily).expect("a day")), Some(day));
    }
}
