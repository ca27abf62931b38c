//! Venues played in this process: [`Emulators`]. A session against them needs neither network nor keys.

use std::net::SocketAddr;

use tokio::runtime::Runtime;

use super::config::LiveConfig;
use super::error::LiveError;
use crate::account::Position;
use crate::config::VenueConfig;
use crate::kernel::Kernel;
use crate::market::number::ONE;
use crate::market::{Money, Price, Venue};
use crate::venue::Now;
use crate::venue::binance::emulator as binance;
use crate::venue::gateway::Emulated;
use crate::venue::kiwoom::emulator as kiwoom;
use crate::venue::secret::{Credentials, Secret};
use crate::venue::upbit::emulator as upbit;

/// Where made-up markets at Upbit begin, in KRW: what Binance's begin at (60,000 and 3,000 USDT) at 1,400 KRW a dollar, and a
/// premium of about 1 %.
const STARTS: [(&str, i64); 4] = [("KRW-BTC", 84_800_000), ("KRW-ETH", 4_240_000), ("KRW-XRP", 3_121), ("KRW-USDT", 1_400)];
/// Coins of markets to rank.
const COINS: [&str; 8] = ["BTC", "ETH", "XRP", "SOL", "DOGE", "ADA", "TRX", "AVAX"];
/// What made-up markets are made from.
const SEED: u64 = 1;

/// The emulators of a session.
#[derive(Debug)]
pub struct Emulators {
    binance: Option<binance::Emulator>,
    upbit: Option<upbit::Emulator>,
}

impl Emulators {
    /// Starts what the settings ask for, on `runtime`. Accounts go on where the journal ends: with the cash and the holdings of its
    /// `kernel`. Orders that were open then are not there any more.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start(config: &LiveConfig, kernel: &Kernel, runtime: &Runtime, now: &Now) -> Result<Self, LiveError> {
        let failed = |error: &dyn std::fmt::Display| LiveError::Emulator { reason: error.to_string() };
        let asked = |kind: Venue| config.venues.iter().find(|venue| venue.kind == kind && venue.emulate);
        let mut markets = config.emulate.clone().unwrap_or_default();
        for (venue, kind) in [(Venue::BinanceSpot, binance::MarketKind::Spot), (Venue::BinanceUsdM, binance::MarketKind::UsdM)] {
            if let Some(venue) = asked(venue) {
                let source = binance::Source::Synthetic { symbols: symbols(venue), seed: SEED };
                markets.markets.push(binance::MarketSource { kind, source, bind: None });
                if markets.accounts.is_empty() {
                    markets.accounts = vec![binance::AccountConfig::new(binance::AccountConfig::demo_keys())];
                }
                let funds = funds(kernel, venue.kind);
                markets.accounts.iter_mut().for_each(|account| account.resumed.extend(funds.clone().map(|funds| (kind, funds))));
            }
        }
        let binance = if markets.markets.is_empty() {
            None
        } else {
            Some(runtime.block_on(binance::Emulator::start(markets)).map_err(|error| failed(&error))?)
        };
        let upbit = match asked(Venue::Upbit) {
            Some(venue) => {
                let source = upbit::Source::Synthetic { symbols: symbols(venue), seed: SEED };
                let mut market = upbit::EmulatorConfig::new(source, Now::clone(now));
                if let Some(funds) = funds(kernel, Venue::Upbit) {
                    let rows = funds.total.into_iter().filter(|row| row.1.is_positive());
                    market.balances = rows.map(|(currency, amount)| (currency, amount.to_string())).collect();
                }
                market.starts = STARTS.map(|(code, won)| (code.to_owned(), Price::from_raw(won * ONE))).into();
                Some(runtime.block_on(upbit::Emulator::start(market)).map_err(|error| failed(&error))?)
            }
            None => None,
        };
        Ok(Emulators { binance, upbit })
    }

    /// The Binance one.
    pub fn binance(&self) -> Option<&binance::Emulator> {
        self.binance.as_ref()
    }

    /// How a venue is played, if it is.
    pub fn of(&self, venue: Venue) -> Option<Emulated> {
        let kind = match venue {
            Venue::BinanceSpot => binance::MarketKind::Spot,
            Venue::BinanceUsdM => binance::MarketKind::UsdM,
            Venue::Upbit => return Some(Emulated { address: self.upbit.as_ref()?.address(), streams: Vec::new() }),
            // A room of its own: the session lives in its time.
            Venue::Kiwoom => return None,
        };
        let emulator = self.binance.as_ref()?;
        Some(Emulated { address: emulator.address_of(kind)?, streams: emulator.streams_of(kind) })
    }

    /// Where a venue is played, if it is.
    pub fn address(&self, venue: Venue) -> Option<SocketAddr> {
        Some(self.of(venue)?.address)
    }

    /// Whether tapes have been played to the end, with this many frames. A made-up market has no end.
    pub fn played_out(&self) -> Option<u64> {
        let stats = self.binance.as_ref().filter(|_| self.upbit.is_none())?.stats();
        stats.finished.then_some(stats.frames_sent)
    }

    /// How many frames were sent; known of Binance's alone.
    pub fn frames_sent(&self) -> Option<u64> {
        Some(self.binance.as_ref().filter(|_| self.upbit.is_none())?.stats().frames_sent)
    }

    /// Ends them.
    pub fn stop(self, runtime: &Runtime) {
        if let Some(emulator) = self.binance {
            let _ = runtime.block_on(emulator.stop());
        }
        if let Some(emulator) = self.upbit {
            let _ = runtime.block_on(emulator.stop());
        }
    }
}

