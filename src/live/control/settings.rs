//! Settings that change while a session runs: what a change would be, before it is an event. [`Running`].

use std::collections::BTreeMap;
use std::fs;

use super::request::Change;
use crate::config::keys::{KEYS, Key};
use crate::config::{Config, Layers, VenueConfig};
use crate::event::Command;
use crate::event::command::{LiquidationLimits, Settings, StrategySettings};
use crate::event::valuation::{RateSource, ValuationSettings};
use crate::nearest::nearest;
use crate::strategy::builtin;

/// A strategy text in a file is no longer.
const TEXT_BYTES_MAX: u64 = super::REQUEST_BYTES_MAX as u64;
/// Sections of single values that the kernel is told while it runs; the others are read when a session starts.
const TOLD: [&str; 2] = ["risk", "valuation"];

/// The settings under which a session runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// What the kernel was told last.
    pub settings: Settings,
    /// How accounts are added up.
    pub valuation: ValuationSettings,
    /// How near perpetuals may come to being taken away.
    pub liquidation: LiquidationLimits,
    /// Strategy texts, by name.
    pub texts: Vec<(String, String)>,
    /// The settings file as it was when the session started: what it says of the rest.
    pub loaded: Config,
}

/// A change that can be: what becomes an event, what it changes, and how it stands then.
#[derive(Debug)]
pub(super) struct Planned {
    /// In this order.
    pub(super) commands: Vec<Command>,
    /// For people.
    pub(super) changes: Vec<Change>,
    /// Once they are applied.
    pub(super) after: Running,
}

impl Running {
    /// What a text would change.
    ///
    /// # Errors
    /// When a strategy uses it and it is wrong, in words for a trader.
    pub(super) fn text(&self, name: &str, text: &str) -> Result<Planned, String> {
        if name.trim().is_empty() {
            return Err("a text needs a name, as a strategy's `buy` or `sell` has it · 글의 이름이 필요합니다".into());
        }
        let mut after = self.clone();
        put(&mut after.texts, name, text);
        self.planned(after)
    }

