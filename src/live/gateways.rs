//! The venues of a session: [`Gateways`] on their own threads, and the emulators that were asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::runtime::{self, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::broker::Broker;
use super::clock::Clock;
use super::config::LiveConfig;
use super::emulators::{self, Emulators};
use super::error::LiveError;
use super::routes::{Port, Routes, conditions};
use super::summary::FrameClasses;
use crate::account::Order;
use crate::config::{Orders, VenueConfig};
use crate::kernel::Kernel;
use crate::market::{Instrument, Venue};
use crate::venue::binance::emulator::{Emulator, MarketKind};
use crate::venue::gateway::{Connect, Connected, DISPATCHES_MAX, Emulated, FrameStats, Numbers, Trading};
use crate::venue::inbox::Inbox;
use crate::venue::registry;
use crate::venue::secret::Credentials;
use crate::venue::{Now, VenueError};

/// How long gateways may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

/// A running gateway.
struct Running {
    venue: Venue,
    frames: Arc<dyn FrameStats>,
    task: JoinHandle<Result<(), VenueError>>,
}

/// Every gateway of a session. They end when told to, or when dropped.
pub struct Gateways {
    runtime: Runtime,
    stop: watch::Sender<bool>,
    running: Vec<Running>,
    emulators: Emulators,
    /// The emulated broker in whose time the session lives.
    pub broker: Option<Broker>,
}

/// The threads that gateways and emulators run on.
///
/// # Errors
/// When the system gives none.
pub fn runtime() -> Result<Runtime, LiveError> {
    let built = runtime::Builder::new_multi_thread().worker_threads(2).thread_name("gateways").enable_all().build();
    built.map_err(|error| LiveError::System { what: "the gateways' threads", error })
}

impl Gateways {
    /// Starts emulators, where there are to be some beside the `broker`, and a gateway for every venue. The kernel's instruments keep
    /// their numbers, others get the next ones; its live orders are made known to the gateways that trade. Also returns the ways to
    /// the gateways.
    ///
    /// # Errors
    /// When a venue has no gateway or no keys, or a setting makes no sense. A venue that does not answer is not an error: its
    /// gateway tries on.
    pub fn start(
        config: &LiveConfig,
        kernel: &Kernel,
        inbox: &Inbox,
        clock: &Clock,
        (runtime, broker): (Runtime, Option<Broker>),
    ) -> Result<(Self, Routes), LiveError> {
        let time = clock.clone();
        let emulators = Emulators::start(config, kernel, &runtime, &(Arc::new(move || time.now()) as Now))?;
        let (stop, stopped) = watch::channel(false);
        let instruments: Vec<Instrument> = kernel.instruments().cloned().collect();
        let numbers = Arc::new(Numbers::new(&instruments));
        let (mut running, mut ports) = (Vec::new(), Vec::new());
        for venue in venues(config, emulators.binance())? {
            let registration = registry::find(venue.kind).ok_or_else(|| no_gateway(venue.kind))?;
            let (sender, dispatches) = mpsc::channel(DISPATCHES_MAX);
            let trading = trading(&venue, &instruments, kernel.orders(), kernel.stamp().recv)?;
            let watched = conditions(venue.kind, &venue.conditions, &config.settings.strategies);
            let port = Port::new(venue.kind, trading.is_some(), sender);
            ports.push(Port { conditions: venue.conditions.clone(), watched: watched.clone(), ..port });
            let clock = clock.clone();
            let now: Now = Arc::new(move || clock.now());
            let connect = Connect {
                symbols: venue
                    .symbols
                    .iter()
                    .map(|symbol| (symbol.to_ascii_uppercase(), numbers.of(venue.kind, symbol)))
                    .collect(),
                numbers: Arc::clone(&numbers),
                raw: config.raw,
                inbox: inbox.clone(),
                dispatches,
                now,
                emulated: emulators.of(venue.kind).or_else(|| played(broker.as_ref(), &venue)),
                trading,
                config: VenueConfig { conditions: watched, ..venue },
            };
            let venue = connect.config.kind;
            // Made inside the runtime: a gateway may need its timers.
            let _inside = runtime.enter();
            let Connected { frames, run } = (registration.connect)(connect, stopped.clone())
                .map_err(|error| LiveError::Gateway { venue, reason: error.to_string() })?;
            running.push(Running { venue, frames, task: runtime.spawn(run) });
        }
        let mut routes = Routes::new(ports);
        instruments.iter().for_each(|instrument| routes.on_instrument(instrument.id, instrument.venue));
        kernel.orders().for_each(|order| routes.resume(order));
        Ok((Gateways { runtime, stop, running, emulators, broker }, routes))
    }

