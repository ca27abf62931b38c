//! How futures are margined: the venue's brackets, asked for before anything is sent, and what is set aside for each position.

use tokio::time::sleep;

use super::account::question;
use super::budget::Purpose;
use super::client::CallError;
use super::task::{Private, is_for_good};
use crate::event::{Answer, ForcedFill};
use crate::market::{Money, Venue};
use crate::venue::VenueError;
use crate::venue::backoff::Backoff;
use crate::venue::binance::wire::private::Parameters;
use crate::venue::binance::wire::private::margin::{SymbolMargin, brackets, symbol_margins};
use crate::venue::binance::wire::private::user::OrderReport;

use jangbu_journal::Nanos;

/// How often the brackets are asked for before trading begins without them.
const TRIES: u32 = 5;
/// How the venue names the orders that it places for us: liquidation, auto-deleveraging, settlement of what is delisted.
const FORCED: [&str; 3] = ["autoclose-", "adl_autoclose", "settlement_autoclose-"];

type Told = (Vec<(String, Vec<crate::account::Bracket>)>, Vec<SymbolMargin>);

impl Private {
    async fn read_margins(&self) -> Result<Told, CallError> {
        let ask = |path| question(path, Parameters::new(), Purpose::Urgent);
        let steps = brackets(&self.client.call(&ask("/fapi/v1/leverageBracket")).await?)?;
        let margins = symbol_margins(&self.client.call(&ask("/fapi/v1/symbolConfig")).await?)?;
        Ok((steps, margins))
    }

    /// Tells the kernel how each symbol is margined. Without an answer trading goes on; the liquidation price is then not known.
    pub(super) async fn tell_margins(&mut self, backoff: &mut Backoff) -> Result<(), VenueError> {
        for _ in 0..TRIES {
            match self.read_margins().await {
                Ok((steps, margins)) => {
                    let recv = self.client.clock.ours();
                    for (symbol, brackets) in steps {
                        if let Some(instrument) = self.instrument(&symbol) {
                            self.mailbox.answer(recv, Answer::Brackets { instrument, brackets }).await?;
                        }
                    }
                    for SymbolMargin { symbol, isolated, leverage } in margins {
                        if let Some(instrument) = self.instrument(&symbol) {
                            // What is set aside, the account tells.
                            let isolated = isolated.then_some(Money::ZERO);
                            self.margin_told.insert(instrument, isolated);
                            self.mailbox.answer(recv, Answer::Margin { instrument, isolated, leverage: Some(leverage) }).await?;
                        }
                    }
                    return Ok(());
                }
                Err(error) if is_for_good(&error) => return Ok(()),
                Err(error) => {
                    self.tell_failure("leverageBracket, symbolConfig", error.to_string()).await?;
                    sleep(backoff.pause()).await;
                }
            }
        }
        Ok(())
    }

    /// What is set aside for positions, where that has changed.
    pub(super) async fn tell_isolated(&mut self, recv: Nanos, margins: &[(String, Option<Money>)]) -> Result<(), VenueError> {
        for (symbol, isolated) in margins {
            let Some(instrument) = self.instrument(symbol) else { continue };
            let told = self.margin_told.get(&instrument).copied();
            // A flat position has nothing set aside, whichever way it will be margined.
            let isolated = isolated.or(told.flatten().map(|_| Money::ZERO));
            if told != Some(isolated) {
                self.margin_told.insert(instrument, isolated);
                self.mailbox.answer(recv, Answer::Margin { instrument, isolated, leverage: None }).await?;
            }
        }
        Ok(())
    }

    /// A trade of an order that the venue placed for us, if this is one. It is told as it comes; one that was missed shows as a
    /// difference of the account.
    pub(super) async fn tell_forced(&mut self, recv: Nanos, report: &OrderReport) -> Result<bool, VenueError> {
        let forced = self.venue() == Venue::BinanceUsdM && FORCED.iter().any(|name| report.client_id.starts_with(name));
        let (true, Some(trade), Some(instrument)) = (forced, &report.trade, self.instrument(&report.symbol)) else {
            return Ok(forced);
        };
        let fee = trade.fee.as_ref().map_or(Money::ZERO, |fee| fee.0);
        let fill = ForcedFill {
            instrument,
            side: report.side,
            trade: trade.trade,
            price: trade.price,
            qty: trade.qty,
            fee,
            reason: report.client_id.clone(),
        };
        self.mailbox.answer(recv, Answer::Forced(fill)).await?;
        Ok(true)
    }
}