    /// What another value of a strategy's parameter, or of a limit of `risk`, would change.
    ///
    /// # Errors
    /// What is unknown or wrong, and what was expected.
    pub(super) fn set(&self, strategy: &str, key: &str, value: &str) -> Result<Planned, String> {
        let mut after = self.clone();
        if strategy == "risk" {
            let (risk, liquidation) = (self.settings.risk.clone(), self.liquidation);
            let mut config = Config { risk, liquidation, ..Config::default() };
            let path = format!("risk.{key}");
            let known = || KEYS.iter().filter(|key| key.section == "risk").map(|key| key.name).collect::<Vec<_>>();
            let found = Key::find(&path).ok_or_else(|| {
                let near = nearest(key, &known()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                format!("`{}` is not a limit of risk{near} (known: {}) · 그런 한도가 없습니다", shown(key), known().join(", "))
            })?;
            (found.set)(&mut config, value)
                .map_err(|reason| format!("{path}: {reason} (expected · 필요한 값: {})", found.expected))?;
            (after.settings.risk, after.liquidation) = (config.risk, config.liquidation);
            return self.planned(after);
        }
        let place = self.find(strategy)?;
        let parameters = &mut after.settings.strategies[place].parameters;
        match parameters.iter_mut().find(|(name, _)| name == key) {
            Some((_, text)) => value.clone_into(text),
            None => parameters.push((key.to_owned(), value.to_owned())),
        }
        read_texts(&mut after, false)?;
        self.planned(after)
    }

    /// What a settings file, read again, would change. The environment of this process overrides it as it did at the start.
    ///
    /// # Errors
    /// Every problem of the file, or the strategy that cannot be.
    pub(super) fn reload(&self, name: &str, text: &str) -> Result<Planned, String> {
        let variables = std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)));
        let config =
            Layers::default().file(name, text).environment(variables).finish().map_err(|problems| problems.to_string())?.config;
        let mut after = self.clone();
        after.settings.risk = config.risk.clone();
        after.settings.strategies.clone_from(&config.strategies);
        after.valuation = config.valuation.clone();
        after.liquidation = config.liquidation;
        read_texts(&mut after, true)?;
        let mut planned = self.planned(after)?;
        planned.changes.extend(restarts(&self.loaded, &config));
        Ok(planned)
    }

    /// The place of a strategy that is named by its number or its name.
    fn find(&self, strategy: &str) -> Result<usize, String> {
        let strategies = &self.settings.strategies;
        if let Some(place) = strategy.parse::<usize>().ok().filter(|place| *place < strategies.len()) {
            return Ok(place);
        }
        let places: Vec<usize> = (0..strategies.len()).filter(|place| strategies[*place].name == strategy).collect();
        match places.as_slice() {
            [place] => Ok(*place),
            [] => {
                let names: Vec<String> = strategies.iter().enumerate().map(|(at, row)| format!("{at} {}", row.name)).collect();
                Err(format!(
                    "`{}` is no strategy of this session (there are: {}; limits are `risk`) · 이 세션에 없는 전략입니다",
                    shown(strategy),
                    names.join(", ")
                ))
            }
            _ => Err(format!(
                "several strategies are `{strategy}`: say which by its number ({}) · 번호로 고르십시오",
                places.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
            )),
        }
    }

    /// Checks `after` and says what leads there.
    fn planned(&self, after: Running) -> Result<Planned, String> {
        for (place, settings) in after.settings.strategies.iter().enumerate() {
            let wrong = |problem: String| format!("strategy {place}: {problem}");
            let mut strategy = builtin::make(settings).map_err(wrong)?;
            for (name, text) in &after.texts {
                strategy.on_text(name, text).map_err(wrong)?;
            }
        }
        let mut commands = Vec::new();
        for (name, text) in &after.texts {
            if !self.texts.iter().any(|known| known.0 == *name && known.1 == *text) {
                commands.push(Command::StrategyText { name: name.clone(), text: text.clone() });
            }
        }
        // Before strategies: they may look at it when they are configured.
        if after.valuation != self.valuation {
            commands.push(Command::Valuation(after.valuation.clone()));
        }
        if after.liquidation != self.liquidation {
            commands.push(Command::Liquidation(after.liquidation));
        }
        if after.settings != self.settings {
            commands.push(Command::Configure(after.settings.clone()));
        }
        let changes = difference(&rows(self), &rows(&after), false);
        Ok(Planned { commands, changes, after })
    }
}

fn put(texts: &mut Vec<(String, String)>, name: &str, text: &str) {
    match texts.iter_mut().find(|known| known.0 == name) {
        Some(known) => text.clone_into(&mut known.1),
        None => texts.push((name.to_owned(), text.to_owned())),
    }
}

