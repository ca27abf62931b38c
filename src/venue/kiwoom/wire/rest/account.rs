//! The account: ka00001 its number, kt00001 its cash, kt00018 its holdings.

use serde::Serialize;

use super::{Request, Tr, rows, written};
use crate::market::{Money, Price, Qty, Rate};
use crate::venue::kiwoom::wire::field::record;
use crate::venue::kiwoom::wire::symbol::{Exchange, Symbol};
use crate::venue::wire_error::WireError;

/// ka00001: the account's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskAccountNumber;

record! {
    /// The account's number: ten digits, the last two the class of product.
    "the account (ka00001)" AccountNumber {
        /// The number.
        number: String = "acctNo",
    }
}

impl Request for AskAccountNumber {
    type Answer = AccountNumber;

    fn tr(&self) -> Tr {
        Tr::AccountNumber
    }

    fn body(&self) -> String {
        "{}".into()
    }

    fn read(body: &str) -> Result<AccountNumber, WireError> {
        AccountNumber::read(body)
    }
}

/// kt00001: cash (예수금상세현황).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskDeposit {
    /// As estimated over the days of settlement (`3`), not as it is (`2`).
    pub estimated: bool,
}

record! {
    /// Cash, KRW.
    "cash (kt00001)" Deposit {
        /// Deposit (예수금).
        deposit: Option<Money> = "entr",
        /// Held as margin for orders (증거금현금).
        margin: Option<Money> = "profa_ch",
        /// May be taken out.
        withdrawable: Option<Money> = "pymn_alow_amt",
        /// May be used for orders (주문가능금액). Falls when an order is accepted, not when it fills.
        orderable: Option<Money> = "ord_alow_amt",
        /// The same for stocks that must be paid in full.
        orderable_in_full: Option<Money> = "100stk_ord_alow_amt",
        /// Deposit in one day.
        deposit_d1: Option<Money> = "d1_entra",
        /// Deposit in two days, when today's trades are settled.
        deposit_d2: Option<Money> = "d2_entra",
        /// Sold less bought, settled in two days.
        net_d2: Option<Money> = "d2_slby_exct_amt",
        /// Bought, settled in two days.
        bought_d2: Option<Money> = "d2_buy_exct_amt",
        /// Sold, settled in two days.
        sold_d2: Option<Money> = "d2_sel_exct_amt",
        /// Not paid.
        unpaid: Option<Money> = "ch_uncla",
    }
}

impl Request for AskDeposit {
    type Answer = Deposit;

    fn tr(&self) -> Tr {
        Tr::Deposit
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body {
            qry_tp: &'static str,
        }
        written(&Body { qry_tp: if self.estimated { "3" } else { "2" } })
    }

    fn read(body: &str) -> Result<Deposit, WireError> {
        Deposit::read(body)
    }
}

/// kt00018: holdings and what they are worth (계좌평가잔고내역). Paged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskHoldings {
    /// One row a stock, not one a purchase.
    pub summed: bool,
    /// At KRX or NXT.
    pub exchange: Exchange,
}

record! {
    /// All holdings together, KRW. The totals are of the account, on every page.
    "holdings (kt00018)" HoldingTotals {
        /// What they cost.
        cost: Option<Money> = "tot_pur_amt",
        /// What they are worth.
        value: Option<Money> = "tot_evlt_amt",
        /// Profit after fees and tax of selling now.
        profit: Option<Money> = "tot_evlt_pl",
        /// Profit by cost.
        profit_rate: Option<Rate> = "tot_prft_rt",
        /// Estimated assets, cash and holdings.
        assets: Option<Money> = "prsm_dpst_aset_amt",
        /// Borrowed.
        loan: Option<Money> = "tot_loan_amt",
    }
}

record! {
    /// A holding. The formulas of the derived numbers are in [`super::valuation`].
    "a holding (kt00018)" Holding {
        /// Which.
        symbol: Symbol = "stk_cd",
        /// Name.
        name: String = "stk_nm",
        /// Profit after fees and tax of selling now.
        profit: Option<Money> = "evltv_prft",
        /// Profit by cost.
        profit_rate: Option<Rate> = "prft_rt",
        /// Average price, cut to whole KRW.
        average: Option<Price> = "pur_pric",
        /// Close of the day before.
        previous_close: Option<Price> = "pred_close_pric",
        /// Last price; stale for minutes after the open at the mock server.
        last: Option<Price> = "cur_prc",
        /// Held.
        qty: Option<Qty> = "rmnd_qty",
        /// Held less open sell orders.
        sellable: Option<Qty> = "trde_able_qty",
        /// Bought today.
        bought_today: Option<Qty> = "tdy_buyq",
        /// Sold today.
        sold_today: Option<Qty> = "tdy_sellq",
        /// What it cost.
        cost: Option<Money> = "pur_amt",
        /// Fee of buying.
        buy_fee: Option<Money> = "pur_cmsn",
        /// What it is worth.
        value: Option<Money> = "evlt_amt",
        /// Fee of selling now.
        sell_fee: Option<Money> = "sell_cmsn",
        /// Tax of selling now.
        tax: Option<Money> = "tax",
        /// Both fees.
        fees: Option<Money> = "sum_cmsn",
        /// Share of all that was paid.
        weight: Option<Rate> = "poss_rt",
        /// `00` cash, else bought on credit.
        credit: String = "crd_tp",
    }
}

/// A page of holdings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// Of all together.
    pub totals: HoldingTotals,
    /// Each.
    pub rows: Vec<Holding>,
}

impl Request for AskHoldings {
    type Answer = Holdings;

    fn tr(&self) -> Tr {
        Tr::Holdings
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body {
            qry_tp: &'static str,
            dmst_stex_tp: &'static str,
        }
        written(&Body { qry_tp: if self.summed { "1" } else { "2" }, dmst_stex_tp: self.exchange.name() })
    }

    fn read(body: &str) -> Result<Holdings, WireError> {
        let rows = rows("holdings (kt00018)", body, "acnt_evlt_remn_indv_tot", Holding::read)?;
        Ok(Holdings { totals: HoldingTotals::read(body)?, rows })
    }
}
