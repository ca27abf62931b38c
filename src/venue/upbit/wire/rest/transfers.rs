//! Deposits and withdrawals: [`AskTransfers`].
//!
//! Source: docs.upbit.com, "입금 목록 조회" and "출금 목록 조회": both want a right of their own of the key (입금조회, 출금조회), give the
//! newest first by their creation, and at most 100 a page.

use jangbu_journal::Nanos;

use super::super::WireError;
use super::super::field::record;
use super::super::number::Number;
use super::limits::Group;
use super::{Call, Method, Parameters, Request, rows};

record! {
    /// A deposit or a withdrawal.
    "a deposit or a withdrawal" Transfer {
        /// `deposit` or `withdraw`.
        kind: String = "type",
        /// The venue's id.
        uuid: String = "uuid",
        /// Of what.
        currency: String = "currency",
        /// Where it stands; it has moved cash when it is `ACCEPTED` (deposits) or `DONE` (withdrawals).
        state: String = "state",
        /// When it was asked for.
        created: Nanos = "created_at",
        /// When it was done; none before.
        done: Option<Nanos> = "done_at",
        /// How much came or went.
        amount: Number = "amount",
        /// What that cost, beside the amount of a withdrawal. That it is beside it the documents do not say.
        fee: Number = "fee",
    }
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Deposits.
    In,
    /// Withdrawals.
    Out,
}

/// `/v1/deposits`, `/v1/withdraws`: those that are done, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskTransfers {
    /// Which way.
    pub way: Way,
    /// Page, from 1.
    pub page: u32,
    /// Rows of a page, at most 100.
    pub limit: u32,
}

impl Request for AskTransfers {
    type Answer = Vec<Transfer>;

    fn call(&self) -> Call {
        let (path, state) = match self.way {
            Way::In => ("/v1/deposits", "ACCEPTED"),
            Way::Out => ("/v1/withdraws", "DONE"),
        };
        let parameters = Parameters::new().with("state", state).with("limit", self.limit).with("page", self.page);
        Call { method: Method::Get, path, parameters: parameters.with("order_by", "desc"), group: Group::Default, signed: true }
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        rows("/v1/deposits, /v1/withdraws", body, Transfer::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        let body = r#"[{"type":"withdraw","uuid":"35a4f1dc-0000-4d6b-89b5-7ec137875956","currency":"XRP","net_type":"XRP","txid":"98c1",
            "state":"DONE","created_at":"2026-11-20T15:17:51+09:00","done_at":"2026-11-20T15:22:12+09:00","amount":"1.5","fee":"0.4",
            "transaction_type":"default","is_cancelable":false},
            {"type":"deposit","uuid":"x","currency":"KRW","state":"ACCEPTED","created_at":"2026-11-20T15:17:51+09:00","done_at":null,
            "amount":"100000","fee":"0.0"}]"#;
        let rows = AskTransfers::read(body).expect("a list");
        let told: Vec<_> = rows.iter().map(|row| (row.currency.as_str(), row.state.as_str(), row.done.is_some())).collect();
        assert_eq!(told, [("XRP", "DONE", true), ("KRW", "ACCEPTED", false)]);
        assert_eq!(rows[0].done.map(|done| done.since(rows[0].created)), Some(261_000_000_000));
        assert!(AskTransfers::read(r#"[{"type":"deposit"}]"#).is_err());
        let call = AskTransfers { way: Way::Out, page: 2, limit: 100 }.call();
        assert_eq!((call.path, call.parameters.text().as_str()), ("/v1/withdraws", "state=DONE&limit=100&page=2&order_by=desc"));
    }
}
