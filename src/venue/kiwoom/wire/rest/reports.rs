//! What became of our orders: ka10075 open ones, ka10076 filled ones. Both are paged and lag the WebSocket by a moment; "none" comes as
//! a refusal.

use serde::Serialize;

use super::{Request, Tr, rows, written};
use crate::market::{Money, Price, Qty, Side};
use crate::venue::kiwoom::time::TimeOfDay;
use crate::venue::kiwoom::wire::field::record;
use crate::venue::kiwoom::wire::report::{OrderAction, OrderStatus};
use crate::venue::kiwoom::wire::symbol::{Exchange, OrderNumber, Symbol};
use crate::venue::wire_error::WireError;

/// The digit of a side in queries: 0 both, 1 sell, 2 buy.
const fn side_code(side: Option<Side>) -> &'static str {
    match side {
        None => "0",
        Some(Side::Sell) => "1",
        Some(Side::Buy) => "2",
    }
}

/// ka10075: open orders (미체결).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskOpenOrders {
    /// Of one stock, the bare code; else of all.
    pub code: Option<String>,
    /// Of one side; else of both.
    pub side: Option<Side>,
    /// At one exchange; else at all.
    pub exchange: Option<Exchange>,
}

record! {
    /// An open order.
    "an open order (ka10075)" OpenOrder {
        /// Its number.
        number: Option<OrderNumber> = "ord_no",
        /// The order that it amended.
        original: Option<OrderNumber> = "orig_ord_no",
        /// Of what.
        symbol: Symbol = "stk_cd",
        /// Name of the stock.
        name: String = "stk_nm",
        /// 접수, 체결, 확인.
        status: OrderStatus = "ord_stt",
        /// Buy or sell, and what is to be done.
        action: OrderAction = "io_tp_nm",
        /// Name of the kind of price.
        price_type: String = "trde_tp",
        /// Ordered.
        qty: Option<Qty> = "ord_qty",
        /// The limit; 0 for a market order.
        price: Option<Price> = "ord_pric",
        /// Open.
        open_qty: Option<Qty> = "oso_qty",
        /// Value of its fills.
        filled_value: Option<Money> = "cntr_tot_amt",
        /// Price of its fills.
        fill_price: Option<Price> = "cntr_pric",
        /// Quantity of its fills.
        filled_qty: Option<Qty> = "cntr_qty",
        /// When it was placed.
        time: Option<TimeOfDay> = "tm",
        /// Last price.
        last: Option<Price> = "cur_prc",
        /// Where.
        exchange: Option<Exchange> = "stex_tp_txt",
        /// Routed smartly.
        routed: bool = "sor_yn",
    }
}

impl Request for AskOpenOrders {
    type Answer = Vec<OpenOrder>;

    fn tr(&self) -> Tr {
        Tr::OpenOrders
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            all_stk_tp: &'static str,
            trde_tp: &'static str,
            stk_cd: &'a str,
            stex_tp: &'static str,
        }
        written(&Body {
            all_stk_tp: if self.code.is_some() { "1" } else { "0" },
            trde_tp: side_code(self.side),
            stk_cd: self.code.as_deref().unwrap_or(""),
            stex_tp: self.exchange.map_or("0", Exchange::query),
        })
    }

    fn read(body: &str) -> Result<Vec<OpenOrder>, WireError> {
        rows("open orders (ka10075)", body, "oso", OpenOrder::read)
    }

    fn nothing() -> Option<Vec<OpenOrder>> {
        Some(Vec::new())
    }
}

/// ka10076: filled orders (체결), one row an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskFills {
    /// Of one stock, the bare code; else of all.
    pub code: Option<String>,
    /// Of one side; else of both.
    pub side: Option<Side>,
    /// Only orders before this number.
    pub before: Option<OrderNumber>,
    /// At one exchange; else at all.
    pub exchange: Option<Exchange>,
}

record! {
    /// An order with what filled of it.
    "a filled order (ka10076)" FilledOrder {
        /// Its number.
        number: Option<OrderNumber> = "ord_no",
        /// The order that it amended.
        original: Option<OrderNumber> = "orig_ord_no",
        /// Of what.
        symbol: Symbol = "stk_cd",
        /// Name of the stock.
        name: String = "stk_nm",
        /// 체결.
        status: OrderStatus = "ord_stt",
        /// Buy or sell, and what was to be done.
        action: OrderAction = "io_tp_nm",
        /// Name of the kind of price.
        price_type: String = "trde_tp",
        /// Ordered.
        qty: Option<Qty> = "ord_qty",
        /// The limit; 0 for a market order.
        price: Option<Price> = "ord_pric",
        /// Average price of its fills.
        fill_price: Option<Price> = "cntr_pric",
        /// Quantity of its fills.
        filled_qty: Option<Qty> = "cntr_qty",
        /// Open.
        open_qty: Option<Qty> = "oso_qty",
        /// Fee.
        fee: Option<Money> = "tdy_trde_cmsn",
        /// Tax.
        tax: Option<Money> = "tdy_trde_tax",
        /// When it was placed.
        time: Option<TimeOfDay> = "ord_tm",
        /// Where.
        exchange: Option<Exchange> = "stex_tp_txt",
        /// Routed smartly.
        routed: bool = "sor_yn",
    }
}

impl Request for AskFills {
    type Answer = Vec<FilledOrder>;

    fn tr(&self) -> Tr {
        Tr::Fills
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            stk_cd: &'a str,
            qry_tp: &'static str,
            sell_tp: &'static str,
            ord_no: String,
            stex_tp: &'static str,
        }
        written(&Body {
            stk_cd: self.code.as_deref().unwrap_or(""),
            qry_tp: if self.code.is_some() { "1" } else { "0" },
            sell_tp: side_code(self.side),
            ord_no: self.before.map_or(String::new(), |number| number.to_string()),
            stex_tp: self.exchange.map_or("0", Exchange::query),
        })
    }

    fn read(body: &str) -> Result<Vec<FilledOrder>, WireError> {
        rows("filled orders (ka10076)", body, "cntr", FilledOrder::read)
    }

    fn nothing() -> Option<Vec<FilledOrder>> {
        Some(Vec::new())
    }
}
