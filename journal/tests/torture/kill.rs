//! `kill -9`, at any moment: while it starts, while it writes, while a volume is sealed.

use jangbu_journal::*;

use crate::child::task;
use crate::tick::mix;
use crate::{check_left, rounds, seed};

#[test]
fn a_killed_writer_loses_nothing_it_acknowledged() {
    let seed = seed();
    let mut dir = tempfile::tempdir().expect("a folder");
    let mut acknowledged = Seq::ZERO;
    for round in 0..rounds(5, 50) {
        if round % 5 == 0 {
            (dir, acknowledged) = (tempfile::tempdir().expect("a folder"), Seq::ZERO);
        }
        let dice = mix(seed.wrapping_mul(1_000).wrapping_add(round));
        let durability = [Durability::Power, Durability::Process][(round % 2) as usize];
        let mut child = task(dir.path(), durability, dice).start("child::writes", &[]);
        // Killed after so many words; every third time while it has hardly begun.
        let words = if round % 3 == 2 { dice % 3 } else { dice % 20 };
        for _ in 0..words {
            assert!(child.next().is_some(), "it writes until it is killed");
        }
        acknowledged = acknowledged.max(child.kill());
        let what = format!("JANGBU_SEED={seed}, round {round}, {durability}, killed after {words} words");
        acknowledged = check_left(dir.path(), acknowledged, &what);
    }
}
