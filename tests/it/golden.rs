//! Golden journals: what an earlier build wrote reads, replays and digests to the same, from the start and from every snapshot.
//!
//! A folder of `tests/golden/v<schema>/` is a journal, made by this file when `JANGBU_WRITE_GOLDEN` is set, and an `expected.txt`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use jangbu::effect::Effect;
use jangbu::event::{Answer, Command, Event, LinkState, MarketEvent, OrderUpdate};
use jangbu::kernel::Kernel;
use jangbu_journal::{Reader, Record, Seq};
use jangbu_replay::{Effects, Machine, Span, Until, Verification, verify};

use crate::golden_made;

const WRITE: &str = "JANGBU_WRITE_GOLDEN";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// Every golden journal of every schema.
fn journals() -> Vec<PathBuf> {
    let versions = entries(&golden()).into_iter().filter(|path| path.is_dir());
    versions.flat_map(|version| entries(&version)).filter(|path| path.is_dir()).collect()
}

/// What is done with the file of a journal on its way: its name and bytes there.
type Form = fn(&str, Vec<u8>) -> (String, Vec<u8>);

/// Copies what belongs to a journal: not the lock, which names a process.
fn copy(from: &Path, to: &Path, form: Form) {
    fs::create_dir_all(to).expect("a folder");
    for path in entries(from) {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        if path.is_dir() {
            copy(&path, &to.join(name), form);
        } else if name != "lock" && name != "expected.txt" {
            let (name, bytes) = form(name, fs::read(&path).expect("read"));
            fs::write(to.join(name), bytes).expect("copied");
        }
    }
}

/// sled's file is 16 MiB of mostly nothing.
fn packed(name: &str, bytes: Vec<u8>) -> (String, Vec<u8>) {
    if name != "db" {
        return (name.to_owned(), bytes);
    }
    let mut packed = Vec::new();
    GzEncoder::new(bytes.as_slice(), Compression::best()).read_to_end(&mut packed).expect("in memory");
    ("db.gz".into(), packed)
}

fn unpacked(name: &str, bytes: Vec<u8>) -> (String, Vec<u8>) {
    let Some(name) = name.strip_suffix(".gz") else { return (name.to_owned(), bytes) };
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).expect("a golden file");
    (name.to_owned(), unpacked)
}

fn replay(dir: &Path, from: Seq, snapshots: bool) -> Verification {
    let span = Span { from, until: Until::End, snapshots };
    let (_, done) = verify::<Kernel>(dir, span, &mut |_| ()).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    assert_eq!(done.divergence, None, "{}", dir.display());
    done
}

/// What stands in `expected.txt`.
fn expected(done: &Verification) -> String {
    let Verification { last, effects, effects_digest, state, .. } = done;
    format!("events {last}\neffects {effects} {effects_digest}\nstate {state}\n")
}

fn snapshots(dir: &Path) -> Vec<Seq> {
    let seq = |path: PathBuf| Some(Seq::new(path.file_name()?.to_str()?.strip_suffix(".snap")?.parse().ok()?));
    entries(&dir.join("snapshots")).into_iter().map(|path| seq(path).expect("a snapshot's name")).collect()
}

#[test]
fn golden_journals_replay_to_what_they_were() {
    if let Ok(which) = std::env::var(WRITE) {
        write(&which);
    }
    let journals = journals();
    let version = golden().join(format!("v{}", Event::SCHEMA));
    assert!(journals.iter().any(|path| path.starts_with(&version)), "{}: the schema of today has none", version.display());
    for journal in journals {
        let dir = tempfile::tempdir().expect("a temporary directory");
        copy(&journal, dir.path(), unpacked);
        let whole = replay(dir.path(), Seq::FIRST, false);
        let on_record = fs::read_to_string(journal.join("expected.txt")).expect("what is expected");
        assert_eq!(expected(&whole), on_record, "{}", journal.display());
        assert!(whole.compared > whole.effects / 2, "{}: {} compared", journal.display(), whole.compared);
        let snapshots = snapshots(dir.path());
        assert!(!snapshots.is_empty(), "{}", journal.display());
        for seq in snapshots {
            let rest = replay(dir.path(), seq.next(), true);
            assert_eq!((rest.started_after, expected(&rest)), (seq, expected(&whole)), "{} from {seq}", journal.display());
        }
    }
}

