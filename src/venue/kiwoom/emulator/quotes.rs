//! The market's pages: ka10001, ka10004, ka10007, ka10099, and the bars of ka10079, ka10080, ka10081, ka10086.

use serde_json::{Map, Value};

use super::engine::Engine;
use super::request::{Body, Found, Refused, page};
use super::stocks::{BarRow, DayRow, Stock};
use super::write::{Fields, fields, percent, put, shares, signed, signed_percent, whole};
use crate::market::{Price, Qty, Side};
use crate::venue::kiwoom::rules::Board;
use crate::venue::kiwoom::time::{Date, TimeOfDay};
use crate::venue::kiwoom::wire::number::{coloured, padded, twice_signed};
use jangbu_journal::Nanos;

/// Rows of a page: of minutes and trades, of days, of ka10086. Source: fact sheet 3.4, 3.5.
const BARS: usize = 900;
const DAYS: usize = 600;
const DAILY: usize = 20;

const MINUTE_NS: i64 = 60_000_000_000;

type Levels = Vec<(Price, Qty)>;

impl Engine {
    fn sides(&self, at: usize) -> (Levels, Levels) {
        let id = self.stocks[at].id;
        (self.exchange.book(id, Side::Sell), self.exchange.book(id, Side::Buy))
    }

    pub(super) fn stock_info(&self, body: &Body) -> Result<Found, Refused> {
        let at = self.stock_of(body)?;
        let (stock, last) = (&self.stocks[at], self.last(at));
        let day = self.exchange.day(stock.id).unwrap_or_default();
        let year = stock.days.iter().rev().take(250);
        let (high, low) = (year.clone().map(|day| day.high).max(), year.map(|day| day.low).min());
        let shown = |price: i64| if price == 0 { "0".into() } else { coloured(price, stock.base) };
        let volume = shares(day.volume);
        let mut answer = fields([
            ("stk_cd", stock.code.clone()),
            ("stk_nm", stock.name.clone()),
            ("setl_mm", "12".into()),
            ("fav", "100".into()),
            ("cap", (stock.listed / 1_000_000).to_string()),
            ("flo_stk", (stock.listed / 1_000).to_string()),
            ("mac", stock.capitalisation(last).to_string()),
            ("250hgst", shown(high.unwrap_or(0))),
            ("250lwst", shown(low.unwrap_or(0))),
            ("open_pric", shown(whole(day.open))),
            ("high_pric", shown(whole(day.high))),
            ("low_pric", shown(whole(day.low))),
            ("upl_pric", coloured(stock.upper, stock.base)),
            ("lst_pric", coloured(stock.lower, stock.base)),
            ("base_pric", stock.base.to_string()),
            ("exp_cntr_pric", "-0".into()),
            ("exp_cntr_qty", "0".into()),
            ("cur_prc", shown(last)),
            ("pre_sig", stock.direction(last).into()),
            ("pred_pre", signed(last - stock.base)),
            ("flu_rt", signed_percent(last - stock.base, stock.base)),
            ("trde_qty", volume.to_string()),
            ("trde_pre", signed_percent(volume - stock.previous_volume, stock.previous_volume)),
        ]);
        for blank in ["per", "eps", "roe", "pbr", "ev", "bps", "crd_rt", "sale_amt", "bus_pro", "cup_nga", "repl_pric"] {
            put(&mut answer, blank, "");
        }
        Ok(Found::all(answer))
    }

    pub(super) fn book_page(&self, body: &Body) -> Result<Found, Refused> {
        let at = self.stock_of(body)?;
        let (asks, bids) = self.sides(at);
        let base = self.stocks[at].base;
        let mut answer = fields([("bid_req_base_tm", self.time().to_string())]);
        for (name, levels) in [("sel", &asks), ("buy", &bids)] {
            for place in 1..=10 {
                let (price, qty) = shown(levels, place, base);
                let (price_key, qty_key) = match place {
                    1 => (format!("{name}_fpr_bid"), format!("{name}_fpr_req")),
                    _ => (format!("{name}_{place}th_pre_bid"), format!("{name}_{place}th_pre_req")),
                };
                put(&mut answer, &price_key, price);
                put(&mut answer, &qty_key, qty);
                put(&mut answer, &format!("{name}_{place}th_pre_req_pre"), "0");
            }
            let total: i64 = levels.iter().map(|level| shares(level.1)).sum();
            put(&mut answer, &format!("tot_{name}_req"), total.to_string());
            put(&mut answer, &format!("tot_{name}_req_jub_pre"), "0");
            put(&mut answer, &format!("ovt_{name}_req"), "0");
            put(&mut answer, &format!("ovt_{name}_req_pre"), "0");
        }
        Ok(Found::all(answer))
    }

