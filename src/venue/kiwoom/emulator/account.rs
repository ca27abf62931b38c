//! The account's pages: ka00001, kt00001, kt00018, ka10075, ka10076.

use serde_json::{Map, Value};

use super::engine::{Engine, won};
use super::frames::{action, venue_fields};
use super::request::{Body, Found, Refused, page};
use super::write::{Fields, amount, fields, krw, money, percent, put, quantity, shares, whole};
use crate::market::{Money, Price, Qty, Side};
use crate::venue::exchange::Order;
use crate::venue::kiwoom::rules::costs::{fee_rate, sell_tax};
use crate::venue::kiwoom::time::TimeOfDay;
use crate::venue::kiwoom::wire::number::{coloured, padded};
use crate::venue::kiwoom::wire::rest::valuation::{CostRates, Totals, Valuation};
use crate::venue::kiwoom::wire::symbol::Exchange;

/// Rows of a page of holdings and of orders; the real sizes are not known.
pub(super) const PAGE: usize = 20;

const QUERY_DONE: &str = "조회가 완료되었습니다";
const LIST_DONE: &str = " 조회가 완료되었습니다.";

/// Fields of kt00001 that are 0 here.
const ZEROS: &[&str] = &[
    "bncr_profa_ch",
    "nxdy_bncr_sell_exct",
    "fc_stk_krw_repl_set_amt",
    "crd_grnta_ch",
    "crd_grnt_ch",
    "add_grnt_ch",
    "etc_profa",
    "uncl_stk_amt",
    "shrts_prica",
    "crd_set_grnta",
    "chck_ina_amt",
    "etc_chck_ina_amt",
    "crd_grnt_ruse",
    "knx_asset_evltv",
    "elwdpst_evlta",
    "crd_ls_rght_frcs_amt",
    "lvlh_join_amt",
    "lvlh_trns_alowa",
    "repl_amt",
    "remn_repl_evlta",
    "trst_remn_repl_evlta",
    "bncr_remn_repl_evlta",
    "profa_repl",
    "crd_grnta_repl",
    "crd_grnt_repl",
    "add_grnt_repl",
    "rght_repl_amt",
    "wrap_pymn_alow_amt",
    "bncr_buy_alowa",
    "ch_uncla",
    "ch_uncla_dlfe",
    "ch_uncla_tot",
    "crd_int_npay",
    "int_npay_amt_dlfe",
    "int_npay_amt_tot",
    "etc_loana",
    "etc_loana_dlfe",
    "etc_loan_tot",
    "nrpy_loan",
    "loan_sum",
    "ls_sum",
    "mdstrm_usfe",
    "loan_remn_evlt_amt",
    "dpst_grntl_remn",
    "sell_grntl_remn",
    "d1_slby_exct_amt",
    "d1_buy_exct_amt",
    "d1_sel_exct_amt",
    "d1_out_rep_mor",
    "d2_out_rep_mor",
];

/// The digit of a side in queries: 0 both, 1 sell, 2 buy.
fn side_of(code: &str) -> Option<Side> {
    match code {
        "1" => Some(Side::Sell),
        "2" => Some(Side::Buy),
        _ => None,
    }
}

/// What a holding is worth, as kt00018 counts it.
struct Row {
    at: usize,
    qty: i64,
    free: i64,
    cost: Money,
    bought: i64,
    sold: i64,
    valuation: Valuation,
}

impl Engine {
    pub(super) fn account_number(&self) -> Result<Found, Refused> {
        Ok(Found::all(fields([("acctNo", self.config.account.clone())])))
    }

    /// Bought and sold today with fees and taxes, KRW.
    fn settled_today(&self) -> (i64, i64) {
        let mut sums = (Money::ZERO, Money::ZERO);
        for order in self.exchange.orders().filter(|order| order.account == self.account) {
            let charged = Money::from_raw(order.charges.fee.raw() + order.charges.tax.raw());
            match order.side {
                Side::Buy => sums.0 = Money::from_raw(sums.0.raw() + order.value.raw() + charged.raw()),
                Side::Sell => sums.1 = Money::from_raw(sums.1.raw() + order.value.raw() - charged.raw()),
            }
        }
        (money(sums.0), money(sums.1))
    }

    pub(super) fn deposit_page(&self) -> Result<Found, Refused> {
        let cash = self.exchange.account(self.account).map(|account| account.cash(won())).unwrap_or_default();
        let (bought, sold) = self.settled_today();
        let (deposit, orderable) = (money(self.deposit), money(cash.free()));
        let wide = |value: i64| padded(value, 15);
        let mut answer = fields([
            ("entr", wide(deposit)),
            ("profa_ch", wide((deposit - orderable).max(0))),
            ("pymn_alow_amt", wide(orderable.min(deposit))),
            ("ord_alow_amt", wide(orderable)),
            ("d1_entra", wide(deposit)),
            ("d2_entra", wide(money(cash.total))),
            ("d1_pymn_alow_amt", wide(orderable.min(deposit))),
            ("d2_pymn_alow_amt", wide(orderable)),
            ("d2_slby_exct_amt", wide(sold - bought)),
            ("d2_buy_exct_amt", wide(bought)),
            ("d2_sel_exct_amt", wide(sold)),
            ("crd_grnt_rt", "0.00".into()),
            ("min_ord_alow_yn", "N".into()),
        ]);
        for class in [20, 30, 40, 50, 60, 100] {
            put(&mut answer, &format!("{class}stk_ord_alow_amt"), wide(orderable));
        }
        ZEROS.iter().for_each(|key| put(&mut answer, key, wide(0)));
        answer.insert("stk_entr_prst".into(), Value::Array(Vec::new()));
        Ok(Found { fields: answer, message: "조회가 완료되었습니다.", next_key: None })
    }

