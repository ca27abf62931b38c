//! A machine, its world, one loop.
//!
//! A [`Machine`] is driven by events and answers with effects. A [`World`] is where events come from and effects go. A
//! [`Recorder`] journals the events, checks them against a journal, or drops them. [`drive()`] is the only loop there is: live
//! trading, paper trading, replay and backtest are that function with another world and another recorder.
//!
//! This package knows nothing of trading.

pub mod machine;
pub mod effects;
pub mod world;
pub mod recorder;
pub mod drive;
pub mod digest;
pub mod marks;
pub mod history;
#[cfg(feature = "sled")]
pub mod ahead;
#[cfg(feature = "sled")]
pub mod witness;
#[cfg(feature = "sled")]
pub mod verify;
pub mod testing;

#[cfg(feature = "sled")]
pub use ahead::Ahead;
pub use digest::{Canonical, Digest, EffectsDigest, Parts};
pub use drive::{DriveError, Outcome, drive};
pub use effects::Effects;
pub use history::{Recorded, Source, Until};
pub use machine::{LoadError, Machine};
pub use marks::{Checker, Divergence, EVENTS_PER_CHECKPOINT, Marks};
pub use recorder::{Discard, Recorder};
#[cfg(feature = "sled")]
pub use verify::{Foreign, Span, Standing, Verification, VerifyError, advance, effects_at, nearest, verify, verify_before};
#[cfg(feature = "sled")]
pub use witness::Witness;
pub use world::{Batch, Flow, World};
