//! An emulator at work, as the command line shows it: a line when something moved, and an end when nothing is left to do.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::cli::progress::Progress;

/// How often it looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// How far an emulator is.
pub(super) struct Far {
    /// Whether nothing is left to do.
    pub(super) over: bool,
    /// The line; said when it is another than before.
    pub(super) line: String,
}

/// Says how far it is each second; ends when there is nothing left to do, if that is asked for.
pub(super) async fn watch(exit_when_done: bool, look: impl Fn() -> Far) {
    let mut ticks = interval(LOOK_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut progress = Progress::new("emulate");
    let mut said = String::new();
    loop {
        ticks.tick().await;
        let Far { over, line } = look();
        if line != said && progress.line(|| line.clone()) {
            said = line;
        }
        if exit_when_done && over {
            return;
        }
    }
}