/// What an account at a venue has by the books of a journal: coins, and for perpetuals positions. `None` where nothing was ever booked.
fn funds(kernel: &Kernel, venue: Venue) -> Option<binance::Funds> {
    let mut funds = binance::Funds::default();
    for row in kernel.portfolio().cash_rows().iter().filter(|row| row.venue == venue) {
        funds.total.insert(row.currency.as_str().to_owned(), row.cash.total);
    }
    if funds.total.is_empty() {
        return None;
    }
    for instrument in kernel.instruments().filter(|instrument| instrument.venue == venue) {
        let Position { qty, cost, .. } = kernel.portfolio().position(instrument.id);
        if qty.is_zero() {
            continue;
        }
        if instrument.kind.can_short() {
            funds.positions.insert(instrument.symbol.clone(), Position { qty, cost, ..Position::default() });
        } else {
            funds.total.insert(instrument.base.as_str().to_owned(), Money::from_raw(qty.raw()));
        }
    }
    Some(funds)
}

/// What an emulator plays: what is watched by name, and where a ranking is asked for, something to rank.
fn symbols(venue: &VenueConfig) -> Vec<String> {
    let mut symbols: Vec<String> = venue.symbols.iter().map(|symbol| symbol.to_ascii_uppercase()).collect();
    let more = COINS.iter().filter(|_| venue.top.is_some()).map(|coin| match venue.kind {
        Venue::Upbit => format!("KRW-{coin}"),
        Venue::Kiwoom | Venue::BinanceSpot | Venue::BinanceUsdM => format!("{coin}USDT"),
    });
    symbols.extend(more);
    symbols.sort();
    symbols.dedup();
    symbols
}

/// The keys of a venue's emulator: they open it and nothing else. `None` where there is none.
pub fn keys(venue: Venue) -> Option<Credentials> {
    match venue {
        Venue::BinanceSpot | Venue::BinanceUsdM => Some(binance::AccountConfig::demo_keys()),
        Venue::Upbit => {
            let config = (upbit::EmulatorConfig::KEY, upbit::EmulatorConfig::SECRET);
            Some(Credentials { key: Secret::new(config.0), secret: Secret::new(config.1) })
        }
        Venue::Kiwoom => {
            let kiwoom::KiwoomEmulatorConfig { app_key, secret_key, .. } = kiwoom::KiwoomEmulatorConfig::default();
            Some(Credentials { key: Secret::new(app_key), secret: Secret::new(secret_key) })
        }
    }
}
