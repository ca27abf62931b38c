//! A deterministic state machine: [`Machine`].

use jangbu_journal::{Nanos, Record, Stamp};

use crate::digest::{Canonical, Parts};
use crate::effects::Effects;

/// A state machine that events drive and that answers with effects.
///
/// The next state and the effects are a function of the state, the stamp and the event, and of nothing else: no clock, no
/// random number, no I/O, no thread, no address, no hash order. That is the whole reason why a journal replays.
pub trait Machine: Sized {
    /// The input.
    type Event: Record;
    /// The output. Canonical, so that it can be digested and compared.
    type Effect: Canonical;

    /// Applies one event. Total: what a venue or a user got wrong is state and an effect, not an error; what we got wrong is an
    /// `assert`, and the event is already in the journal, so that every panic is a reproducible test.
    fn apply(&mut self, stamp: &Stamp, event: &Self::Event, effects: &mut Effects<Self::Effect>);

    /// The earliest moment the machine wants to be woken at. The world turns it into an event.
    fn wake_at(&self) -> Option<Nanos>;

    /// Digests of the state, part by part, so that a mismatch names the part.
    fn digest(&self, parts: &mut Parts);

    /// Appends the encoded state to `out`. Canonical: equal states give equal bytes.
    fn save(&self, out: &mut Vec<u8>);

    /// The inverse of `save`.
    ///
    /// # Errors
    /// When the bytes are not a saved state of a version this build knows.
    fn load(bytes: &[u8]) -> Result<Self, LoadError>;
}

/// Why bytes are not a saved state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the saved state does not load: {reason}")]
pub struct LoadError {
    /// What is wrong with it.
    pub reason: String,
}

impl From<jangbu_journal::DecodeError> for LoadError {
    fn from(error: jangbu_journal::DecodeError) -> Self {
        LoadError { reason: error.to_string() }
    }
}
