//! The known word most like a mistyped one: [`nearest`].

use alloc::vec::Vec;

/// The candidate with the fewest edits from `word`, when it is near enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word = cut(word);
    let limit = (word.chars().count() / 3).max(1);
    let scored = candidates.iter().map(|candidate| (distance(word, candidate), *candidate));
    scored.filter(|(edits, _)| *edits <= limit).min().map(|(_, candidate)| candidate)
}

/// The first [`WORD_CHARS_MAX`] characters: a longer one is no key of ours.
fn cut(word: &str) -> &str {
    word.char_indices().nth(WORD_CHARS_MAX).map_or(word, |(end, _)| &word[..end])
}

/// Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = alloc::vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let substituted = previous[j] + usize::from(a != b);
            let mut best = substituted.min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = core::mem::replace(&mut previous, row);
    }
    previous[right.len()]
}

/// The cost is quadratic, and no key is near this long.
const WORD_CHARS_MAX: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let keys = ["order_qty_max", "order_notional_max", "price_band"];
        assert_eq!(nearest("order_qyt_max", &keys), Some("order_qty_max"));
        assert_eq!(nearest("order_qty_mx", &keys), Some("order_qty_max"));
        assert_eq!(nearest("band", &keys), None);
        assert_eq!(nearest(&"x".repeat(1 << 20), &keys), None);
        assert_eq!(distance("ab", "ba"), 1);
    }
}
