//! One session from start to summary: [`run`].

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, never};
use jangbu_journal::{Nanos, Seq, SessionInfo, Stamp, Writer, WriterOptions};
use jangbu_replay::Marks;

use super::broker::Broker;
use super::clock::Clock;
use super::config::LiveConfig;
use super::control::{Control, Desk, Running};
use super::error::LiveError;
use super::gateways::{Gateways, check, runtime};
use super::halt::{Death, Life, live};
use super::journaling::Journaling;
use super::listing::Listing;
use super::operator::Said;
use super::restart::{Resumed, mode, opening, resume};
use super::routes::Routes;
use super::status::{Gauges, Status, progress_line, status};
use super::summary::{Halt, Summary, latency_path, replay_commands, summary_path};
use super::world::{LiveWorld, Wires};
use crate::account::SessionId;
use crate::config::Orders;
use crate::effect::{Notice, Severity};
use crate::event::{Command, Event};
use crate::kernel::Kernel;
use crate::simulator::{Simulator, SimulatorSettings};
use crate::venue::inbox;

/// How often the progress line is made, and the clock compared.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// How long the main thread sleeps before it looks at the stop flag again.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Notices nobody has read yet; more are dropped (the journal has what caused them).
const NOTICES_MAX: usize = 1_024;
/// Commands that wait for the kernel.
pub const COMMANDS_MAX: usize = 256;

/// Hears a line each second.
pub type OnProgress = Box<dyn FnMut(&str)>;
/// Hears what the kernel wants people to know.
pub type OnNotice = Box<dyn FnMut(&Stamp, &Notice)>;

/// What hears of a session while it runs.
pub struct Hooks {
    /// Gets a line each second.
    pub progress: Option<OnProgress>,
    /// Gets what the kernel wants people to know.
    pub notice: Option<OnNotice>,
    /// What whoever runs the session says; an operator speaks to it through its socket.
    pub commands: Receiver<Command>,
}

impl Default for Hooks {
    /// Nobody listens and nobody commands.
    fn default() -> Self {
        Hooks { progress: None, notice: None, commands: never() }
    }
}

/// Runs a session until `stop` is set, the configuration says so, or it is halted. A session that was halted still has a summary,
/// and says in it why.
///
/// The journal is read, checked and caught up with first; then gateways connect and the kernel's thread drives the one loop.
///
/// # Errors
/// When the session cannot begin.
pub fn run(config: &LiveConfig, stop: &Arc<AtomicBool>, mut hooks: Hooks) -> Result<Summary, LiveError> {
    check(config)?;
    let resumed = resume(&config.journal)?;
    let writer = open(config, resumed.last)?;
    let runtime = runtime()?;
    let broker = Broker::start(config, &resumed.kernel, resumed.clock, &runtime)?;
    let clock = Broker::clock(broker.as_ref(), resumed.clock);
    let session = resumed.session;
    let (start, started) = (resumed.last.next(), clock.now());
    if let (Some(foreign), Some(hook)) = (&resumed.foreign, &mut hooks.notice) {
        let stamp = Stamp { seq: resumed.last, recv: started, venue: None };
        hook(&stamp, &Notice { severity: Severity::Info, code: "journal.form".into(), text: foreign.to_string() });
    }

    let (inbox, receiver) = inbox::channel(config.queue_capacity);
    let inbox_gauges = Arc::clone(inbox.gauges());
    let (notices, heard) = bounded(NOTICES_MAX);
    let gauges = Arc::new(Gauges::default());
    let board = Arc::new(Mutex::new(Status::default()));
    let (gateways, routes) = Gateways::start(config, &resumed.kernel, &inbox, &clock, (runtime, broker))?;
    // The gateways have their own: when they are gone, the inbox is closed.
    drop(inbox);

    let (operator, said) = bounded(COMMANDS_MAX);
    let listing = Arc::new(Listing::default());
    resumed.kernel.instruments().for_each(|instrument| listing.on_instrument(instrument));
    let wires = Wires {
        inbox: receiver,
        operator: said,
        listing: Arc::clone(&listing),
        commands: std::mem::replace(&mut hooks.commands, never()),
        notices,
        stop: Arc::clone(stop),
        gauges: Arc::clone(&gauges),
        clock: clock.clone(),
    };
    let life = bear(config, resumed, writer, (wires, routes), started, &board)?;
    let kernel = thread::Builder::new()
        .name("kernel".into())
        .spawn(move || live(life))
        .map_err(|error| LiveError::System { what: "the kernel's thread", error })?;

    let desk = desk(config, session, (operator, listing), &board);
    let control = Control::start(&config.journal, desk);
    if let (Err(error), Some(hook)) = (&control, &mut hooks.notice) {
        let stamp = Stamp { seq: start.previous(), recv: started, venue: None };
        hook(&stamp, &Notice { severity: Severity::Warning, code: "control".into(), text: error.to_string() });
    }

    let mut watch = Watch { hooks, gauges: &gauges, board: &board, clock: &clock, heard: &heard, events: 0 };
    while !kernel.is_finished() {
        watch.look(config.run_for.map(|span| Nanos::new(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX))), stop, &gateways);
        if watch.has_played_out(&gateways) {
            stop.store(true, Ordering::Release);
        }
        if stop.load(Ordering::Acquire) {
            gateways.stop();
        }
    }
    // The kernel's own panics are caught on its thread; this one would be ours.
    let death = kernel.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    watch.notices();
    // Nobody carries out anything any more.
    drop(control);
    gateways.stop();
    let frames_sent = gateways.frames_sent();
    let agreement = gateways.broker.as_ref().map(|broker| broker.agreement(&death.status));
    let (frames, troubles) = gateways.close();

    let mut summary = summarise(config, session.0, (start, started), &death, clock.now());
    summary.frames = frames;
    summary.frames_sent = frames_sent;
    summary.agreement = agreement;
    summary.queue_high_water = inbox_gauges.market_events_max();
    summary.notes.extend(troubles);
    summary.notes.extend(keep(&config.journal, &summary, &death));
    Ok(summary)
}

