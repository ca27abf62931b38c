//! ka10099: every stock of a market.

use serde::Serialize;

use super::{Request, Tr, rows, written};
use crate::market::{Price, Qty};
use crate::venue::kiwoom::time::Date;
use crate::venue::kiwoom::wire::field::record;
use crate::venue::kiwoom::wire::symbol::Symbol;
use crate::venue::wire_error::WireError;

/// Markets whose stocks can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedMarket {
    /// KOSPI (유가증권).
    Kospi,
    /// KOSDAQ (코스닥).
    Kosdaq,
    /// KONEX (코넥스).
    Konex,
    /// Exchange-traded funds.
    Etf,
    /// Exchange-traded notes.
    Etn,
    /// Equity-linked warrants.
    Elw,
    /// Real estate trusts.
    Reit,
}

impl ListedMarket {
    /// As requests name it (`mrkt_tp`).
    pub const fn code(self) -> &'static str {
        match self {
            ListedMarket::Kospi => "0",
            ListedMarket::Kosdaq => "10",
            ListedMarket::Konex => "50",
            ListedMarket::Etf => "8",
            ListedMarket::Etn => "60",
            ListedMarket::Elw => "3",
            ListedMarket::Reit => "6",
        }
    }
}

/// ka10099: every stock of a market (종목정보 리스트). Paged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskStockList {
    /// Which market.
    pub market: ListedMarket,
}

record! {
    /// A stock of a market.
    "a listed stock (ka10099)" ListedStock {
        /// Which.
        symbol: Symbol = "code",
        /// Name.
        name: String = "name",
        /// Listed shares.
        listed: Option<Qty> = "listCount",
        /// 정상, 투자주의환기종목, …
        audit: String = "auditInfo",
        /// Listed since.
        since: Option<Date> = "regDay",
        /// Close of the day before.
        previous_close: Option<Price> = "lastPrice",
        /// Flags with `|` between them: 증거금20%, 신용가능, 관리종목, 거래정지.
        state: String = "state",
        /// `0` KOSPI, `10` KOSDAQ, ….
        market: String = "marketCode",
        /// 거래소, 코스닥.
        market_name: String = "marketName",
        /// Industry.
        industry: String = "upName",
        /// 대형주, 중형주, 소형주.
        size: String = "upSizeName",
        /// 0 none, 1 ETF caution, 2 liquidation, 3 overheated, 4 risk, 5 caution elapsed.
        warning: Option<i64> = "orderWarning",
        /// Trades at NXT as well.
        at_nxt: bool = "nxtEnable",
    }
}

impl ListedStock {
    /// Whether it is under administration (관리종목) or halted (거래정지).
    pub fn is_barred(&self) -> bool {
        self.state.split('|').any(|flag| matches!(flag.trim(), "관리종목" | "거래정지"))
    }
}

impl Request for AskStockList {
    type Answer = Vec<ListedStock>;

    fn tr(&self) -> Tr {
        Tr::StockList
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body {
            mrkt_tp: &'static str,
        }
        written(&Body { mrkt_tp: self.market.code() })
    }

    fn read(body: &str) -> Result<Vec<ListedStock>, WireError> {
        rows("the list of stocks (ka10099)", body, "list", ListedStock::read)
    }

    fn nothing() -> Option<Vec<ListedStock>> {
        Some(Vec::new())
    }
}
