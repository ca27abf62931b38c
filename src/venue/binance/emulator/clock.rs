//! The emulator's only clock of the wall.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix nanoseconds; 0 if the host's clock stands before 1970.
pub(super) fn wall_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Unix milliseconds.
pub(super) fn wall_ms() -> i64 {
    wall_ns() / 1_000_000
}
