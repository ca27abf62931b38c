//! What an emulated broker is made from: [`KiwoomEmulatorConfig`].

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::venue::faults::{FaultPlan, FaultPlanError};
use crate::venue::kiwoom::time::{Date, TimeOfDay};

/// An emulated broker, its market and its account. The default is a friendly one: no faults, real time, five stocks.
#[derive(Clone, Debug)]
pub struct KiwoomEmulatorConfig {
    /// Where it listens; port 0 takes a free one.
    pub bind: SocketAddr,
    /// What prices, books, fills and conditions are made from.
    pub seed: u64,
    /// How many virtual seconds a real one is.
    pub speed: u32,
    /// Its first day; a trading day.
    pub date: Date,
    /// The virtual time at which it starts.
    pub begin: TimeOfDay,
    /// The virtual time at which its clock stands still: 20:00, when all trading is over.
    pub end: TimeOfDay,
    /// How many trading days it goes through, one after the other.
    pub days: u32,
    /// How many stocks, 1 to 200.
    pub symbols: usize,
    /// Cash of the account, KRW.
    pub cash: i64,
    /// Shares held at the start: code, quantity, cost in all (KRW).
    pub holdings: Vec<(String, i64, i64)>,
    /// The mock environment: KRX only, its fees, and its codes of refusal.
    pub mock: bool,
    /// One request a second and two at once for each kind, as some measured; else five and five.
    pub strict: bool,
    /// Whether requests are limited at all.
    pub limited: bool,
    /// Faults on demand.
    pub faults: FaultPlan,
    /// The key that gets a token.
    pub app_key: String,
    /// Its secret.
    pub secret_key: String,
    /// The account's number, ten digits.
    pub account: String,
    /// How long a token holds, virtual seconds: 24 hours.
    pub token_life_s: u32,
    /// Real time between two PINGs; five unanswered end the connection.
    pub ping_interval: Duration,
    /// Real time within which LOGIN has to come.
    pub login_patience: Duration,
    /// Another login with the same key ends the connection that was there (R10001).
    pub evict: bool,
    /// SYSTEM and PING come before the answer to LOGIN, as the real server does at times.
    pub early_ping: bool,
    /// Lists without rows come as the refusal 20/571758.
    pub empty_as_refusal: bool,
    /// FID 911 is the quantity of this fill, not of all so far.
    pub filled_per_fill: bool,
    /// Symbols of reports are written `A005930`.
    pub prefix: bool,
    /// Dynamic volatility interruptions (동적 VI) beside the static ones.
    pub dynamic: bool,
    /// Virtual time between two public orders of a stock, milliseconds; 0 makes it fit the speed.
    pub interval_ms: u32,
    /// How wild prices are: ticks that the public's opinion moves at a time.
    pub wander_ticks: i64,
}

impl Default for KiwoomEmulatorConfig {
    fn default() -> Self {
        KiwoomEmulatorConfig {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            speed: 1,
            date: Date::of(2026, 11, 20),
            begin: TimeOfDay::of(8, 0, 0),
            end: TimeOfDay::of(20, 0, 0),
            days: 1,
            symbols: 5,
            cash: 100_000_000,
            holdings: Vec::new(),
            mock: false,
            strict: false,
            limited: true,
            faults: FaultPlan::default(),
            app_key: "emulator-app-key".into(),
            secret_key: "emulator-secret-key".into(),
            account: "1234567810".into(),
            token_life_s: 86_400,
            ping_interval: Duration::from_secs(10),
            login_patience: Duration::from_secs(10),
            evict: true,
            early_ping: false,
            empty_as_refusal: true,
            filled_per_fill: false,
            prefix: false,
            dynamic: true,
            interval_ms: 0,
            wander_ticks: 4,
        }
    }
}

