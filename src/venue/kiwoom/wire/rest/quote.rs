//! Quotes of one stock: ka10001 its facts, ka10004 its book, ka10007 both on one page.

use serde::Serialize;

use super::{Request, Tr, written};
use crate::market::{Money, Price, Qty, Rate};
use crate::venue::kiwoom::time::{Date, TimeOfDay};
use crate::venue::kiwoom::wire::field::{Object, record};
use crate::venue::kiwoom::wire::symbol::Symbol;
use crate::venue::wire_error::WireError;

/// The body of a request that names only a stock.
fn stock(symbol: &Symbol) -> String {
    #[derive(Serialize)]
    struct Body {
        stk_cd: String,
    }
    written(&Body { stk_cd: symbol.to_string() })
}

/// ka10001: basic facts of a stock (주식기본정보).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskStockInfo {
    /// Which, and where.
    pub symbol: Symbol,
}

record! {
    /// Basic facts of a stock.
    "stock facts (ka10001)" StockInfo {
        /// Which.
        symbol: Symbol = "stk_cd",
        /// Name.
        name: String = "stk_nm",
        /// Reference of the day: limits, colours and the first static interruption are counted from it.
        reference: Option<Price> = "base_pric",
        /// Upper limit of the day.
        upper_limit: Option<Price> = "upl_pric",
        /// Lower limit of the day.
        lower_limit: Option<Price> = "lst_pric",
        /// Last price.
        last: Option<Price> = "cur_prc",
        /// 1 upper limit, 2 up, 3 even, 4 lower limit, 5 down.
        direction: Option<i64> = "pre_sig",
        /// Change since the reference.
        change: Option<Money> = "pred_pre",
        /// The same as a share.
        change_rate: Option<Rate> = "flu_rt",
        /// First price of the day.
        open: Option<Price> = "open_pric",
        /// Highest price of the day.
        high: Option<Price> = "high_pric",
        /// Lowest price of the day.
        low: Option<Price> = "low_pric",
        /// Traded today.
        volume: Option<Qty> = "trde_qty",
        /// Price an auction would have; 0 outside of one.
        expected_price: Option<Price> = "exp_cntr_pric",
        /// Quantity an auction would have.
        expected_qty: Option<Qty> = "exp_cntr_qty",
        /// Listed shares, thousands.
        listed_thousand: Option<Qty> = "flo_stk",
        /// Market capitalisation, 100 million KRW.
        capitalisation: Option<Money> = "mac",
        /// Price by earnings.
        price_by_earnings: Option<Money> = "per",
        /// Earnings a share.
        earnings: Option<Money> = "eps",
        /// Book value a share.
        book_value: Option<Money> = "bps",
        /// Highest price of 250 days.
        high_250_days: Option<Price> = "250hgst",
        /// Lowest price of 250 days.
        low_250_days: Option<Price> = "250lwst",
    }
}

impl Request for AskStockInfo {
    type Answer = StockInfo;

    fn tr(&self) -> Tr {
        Tr::StockInfo
    }

    fn body(&self) -> String {
        stock(&self.symbol)
    }

    fn read(body: &str) -> Result<StockInfo, WireError> {
        StockInfo::read(body)
    }
}

/// ka10004: the book of a stock (주식호가).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskBook {
    /// Which, and where.
    pub symbol: Symbol,
}

/// The book of a stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// When.
    pub time: Option<TimeOfDay>,
    /// Asks, best first. Places without a price or a quantity are left out.
    pub asks: Vec<(Price, Qty)>,
    /// Bids, best first.
    pub bids: Vec<(Price, Qty)>,
    /// What stands on the ask side in all.
    pub ask_total: Option<Qty>,
    /// What stands on the bid side in all.
    pub bid_total: Option<Qty>,
}

impl Request for AskBook {
    type Answer = Book;

    fn tr(&self) -> Tr {
        Tr::Book
    }

    fn body(&self) -> String {
        stock(&self.symbol)
    }