    pub(super) fn quote_board(&self, body: &Body) -> Result<Found, Refused> {
        let at = self.stock_of(body)?;
        let (asks, bids) = self.sides(at);
        let (stock, last) = (&self.stocks[at], self.last(at));
        let day = self.exchange.day(stock.id).unwrap_or_default();
        let price = |price: Price| if price.is_positive() { coloured(whole(price), stock.base) } else { "0".into() };
        let previous = stock.days.last().map_or(0, Stock::million);
        let mut answer = fields([
            ("stk_nm", stock.name.clone()),
            ("stk_cd", stock.code.clone()),
            ("date", self.date.to_string()),
            ("tm", self.time().to_string()),
            ("pred_close_pric", stock.base.to_string()),
            ("pred_trde_qty", stock.previous_volume.to_string()),
            ("upl_pric", coloured(stock.upper, stock.base)),
            ("lst_pric", coloured(stock.lower, stock.base)),
            ("pred_trde_prica", previous.to_string()),
            ("flo_stkcnt", (stock.listed / 1_000).to_string()),
            ("cur_prc", coloured(last, stock.base)),
            ("smbol", stock.direction(last).into()),
            ("flu_rt", signed_percent(last - stock.base, stock.base)),
            ("pred_rt", signed_percent(last - stock.base, stock.base)),
            ("open_pric", price(day.open)),
            ("high_pric", price(day.high)),
            ("low_pric", price(day.low)),
            ("cntr_qty", shares(day.last_qty).to_string()),
            ("trde_qty", shares(day.volume).to_string()),
            ("trde_prica", Stock::turnover_million(&day).to_string()),
            ("exp_cntr_pric", "-0".into()),
            ("exp_cntr_qty", "0".into()),
            ("exp_sel_pri_bid", "0".into()),
            ("exp_buy_pri_bid", "0".into()),
            ("tot_buy_cnt", String::new()),
            ("tot_sel_cnt", "0".into()),
        ]);
        for blank in ["trde_strt_dt", "exec_pric", "hgst_pric", "lwst_pric", "hgst_pric_dt", "lwst_pric_dt"] {
            put(&mut answer, blank, "");
        }
        for (name, levels) in [("sel", &asks), ("buy", &bids)] {
            for place in 1..=10 {
                let (price, qty) = shown(levels, place, stock.base);
                put(&mut answer, &format!("{name}_{place}bid"), price);
                put(&mut answer, &format!("{name}_{place}bid_req"), qty);
                put(&mut answer, &format!("{name}_{place}bid_jub_pre"), "0");
                put(&mut answer, &format!("lp{name}_{place}bid_req"), "0");
                if place <= 5 {
                    put(&mut answer, &format!("{name}_{place}bid_cnt"), "");
                }
            }
            let total: i64 = levels.iter().map(|level| shares(level.1)).sum();
            put(&mut answer, &format!("tot_{name}_req"), total.to_string());
        }
        Ok(Found::all(answer))
    }

    pub(super) fn stock_list(&self, body: &Body) -> Result<Found, Refused> {
        let board = match body.text("mrkt_tp").as_str() {
            "0" => Some(Board::Kospi),
            "10" => Some(Board::Kosdaq),
            "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "30" | "50" | "60" | "70" | "80" | "90" => None,
            _ => return Err(Refused::input("1517", "입력 값 형식이 올바르지 않습니다. 파라미터=mrkt_tp")),
        };
        let row = |stock: &Stock| {
            let kospi = stock.board == Board::Kospi;
            let row = fields([
                ("code", stock.code.clone()),
                ("name", stock.name.clone()),
                ("listCount", padded(stock.listed, 16)),
                ("auditInfo", "정상".into()),
                ("regDay", "20000104".into()),
                ("lastPrice", padded(stock.base, 8)),
                ("state", "증거금20%|담보대출|신용가능".into()),
                ("marketCode", if kospi { "0" } else { "10" }.into()),
                ("marketName", if kospi { "거래소" } else { "코스닥" }.into()),
                ("upName", if kospi { "전기/전자" } else { "제약" }.into()),
                ("upSizeName", "대형주".into()),
                ("companyClassName", if kospi { "" } else { "우량기업" }.into()),
                ("orderWarning", "0".into()),
                ("nxtEnable", if self.config.mock { "" } else { "Y" }.into()),
            ]);
            Value::Object(row)
        };
        let rows = self.stocks.iter().filter(|stock| Some(stock.board) == board).map(row).collect();
        let mut answer = Map::new();
        answer.insert("list".into(), Value::Array(rows));
        Ok(Found::all(answer))
    }

