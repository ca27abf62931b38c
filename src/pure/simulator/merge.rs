//! Whose turn it is: the one order in which simulator, timers and market data interleave. Backtest and paper trading both ask here.

use jangbu_journal::Nanos;

/// Who speaks next, and at what moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The simulator has something due.
    Simulator(Nanos),
    /// A timer of the kernel is due: a tick, stamped with exactly this moment.
    Timer(Nanos),
    /// The market data (backtest: history; paper: the inbox) is next.
    History(Nanos),
    /// Nobody has anything.
    Nobody,
}

/// The earliest of the three, none of them before `clock`, the stamp of the last event; at the same moment the simulator goes before
/// the timer and the timer before history, so that an order sent without latency is answered before the market moves on.
///
/// A live world that waits for market data passes its clock as `history` and sleeps when the answer is `History`: what the clock
/// has not reached yet is not due. That gives the same order as a backtest of the journal, since market data that comes later is
/// stamped no earlier than what was said before it.
#[inline]
pub fn next_turn(clock: Nanos, simulator: Option<Nanos>, timer: Option<Nanos>, history: Option<Nanos>) -> Turn {
    let simulator_at = simulator.unwrap_or(Nanos::MAX).max(clock);
    let timer_at = timer.unwrap_or(Nanos::MAX).max(clock);
    let history_at = history.unwrap_or(Nanos::MAX).max(clock);
    if simulator.is_some() && simulator_at <= timer_at && simulator_at <= history_at {
        Turn::Simulator(simulator_at)
    } else if timer.is_some() && timer_at <= history_at {
        Turn::Timer(timer_at)
    } else if history.is_some() {
        Turn::History(history_at)
    } else {
        Turn::Nobody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_speaks_and_ties_have_an_order() {
        let check = |simulator: Option<i64>, timer: Option<i64>, history: Option<i64>, expect| {
            let at = |nanos: Option<i64>| nanos.map(Nanos::new);
            assert_eq!(next_turn(Nanos::new(2), at(simulator), at(timer), at(history)), expect);
        };
        check(None, None, None, Turn::Nobody);
        check(Some(5), Some(5), Some(5), Turn::Simulator(Nanos::new(5)));
        check(Some(6), Some(5), Some(5), Turn::Timer(Nanos::new(5)));
        check(Some(6), Some(6), Some(5), Turn::History(Nanos::new(5)));
        check(None, Some(7), None, Turn::Timer(Nanos::new(7)));
        check(Some(7), None, None, Turn::Simulator(Nanos::new(7)));
        // A receive time that went back is stamped with the clock, so it does not overtake either.
        check(Some(2), None, Some(1), Turn::Simulator(Nanos::new(2)));
        check(None, Some(i64::MAX), Some(3), Turn::History(Nanos::new(3)));
    }
}
