//! A loop that is too slow: quotes give way, everything else waits, and all of it is said.

use super::*;
use crate::market::Quote;

/// What the last quote of each round of the tape offers at the ask: it must be heard, whatever was left out before it.
const LAST_OF_ROUND: &str = "3.5";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_loop_costs_quotes_only_and_never_the_last_one() {
    for kind in BOTH {
        let (_dir, path, tape) = tape(kind, 40);
        let session = Session::start(emulate(kind, &path), Taking::OnlyWhenStuck, |_| {}).await;
        session.ended().await;
        let outcome = session.stop().await;
        let heard = outcome.check();
        let frames = outcome.frames;
        assert_eq!(frames.received, tape.trades + tape.quotes + tape.deltas, "{frames}");
        assert_eq!((heard.trades, heard.deltas), (tape.trades, tape.deltas - 1), "{frames}");
        // With an inbox of one frame that holds the definitions, the first round's first three quotes give way.
        assert!(frames.conflated >= 3 && frames.conflated <= tape.quotes / 4 * 3, "{frames}");
        assert_eq!(heard.quotes + frames.conflated, tape.quotes, "{frames}");
        assert_eq!((heard.left_out, outcome.gauges.conflated()), (frames.conflated, frames.conflated), "it is told");
        assert!(outcome.gauges.waits() > 0 && outcome.gateway.inbox_waits() == outcome.gauges.waits());
        assert_eq!(outcome.gauges.market_events(), 0, "everything that came in went out");
        // A trade never overtakes the quotes before it: the last quote heard is the last of the trade's own round.
        let mut quote: Option<Quote> = None;
        for inbound in &outcome.heard {
            match &inbound.event {
                Event::Market(MarketEvent::Quote(now)) => quote = Some(*now),
                Event::Market(MarketEvent::Trade(trade)) => {
                    let quote = quote.expect("quotes come before trades");
                    assert_eq!(
                        (quote.ask_qty, quote.bid),
                        (LAST_OF_ROUND.parse().expect("a quantity"), trade.price),
                        "{trade:?}"
                    );
                }
                _ => {}
            }
        }
    }
}
