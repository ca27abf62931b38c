//! Signs of life on stderr for what takes longer than a second: [`Progress`].

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How far something is. Says nothing in the first second and at most one line a second after it; a terminal sees one line
/// that changes, a file or pipe plain lines.
#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    started: Instant,
    said: Instant,
    terminal: bool,
    shown: bool,
}

impl Progress {
    /// Begins now.
    pub(super) fn new(what: &'static str) -> Self {
        let started = Instant::now();
        Progress { what, started, said: started, terminal: io::stderr().is_terminal(), shown: false }
    }

    /// `done` of `total` (0 when nobody knows). Cheap: looks at the clock, and writes at most once a second.
    pub(super) fn at(&mut self, done: u64, total: u64) {
        let seconds = self.started.elapsed().as_secs_f64();
        self.line(|| {
            let share = match done.saturating_mul(100).checked_div(total) {
                Some(percent) => format!(" of {total} ({percent}%)"),
                None => String::new(),
            };
            format!("{done}{share}, {:.0}/s", done as f64 / seconds)
        });
    }

    /// Anything else to say about it. The text is made, and `true` returned, at most once a second.
    pub(super) fn line(&mut self, text: impl FnOnce() -> String) -> bool {
        if self.said.elapsed() < INTERVAL {
            return false;
        }
        self.said = Instant::now();
        self.shown = true;
        let (begin, end) = if self.terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        let _ = write!(io::stderr().lock(), "{begin}{}: {}{end}", self.what, text());
        true
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown && self.terminal {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

const INTERVAL: Duration = Duration::from_secs(1);
