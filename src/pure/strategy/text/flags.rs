//! The variables that decide at the end of a text, and which way they decide: [`Flags`].
//!
//! A text for one direction has 매수 or 매도. A text for futures names its sides: BUY_LONG and SELL_SHORT enter, SELL_LONG and
//! BUY_SHORT leave. Those that enter begin as True, those that leave as False; one that a text never names is False, so that nobody goes
//! short by not thinking of it.

use super::frame::Frame;
use super::names::{Part, slot};
use super::program::Uses;

impl Part {
    /// The variables that decide in texts for futures: of long, of short positions.
    pub const fn sides(self) -> [&'static str; 2] {
        match self {
            Part::Buy => ["BUY_LONG", "SELL_SHORT"],
            Part::Sell => ["SELL_LONG", "BUY_SHORT"],
        }
    }

    const fn side_slots(self) -> [usize; 2] {
        match self {
            Part::Buy => const { [slot(Part::Buy.sides()[0]), slot(Part::Buy.sides()[1])] },
            Part::Sell => const { [slot(Part::Sell.sides()[0]), slot(Part::Sell.sides()[1])] },
        }
    }

    const fn flag_slot(self) -> usize {
        match self {
            Part::Buy => const { slot(Part::Buy.flag()) },
            Part::Sell => const { slot(Part::Sell.flag()) },
        }
    }

    /// The slot of a variable that decides.
    pub(super) fn deciding_slot(self, name: &str) -> Option<usize> {
        if name == self.flag() {
            return Some(self.flag_slot());
        }
        let place = self.sides().iter().position(|side| *side == name)?;
        Some(self.side_slots()[place])
    }
}

/// How a text decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    part: Part,
    /// The sides it names; `None` for a text that names none.
    sides: Option<[bool; 2]>,
    /// The text has the call that signals; else the flags decide at its end, as where the editor adds that line.
    has_call: bool,
}

impl Flags {
    pub(super) fn of(part: Part, uses: &Uses, has_call: bool) -> Self {
        let sides = part.sides().map(|side| uses.names.contains(side));
        Flags { part, sides: Some(sides).filter(|sides| sides.contains(&true)), has_call }
    }

    /// The sides that the text names: of long, of short positions; `None` for a text that names none.
    pub fn sides(self) -> Option<[bool; 2]> {
        self.sides
    }

    /// Before a run.
    #[inline]
    pub(super) fn begin(self, frame: &mut Frame<'_>) {
        let entering = self.part == Part::Buy;
        (frame.signal, frame.fault, frame.steps) = (false, None, 0);
        frame.slots[self.part.flag_slot()] = f64::from(u8::from(entering));
        if let Some(sides) = self.sides {
            for (place, named) in self.part.side_slots().into_iter().zip(sides) {
                frame.slots[place] = f64::from(u8::from(entering && named));
            }
        }
    }

    /// After a run: whether it signals. Never after a fault.
    #[inline]
    pub(super) fn signal(self, frame: &Frame<'_>) -> bool {
        let flag = match self.sides {
            None => self.has_call || frame.slots[self.part.flag_slot()] != 0.0,
            Some(_) => self.ways(frame.slots).contains(&true),
        };
        flag && (frame.signal || !self.has_call) && frame.fault.is_none()
    }

    /// After a run that signalled: for which positions, long and short. A text that names no side says both.
    pub fn ways(self, slots: &[f64]) -> [bool; 2] {
        match self.sides {
            None => [true; 2],
            Some(_) => self.part.side_slots().map(|place| slots.get(place).is_some_and(|value| *value != 0.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::*;
    use super::*;

    /// Whether a text signals at a price, and which way; again with what the explainer says.
    fn decided(source: &str, part: Part, price: f64) -> (bool, [bool; 2]) {
        let options = Options { mode: Mode::Tick, vars: None, conditions: None };
        let mut plan = Plan::default();
        let program = compile(source, part, &options, &mut plan).expect("right");
        let explainer = Explainer::of(source, part, &options, &mut plan).expect("as before");
        let mut history = History::new(&plan.kept);
        let mut row = [0.0; COLUMN_COUNT];
        row[at::PRICE] = price;
        history.push(&row, &plan.kept);
        let mut slots: Vec<f64> = row.into();
        slots.resize(program.slots().max(explainer.slots()), 0.0);
        let mut frame = Frame::new(&mut slots, &history, Market { stock: false });
        let signal = program.run(&mut frame);
        let ways = program.flags().ways(frame.slots);
        let told = explainer.explain(&mut frame);
        assert_eq!((told.signal, told.ways), (signal, ways));
        (signal, ways)
    }

    #[test]
    fn a_futures_text_says_which_way() {
        let both = "if not (현재가 > 100):\n    BUY_LONG = False\nif not (현재가 < 90):\n    SELL_SHORT = False\n";
        for tail in [
            "",
            "if BUY_LONG:\n    self.Buy()\nelif SELL_SHORT:\n    self.Buy()\n",
            "if BUY_LONG or SELL_SHORT:\n    self.Buy()\n",
        ] {
            let text = alloc::format!("{both}{tail}");
            assert_eq!(decided(&text, Part::Buy, 101.0), (true, [true, false]), "{text}");
            assert_eq!(decided(&text, Part::Buy, 95.0), (false, [false, false]), "{text}");
            assert_eq!(decided(&text, Part::Buy, 89.0), (true, [false, true]), "{text}");
        }
        let out = "if 현재가 > 100:\n    SELL_LONG = True\nelif 현재가 < 90:\n    BUY_SHORT = True\nif SELL_LONG or BUY_SHORT:\n    self.Sell()\n";
        assert_eq!(decided(out, Part::Sell, 101.0), (true, [true, false]));
        assert_eq!(decided(out, Part::Sell, 89.0), (true, [false, true]));
        assert_eq!(decided(out, Part::Sell, 95.0), (false, [false, false]));
    }

    #[test]
    fn a_side_that_is_not_named_is_not_taken() {
        assert_eq!(decided("if not (현재가 > 100):\n    BUY_LONG = False\n", Part::Buy, 95.0), (false, [false, false]));
        assert_eq!(decided("if 현재가 > 100:\n    self.Buy()\n", Part::Buy, 101.0), (true, [true, true]));
    }
}
