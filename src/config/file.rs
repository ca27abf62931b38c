//! A settings file: every key known, every value of its kind, every problem with its line.

use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Kind, SECTIONS};
use super::layers::{Layers, Origin};
use super::problem::Fault;
use super::{Deposit, Orders, Stream, VenueConfig};
use crate::event::command::StrategySettings;
use crate::market::{Currency, Money, Venue};
use crate::nearest::nearest;

/// A settings file larger than this is something else.
const FILE_BYTES_MAX: usize = 1 << 20;
/// How much of a bad value an error shows.
const SEEN_CHARS_MAX: usize = 40;

/// Puts what `text` says into `layers`.
pub(super) fn read(layers: &mut Layers, name: &str, text: &str) {
    let mut reader = Reader { layers, name, lines: line_starts(text) };
    if text.len() > FILE_BYTES_MAX {
        let reason = format!("{} bytes long (a settings file has at most {FILE_BYTES_MAX})", text.len());
        reader.problem(0..0, "", Fault::Refused { reason });
        return;
    }
    match DeTable::parse(text) {
        Ok(root) => reader.root(root.get_ref()),
        Err(error) => {
            let reason = error.message().trim().replace('\n', ", ");
            reader.problem(error.span().unwrap_or(0..0), "", Fault::Syntax { reason });
        }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

#[path = "rates.rs"]
mod rates;

struct Reader<'a> {
    layers: &'a mut Layers,
    name: &'a str,
    lines: Vec<usize>,
}

type Table<'t> = DeTable<'t>;
type Value<'t> = Spanned<DeValue<'t>>;

impl Reader<'_> {
    fn origin(&self, span: Range<usize>) -> Origin {
        let line = self.lines.partition_point(|start| *start <= span.start).max(1);
        Origin::File { name: self.name.to_owned(), line }
    }

    fn problem(&mut self, span: Range<usize>, key: &str, fault: Fault) {
        let origin = self.origin(span);
        self.layers.problem(origin, key.to_owned(), fault);
    }

    fn expected(&mut self, value: &Value<'_>, key: &str, expected: &str) {
        let seen = seen(value.get_ref());
        self.problem(value.span(), key, Fault::Value { seen, expected: expected.to_owned() });
    }

    fn refused(&mut self, value: &Value<'_>, key: &str, reason: String) {
        self.problem(value.span(), key, Fault::Refused { reason });
    }

    /// Reports the keys of `table` that are not in `known`.
    fn unknown(&mut self, table: &Table<'_>, path: &str, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let fault = Fault::Unknown {
                nearest: nearest(key.get_ref(), known).map(str::to_owned),
                known: known.iter().map(|key| (*key).to_owned()).collect(),
            };
            let shown: String = key.get_ref().chars().take(SEEN_CHARS_MAX).collect();
            let path = if path.is_empty() { shown } else { format!("{path}.{shown}") };
            self.problem(key.span(), &path, fault);
        }
    }

    fn root(&mut self, root: &Table<'_>) {
        let sections = SECTIONS.iter().map(|(section, ..)| *section);
        let known: Vec<&str> = sections.clone().chain(["account", "venue", "strategy"]).collect();
        self.unknown(root, "", &known);
        for section in sections {
            if let Some(value) = root.get(section) {
                self.section(section, value);
            }
        }
        if let Some(value) = root.get("account") {
            self.account(value);
        }
        if let Some(value) = root.get("venue") {
            self.layers.origins.insert("venue".into(), self.origin(value.span()));
            self.each(value, "venue", "tables, each begun by [[venue]]", Self::venue);
        }
        if let Some(value) = root.get("strategy") {
            self.layers.origins.insert("strategy".into(), self.origin(value.span()));
            self.each(value, "strategy", "tables, each begun by [[strategy]]", Self::strategy);
        }
    }

    /// A table of single values.
    fn section(&mut self, section: &str, value: &Value<'_>) {
        let Some(table) = value.get_ref().as_table() else {
            return self.expected(value, section, &format!("a table, begun by [{section}]"));
        };
        let keys = || KEYS.iter().filter(|key| key.section == section);
        let lists = if section == "valuation" { &["rates"][..] } else { &[] };
        self.unknown(table, section, &keys().map(|key| key.name).chain(lists.iter().copied()).collect::<Vec<_>>());
        if let Some(value) = lists.iter().find_map(|list| table.get(*list)) {
            self.layers.origins.insert("valuation.rates".into(), self.origin(value.span()));
            self.each(value, "valuation.rates", rates::EXPECTED, Self::rate);
        }
        for key in keys() {
            let Some(value) = table.get(key.name) else { continue };
            match scalar(value.get_ref(), key.kind) {
                Some(text) => {
                    let origin = self.origin(value.span());
                    self.layers.set(key, &text, origin);
                }
                None => self.expected(value, &key.path(), key.expected),
            }
        }
    }

    fn account(&mut self, value: &Value<'_>) {
        let Some(table) = value.get_ref().as_table() else {
            return self.expected(value, "account", "a table, begun by [account]");
        };
        self.unknown(table, "account", &["deposits"]);
        if let Some(value) = table.get("deposits") {
            self.layers.origins.insert("account.deposits".into(), self.origin(value.span()));
            self.each(value, "account.deposits", DEPOSITS_EXPECTED, Self::deposit);
        }
    }

    /// An array of tables.
    fn each(&mut self, value: &Value<'_>, path: &str, expected: &str, read: fn(&mut Self, &Table<'_>, Range<usize>, &str)) {
        let Some(array) = value.get_ref().as_array() else {
            return self.expected(value, path, expected);
        };
        for (index, item) in array.iter().enumerate() {
            let path = format!("{path}[{index}]");
            match item.get_ref().as_table() {
                Some(table) => read(self, table, item.span(), &path),
                None => self.expected(item, &path, expected),
            }
        }
    }

    fn deposit(&mut self, table: &Table<'_>, span: Range<usize>, path: &str) {
        self.unknown(table, path, &["venue", "currency", "amount"]);
        let venue = self.required::<Venue>(table, &span, path, "venue", Kind::Text, VENUE_EXPECTED);
        let currency = self.required::<Currency>(table, &span, path, "currency", Kind::Text, "a currency, like \"USDT\"");
        let amount = self.required::<Money>(table, &span, path, "amount", Kind::Number, "an amount, like 10000");
        if let (Some(venue), Some(currency), Some(amount)) = (venue, currency, amount) {
            if amount.is_negative() {
                let reason = format!("`{amount}` is below 0 (a deposit is 0 or more)");
                return self.problem(span, path, Fault::Refused { reason });
            }
            self.layers.config.deposits.push(Deposit { venue, currency, amount });
        }
    }

    fn venue(&mut self, table: &Table<'_>, span: Range<usize>, path: &str) {
        self.unknown(table, path, &VENUE_KEYS);
        let kind = self.required::<Venue>(table, &span, path, "kind", Kind::Text, VENUE_EXPECTED);
        let orders = table.get("orders").and_then(|value| self.orders(value, &format!("{path}.orders"))).unwrap_or(Orders::Paper);
        let keys = table.get("keys").and_then(|value| self.file(value, &format!("{path}.keys")));
        let endpoint = table.get("endpoint").and_then(|value| self.endpoint(value, &format!("{path}.endpoint")));
        let symbols = self.texts(table, path, "symbols", "a list of symbols, like [\"BTCUSDT\"]");
        let conditions = self.texts(table, path, "conditions", "a list of names of condition lists, like [\"급등주\"]");
        let conditions: Vec<String> = conditions.into_iter().map(|(name, _)| name).collect();
        if symbols.is_empty() && conditions.is_empty() {
            let expected = "at least one symbol, like symbols = [\"BTCUSDT\"]".to_owned();
            self.problem(span.clone(), &format!("{path}.symbols"), Fault::Missing { expected });
        }
        let names =
            self.texts(table, path, "streams", "a list of \"trades\", \"every-trade\", \"quotes\", \"book\", \"bars\", \"mark\"");
        let mut streams = Vec::new();
        for (name, value) in names {
            match name.parse::<Stream>() {
                Ok(stream) => streams.push(stream),
                Err(reason) => self.problem(value, &format!("{path}.streams"), Fault::Refused { reason }),
            }
        }
        if !table.contains_key("streams") {
            streams = VenueConfig::STREAMS.to_vec();
        }
        let emulate = table.get("emulate").is_some_and(|value| self.emulate(value, &format!("{path}.emulate")));
        let emulator = table.get("emulator").and_then(|value| self.emulator(value, kind, &format!("{path}.emulator")));
        if let (Some(value), Some(_), Some(_)) = (table.get("emulator"), &emulator, &endpoint) {
            let reason = "there is an `endpoint` as well (expected one of them)".to_owned();
            self.refused(value, &format!("{path}.emulator"), reason);
        }
        let exchange = table.get("exchange").and_then(|value| self.exchange(value, &format!("{path}.exchange")));
        let account = table.get("account").and_then(|value| self.account_number(value, kind, &format!("{path}.account")));
        let top = self.whole::<u16>(table, path, "top", 1..=200);
        let rank_every_s = self.whole::<u32>(table, path, "rank_every", 1..=86_400).unwrap_or(60);
        if top.is_some() && (kind == Some(Venue::Kiwoom) || orders == Orders::Real) {
            let reason = "top is for Upbit and Binance on paper: a ranked newcomer cannot get real orders yet".into();
            self.problem(span.clone(), &format!("{path}.top"), Fault::Refused { reason });
        }
        let leverage = self.whole::<u16>(table, path, "leverage", 1..=125);
        let isolated = table.get("margin").and_then(|value| self.margin(value, &format!("{path}.margin")));
        if (leverage.is_some() || isolated.is_some()) && kind.is_some_and(|kind| kind != Venue::BinanceUsdM) {
            let reason = "leverage and margin are of binance-usdm".to_owned();
            self.problem(span.clone(), path, Fault::Refused { reason });
        }
        let allow_withdraw = table.get("allow_withdraw").is_some_and(|value| self.yes(value, &format!("{path}.allow_withdraw")));
        let book_speed = table.get("book_speed").and_then(|value| self.book_speed(value, &format!("{path}.book_speed")));
        if let Some(kind) = kind {
            let symbols = symbols.into_iter().map(|(symbol, _)| symbol).collect();
            self.layers.config.venues.push(VenueConfig {
                kind,
                endpoint,
                orders,
                keys,
                symbols,
                streams,
                book_speed,
                conditions,
                emulate: emulate || emulator.is_some(),
                emulator,
                exchange,
                account,
                top,
                rank_every_s,
                leverage,
                isolated,
                allow_withdraw,
            });
        }
    }

    fn account_number(&mut self, value: &Value<'_>, kind: Option<Venue>, path: &str) -> Option<String> {
        let text = value.get_ref().as_str().filter(|text| text.chars().filter(char::is_ascii_digit).count() >= 8);
        match text {
            Some(_) if kind.is_some_and(|kind| kind != Venue::Kiwoom) => {
                self.refused(value, path, "only an account of kiwoom has a number".into());
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                self.expected(value, path, "the number of the account in quotes, like \"12345678-10\"");
                None
            }
        }
    }

    fn whole<T: TryFrom<u32>>(
        &mut self,
        table: &Table<'_>,
        path: &str,
        name: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<T> {
        let value = table.get(name)?;
        let number = scalar(value.get_ref(), Kind::Number).and_then(|text| text.parse::<u32>().ok());
        let found = number.filter(|number| range.contains(number)).and_then(|number| T::try_from(number).ok());
        if found.is_none() {
            self.expected(value, &format!("{path}.{name}"), &format!("a whole number from {} to {}", range.start(), range.end()));
        }
        found
    }

    fn orders(&mut self, value: &Value<'_>, path: &str) -> Option<Orders> {
        let orders = value.get_ref().as_str().and_then(|text| text.parse().ok());
        if orders.is_none() {
            self.expected(value, path, "\"paper\" (simulated fills) or \"real\" (orders go to the venue)");
        }
        orders
    }

    fn margin(&mut self, value: &Value<'_>, path: &str) -> Option<bool> {
        match value.get_ref().as_str() {
            Some("cross") => Some(false),
            Some("isolated") => Some(true),
            _ => {
                self.expected(value, path, "\"cross\" or \"isolated\"");
                None
            }
        }
    }

    fn yes(&mut self, value: &Value<'_>, path: &str) -> bool {
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.expected(value, path, "true or false");
            false
        })
    }

    fn emulate(&mut self, value: &Value<'_>, path: &str) -> bool {
        let Some(emulate) = value.get_ref().as_bool() else {
            self.expected(value, path, "true (an emulator in this process) or false");
            return false;
        };
        emulate
    }

    fn emulator(&mut self, value: &Value<'_>, kind: Option<Venue>, path: &str) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.expected(value, path, "what the emulator is like, in quotes: \"speed=300,seed=1\"");
        } else if kind != Some(Venue::Kiwoom) {
            self.refused(value, path, "only that of kiwoom can be described (expected `emulate = true`)".into());
        }
        text
    }

    fn exchange(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let exchange = value.get_ref().as_str().filter(|text| ["KRX", "NXT", "SOR"].contains(text)).map(str::to_owned);
        if exchange.is_none() {
            self.expected(value, path, "\"KRX\", \"NXT\" or \"SOR\" (both: the broker routes)");
        }
        exchange
    }

    fn file(&mut self, value: &Value<'_>, path: &str) -> Option<PathBuf> {
        let file = value.get_ref().as_str().filter(|text| !text.is_empty() && !text.contains('\0')).map(PathBuf::from);
        if file.is_none() {
            self.expected(value, path, "a file in quotes, like \"kiwoom.keys\"");
        }
        file
    }

    fn book_speed(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let is_speed = |text: &&str| text.strip_suffix("ms").is_some_and(|number| number.parse::<u16>().is_ok());
        let speed = value.get_ref().as_str().filter(is_speed).map(str::to_owned);
        if speed.is_none() {
            self.expected(value, path, "milliseconds in quotes, like \"100ms\"");
        }
        speed
    }

    fn endpoint(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let text = value.get_ref().as_str();
        match text.filter(|text| ENDPOINT_SCHEMES.iter().any(|scheme| text.starts_with(scheme))) {
            Some(text) => Some(text.to_owned()),
            None => {
                self.expected(value, path, "an address in quotes, like \"ws://127.0.0.1:9443\"");
                None
            }
        }
    }

    fn strategy(&mut self, table: &Table<'_>, span: Range<usize>, path: &str) {
        self.unknown(table, path, &["name", "instruments", "parameters"]);
        let name = self.required::<String>(table, &span, path, "name", Kind::Text, "a strategy, like \"ema-cross\"");
        let mut instruments = Vec::new();
        for (text, span) in self.texts(table, path, "instruments", INSTRUMENTS_EXPECTED) {
            match text.split_once(':').map(|(venue, symbol)| (venue.parse::<Venue>(), symbol)) {
                Some((Ok(_), symbol)) if !symbol.is_empty() => instruments.push(text),
                Some((Err(reason), _)) => self.problem(span, &format!("{path}.instruments"), Fault::Refused { reason }),
                _ => {
                    let fault = Fault::Value { seen: format!("{text:?}"), expected: INSTRUMENTS_EXPECTED.to_owned() };
                    self.problem(span, &format!("{path}.instruments"), fault);
                }
            }
        }
        let mut parameters = Vec::new();
        if let Some(value) = table.get("parameters") {
            let path = format!("{path}.parameters");
            match value.get_ref().as_table() {
                Some(table) => self.parameters(table, &path, &mut parameters),
                None => self.expected(value, &path, "a table, like { fast = 12, slow = 26 }"),
            }
        }
        if let Some(name) = name {
            self.layers.config.strategies.push(StrategySettings { name, instruments, parameters });
        }
    }

    fn parameters(&mut self, table: &Table<'_>, path: &str, parameters: &mut Vec<(String, String)>) {
        for (key, value) in table {
            match scalar(value.get_ref(), Kind::Number) {
                Some(text) => parameters.push((key.get_ref().to_string(), text)),
                None => self.expected(value, &format!("{path}.{}", key.get_ref()), "a number or a text in quotes"),
            }
        }
    }

    fn required<T: std::str::FromStr<Err: ToString>>(
        &mut self,
        table: &Table<'_>,
        span: &Range<usize>,
        path: &str,
        name: &str,
        kind: Kind,
        expected: &str,
    ) -> Option<T> {
        let path = format!("{path}.{name}");
        let Some(value) = table.get(name) else {
            self.problem(span.clone(), &path, Fault::Missing { expected: expected.to_owned() });
            return None;
        };
        let Some(text) = scalar(value.get_ref(), kind) else {
            self.expected(value, &path, expected);
            return None;
        };
        match text.parse::<T>() {
            Ok(parsed) => Some(parsed),
            Err(reason) => {
                self.refused(value, &path, reason.to_string());
                None
            }
        }
    }

    /// A list of texts, with the place of each.
    fn texts(&mut self, table: &Table<'_>, path: &str, name: &str, expected: &str) -> Vec<(String, Range<usize>)> {
        let Some(value) = table.get(name) else { return Vec::new() };
        let path = format!("{path}.{name}");
        let Some(array) = value.get_ref().as_array() else {
            self.expected(value, &path, expected);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_str() {
                Some(text) if !text.is_empty() => texts.push((text.to_owned(), item.span())),
                _ => self.expected(item, &path, expected),
            }
        }
        texts
    }
}

