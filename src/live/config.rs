//! What a live session is told: [`LiveConfig`].

use std::path::PathBuf;
use std::time::Duration;

use jangbu_journal::Durability;

use super::journaling::Rhythm;
use crate::config::{Config, Deposit, RawFrames, VenueConfig};
use crate::event::command::{LiquidationLimits, Settings};
use crate::event::valuation::ValuationSettings;
use crate::simulator::SimulatorSettings;
use crate::venue::binance::emulator::EmulatorConfig;

/// Events that may wait for the kernel. At 100,000 frames a second that is 650 ms; past it gateways conflate quotes and wait with
/// everything else.
pub const QUEUE_CAPACITY: usize = 65_536;

/// Everything a live session is told.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// The directory of the journal; made if it is not there.
    pub journal: PathBuf,
    /// What a written event survives.
    pub durability: Durability,
    /// Size at which a volume is sealed, bytes.
    pub volume_bytes_max: u64,
    /// When to hand over, mark and save.
    pub rhythm: Rhythm,
    /// Which raw frames are kept beside the events made of them.
    pub raw: RawFrames,
    /// What to connect to.
    pub venues: Vec<VenueConfig>,
    /// A Binance emulator to start in this process. Venues of `venues` that it plays and that name no address are connected to it.
    /// Venues that say `emulate` get one of their own.
    pub emulate: Option<EmulatorConfig>,
    /// What the kernel is told at the start.
    pub settings: Settings,
    /// How accounts of several currencies are added up.
    pub valuation: ValuationSettings,
    /// How near perpetuals may come to being taken away.
    pub liquidation: LiquidationLimits,
    /// Strategy texts it is told before, by name.
    pub texts: Vec<(String, String)>,
    /// Whether strategies may place orders.
    pub auto_trade: bool,
    /// Cash put in when the journal is new.
    pub deposits: Vec<Deposit>,
    /// How the simulated venue behaves. Its first trade number is replaced by the seq at which the session begins.
    pub simulator: SimulatorSettings,
    /// Events that may wait for the kernel.
    pub queue_capacity: usize,
    /// The settings file as it was read: what it says of the rest, for one that is read again.
    pub loaded: Config,
    /// Ends the session by itself after this long.
    pub run_for: Option<Duration>,
    /// Ends the session by itself once nothing has been heard for so long: for tapes.
    pub until_quiet: Option<Duration>,
}

impl LiveConfig {
    /// A paper session in this journal, with nothing to connect to yet.
    pub fn paper(journal: impl Into<PathBuf>) -> Self {
        LiveConfig {
            journal: journal.into(),
            durability: Durability::Process,
            volume_bytes_max: 256 << 20,
            rhythm: Rhythm::default(),
            raw: RawFrames::Off,
            venues: Vec::new(),
            emulate: None,
            settings: Settings::default(),
            valuation: ValuationSettings::default(),
            liquidation: LiquidationLimits::default(),
            texts: Vec::new(),
            auto_trade: true,
            deposits: Vec::new(),
            simulator: SimulatorSettings::default(),
            queue_capacity: QUEUE_CAPACITY,
            loaded: Config::default(),
            run_for: None,
            until_quiet: None,
        }
    }
}