    fn read(body: &str) -> Result<Book, WireError> {
        let book = Object::parse("the book (ka10004)", body)?;
        // Names are irregular: `sel_fpr_bid`, then `sel_2th_pre_bid`; a bid there is a price, a req a quantity.
        let side = |label, name: &str| {
            book.side(label, |place, price| {
                let kind = if price { "bid" } else { "req" };
                if place == 1 { format!("{name}_fpr_{kind}") } else { format!("{name}_{place}th_pre_{kind}") }
            })
        };
        Ok(Book {
            time: book.value("bid_req_base_tm", "bid_req_base_tm")?,
            asks: side("sel_…th_pre_bid", "sel")?,
            bids: side("buy_…th_pre_bid", "buy")?,
            ask_total: book.value("tot_sel_req", "tot_sel_req")?,
            bid_total: book.value("tot_buy_req", "tot_buy_req")?,
        })
    }
}

/// ka10007: prices, limits and book of a stock on one page (시세표성정보). The base of the prices at which interruptions begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskQuoteBoard {
    /// Which, and where.
    pub symbol: Symbol,
}

record! {
    /// The head of the page.
    "prices (ka10007)" QuoteBoardHead {
        /// Which.
        symbol: Symbol = "stk_cd",
        /// Name.
        name: String = "stk_nm",
        /// Day.
        date: Option<Date> = "date",
        /// Time of day.
        time: Option<TimeOfDay> = "tm",
        /// Close of the day before.
        previous_close: Option<Price> = "pred_close_pric",
        /// Volume of the day before.
        previous_volume: Option<Qty> = "pred_trde_qty",
        /// Value traded on the day before, million KRW.
        previous_turnover_million: Option<Money> = "pred_trde_prica",
        /// Upper limit of the day.
        upper_limit: Option<Price> = "upl_pric",
        /// Lower limit of the day.
        lower_limit: Option<Price> = "lst_pric",
        /// Last price.
        last: Option<Price> = "cur_prc",
        /// 1 upper limit, 2 up, 3 even, 4 lower limit, 5 down.
        direction: Option<i64> = "smbol",
        /// Change since the reference as a share.
        change_rate: Option<Rate> = "flu_rt",
        /// First price of the day; 0 before it.
        open: Option<Price> = "open_pric",
        /// Highest price of the day.
        high: Option<Price> = "high_pric",
        /// Lowest price of the day.
        low: Option<Price> = "low_pric",
        /// Quantity of the last trade.
        last_qty: Option<Qty> = "cntr_qty",
        /// Traded today.
        volume: Option<Qty> = "trde_qty",
        /// Value traded today, million KRW.
        turnover_million: Option<Money> = "trde_prica",
        /// Price an auction would have; 0 outside of one.
        expected_price: Option<Price> = "exp_cntr_pric",
        /// Quantity an auction would have.
        expected_qty: Option<Qty> = "exp_cntr_qty",
        /// What stands on the ask side in all.
        ask_total: Option<Qty> = "tot_sel_req",
        /// What stands on the bid side in all.
        bid_total: Option<Qty> = "tot_buy_req",
    }
}

/// Prices, limits and book of a stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteBoard {
    /// Prices and limits.
    pub head: QuoteBoardHead,
    /// Asks, best first.
    pub asks: Vec<(Price, Qty)>,
    /// Bids, best first.
    pub bids: Vec<(Price, Qty)>,
}

impl Request for AskQuoteBoard {
    type Answer = QuoteBoard;

    fn tr(&self) -> Tr {
        Tr::QuoteBoard
    }

    fn body(&self) -> String {
        stock(&self.symbol)
    }

    fn read(body: &str) -> Result<QuoteBoard, WireError> {
        let fields = Object::parse("prices (ka10007)", body)?;
        let side = |label, name: &str| {
            fields.side(label, |place, price| format!("{name}_{place}bid{}", if price { "" } else { "_req" }))
        };
        Ok(QuoteBoard { head: QuoteBoardHead::read(body)?, asks: side("sel_…bid", "sel")?, bids: side("buy_…bid", "buy")? })
    }
}
