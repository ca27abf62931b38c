//! The known word most like a mistyped one: [`nearest`].

use alloc::string::String;
use alloc::vec::Vec;

/// The candidate with the fewest edits from `word`, when it is near enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word = cut(word);
    let limit = (word.chars().count() / 3).max(1);
    let scored = candidates.iter().map(|candidate| (distance(word, candidate), *candidate));
    let near = scored.filter(|(edits, _)| *edits <= limit);
    // Of equally near words, the one whose letters are nearer: `수익율` means `수익률` and not `수익금`.
    near.min_by_key(|(edits, candidate)| (*edits, distance(&letters(word), &letters(candidate)), *candidate)).map(|near| near.1)
}

/// A word with its Hangul syllables taken apart into letters.
fn letters(word: &str) -> String {
    let mut letters = String::new();
    for c in word.chars() {
        let Some(syllable) = (c as u32).checked_sub(0xac00).filter(|syllable| *syllable < 11_172) else {
            letters.push(c);
            continue;
        };
        let parts = [0x1100 + syllable / 588, 0x1161 + syllable % 588 / 28, 0x11a7 + syllable % 28];
        letters.extend(parts.into_iter().filter(|&part| part != 0x11a7).filter_map(char::from_u32));
    }
    letters
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
        assert_eq!(nearest("수익율", &["수익금", "수익률", "등락율"]), Some("수익률"));
        assert_eq!((letters("률a이").as_str(), distance("ab", "ba")), ("\u{1105}\u{1172}\u{11af}a\u{110b}\u{1175}", 1));
    }
}
