//! Words for people, each cause at most once in a while: [`Notices`].

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use jangbu_journal::Nanos;
use jangbu_replay::Effects;
use serde::{Deserialize, Serialize};

use crate::effect::{Effect, Notice, Severity};

/// A cause is told again after this long, nanoseconds; what happened in between is counted.
const AGAIN_NS: i64 = 10_000_000_000;

/// When which cause was last told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Notices {
    /// Code, when it was told, and how often it came since. Codes are few; sorted.
    told: Vec<(String, Nanos, u64)>,
}

impl Notices {
    /// Tells people, unless this cause was told a moment ago. A strategy that is refused on every trade must not flood anyone.
    /// `text` is made only when it is told.
    pub(super) fn tell(
        &mut self,
        now: Nanos,
        severity: Severity,
        code: &str,
        effects: &mut Effects<Effect>,
        text: impl FnOnce() -> String,
    ) {
        let mut text = match self.told.binary_search_by(|told| told.0.as_str().cmp(code)) {
            Ok(place) => {
                let (_, at, left_out) = &mut self.told[place];
                if now.since(*at) < AGAIN_NS {
                    *left_out = left_out.saturating_add(1);
                    return;
                }
                *at = now;
                let left_out = core::mem::take(left_out);
                if left_out > 0 { format!("{} (and {left_out} more since)", text()) } else { text() }
            }
            Err(place) => {
                self.told.insert(place, (code.into(), now, 0));
                text()
            }
        };
        truncate(&mut text);
        effects.push(Effect::Notify(Notice { severity, code: code.into(), text }));
    }
}

/// Cuts what a venue or a strategy made overlong.
fn truncate(text: &mut String) {
    const BYTES_MAX: usize = 2_048;
    if text.len() > BYTES_MAX {
        let end = (0..=BYTES_MAX).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}

/// Tells people at once, every time: for what an operator asked.
pub(super) fn say(severity: Severity, code: &str, effects: &mut Effects<Effect>, mut text: String) {
    truncate(&mut text);
    effects.push(Effect::Notify(Notice { severity, code: code.into(), text }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once_and_then_counted() {
        let (mut notices, mut effects) = (Notices::default(), Effects::new());
        for second in 0..12 {
            let now = Nanos::new(second * 1_000_000_000);
            notices.tell(now, Severity::Info, "a.b", &mut effects, || format!("at {second}"));
        }
        let texts: Vec<&str> = effects
            .as_slice()
            .iter()
            .map(|effect| match effect {
                Effect::Notify(notice) => notice.text.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(texts, ["at 0", "at 10 (and 9 more since)"]);
    }
}
