//! Tests of `history`.

use proptest::prelude::*;

use super::*;

fn kept(windows: &[(Taken, u32, u32)]) -> Kept {
    let mut kept = Kept::default();
    for &(taken, length, back) in windows {
        kept.window(Window { column: 3, taken, length, back });
    }
    kept
}

fn row(value: f64) -> Row {
    let mut row = [0.0; COLUMN_COUNT];
    row[3] = value;
    row
}

#[test]
fn too_few_rows_have_no_window() {
    let kept = kept(&[(Taken::Sum, 3, 1)]);
    let mut history = History::new(&kept);
    let seen: Vec<Option<f64>> = (1..=6)
        .map(|value| {
            history.push(&row(f64::from(value)), &kept);
            history.window(0, &kept.windows[0])
        })
        .collect();
    assert_eq!(seen, [None, None, None, Some(6.0), Some(9.0), Some(12.0)]);
    assert_eq!((history.back(3, 0), history.back(3, 4), history.back(3, 5)), (Some(6.0), Some(2.0), None));
    assert_eq!((history.count(), history.known(3), history.known(4)), (6, 5, 0));
}

#[test]
fn sums_do_not_drift() {
    // A running float sum keeps what the large value left behind; an exact one does not.
    let kept = kept(&[(Taken::Sum, 2, 0)]);
    let mut history = History::new(&kept);
    for value in [0.1, 0.2, 1e15, 0.1, 0.2] {
        history.push(&row(value), &kept);
    }
    assert_eq!(history.window(0, &kept.windows[0]), Some(0.1 + 0.2));
}

#[test]
fn damaged_bytes_do_not_load() {
    let kept = kept(&[(Taken::Max, 2, 0)]);
    let mut history = History::new(&kept);
    (0..9).for_each(|value| history.push(&row(f64::from(value)), &kept));
    let mut bytes = Vec::new();
    history.save(&mut Encoder::new(&mut bytes));
    for cut in 0..bytes.len() {
        assert!(History::load(&mut Decoder::new(&bytes[..cut]), &kept).is_err(), "cut at {cut}");
    }
    assert!(History::load(&mut Decoder::new(&bytes), &Kept::default()).is_err());
}

proptest! {
    #[test]
    fn windows_are_what_a_scan_finds_and_survive_a_save(
        values in prop::collection::vec(0_u32..50, 0..120),
        windows in prop::collection::vec((0_u8..3, 1_u32..20, 0_u32..10), 1..6),
        saved_at in 0_usize..120,
    ) {
        let taken = |kind: u8| [Taken::Sum, Taken::Max, Taken::Min][usize::from(kind)];
        let windows: Vec<_> = windows.into_iter().map(|(kind, length, back)| (taken(kind), length, back)).collect();
        let kept = kept(&windows);
        let mut history = History::new(&kept);
        for (index, &value) in values.iter().enumerate() {
            history.push(&row(f64::from(value) * 0.1), &kept);
            if index == saved_at {
                let mut bytes = Vec::new();
                history.save(&mut Encoder::new(&mut bytes));
                let loaded = History::load(&mut Decoder::new(&bytes), &kept).expect("what was saved");
                prop_assert_eq!(&loaded, &history);
                history = loaded;
            }
            for (place, window) in kept.windows.iter().enumerate() {
                let found = history.window(place, window);
                prop_assert_eq!(found, history.scan(window));
                let (length, back) = (window.length as usize, window.back as usize);
                prop_assert_eq!(found.is_some(), index + 1 >= length + back);
                let Some(found) = found else { continue };
                let end = index + 1 - back;
                let rows = values[end - length..end].iter().map(|&value| f64::from(value) * 0.1);
                let expected = match window.taken {
                    Taken::Sum => rows.sum::<f64>(),
                    Taken::Max => rows.fold(f64::MIN, f64::max),
                    Taken::Min => rows.fold(f64::MAX, f64::min),
                };
                prop_assert!((found - expected).abs() < 1e-9, "{} {}", found, expected);
            }
        }
    }
}

#[test]
fn fixed_values_are_what_the_conversions_give() {
    let mut state = 3_u64;
    for step in 0..200_000_u32 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Of every size, from far below a step to above the largest.
        let value = f64::from_bits(state);
        let of_size = f64::from_bits(state & !(0x7ff << 52) | (950 + u64::from(step) % 150) << 52);
        for value in [value, of_size] {
            assert_eq!(fixed(value), (value.clamp(-VALUE_MAX, VALUE_MAX) * UNIT) as i128, "{value:e}");
        }
        let sum = ((i128::from(state) << 64) + i128::from(state.rotate_left(17))) >> (step % 127);
        // Halves of the last bit, and what is next to them.
        for sum in [sum, -sum, sum & (-1 << 40), (sum & (-1 << 40)) + 1, sum | 1 << (step % 64)] {
            assert_eq!(unfixed(sum), sum as f64 / UNIT, "{sum}");
        }
    }
    assert_eq!([unfixed(0), unfixed(1 << 63), unfixed(i128::MAX)], [0.0, 8.0, i128::MAX as f64 / UNIT]);
}
