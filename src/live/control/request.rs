//! What can be said to a session, and what it answers: [`Request`], [`Reply`]. One JSON object a line, each way.

use serde::{Deserialize, Serialize};

use crate::effect::{Notice, Severity};
use crate::live::advice;
use crate::market::Side;

/// What an operator says. Numbers are decimal text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Place an order.
    Order {
        /// `Buy` or `Sell`.
        side: Side,
        /// `SYMBOL` or `venue:SYMBOL`.
        symbol: String,
        /// How much.
        qty: String,
        /// Its limit; none is a market order.
        #[serde(default)]
        limit: Option<String>,
        /// `gtc`, `ioc`, `fok` or `post-only`; none is `gtc`.
        #[serde(default)]
        time_in_force: Option<String>,
        /// Confirms that it is for real money, where it is.
        #[serde(default)]
        real: bool,
    },
    /// Cancel an order, by its id.
    Cancel {
        /// `J3-18211-0`.
        order: String,
    },
    /// Cancel every open order.
    CancelAll,
    /// Change an open order.
    Amend {
        /// `J3-18211-0`.
        order: String,
        /// The new limit; none leaves it.
        #[serde(default)]
        price: Option<String>,
        /// The new total, filled and open; none leaves it.
        #[serde(default)]
        qty: Option<String>,
        /// Confirms that it is for real money, where it is.
        #[serde(default)]
        real: bool,
    },
    /// Cancel everything and refuse every new order, also after a restart.
    Kill {
        /// Why.
        reason: String,
    },
    /// End a kill.
    Resume,
    /// Cancel everything, close every position.
    Liquidate,
    /// Whether strategies may place orders.
    AutoTrade {
        /// They may.
        on: bool,
    },
    /// A strategy text, loaded or edited.
    Text {
        /// The name strategies use it by.
        name: String,
        /// The text.
        text: String,
    },
    /// A parameter of a strategy, or a limit of `risk`.
    Set {
        /// A strategy's name or its number, or `risk`.
        strategy: String,
        /// Which parameter.
        key: String,
        /// Its new value.
        value: String,
    },
    /// A settings file, read again.
    Reload {
        /// What errors call it.
        name: String,
        /// Its text.
        text: String,
        /// Only say what would change.
        #[serde(default)]
        check: bool,
    },
    /// Log in again where the key logged in elsewhere.
    Reconnect {
        /// Where.
        venue: String,
    },
    /// How the session stands: orders, positions, strategies, kill switch.
    Status,
}

/// What a session answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether it was done.
    pub ok: bool,
    /// For people, Korean and English.
    pub text: String,
    /// The command's event in the journal; none when nothing was journaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The order that was placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// What the kernel told on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Told>,
    /// Settings that changed, or would.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// How the session stands, when that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<serde_json::Value>,
}

impl Reply {
    /// Refused; nothing was journaled.
    pub fn refused(text: impl Into<String>) -> Self {
        Reply { text: text.into(), ..Reply::default() }
    }

    /// Done, without an event.
    pub fn done(text: impl Into<String>) -> Self {
        Reply { ok: true, text: text.into(), ..Reply::default() }
    }
}

/// A notice of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// How loud.
    pub severity: Severity,
    /// A stable name of the cause, like `risk.price_band`.
    pub code: String,
    /// What happened, and what to do.
    pub text: String,
}

impl From<&Notice> for Told {
    fn from(notice: &Notice) -> Self {
        Told { severity: notice.severity, code: notice.code.clone(), text: advice::line(notice) }
    }
}

/// A setting that changed, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which, like `risk.order_qty_max` or `strategy.0.auto-trader.conditions`.
    pub key: String,
    /// What it was; empty is nothing.
    pub from: String,
    /// What it is, or would be.
    pub to: String,
    /// It is only read when a session starts.
    pub needs_restart: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_what_they_say_and_nothing_else() {
        let read = |text: &str| serde_json::from_str::<Request>(text);
        let order = read(r#"{"say":"order","side":"Buy","symbol":"005930","qty":"1","limit":"70000"}"#).expect("an order");
        assert!(matches!(&order, Request::Order { limit: Some(limit), real: false, .. } if limit == "70000"), "{order:?}");
        assert_eq!(read(r#"{"say":"cancel-all"}"#).ok(), Some(Request::CancelAll));
        let back = serde_json::to_string(&order).expect("JSON");
        assert_eq!(read(&back).ok(), Some(order));
        for bad in ["", "{}", r#"{"say":"dance"}"#, r#"{"say":"kill"}"#, r#"{"say":"kill","reason":"a","b":1}"#, "[]", "7"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
