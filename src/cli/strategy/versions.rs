//! The texts a journal has: every `StrategyText` that differs from the one before under its name is a version.

use std::collections::BTreeMap;

use jangbu_journal::{Nanos, Reader, Seq};
use serde_json::{Value, json};
use similar::TextDiff;

use crate::cli::answer::{Failure, Outcome, print, print_json};
use crate::cli::moment::time_text;
use crate::cli::progress::Progress;
use crate::cli::settings::JournalArgs;
use crate::event::{Command, Event};

/// Events read at once.
const BATCH_EVENTS: usize = 4_096;

/// `jangbu strategy list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// `jangbu strategy show`.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// 이름, 또는 이름@판 (없으면 마지막 판) · NAME, or NAME@VERSION; by default the newest
    #[arg(value_name = "NAME[@VERSION]")]
    text: String,
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// `jangbu strategy diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Diff {
    /// 이름@판; 하나만 쓰면 그 앞의 판과 견줌 · NAME@VERSION; alone, it is compared with the version before it
    #[arg(value_name = "NAME[@VERSION]")]
    text: String,
    /// 견줄 것 · What to compare with
    #[arg(value_name = "NAME[@VERSION]")]
    other: Option<String>,
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// A text as it was from some event on.
struct Version {
    seq: Seq,
    at: Nanos,
    text: String,
}

/// Every text by name, its versions in order.
type Texts = BTreeMap<String, Vec<Version>>;

/// Where a text was found: its name, the number of the version from 1, and the version.
type Found<'a> = (&'a str, usize, &'a Version);

fn texts(journal: &JournalArgs) -> Result<Texts, Failure> {
    let reader = Reader::<Event>::open(&journal.dir()?).map_err(Failure::could_not)?;
    let last = reader.last_seq();
    let mut scan = reader.scan(Seq::FIRST).map_err(Failure::could_not)?;
    let mut progress = Progress::new("texts");
    let (mut texts, mut batch) = (Texts::new(), Vec::new());
    loop {
        batch.clear();
        if scan.next_batch(BATCH_EVENTS, &mut batch).map_err(Failure::could_not)? == 0 {
            return Ok(texts);
        }
        for (stamp, event) in &batch {
            let Event::Command(command) = event else { continue };
            let Command::StrategyText { name, text } = &**command else { continue };
            let versions = texts.entry(name.clone()).or_default();
            // Every session says its texts anew.
            if versions.last().is_none_or(|version| version.text != *text) {
                versions.push(Version { seq: stamp.seq, at: stamp.recv, text: text.clone() });
            }
        }
        if let Some((stamp, _)) = batch.last() {
            progress.at(stamp.seq.get(), last.get());
        }
    }
}

/// The version that `NAME[@VERSION]` names.
fn find<'a>(texts: &'a Texts, wanted: &str) -> Result<Found<'a>, Failure> {
    let numbered = wanted.rsplit_once('@').and_then(|(name, version)| Some((name, version.parse::<usize>().ok()?)));
    let (name, version) = match numbered {
        Some((name, version)) if !texts.contains_key(wanted) => (name, Some(version)),
        _ => (wanted, None),
    };
    let Some((name, versions)) = texts.get_key_value(name) else {
        let known: Vec<&str> = texts.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Failure::could_not(format_args!("the journal has no text `{name}` (it has: {known}) · 그런 글이 없습니다")));
    };
    let version = version.unwrap_or(versions.len());
    let found = version.checked_sub(1).and_then(|index| versions.get(index));
    let found = found.ok_or_else(|| {
        let last = versions.len();
        Failure::could_not(format_args!("`{name}` has versions 1 to {last}, and no version {version} · 그런 판이 없습니다"))
    })?;
    Ok((name, version, found))
}

fn shown((name, number, version): Found<'_>) -> Value {
    json!({ "name": name, "version": number, "seq": version.seq.get(), "time": time_text(version.at), "text": version.text })
}

/// Every text and its versions.
pub(super) fn list(args: &List) -> Result<Outcome, Failure> {
    let texts = texts(&args.journal)?;
    if args.json {
        let rows = texts.iter().flat_map(|(name, versions)| {
            versions.iter().enumerate().map(move |(index, version)| {
                let (seq, time) = (version.seq.get(), time_text(version.at));
                json!({ "name": name, "version": index + 1, "seq": seq, "time": time, "lines": version.text.lines().count() })
            })
        });
        print_json(&json!({ "texts": rows.collect::<Vec<_>>() }))?;
        return Ok(Outcome::Done);
    }
    if texts.is_empty() {
        print("장부에 전략 글이 없습니다 · the journal has no strategy text")?;
    }
    for (name, versions) in &texts {
        for (index, version) in versions.iter().enumerate() {
            let (number, lines) = (index + 1, version.text.lines().count());
            print(format_args!("{name}@{number}  {}  seq {}  {lines}줄 · lines", time_text(version.at), version.seq))?;
        }
    }
    Ok(Outcome::Done)
}

/// One version, as it was loaded.
pub(super) fn show(args: &Show) -> Result<Outcome, Failure> {
    let texts = texts(&args.journal)?;
    let found = find(&texts, &args.text)?;
    if args.json {
        print_json(&shown(found))?;
    } else {
        print(found.2.text.trim_end_matches('\n'))?;
    }
    Ok(Outcome::Done)
}

/// What differs between two versions, as a unified diff.
pub(super) fn diff(args: &Diff) -> Result<Outcome, Failure> {
    let texts = texts(&args.journal)?;
    let first = find(&texts, &args.text)?;
    let (old, new) = match &args.other {
        Some(other) => (first, find(&texts, other)?),
        None if first.1 == 1 => {
            let name = first.0;
            return Err(Failure::could_not(format_args!(
                "`{name}@1` is the first version: there is none before it · 첫 판입니다"
            )));
        }
        None => (find(&texts, &format!("{}@{}", first.0, first.1 - 1))?, first),
    };
    let difference = TextDiff::from_lines(&old.2.text, &new.2.text);
    let names = [old, new].map(|(name, number, _)| format!("{name}@{number}"));
    let text = difference.unified_diff().header(&names[0], &names[1]).to_string();
    if args.json {
        print_json(&json!({ "old": shown(old), "new": shown(new), "diff": text }))?;
    } else if text.is_empty() {
        print("같습니다 · they are the same")?;
    } else {
        print(text.trim_end_matches('\n'))?;
    }
    Ok(Outcome::Done)
}
