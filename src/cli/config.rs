//! `jangbu config`: write, check and show the settings.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::answer::{Failure, Outcome, print, print_json, say};
use super::settings::{ConfigArgs, read};
use crate::config::keys::KEYS;
use crate::config::{FILE_NAME, Layers, Loaded, Problems, init_text};
use crate::event::valuation::RateSource;

/// `jangbu config`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// 설명이 달린 설정 파일 만들기 (있는 파일은 건드리지 않음) · Write a commented file; an existing one stays
    Init {
        /// 파일 · The file
        #[arg(default_value = FILE_NAME)]
        file: PathBuf,
        /// JSON으로 · As JSON
        #[arg(long)]
        json: bool,
    },
    /// 설정 파일 확인: 줄, 항목, 문제, 필요한 값 · Check a file: line, key, problem, what was expected
    Check {
        /// 파일 · The file
        #[arg(default_value = FILE_NAME)]
        file: PathBuf,
        /// JSON으로 · As JSON
        #[arg(long)]
        json: bool,
    },
    /// 지금 쓰이는 값과 그 출처 · The values in effect and where each came from
    Show {
        #[command(flatten)]
        config: ConfigArgs,
        /// JSON으로 · As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
pub(super) fn run(args: Args) -> Result<Outcome, Failure> {
    match args.action {
        Action::Init { file, json } => init(&file, json),
        Action::Check { file, json } => check(&file, json),
        Action::Show { config, json } => show(&config, json),
    }
}

fn init(file: &std::path::Path, json: bool) -> Result<Outcome, Failure> {
    let shown = file.display();
    let written = OpenOptions::new().write(true).create_new(true).open(file).and_then(|mut out| {
        out.write_all(init_text().as_bytes())?;
        out.sync_all()
    });
    match written {
        Ok(()) if json => print_json(&json!({ "file": file, "written": true }))?,
        Ok(()) => print(format_args!("{shown}: 만들었습니다; 고친 뒤 `jangbu config check` · written; edit it, then check it"))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Failure::could_not(format_args!(
                "{shown}: exists and is left as it is; name another file, or move it away · 이미 있어 그대로 두었습니다"
            )));
        }
        Err(error) => return Err(Failure::could_not(format_args!("{shown}: {error}"))),
    }
    Ok(Outcome::Done)
}

fn check(file: &std::path::Path, json: bool) -> Result<Outcome, Failure> {
    let shown = file.display();
    let problems = match Layers::default().file(&shown.to_string(), &read(file)?).finish() {
        Ok(_) => Vec::new(),
        Err(Problems(problems)) => problems,
    };
    if json {
        let problems: Vec<Value> = problems
            .iter()
            .map(|problem| json!({ "at": problem.origin.to_string(), "key": problem.key, "problem": problem.to_string() }))
            .collect();
        print_json(&json!({ "file": file, "clean": problems.is_empty(), "problems": problems }))?;
    } else if problems.is_empty() {
        print(format_args!("{shown}: 문제 없음 · clean"))?;
    } else {
        problems.iter().try_for_each(print)?;
    }
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::No })
}

fn show(config: &ConfigArgs, json: bool) -> Result<Outcome, Failure> {
    let loaded = config.layers()?.finish().map_err(Failure::wrong_use)?;
    let rows = rows(&loaded);
    if json {
        let rows = rows.into_iter().map(|(path, value, origin)| (path, json!({ "value": value, "from": origin })));
        print_json(&Value::Object(rows.collect::<Map<_, _>>()))?;
        return Ok(Outcome::Done);
    }
    match config.path() {
        Some(path) => say(format_args!("# {}", path.display())),
        None => say("# 설정 파일 없음 · no settings file"),
    }
    for (path, value, origin) in rows {
        let value = match value {
            Value::Null => "-".to_owned(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        print(format_args!("{path:<28} {value:<24} # {origin}"))?;
    }
    Ok(Outcome::Done)
}

/// Every value in effect, and where it came from.
fn rows(loaded: &Loaded) -> Vec<(String, Value, String)> {
    let single = KEYS.iter().map(|key| (key.path(), (key.get)(&loaded.config).map_or(Value::Null, Value::String)));
    let config = &loaded.config;
    let venues = config.venues.iter().map(|venue| {
        let streams: Vec<&str> = venue.streams.iter().map(|stream| stream.name()).collect();
        json!({ "kind": venue.kind.name(), "endpoint": venue.endpoint, "symbols": venue.symbols, "streams": streams,
            "book_speed": venue.book_speed, "emulate": venue.emulate, "top": venue.top, "leverage": venue.leverage, "isolated": venue.isolated, "allow_withdraw": venue.allow_withdraw })
    });
    let deposits = config
        .deposits
        .iter()
        .map(|deposit| json!({ "venue": deposit.venue.name(), "currency": deposit.currency, "amount": deposit.amount }));
    let strategies = config.strategies.iter().map(|strategy| {
        let parameters: Map<String, Value> =
            strategy.parameters.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        json!({ "name": strategy.name, "instruments": strategy.instruments, "parameters": parameters })
    });
    let rates = config.valuation.rates.iter().map(|rate| match &rate.source {
        RateSource::Instrument(name) => json!({ "of": rate.of, "instrument": name }),
        RateSource::Fixed(price) => json!({ "of": rate.of, "value": price }),
    });
    let lists = [
        ("valuation.rates".to_owned(), Value::Array(rates.collect())),
        ("account.deposits".to_owned(), Value::Array(deposits.collect())),
        ("venue".to_owned(), Value::Array(venues.collect())),
        ("strategy".to_owned(), Value::Array(strategies.collect())),
    ];
    single
        .chain(lists)
        .map(|(path, value)| {
            let origin = loaded.origin(&path).to_string();
            (path, value, origin)
        })
        .collect()
}