    /// Days up to one, newest first, today among them once it has traded.
    fn days_until(&self, at: usize, last: Date) -> Vec<DayRow> {
        let stock = &self.stocks[at];
        let today = self.exchange.day(stock.id).and_then(|day| stock.today(self.date, &day));
        let all = today.into_iter().chain(stock.days.iter().rev().copied());
        all.filter(|day| day.date <= last).collect()
    }

    pub(super) fn daily_prices(&self, body: &Body, next_key: Option<&str>) -> Result<Found, Refused> {
        let at = self.stock_of(body)?;
        let (rows, next_key) = page(self.days_until(at, body.date("qry_dt")?), DAILY, next_key)?;
        let by_value = body.text("indc_tp") == "1";
        let row = |day: &DayRow| {
            let before = day.close - day.change;
            let price = |price: i64| coloured(price, before);
            // Who bought: made up, from the day's numbers alone.
            let bought = (day.volume / 97 - day.volume / 89 + day.change) / if by_value { 1_000 } else { 1 };
            let mut row = fields([
                ("date", day.date.to_string()),
                ("open_pric", price(day.open)),
                ("high_pric", price(day.high)),
                ("low_pric", price(day.low)),
                ("close_pric", price(day.close)),
                ("pred_rt", signed(day.change)),
                ("flu_rt", signed_percent(day.change, before)),
                ("trde_qty", day.volume.to_string()),
                ("amt_mn", Stock::million(day).to_string()),
                ("crd_rt", "0.15".into()),
                ("ind", twice_signed(bought)),
                ("orgn", twice_signed(-bought / 2)),
                ("for_qty", twice_signed(-bought / 2)),
                ("frgn", "0".into()),
                ("prm", twice_signed(-bought / 3)),
                ("for_rt", "+50.12".into()),
                ("for_poss", "+50.12".into()),
                ("for_wght", "+50.12".into()),
                ("crd_remn_rt", "0.15".into()),
            ]);
            put(&mut row, "for_netprps", twice_signed(-bought / 2));
            put(&mut row, "orgn_netprps", twice_signed(-bought / 2));
            put(&mut row, "ind_netprps", twice_signed(bought));
            Value::Object(row)
        };
        Ok(list("daly_stkpc", rows.iter().map(row).collect(), next_key))
    }

    pub(super) fn day_chart(&self, body: &Body, next_key: Option<&str>) -> Result<Found, Refused> {
        let at = self.stock_of(body)?;
        let (rows, next_key) = page(self.days_until(at, body.date("base_dt")?), DAYS, next_key)?;
        let stock = &self.stocks[at];
        let row = |day: &DayRow| {
            let row = fields([
                ("cur_prc", day.close.to_string()),
                ("trde_qty", day.volume.to_string()),
                ("trde_prica", Stock::million(day).to_string()),
                ("dt", day.date.to_string()),
                ("open_pric", day.open.to_string()),
                ("high_pric", day.high.to_string()),
                ("low_pric", day.low.to_string()),
                ("pred_pre", signed(day.change)),
                (
                    "pred_pre_sig",
                    match day.change.signum() {
                        1 => "2",
                        0 => "3",
                        _ => "5",
                    }
                    .into(),
                ),
                ("trde_tern_rt", format!("+{}", percent(day.volume, stock.listed))),
            ]);
            Value::Object(row)
        };
        let mut found = list("stk_dt_pole_chart_qry", rows.iter().map(row).collect(), next_key);
        put(&mut found.fields, "stk_cd", stock.code.clone());
        Ok(found)
    }

    /// How many minutes or trades a bar has.
    fn scope(body: &Body, allowed: &[i64]) -> Result<i64, Refused> {
        let wrong = || Refused::input("1517", "입력 값 형식이 올바르지 않습니다. 파라미터=tic_scope");
        body.count("tic_scope")?.filter(|scope| allowed.contains(scope)).ok_or_else(wrong)
    }

