//! How long everything took, by stage and venue: [`Latencies`].
//!
//! ```text
//! venue ──→ received ──→ applied ──→ durable ──→ sent ──→ acknowledged
//! ```
//!
//! Measured outside the kernel, kept as histograms of three significant digits, saved beside the journal as an HDR V2 interval
//! log. The venue's clock is not ours: a negative difference is recorded as skew, never as a huge latency.

use std::fmt::{self, Write as _};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, IntervalLogWriterBuilder, LogEntry, Tag};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializer};
use jangbu_journal::Nanos;
use serde::Serialize;

use crate::market::Venue;

/// The longest latency kept apart: an hour. Longer ones count as an hour.
const LATENCY_NS_MAX: u64 = 3_600_000_000_000;

/// A way an event or an effect goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// From the venue's time to ours. Only where the venue's clock is behind ours.
    VenueToReceived,
    /// How far the venue's clock was ahead of ours when we received what it sent.
    ClockSkew,
    /// From the socket through the queue into the kernel, effects decided.
    ReceivedToApplied,
    /// Until the journal had it.
    AppliedToDurable,
    /// Until the effect left.
    DurableToSent,
    /// Until the venue (or the simulator) answered.
    SentToAcknowledged,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; 6] = [
        Stage::VenueToReceived,
        Stage::ClockSkew,
        Stage::ReceivedToApplied,
        Stage::AppliedToDurable,
        Stage::DurableToSent,
        Stage::SentToAcknowledged,
    ];

    /// Its name in the log and in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::VenueToReceived => "venue-to-received",
            Stage::ClockSkew => "clock-skew",
            Stage::ReceivedToApplied => "received-to-applied",
            Stage::AppliedToDurable => "applied-to-durable",
            Stage::DurableToSent => "durable-to-sent",
            Stage::SentToAcknowledged => "sent-to-acknowledged",
        }
    }

    /// Its name for a person.
    pub const fn label(self, language: Language) -> &'static str {
        match (self, language) {
            (Stage::VenueToReceived, Language::English) => "venue → received",
            (Stage::ClockSkew, Language::English) => "venue clock ahead by",
            (Stage::ReceivedToApplied, Language::English) => "received → applied",
            (Stage::AppliedToDurable, Language::English) => "applied → durable",
            (Stage::DurableToSent, Language::English) => "durable → sent",
            (Stage::SentToAcknowledged, Language::English) => "sent → acknowledged",
            (Stage::VenueToReceived, Language::Korean) => "거래소 → 수신",
            (Stage::ClockSkew, Language::Korean) => "거래소 시계 앞섬",
            (Stage::ReceivedToApplied, Language::Korean) => "수신 → 적용",
            (Stage::AppliedToDurable, Language::Korean) => "적용 → 기록",
            (Stage::DurableToSent, Language::Korean) => "기록 → 전송",
            (Stage::SentToAcknowledged, Language::Korean) => "전송 → 응답",
        }
    }
}

/// What a table is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// 한국어.
    Korean,
}

/// One histogram in numbers, nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LatencyRow {
    /// At which venue.
    pub venue: &'static str,
    /// Between what.
    pub stage: Stage,
    /// How many were measured.
    pub count: u64,
    /// Half were no slower.
    pub p50_ns: u64,
    /// 99 in 100 were no slower.
    pub p99_ns: u64,
    /// 999 in 1000 were no slower.
    pub p999_ns: u64,
    /// The slowest.
    pub max_ns: u64,
}

/// Why latencies could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum LatencyError {
    /// The file system said no.
    #[error("latency log {path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// The file is not an HDR V2 interval log of ours.
    #[error("latency log {path}: {problem} (expected an HDR V2 interval log written by `jangbu live`)")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Histograms of every stage and venue.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    histograms: [[Option<Box<Histogram<u64>>>; Stage::ALL.len()]; Venue::ALL.len()],
}

impl Latencies {
    /// Adds one measurement of `nanos`; below 0 counts as 0.
    #[inline]
    pub fn record(&mut self, venue: Venue, stage: Stage, nanos: i64) {
        let nanos = u64::try_from(nanos).unwrap_or(0);
        self.histogram(venue, stage).saturating_record(nanos);
    }

    /// Adds the way from the venue to us: a latency, or a skew when the venue's time is after ours.
    #[inline]
    pub fn record_received(&mut self, venue: Venue, venue_time: Nanos, received: Nanos) {
        let nanos = received.since(venue_time);
        let stage = if nanos < 0 { Stage::ClockSkew } else { Stage::VenueToReceived };
        self.record(venue, stage, nanos.saturating_abs());
    }

