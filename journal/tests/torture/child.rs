//! A process of its own that writes at full speed and says what is durable: this test binary, run again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use jangbu_journal::*;

use crate::options;
use crate::tick::{Tick, mix};

const DIR: &str = "JANGBU_TORTURE_DIR";
const DURABILITY: &str = "JANGBU_TORTURE_DURABILITY";
const DICE: &str = "JANGBU_TORTURE_DICE";
const VOLUME_BYTES: &str = "JANGBU_TORTURE_VOLUME_BYTES";
const EVENTS: &str = "JANGBU_TORTURE_EVENTS";
/// How long a child may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a child is told.
#[derive(Clone, Debug)]
pub struct Task {
    pub dir: PathBuf,
    pub durability: Durability,
    pub volume_bytes_max: u64,
    pub dice: u64,
    /// After so many events it closes the journal and ends.
    pub events: u64,
}

impl Task {
    /// The task of this process, if it is a child.
    fn own() -> Option<Task> {
        let text = |name| std::env::var(name).ok();
        Some(Task {
            dir: PathBuf::from(std::env::var_os(DIR)?),
            durability: text(DURABILITY)?.parse().ok()?,
            volume_bytes_max: text(VOLUME_BYTES)?.parse().ok()?,
            dice: text(DICE)?.parse().ok()?,
            events: text(EVENTS)?.parse().ok()?,
        })
    }

    /// Runs `entry`, one of this binary's tests, on it. `before` are programs that start it, with their arguments.
    pub fn start(&self, entry: &str, before: &[&str]) -> Child {
        let own = std::env::current_exe().expect("a path");
        let own = own.to_str().expect("a path in UTF-8");
        let words: Vec<&str> = before.iter().copied().chain([own, "--exact", entry, "--nocapture", "--test-threads=1"]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env(DIR, &self.dir).env(DURABILITY, self.durability.to_string());
        command.env(DICE, self.dice.to_string()).env(VOLUME_BYTES, self.volume_bytes_max.to_string());
        command.env(EVENTS, self.events.to_string());
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let (say, said) = channel();
        std::thread::spawn(move || {
            // A line is one write, so that a killed child leaves no half of one.
            for line in output.lines().map_while(Result::ok) {
                if let Some(word) = Said::parse(&line)
                    && say.send(word).is_err()
                {
                    return;
                }
            }
        });
        Child { process, said, durable: Seq::ZERO }
    }
}

/// A word of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Up to here everything is durable.
    Durable(Seq),
    /// The journal failed.
    Failed(String),
    /// Something the test at hand understands.
    Note(String),
}

impl Said {
    fn parse(line: &str) -> Option<Said> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "durable" => rest.parse().ok().map(|seq| Said::Durable(Seq::new(seq))),
            "failed" => Some(Said::Failed(rest.to_owned())),
            "note" => Some(Said::Note(rest.to_owned())),
            _ => None,
        }
    }
}

/// A child at work. Dropped, it is killed.
pub struct Child {
    process: std::process::Child,
    said: Receiver<Said>,
    durable: Seq,
}

impl Child {
    /// Its next word; `None` when it has ended.
    pub fn next(&mut self) -> Option<Said> {
        match self.said.recv_timeout(PATIENCE) {
            Ok(said) => Some(self.heard(said)),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("a child said nothing for {PATIENCE:?}"),
        }
    }

    /// What it has acknowledged by now.
    pub fn durable(&mut self) -> Seq {
        while let Ok(said) = self.said.try_recv() {
            self.heard(said);
        }
        self.durable
    }

    fn heard(&mut self, said: Said) -> Said {
        if let Said::Durable(seq) = said {
            assert!(seq >= self.durable, "what is durable stays so");
            self.durable = seq;
        }
        said
    }

    /// Kills it (SIGKILL) and says what it had acknowledged before it died.
    pub fn kill(mut self) -> Seq {
        self.process.kill().expect("it can be killed");
        while self.next().is_some() {}
        self.durable
    }

    /// Waits for its end. Whether it ended well, and its exit code.
    pub fn wait(mut self) -> (bool, Option<i32>) {
        while self.next().is_some() {}
        let status = self.process.wait().expect("it was started");
        (status.success(), status.code())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Says something to the parent.
pub fn say(word: &str, what: impl std::fmt::Display) {
    println!("{word} {}", what.to_string().replace('\n', " "));
}

/// The program of a child that is to be killed, or to fill its disk. In any other process it does nothing.
#[test]
fn writes() {
    let Some(task) = Task::own() else { return };
    // Behind the words of the test harness.
    println!();
    if let Err(error) = write(&task, &mut |durable| say("durable", durable)) {
        say("failed", error);
    }
}

/// As [`writes`], but a full disk is a part of it. See `full_disk`.
#[test]
fn fills() {
    let Some(task) = Task::own() else { return };
    println!();
    crate::full_disk::fill(&task);
}

/// Writes groups of all sizes, with checkpoints, snapshots and sessions among them, and acknowledges what is durable.
///
/// # Errors
/// Those of the journal.
pub fn write(task: &Task, acknowledge: &mut dyn FnMut(Seq)) -> Result<(), JournalError> {
    let mut writer = Writer::<Tick>::open(&task.dir, options(task.durability, task.volume_bytes_max))?;
    let mut said = writer.durable();
    acknowledge(said);
    let id = writer.sessions().len() as u64 + 1;
    let (first, started) = (writer.next_seq(), writer.last_recv());
    writer.begin_session(SessionInfo { id, first, last: None, started, note: "torture".into() })?;
    let watermark = writer.watermark();
    while writer.next_seq() < first.advance(task.events) {
        let result = write_group(&mut writer, task);
        let durable = watermark.get();
        if durable != said {
            said = durable;
            acknowledge(said);
        }
        result?;
    }
    writer.close()
}

fn write_group(writer: &mut Writer<Tick>, task: &Task) -> Result<(), JournalError> {
    let dice = mix(task.dice ^ writer.next_seq().get());
    for _ in 0..1 + dice % 300 {
        let (stamp, tick) = Tick::at(writer.next_seq());
        writer.append(&stamp, &tick)?;
    }
    let seq = writer.next_seq().previous();
    if (dice >> 32).is_multiple_of(20) {
        writer.checkpoint(&Checkpoint { seq, effects_count: 1, effects: dice, state: 1, parts: Vec::new() })?;
    }
    if (dice >> 40).is_multiple_of(100) {
        writer.snapshot(seq, &dice.to_le_bytes())?;
    }
    // Not always: groups then collect while the disk is at work.
    if (dice >> 50).is_multiple_of(3) { writer.commit() } else { Ok(()) }
}

/// A task in `dir` with volumes small enough that one is sealed every so often. It ends before it could fill a disk.
pub fn task(dir: &Path, durability: Durability, dice: u64) -> Task {
    Task { dir: dir.to_owned(), durability, volume_bytes_max: 1 << 20, dice, events: 4_000_000 }
}
