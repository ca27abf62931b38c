//! What may be asked how often: [`Group`], and what the venue says is left ([`Remaining`]). Limits are per second; there are no
//! others.

/// Requests that are counted together. Source: fact sheet U5, as of 2026-08-21.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// `/v1/market/all`, `/v1/orderbook/instruments`.
    Market,
    /// `/v1/candles/…`.
    Candle,
    /// `/v1/trades/ticks`.
    Trade,
    /// `/v1/ticker`.
    Ticker,
    /// `/v1/orderbook`.
    Orderbook,
    /// Accounts, queries, cancels.
    Default,
    /// Placing, and cancel-and-new.
    Order,
    /// Dry runs of placing.
    OrderTest,
    /// Cancelling all.
    OrderCancelAll,
    /// Making a connection.
    WebsocketConnect,
    /// Sending on a connection.
    WebsocketMessage,
}

impl Group {
    /// Every group.
    pub const ALL: [Group; 11] = [
        Group::Market,
        Group::Candle,
        Group::Trade,
        Group::Ticker,
        Group::Orderbook,
        Group::Default,
        Group::Order,
        Group::OrderTest,
        Group::OrderCancelAll,
        Group::WebsocketConnect,
        Group::WebsocketMessage,
    ];

    /// As `Remaining-Req` names it.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Market => "market",
            Group::Candle => "candles",
            Group::Trade => "crix-trades",
            Group::Ticker => "ticker",
            Group::Orderbook => "orderbook",
            Group::Default => "default",
            Group::Order => "order",
            Group::OrderTest => "order-test",
            Group::OrderCancelAll => "order-cancel-all",
            Group::WebsocketConnect => "websocket-connect",
            Group::WebsocketMessage => "websocket-message",
        }
    }

    /// So many requests within so many milliseconds.
    pub const fn limit(self) -> (u32, u64) {
        match self {
            Group::Market | Group::Candle | Group::Trade | Group::Ticker | Group::Orderbook => (10, 1_000),
            Group::Default => (30, 1_000),
            Group::Order => (12, 1_000),
            // 8 until August 2026; whether it moved with the orders is not known, so the smaller one.
            Group::OrderTest => (8, 1_000),
            Group::OrderCancelAll => (1, 2_000),
            Group::WebsocketConnect | Group::WebsocketMessage => (5, 1_000),
        }
    }
}

/// What is left of a group's limit: the header `Remaining-Req: group=default; min=1800; sec=29`. `min` is a constant without
/// meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// The group, as the venue names it.
    pub group: String,
    /// Requests left in this second.
    pub second: u32,
}

impl Remaining {
    /// The name of the header.
    pub const HEADER: &'static str = "Remaining-Req";

    /// Reads the header; `None` when it is something else.
    pub fn parse(text: &str) -> Option<Remaining> {
        let (mut group, mut second) = (None, None);
        for part in text.split(';') {
            let (name, value) = part.split_once('=')?;
            match name.trim() {
                "group" => group = Some(value.trim().to_owned()),
                "sec" => second = value.trim().parse().ok(),
                _ => {}
            }
        }
        Some(Remaining { group: group.filter(|group| !group.is_empty())?, second: second? })
    }

    /// As the venue writes it.
    pub fn text(&self) -> String {
        format!("group={}; min=1800; sec={}", self.group, self.second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_and_written() {
        let expected = Remaining { group: "default".into(), second: 29 };
        assert_eq!(expected.text(), "group=default; min=1800; sec=29");
        assert_eq!(Remaining::parse(&expected.text()), Some(expected.clone()));
        assert_eq!(Remaining::parse("sec=29;group=default"), Some(expected));
        for bad in ["", "group=default", "sec=1", "group=; sec=1", "group=a; sec=-1", "group=a; sec=x", "a; sec=1; group=b"] {
            assert_eq!(Remaining::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_group_has_a_name_of_its_own() {
        for group in Group::ALL {
            assert_eq!(Group::ALL.iter().filter(|other| other.name() == group.name()).count(), 1, "{group:?}");
            assert!(group.limit().0 > 0 && group.limit().1 >= 1_000);
        }
    }
}
