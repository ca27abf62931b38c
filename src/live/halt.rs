//! Runs the one loop on its own thread, and keeps the journal whatever becomes of it: [`live`].

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jangbu_journal::{Checkpoint, JournalError, Nanos, Seq};
use jangbu_replay::{DriveError, drive};

use super::journaling::Journaling;
use super::status::{Status, status};
use super::world::{Ended, LiveWorld};
use crate::kernel::Kernel;

/// Everything the kernel's thread owns.
pub struct Life {
    /// The kernel.
    pub kernel: Kernel,
    /// Where it lives.
    pub world: LiveWorld,
    /// Its journal.
    pub recorder: Journaling<Kernel>,
    /// Where it begins.
    pub start: (Seq, Nanos),
}

/// How a life ended.
pub struct Death {
    /// The last event in the journal.
    pub last: Seq,
    /// The last event applied, and its time.
    pub applied: Seq,
    /// Why it ended early.
    pub halt: Option<String>,
    /// What the world leaves behind.
    pub ended: Ended,
    /// State and effects at the end; none when the kernel cannot be trusted any more.
    pub checkpoint: Option<Checkpoint>,
    /// For people.
    pub status: Status,
}

/// Drives the kernel until its world stops, then closes the journal.
///
/// Whatever happens, everything appended is made durable if the disk allows it. A kernel that panicked is not asked for anything
/// any more: the journal has the event it panicked at.
pub fn live(mut life: Life) -> Death {
    let Life { kernel, world, recorder, start, .. } = &mut life;
    let run = catch_unwind(AssertUnwindSafe(|| drive(kernel, world, recorder, *start)));
    let mut halt = match run {
        Ok(Ok(_)) => None,
        Ok(Err(DriveError::World(error))) => Some(error.to_string()),
        Ok(Err(DriveError::Recorder(error))) => Some(error.to_string()),
        Err(panic) => Some(format!("the kernel panicked: {}", words(panic.as_ref()))),
    };
    let panicked = halt.as_ref().is_some_and(|halt| halt.starts_with("the kernel panicked"));
    let mut checkpoint = None;
    if panicked {
        note(&mut halt, recorder.sync());
    } else {
        match recorder.finish(kernel) {
            Ok(finished) => checkpoint = Some(finished),
            Err(error) => note(&mut halt, Err(error)),
        }
    }
    let (last, applied) = (recorder.appended(), recorder.applied_to());
    let status =
        if panicked { Status { seq: applied, ..Status::default() } } else { status(kernel, kernel.stamp(), recorder.marks()) };
    let clean = halt.is_none();
    note(&mut halt, close(life.recorder, last, clean));
    Death { last, applied, halt, ended: life.world.into_ended(), checkpoint, status }
}

/// A session that did not end well keeps no end in the journal's list.
fn close(recorder: Journaling<Kernel>, last: Seq, clean: bool) -> Result<(), JournalError> {
    let mut writer = recorder.into_writer();
    if clean {
        writer.end_session(last)?;
    }
    writer.close()
}

/// The first thing that went wrong is the one to tell.
fn note<E: ToString>(halt: &mut Option<String>, result: Result<(), E>) {
    if let Err(error) = result {
        halt.get_or_insert_with(|| error.to_string());
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no words)")
}
