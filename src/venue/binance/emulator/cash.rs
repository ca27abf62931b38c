//! Cash that comes and goes by itself, on demand: funding every so often, deposits and withdrawals at their time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::config::{Funding, MarketKind, Transfer};
use super::market::{Market, lock};
use super::private;
use crate::market::{Price, Rate};

/// The price that funding is charged at: the middle between the best prices, cut to 1e-8.
pub(super) fn mark(market: &Market, symbol: &str) -> Option<Price> {
    let levels = private::levels_of(lock(&market.books).answer(market.kind, symbol, 5));
    let (bid, ask) = (levels.bids.first()?.0, levels.asks.first()?.0);
    Some(Price::from_raw(bid.checked_add(ask)?.raw() / 2))
}

/// Charges every position of a symbol at its mark. How many there were.
pub(super) fn fund(market: &Market, symbol: &str, rate: Rate) -> usize {
    mark(market, symbol).map_or(0, |mark| market.accounts.fund(symbol, mark, rate))
}

/// Lets come and go what was asked for. Ends when all of it did, which it never does where funding is charged.
pub(super) async fn run(market: Arc<Market>, funding: Option<Funding>, transfers: Vec<Transfer>) {
    let begun = Instant::now();
    let transfers = async {
        let mut left = transfers;
        left.sort_by_key(|transfer| transfer.after);
        for Transfer { after, asset, amount } in left {
            sleep(after.saturating_sub(begun.elapsed())).await;
            market.accounts.transfer(0, &asset, amount);
        }
    };
    let charges = async {
        let Some(Funding { every, rate }) = funding.filter(|_| market.kind == MarketKind::UsdM) else { return };
        let every = every.max(Duration::from_millis(1));
        let mut turns = interval_at(begun + every, every);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            let symbols: Vec<String> = lock(&market.books).symbols().map(str::to_owned).collect();
            for symbol in &symbols {
                fund(&market, symbol, rate);
            }
        }
    };
    tokio::join!(transfers, charges);
}
