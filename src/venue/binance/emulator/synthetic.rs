//! A made-up market: seeded, endless, and in the same frames as the real one.
//!
//! Each symbol has a grid of price levels with the best bid one step below the best ask. Time goes on in random steps of
//! a few milliseconds; in each, the whole best level is taken and the price moves a step, or part of it is taken, or a
//! level's quantity changes. Trends of 2 to 5 s alternate and are drawn back to where the price began, so that any
//! trend follower finds something to do within seconds. All arithmetic is in integers: a seed makes the same market
//! on every machine.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

use super::config::MarketKind;
use super::frame::{Item, MarketFrame, SnapshotItem, combined, split_combined};
use super::random::SplitMix64;
use super::symbols::{SymbolRules, fixed, known_symbols};

/// The made-up market of one kind.
#[derive(Debug)]
pub(super) struct SyntheticMarket {
    symbols: Vec<Symbol>,
}

impl SyntheticMarket {
    /// A market whose clock begins at `start_ns`. No symbols means those of the table.
    pub(super) fn new(kind: MarketKind, symbols: &[String], seed: u64, start_ns: i64) -> Self {
        let names: Vec<&str> = match symbols {
            [] => known_symbols().collect(),
            _ => symbols.iter().map(String::as_str).collect(),
        };
        let symbols = names.into_iter().enumerate().map(|(index, name)| {
            let random = SplitMix64::new(seed.wrapping_add(index as u64).wrapping_mul(0x2545_f491_4f6c_dd1d));
            Symbol::new(kind, SymbolRules::of(kind, name), random, start_ns)
        });
        Self { symbols: symbols.collect() }
    }

    /// The next frame of whichever symbol comes first. There always is one.
    pub(super) fn next(&mut self) -> Option<Item> {
        for symbol in &mut self.symbols {
            while symbol.queue.is_empty() {
                symbol.step();
            }
        }
        let at_ns = |symbol: &Symbol| symbol.queue.front().map_or(i64::MAX, Item::at_ns);
        self.symbols.iter_mut().min_by_key(|symbol| at_ns(symbol))?.queue.pop_front()
    }

    /// The names of all its streams.
    pub(super) fn streams(&self) -> impl Iterator<Item = &str> {
        self.symbols.iter().flat_map(|symbol| {
            let mark = (symbol.kind == MarketKind::UsdM).then_some(&*symbol.mark_stream);
            [&*symbol.depth_stream, &*symbol.trade_stream, &*symbol.ticker_stream].into_iter().chain(mark)
        })
    }

