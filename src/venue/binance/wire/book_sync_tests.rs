//! A venue that knows its book at every update, a bad connection, and the book made of what came through.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const ID: InstrumentId = InstrumentId(0);

fn ids(first: u64, last: u64, previous: Option<u64>) -> DeltaIds {
    DeltaIds { first, last, previous, time: None }
}

fn one_level(price: i64, qty: i128) -> Levels {
    Levels { bids: vec![(Price::from_raw(price), Qty::from_raw(qty))], asks: vec![] }
}

/// What is made of the steps of a sync, in words.
struct Bench {
    sync: BookSync,
    out: Made,
    dropped: u64,
}

impl Bench {
    fn new(rule: SyncRule) -> Self {
        Bench { sync: BookSync::new(rule, ID), out: Made::new(), dropped: 0 }
    }

    #[track_caller]
    fn delta(&mut self, ids: DeltaIds, expected: DeltaOutcome) {
        assert_eq!(self.sync.delta(ids, &one_level(1, 1), &mut self.dropped, &mut self.out), expected);
    }

    #[track_caller]
    fn snapshot(&mut self, last: u64, expected: SnapshotOutcome) {
        assert_eq!(self.sync.snapshot(last, None, &one_level(1, 1), &mut self.out), expected);
    }

    /// The events so far, shortly, and then forgotten: `S5` snapshot at 5, `D7` delta at 7, `lost`.
    #[track_caller]
    fn made(&mut self, expected: &str) {
        let words: Vec<String> = self
            .out
            .drain(..)
            .filter_map(|(_, event)| match event {
                Event::Market(MarketEvent::Depth(depth)) => {
                    Some(format!("{}{}", if depth.snapshot { "S" } else { "D" }, depth.update_id))
                }
                Event::Market(MarketEvent::BookLost(_)) => Some("lost".into()),
                _ => None,
            })
            .collect();
        assert_eq!(words.join(" "), expected);
    }
}

#[test]
fn spot_follows_contiguous_ids() {
    let mut bench = Bench::new(SyncRule::Spot);
    assert!(!bench.sync.wants_snapshot());
    bench.delta(ids(10, 12, None), DeltaOutcome::Buffered);
    assert!(bench.sync.wants_snapshot());
    assert!(!bench.sync.wants_snapshot(), "asked once");
    bench.delta(ids(13, 15, None), DeltaOutcome::Buffered);
    bench.delta(ids(13, 15, None), DeltaOutcome::Duplicate);
    bench.snapshot(8, SnapshotOutcome::TooOld);
    assert!(bench.sync.wants_snapshot(), "and again");
    bench.snapshot(12, SnapshotOutcome::Accepted { applied: 1, stale: 1 });
    bench.made("S12 D15");
    bench.delta(ids(14, 15, None), DeltaOutcome::Duplicate);
    bench.delta(ids(15, 17, None), DeltaOutcome::Applied);
    bench.delta(ids(19, 20, None), DeltaOutcome::Buffered);
    bench.made("D17 lost");
    assert!(bench.sync.wants_snapshot());
    bench.snapshot(30, SnapshotOutcome::Accepted { applied: 0, stale: 1 });
    bench.delta(ids(21, 30, None), DeltaOutcome::Stale);
    bench.delta(ids(31, 31, None), DeltaOutcome::Applied);
    bench.snapshot(29, SnapshotOutcome::Unneeded);
    bench.made("S30 D31");
}

#[test]
fn futures_follow_the_previous_id() {
    let mut bench = Bench::new(SyncRule::Futures);
    bench.delta(ids(105, 110, Some(100)), DeltaOutcome::Buffered);
    bench.delta(ids(118, 120, Some(110)), DeltaOutcome::Buffered);
    bench.snapshot(99, SnapshotOutcome::TooOld);
    // 115 lies in the hole between 110 and 118: the book there is the book at 110.
    bench.snapshot(115, SnapshotOutcome::Accepted { applied: 1, stale: 1 });
    bench.delta(ids(130, 140, Some(120)), DeltaOutcome::Applied);
    bench.delta(ids(141, 150, Some(139)), DeltaOutcome::Buffered);
    bench.made("S115 D120 D140 lost");
    // The delta that ends at the snapshot is kept: the next one names it.
    bench.snapshot(150, SnapshotOutcome::Accepted { applied: 1, stale: 0 });
    bench.delta(ids(155, 160, Some(150)), DeltaOutcome::Applied);
    bench.made("S150 D150 D160");
}

#[test]
fn a_gap_among_kept_deltas_drops_the_older_ones() {
    let mut bench = Bench::new(SyncRule::Spot);
    bench.delta(ids(1, 2, None), DeltaOutcome::Buffered);
    bench.delta(ids(5, 6, None), DeltaOutcome::Buffered);
    assert_eq!(bench.dropped, 1);
    bench.snapshot(4, SnapshotOutcome::Accepted { applied: 1, stale: 0 });
    bench.made("S4 D6");
}

#[test]
fn kept_deltas_are_bounded() {
    let mut bench = Bench::new(SyncRule::Spot);
    for id in 1..=KEPT_MAX as u64 + 10 {
        bench.delta(ids(id, id, None), DeltaOutcome::Buffered);
    }
    assert_eq!(bench.dropped, 10);
    bench.snapshot(5, SnapshotOutcome::TooOld);
    bench.snapshot(10, SnapshotOutcome::Accepted { applied: KEPT_MAX as u64, stale: 0 });
}