/// The text of a single value, exactly as it stands in the file. A number may stand in quotes, a text may not go without.
fn scalar(value: &DeValue<'_>, kind: Kind) -> Option<String> {
    match (value, kind) {
        (DeValue::String(text), _) => Some(text.to_string()),
        (DeValue::Integer(number), Kind::Number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        (DeValue::Float(number), Kind::Number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

fn seen(value: &DeValue<'_>) -> String {
    let cut = |text: &str| text.chars().take(SEEN_CHARS_MAX).collect::<String>();
    match value {
        DeValue::String(text) => format!("\"{}\"", cut(text)),
        DeValue::Integer(number) => cut(number.as_str()),
        DeValue::Float(number) => cut(number.as_str()),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

const VENUE_KEYS: [&str; 17] = [
    "kind",
    "endpoint",
    "orders",
    "keys",
    "symbols",
    "streams",
    "book_speed",
    "conditions",
    "emulate",
    "emulator",
    "exchange",
    "account",
    "top",
    "rank_every",
    "leverage",
    "margin",
    "allow_withdraw",
];
const VENUE_EXPECTED: &str = "a venue: \"kiwoom\", \"upbit\", \"binance-spot\" or \"binance-usdm\"";
const DEPOSITS_EXPECTED: &str = "a list, like [{ venue = \"binance-usdm\", currency = \"USDT\", amount = 10000 }]";
const INSTRUMENTS_EXPECTED: &str = "a list of venue:SYMBOL, like [\"binance-usdm:BTCUSDT\"]";
const ENDPOINT_SCHEMES: [&str; 4] = ["ws://", "wss://", "http://", "https://"];
