//! Bars: ka10079 of so many trades, ka10080 of so many minutes, ka10081 of days; and ka10086, days with who bought. All are newest first
//! and paged.

use jangbu_journal::Nanos;
use serde::Serialize;

use super::{Request, Tr, rows, written};
use crate::market::{Money, Price, Qty, Rate};
use crate::venue::kiwoom::time::Date;
use crate::venue::kiwoom::wire::field::record;
use crate::venue::kiwoom::wire::symbol::Symbol;
use crate::venue::wire_error::WireError;

record! {
    /// A bar of trades or minutes. A bar of minutes is named by its start.
    "a bar (ka10079, ka10080)" Bar {
        /// When, in Korea.
        time: Option<Nanos> = "cntr_tm",
        /// First price.
        open: Option<Price> = "open_pric",
        /// Highest price.
        high: Option<Price> = "high_pric",
        /// Lowest price.
        low: Option<Price> = "low_pric",
        /// Last price.
        close: Option<Price> = "cur_prc",
        /// Traded in it.
        volume: Option<Qty> = "trde_qty",
        /// Traded since the day began; bars of minutes only.
        day_volume: Option<Qty> = "acc_trde_qty",
        /// Change since the close of the day before. Bars of trades have no sign here.
        change: Option<Money> = "pred_pre",
        /// 1 upper limit, 2 up, 3 even, 4 lower limit, 5 down.
        direction: Option<i64> = "pred_pre_sig",
    }
}

record! {
    /// A bar of a day.
    "a day (ka10081)" DayBar {
        /// Which day.
        date: Option<Date> = "dt",
        /// First price.
        open: Option<Price> = "open_pric",
        /// Highest price.
        high: Option<Price> = "high_pric",
        /// Lowest price.
        low: Option<Price> = "low_pric",
        /// Last price.
        close: Option<Price> = "cur_prc",
        /// Traded.
        volume: Option<Qty> = "trde_qty",
        /// Value traded, million KRW.
        turnover_million: Option<Money> = "trde_prica",
        /// Change since the close of the day before.
        change: Option<Money> = "pred_pre",
        /// 1 upper limit, 2 up, 3 even, 4 lower limit, 5 down.
        direction: Option<i64> = "pred_pre_sig",
        /// Traded by listed.
        turnover_rate: Option<Rate> = "trde_tern_rt",
    }
}

#[derive(Serialize)]
struct Body {
    stk_cd: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tic_scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_dt: Option<String>,
    upd_stkpc_tp: &'static str,
}

fn body(symbol: &Symbol, scope: Option<u8>, date: Option<Date>, adjusted: bool) -> String {
    let (tic_scope, base_dt) = (scope.map(|scope| scope.to_string()), date.map(|date| date.to_string()));
    written(&Body { stk_cd: symbol.to_string(), tic_scope, base_dt, upd_stkpc_tp: if adjusted { "1" } else { "0" } })
}

/// ka10079: bars of so many trades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskTickChart {
    /// Which, and where.
    pub symbol: Symbol,
    /// 1, 3, 5, 10 or 30 trades a bar.
    pub trades: u8,
    /// Prices before a split as if it had been.
    pub adjusted: bool,
}

impl Request for AskTickChart {
    type Answer = Vec<Bar>;

    fn tr(&self) -> Tr {
        Tr::TickChart
    }

    fn body(&self) -> String {
        body(&self.symbol, Some(self.trades), None, self.adjusted)
    }

    fn read(body: &str) -> Result<Vec<Bar>, WireError> {
        rows("bars (ka10079)", body, "stk_tic_chart_qry", Bar::read)
    }

    fn nothing() -> Option<Vec<Bar>> {
        Some(Vec::new())
    }
}

/// ka10080: bars of so many minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskMinuteChart {
    /// Which, and where.
    pub symbol: Symbol,
    /// 1, 3, 5, 10, 15, 30, 45 or 60 minutes a bar.
    pub minutes: u8,
    /// The last day; the newest one when not stated. Older servers do not know it.
    pub date: Option<Date>,
    /// Prices before a split as if it had been.
    pub adjusted: bool,
}

impl Request for AskMinuteChart {
    type Answer = Vec<Bar>;

    fn tr(&self) -> Tr {
        Tr::MinuteChart
    }

    fn body(&self) -> String {
        body(&self.symbol, Some(self.minutes), self.date, self.adjusted)
    }

    fn read(body: &str) -> Result<Vec<Bar>, WireError> {
        rows("bars (ka10080)", body, "stk_min_pole_chart_qry", Bar::read)
    }

    fn nothing() -> Option<Vec<Bar>> {
        Some(Vec::new())
    }
}

/// ka10081: bars of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskDayChart {
    /// Which, and where.
    pub symbol: Symbol,
    /// The last day.
    pub date: Date,
    /// Prices before a split as if it had been.
    pub adjusted: bool,
}

impl Request for AskDayChart {
    type Answer = Vec<DayBar>;

    fn tr(&self) -> Tr {
        Tr::DayChart
    }

    fn body(&self) -> String {
        body(&self.symbol, None, Some(self.date), self.adjusted)
    }

    fn read(body: &str) -> Result<Vec<DayBar>, WireError> {
        rows("bars (ka10081)", body, "stk_dt_pole_chart_qry", DayBar::read)
    }

    fn nothing() -> Option<Vec<DayBar>> {
        Some(Vec::new())
    }
}

/// ka10086: days, and who bought on them (일별주가).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskDailyPrices {
    /// Which, and where.
    pub symbol: Symbol,
    /// The last day; rows go back from it.
    pub date: Date,
    /// Net buying in million KRW instead of shares. Foreigners' stays in shares.
    pub in_money: bool,
}

record! {
    /// A day, and who bought on it. Net buying is below 0 when more was sold.
    "a day (ka10086)" DailyPrice {
        /// Which day.
        date: Option<Date> = "date",
        /// First price.
        open: Option<Price> = "open_pric",
        /// Highest price.
        high: Option<Price> = "high_pric",
        /// Lowest price.
        low: Option<Price> = "low_pric",
        /// Last price.
        close: Option<Price> = "close_pric",
        /// Change since the close of the day before.
        change: Option<Money> = "pred_rt",
        /// The same as a share.
        change_rate: Option<Rate> = "flu_rt",
        /// Traded.
        volume: Option<Qty> = "trde_qty",
        /// Value traded, million KRW.
        turnover_million: Option<Money> = "amt_mn",
        /// Net buying of individuals.
        individuals: Option<Money> = "ind",
        /// Net buying of institutions.
        institutions: Option<Money> = "orgn",
        /// Net buying of foreigners.
        foreigners: Option<Money> = "for_qty",
        /// Net buying of programs.
        programs: Option<Money> = "prm",
        /// Held by foreigners.
        foreign_share: Option<Rate> = "for_rt",
    }
}

impl Request for AskDailyPrices {
    type Answer = Vec<DailyPrice>;

    fn tr(&self) -> Tr {
        Tr::DailyPrices
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body {
            stk_cd: String,
            qry_dt: String,
            indc_tp: &'static str,
        }
        let indc_tp = if self.in_money { "1" } else { "0" };
        written(&Body { stk_cd: self.symbol.to_string(), qry_dt: self.date.to_string(), indc_tp })
    }

    fn read(body: &str) -> Result<Vec<DailyPrice>, WireError> {
        rows("days (ka10086)", body, "daly_stkpc", DailyPrice::read)
    }

    fn nothing() -> Option<Vec<DailyPrice>> {
        Some(Vec::new())
    }
}