/// Makes those of today's schema anew, or the one that is named.
fn write(which: &str) {
    let version = golden().join(format!("v{}", Event::SCHEMA));
    for (name, make) in golden_made::JOURNALS.iter().filter(|(name, _)| which == "1" || which == *name) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        make(dir.path());
        let done = replay(dir.path(), Seq::FIRST, false);
        let to = version.join(name);
        if to.exists() {
            fs::remove_dir_all(&to).expect("removed");
        }
        copy(dir.path(), &to, packed);
        fs::write(to.join("expected.txt"), expected(&done)).expect("written");
    }
}

/// What today's code makes of the recipe is what stands on record: the journals can be made again.
#[test]
fn golden_journals_are_what_their_recipe_makes() {
    for (name, make) in golden_made::JOURNALS {
        let dir = tempfile::tempdir().expect("a temporary directory");
        make(dir.path());
        let journal = golden().join(format!("v{}", Event::SCHEMA)).join(name);
        assert_eq!(events(dir.path()), events_of_copy(&journal), "{name}");
        let on_record = fs::read_to_string(journal.join("expected.txt")).expect("what is expected");
        assert_eq!(expected(&replay(dir.path(), Seq::FIRST, false)), on_record, "{name}: set {WRITE} to make it anew");
    }
}

fn events(dir: &Path) -> Vec<(jangbu_journal::Stamp, Event)> {
    let mut events = Vec::new();
    let reader = Reader::<Event>::open(dir).expect("a journal");
    reader.scan(Seq::FIRST).expect("a scan").next_batch(usize::MAX, &mut events).expect("events");
    events
}

fn events_of_copy(journal: &Path) -> Vec<(jangbu_journal::Stamp, Event)> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    copy(journal, dir.path(), unpacked);
    events(dir.path())
}

#[test]
fn golden_journals_know_every_event_and_most_that_can_happen() {
    let (mut seen, mut decided, mut bytes) = (BTreeSet::new(), BTreeSet::new(), 0);
    for journal in journals() {
        bytes += size(&journal);
        let mut kernel = Kernel::default();
        let mut effects = Effects::new();
        for (stamp, event) in events_of_copy(&journal) {
            seen.insert(kind(&event));
            kernel.apply(&stamp, &event, &mut effects);
            decided.extend(effects.drain().map(|effect| decision(&effect)));
        }
    }
    let missing: Vec<_> = KINDS.iter().filter(|kind| !seen.contains(**kind)).collect();
    assert!(missing.is_empty(), "not in any golden journal: {missing:?}");
    for code in [
        "submit",
        "cancel",
        "query order",
        "query account",
        "kill",
        "kill.resumed",
        "risk.killed",
        "liquidate.done",
        "orders.rejected",
    ] {
        assert!(decided.contains(code), "{code} is not among {decided:?}");
    }
    assert!(bytes < 200_000, "{bytes} bytes: too large for a repository");
}

fn size(folder: &Path) -> u64 {
    let size = |path: &PathBuf| if path.is_dir() { size(path) } else { fs::metadata(path).expect("a file").len() };
    entries(folder).iter().map(size).sum()
}

fn decision(effect: &Effect) -> String {
    match effect {
        Effect::Submit(_) => "submit".into(),
        Effect::Amend(_) => "amend".into(),
        Effect::Cancel(_) => "cancel".into(),
        Effect::Query(jangbu::effect::Query::Order(_)) => "query order".into(),
        Effect::Query(jangbu::effect::Query::Account(_)) => "query account".into(),
        Effect::Query(other) => other.question(),
        Effect::Subscribe { .. } => "subscribe".into(),
        Effect::Notify(notice) => notice.code.clone(),
    }
}

/// Declares the kinds of events and how to tell them: a variant without a row does not compile, a row without an event fails.
macro_rules! kinds {
    ($($name:literal = $pattern:pat),+ $(,)?) => {
        const KINDS: &[&str] = &[$($name),+];

        fn kind(event: &Event) -> &'static str {
            // Boxed variants are matched by reference to what is inside.
            match Unboxed::of(event) {
                $($pattern => $name),+
            }
        }
    };
}

