//! `jangbu journal info`: volumes, sizes, span.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use jangbu_journal::catalog::{Catalog, MarkFile, Volume, volume_path};
use jangbu_journal::lock::Lock;
use jangbu_journal::{JournalError, Nanos, Reader, Seq};
use serde_json::{Value, json};

use crate::cli::answer::{Failure, Outcome, print, print_json};
use crate::cli::moment::time_text;
use crate::cli::settings::JournalArgs;
use crate::event::Event;

/// `jangbu journal info`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// What there is to say.
struct Info {
    last: Seq,
    /// Up to where it was durable when last noted.
    marked: Seq,
    written_now: bool,
    sessions: usize,
    /// Of the first event and the last, when there are any.
    times: Option<(Nanos, Nanos)>,
    /// Each with its bytes on disk.
    volumes: Vec<(Volume, u64)>,
    snapshots: (usize, u64),
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let dir = args.journal.dir()?;
    let info = look(&dir)?;
    if args.json {
        print_json(&info.json(&dir))?;
    } else {
        print(info.text(&dir))?;
    }
    Ok(Outcome::Done)
}

fn look(dir: &Path) -> Result<Info, Failure> {
    let reader = Reader::<Event>::open(dir).map_err(Failure::could_not)?;
    let catalog = Catalog::load(dir).map_err(Failure::could_not)?.unwrap_or_default();
    let last = reader.last_seq();
    let times = match catalog.volumes.first().map(|volume| volume.first).filter(|first| *first <= last) {
        None => None,
        Some(first) => recv_of(&reader, first)?.zip(recv_of(&reader, last)?),
    };
    let volumes = catalog.volumes.iter().map(|volume| Ok((*volume, folder(&volume_path(dir, volume.number))?.1)));
    Ok(Info {
        last,
        marked: MarkFile::read(dir).map_err(Failure::could_not)?.map_or(Seq::ZERO, |mark| mark.seq),
        written_now: Lock::is_held(dir).map_err(Failure::could_not)?,
        sessions: reader.sessions().len(),
        times,
        volumes: volumes.collect::<Result<_, Failure>>()?,
        snapshots: folder(&dir.join("snapshots"))?,
    })
}

/// When an event was received; `None` when a repair gave it up.
fn recv_of(reader: &Reader<Event>, seq: Seq) -> Result<Option<Nanos>, Failure> {
    let mut rows = Vec::new();
    match reader.scan(seq).and_then(|mut scan| scan.next_batch(1, &mut rows)) {
        Ok(_) => Ok(rows.first().map(|(stamp, _)| stamp.recv)),
        Err(JournalError::GivenUp { .. }) => Ok(None),
        Err(error) => Err(Failure::could_not(error)),
    }
}

/// Files in a folder and below, and their bytes. One that is not there has none; what vanishes meanwhile is not counted.
fn folder(path: &Path) -> Result<(usize, u64), Failure> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(Failure::could_not(format_args!("{}: {error}", path.display()))),
    };
    let (mut files, mut bytes) = (0, 0);
    for entry in entries.flatten() {
        match entry.metadata() {
            Ok(about) if about.is_dir() => {
                let below = folder(&entry.path())?;
                (files, bytes) = (files + below.0, bytes + below.1);
            }
            Ok(about) => (files, bytes) = (files + 1, bytes + about.len()),
            Err(_) => {}
        }
    }
    Ok((files, bytes))
}

impl Info {
    fn bytes(&self) -> u64 {
        self.volumes.iter().map(|(_, bytes)| bytes).sum()
    }

    fn text(&self, dir: &Path) -> String {
        let state = if self.written_now { "쓰이는 중 · being written" } else { "닫힘 · nobody writes it" };
        let mut lines = vec![format!("journal    {} ({state})", dir.display())];
        lines.push(format!("events     {} (durable · 남음이 확인된 곳 {})", self.last, self.marked));
        if let Some((first, last)) = self.times {
            lines.push(format!("span       {} .. {}", time_text(first), time_text(last)));
        }
        lines.push(format!("sessions   {}", self.sessions));
        let (snapshots, bytes) = self.snapshots;
        lines.push(format!("snapshots  {snapshots} ({})", size_text(bytes)));
        let each = self.bytes().checked_div(self.last.get()).unwrap_or(0);
        lines.push(format!("volumes    {} ({}, {each} B an event · 사건마다)", self.volumes.len(), size_text(self.bytes())));
        for (volume, bytes) in &self.volumes {
            let last = volume.sealed.map_or_else(|| "(open · 열림)".to_owned(), |seal| seal.last.to_string());
            lines.push(format!("  {:08}  {} .. {last}  {}", volume.number, volume.first, size_text(*bytes)));
        }
        lines.join("\n")
    }

    fn json(&self, dir: &Path) -> Value {
        let volumes = self.volumes.iter().map(|(volume, bytes)| {
            let last = volume.sealed.map(|seal| seal.last);
            json!({ "number": volume.number, "first": volume.first, "last": last, "sealed": last.is_some(), "bytes": bytes })
        });
        json!({
            "journal": dir,
            "written_now": self.written_now,
            "last": self.last,
            "durable": self.marked,
            "first_recv": self.times.map(|times| times.0),
            "last_recv": self.times.map(|times| times.1),
            "sessions": self.sessions,
            "snapshots": { "files": self.snapshots.0, "bytes": self.snapshots.1 },
            "bytes": self.bytes(),
            "volumes": volumes.collect::<Vec<_>>(),
        })
    }
}

fn size_text(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