impl KiwoomEmulatorConfig {
    /// An emulated broker for a session in the same process, from `name=value` pairs with commas between them: `speed` (300 when
    /// nothing is said), `seed`, `symbols`, `cash`, `date`, `begin` and `end` (`HHMMSS`), `mock=true`, `strict=true`, and the words
    /// of a [`FaultPlan`]. Requests are not limited unless it is strict: the limits are of real time, and a day is over in no time.
    ///
    /// # Errors
    /// Which part is not understood, and what was expected.
    pub fn for_session(text: &str) -> Result<Self, String> {
        let mut config = KiwoomEmulatorConfig { speed: 300, limited: false, ..KiwoomEmulatorConfig::default() };
        let mut faults = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').map_or((part, ""), |(name, value)| (name.trim(), value.trim()));
            let wrong = |expected: &str| format!("`{part}`: expected {expected}, like speed=300,symbols=5,drop=0.01");
            let time = || TimeOfDay::parse(value).ok_or_else(|| wrong("a time of day HHMMSS"));
            let yes = || value.parse::<bool>().map_err(|_| wrong("true or false"));
            match name {
                "speed" => config.speed = value.parse().map_err(|_| wrong("virtual seconds a second"))?,
                "symbols" => config.symbols = value.parse().map_err(|_| wrong("a number of stocks"))?,
                "cash" => config.cash = value.parse().map_err(|_| wrong("whole KRW"))?,
                "date" => config.date = Date::parse(value).ok_or_else(|| wrong("a day YYYYMMDD"))?,
                "begin" => config.begin = time()?,
                "end" => config.end = time()?,
                "mock" => config.mock = yes()?,
                "strict" => (config.strict, config.limited) = (yes()?, yes()?),
                "seed" => {
                    config.seed = value.parse().map_err(|_| wrong("a whole number"))?;
                    faults.push(part);
                }
                _ => faults.push(part),
            }
        }
        config.faults = faults
            .join(",")
            .parse()
            .map_err(|error: FaultPlanError| format!("{error} (or speed, symbols, cash, date, begin, end, mock, strict)"))?;
        config.problem().map_or(Ok(config), Err)
    }

    /// What cannot be, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        if !(1..=200).contains(&self.symbols) {
            return Some(format!("{} symbols (expected 1 to 200)", self.symbols));
        }
        if !(1..=100_000).contains(&self.speed) {
            return Some(format!("speed {} (expected 1 to 100,000 virtual seconds a second)", self.speed));
        }
        if !(0..=1_000_000_000_000_000).contains(&self.cash) {
            return Some(format!("{} KRW of cash (expected 0 to 10^15)", self.cash));
        }
        if self.begin >= self.end {
            return Some(format!("a day from {} to {} (expected the end after the beginning)", self.begin, self.end));
        }
        if self.app_key.is_empty() || self.secret_key.is_empty() {
            return Some("an empty key (expected any text)".into());
        }
        None
    }

    /// Virtual nanoseconds between two public orders of a stock: some twenty a real second, and none closer than half a second.
    pub(super) fn interval_ns(&self) -> i64 {
        match self.interval_ms {
            0 => (i64::from(self.speed) * 50_000_000).max(500_000_000),
            ms => i64::from(ms) * 1_000_000,
        }
    }
}

/// Why there is no emulator.
#[derive(Debug, thiserror::Error)]
pub enum KiwoomEmulatorError {
    /// A setting cannot be.
    #[error("Kiwoom emulator: {0}")]
    Config(String),
    /// The address is taken, or not ours.
    #[error("Kiwoom emulator: cannot listen at {address}: {source}. To do: choose another port, or 0 for any free one")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::faults::Fault;

    #[test]
    fn a_session_says_its_broker_in_a_line() {
        let config = KiwoomEmulatorConfig::for_session("speed=3600, symbols=3,seed=7,begin=085000,drop=0.01,mock=true");
        let config = config.expect("a broker");
        assert_eq!((config.speed, config.symbols, config.seed, config.mock, config.limited), (3_600, 3, 7, true, false));
        assert_eq!((config.begin, config.faults.seed), (TimeOfDay::of(8, 50, 0), 7));
        let mut faults = FaultPlan::default().with(Fault::Drop, 10_000);
        faults.seed = 7;
        assert_eq!(config.faults, faults);
        assert_eq!(KiwoomEmulatorConfig::for_session("").expect("the usual").speed, 300);
        for (bad, said) in
            [("speed=x", "speed=x"), ("fall=1", "lost-ack"), ("symbols=0", "1 to 200"), ("begin=9", "HHMMSS"), ("mock", "true")]
        {
            let error = KiwoomEmulatorConfig::for_session(bad).expect_err(bad);
            assert!(error.contains(said), "{bad}: {error}");
        }
    }
}
