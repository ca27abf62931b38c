//! What this program says on the WebSocket: [`login`], registrations, condition searches. Each is the text of one frame.
//!
//! PING has no function here: it is sent back as it came.

use serde::Serialize;

/// What can be registered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RealType {
    /// `00`: reports of our orders, whatever the items.
    Orders,
    /// `04`: our holdings, whatever the items.
    Holdings,
    /// `0B`: trades.
    Trades,
    /// `0C`: best prices.
    Best,
    /// `0D`: the book.
    Book,
    /// `0s`: sessions, whatever the items.
    Sessions,
    /// `1h`: volatility interruptions; a blank item is the whole market.
    Interruptions,
}

impl RealType {
    /// Every type.
    pub const ALL: [RealType; 7] = [
        RealType::Orders,
        RealType::Holdings,
        RealType::Trades,
        RealType::Best,
        RealType::Book,
        RealType::Sessions,
        RealType::Interruptions,
    ];

    /// As the wire names it.
    pub const fn name(self) -> &'static str {
        match self {
            RealType::Orders => "00",
            RealType::Holdings => "04",
            RealType::Trades => "0B",
            RealType::Best => "0C",
            RealType::Book => "0D",
            RealType::Sessions => "0s",
            RealType::Interruptions => "1h",
        }
    }
}

/// Most items of one group; how many a connection takes in all is not known.
pub const GROUP_ITEMS_MAX: usize = 100;

/// The first frame of a connection. The token is a secret: this text is for the socket alone.
pub fn login(token: &str) -> String {
    #[derive(Serialize)]
    struct Login<'a> {
        trnm: &'static str,
        token: &'a str,
    }
    written(&Login { trnm: "LOGIN", token })
}

#[derive(Serialize)]
struct Registration<'a> {
    trnm: &'static str,
    grp_no: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<&'static str>,
    data: [Items<'a>; 1],
}

#[derive(Serialize)]
struct Items<'a> {
    item: &'a [&'a str],
    #[serde(rename = "type")]
    kind: Vec<&'static str>,
}

/// Registers every item for every type, in a group of ours (up to 9999). `keep`: what was registered before stays.
///
/// No items at all are written as one blank item, which is what types without items want.
pub fn register(group: u16, keep: bool, items: &[&str], types: &[RealType]) -> String {
    let refresh = Some(if keep { "1" } else { "0" });
    registration("REG", group, refresh, items, types)
}

/// Ends registrations of a group.
pub fn remove(group: u16, items: &[&str], types: &[RealType]) -> String {
    registration("REMOVE", group, None, items, types)
}

fn registration(trnm: &'static str, group: u16, refresh: Option<&'static str>, items: &[&str], types: &[RealType]) -> String {
    let item = if items.is_empty() { &[""][..] } else { items };
    let kind = types.iter().map(|kind| kind.name()).collect();
    written(&Registration { trnm, grp_no: group.min(9_999).to_string(), refresh, data: [Items { item, kind }] })
}

#[derive(Serialize)]
struct Search {
    trnm: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stex_tp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cont_yn: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_key: Option<String>,
}

const SEARCH: Search = Search { trnm: "CNSRREQ", seq: None, search_type: None, stex_tp: None, cont_yn: None, next_key: None };

/// Asks for the conditions there are. To be sent before any watch of the same connection.
pub fn condition_list() -> String {
    written(&Search { trnm: "CNSRLST", ..SEARCH })
}

/// Searches once; `next_key` goes on where an answer ended.
pub fn condition_once(condition: u32, next_key: Option<&str>) -> String {
    written(&Search {
        seq: Some(condition.to_string()),
        search_type: Some("0"),
        stex_tp: Some("K"),
        cont_yn: Some(if next_key.is_some() { "Y" } else { "N" }),
        next_key: Some(next_key.unwrap_or("").to_owned()),
        ..SEARCH
    })
}

/// Begins to watch a condition: what meets it now is answered, what enters and leaves is pushed. At most ten a login.
pub fn condition_watch(condition: u32) -> String {
    written(&Search { seq: Some(condition.to_string()), search_type: Some("1"), stex_tp: Some("K"), ..SEARCH })
}

/// Ends a watch.
pub fn condition_clear(condition: u32) -> String {
    written(&Search { trnm: "CNSRCLR", seq: Some(condition.to_string()), ..SEARCH })
}

/// Structs of strings are always writable.
pub(super) fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("strings and lists are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_the_fact_sheet() {
        assert_eq!(login("<token>"), r#"{"trnm":"LOGIN","token":"<token>"}"#);
        assert_eq!(
            register(1, true, &["005930", "000660"], &[RealType::Trades, RealType::Book]),
            r#"{"trnm":"REG","grp_no":"1","refresh":"1","data":[{"item":["005930","000660"],"type":["0B","0D"]}]}"#
        );
        assert_eq!(
            remove(1, &["005930"], &[RealType::Trades]),
            r#"{"trnm":"REMOVE","grp_no":"1","data":[{"item":["005930"],"type":["0B"]}]}"#
        );
        assert_eq!(
            register(2, false, &[], &[RealType::Orders]),
            r#"{"trnm":"REG","grp_no":"2","refresh":"0","data":[{"item":[""],"type":["00"]}]}"#
        );
        assert_eq!(condition_list(), r#"{"trnm":"CNSRLST"}"#);
        assert_eq!(
            condition_once(1, None),
            r#"{"trnm":"CNSRREQ","seq":"1","search_type":"0","stex_tp":"K","cont_yn":"N","next_key":""}"#
        );
        assert!(condition_once(1, Some("k2")).ends_with(r#""cont_yn":"Y","next_key":"k2"}"#));
        assert_eq!(condition_watch(1), r#"{"trnm":"CNSRREQ","seq":"1","search_type":"1","stex_tp":"K"}"#);
        assert_eq!(condition_clear(1), r#"{"trnm":"CNSRCLR","seq":"1"}"#);
    }
}
