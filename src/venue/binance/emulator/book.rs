//! The emulator's own order books: what `/depth` is answered from.
//!
//! A book is kept by the documented local-book procedure from the same frames that the clients get, so that the ids of an
//! answer always fit the stream. Before its snapshot has been reached, diffs are kept aside. After a gap in the source
//! the book waits for the next snapshot.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;

use super::config::MarketKind;

/// The books of one market, by upper-case symbol.
#[derive(Debug, Default)]
pub(super) struct Books {
    books: BTreeMap<Arc<str>, Book>,
}

impl Books {
    /// Makes sure there is a book for the symbol.
    pub(super) fn add(&mut self, symbol: &str) {
        if !self.books.contains_key(symbol) {
            self.books.insert(symbol.into(), Book::default());
        }
    }

    /// Applies the data of a depth diff; returns its event time in milliseconds.
    pub(super) fn on_diff(&mut self, kind: MarketKind, data: &str) -> Result<i64, serde_json::Error> {
        let diff: Diff<'_> = serde_json::from_str(data)?;
        let event_ms = diff.event_ms;
        if !self.books.contains_key(diff.symbol) {
            self.books.insert(diff.symbol.into(), Book::default());
        }
        if let Some(book) = self.books.get_mut(diff.symbol) {
            book.on_diff(kind, diff);
        }
        Ok(event_ms)
    }

    /// Seeds a book from a snapshot; returns the symbol it was for, or `None` when it fits no book.
    ///
    /// A tape's snapshot does not name its symbol: it belongs to the only book, or to the one whose diffs it bridges.
    pub(super) fn on_snapshot(
        &mut self,
        kind: MarketKind,
        symbol: Option<&str>,
        text: &str,
    ) -> Result<Option<Arc<str>>, serde_json::Error> {
        let snapshot: Snapshot<'_> = serde_json::from_str(text)?;
        let named = symbol.map(str::to_owned).or_else(|| self.owner_of(snapshot.last_update_id));
        let Some((symbol, book)) = named.and_then(|symbol| {
            let key = self.books.get_key_value(symbol.as_str())?.0.clone();
            Some((key.clone(), self.books.get_mut(&key)?))
        }) else {
            return Ok(None);
        };
        book.seed(kind, &snapshot, text);
        Ok(Some(symbol))
    }

    /// Whether it knows the symbol.
    pub(super) fn knows(&self, symbol: &str) -> bool {
        self.books.contains_key(symbol)
    }

    /// The symbols, in order.
    pub(super) fn symbols(&self) -> impl Iterator<Item = &str> {
        self.books.keys().map(AsRef::as_ref)
    }

    /// The REST answer for a symbol, or `None` while its book cannot be built.
    pub(super) fn answer(&self, kind: MarketKind, symbol: &str, limit: usize) -> Option<String> {
        self.books.get(symbol)?.answer(kind, limit)
    }

