//! The venues of a session: [`Gateways`] on their own threads, and the emulator if one was asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{self, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::clock::Clock;
use super::config::LiveConfig;
use super::error::LiveError;
use super::summary::FrameClasses;
use crate::config::{Stream, VenueConfig};
use crate::market::{Instrument, InstrumentId, Venue};
use crate::venue::binance::config::{BinanceConfig, Streams, TradeStream};
use crate::venue::binance::emulator::{Emulator, MarketKind};
use crate::venue::binance::gateway::BinanceGateway;
use crate::venue::binance::stats::GatewayStats;
use crate::venue::inbox::Inbox;
use crate::venue::{Gateway as _, Now, VenueError};

/// How long gateways may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

/// A running gateway.
struct Running {
    venue: Venue,
    stats: Arc<GatewayStats>,
    task: JoinHandle<Result<(), VenueError>>,
}

/// Every gateway of a session. They end when told to, or when dropped.
pub struct Gateways {
    runtime: Runtime,
    stop: watch::Sender<bool>,
    running: Vec<Running>,
    emulator: Option<Emulator>,
}

impl Gateways {
    /// Starts the emulator, if there is to be one, and a gateway for every venue. `known` are the instruments of the journal: they
    /// keep their numbers, others get the next ones.
    ///
    /// # Errors
    /// When a venue has no gateway, or a setting makes no sense. A venue that does not answer is not an error: its gateway tries on.
    pub fn start(config: &LiveConfig, known: &[Instrument], inbox: Inbox, clock: &Clock) -> Result<Self, LiveError> {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("gateways")
            .enable_all()
            .build()
            .map_err(|error| LiveError::System { what: "the gateways' threads", error })?;
        let emulator = match &config.emulate {
            Some(emulate) => {
                let started = runtime.block_on(Emulator::start(emulate.clone()));
                Some(started.map_err(|error| LiveError::Emulator { reason: error.to_string() })?)
            }
            None => None,
        };
        let (stop, stopped) = watch::channel(false);
        let mut numbers = Numbers::new(known);
        let mut running = Vec::new();
        for venue in venues(config, emulator.as_ref())? {
            let mut settings = binance(&venue, emulator.as_ref(), &mut numbers)?;
            settings.raw = config.raw;
            let clock = clock.clone();
            let now: Now = Arc::new(move || clock.now());
            let gateway = BinanceGateway::new(settings, inbox.clone(), now)
                .map_err(|error| LiveError::Gateway { venue: venue.kind, reason: error.to_string() })?;
            let stats = gateway.stats();
            running.push(Running { venue: venue.kind, stats, task: runtime.spawn(gateway.run(stopped.clone())) });
        }
        Ok(Gateways { runtime, stop, running, emulator })
    }

    /// Where the emulator's market of a venue listens.
    pub fn emulated(&self, venue: Venue) -> Option<SocketAddr> {
        self.emulator.as_ref()?.address_of(kind_of(venue)?)
    }

    /// Whether the emulator has played its tapes to the end and gateways have heard all of it.
    pub fn has_played_out(&self) -> bool {
        let Some(emulator) = &self.emulator else { return false };
        let stats = emulator.stats();
        let heard: u64 = self.running.iter().map(|running| running.stats.frames().received).sum();
        stats.finished && heard >= stats.frames_sent
    }

    /// How many frames the emulator has sent, if there is one.
    pub fn frames_sent(&self) -> Option<u64> {
        self.emulator.as_ref().map(|emulator| emulator.stats().frames_sent)
    }

    /// Tells every gateway to end. More than once is the same as once.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Ends every gateway and the emulator. Returns what became of their frames, and what went wrong.
    pub fn close(mut self) -> (Vec<FrameClasses>, Vec<String>) {
        self.stop();
        let mut frames = Vec::new();
        let mut notes = Vec::new();
        for running in self.running.drain(..) {
            let Running { venue, stats, mut task } = running;
            match self.runtime.block_on(async { timeout(GOODBYE, &mut task).await }) {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => notes.push(error.to_string()),
                Ok(Err(error)) => notes.push(format!("{venue}: the gateway's task ended: {error}")),
                Err(_) => {
                    task.abort();
                    notes.push(format!("{venue}: the gateway did not end within {} s", GOODBYE.as_secs()));
                }
            }
            let counts = stats.frames();
            let classes =
                counts.classes().into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count));
            frames.push(FrameClasses { venue: venue.name().to_owned(), received: counts.received, classes: classes.collect() });
        }
        if let Some(emulator) = self.emulator.take() {
            let _ = self.runtime.block_on(emulator.stop());
        }
        self.runtime.shutdown_timeout(GOODBYE);
        (frames, notes)
    }
}

