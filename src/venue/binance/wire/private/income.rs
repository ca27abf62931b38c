//! What came and went without a trade, as `GET /fapi/v1/income` tells it: [`IncomeRow`].
//!
//! Source: developers.binance.com, "Get Income History" of USDⓈ-M futures: weight 30, at most 1,000 rows, the last three months;
//! `tranId` is unique within its `incomeType`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::orders::Decimal;
use crate::event::FlowKind;
use crate::market::Money;
use crate::venue::binance::wire::rest::read;
use crate::venue::wire_error::WireError;

/// A line of the account's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomeRow {
    /// Whose funding, upper case; empty where it is of no symbol.
    pub symbol: String,
    /// The venue's word: `FUNDING_FEE`, `TRANSFER`, ….
    pub kind: String,
    /// How much came; below 0 it went.
    pub amount: Money,
    /// Of what.
    pub asset: String,
    /// When, milliseconds.
    pub time_ms: i64,
    /// The venue's number of it; the same number may stand for a line of another kind.
    pub number: String,
}

impl IncomeRow {
    /// Why it came; `None` for what follows from fills and their fees, which are booked with them.
    pub fn flow(&self) -> Option<FlowKind> {
        match self.kind.as_str() {
            "REALIZED_PNL" | "COMMISSION" => None,
            "FUNDING_FEE" => Some(FlowKind::Funding),
            "TRANSFER"
            | "INTERNAL_TRANSFER"
            | "CROSS_COLLATERAL_TRANSFER"
            | "STRATEGY_UMFUTURES_TRANSFER"
            | "AUTO_EXCHANGE"
            | "COIN_SWAP_DEPOSIT"
            | "COIN_SWAP_WITHDRAW" => Some(FlowKind::transfer(self.amount)),
            _ => Some(FlowKind::Other),
        }
    }

    /// What names it among everything the venue tells: its kind and its number.
    pub fn id(&self) -> String {
        format!("{}:{}", self.kind, self.number)
    }
}

/// Reads a page of the history.
///
/// # Errors
/// When it is not that.
pub fn incomes(bytes: &[u8]) -> Result<Vec<IncomeRow>, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row<'a> {
        #[serde(default)]
        symbol: String,
        income_type: String,
        income: Decimal<Money>,
        asset: String,
        time: i64,
        /// A number here, a text at COIN-M.
        #[serde(borrow)]
        tran_id: &'a RawValue,
    }
    let rows: Vec<Row<'_>> = read("a history of income", bytes)?;
    let row = |row: Row<'_>| IncomeRow {
        symbol: row.symbol,
        kind: row.income_type,
        amount: row.income.0,
        asset: row.asset,
        time_ms: row.time,
        number: row.tran_id.get().trim_matches('"').to_owned(),
    };
    Ok(rows.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_read_and_what_fills_explain_is_no_flow() {
        // In the form of the venue's documentation, with numbers of our own.
        let text = br#"[
            {"symbol":"","incomeType":"TRANSFER","income":"-0.37500000","asset":"USDT","info":"TRANSFER","time":1570608000000,"tranId":9689322392,"tradeId":""},
            {"symbol":"BTCUSDT","incomeType":"COMMISSION","income":"-0.01000000","asset":"USDT","info":"COMMISSION","time":1570636800000,"tranId":9689322392,"tradeId":"2059192"},
            {"symbol":"BTCUSDT","incomeType":"FUNDING_FEE","income":"0.25000000","asset":"USDT","info":"FUNDING_FEE","time":1570636800000,"tranId":"77","tradeId":""},
            {"symbol":"","incomeType":"WELCOME_BONUS","income":"5","asset":"BNB","time":1570636800001,"tranId":1}]"#;
        let rows = incomes(text).expect("a history");
        let told: Vec<_> = rows.iter().map(|row| (row.id(), row.flow(), row.amount.to_string())).collect();
        let expected = [
            ("TRANSFER:9689322392", Some(FlowKind::Withdrawal), "-0.375"),
            ("COMMISSION:9689322392", None, "-0.01"),
            ("FUNDING_FEE:77", Some(FlowKind::Funding), "0.25"),
            ("WELCOME_BONUS:1", Some(FlowKind::Other), "5"),
        ];
        assert_eq!(told, expected.map(|(id, kind, amount)| (id.to_owned(), kind, amount.to_owned())));
        for bad in ["{}", r#"[{"incomeType":"TRANSFER"}]"#, r#"[{"incomeType":"X","income":1,"asset":"A","time":1,"tranId":1}]"#]
        {
            assert!(incomes(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
