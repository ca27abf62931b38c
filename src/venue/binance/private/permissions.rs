//! What the key may do, and how futures are margined: settled before anything is sent.

use std::fmt;

use reqwest::Method;
use tokio::time::sleep;

use super::account::question;
use super::budget::Purpose;
use super::client::{Call, CallError, Proof};
use super::task::{Private, is_for_good};
use crate::venue::VenueError;
use crate::venue::backoff::Backoff;
use crate::venue::binance::wire::private::{Cause, Parameters, account};

impl Private {
    /// Refuses a key that may withdraw, unless the settings allow it. Only spot's host tells (`GET /sapi/v1/account/apiRestrictions`);
    /// where it does not (its testnet has no such call), that is said and the session goes on.
    pub(super) async fn check_key(&mut self, backoff: &mut Backoff) -> Result<(), VenueError> {
        if self.config.may_withdraw {
            return Ok(());
        }
        loop {
            let call = question("/sapi/v1/account/apiRestrictions", Parameters::new(), Purpose::Urgent);
            let answer = match self.client.call(&call).await {
                Ok(body) => account::may_withdraw(&body).map_err(CallError::from),
                Err(error) => Err(error),
            };
            match answer {
                Ok(false) => return Ok(()),
                Ok(true) => {
                    return Err(self.refused(
                        "the API key may withdraw (expected one that may not: change its restrictions at the venue, or say \
                         allow_withdraw = true) / 출금 권한이 있는 API 키입니다. 권한을 빼거나 allow_withdraw = true로 허용하십시오"
                            .into(),
                    ));
                }
                Err(error) if is_for_good(&error) => return Err(self.refused(error.to_string())),
                Err(error @ (CallError::NoAnswer(_) | CallError::NotSent(_))) => {
                    self.tell_failure("key restrictions", error.to_string()).await?;
                    sleep(backoff.pause()).await;
                }
                Err(error) if matches!(error.cause(), Some(Cause::TooManyRequests | Cause::VenueFailed | Cause::WrongTime)) => {
                    self.tell_failure("key restrictions", error.to_string()).await?;
                    sleep(backoff.pause()).await;
                }
                Err(error) => {
                    let reason = format!("whether the key may withdraw cannot be told here ({error})");
                    return self.tell_problem("key restrictions", reason).await;
                }
            }
        }
    }

    /// Sets leverage and kind of margin of every symbol, as the settings say. "No need to change" (−4046) is as good as done.
    pub(super) async fn set_margin(&mut self, backoff: &mut Backoff) -> Result<(), VenueError> {
        let symbols: Vec<String> = self.instruments.iter().map(|row| row.0.symbol.clone()).collect();
        for symbol in &symbols {
            // The kind first: a position keeps it from being changed, and the leverage does not.
            if let Some(margin) = self.config.margin {
                let parameters = Parameters::new().with("symbol", symbol).with("marginType", margin.word());
                let what = ("margin", "마진", margin.word());
                self.settle("/fapi/v1/marginType", what, symbol, parameters, backoff).await?;
            }
            if let Some(leverage) = self.config.leverage {
                let parameters = Parameters::new().with("symbol", symbol).with("leverage", leverage);
                let what = ("leverage", "레버리지", leverage.to_string());
                self.settle("/fapi/v1/leverage", what, symbol, parameters, backoff).await?;
            }
        }
        Ok(())
    }

    /// Asks for a setting (its name in the settings, its Korean name, its value) until it is so. It may be asked for twice: the
    /// second time changes nothing.
    async fn settle(
        &mut self,
        path: &'static str,
        (what, korean, value): (&str, &str, impl fmt::Display),
        symbol: &str,
        parameters: Parameters,
        backoff: &mut Backoff,
    ) -> Result<(), VenueError> {
        let call = Call { method: Method::POST, path, parameters, purpose: Purpose::Urgent, proof: Proof::Signature };
        loop {
            match self.client.call(&call).await {
                Ok(_) => return Ok(()),
                Err(error) if error.cause() == Some(Cause::AlreadySo) => return Ok(()),
                Err(CallError::Refused { refusal, .. })
                    if !matches!(refusal.cause, Cause::TooManyRequests | Cause::VenueFailed | Cause::WrongTime) =>
                {
                    // With another margin than was set here, no order may leave. What a wrong key needs, its own words say.
                    let of_key = matches!(refusal.cause, Cause::WrongKey | Cause::WrongSignature | Cause::Blocked);
                    let (remedy, korean_remedy) = if of_key {
                        (String::new(), String::new())
                    } else {
                        let remedy = format!(" (change `{what}` in the settings, or leave it out and nothing is set)");
                        (remedy, format!(". 설정의 {what} 값을 바꾸거나 지우십시오"))
                    };
                    return Err(self.refused(format!(
                        "{what} {value} of {symbol} could not be set: {}{remedy} / {symbol} {korean} {value} 설정이 거부되었습니다: \
                         {}{korean_remedy}",
                        refusal.english(),
                        refusal.korean()
                    )));
                }
                Err(error) => {
                    self.tell_failure(what, error.to_string()).await?;
                    sleep(backoff.pause()).await;
                }
            }
        }
    }
}
