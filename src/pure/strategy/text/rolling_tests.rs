//! Quick looks at windows against exact ones.

use alloc::vec::Vec;

use super::super::columns::{COLUMN_COUNT, at};
use super::super::history::{History, Kept};
use super::*;

fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

/// Values as columns have them: prices, quantities, percentages of either sign, and what no column has.
fn rows(kind: u64, count: u32, state: &mut u64) -> Vec<f64> {
    let value = |state: &mut u64| match kind {
        0 => (random(state) * 9e7) as i64 as f64,
        1 => ((100.0 + random(state)) * 1e8) as i64 as f64 / 1e8,
        2 => random(state) * 60.0 - 30.0,
        3 => (random(state) * 3.0) as i64 as f64 - 1.0,
        4 => random(state) * 1e-7,
        5 => (random(state) - 0.5) * 1e18,
        _ => 0.0,
    };
    (0..count).map(|_| value(state)).collect()
}

#[test]
fn what_is_quickly_decided_is_what_is_exactly_so() {
    let mut state = 11;
    let (mut quick, mut slow) = (0_u32, 0_u32);
    let means =
        [None, Some(Rounded::No), Some(Rounded::To(3)), Some(Rounded::To(0)), Some(Rounded::AsPrice), Some(Rounded::Down)];
    for round in 0..6_000_u32 {
        let length = 1 + round % 41;
        let taken = match round % 7 {
            0 => Taken::Max,
            1 => Taken::Min,
            _ => Taken::Sum,
        };
        let mean = if taken == Taken::Sum { means[(round / 7) as usize % means.len()] } else { None };
        let window = Window { column: at::PRICE, taken, length, back: round % 3 };
        let mut kept = Kept::default();
        let place = kept.window(window);
        let mut history = History::new(&kept);
        let count = length + window.back + round % 50 - u32::from(round % 29 == 0);
        for value in rows(u64::from(round) % 7, count, &mut state) {
            let mut row = [0.0; COLUMN_COUNT];
            row[at::PRICE] = value;
            history.push(&row, &kept);
        }
        let by = [1.0, 1.001, 0.999, -0.7, 0.0, 1e-9, 1e90][(random(&mut state) * 7.0) as usize];
        let market = Market { stock: round % 2 == 0 };
        let Some(scaled) = Scaled::of(Rolling { place, window, mean }, by) else {
            assert!(taken != Taken::Sum && by.abs() > 1.0, "only a product with an extreme may fault");
            continue;
        };
        let mut slots = [0.0];
        let exact = scaled.value(&Frame::new(&mut slots, &history, market));
        let far = by.abs() * [0.5e-3, 0.5e-8, 0.5, 1.0][(random(&mut state) * 4.0) as usize];
        let edges = [exact - far, exact, exact + far].map(|edge| [edge.next_down(), edge, edge.next_up()]);
        let others = [f64::INFINITY, f64::NEG_INFINITY, 0.0, exact * (1.0 + random(&mut state) * 1e-6), exact + 2.5 * far];
        for left in edges.into_iter().flatten().chain(others) {
            slots[0] = left;
            let frame = Frame::new(&mut slots, &history, market);
            let ((near, error), was) = (scaled.near(&frame), [left < exact, left == exact, left > exact]);
            if (left - near).abs() > error {
                quick += 1
            } else {
                slow += 1
            }
            let sides = [(Side::Slot(0), Side::Scaled(scaled)), (Side::Constant(left), Side::Scaled(scaled))];
            for (left, right) in sides {
                let found = [[true, false, false], [false, true, false], [false, false, true]];
                let found = found.map(|when| Versus { left, right, when }.holds(&frame));
                assert_eq!(found, was, "{left:?} against {exact:?} of {scaled:?}");
            }
        }
    }
    assert!(quick > 10_000 && slow > 10_000, "both ways were gone: {quick} quick, {slow} exact");
}