/// An event with its boxes open.
enum Unboxed<'a> {
    Market(&'a MarketEvent),
    Order(&'a OrderUpdate),
    Answer(&'a Answer),
    Link(&'a LinkState),
    Command(&'a Command),
    Tick,
    Frame,
}

impl<'a> Unboxed<'a> {
    fn of(event: &'a Event) -> Self {
        match event {
            Event::Market(market) => Unboxed::Market(market),
            Event::Order(order) => Unboxed::Order(&order.update),
            Event::Answer(answer) => Unboxed::Answer(answer),
            Event::Link(link) => Unboxed::Link(&link.state),
            Event::Command(command) => Unboxed::Command(command),
            Event::Tick => Unboxed::Tick,
            Event::Frame(_) => Unboxed::Frame,
        }
    }
}

kinds! {
    "instrument" = Unboxed::Market(MarketEvent::Instrument(_)),
    "trade" = Unboxed::Market(MarketEvent::Trade(_)),
    "quote" = Unboxed::Market(MarketEvent::Quote(_)),
    "depth" = Unboxed::Market(MarketEvent::Depth(_)),
    "level" = Unboxed::Market(MarketEvent::Level(_)),
    "book lost" = Unboxed::Market(MarketEvent::BookLost(_)),
    "bar" = Unboxed::Market(MarketEvent::Bar(_)),
    "value" = Unboxed::Market(MarketEvent::Value(_)),
    "phase" = Unboxed::Market(MarketEvent::Phase(_)),
    "condition" = Unboxed::Market(MarketEvent::Condition(_)),
    "vi" = Unboxed::Market(MarketEvent::Vi(_)),
    "ranked" = Unboxed::Market(MarketEvent::Ranked(_)),
    "reference" = Unboxed::Market(MarketEvent::Reference(_)),
    "activity" = Unboxed::Market(MarketEvent::Activity(_)),
    "mark" = Unboxed::Market(MarketEvent::Mark(_)),
    "accepted" = Unboxed::Order(OrderUpdate::Accepted { .. }),
    "rejected" = Unboxed::Order(OrderUpdate::Rejected { .. }),
    "filled" = Unboxed::Order(OrderUpdate::Filled(_)),
    "amended" = Unboxed::Order(OrderUpdate::Amended { .. }),
    "amend rejected" = Unboxed::Order(OrderUpdate::AmendRejected { .. }),
    "cancelled" = Unboxed::Order(OrderUpdate::Cancelled),
    "cancel rejected" = Unboxed::Order(OrderUpdate::CancelRejected { .. }),
    "expired" = Unboxed::Order(OrderUpdate::Expired),
    "unknown" = Unboxed::Order(OrderUpdate::Unknown),
    "balance" = Unboxed::Answer(Answer::Balance { .. }),
    "position" = Unboxed::Answer(Answer::Position { .. }),
    "open order" = Unboxed::Answer(Answer::OpenOrder { .. }),
    "not found" = Unboxed::Answer(Answer::NotFound { .. }),
    "reconciled" = Unboxed::Answer(Answer::Reconciled { .. }),
    "charged" = Unboxed::Answer(Answer::Charged(_)),
    "failed" = Unboxed::Answer(Answer::Failed { .. }),
    "flow" = Unboxed::Answer(Answer::Flow(_)),
    "brackets" = Unboxed::Answer(Answer::Brackets { .. }),
    "margin" = Unboxed::Answer(Answer::Margin { .. }),
    "forced" = Unboxed::Answer(Answer::Forced(_)),
    "link up" = Unboxed::Link(LinkState::Up),
    "link down" = Unboxed::Link(LinkState::Down { .. }),
    "conflated" = Unboxed::Link(LinkState::Conflated { .. }),
    "session started" = Unboxed::Command(Command::SessionStarted { .. }),
    "session ended" = Unboxed::Command(Command::SessionEnded { .. }),
    "configure" = Unboxed::Command(Command::Configure(_)),
    "deposit" = Unboxed::Command(Command::Deposit { .. }),
    "auto trade" = Unboxed::Command(Command::AutoTrade(_)),
    "strategy text" = Unboxed::Command(Command::StrategyText { .. }),
    "order" = Unboxed::Command(Command::Order { .. }),
    "cancel" = Unboxed::Command(Command::Cancel(_)),
    "liquidate" = Unboxed::Command(Command::Liquidate),
    "kill" = Unboxed::Command(Command::Kill { .. }),
    "resume" = Unboxed::Command(Command::Resume),
    "real orders" = Unboxed::Command(Command::RealOrders { .. }),
    "valuation" = Unboxed::Command(Command::Valuation(_)),
    "amend" = Unboxed::Command(Command::Amend { .. }),
    "cancel all" = Unboxed::Command(Command::CancelAll),
    "reconnect" = Unboxed::Command(Command::Reconnect { .. }),
    "noted" = Unboxed::Answer(Answer::Noted { .. }),
    "liquidation" = Unboxed::Command(Command::Liquidation(_)),
    "tick" = Unboxed::Tick,
    "frame" = Unboxed::Frame,
}
