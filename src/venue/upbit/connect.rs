//! From the settings of a session to an [`UpbitGateway`]: [`connect`].

use std::time::Duration;

use tokio::sync::watch;

use super::config::{Streams, UpbitConfig};
use super::gateway::UpbitGateway;
use crate::config::{Stream, VenueConfig};
use crate::market::InstrumentId;
use crate::venue::gateway::{Connect, Connected, Emulated, Gateway as _, VenueError};
use crate::venue::ranking::RankingConfig;

/// A gateway for Upbit.
///
/// # Errors
/// When a setting makes no sense.
pub fn connect(connect: Connect, stop: watch::Receiver<bool>) -> Result<Connected, VenueError> {
    let mut settings = config(&connect.config, connect.symbols, connect.emulated.as_ref())?;
    settings.raw = connect.raw;
    let mut gateway = UpbitGateway::new(settings, connect.inbox, connect.now)?;
    if let Some(trading) = connect.trading {
        gateway.trade(trading, connect.dispatches)?;
    } else if let Some(top) = connect.config.top {
        let every = Duration::from_secs(connect.config.rank_every_s.into());
        gateway.rank(RankingConfig { top: top.into(), every }, connect.numbers, connect.dispatches);
    }
    Ok(Connected { frames: gateway.stats(), run: Box::pin(gateway.run(stop)) })
}

fn config(
    venue: &VenueConfig,
    symbols: Vec<(String, InstrumentId)>,
    emulated: Option<&Emulated>,
) -> Result<UpbitConfig, VenueError> {
    let mut settings = UpbitConfig::new(symbols);
    match (&venue.endpoint, emulated) {
        (Some(endpoint), _) => settings = settings.at_endpoint(endpoint),
        (None, Some(emulated)) => settings = settings.at_endpoint(&format!("ws://{}", emulated.address)),
        (None, None) => {}
    }
    let asked = |stream| venue.streams.contains(&stream);
    let Streams { book, tickers, .. } = settings.streams;
    settings.streams = Streams {
        // Upbit has one stream of trades, which is every trade.
        trades: asked(Stream::Trades) || asked(Stream::EveryTrade),
        // Quotes come with the book; alone they are a book of one level.
        book: match (asked(Stream::Book), asked(Stream::Quotes)) {
            (true, _) => book,
            (false, true) => Some(1),
            (false, false) => None,
        },
        tickers,
        candles: asked(Stream::Bars),
    };
    settings.check()?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Venue;

    #[test]
    fn what_is_asked_for_is_what_is_subscribed() {
        let check = |streams: &[Stream], trades, book| {
            let venue = VenueConfig {
                streams: streams.to_vec(),
                endpoint: Some("ws://127.0.0.1:7".into()),
                ..VenueConfig::new(Venue::Upbit)
            };
            let made = config(&venue, vec![("KRW-BTC".into(), InstrumentId(0))], None).expect("it makes sense");
            assert_eq!(
                (made.streams, made.ws_url.as_str()),
                (Streams { trades, book, tickers: true, candles: false }, "ws://127.0.0.1:7")
            );
        };
        check(&VenueConfig::STREAMS, true, Some(15));
        check(&[Stream::EveryTrade], true, None);
        check(&[Stream::Quotes], false, Some(1));
        assert!(config(&VenueConfig::new(Venue::Upbit), Vec::new(), None).is_err());
    }
}
