//! Power. A power cut itself is simulated inside the crate (`src/power.rs`), where every sync is known. Here, from outside, by the
//! system calls: under `power` nothing is called durable that was not handed to `fdatasync` before.

use std::process::{Command, Stdio};

use jangbu_journal::*;

use crate::child::{Said, Task, task};
use crate::seed;

/// Whether processes can be traced here.
fn can_trace() -> bool {
    let status = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Of a trace: for each word `durable` after the first, how many syncs of a volume's file ended well since the word before.
fn syncs_before_words(trace: &str) -> Vec<u64> {
    let (mut counts, mut syncs) = (Vec::new(), 0);
    for line in trace.lines() {
        if line.contains("durable ") && line.contains("write(1") {
            counts.push(std::mem::take(&mut syncs));
        } else if line.ends_with("= 0")
            && (line.contains("fdatasync(") && line.contains("/db>") || line.contains("fdatasync resumed"))
        {
            syncs += 1;
        }
    }
    counts.split_off(1.min(counts.len()))
}

#[test]
fn nothing_is_called_durable_before_it_was_synced() {
    if !can_trace() {
        eprintln!("SKIPPED: strace is not there or may not trace; the order of syncs and acknowledgements was not looked at");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let trace = dir.path().join("trace");
    let path = trace.to_str().expect("a path in UTF-8");
    let strace = ["strace", "-f", "-y", "-qq", "-s", "40", "-e", "trace=write,fdatasync,fsync", "-o", path];
    let task = Task { events: 100_000, ..task(&dir.path().join("journal"), Durability::Power, seed()) };
    let mut child = task.start("child::writes", &strace);
    while let Some(said) = child.next() {
        assert!(matches!(said, Said::Durable(_)), "{said:?}");
    }
    assert!(child.wait().0, "it ends well");
    let counts = syncs_before_words(&std::fs::read_to_string(&trace).expect("a trace"));
    assert!(counts.len() >= 5, "the trace has the words: {}", counts.len());
    let unsynced = counts.iter().filter(|count| **count == 0).count();
    assert_eq!(unsynced, 0, "words without a sync before them, in {counts:?}");
}
