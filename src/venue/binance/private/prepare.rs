//! What has to be known before anything is sent.

use tokio::time::sleep;

use super::account;
use super::client::CallError;
use super::known::Known;
use super::task::{Private, is_for_good};
use crate::market::{Instrument, InstrumentKind, Venue};
use crate::venue::VenueError;
use crate::venue::backoff::Backoff;
use crate::venue::binance::feed::backoff;
use crate::venue::binance::wire::private::account as wire_account;

impl Private {
    /// What has to be known before anything is sent: the symbols' rules, the clock, the position mode.
    pub(super) async fn prepare(&mut self) -> Result<(), VenueError> {
        let definitions = loop {
            if let Some(definitions) = self.definitions.borrow_and_update().clone() {
                break definitions;
            }
            if self.definitions.changed().await.is_err() {
                return Err(VenueError::InboxClosed { venue: self.venue() });
            }
        };
        self.instruments = definitions.0.clone();
        self.check_assets()?;
        let mut backoff = backoff(&self.config.patience, 1 << 41);
        while let Err(error) = self.client.measure().await {
            self.tell_failure("time", error.to_string()).await?;
            sleep(backoff.pause()).await;
        }
        self.tell_skew().await?;
        if self.venue() == Venue::BinanceUsdM {
            self.check_mode(&mut backoff).await?;
            self.set_margin(&mut backoff).await?;
            self.tell_margins(&mut backoff).await?;
        } else {
            self.check_key(&mut backoff).await?;
        }
        self.failure_told = false;
        let (now_ms, window) = (self.client.clock.millis(), i64::from(self.client.recv_window_ms) + 1_000);
        for order in std::mem::take(&mut self.resumed) {
            let instrument = self.instruments.iter().find(|row| row.0.id == order.request.instrument);
            // Of an instrument that the settings no longer name, the symbol is not known here.
            let Some((instrument, _)) = instrument else { continue };
            self.orders.add(Known::resumed(&order, instrument.symbol.clone(), now_ms, window));
        }
        Ok(())
    }

    /// Spot holdings are one pile an asset: two instruments cannot share one.
    fn check_assets(&self) -> Result<(), VenueError> {
        let spot: Vec<&Instrument> =
            self.instruments.iter().map(|row| &row.0).filter(|row| row.kind == InstrumentKind::Spot).collect();
        for (index, one) in spot.iter().enumerate() {
            let other = spot
                .iter()
                .enumerate()
                .find(|(place, other)| (*place != index && other.base == one.base) || other.quote == one.base);
            if let Some((_, other)) = other {
                return Err(VenueError::Definitions {
                    venue: self.venue(),
                    reason: format!(
                        "{} and {} share the asset {}: whose it is cannot be told (expected one of them in `symbols`, or orders = \"paper\")",
                        one.symbol, other.symbol, one.base
                    ),
                });
            }
        }
        Ok(())
    }

    async fn check_mode(&mut self, backoff: &mut Backoff) -> Result<(), VenueError> {
        loop {
            let parameters = crate::venue::binance::wire::private::Parameters::new();
            let call = account::question("/fapi/v1/positionSide/dual", parameters, super::budget::Purpose::Urgent);
            let answer = match self.client.call(&call).await {
                Ok(body) => wire_account::is_hedged(&body).map_err(CallError::from),
                Err(error) => Err(error),
            };
            match answer {
                Ok(false) => return Ok(()),
                Ok(true) => {
                    return Err(self.refused(
                        "the futures account is in hedge mode (expected one-way mode: set it in the venue's preferences while \
                         there is no position or order) / 선물 계정이 헤지 모드입니다. 단방향 모드로 바꾸십시오"
                            .into(),
                    ));
                }
                Err(error) if is_for_good(&error) => return Err(self.refused(error.to_string())),
                Err(error) => {
                    self.tell_failure("position mode", error.to_string()).await?;
                    sleep(backoff.pause()).await;
                }
            }
        }
    }
}