    /// Its symbols, in upper case.
    pub(super) fn symbols(&self) -> impl Iterator<Item = &str> {
        self.symbols.iter().map(|symbol| symbol.rules.symbol.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Bid,
    Ask,
}

/// A stretch of time in which the price goes one way.
#[derive(Debug)]
struct Trend {
    up: bool,
    /// Grid steps a second.
    steps_per_second: i64,
    until_ns: i64,
}

#[derive(Debug)]
struct Symbol {
    kind: MarketKind,
    rules: SymbolRules,
    depth_stream: Arc<str>,
    trade_stream: Arc<str>,
    ticker_stream: Arc<str>,
    mark_stream: Arc<str>,
    next_mark_ns: i64,
    random: SplitMix64,
    now_ns: i64,
    next_depth_ns: i64,
    /// Amount of one grid step, at 1e-8.
    grid: i64,
    /// The best bid in grid steps; the best ask is one above.
    best_bid: i64,
    anchor: i64,
    trend: Trend,
    /// Quantities at 1e-8 by grid step.
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    changed_bids: BTreeMap<i64, i64>,
    changed_asks: BTreeMap<i64, i64>,
    update_id: u64,
    /// Id of the first change not yet in a diff.
    first_changed_id: Option<u64>,
    sent_id: u64,
    trade_id: u64,
    queue: VecDeque<Item>,
}

impl Symbol {
    fn new(kind: MarketKind, rules: SymbolRules, mut random: SplitMix64, start_ns: i64) -> Self {
        let lower = rules.symbol.to_lowercase();
        let speed = match kind {
            MarketKind::Spot => "100ms",
            MarketKind::UsdM => "0ms",
        };
        // One 60,000th of the price, in whole ticks: 1.00 for BTC at 60,000.
        let grid = (rules.start_price / 60_000 / rules.tick).max(1) * rules.tick;
        let best_bid = rules.start_price / grid;
        let update_id = 1_000_000_000 + random.below(1_000_000_000);
        let mut symbol = Self {
            kind,
            depth_stream: format!("{lower}@depth@{speed}").into(),
            trade_stream: format!("{lower}@trade").into(),
            ticker_stream: format!("{lower}@bookTicker").into(),
            mark_stream: format!("{lower}@markPrice@1s").into(),
            next_mark_ns: start_ns,
            now_ns: start_ns,
            next_depth_ns: start_ns,
            grid,
            best_bid,
            anchor: best_bid,
            trend: Trend { up: false, steps_per_second: 25, until_ns: start_ns.saturating_add(2_500 * MS) },
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            changed_bids: BTreeMap::new(),
            changed_asks: BTreeMap::new(),
            update_id,
            first_changed_id: None,
            sent_id: update_id,
            trade_id: 1_000_000 + random.below(1_000_000),
            queue: VecDeque::new(),
            random,
            rules,
        };
        symbol.fill_book();
        symbol
    }

    /// Puts the first levels into the book and yields the snapshot of them.
    fn fill_book(&mut self) {
        for depth in 0..LEVELS {
            let (bid, ask) = (self.random_quantity(), self.random_quantity());
            self.bids.insert(self.best_bid - depth, bid);
            self.asks.insert(self.best_bid + 1 + depth, ask);
        }
        let mut text = format!("{{\"lastUpdateId\":{}", self.update_id);
        if self.kind == MarketKind::UsdM {
            let now_ms = self.now_ms();
            let _ = write!(text, ",\"E\":{now_ms},\"T\":{now_ms}");
        }
        let _ = write!(text, ",\"bids\":{},\"asks\":{}}}", self.levels(self.bids.iter().rev()), self.levels(self.asks.iter()));
        let symbol = Some(self.rules.symbol.as_str().into());
        self.queue.push_back(Item::Snapshot(SnapshotItem { at_ns: self.now_ns, symbol, text, hold: false }));
    }

    /// Lets a few milliseconds pass and something happen.
    fn step(&mut self) {
        let passed_ms = self.random.between(2, 12);
        self.now_ns = self.now_ns.saturating_add(passed_ms * MS + self.random.between(0, MS - 1));
        if self.now_ns >= self.trend.until_ns {
            self.turn();
        }
        // The chance in 1,000 of one step along the trend: steps a second times milliseconds passed.
        let moves = self.random.between(0, 999) < self.trend.steps_per_second * passed_ms;
        let action = self.random.below(100);
        match (moves, action) {
            (true, _) => self.take_level(self.trend.up),
            (false, 0..5) => self.take_level(!self.trend.up),
            (false, 5..35) => self.take_part(),
            (false, 35..80) => self.change_best(),
            (false, _) => self.change_deep(),
        }
        if self.now_ns >= self.next_depth_ns {
            self.push_diff();
        }
        if self.kind == MarketKind::UsdM && self.now_ns >= self.next_mark_ns {
            self.push_mark();
        }
    }

    /// Begins the next trend: mostly the other way, and always back when far from where it all began.
    fn turn(&mut self) {
        let away = self.best_bid - self.anchor;
        let far = self.anchor / 50;
        let up = if away > far {
            false
        } else if away < -far {
            true
        } else {
            self.trend.up != self.random.chance(75)
        };
        let until_ns = self.now_ns.saturating_add(self.random.between(2_000, 5_000) * MS);
        self.trend = Trend { up, steps_per_second: self.random.between(15, 40), until_ns };
    }

    /// A taker takes the whole best level, and the price moves one step.
    fn take_level(&mut self, up: bool) {
        let (side, level) = if up { (Side::Ask, self.best_bid + 1) } else { (Side::Bid, self.best_bid) };
        let quantity = self.quantity(side, level);
        let first = quantity / self.rules.step / 2 * self.rules.step;
        for part in [first, quantity - first] {
            self.push_trade(level, part, side == Side::Bid);
        }
        let (bid, ask) = (self.random_quantity(), self.random_quantity());
        self.next_id();
        if up {
            self.set(Side::Ask, level, 0);
            self.set(Side::Bid, level, bid);
            self.set(Side::Ask, level + LEVELS, ask);
            self.set(Side::Bid, level - LEVELS, 0);
            self.best_bid += 1;
        } else {
            self.set(Side::Bid, level, 0);
            self.set(Side::Ask, level, ask);
            self.set(Side::Bid, level - LEVELS, bid);
            self.set(Side::Ask, level + LEVELS, 0);
            self.best_bid -= 1;
        }
        self.push_ticker();
    }

    /// A taker takes part of the best level.
    fn take_part(&mut self) {
        let (side, level) = self.random_best();
        let quantity = self.quantity(side, level);
        let steps = quantity / self.rules.step;
        if steps < 2 {
            return self.change_best();
        }
        let taken = self.random.between(1, steps / 2) * self.rules.step;
        self.push_trade(level, taken, side == Side::Bid);
        self.next_id();
        self.set(side, level, quantity - taken);
        self.push_ticker();
    }

    fn change_best(&mut self) {
        let (side, level) = self.random_best();
        let quantity = self.random_quantity();
        self.next_id();
        self.set(side, level, quantity);
        self.push_ticker();
    }

    fn change_deep(&mut self) {
        let depth = self.random.between(1, LEVELS - 1);
        let quantity = self.random_quantity();
        let (side, level) = self.random_best();
        self.next_id();
        match side {
            Side::Bid => self.set(side, level - depth, quantity),
            Side::Ask => self.set(side, level + depth, quantity),
        }
    }

    fn random_best(&mut self) -> (Side, i64) {
        if self.random.chance(50) { (Side::Bid, self.best_bid) } else { (Side::Ask, self.best_bid + 1) }
    }

    /// Between one step and a quantity worth about 120,000 of the quote asset.
    fn random_quantity(&mut self) -> i64 {
        let worth = self.random.between(1_000, 120_000);
        let quantity = i128::from(worth) * i128::from(ONE) * i128::from(ONE) / i128::from(self.rules.start_price);
        let steps = i64::try_from(quantity).unwrap_or(i64::MAX) / self.rules.step;
        steps.max(1) * self.rules.step
    }

    fn quantity(&self, side: Side, level: i64) -> i64 {
        let levels = match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        };
        levels.get(&level).copied().unwrap_or(0)
    }

    fn set(&mut self, side: Side, level: i64, quantity: i64) {
        let (levels, changed) = match side {
            Side::Bid => (&mut self.bids, &mut self.changed_bids),
            Side::Ask => (&mut self.asks, &mut self.changed_asks),
        };
        if quantity == 0 {
            levels.remove(&level);
        } else {
            levels.insert(level, quantity);
        }
        changed.insert(level, quantity);
    }

    /// Spot ids have no holes; futures ids do.
    fn next_id(&mut self) {
        self.update_id += match self.kind {
            MarketKind::Spot => 1,
            MarketKind::UsdM => 1 + self.random.below(40),
        };
        self.first_changed_id.get_or_insert(self.update_id);
    }

    fn now_ms(&self) -> i64 {
        self.now_ns.div_euclid(MS)
    }

    fn price(&self, level: i64) -> String {
        fixed(level * self.grid, self.rules.price_decimals)
    }

    fn levels<'a>(&self, levels: impl Iterator<Item = (&'a i64, &'a i64)>) -> String {
        let mut text = String::from("[");
        for (index, (&level, &quantity)) in levels.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let quantity = fixed(quantity, self.rules.quantity_decimals);
            let _ = write!(text, "{comma}[\"{}\",\"{quantity}\"]", self.price(level));
        }
        text.push(']');
        text
    }

    fn push_trade(&mut self, level: i64, quantity: i64, buyer_is_maker: bool) {
        if quantity == 0 {
            return;
        }
        self.trade_id += 1;
        let (now, symbol, id) = (self.now_ms(), &self.rules.symbol, self.trade_id);
        let (price, quantity) = (self.price(level), fixed(quantity, self.rules.quantity_decimals));
        let data = match self.kind {
            MarketKind::Spot => format!(
                r#"{{"e":"trade","E":{now},"s":"{symbol}","t":{id},"p":"{price}","q":"{quantity}","T":{now},"m":{buyer_is_maker},"M":true}}"#
            ),
            MarketKind::UsdM => format!(
                r#"{{"e":"trade","E":{now},"T":{now},"s":"{symbol}","t":{id},"p":"{price}","q":"{quantity}","X":"MARKET","m":{buyer_is_maker},"st":1}}"#
            ),
        };
        self.push(self.trade_stream.clone(), &data);
    }

    fn push_ticker(&mut self) {
        let (now, symbol, id) = (self.now_ms(), &self.rules.symbol, self.update_id);
        let (bid, ask) = (self.price(self.best_bid), self.price(self.best_bid + 1));
        let bid_quantity = fixed(self.quantity(Side::Bid, self.best_bid), self.rules.quantity_decimals);
        let ask_quantity = fixed(self.quantity(Side::Ask, self.best_bid + 1), self.rules.quantity_decimals);
        let best = format!(r#""b":"{bid}","B":"{bid_quantity}","a":"{ask}","A":"{ask_quantity}""#);
        let data = match self.kind {
            MarketKind::Spot => format!(r#"{{"u":{id},"s":"{symbol}",{best}}}"#),
            MarketKind::UsdM => {
                format!(r#"{{"e":"bookTicker","u":{id},"E":{now},"T":{now},"s":"{symbol}","ps":"{symbol}",{best},"st":1}}"#)
            }
        };
        self.push(self.ticker_stream.clone(), &data);
    }

    /// The mark price, which is the best bid here, each second; funding at 00:00, 08:00 and 16:00 UTC, always 0.01 %.
    fn push_mark(&mut self) {
        self.next_mark_ns = self.now_ns.saturating_add(1_000 * MS);
        let (now, symbol, price) = (self.now_ms(), &self.rules.symbol, self.price(self.best_bid));
        let next = (now.div_euclid(FUNDING_MS) + 1) * FUNDING_MS;
        let data = format!(
            r#"{{"e":"markPriceUpdate","E":{now},"s":"{symbol}","p":"{price}","i":"{price}","P":"{price}","r":"0.00010000","T":{next},"st":1}}"#
        );
        self.push(self.mark_stream.clone(), &data);
    }

    /// Everything that changed since the last diff.
    fn push_diff(&mut self) {
        self.next_depth_ns = self.now_ns.saturating_add(match self.kind {
            MarketKind::Spot => 100 * MS,
            MarketKind::UsdM => 50 * MS,
        });
        let Some(first_changed_id) = self.first_changed_id.take() else {
            return;
        };
        let (bids, asks) = (std::mem::take(&mut self.changed_bids), std::mem::take(&mut self.changed_asks));
        let (bids, asks) = (self.levels(bids.iter()), self.levels(asks.iter()));
        let (now, symbol, last, previous) = (self.now_ms(), &self.rules.symbol, self.update_id, self.sent_id);
        let data = match self.kind {
            MarketKind::Spot => {
                format!(r#"{{"e":"depthUpdate","E":{now},"s":"{symbol}","U":{},"u":{last},"b":{bids},"a":{asks}}}"#, previous + 1)
            }
            MarketKind::UsdM => format!(
                r#"{{"e":"depthUpdate","E":{now},"T":{now},"s":"{symbol}","ps":"{symbol}","U":{first_changed_id},"u":{last},"pu":{previous},"b":{bids},"a":{asks},"st":1}}"#
            ),
        };
        self.sent_id = self.update_id;
        self.push(self.depth_stream.clone(), &data);
    }

    fn push(&mut self, stream: Arc<str>, data: &str) {
        let text = combined(&stream, data);
        let data_at = split_combined(&text).map_or(0, |(_, at)| at);
        self.queue.push_back(Item::Frame(MarketFrame { at_ns: self.now_ns, stream, text, data_at }));
    }
}

const MS: i64 = 1_000_000;
/// Between two fundings.
const FUNDING_MS: i64 = 8 * 3_600_000;
const ONE: i64 = 100_000_000;
/// Levels a side.
const LEVELS: i64 = 60;

#[cfg(test)]
mod tests {
    use super::super::book::Books;
    use super::super::frame::is_depth;
    use super::*;

    fn items(kind: MarketKind, seed: u64, count: usize) -> Vec<Item> {
        let mut market = SyntheticMarket::new(kind, &[], seed, 1_700_000_000_000 * MS);
        (0..count).filter_map(|_| market.next()).collect()
    }

    fn field(data: &serde_json::Value, key: &str) -> String {
        data[key].as_str().expect("a text").to_owned()
    }

    #[test]
    fn a_seed_makes_the_same_market() {
        assert_eq!(items(MarketKind::UsdM, 7, 2_000), items(MarketKind::UsdM, 7, 2_000));
        assert_ne!(items(MarketKind::UsdM, 7, 2_000), items(MarketKind::UsdM, 8, 2_000));
    }

    #[test]
    fn it_is_as_busy_as_promised_and_time_never_goes_back() {
        for kind in [MarketKind::Spot, MarketKind::UsdM] {
            let items = items(kind, 3, 20_000);
            assert!(items.is_sorted_by_key(Item::at_ns));
            let seconds = (items[19_999].at_ns() - items[0].at_ns()) / 1_000_000_000;
            let rate = 20_000 / seconds;
            assert!((200..=1_000).contains(&rate), "{kind:?}: {rate} a second");
        }
    }

    /// Every best bid and ask is the top of the book built from snapshot and diffs, where their ids agree.
    #[test]
    fn the_book_of_the_diffs_agrees_with_the_best_quotes() {
        for kind in [MarketKind::Spot, MarketKind::UsdM] {
            let mut books = Books::default();
            let (mut compared, mut last_ticker) = (0, BTreeMap::new());
            for symbol in known_symbols() {
                books.add(symbol);
            }
            for item in items(kind, 11, 30_000) {
                match item {
                    Item::Snapshot(snapshot) => {
                        books.on_snapshot(kind, snapshot.symbol.as_deref(), &snapshot.text).expect("it parses");
                    }
                    Item::Frame(frame) if is_depth(&frame.stream) => {
                        books.on_diff(kind, frame.data()).expect("it parses");
                        let diff: serde_json::Value = serde_json::from_str(frame.data()).expect("it parses");
                        let symbol = field(&diff, "s");
                        let answer = books.answer(kind, &symbol, 1).expect("the ids have no gap");
                        let book: serde_json::Value = serde_json::from_str(&answer).expect("it parses");
                        let Some(ticker) = last_ticker.get(&symbol).filter(|t: &&serde_json::Value| t["u"] == diff["u"]) else {
                            continue;
                        };
                        let best = serde_json::json!([[ticker["b"], ticker["B"]], [ticker["a"], ticker["A"]]]);
                        assert_eq!(best, serde_json::json!([book["bids"][0], book["asks"][0]]), "{kind:?}");
                        compared += 1;
                    }
                    Item::Frame(frame) if frame.stream.ends_with("@bookTicker") => {
                        let ticker: serde_json::Value = serde_json::from_str(frame.data()).expect("it parses");
                        last_ticker.insert(field(&ticker, "s"), ticker);
                    }
                    Item::Frame(_) => {}
                }
            }
            assert!(compared > 300, "{kind:?}: {compared}");
        }
    }

    /// The price of the first ten seconds goes down and up again by several spreads.
    #[test]
    fn it_trends_within_ten_seconds() {
        for seed in 0..20 {
            let mut prices = Vec::new();
            for item in items(MarketKind::Spot, seed, 3_000) {
                if let Item::Frame(frame) = item
                    && &*frame.stream == "btcusdt@trade"
                {
                    let trade: serde_json::Value = serde_json::from_str(frame.data()).expect("it parses");
                    prices.push(field(&trade, "p").parse::<f64>().expect("a number"));
                }
            }
            let low = prices.iter().copied().fold(f64::MAX, f64::min);
            assert!(prices[0] - low > 20.0, "seed {seed}: {} to {low}", prices[0]);
        }
    }
}