    fn histogram(&mut self, venue: Venue, stage: Stage) -> &mut Histogram<u64> {
        let slot = &mut self.histograms[venue_index(venue)][stage as usize];
        slot.get_or_insert_with(|| Box::new(empty_histogram()))
    }

    fn iter(&self) -> impl Iterator<Item = (Venue, Stage, &Histogram<u64>)> {
        let venues = Venue::ALL.into_iter().zip(&self.histograms);
        venues.flat_map(|(venue, stages)| {
            let stages = Stage::ALL.into_iter().zip(stages);
            stages.filter_map(move |(stage, histogram)| Some((venue, stage, histogram.as_deref()?)))
        })
    }

    /// The numbers of every histogram that has any.
    pub fn rows(&self) -> Vec<LatencyRow> {
        self.iter().map(|(venue, stage, histogram)| row(venue, stage, histogram)).collect()
    }

    /// The histogram of one stage at one venue, if anything was measured.
    pub fn get(&self, venue: Venue, stage: Stage) -> Option<&Histogram<u64>> {
        self.histograms[venue_index(venue)][stage as usize].as_deref()
    }

    /// Writes an HDR V2 interval log, one tagged histogram (`venue/stage`) a line. `started` to `ended` is the session.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path, started: Nanos, ended: Nanos) -> Result<(), LatencyError> {
        let mut text = Vec::new();
        self.write_log(&mut text, started, ended)
            .and_then(|()| {
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::write(path, &text)
            })
            .map_err(|error| LatencyError::File { path: path.to_owned(), error })
    }

    fn write_log(&self, out: &mut Vec<u8>, started: Nanos, ended: Nanos) -> io::Result<()> {
        let start = Duration::from_nanos(u64::try_from(started.get()).unwrap_or(0));
        let span = Duration::from_nanos(u64::try_from(ended.since(started)).unwrap_or(0));
        let mut serializer = V2DeflateSerializer::new();
        let mut log = IntervalLogWriterBuilder::new()
            .add_comment("jangbu latencies, nanoseconds; Tag is venue/stage")
            .begin_log_with(out, &mut serializer)?;
        for (venue, stage, histogram) in self.iter() {
            let tag = format!("{}/{}", venue.name(), stage.name());
            log.write_histogram(histogram, start, span, Tag::new(&tag)).map_err(|error| io::Error::other(error.to_string()))?;
        }
        Ok(())
    }

    /// Reads what `save` wrote. Histograms of the same tag add up.
    ///
    /// # Errors
    /// When the file cannot be read, or is not such a log.
    pub fn load(path: &Path) -> Result<Self, LatencyError> {
        let bytes = fs::read(path).map_err(|error| LatencyError::File { path: path.to_owned(), error })?;
        Self::parse(&bytes).map_err(|problem| LatencyError::Malformed { path: path.to_owned(), problem })
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut latencies = Latencies::default();
        let mut deserializer = Deserializer::new();
        for entry in IntervalLogIterator::new(bytes) {
            let interval = match entry {
                Ok(LogEntry::Interval(interval)) => interval,
                Ok(LogEntry::StartTime(_) | LogEntry::BaseTime(_)) => continue,
                Err(error) => return Err(format!("{error:?}")),
            };
            let tag = interval.tag().map_or("", |tag| tag.as_str());
            let (venue, stage) = parse_tag(tag).ok_or_else(|| format!("`{tag}` is not a tag of the form venue/stage"))?;
            let encoded = base64::engine::general_purpose::STANDARD
                .decode(interval.encoded_histogram())
                .map_err(|error| format!("{tag}: {error}"))?;
            let histogram: Histogram<u64> =
                deserializer.deserialize(&mut encoded.as_slice()).map_err(|error| format!("{tag}: {error}"))?;
            latencies.histogram(venue, stage).add(&histogram).map_err(|error| format!("{tag}: {error}"))?;
        }
        Ok(latencies)
    }

    /// A table for a person.
    pub fn table(&self, language: Language) -> String {
        compare(&[(String::new(), self.rows())], language)
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table(Language::English))
    }
}

/// A table of several sessions, one below the other within each venue and stage. A name may be empty when there is one session.
pub fn compare(sessions: &[(String, Vec<LatencyRow>)], language: Language) -> String {
    let (venue, stage, session, count, max) = match language {
        Language::English => ("venue", "stage", "session", "count", "max"),
        Language::Korean => ("거래소", "구간", "세션", "건수", "최대"),
    };
    let named = sessions.iter().any(|(name, _)| !name.is_empty());
    let width = sessions.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(session.len());
    let mut text = String::new();
    let mut line = |venue: &str, stage: &str, session: &str, cells: [&str; 5]| {
        let session = if named { format!("{} ", pad(session, width)) } else { String::new() };
        let [count, p50, p99, p999, max] = cells.map(|cell| pad_left(cell, 9));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {} {session}{count} {p50} {p99} {p999} {max}", pad(venue, 12), pad(stage, 20));
    };
    line(venue, stage, session, [count, "p50", "p99", "p99.9", max]);
    for venue in Venue::ALL {
        for stage in Stage::ALL {
            for (name, rows) in sessions {
                let Some(row) = rows.iter().find(|row| row.venue == venue.name() && row.stage == stage) else { continue };
                let times = [row.p50_ns, row.p99_ns, row.p999_ns, row.max_ns].map(duration_text);
                let count = row.count.to_string();
                line(row.venue, stage.label(language), name, [&count, &times[0], &times[1], &times[2], &times[3]]);
            }
        }
    }
    text
}