#[test]
fn partial_books_stand_alone_until_deltas_come() {
    let mut bench = Bench::new(SyncRule::Spot);
    let levels = one_level(1, 1);
    assert_eq!(bench.sync.partial(5, None, &levels, &mut bench.out), DeltaOutcome::Applied);
    assert_eq!(bench.sync.partial(5, None, &levels, &mut bench.out), DeltaOutcome::Duplicate);
    bench.delta(ids(6, 7, None), DeltaOutcome::Buffered);
    assert_eq!(bench.sync.partial(8, None, &levels, &mut bench.out), DeltaOutcome::Stale);
    bench.made("S5 lost");
}

/// A delta and the book after it.
#[derive(Clone, Debug)]
struct Message {
    ids: DeltaIds,
    levels: Levels,
}

/// The venue: messages in order, and its bids at the end of each.
fn venue(rule: SyncRule, steps: &[(u8, u8, u8)]) -> (Vec<Message>, BTreeMap<u64, BTreeMap<i64, i128>>) {
    let (mut messages, mut books) = (Vec::new(), BTreeMap::new());
    let (mut book, mut previous) = (BTreeMap::new(), 1_000_u64);
    books.insert(previous, BTreeMap::new());
    for &(span, price, qty) in steps {
        // Futures skip ids between messages; spot does not.
        let hole = if rule == SyncRule::Futures { u64::from(price % 4) } else { 0 };
        let first = previous + 1 + hole;
        let last = first + u64::from(span % 5);
        // The same book stands at every id up to this message's end; inside a message the venue's book is between.
        let (price, qty) = (i64::from(price % 7) + 1, i128::from(qty % 3));
        if qty == 0 {
            book.remove(&price);
        } else {
            book.insert(price, qty);
        }
        messages.push(Message {
            ids: ids(first, last, (rule == SyncRule::Futures).then_some(previous)),
            levels: one_level(price, qty),
        });
        books.insert(last, book.clone());
        previous = last;
    }
    (messages, books)
}

/// A step of a bad connection.
#[derive(Clone, Debug)]
enum Step {
    Deliver,
    Lose,
    Repeat(usize),
    Snapshot(usize),
    LinkLost,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => Just(Step::Deliver),
        1 => Just(Step::Lose),
        1 => (1_usize..6).prop_map(Step::Repeat),
        2 => (0_usize..8).prop_map(Step::Snapshot),
        1 => Just(Step::LinkLost),
    ]
}

fn whenever_in_step_the_book_is_the_venues(
    rule: SyncRule,
    changes: &[(u8, u8, u8)],
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let (messages, books) = venue(rule, changes);
    let ends: Vec<u64> = books.keys().copied().collect();
    let mut bench = Bench::new(rule);
    let (mut next, mut mine) = (0_usize, BTreeMap::new());
    let (mut given, mut settled) = (0_u64, 0_u64);
    for step in steps {
        let mut deliver = |bench: &mut Bench, message: &Message| {
            given += 1;
            let outcome = bench.sync.delta(message.ids, &message.levels, &mut bench.dropped, &mut bench.out);
            settled += u64::from(outcome != DeltaOutcome::Buffered);
        };
        match step {
            Step::Deliver => {
                if let Some(message) = messages.get(next) {
                    deliver(&mut bench, message);
                    next += 1;
                }
            }
            Step::Lose => next += 1,
            Step::Repeat(back) => {
                let from = next.saturating_sub(*back).min(messages.len());
                for message in &messages[from..next.min(messages.len())] {
                    deliver(&mut bench, message);
                }
            }
            Step::Snapshot(back) => {
                let end = ends[next.min(messages.len()).saturating_sub(*back)];
                let levels = Levels {
                    bids: books[&end].iter().map(|(&p, &q)| (Price::from_raw(p), Qty::from_raw(q))).collect(),
                    asks: vec![],
                };
                if let SnapshotOutcome::Accepted { applied, stale } = bench.sync.snapshot(end, None, &levels, &mut bench.out) {
                    settled += applied + stale;
                }
            }
            Step::LinkLost => bench.sync.lose(&mut bench.dropped, &mut bench.out),
        }
        // Apply what was made, and compare.
        let mut expected_levels = 0;
        for (_, event) in bench.out.drain(..) {
            match event {
                Event::Market(MarketEvent::Depth(depth)) => {
                    prop_assert_eq!(expected_levels, 0, "a head while levels are missing");
                    expected_levels = depth.levels;
                    if depth.snapshot {
                        mine.clear();
                    }
                }
                Event::Market(MarketEvent::Level(level)) => {
                    prop_assert!(expected_levels > 0, "a level without a head");
                    expected_levels -= 1;
                    if level.qty.is_zero() {
                        mine.remove(&level.price.raw());
                    } else {
                        mine.insert(level.price.raw(), level.qty.raw());
                    }
                }
                Event::Market(MarketEvent::BookLost(_)) => mine.clear(),
                other => prop_assert!(false, "{:?} is not an event of a book", other),
            }
        }
        prop_assert_eq!(expected_levels, 0);
        if let Some(last) = bench.sync.last_update() {
            prop_assert_eq!(Some(&mine), books.get(&last), "at update {}", last);
        }
        // Every delta given is settled, dropped, or still kept.
        prop_assert_eq!(given, settled + bench.dropped + bench.sync.kept.len() as u64);
        prop_assert_eq!(bench.sync.kept_levels, bench.sync.kept.iter().map(|kept| kept.levels.len()).sum::<usize>());
    }
    Ok(())
}

proptest! {
    #[test]
    fn spot_book_is_the_venues(
        changes in proptest::collection::vec(any::<(u8, u8, u8)>(), 1..60),
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        whenever_in_step_the_book_is_the_venues(SyncRule::Spot, &changes, &steps)?;
    }

    #[test]
    fn futures_book_is_the_venues(
        changes in proptest::collection::vec(any::<(u8, u8, u8)>(), 1..60),
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        whenever_in_step_the_book_is_the_venues(SyncRule::Futures, &changes, &steps)?;
    }
}
