//! Faults on demand, the same menu for every venue's emulator: [`FaultPlan`], read from text, and [`Faults`], which decides by a
//! seed and counts what it did.
//!
//! ```
//! use jangbu::venue::faults::{Fault, FaultPlan, Faults};
//!
//! let plan: FaultPlan = "drop=0.01,lost-ack=0.02,disconnect=0.001,delay=0.5,delay-ms=30,seed=7".parse().unwrap();
//! let mut faults = Faults::new(plan);
//! let delayed = (0..1_000).filter(|_| faults.strikes(Fault::Delay)).count();
//! assert!((400..600).contains(&delayed) && faults.count(Fault::Delay) == delayed as u64);
//! assert!("drop=2".parse::<FaultPlan>().unwrap_err().to_string().contains("0 to 1"));
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::market::Rate;
use crate::market::number::ONE;
use crate::venue::random::SplitMix64;

/// A kind of fault. What each means to a request (REST) and to a frame (WebSocket):
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// `drop`: a frame is never sent.
    Drop,
    /// `delay`: a frame or an answer comes late, by up to `delay-ms`.
    Delay,
    /// `duplicate`: a frame is sent twice.
    Duplicate,
    /// `reorder`: a frame is sent after the one that follows it.
    Reorder,
    /// `lost-ack`: a request about an order is carried out, and its answer never comes, or says nothing of it.
    LostAck,
    /// `storm`: this request and the next `storm-requests` are refused as too many (HTTP 429).
    Storm,
    /// `disconnect`: the WebSocket ends without a word.
    Disconnect,
    /// `session`: the token or session is no longer valid, though nobody ended it.
    Session,
    /// `garbage`: text that is no frame is sent before a frame.
    Garbage,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Fault; 9] = [
        Fault::Drop,
        Fault::Delay,
        Fault::Duplicate,
        Fault::Reorder,
        Fault::LostAck,
        Fault::Storm,
        Fault::Disconnect,
        Fault::Session,
        Fault::Garbage,
    ];

    /// Its name in a plan.
    pub const fn name(self) -> &'static str {
        match self {
            Fault::Drop => "drop",
            Fault::Delay => "delay",
            Fault::Duplicate => "duplicate",
            Fault::Reorder => "reorder",
            Fault::LostAck => "lost-ack",
            Fault::Storm => "storm",
            Fault::Disconnect => "disconnect",
            Fault::Session => "session",
            Fault::Garbage => "garbage",
        }
    }
}

/// Something that goes wrong with one request that places, amends or cancels an order; a script of [`Faults::fail_next`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderFault {
    /// It is carried out, and no answer ever comes.
    LostAnswer,
    /// It is carried out, and the answer is a server's failure that says nothing of it (HTTP 5xx).
    UnknownStatus,
    /// It is not carried out, and no answer ever comes.
    LostRequest,
    /// Refused as too many (HTTP 429).
    TooMany,
}

/// How often each fault strikes, from `name=share` pairs with commas between them; also `delay-ms`, `storm-requests`, `seed`.
/// Empty text is no faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultPlan {
    /// In the order of [`Fault::ALL`], in units of 1e-8.
    shares: [u64; Fault::ALL.len()],
    /// Longest delay.
    pub delay_max: Duration,
    /// How many requests more a storm refuses.
    pub storm_requests: u32,
    /// Where the dice begin.
    pub seed: u64,
}

impl Default for FaultPlan {
    fn default() -> Self {
        FaultPlan { shares: [0; Fault::ALL.len()], delay_max: Duration::from_millis(50), storm_requests: 5, seed: 1 }
    }
}

impl FaultPlan {
    /// The plan with a fault that strikes in so many of a million cases.
    #[must_use]
    pub fn with(mut self, fault: Fault, per_million: u32) -> Self {
        self.shares[fault as usize] = u64::from(per_million.min(1_000_000)) * (ONE.unsigned_abs() / 1_000_000);
        self
    }

    /// Whether nothing ever strikes.
    pub fn is_empty(&self) -> bool {
        self.shares.iter().all(|share| *share == 0)
    }
}

/// Why a text is not a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("faults: `{part}`: expected {expected}, like drop=0.01,lost-ack=0.02,seed=7")]
pub struct FaultPlanError {
    /// The part that was not understood.
    part: String,
    /// What should stand there.
    expected: String,
}

impl FromStr for FaultPlan {
    type Err = FaultPlanError;

    fn from_str(text: &str) -> Result<Self, FaultPlanError> {
        let mut plan = FaultPlan::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let wrong = |expected: String| FaultPlanError { part: part.chars().take(60).collect(), expected };
            let (name, value) = part.split_once('=').ok_or_else(|| wrong("name=value".into()))?;
            let (name, value) = (name.trim(), value.trim());
            let number = || value.parse::<u64>().map_err(|_| wrong("a whole number".into()));
            match name {
                "seed" => plan.seed = number()?,
                "delay-ms" => plan.delay_max = Duration::from_millis(number()?.min(600_000)),
                "storm-requests" => plan.storm_requests = u32::try_from(number()?).unwrap_or(u32::MAX),
                _ => {
                    let names = || Fault::ALL.map(Fault::name).join(", ");
                    let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name);
                    let fault = fault.ok_or_else(|| wrong(format!("one of {}, delay-ms, storm-requests, seed", names())))?;
                    let share = value.parse::<Rate>().ok().map(Rate::raw).filter(|raw| (0..=ONE).contains(raw));
                    plan.shares[fault as usize] = share.ok_or_else(|| wrong("a share from 0 to 1".into()))?.unsigned_abs();
                }
            }
        }
        Ok(plan)
    }
}

