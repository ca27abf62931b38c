//! From the settings of a session to a [`BinanceGateway`]: [`connect`].

use std::time::Duration;

use tokio::sync::watch;

use super::config::{BinanceConfig, Margin, Streams, TradeStream};
use super::gateway::BinanceGateway;
use crate::config::{Stream, VenueConfig};
use crate::market::Venue;
use crate::venue::gateway::{Connect, Connected, Emulated, Gateway as _, VenueError};
use crate::venue::ranking::RankingConfig;

/// Bars of this length, when bars are asked for.
const BARS: &str = "1m";

/// A gateway for Binance spot or USDⓈ-M futures.
///
/// # Errors
/// When a setting makes no sense.
pub fn connect(connect: Connect, stop: watch::Receiver<bool>) -> Result<Connected, VenueError> {
    let mut settings = config(&connect.config, connect.symbols, connect.emulated.as_ref())?;
    settings.raw = connect.raw;
    settings.may_withdraw = connect.config.allow_withdraw;
    settings.leverage = connect.config.leverage;
    settings.margin = connect.config.isolated.map(|isolated| if isolated { Margin::Isolated } else { Margin::Cross });
    let mut gateway = BinanceGateway::new(settings, connect.inbox, connect.now)?;
    if let Some(trading) = connect.trading {
        gateway.trade(trading, connect.dispatches)?;
    } else if let Some(top) = connect.config.top {
        let every = Duration::from_secs(connect.config.rank_every_s.into());
        gateway.rank(RankingConfig { top: top.into(), every }, connect.numbers, connect.dispatches);
    }
    Ok(Connected { frames: gateway.stats(), run: Box::pin(gateway.run(stop)) })
}

/// How the gateway connects.
fn config(
    venue: &VenueConfig,
    symbols: Vec<(String, crate::market::InstrumentId)>,
    emulated: Option<&Emulated>,
) -> Result<BinanceConfig, VenueError> {
    let mut settings = match venue.kind {
        Venue::BinanceSpot => BinanceConfig::spot(symbols),
        _ => BinanceConfig { venue: venue.kind, ..BinanceConfig::usd_m(symbols) },
    };
    match (&venue.endpoint, emulated) {
        (Some(endpoint), _) => settings = settings.at_endpoint(endpoint),
        (None, Some(emulated)) => {
            settings = settings.at(emulated.address);
            settings.streams = played(&emulated.streams, settings.streams);
        }
        (None, None) => {}
    }
    let asked = |stream| venue.streams.contains(&stream);
    let (plays_bars, plays_marks) = (settings.streams.bars.clone(), settings.streams.marks);
    let Streams { trades, quotes, depth, .. } = settings.streams;
    settings.streams = Streams {
        trades: match (asked(Stream::EveryTrade), asked(Stream::Trades)) {
            (true, _) => TradeStream::Each,
            (false, true) => trades,
            (false, false) => TradeStream::Off,
        },
        quotes: quotes && asked(Stream::Quotes),
        depth: depth.filter(|_| asked(Stream::Book)).map(|usual| venue.book_speed.clone().unwrap_or(usual)),
        // An emulator has what is on its tape.
        bars: if emulated.is_some() { plays_bars } else { Some(BARS.to_owned()) }.filter(|_| asked(Stream::Bars)),
        marks: asked(Stream::Mark) && (plays_marks || emulated.is_none()),
    };
    settings.check()?;
    Ok(settings)
}

/// The streams an emulator plays: the depth speed and the kind of trades that are on its tape.
fn played(names: &[String], otherwise: Streams) -> Streams {
    let depth =
        names.iter().find_map(|name| name.split_once("@depth")).map(|(_, speed)| speed.trim_start_matches('@').to_owned());
    let has = |suffix: &str| names.iter().any(|name| name.ends_with(suffix));
    let trades = match (has("@trade"), has("@aggTrade")) {
        (true, _) => TradeStream::Each,
        (false, true) => TradeStream::Aggregate,
        (false, false) => otherwise.trades,
    };
    let bars = names.iter().find_map(|name| name.split_once("@kline_")).map(|(_, span)| span.to_owned());
    Streams { trades, quotes: has("@bookTicker"), depth, bars, marks: names.iter().any(|name| name.contains("@markPrice")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_says_which_streams_it_has() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let otherwise = || BinanceConfig::usd_m(Vec::new()).streams;
        let tape = played(&names(&["btcusdt@bookTicker", "btcusdt@depth@0ms", "btcusdt@trade"]), otherwise());
        assert_eq!(
            tape,
            Streams { trades: TradeStream::Each, quotes: true, depth: Some("0ms".into()), bars: None, marks: false }
        );
        let bare = played(&names(&["btcusdt@depth", "btcusdt@aggTrade"]), otherwise());
        assert_eq!(
            bare,
            Streams { trades: TradeStream::Aggregate, quotes: false, depth: Some(String::new()), bars: None, marks: false }
        );
    }
}
