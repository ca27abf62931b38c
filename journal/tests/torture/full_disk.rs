//! A full disk: appending fails with words that say so, nothing acknowledged is lost, and with room again the journal goes on.
//!
//! Twice: with a limit on the size of files (any user, any system with `sh`), and with a small file system of its own, where an
//! unprivileged user can have one.

use std::fs;

use jangbu_journal::*;

use crate::child::{self, Said, Task, say, task};
use crate::{check_left, read_whole, rounds, seed};

/// What is removed from a full disk to make room: sled clears up to a segment, 16 MiB, of the volume it opens.
const BALLAST_BYTES: usize = 22 << 20;
/// Says in the child's exit code that there is no small file system to be had.
const NO_MOUNT: i32 = 77;

#[test]
fn files_that_may_not_grow_stop_the_journal_with_words() {
    let seed = seed();
    // In blocks of 512 or 1,024 bytes, as the shell has it: none at all, not even a catalog, no mark, somewhere in the first volume.
    for (round, blocks) in [0_u64, 1, 40, 700, 3_000].into_iter().cycle().take(rounds(5, 25) as usize).enumerate() {
        let dir = tempfile::tempdir().expect("a folder");
        let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", blocks + round as u64 / 5 * 97);
        let what = format!("JANGBU_SEED={seed}, at most {blocks} blocks");
        let task = Task { volume_bytes_max: 64 << 20, ..task(dir.path(), Durability::Power, seed ^ round as u64) };
        let mut child = task.start("child::writes", &["sh", "-c", &limit, "sh"]);
        let mut failed = None;
        while let Some(said) = child.next() {
            if let Said::Failed(words) = said {
                failed = Some(words);
            }
        }
        let words = failed.unwrap_or_else(|| panic!("{what}: it did not fail"));
        assert!(words.contains("File too large"), "{what}: {words}");
        let acknowledged = child.durable();
        assert!(child.wait().0, "{what}: a child panicked");
        check_left(dir.path(), acknowledged, &what);
    }
}

#[test]
fn a_full_file_system_stops_the_journal_with_words() {
    let seed = seed();
    for megabytes in [26, 40, 60] {
        let dir = tempfile::tempdir().expect("a folder");
        let script = format!(
            "mount -t tmpfs -o size={megabytes}m,mode=700 tmpfs \"$JANGBU_TORTURE_DIR\" 2>/dev/null || exit {NO_MOUNT}; exec \"$@\""
        );
        let task = task(dir.path(), Durability::Power, seed ^ megabytes);
        let mut child = task.start("child::fills", &["unshare", "-rm", "sh", "-c", &script, "sh"]);
        let (mut failed, mut notes) = (None, Vec::new());
        while let Some(said) = child.next() {
            match said {
                Said::Failed(words) => failed = Some(words),
                Said::Note(note) => notes.push(note),
                Said::Durable(_) => {}
            }
        }
        let (well, code) = child.wait();
        if notes.is_empty() && !well && code != Some(101) {
            eprintln!("SKIPPED: no file system of our own here (unshare, mount); a full one was not tried");
            return;
        }
        let what = format!("JANGBU_SEED={seed}, {megabytes} MB");
        assert!(well && notes == ["gone on"], "{what}: {notes:?}, failed with {failed:?}");
        let words = failed.expect("it failed before it went on");
        assert!(words.contains("No space left") && words.contains("make room"), "{what}: {words}");
    }
}

/// In the child, whose folder is a small file system: fills it, and goes on when there is room again.
pub fn fill(task: &Task) {
    let ballast = task.dir.join("ballast");
    fs::write(&ballast, vec![7; BALLAST_BYTES]).expect("room for the ballast");
    let journal = Task { dir: task.dir.join("journal"), ..task.clone() };
    let mut acknowledged = Seq::ZERO;
    let error = child::write(&journal, &mut |seq| acknowledged = seq).expect_err("it is full");
    say("failed", &error);
    // Still full: it may open, or say why not; and what is there is all there.
    if let Ok(writer) = Writer::<crate::Tick>::open(&journal.dir, crate::options(Durability::Power, 1 << 20)) {
        drop(writer);
    }
    let left = if journal.dir.join("catalog").exists() { read_whole(&journal.dir, "still full") } else { Seq::ZERO };
    assert!(left >= acknowledged, "still full: {acknowledged} was acknowledged, a reader finds {left}");
    fs::remove_file(&ballast).expect("removes");
    check_left(&journal.dir, left, "with room again");
    say("note", "gone on");
}