    fn owner_of(&self, last_update_id: u64) -> Option<String> {
        if self.books.len() == 1 {
            return self.books.keys().next().map(|symbol| symbol.to_string());
        }
        let bridged = |book: &Book| book.first_id <= last_update_id.saturating_add(1) && last_update_id <= book.last_id;
        self.books.iter().find(|(_, book)| book.state == State::Waiting && bridged(book)).map(|(symbol, _)| symbol.to_string())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// No snapshot yet: diffs are kept aside.
    #[default]
    Waiting,
    Built,
}

/// One symbol's book.
#[derive(Debug, Default)]
struct Book {
    state: State,
    /// Seeded, and no diff applied since.
    fresh: bool,
    /// First id of the diffs kept aside.
    first_id: u64,
    /// Last id applied, or kept aside while waiting.
    last_id: u64,
    event_ms: i64,
    transaction_ms: i64,
    bids: BTreeMap<u128, Level>,
    asks: BTreeMap<u128, Level>,
    kept: Vec<KeptDiff>,
    /// The recorded answer, for as long as the book is exactly where it was taken.
    recorded: Option<Recorded>,
}

#[derive(Debug)]
struct Recorded {
    text: String,
    levels: usize,
}

/// A price level, with its numbers as the venue wrote them.
#[derive(Debug, Clone)]
struct Level {
    price: Box<str>,
    quantity: Box<str>,
}

#[derive(Debug)]
struct KeptDiff {
    first_id: u64,
    last_id: u64,
    previous_id: Option<u64>,
    event_ms: i64,
    transaction_ms: i64,
    bids: Vec<(u128, Level)>,
    asks: Vec<(u128, Level)>,
}

#[derive(Deserialize)]
struct Diff<'a> {
    #[serde(rename = "s")]
    symbol: &'a str,
    #[serde(rename = "E")]
    event_ms: i64,
    #[serde(rename = "T", default)]
    transaction_ms: i64,
    #[serde(rename = "U")]
    first_id: u64,
    #[serde(rename = "u")]
    last_id: u64,
    #[serde(rename = "pu", default)]
    previous_id: Option<u64>,
    #[serde(rename = "b", borrow)]
    bids: Vec<[&'a str; 2]>,
    #[serde(rename = "a", borrow)]
    asks: Vec<[&'a str; 2]>,
}

#[derive(Deserialize)]
struct Snapshot<'a> {
    #[serde(rename = "lastUpdateId")]
    last_update_id: u64,
    #[serde(rename = "E", default)]
    event_ms: i64,
    #[serde(rename = "T", default)]
    transaction_ms: i64,
    #[serde(borrow)]
    bids: Vec<[&'a str; 2]>,
    #[serde(borrow)]
    asks: Vec<[&'a str; 2]>,
}

impl Book {
    fn on_diff(&mut self, kind: MarketKind, diff: Diff<'_>) {
        let diff = KeptDiff {
            first_id: diff.first_id,
            last_id: diff.last_id,
            previous_id: diff.previous_id,
            event_ms: diff.event_ms,
            transaction_ms: diff.transaction_ms,
            bids: levels(&diff.bids),
            asks: levels(&diff.asks),
        };
        self.on_parsed(kind, diff);
    }

    fn on_parsed(&mut self, kind: MarketKind, diff: KeptDiff) {
        match self.state {
            State::Built => self.apply_or_wait(kind, diff),
            State::Waiting => self.keep(diff),
        }
    }

    fn apply_or_wait(&mut self, kind: MarketKind, diff: KeptDiff) {
        let fits = if self.fresh { self.bridges(kind, &diff) } else { self.follows(kind, &diff) };
        if fits {
            self.apply(diff);
        } else if diff.last_id > self.last_id {
            self.state = State::Waiting;
            self.recorded = None;
            self.keep(diff);
        }
    }

    fn follows(&self, kind: MarketKind, diff: &KeptDiff) -> bool {
        match kind {
            MarketKind::Spot => diff.first_id <= self.last_id.saturating_add(1) && diff.last_id > self.last_id,
            MarketKind::UsdM => diff.previous_id == Some(self.last_id),
        }
    }

    /// The first diff behind a snapshot contains the snapshot's id, or follows it.
    fn bridges(&self, kind: MarketKind, diff: &KeptDiff) -> bool {
        diff.first_id <= self.last_id && self.last_id <= diff.last_id || self.follows(kind, diff)
    }

    fn keep(&mut self, diff: KeptDiff) {
        if self.kept.len() >= KEPT_DIFFS_MAX {
            self.kept.clear();
        }
        if self.kept.is_empty() {
            self.first_id = diff.first_id;
        }
        self.last_id = diff.last_id;
        self.kept.push(diff);
    }

    fn seed(&mut self, kind: MarketKind, snapshot: &Snapshot<'_>, text: &str) {
        self.bids = levels(&snapshot.bids).into_iter().collect();
        self.asks = levels(&snapshot.asks).into_iter().collect();
        self.last_id = snapshot.last_update_id;
        self.event_ms = snapshot.event_ms;
        self.transaction_ms = snapshot.transaction_ms;
        self.state = State::Built;
        self.fresh = true;
        for diff in std::mem::take(&mut self.kept) {
            self.on_parsed(kind, diff);
        }
        let levels = snapshot.bids.len().max(snapshot.asks.len());
        self.recorded = (self.state == State::Built).then(|| Recorded { text: text.to_owned(), levels });
    }

    fn apply(&mut self, diff: KeptDiff) {
        self.recorded = None;
        self.fresh = false;
        self.last_id = diff.last_id;
        self.event_ms = diff.event_ms;
        self.transaction_ms = diff.transaction_ms;
        set_levels(&mut self.bids, diff.bids);
        set_levels(&mut self.asks, diff.asks);
    }

    fn answer(&self, kind: MarketKind, limit: usize) -> Option<String> {
        if self.state == State::Waiting {
            return None;
        }
        if let Some(recorded) = self.recorded.as_ref().filter(|recorded| recorded.levels <= limit) {
            return Some(recorded.text.clone());
        }
        let mut text = format!("{{\"lastUpdateId\":{}", self.last_id);
        if kind == MarketKind::UsdM {
            let _ = write!(text, ",\"E\":{},\"T\":{}", self.event_ms, self.transaction_ms);
        }
        text.push_str(",\"bids\":");
        push_levels(&mut text, self.bids.values().rev().take(limit));
        text.push_str(",\"asks\":");
        push_levels(&mut text, self.asks.values().take(limit));
        text.push('}');
        Some(text)
    }
}

fn levels(pairs: &[[&str; 2]]) -> Vec<(u128, Level)> {
    let level =
        |[price, quantity]: &[&str; 2]| Some((decimal(price)?, Level { price: (*price).into(), quantity: (*quantity).into() }));
    pairs.iter().filter_map(level).collect()
}

fn set_levels(side: &mut BTreeMap<u128, Level>, levels: Vec<(u128, Level)>) {
    for (key, level) in levels {
        if decimal(&level.quantity) == Some(0) {
            side.remove(&key);
        } else {
            side.insert(key, level);
        }
    }
}

fn push_levels<'a>(text: &mut String, levels: impl Iterator<Item = &'a Level>) {
    text.push('[');
    for (index, level) in levels.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(text, "{comma}[\"{}\",\"{}\"]", level.price, level.quantity);
    }
    text.push(']');
}

/// A decimal text as an integer at 1e-18, so that texts of different lengths compare; `None` when it is not one.
fn decimal(text: &str) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > DECIMALS || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u128 = whole.parse().ok()?;
    let parsed: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let missing = u32::try_from(DECIMALS - fraction.len()).ok()?;
    whole.checked_mul(10u128.pow(DECIMALS as u32))?.checked_add(parsed * 10u128.pow(missing))
}