impl fmt::Display for FaultPlan {
    /// As it would be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in Fault::ALL.into_iter().filter(|fault| self.shares[*fault as usize] > 0) {
            let share = Rate::from_raw(i64::try_from(self.shares[fault as usize]).unwrap_or(ONE));
            write!(f, "{}={share},", fault.name())?;
        }
        write!(f, "delay-ms={},storm-requests={},seed={}", self.delay_max.as_millis(), self.storm_requests, self.seed)
    }
}

/// The dice of a plan. The same plan strikes at the same questions.
#[derive(Clone, Debug)]
pub struct Faults {
    plan: FaultPlan,
    random: SplitMix64,
    injected: [u64; Fault::ALL.len()],
    storm_left: u32,
    scripted: VecDeque<OrderFault>,
}

impl Faults {
    /// Dice at the plan's seed.
    pub fn new(plan: FaultPlan) -> Self {
        let injected = [0; Fault::ALL.len()];
        Faults { random: SplitMix64::new(plan.seed), plan, injected, storm_left: 0, scripted: VecDeque::new() }
    }

    /// Lets the next request about an order go wrong; more than one are taken in turn.
    pub fn fail_next(&mut self, fault: OrderFault) {
        self.scripted.push_back(fault);
    }

    /// What goes wrong with this request about an order, if anything: the script first, then the dice.
    pub fn of_order(&mut self) -> Option<OrderFault> {
        if let Some(scripted) = self.scripted.pop_front() {
            return Some(scripted);
        }
        if self.strikes(Fault::Storm) {
            return Some(OrderFault::TooMany);
        }
        // Half of them silently, half of them with a word that says nothing.
        let half = [OrderFault::LostAnswer, OrderFault::UnknownStatus];
        self.strikes(Fault::LostAck).then(|| half[usize::from(self.random.below(2) == 1)])
    }

    /// Whether a fault strikes this time; counted if it does. A storm goes on for as many requests as the plan says.
    pub fn strikes(&mut self, fault: Fault) -> bool {
        let share = self.plan.shares[fault as usize];
        let goes_on = fault == Fault::Storm && self.storm_left > 0;
        let struck = goes_on || (share > 0 && self.random.below(ONE.unsigned_abs()) < share);
        if goes_on {
            self.storm_left -= 1;
        } else if struck && fault == Fault::Storm {
            self.storm_left = self.plan.storm_requests;
        }
        self.injected[fault as usize] += u64::from(struck);
        struck
    }

    /// How long a delay is, up to the plan's longest.
    pub fn delay(&mut self) -> Duration {
        let most = u64::try_from(self.plan.delay_max.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.random.below(most.saturating_add(1)))
    }

    /// Text that is no frame: no JSON, JSON cut off, or JSON of another shape.
    pub fn garbage(&mut self) -> String {
        let number = self.random.next_u64();
        match self.random.below(4) {
            0 => format!("\u{fffd}{number:x}"),
            1 => format!("{{\"trnm\":\"REAL\",\"data\":[{{\"type\":\"0B\",\"values\":{{\"10\":\"{number}"),
            2 => format!("[{number}]"),
            _ => format!("{{\"x{number:x}\":[[[]]]}}"),
        }
    }

    /// How often a fault struck.
    pub fn count(&self, fault: Fault) -> u64 {
        self.injected[fault as usize]
    }

    /// Every fault by name and how often it struck.
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        Fault::ALL.into_iter().map(|fault| (fault.name(), self.count(fault))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_and_written() {
        let text = "drop=0.01,lost-ack=0.02,disconnect=0.001,delay-ms=30,storm-requests=2,seed=7";
        let plan: FaultPlan = text.parse().expect("a plan");
        assert_eq!(plan.to_string(), text);
        assert!("".parse::<FaultPlan>().expect("no faults").is_empty() && !plan.is_empty());
        assert_eq!("drop=0.01".parse::<FaultPlan>(), Ok(FaultPlan::default().with(Fault::Drop, 10_000)));
        for (bad, said) in [("drop", "name=value"), ("drop=-0.1", "0 to 1"), ("fall=1", "lost-ack"), ("seed=x", "whole number")] {
            let error = bad.parse::<FaultPlan>().expect_err(bad).to_string();
            assert!(error.contains(said) && error.contains(bad), "{error}");
        }
    }

    #[test]
    fn the_same_plan_strikes_alike_and_counts() {
        let plan: FaultPlan = "drop=0.3,storm=0.05,storm-requests=3,garbage=1".parse().expect("a plan");
        let run = || {
            let mut faults = Faults::new(plan.clone());
            let struck: Vec<bool> =
                (0..500).map(|turn| faults.strikes(if turn % 2 == 0 { Fault::Drop } else { Fault::Storm })).collect();
            (struck, faults.counts(), faults.garbage())
        };
        assert_eq!(run(), run());
        let (struck, counts, _) = run();
        assert_eq!(counts.iter().map(|row| row.1).sum::<u64>(), struck.iter().filter(|struck| **struck).count() as u64);
        // A storm is at least four refusals in a row.
        let storms: Vec<bool> = struck.iter().skip(1).step_by(2).copied().collect();
        let first = storms.iter().position(|struck| *struck).expect("a storm");
        assert!(storms[first..].iter().take(4).all(|struck| *struck));
        let mut never = Faults::new(FaultPlan::default());
        assert!(!Fault::ALL.into_iter().any(|fault| never.strikes(fault)));
    }
}
