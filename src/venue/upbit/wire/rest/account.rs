//! What we have, and what we may order: [`AskAccounts`], [`AskChance`].

use super::super::WireError;
use super::super::code::MarketCode;
use super::super::field::record;
use super::super::number::Number;
use super::limits::Group;
use super::{Call, Method, Parameters, Request, rows};

record! {
    /// What we have of a currency.
    "an account of /v1/accounts" Account {
        /// Which.
        currency: String = "currency",
        /// What is free.
        balance: Number = "balance",
        /// What is set aside for orders.
        locked: Number = "locked",
        /// Average price paid, in `unit`.
        average_price: Number = "avg_buy_price",
        /// Whether a person changed that price.
        average_modified: bool = "avg_buy_price_modified",
        /// What the average price is in.
        unit: String = "unit_currency",
    }
}

/// `/v1/accounts`: everything we have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskAccounts;

impl Request for AskAccounts {
    type Answer = Vec<Account>;

    fn call(&self) -> Call {
        Call { method: Method::Get, path: "/v1/accounts", parameters: Parameters::new(), group: Group::Default, signed: true }
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        rows("/v1/accounts", body, Account::parse)
    }
}

record! {
    /// One side of a market.
    "a side of /v1/orders/chance" ChanceSide {
        /// What is paid with.
        currency: String = "currency",
        /// The smallest order, in the quote currency.
        min_total: Number = "min_total",
    }
}

record! {
    /// The market of an answer.
    "market of /v1/orders/chance" ChanceMarket {
        /// Code.
        code: MarketCode = "id",
        /// Which sides may be ordered: `ask`, `bid`.
        sides: Vec<String> = "order_sides",
        /// Kinds of buys: `limit`, `price`, `best_ioc` …
        bid_types: Option<Vec<String>> = "bid_types",
        /// Kinds of sells.
        ask_types: Option<Vec<String>> = "ask_types",
        /// Buying.
        bid: ChanceSide = "bid",
        /// Selling.
        ask: ChanceSide = "ask",
        /// The largest order, in the quote currency.
        max_total: Number = "max_total",
        /// `active`, or not.
        state: String = "state",
    }
}

record! {
    /// What may be ordered in a market, and what it costs: the authority on fees and minimums.
    "/v1/orders/chance" Chance {
        /// Fee of a buy that takes, as a share.
        bid_fee: Number = "bid_fee",
        /// Fee of a sell that takes.
        ask_fee: Number = "ask_fee",
        /// Fee of a buy that rested.
        maker_bid_fee: Number = "maker_bid_fee",
        /// Fee of a sell that rested.
        maker_ask_fee: Number = "maker_ask_fee",
        /// The market.
        market: ChanceMarket = "market",
        /// What we have to pay with.
        bid_account: Account = "bid_account",
        /// What we have to sell.
        ask_account: Account = "ask_account",
    }
}

/// `/v1/orders/chance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskChance {
    /// Of which market.
    pub market: MarketCode,
}

impl Request for AskChance {
    type Answer = Chance;

    fn call(&self) -> Call {
        let parameters = Parameters::new().with("market", self.market);
        Call { method: Method::Get, path: "/v1/orders/chance", parameters, group: Group::Default, signed: true }
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        Chance::parse(body)
    }
}