const DECIMALS: usize = 18;
/// 10,000 diffs are 1,000 s of a 100 ms stream: no recorder waits longer for its snapshot.
const KEPT_DIFFS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn spot_diff(first: u64, last: u64, bids: &str, asks: &str) -> String {
        format!("{{\"e\":\"depthUpdate\",\"E\":7,\"s\":\"BTCUSDT\",\"U\":{first},\"u\":{last},\"b\":{bids},\"a\":{asks}}}")
    }

    fn usdm_diff(first: u64, last: u64, previous: u64, bids: &str) -> String {
        format!("{{\"E\":7,\"T\":6,\"s\":\"BTCUSDT\",\"U\":{first},\"u\":{last},\"pu\":{previous},\"b\":{bids},\"a\":[]}}")
    }

    const SNAPSHOT: &str = r#"{"lastUpdateId":10,"bids":[["99.00","1"],["98.00","2"]],"asks":[["101.00","3"]]}"#;

    #[test]
    fn diffs_before_the_snapshot_are_kept_and_bridged() {
        let mut books = Books::default();
        for (first, last) in [(1, 5), (6, 12), (13, 14)] {
            books.on_diff(MarketKind::Spot, &spot_diff(first, last, r#"[["99.00","0.0"],["97.5","4"]]"#, "[]")).expect("a diff");
        }
        assert_eq!(books.answer(MarketKind::Spot, "BTCUSDT", 100), None, "no snapshot, no answer");
        let owner = books.on_snapshot(MarketKind::Spot, None, SNAPSHOT).expect("a snapshot");
        assert_eq!(owner.as_deref(), Some("BTCUSDT"));
        assert_eq!(books.answer(MarketKind::Spot, "BTCUSDT", 100).as_deref(), Some(SNAPSHOT), "as recorded, at its place");
        books.on_diff(MarketKind::Spot, &spot_diff(15, 15, "[]", "[]")).expect("a diff");
        assert_eq!(
            books.answer(MarketKind::Spot, "BTCUSDT", 100).as_deref(),
            Some(r#"{"lastUpdateId":15,"bids":[["98.00","2"],["97.5","4"]],"asks":[["101.00","3"]]}"#),
        );
        assert_eq!(
            books.answer(MarketKind::Spot, "BTCUSDT", 1).as_deref(),
            Some(r#"{"lastUpdateId":15,"bids":[["98.00","2"]],"asks":[["101.00","3"]]}"#),
        );
    }

    #[test]
    fn where_the_snapshot_was_taken_it_is_answered_as_recorded() {
        let mut books = Books::default();
        books.add("BTCUSDT");
        books.on_snapshot(MarketKind::Spot, None, SNAPSHOT).expect("a snapshot");
        assert_eq!(books.answer(MarketKind::Spot, "BTCUSDT", 5000).as_deref(), Some(SNAPSHOT));
    }

    #[test]
    fn a_gap_makes_the_book_wait_for_the_next_snapshot() {
        let mut books = Books::default();
        books.add("BTCUSDT");
        books.on_snapshot(MarketKind::UsdM, Some("BTCUSDT"), SNAPSHOT).expect("a snapshot");
        books.on_diff(MarketKind::UsdM, &usdm_diff(8, 12, 7, "[]")).expect("it bridges");
        books.on_diff(MarketKind::UsdM, &usdm_diff(15, 16, 14, "[]")).expect("a diff");
        assert_eq!(books.answer(MarketKind::UsdM, "BTCUSDT", 5), None, "pu is not the previous u");
        let later = SNAPSHOT.replace(":10,", ":16,");
        books.on_snapshot(MarketKind::UsdM, None, &later).expect("a snapshot");
        books.on_diff(MarketKind::UsdM, &usdm_diff(17, 18, 16, r#"[["99.00","5"]]"#)).expect("a diff");
        assert_eq!(
            books.answer(MarketKind::UsdM, "BTCUSDT", 5).as_deref(),
            Some(r#"{"lastUpdateId":18,"E":7,"T":6,"bids":[["99.00","5"],["98.00","2"]],"asks":[["101.00","3"]]}"#),
        );
    }

    #[test]
    fn damage_is_an_error_or_is_left_out() {
        let mut books = Books::default();
        assert!(books.on_diff(MarketKind::Spot, "{").is_err());
        assert!(books.on_snapshot(MarketKind::Spot, None, "[]").is_err());
        books.on_diff(MarketKind::Spot, &spot_diff(1, 2, r#"[["x","1"],["1.0000000000000000000","1"]]"#, "[]")).expect("kept");
        assert_eq!(decimal("1.50"), decimal("1.5"));
        assert_eq!((decimal(""), decimal("-1"), decimal("1.-1")), (None, None, None));
    }
}