/// Reads the files of texts that strategies name: those that are not known, and with `again` the others as well, where they still are.
fn read_texts(after: &mut Running, again: bool) -> Result<(), String> {
    let of_texts = after.settings.strategies.iter().filter(|settings| settings.name == "text");
    let named = of_texts.flat_map(|settings| &settings.parameters).filter(|(key, _)| matches!(key.as_str(), "buy" | "sell"));
    let names: Vec<String> = named.map(|(_, name)| name.clone()).filter(|name| !name.is_empty()).collect();
    for name in names {
        let known = after.texts.iter().any(|text| text.0 == name);
        if known && !again {
            continue;
        }
        let size = fs::metadata(&name).map(|found| found.len());
        let text = match size {
            Ok(size) if size > TEXT_BYTES_MAX => Err(format!("{size} bytes, more than a text has ({TEXT_BYTES_MAX})")),
            Ok(_) => fs::read_to_string(&name).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match text {
            Ok(text) => put(&mut after.texts, &name, &text),
            // It came by hand, and there is no file of it.
            Err(_) if known => {}
            Err(error) => return Err(format!("{name}: {error}; the text of a strategy · 전략 글을 읽지 못했습니다")),
        }
    }
    Ok(())
}

type Rows = BTreeMap<String, String>;

/// What the kernel was told, value by value.
fn rows(running: &Running) -> Rows {
    let Running { settings, valuation, liquidation, texts, .. } = running;
    let (risk, valuation, liquidation) = (settings.risk.clone(), valuation.clone(), *liquidation);
    let config = Config { risk, valuation: valuation.clone(), liquidation, ..Config::default() };
    let told = KEYS.iter().filter(|key| TOLD.contains(&key.section));
    let mut rows: Rows = told.filter_map(|key| Some((key.path(), (key.get)(&config)?))).collect();
    for rate in &valuation.rates {
        let source = match &rate.source {
            RateSource::Instrument(name) => name.clone(),
            RateSource::Fixed(price) => price.to_string(),
        };
        rows.insert(format!("valuation.rates.{}", rate.of), source);
    }
    for (place, StrategySettings { name, instruments, parameters }) in settings.strategies.iter().enumerate() {
        let of = format!("strategy.{place}.{name}");
        rows.insert(format!("{of}.instruments"), if instruments.is_empty() { "*".into() } else { instruments.join(" ") });
        rows.extend(parameters.iter().map(|(key, value)| (format!("{of}.{key}"), value.clone())));
    }
    rows.extend(texts.iter().map(|(name, text)| (format!("text {name}"), format!("{} bytes #{}", text.len(), mark(text)))));
    rows
}

/// A few digits that differ when texts do.
fn mark(text: &str) -> String {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{:08x}", sum >> 32)
}

fn difference(before: &Rows, after: &Rows, needs_restart: bool) -> Vec<Change> {
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let of = |rows: &Rows, key: &String| rows.get(key).cloned().unwrap_or_default();
    let changed = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    changed.map(|key| Change { key: key.clone(), from: of(before, key), to: of(after, key), needs_restart }).collect()
}

/// What a file says otherwise that is only read when a session starts.
fn restarts(before: &Config, after: &Config) -> Vec<Change> {
    difference(&fixed(before), &fixed(after), true)
}

fn fixed(config: &Config) -> Rows {
    let of_start = KEYS.iter().filter(|key| !TOLD.contains(&key.section));
    let mut rows: Rows = of_start.filter_map(|key| Some((key.path(), (key.get)(config)?))).collect();
    for (place, venue) in config.venues.iter().enumerate() {
        let fields = venue_fields(venue).into_iter().filter(|(_, value)| !value.is_empty());
        rows.extend(fields.map(|(key, value)| (format!("venue.{place}.{}.{key}", venue.kind), value)));
    }
    for deposit in &config.deposits {
        rows.insert(format!("account.deposits.{}.{}", deposit.venue, deposit.currency), deposit.amount.to_string());
    }
    rows
}

fn venue_fields(venue: &VenueConfig) -> Vec<(&'static str, String)> {
    fn or_empty<T: ToString>(value: &Option<T>) -> String {
        value.as_ref().map_or_else(String::new, T::to_string)
    }
    let streams: Vec<&str> = venue.streams.iter().map(|stream| stream.name()).collect();
    vec![
        ("endpoint", or_empty(&venue.endpoint)),
        ("orders", venue.orders.to_string()),
        ("keys", or_empty(&venue.keys.as_ref().map(|keys| keys.display()))),
        ("symbols", venue.symbols.join(" ")),
        ("streams", streams.join(" ")),
        ("book_speed", or_empty(&venue.book_speed)),
        ("conditions", venue.conditions.join(" ")),
        ("emulate", venue.emulate.to_string()),
        ("emulator", or_empty(&venue.emulator)),
        ("exchange", or_empty(&venue.exchange)),
        ("leverage", or_empty(&venue.leverage)),
        ("isolated", or_empty(&venue.isolated)),
        ("allow_withdraw", venue.allow_withdraw.to_string()),
        ("top", or_empty(&venue.top)),
        ("rank_every_s", venue.rank_every_s.to_string()),
    ]
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[risk]\norder_qty_max = 5\n[[strategy]]\nname = \"ema-cross\"\n[strategy.parameters]\nfast = 3\n[[venue]]\nkind = \"kiwoom\"\n\
                        symbols = [\"005930\"]\n";

    fn running() -> Running {
        let loaded = Layers::default().file("a", FILE).finish().expect("settings").config;
        let settings = Settings { risk: loaded.risk.clone(), strategies: loaded.strategies.clone(), simulator: None };
        let (valuation, liquidation) = (loaded.valuation.clone(), loaded.liquidation);
        Running { settings, valuation, liquidation, texts: Vec::new(), loaded }
    }

    #[test]
    fn a_parameter_is_changed_and_checked() {
        let running = running();
        let planned = running.set("ema-cross", "fast", "5").expect("it can be");
        let change = Change { key: "strategy.0.ema-cross.fast".into(), from: "3".into(), to: "5".into(), needs_restart: false };
        assert_eq!(planned.changes, [change]);
        assert_eq!(planned.commands, [Command::Configure(planned.after.settings.clone())]);
        assert!(running.set("0", "fast", "3").expect("as it is").commands.is_empty());
        assert_eq!(running.set("risk", "order_qty_max", "2").expect("a limit").changes[0].to, "2");
        let planned = running.set("risk", "liquidation_warning", "0.2").expect("a limit");
        assert_eq!(planned.commands, [Command::Liquidation(planned.after.liquidation)]);
        for (strategy, key, value, said) in [
            ("ema-cross", "fast", "many", "`fast`"),
            ("ema-cross", "fats", "3", "did you mean `fast`"),
            ("ema", "fast", "3", "0 ema-cross"),
            ("7", "fast", "3", "no strategy"),
            ("risk", "order_qyt_max", "3", "did you mean `order_qty_max`"),
            ("risk", "order_qty_max", "-3", "risk.order_qty_max"),
        ] {
            let error = running.set(strategy, key, value).expect_err(value);
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_file_read_again_says_what_changes_now_and_what_at_the_next_start() {
        let running = running();
        assert_eq!(running.reload("a", FILE).expect("the same").changes, []);
        let other = FILE.replace("= 5", "= 6").replace("005930", "000660").replace("fast = 3", "fast = 4\nslow = 9");
        let planned = running.reload("a", &other).expect("settings");
        let told: Vec<(&str, bool)> = planned.changes.iter().map(|row| (row.key.as_str(), row.needs_restart)).collect();
        let expected = [
            ("risk.order_qty_max", false),
            ("strategy.0.ema-cross.fast", false),
            ("strategy.0.ema-cross.slow", false),
            ("venue.0.kiwoom.symbols", true),
        ];
        assert_eq!(told, expected);
        assert_eq!(planned.commands.len(), 1, "what needs a restart is no event");
        let error = running.reload("a", "[risk]\norder_qty_max = many\n").expect_err("wrong");
        assert!(error.contains("a:2"), "{error}");
        assert!(running.reload("a", &FILE.replace("fast = 3", "fast = 0")).is_err());
    }

    #[test]
    fn a_text_is_checked_where_it_is_used() {
        let mut running = running();
        let parameters = vec![("buy".to_owned(), "a.py".to_owned())];
        running.settings.strategies = vec![StrategySettings { name: "text".into(), instruments: Vec::new(), parameters }];
        running.texts = vec![("a.py".into(), "매수 = 등락율 > 5\n".into())];
        let planned = running.text("a.py", "매수 = 등락율 > 6\n").expect("a text");
        assert!(matches!(planned.commands.as_slice(), [Command::StrategyText { name, .. }] if name == "a.py"), "{planned:?}");
        let error = running.text("a.py", "매수 = 등락률 > 6\n").expect_err("a mistyped name");
        assert!(error.contains("등락율"), "{error}");
        assert!(running.text("other.py", "매수 = 등락률 >\n").is_ok(), "nobody uses it");
        assert!(running.text(" ", "").is_err());
        assert!(running.set("text", "sell", "/nowhere/b.py").is_err_and(|error| error.contains("/nowhere/b.py")));
    }
}
