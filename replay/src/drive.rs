//! THE loop. Live, paper, replay and backtest are this function with another world and another recorder.

use jangbu_journal::{Nanos, Seq};

use crate::effects::Effects;
use crate::machine::Machine;
use crate::recorder::Recorder;
use crate::world::{Batch, Flow, World};

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The last event applied; `start.previous()` when there was none.
    pub last: Seq,
    /// Its `recv`.
    pub clock: Nanos,
    /// How many events were applied.
    pub events: u64,
}

/// Which side ended a run early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriveError<W, R> {
    /// Where events come from or effects go.
    #[error(transparent)]
    World(W),
    /// Where events are kept.
    #[error(transparent)]
    Recorder(R),
}

/// Runs `machine` from `start` (and not before `clock`) until the world stops.
///
/// # Errors
/// The first error of the world or of the recorder. The machine has then applied exactly what the recorder accepted.
pub fn drive<M, W, R>(
    machine: &mut M,
    world: &mut W,
    recorder: &mut R,
    (start, clock): (Seq, Nanos),
) -> Result<Outcome, DriveError<W::Error, R::Error>>
where
    M: Machine,
    W: World<M>,
    R: Recorder<M>,
{
    let mut batch = Batch::new(start, clock);
    let mut effects = Effects::new();
    let mut events = 0;
    loop {
        batch.clear();
        let flow = world.next(machine.wake_at(), &mut batch).map_err(DriveError::World)?;
        recorder.record(&batch).map_err(DriveError::Recorder)?;
        for (stamp, event) in batch.as_slice() {
            machine.apply(stamp, event, &mut effects);
            recorder.applied(stamp, machine, &effects).map_err(DriveError::Recorder)?;
            if !effects.is_empty() {
                world.take(stamp, &mut effects).map_err(DriveError::World)?;
                effects.clear();
            }
        }
        events += batch.len() as u64;
        world.release(recorder.durable()).map_err(DriveError::World)?;
        if flow == Flow::Stop {
            return Ok(Outcome { last: batch.next_seq().previous(), clock: batch.clock(), events });
        }
    }
}