/// Says what makes no sense to connect to, before anything is written.
///
/// # Errors
/// When there is no venue, or one without a gateway.
pub fn check(config: &LiveConfig) -> Result<(), LiveError> {
    if config.venues.is_empty() && config.emulate.is_none() {
        return Err(LiveError::NoVenue);
    }
    match config.venues.iter().find(|venue| kind_of(venue.kind).is_none()) {
        Some(venue) => Err(LiveError::NoGateway { venue: venue.kind }),
        None => Ok(()),
    }
}

/// Numbers of instruments: those of the journal, then the next ones in the order asked for.
struct Numbers<'a> {
    known: &'a [Instrument],
    next: u32,
}

impl<'a> Numbers<'a> {
    fn new(known: &'a [Instrument]) -> Self {
        Numbers { known, next: known.iter().map(|instrument| instrument.id.0 + 1).max().unwrap_or(0) }
    }

    fn of(&mut self, venue: Venue, symbol: &str) -> InstrumentId {
        let known = self.known.iter().find(|known| known.venue == venue && known.symbol.eq_ignore_ascii_case(symbol));
        known.map_or_else(
            || {
                self.next += 1;
                InstrumentId(self.next - 1)
            },
            |known| known.id,
        )
    }
}

/// The venues asked for; those that the emulator plays, when none was.
fn venues(config: &LiveConfig, emulator: Option<&Emulator>) -> Result<Vec<VenueConfig>, LiveError> {
    let mut venues = config.venues.clone();
    if let (true, Some(emulator)) = (venues.is_empty(), emulator) {
        for (venue, kind) in [(Venue::BinanceSpot, MarketKind::Spot), (Venue::BinanceUsdM, MarketKind::UsdM)] {
            let mut symbols: Vec<String> = emulator
                .streams_of(kind)
                .iter()
                .filter_map(|stream| Some(stream.split_once('@')?.0.to_ascii_uppercase()))
                .collect();
            symbols.sort_unstable();
            symbols.dedup();
            if !symbols.is_empty() {
                venues.push(VenueConfig {
                    kind: venue,
                    endpoint: None,
                    symbols,
                    streams: VenueConfig::STREAMS.to_vec(),
                    book_speed: None,
                });
            }
        }
    }
    if venues.is_empty() { Err(LiveError::NoVenue) } else { Ok(venues) }
}

/// How the gateway of a Binance venue connects.
fn binance(venue: &VenueConfig, emulator: Option<&Emulator>, numbers: &mut Numbers<'_>) -> Result<BinanceConfig, LiveError> {
    let symbols = venue.symbols.iter().map(|symbol| (symbol.to_ascii_uppercase(), numbers.of(venue.kind, symbol))).collect();
    let mut settings = match venue.kind {
        Venue::BinanceSpot => BinanceConfig::spot(symbols),
        Venue::BinanceUsdM => BinanceConfig::usd_m(symbols),
        Venue::Kiwoom | Venue::Upbit => return Err(LiveError::NoGateway { venue: venue.kind }),
    };
    match (&venue.endpoint, emulator, kind_of(venue.kind)) {
        (Some(endpoint), ..) => settings = settings.at_endpoint(endpoint),
        (None, Some(emulator), Some(kind)) if emulator.address_of(kind).is_some() => {
            if let Some(address) = emulator.address_of(kind) {
                settings = settings.at(address);
                settings.streams = played(&emulator.streams_of(kind), settings.streams);
            }
        }
        _ => {}
    }
    let asked = |stream| venue.streams.contains(&stream);
    let Streams { trades, quotes, depth, bars } = settings.streams;
    settings.streams = Streams {
        trades: match (asked(Stream::EveryTrade), asked(Stream::Trades)) {
            (true, _) => TradeStream::Each,
            (false, true) => trades,
            (false, false) => TradeStream::Off,
        },
        quotes: quotes && asked(Stream::Quotes),
        depth: depth.filter(|_| asked(Stream::Book)).map(|usual| venue.book_speed.clone().unwrap_or(usual)),
        bars,
    };
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
    Streams { trades, quotes: has("@bookTicker"), depth, bars: None }
}

fn kind_of(venue: Venue) -> Option<MarketKind> {
    match venue {
        Venue::BinanceSpot => Some(MarketKind::Spot),
        Venue::BinanceUsdM => Some(MarketKind::UsdM),
        Venue::Kiwoom | Venue::Upbit => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_says_which_streams_it_has() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let otherwise = || BinanceConfig::usd_m(Vec::new()).streams;
        let tape = played(&names(&["btcusdt@bookTicker", "btcusdt@depth@0ms", "btcusdt@trade"]), otherwise());
        assert_eq!(tape, Streams { trades: TradeStream::Each, quotes: true, depth: Some("0ms".into()), bars: None });
        let bare = played(&names(&["btcusdt@depth", "btcusdt@aggTrade"]), otherwise());
        assert_eq!(bare, Streams { trades: TradeStream::Aggregate, quotes: false, depth: Some(String::new()), bars: None });
    }
}