    pub(super) fn minute_chart(&self, body: &Body, next_key: Option<&str>) -> Result<Found, Refused> {
        let at = self.stock_of(body)?;
        let minutes = Engine::scope(body, &[1, 3, 5, 10, 15, 30, 45, 60])?;
        let stock = &self.stocks[at];
        let until = if body.text("base_dt").is_empty() { self.date } else { body.date("base_dt")? };
        let mut bars: Vec<(BarRow, i64)> = Vec::new();
        for day in stock.days.iter().rev().take(HISTORY_DAYS).rev() {
            bars.extend(past_minutes(day).map(|bar| (bar, day.close - day.change)));
        }
        bars.extend(stock.minutes.iter().map(|bar| (*bar, stock.base)));
        bars.retain(|bar| Date::at(bar.0.at) <= until);
        let width = minutes * MINUTE_NS;
        let mut wide: Vec<(BarRow, i64)> = Vec::new();
        for (bar, base) in bars {
            // Korea's midnight is a whole number of hours away from UTC's, so the grid is the same.
            let start = Nanos::new(bar.at.get().div_euclid(width) * width);
            match wide.last_mut().filter(|last| last.0.at == start) {
                Some(last) => last.0 = last.0.with(&bar),
                None => wide.push((BarRow { at: start, ..bar }, base)),
            }
        }
        wide.reverse();
        let (rows, next_key) = page(wide, BARS, next_key)?;
        let row = |(bar, base): &(BarRow, i64)| {
            let mut row = bar_row(bar, *base, true);
            put(&mut row, "acc_trde_qty", bar.day_volume.to_string());
            Value::Object(row)
        };
        let mut found = list("stk_min_pole_chart_qry", rows.iter().map(row).collect(), next_key);
        put(&mut found.fields, "stk_cd", stock.code.clone());
        Ok(found)
    }

    pub(super) fn tick_chart(&self, body: &Body, next_key: Option<&str>) -> Result<Found, Refused> {
        let at = self.stock_of(body)?;
        let count = usize::try_from(Engine::scope(body, &[1, 3, 5, 10, 30])?).unwrap_or(1);
        let stock = &self.stocks[at];
        let trades: Vec<BarRow> = stock.trades.iter().copied().collect();
        let join = |group: &[BarRow]| group[1..].iter().fold(group[0], |bar, later| bar.with(later));
        let mut bars: Vec<BarRow> = trades.chunks(count).map(join).collect();
        bars.reverse();
        let (rows, next_key) = page(bars, BARS, next_key)?;
        let rows = rows.iter().map(|bar| Value::Object(bar_row(bar, stock.base, false))).collect();
        let mut found = list("stk_tic_chart_qry", rows, next_key);
        put(&mut found.fields, "stk_cd", stock.code.clone());
        put(&mut found.fields, "last_tic_cnt", "");
        Ok(found)
    }
}

/// Days before today that have bars of minutes.
const HISTORY_DAYS: usize = 3;

/// Bars of a day that is over, a straight way through its prices: 381 minutes from 09:00 to 15:20, and the close.
fn past_minutes(day: &DayRow) -> impl Iterator<Item = BarRow> {
    let day = *day;
    let begin = day.date.moment(TimeOfDay::of(9, 0, 0));
    (0..=380_i64).map(move |minute| {
        let at = if minute == 380 { begin.plus(390 * MINUTE_NS) } else { begin.plus(minute * MINUTE_NS) };
        // Up to the high in the first third, down to the low in the second, to the close in the last.
        let way = |from: i64, to: i64, part: i64| from + (to - from) * part / 127;
        let price = match minute / 127 {
            0 => way(day.open, day.high, minute),
            1 => way(day.high, day.low, minute - 127),
            _ => way(day.low, day.close, (minute - 254).min(127)),
        };
        let price = if minute == 380 { day.close } else { price };
        let volume = (day.volume / 381).max(1);
        BarRow { at, open: price, high: price, low: price, close: price, volume, day_volume: volume * (minute + 1) }
    })
}

/// A bar of minutes (prices coloured, change signed) or of trades (neither).
fn bar_row(bar: &BarRow, base: i64, signs: bool) -> Fields {
    let price = |price: i64| if signs { coloured(price, base) } else { price.to_string() };
    let change = bar.close - base;
    fields([
        ("cur_prc", price(bar.close)),
        ("trde_qty", bar.volume.to_string()),
        ("cntr_tm", format!("{}{}", Date::at(bar.at), TimeOfDay::at(bar.at))),
        ("open_pric", price(bar.open)),
        ("high_pric", price(bar.high)),
        ("low_pric", price(bar.low)),
        ("pred_pre", if signs { signed(change) } else { change.abs().to_string() }),
        (
            "pred_pre_sig",
            match change.signum() {
                1 => "2",
                0 => "3",
                _ => "5",
            }
            .into(),
        ),
    ])
}

fn shown(levels: &Levels, place: usize, base: i64) -> (String, String) {
    let level = levels.get(place - 1);
    level.map_or_else(|| ("0".into(), "0".into()), |level| (coloured(whole(level.0), base), shares(level.1).to_string()))
}

fn list(key: &str, rows: Vec<Value>, next_key: Option<String>) -> Found {
    let mut fields = Map::new();
    fields.insert(key.to_owned(), Value::Array(rows));
    Found { next_key, ..Found::all(fields) }
}