fn open(config: &LiveConfig, last: Seq) -> Result<Writer<Event>, LiveError> {
    let options =
        WriterOptions { durability: config.durability, volume_bytes_max: config.volume_bytes_max, ..WriterOptions::default() };
    let writer = Writer::<Event>::open(&config.journal, options)?;
    let found = writer.next_seq().previous();
    if found != last {
        return Err(LiveError::Moved { dir: config.journal.clone(), read: last, found });
    }
    Ok(writer)
}

/// What an operator's requests are checked against.
fn desk(
    config: &LiveConfig,
    session: SessionId,
    (operator, listing): (Sender<Said>, Arc<Listing>),
    board: &Arc<Mutex<Status>>,
) -> Desk {
    let real = config.venues.iter().filter(|venue| venue.orders == Orders::Real && !venue.is_on_this_machine());
    let running = Running {
        settings: config.settings.clone(),
        valuation: config.valuation.clone(),
        liquidation: config.liquidation,
        texts: config.texts.clone(),
        loaded: config.loaded.clone(),
    };
    Desk {
        operator,
        board: Arc::clone(board),
        listing,
        session: session.0,
        venues: config.venues.iter().map(|venue| venue.kind).collect(),
        real: real.map(|venue| venue.kind).collect(),
        running: running.into(),
    }
}

/// Puts together what the kernel's thread owns.
fn bear(
    config: &LiveConfig,
    resumed: Resumed,
    mut writer: Writer<Event>,
    (wires, routes): (Wires, Routes),
    started: Nanos,
    board: &Arc<Mutex<Status>>,
) -> Result<Life, LiveError> {
    let start = (resumed.last.next(), resumed.clock);
    let settings = SimulatorSettings { first_trade_id: start.0.get(), ..config.simulator.clone() };
    let mut simulator = Simulator::new(settings);
    let opening = opening(config, &resumed, &routes, &mut simulator);
    let session = SessionInfo { id: resumed.session.0.into(), first: start.0, last: None, started, note: mode(config).into() };
    writer.begin_session(session)?;
    let clock = wires.clock.clone();
    let mut world = LiveWorld::new(wires, routes, simulator, resumed.session, opening);
    if let Some(quiet) = config.until_quiet {
        world = world.until_quiet(quiet);
    }
    let mut recorder = Journaling::new(writer, resumed.marks, config.rhythm, clock);
    let board = Arc::clone(board);
    let watcher = move |stamp: &Stamp, kernel: &Kernel, marks: &Marks| {
        *board.lock().unwrap_or_else(PoisonError::into_inner) = status(kernel, stamp, marks);
    };
    // What an operator asks about next.
    recorder.watch(Box::new(watcher), |event| matches!(event, Event::Command(_) | Event::Order(_)));
    Ok(Life { kernel: resumed.kernel, world, recorder, start })
}

