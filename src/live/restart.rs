//! Goes on where the journal ends: [`resume`], and what a new session says first: [`opening`].

use std::path::Path;

use jangbu_journal::{JournalError, Nanos, Reader, Seq};
use jangbu_replay::{Foreign, Marks, Span, Until, verify};

use super::config::LiveConfig;
use super::error::LiveError;
use super::routes::Routes;
use crate::account::SessionId;
use crate::backtest::run::adopt;
use crate::config::{Deposit, Orders};
use crate::event::command::LiquidationLimits;
use crate::event::{Answer, Command, Event};
use crate::kernel::Kernel;
use crate::market::Venue;
use crate::simulator::Simulator;

/// A kernel that stands at the end of its journal.
#[derive(Debug)]
pub struct Resumed {
    /// The kernel.
    pub kernel: Kernel,
    /// The last event of the journal; `Seq::ZERO` when it is new.
    pub last: Seq,
    /// That event's time.
    pub clock: Nanos,
    /// The effects so far.
    pub marks: Marks,
    /// The session about to begin.
    pub session: SessionId,
    /// How many events were replayed after the snapshot.
    pub replayed: u64,
    /// What a build with another form of the state wrote, if one did.
    pub foreign: Option<Foreign>,
}

impl Resumed {
    fn fresh() -> Self {
        Resumed {
            kernel: Kernel::default(),
            last: Seq::ZERO,
            clock: Nanos::ZERO,
            marks: Marks::default(),
            session: SessionId(1),
            replayed: 0,
            foreign: None,
        }
    }
}

/// The latest snapshot, and everything after it through the one loop, compared with what was recorded.
///
/// # Errors
/// When the journal cannot be read, or this build decides differently from the one that wrote it.
pub fn resume(dir: &Path) -> Result<Resumed, LiveError> {
    let reader = match Reader::<Event>::open(dir) {
        Err(JournalError::NotAJournal { .. }) => return Ok(Resumed::fresh()),
        reader => reader?,
    };
    let last = reader.last_seq();
    let session = next_session(&reader);
    if last == Seq::ZERO {
        return Ok(Resumed { session, ..Resumed::fresh() });
    }
    let mut ending = Vec::new();
    reader.scan(last)?.next_batch(1, &mut ending)?;
    let clock = ending.first().map_or(Nanos::ZERO, |(stamp, _)| stamp.recv);
    drop(reader);
    let span = Span { from: last.next(), until: Until::End, snapshots: true };
    let (kernel, replay) = verify::<Kernel>(dir, span, &mut |_| ())?;
    if let Some(divergence) = replay.divergence {
        return Err(LiveError::Divergent { dir: dir.to_owned(), divergence: Box::new(divergence) });
    }
    let marks = replay.marks();
    Ok(Resumed { kernel, last, clock, marks, session, replayed: replay.events, foreign: replay.foreign })
}

/// The number after the journal's last session.
fn next_session(reader: &Reader<Event>) -> SessionId {
    let last = reader.sessions().iter().map(|session| session.id).max().unwrap_or(0);
    SessionId(u32::try_from(last).unwrap_or(u32::MAX).saturating_add(1))
}

/// What a session says before anything is heard: that it begins, its settings, its cash if the journal is new, and what became of
/// the orders of the session before. The simulated venue forgot them with its process: it takes back those that rested (at the
/// end of the queue), and has never heard of those that were still on their way.
pub fn opening(config: &LiveConfig, resumed: &Resumed, routes: &Routes, simulator: &mut Simulator) -> Vec<Event> {
    let mut commands = vec![Command::SessionStarted { session: resumed.session, build: build(), mode: mode(config).into() }];
    let texts = config.texts.iter().cloned();
    commands.extend(texts.map(|(name, text)| Command::StrategyText { name, text }));
    let venues: Vec<Venue> = config.venues.iter().filter(|venue| venue.orders == Orders::Real).map(|venue| venue.kind).collect();
    if !venues.is_empty() {
        commands.push(Command::RealOrders { venues: venues.clone() });
    }
    // Before strategies: they may look at it when they are configured.
    if config.valuation.currency.is_some() || resumed.kernel.valuation().is_some() {
        commands.push(Command::Valuation(config.valuation.clone()));
    }
    if config.liquidation != LiquidationLimits::default() || resumed.kernel.liquidation_limits() != LiquidationLimits::default() {
        commands.push(Command::Liquidation(config.liquidation));
    }
    commands.push(Command::Configure(config.settings.clone()));
    if resumed.last == Seq::ZERO {
        let deposit =
            |deposit: &Deposit| Command::Deposit { venue: deposit.venue, currency: deposit.currency, amount: deposit.amount };
        // What a real venue holds, it says itself.
        commands.extend(config.deposits.iter().filter(|deposit| !venues.contains(&deposit.venue)).map(deposit));
    }
    let mut events: Vec<Event> = commands.into_iter().map(command).collect();
    for order in resumed.kernel.orders() {
        // A real venue has not forgotten: it is asked.
        if !routes.is_real(order.request.instrument) && !adopt(simulator, order) {
            events.push(Event::Answer(Box::new(Answer::NotFound { order: order.request.id })));
        }
    }
    events.push(command(Command::AutoTrade(config.auto_trade)));
    events
}

fn command(command: Command) -> Event {
    Event::Command(Box::new(command))
}

/// `live` when any venue gets real orders, else `paper`.
pub fn mode(config: &LiveConfig) -> &'static str {
    if config.venues.iter().any(|venue| venue.orders == Orders::Real) { "live" } else { "paper" }
}

/// What made this program.
fn build() -> String {
    let commit = option_env!("JANGBU_COMMIT").unwrap_or("unknown commit");
    format!("jangbu {} ({commit})", env!("CARGO_PKG_VERSION"))
}