    fn holding_rows(&self) -> Vec<Row> {
        let Some(account) = self.exchange.account(self.account) else { return Vec::new() };
        let row = |(id, held): (&crate::market::InstrumentId, &crate::venue::exchange::Holding)| {
            let at = id.index();
            let stock = self.stocks.get(at).filter(|_| held.qty.is_positive())?;
            let tax = sell_tax(stock.board, self.date)?;
            let rates = CostRates { fee: fee_rate(Exchange::Krx, self.config.mock), tax };
            // Costs are whole KRW on the wire.
            let cost = amount(money(held.cost));
            let valuation = Valuation::of(held.qty, cost, krw(self.last(at)), rates)?;
            let (qty, free) = (shares(held.qty), shares(held.free()));
            Some(Row { at, qty, free, cost, bought: shares(held.bought_today), sold: shares(held.sold_today), valuation })
        };
        account.holdings.iter().filter_map(row).collect()
    }

    pub(super) fn holdings_page(&self, body: &Body, next_key: Option<&str>) -> Result<Found, Refused> {
        let exchange = body.text("dmst_stex_tp");
        if Exchange::parse(&exchange).is_none() {
            return Err(Refused::input("1517", "입력 값 형식이 올바르지 않습니다. 파라미터=dmst_stex_tp"));
        }
        let rows = self.holding_rows();
        let totals = Totals::of(rows.iter().map(|row| (row.cost, &row.valuation)));
        let totals = totals.ok_or_else(|| Refused::input("1999", "예기치 못한 에러가 발생하였습니다."))?;
        let cash = self.exchange.account(self.account).map(|account| money(account.cash(won()).total)).unwrap_or(0);
        let (cost, profit) = (money(totals.cost), money(totals.profit));
        let (rows, next_key) = page(rows, PAGE, next_key)?;
        let rows = rows.iter().map(|row| Value::Object(self.holding_row(row, cost))).collect();
        let wide = |value: i64| padded(value, 15);
        let mut answer = fields([
            ("tot_pur_amt", wide(cost)),
            ("tot_evlt_amt", wide(money(totals.value))),
            ("tot_evlt_pl", wide(profit)),
            ("tot_prft_rt", percent(profit, cost)),
            ("prsm_dpst_aset_amt", wide(cash + money(totals.value))),
            ("tot_loan_amt", wide(0)),
            ("tot_crd_loan_amt", wide(0)),
            ("tot_crd_ls_amt", wide(0)),
        ]);
        answer.insert("acnt_evlt_remn_indv_tot".into(), Value::Array(rows));
        Ok(Found { fields: answer, message: QUERY_DONE, next_key })
    }

    fn holding_row(&self, row: &Row, total_cost: i64) -> Fields {
        let (stock, valuation) = (&self.stocks[row.at], &row.valuation);
        let wide = |value: i64| padded(value, 15);
        let (cost, buy_fee, sell_fee) = (money(row.cost), money(valuation.buy_fee), money(valuation.sell_fee));
        fields([
            ("stk_cd", format!("A{}", stock.code)),
            ("stk_nm", stock.name.clone()),
            ("evltv_prft", wide(money(valuation.profit))),
            ("prft_rt", percent(money(valuation.profit), cost)),
            ("pur_pric", wide(whole(valuation.average))),
            ("pred_close_pric", padded(stock.base, 12)),
            ("rmnd_qty", wide(row.qty)),
            ("trde_able_qty", wide(row.free)),
            ("cur_prc", padded(self.last(row.at), 12)),
            ("pred_buyq", wide(0)),
            ("pred_sellq", wide(0)),
            ("tdy_buyq", wide(row.bought)),
            ("tdy_sellq", wide(row.sold)),
            ("pur_amt", wide(cost)),
            ("pur_cmsn", wide(buy_fee)),
            ("evlt_amt", wide(money(valuation.value))),
            ("sell_cmsn", wide(sell_fee)),
            ("tax", wide(money(valuation.tax))),
            ("sum_cmsn", wide(buy_fee + sell_fee)),
            ("poss_rt", percent(cost, total_cost)),
            ("crd_tp", "00".into()),
            ("crd_tp_nm", String::new()),
            ("crd_loan_dt", String::new()),
        ])
    }