/// The main thread while the kernel runs.
struct Watch<'a> {
    hooks: Hooks,
    gauges: &'a Gauges,
    board: &'a Mutex<Status>,
    clock: &'a Clock,
    heard: &'a Receiver<(Stamp, Notice)>,
    events: u64,
}

impl Watch<'_> {
    /// Whether there is nothing more to hear.
    fn has_played_out(&self, gateways: &Gateways) -> bool {
        let status = || self.board.lock().unwrap_or_else(PoisonError::into_inner).clone();
        gateways.has_played_out() || gateways.broker.as_ref().is_some_and(|broker| broker.is_day_over(&status(), self.clock))
    }

    /// Watches for a second, or until there is something to do. Sets `stop` after `until`, real time.
    fn look(&mut self, until: Option<Nanos>, stop: &AtomicBool, gateways: &Gateways) {
        let begun = self.clock.elapsed();
        let mut now = begun;
        while now.since(begun) < PROGRESS_EVERY.as_nanos() as i64 {
            thread::sleep(LOOK_EVERY);
            self.notices();
            now = self.clock.elapsed();
            if until.is_some_and(|until| now >= until) {
                stop.store(true, Ordering::Release);
            }
            if stop.load(Ordering::Acquire) || self.has_played_out(gateways) {
                return;
            }
        }
        self.clock.follow();
        let status = self.board.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(progress) = &mut self.hooks.progress {
            progress(&progress_line(self.gauges, &status, self.events, now.since(begun) as f64 / 1e9));
        }
        self.events = self.gauges.events();
    }

    fn notices(&mut self) {
        for (stamp, notice) in self.heard.try_iter() {
            if let Some(hook) = &mut self.hooks.notice {
                hook(&stamp, &notice);
            }
        }
    }
}

fn summarise(config: &LiveConfig, session: u32, (first, started): (Seq, Nanos), death: &Death, ended: Nanos) -> Summary {
    let journal = &config.journal;
    let halt = death.halt.as_ref().map(|reason| Halt {
        seq: death.applied.next().min(death.last),
        reason: reason.clone(),
        reproduce: format!("jangbu replay --journal {} --until {}", journal.display(), death.last),
    });
    let checkpoint = death.checkpoint.as_ref();
    Summary {
        session,
        journal: journal.clone(),
        first,
        last: death.last,
        started,
        ended,
        halt,
        counts: death.ended.counts,
        frames: Vec::new(),
        frames_sent: None,
        status: death.status.clone(),
        queue_high_water: 0,
        gate_high_water: death.ended.gate_high_water,
        latencies: death.ended.latencies.rows(),
        state: checkpoint.map_or_else(String::new, |checkpoint| format!("{:016x}", checkpoint.state)),
        effects: checkpoint.map_or(0, |checkpoint| checkpoint.effects_count),
        effects_digest: checkpoint.map_or_else(String::new, |checkpoint| format!("{:016x}", checkpoint.effects)),
        replay: replay_commands(journal, session),
        agreement: None,
        notes: Vec::new(),
    }
}

/// Keeps latencies and summary beside the journal. What cannot be kept is said; the journal itself is whole without them.
fn keep(journal: &Path, summary: &Summary, death: &Death) -> Vec<String> {
    let mut notes = Vec::new();
    let path = latency_path(journal, summary.session);
    if let Err(error) = death.ended.latencies.save(&path, summary.started, summary.ended) {
        notes.push(error.to_string());
    }
    let path = summary_path(journal, summary.session);
    let written = serde_json::to_vec_pretty(summary).map_err(std::io::Error::from).and_then(|text| fs::write(&path, text));
    if let Err(error) = written {
        notes.push(format!("summary {}: {error}", path.display()));
    }
    notes
}
