//! What session codes mean (FID 215 of type `0s`): [`session`].

use super::stream::SessionFrame;
use super::symbol::Exchange;
use crate::event::market::PhaseKind;
use crate::venue::kiwoom::time::TimeOfDay;

/// NXT's last session ends.
const NXT_END: TimeOfDay = TimeOfDay::of(20, 0, 0);

/// The exchange that a session code is of, and the phase that begins with it; `None` for a code that is not known, and for those of
/// derivatives (`e`, `f`, `o`, `s`).
///
/// KRX sends no code that is known for its after-market (16:00 to 20:00, since 2026-09-14). Of `V` the documents disagree: the end of
/// NXT's trading at the closing price, or of its after-market. The time decides.
pub fn session(frame: &SessionFrame) -> Option<(Exchange, PhaseKind)> {
    use PhaseKind::{AfterHours, Closed, ClosingAuction, Continuous, OpeningAuction, PreMarket};
    Some(match frame.code.as_str() {
        "0" => (Exchange::Krx, OpeningAuction),
        "3" => (Exchange::Krx, Continuous),
        "2" => (Exchange::Krx, ClosingAuction),
        "4" | "8" | "9" | "b" | "d" => (Exchange::Krx, Closed),
        "a" | "c" => (Exchange::Krx, AfterHours),
        "P" => (Exchange::Nxt, PreMarket),
        "R" => (Exchange::Nxt, Continuous),
        "T" | "U" => (Exchange::Nxt, AfterHours),
        "V" if frame.time.is_some_and(|time| time < NXT_END) => (Exchange::Nxt, AfterHours),
        "Q" | "S" | "V" | "W" => (Exchange::Nxt, Closed),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_decides_what_the_documents_do_not() {
        let at = |code: &str, time| session(&SessionFrame { code: code.into(), time, remaining: None });
        assert_eq!(at("V", TimeOfDay::new(15, 40, 0)), Some((Exchange::Nxt, PhaseKind::AfterHours)));
        assert_eq!(at("V", TimeOfDay::new(20, 0, 0)), Some((Exchange::Nxt, PhaseKind::Closed)));
        assert_eq!(at("3", None), Some((Exchange::Krx, PhaseKind::Continuous)));
        assert_eq!((at("e", None), at("", None)), (None, None));
    }
}