    /// Where the emulator's market of a venue listens.
    pub fn emulated(&self, venue: Venue) -> Option<SocketAddr> {
        self.emulators.address(venue)
    }

    /// Whether the emulator has played its tapes to the end and gateways have heard all of it.
    pub fn has_played_out(&self) -> bool {
        let Some(sent) = self.emulators.played_out() else { return false };
        let heard: u64 = self.running.iter().map(|running| running.frames.received()).sum();
        heard >= sent
    }

    /// How many frames the emulator has sent, if there is one.
    pub fn frames_sent(&self) -> Option<u64> {
        self.emulators.frames_sent()
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
            let Running { venue, frames: stats, mut task } = running;
            match self.runtime.block_on(async { timeout(GOODBYE, &mut task).await }) {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => notes.push(error.to_string()),
                Ok(Err(error)) => notes.push(format!("{venue}: the gateway's task ended: {error}")),
                Err(_) => {
                    task.abort();
                    notes.push(format!("{venue}: the gateway did not end within {} s", GOODBYE.as_secs()));
                }
            }
            let classes =
                stats.classes().into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count));
            frames.push(FrameClasses { venue: venue.name().to_owned(), received: stats.received(), classes: classes.collect() });
        }
        self.emulators.stop(&self.runtime);
        if let Some(broker) = self.broker {
            broker.stop(&self.runtime);
        }
        self.runtime.shutdown_timeout(GOODBYE);
        (frames, notes)
    }
}

/// Says what makes no sense to connect to, before anything is written.
///
/// # Errors
/// When there is no venue, or one without a gateway, or one that is to trade and cannot.
pub fn check(config: &LiveConfig) -> Result<(), LiveError> {
    if config.venues.is_empty() && config.emulate.is_none() {
        return Err(LiveError::NoVenue);
    }
    for venue in &config.venues {
        let registration = registry::find(venue.kind).ok_or_else(|| no_gateway(venue.kind))?;
        if venue.orders == Orders::Real {
            if !registration.trades {
                return Err(LiveError::NoOrders { venue: venue.kind });
            }
            // Found out before anything is written or sent.
            keys(venue)?;
        }
    }
    Ok(())
}

fn no_gateway(venue: Venue) -> LiveError {
    LiveError::NoGateway { venue, known: registry::names() }
}

fn keys(venue: &VenueConfig) -> Result<Credentials, LiveError> {
    if let Some(keys) = emulators::keys(venue.kind).filter(|_| venue.emulate && venue.endpoint.is_none()) {
        return Ok(keys);
    }
    Credentials::load(venue.kind, venue.keys.as_deref()).map_err(LiveError::Keys)
}

/// How a venue is played by the broker in this process, if it is.
fn played(broker: Option<&Broker>, venue: &VenueConfig) -> Option<Emulated> {
    broker.filter(|_| venue.kind == Venue::Kiwoom && venue.emulate).map(Broker::emulated)
}

/// What a gateway needs to place orders, if its venue is to.
fn trading<'a>(
    venue: &VenueConfig,
    instruments: &[Instrument],
    orders: impl Iterator<Item = &'a Order>,
    since: Nanos,
) -> Result<Option<Trading>, LiveError> {
    if venue.orders == Orders::Paper {
        return Ok(None);
    }
    let here = |order: &&Order| {
        instruments.iter().any(|instrument| instrument.id == order.request.instrument && instrument.venue == venue.kind)
    };
    let since = Some(since).filter(|since| *since > Nanos::ZERO);
    Ok(Some(Trading { credentials: keys(venue)?, orders: orders.filter(here).cloned().collect(), since }))
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
                venues.push(VenueConfig { symbols, ..VenueConfig::new(venue) });
            }
        }
    }
    if venues.is_empty() { Err(LiveError::NoVenue) } else { Ok(venues) }
}