/// Nanoseconds with a unit that suits them: `850ns`, `12.4µs`, `1.27s`.
pub fn duration_text(nanos: u64) -> String {
    let (value, unit) = match nanos {
        0..1_000 => return format!("{nanos}ns"),
        1_000..1_000_000 => (nanos as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.decimals$}{unit}")
}

fn row(venue: Venue, stage: Stage, histogram: &Histogram<u64>) -> LatencyRow {
    LatencyRow {
        venue: venue.name(),
        stage,
        count: histogram.len(),
        p50_ns: histogram.value_at_quantile(0.5),
        p99_ns: histogram.value_at_quantile(0.99),
        p999_ns: histogram.value_at_quantile(0.999),
        max_ns: histogram.max(),
    }
}

fn parse_tag(tag: &str) -> Option<(Venue, Stage)> {
    let (venue, stage) = tag.split_once('/')?;
    Some((venue.parse().ok()?, Stage::ALL.into_iter().find(|known| known.name() == stage)?))
}

fn venue_index(venue: Venue) -> usize {
    Venue::ALL.iter().position(|known| *known == venue).expect("ALL has every venue")
}

fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3).expect("1 ns to 1 h with 3 digits are legal bounds")
}

/// Columns a terminal gives a text: Hangul takes two.
fn columns(text: &str) -> usize {
    text.chars()
        .map(|c| if matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3000}'..='\u{d7ff}' | '\u{ff00}'..='\u{ff60}') { 2 } else { 1 })
        .sum()
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

fn pad_left(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Latencies {
        let mut latencies = Latencies::default();
        let received = Nanos::new(1_000_000_000_000);
        // The real tape: the venue's clock is 1.27 s ahead.
        latencies.record_received(Venue::BinanceUsdM, received.plus(1_270_000_000), received);
        latencies.record_received(Venue::BinanceUsdM, received.plus(-3_000_000), received);
        for nanos in [900, 12_400, 12_500] {
            latencies.record(Venue::BinanceUsdM, Stage::ReceivedToApplied, nanos);
        }
        latencies.record(Venue::BinanceSpot, Stage::SentToAcknowledged, -5);
        latencies
    }

    #[test]
    fn a_clock_that_runs_ahead_is_skew() {
        let latencies = some();
        let rows = latencies.rows();
        let find = |stage| rows.iter().find(|row| row.venue == "binance-usdm" && row.stage == stage).expect("measured");
        assert_eq!(find(Stage::VenueToReceived).count, 1);
        assert!(find(Stage::VenueToReceived).max_ns < 3_010_000);
        assert_eq!(find(Stage::ClockSkew).count, 1);
        assert!(find(Stage::ClockSkew).p50_ns.abs_diff(1_270_000_000) < 2_000_000);
    }

    #[test]
    fn a_saved_log_reads_back() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("sessions/1.hlog");
        let latencies = some();
        latencies.save(&path, Nanos::new(1), Nanos::new(2_000_000_000)).expect("written");
        assert_eq!(Latencies::load(&path).expect("read").rows(), latencies.rows());
        fs::write(&path, "Tag=nowhere/never,0.1,1.0,2.0,AAAA\n").expect("written");
        let error = Latencies::load(&path).expect_err("not ours").to_string();
        assert!(error.contains("`nowhere/never` is not a tag"), "{error}");
    }

    #[test]
    fn tables_line_up() {
        let latencies = some();
        let table = latencies.table(Language::Korean);
        let widths: Vec<usize> = table.lines().map(columns).collect();
        assert_eq!(table.lines().count(), 5);
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
        let both = compare(&[("1".into(), latencies.rows()), ("2".into(), latencies.rows())], Language::English);
        assert_eq!(both.lines().count(), 9);
    }

    #[test]
    fn durations_have_three_digits() {
        let check = |nanos, text: &str| assert_eq!(duration_text(nanos), text);
        check(0, "0ns");
        check(999, "999ns");
        check(12_400, "12.4µs");
        check(999_999, "1000µs");
        check(1_270_000_000, "1.27s");
    }
}