    /// Orders that a query wants, newest first: of a stock, a side, an exchange.
    fn wanted(&self, code: &str, side: Option<Side>, exchange: &str, fits: impl Fn(&Order) -> bool) -> Vec<&Order> {
        let at = self.find(code);
        let orders = self.exchange.orders().filter(|order| order.account == self.account && fits(order));
        let orders = orders.filter(|order| code.is_empty() || at == Some(order.instrument.index()));
        let orders = orders.filter(|order| side.is_none_or(|side| order.side == side));
        let there = |order: &&Order| {
            let placed = self.meta.get(&order.number).map(|meta| meta.exchange);
            !matches!((exchange, placed), ("1", Some(Exchange::Nxt)) | ("2", Some(Exchange::Krx)))
        };
        let mut found: Vec<&Order> = orders.filter(there).collect();
        found.reverse();
        found
    }

    fn listed(&self, key: &str, rows: Vec<Fields>, next_key: Option<&str>, empty: &str) -> Result<Found, Refused> {
        if rows.is_empty() && self.config.empty_as_refusal {
            return Err(Refused::business("571758", empty));
        }
        let (rows, next_key) = page(rows, PAGE, next_key)?;
        let mut answer = Map::new();
        answer.insert(key.to_owned(), Value::Array(rows.into_iter().map(Value::Object).collect()));
        Ok(Found { fields: answer, message: LIST_DONE, next_key })
    }

    pub(super) fn open_orders(&self, body: &Body, next_key: Option<&str>) -> Result<Found, Refused> {
        let code = if body.text("all_stk_tp") == "1" { body.text("stk_cd") } else { String::new() };
        let orders = self.wanted(&code, side_of(&body.text("trde_tp")), &body.text("stex_tp"), Order::is_open);
        let rows = orders.iter().map(|order| self.open_row(order)).collect();
        self.listed("oso", rows, next_key, "미체결 내역이 없습니다.")
    }

    /// What rows of open and of filled orders have in common.
    fn shared_row(&self, order: &Order) -> Fields {
        let stock = &self.stocks[order.instrument.index()];
        let meta = self.meta.get(&order.number);
        let (exchange, exchange_name, routed) = venue_fields(meta.map_or(Exchange::Krx, |meta| meta.exchange));
        let average = order.average().map_or(0, whole);
        fields([
            ("ord_no", format!("{:07}", order.number)),
            ("orig_ord_no", format!("{:07}", order.amends.unwrap_or(0))),
            ("stk_cd", stock.code.clone()),
            ("stk_nm", stock.name.clone()),
            ("io_tp_nm", action(order.side, order.amends.is_some()).into()),
            ("trde_tp", meta.map_or("보통", |meta| meta.kind.name()).into()),
            ("ord_qty", shares(order.qty).to_string()),
            ("ord_pric", Engine::written_limit(order)),
            ("oso_qty", shares(order.open).to_string()),
            ("cntr_pric", average.to_string()),
            ("cntr_qty", shares(order.filled).to_string()),
            ("tdy_trde_cmsn", money(order.charges.fee).to_string()),
            ("tdy_trde_tax", money(order.charges.tax).to_string()),
            ("stex_tp", exchange.into()),
            ("stex_tp_txt", exchange_name.into()),
            ("sor_yn", routed.into()),
            ("stop_pric", "0".into()),
        ])
    }

    fn open_row(&self, order: &Order) -> Fields {
        let at = order.instrument.index();
        let best = self.best(at);
        let shown = |price: Option<Price>| price.map_or_else(|| "0".into(), |price| coloured(whole(price), self.stocks[at].base));
        let mut row = self.shared_row(order);
        let more = fields([
            ("acnt_no", self.config.account.clone()),
            ("mang_empno", String::new()),
            ("tsk_tp", String::new()),
            ("ord_stt", if order.filled == Qty::ZERO { "접수" } else { "체결" }.into()),
            ("cntr_tot_amt", money(order.value).to_string()),
            ("tm", TimeOfDay::at(order.placed).to_string()),
            ("cntr_no", String::new()),
            ("cur_prc", shown(Some(krw(self.last(at))))),
            ("sel_bid", shown(best.ask)),
            ("buy_bid", shown(best.bid)),
            ("unit_cntr_pric", String::new()),
            ("unit_cntr_qty", String::new()),
            ("ind_invsr", String::new()),
        ]);
        row.extend(more);
        row
    }

    pub(super) fn filled_orders(&self, body: &Body, next_key: Option<&str>) -> Result<Found, Refused> {
        let before = body.count("ord_no")?.filter(|number| *number > 0);
        let code = if body.text("qry_tp") == "1" { body.text("stk_cd") } else { String::new() };
        let older = |order: &Order| before.is_none_or(|before| i64::try_from(order.number).is_ok_and(|number| number < before));
        let fits = |order: &Order| order.filled > quantity(0) && older(order);
        let orders = self.wanted(&code, side_of(&body.text("sell_tp")), &body.text("stex_tp"), fits);
        let row = |order: &&Order| {
            let mut row = self.shared_row(order);
            put(&mut row, "ord_stt", "체결");
            put(&mut row, "ord_tm", TimeOfDay::at(order.placed).to_string());
            row
        };
        let rows = orders.iter().map(row).collect();
        self.listed("cntr", rows, next_key, "체결 내역이 없습니다.")
    }
}
