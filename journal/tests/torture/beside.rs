//! A reader beside a writer: whenever it looks, it sees a prefix of what is written, no shorter than what was acknowledged.

use jangbu_journal::*;

use crate::child::{Said, task};
use crate::tick::mix;
use crate::{read, rounds, seed};

#[test]
fn a_reader_beside_a_writer_sees_a_prefix() {
    let seed = seed();
    for durability in [Durability::Process, Durability::Power] {
        let dir = tempfile::tempdir().expect("a folder");
        let begin = || task(dir.path(), durability, seed).start("child::writes", &[]);
        let mut child = begin();
        assert!(matches!(child.next(), Some(Said::Durable(_))), "it has opened");
        let mut before = Seq::ZERO;
        for round in 0..rounds(6, 60) {
            // Something new each time.
            while child.durable() <= before {
                match child.next() {
                    Some(said) => assert!(matches!(said, Said::Durable(_)), "{said:?}"),
                    // It has written all it may, and another one goes on.
                    None => {
                        assert!(std::mem::replace(&mut child, begin()).wait().0, "it ended well");
                    }
                }
            }
            let acknowledged = child.durable();
            // From the beginning at first; later from near the end, where the writer is at work.
            let dice = mix(seed ^ round);
            let from = if round < 2 { Seq::FIRST } else { Seq::new(before.get().saturating_sub(dice % 20_000).max(1)) };
            let (last, promised, error) = read(dir.path(), from);
            let what = format!("JANGBU_SEED={seed}, {durability}, round {round}");
            assert!(error.is_none() && last == promised, "{what}: read up to {last} of {promised}: {error:?}");
            assert!(last >= acknowledged && last >= before, "{what}: {acknowledged} was acknowledged, it read up to {last}");
            before = last;
        }
        child.kill();
    }
}
