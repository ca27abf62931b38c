//! Settings, from a file and from the environment.

use std::fmt::Write as _;

use jangbu::config::keys::KEYS;
use jangbu::config::{Config, Layers, Stream};

/// Any text as a settings file; lines after `%%` as environment variables, `NAME=text`.
///
/// Problems are one line each and say where they are. Settings without problems are the same when they are written out and read
/// again.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (file, variables) = text.split_once("\n%%\n").unwrap_or((&text, ""));
    let variables = variables.lines().filter_map(|line| line.split_once('='));
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    match Layers::default().file("a.toml", file).environment(variables).finish() {
        Ok(loaded) => {
            let written = written(&loaded.config);
            match Layers::default().file("written.toml", &written).finish() {
                Ok(again) => assert_eq!(again.config, loaded.config, "{written}"),
                Err(problems) => panic!("{problems}\n{written}"),
            }
        }
        Err(problems) => {
            assert!(!problems.0.is_empty());
            for problem in &problems.0 {
                let line = problem.to_string();
                assert!(line.starts_with("a.toml:") || line.starts_with("$JANGBU_"), "{line}");
                assert!(!line.contains(char::is_control), "more than a line: {line:?}");
            }
        }
    }
}

/// A file that says all of `config`.
fn written(config: &Config) -> String {
    let mut out = String::new();
    if !config.deposits.is_empty() {
        let rows = config.deposits.iter().map(|deposit| {
            let (venue, currency, amount) = (deposit.venue, quoted(deposit.currency.as_str()), deposit.amount);
            format!("{{ venue = \"{venue}\", currency = {currency}, amount = \"{amount}\" }}")
        });
        let _ = writeln!(out, "account.deposits = [{}]", rows.collect::<Vec<_>>().join(", "));
    }
    for key in KEYS {
        if let Some(text) = (key.get)(config) {
            let _ = writeln!(out, "{} = {}", key.path(), quoted(&text));
        }
    }
    for venue in &config.venues {
        let _ =
            writeln!(out, "[[venue]]\nkind = \"{}\"\nsymbols = {}", venue.kind, list(venue.symbols.iter().map(String::as_str)));
        let _ = writeln!(out, "streams = {}", list(venue.streams.iter().copied().map(Stream::name)));
        if let Some(endpoint) = &venue.endpoint {
            let _ = writeln!(out, "endpoint = {}", quoted(endpoint));
        }
    }
    for strategy in &config.strategies {
        let _ = writeln!(out, "[[strategy]]\nname = {}", quoted(&strategy.name));
        let _ = writeln!(out, "instruments = {}", list(strategy.instruments.iter().map(String::as_str)));
        let rows = strategy.parameters.iter().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value)));
        let _ = writeln!(out, "parameters = {{ {} }}", rows.collect::<Vec<_>>().join(", "));
    }
    out
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
