//! What the REST interface answers about the account: balances, positions, position mode, listen key, prices.

use serde::Deserialize;

use super::orders::Decimal;
use crate::market::{Money, Price, Qty};
use crate::venue::binance::wire::rest::read;
use crate::venue::wire_error::WireError;

/// An asset of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceRow {
    /// Its code.
    pub asset: String,
    /// Free to use. On futures, the whole wallet balance: margin is a claim on it, not a part of it.
    pub free: Money,
    /// Held by open orders.
    pub locked: Money,
}

impl BalanceRow {
    /// Free and locked together; what is too large to add up is the most there is.
    pub fn total(&self) -> Money {
        self.free.checked_add(self.locked).unwrap_or(Money::MAX)
    }
}

/// The spot account (`GET /api/v3/account`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpotAccount {
    /// Whether orders are allowed.
    pub can_trade: bool,
    /// Every asset, those of 0 too.
    pub balances: Vec<BalanceRow>,
}

/// Reads the spot account.
///
/// # Errors
/// When it is not one.
pub fn spot_account(bytes: &[u8]) -> Result<SpotAccount, WireError> {
    #[derive(Deserialize)]
    struct Row {
        asset: String,
        free: Decimal<Money>,
        locked: Decimal<Money>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        can_trade: bool,
        balances: Vec<Row>,
    }
    let body: Body = read("an account", bytes)?;
    let row = |row: Row| BalanceRow { asset: row.asset, free: row.free.0, locked: row.locked.0 };
    Ok(SpotAccount { can_trade: body.can_trade, balances: body.balances.into_iter().map(row).collect() })
}

/// Reads the wallet balances of futures (`GET /fapi/v3/balance`).
///
/// # Errors
/// When it is not that.
pub fn futures_balances(bytes: &[u8]) -> Result<Vec<BalanceRow>, WireError> {
    #[derive(Deserialize)]
    struct Row {
        asset: String,
        balance: Decimal<Money>,
    }
    let rows: Vec<Row> = read("a list of balances", bytes)?;
    Ok(rows.into_iter().map(|row| BalanceRow { asset: row.asset, free: row.balance.0, locked: Money::ZERO }).collect())
}

/// A position of the futures account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionRow {
    /// Upper case.
    pub symbol: String,
    /// `BOTH` in one-way mode.
    pub position_side: String,
    /// How much; below 0 is short.
    pub qty: Qty,
    /// Average price of entry, cut to 1e-8: the venue may tell more digits.
    pub entry: Price,
    /// What is set aside for it, with isolated margin.
    pub isolated: Option<Money>,
}

/// Reads the positions of futures (`GET /fapi/v3/positionRisk`): only symbols with a position or an order.
///
/// # Errors
/// When it is not that.
pub fn positions(bytes: &[u8]) -> Result<Vec<PositionRow>, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row {
        symbol: String,
        position_side: String,
        position_amt: Decimal<Qty>,
        entry_price: String,
        #[serde(default)]
        isolated_wallet: Option<String>,
    }
    const WHAT: &str = "a list of positions";
    let rows: Vec<Row> = read(WHAT, bytes)?;
    let row = |row: Row| {
        let entry = cut(&row.entry_price).parse();
        Ok(PositionRow {
            symbol: row.symbol,
            position_side: row.position_side,
            qty: row.position_amt.0,
            entry: entry.map_err(|error| WireError::Number { what: WHAT, field: "entryPrice", error })?,
            // 0 with cross margin.
            isolated: row.isolated_wallet.and_then(|text| cut(&text).parse().ok()).filter(|wallet: &Money| !wallet.is_zero()),
        })
    };
    rows.into_iter().map(row).collect()
}

/// A decimal text without what stands behind its eighth decimal.
pub(super) fn cut(text: &str) -> &str {
    match text.split_once('.') {
        // By characters: a cut inside one would panic.
        Some((whole, decimals)) if decimals.is_ascii() && decimals.len() > 8 => &text[..whole.len() + 9],
        _ => text,
    }
}

/// Reads whether the futures account is in hedge mode (`GET /fapi/v1/positionSide/dual`).
///
/// # Errors
/// When it does not say.
pub fn is_hedged(bytes: &[u8]) -> Result<bool, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        dual_side_position: bool,
    }
    read::<Body>("a position mode", bytes).map(|body| body.dual_side_position)
}

/// Reads whether a key may withdraw (`GET /sapi/v1/account/apiRestrictions`).
///
/// # Errors
/// When it does not say.
pub fn may_withdraw(bytes: &[u8]) -> Result<bool, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        enable_withdrawals: bool,
    }
    read::<Body>("the restrictions of a key", bytes).map(|body| body.enable_withdrawals)
}

/// Reads a listen key (`POST /fapi/v1/listenKey`). It opens our account's stream: it is a secret.
///
/// # Errors
/// When there is none; the error does not quote the answer.
pub fn listen_key(bytes: &[u8]) -> Result<String, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        listen_key: String,
    }
    const WHAT: &str = "a listen key";
    let missing = WireError::Missing { what: WHAT, field: "listenKey", expected: "letters and digits" };
    let key = serde_json::from_slice::<Body>(bytes).map_err(|_| missing.clone())?.listen_key;
    let plain = !key.is_empty() && key.len() <= 256 && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain { Ok(key) } else { Err(missing) }
}

/// Reads last prices (`GET /api/v3/ticker/price?symbols=[…]`).
///
/// # Errors
/// When it is not that.
pub fn prices(bytes: &[u8]) -> Result<Vec<(String, Price)>, WireError> {
    #[derive(Deserialize)]
    struct Row {
        symbol: String,
        price: Decimal<Price>,
    }
    let rows: Vec<Row> = read("a list of prices", bytes)?;
    Ok(rows.into_iter().map(|row| (row.symbol, row.price.0)).collect())
}
