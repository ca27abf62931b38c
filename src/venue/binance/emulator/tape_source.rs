//! A tape as a source of market frames.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::MarketKind;
use super::error::EmulatorError;
use super::frame::{Item, MarketFrame, SnapshotItem, split_combined};
use crate::data::tape::{TapeError, TapeReader};

/// Plays a tape in combined-stream form from its beginning to its end.
#[derive(Debug)]
pub(super) struct TapeSource {
    reader: TapeReader,
    path: PathBuf,
    /// The names of streams seen, so that frames share them.
    names: BTreeMap<String, Arc<str>>,
    expects_client: bool,
}

/// What the beginning of a tape says about all of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct TapeSummary {
    pub(super) first_ns: Option<i64>,
    pub(super) streams: BTreeSet<String>,
    /// In upper case.
    pub(super) symbols: BTreeSet<String>,
}

impl TapeSource {
    /// Opens a tape. `expects_client`: whether playing should wait at a snapshot for a client to ask for it.
    pub(super) fn open(path: &Path, expects_client: bool) -> Result<Self, TapeError> {
        Ok(Self { reader: TapeReader::open(path)?, path: path.to_owned(), names: BTreeMap::new(), expects_client })
    }

    /// The next frame or snapshot, or `None` at the end of the tape.
    pub(super) fn next(&mut self) -> Result<Option<Item>, EmulatorError> {
        let Some(frame) = self.reader.next_frame()? else {
            return Ok(None);
        };
        let at_ns = frame.recv_ns;
        let text = frame.text;
        if let Some((stream, data_at)) = split_combined(text) {
            let stream = match self.names.get(stream) {
                Some(name) => name.clone(),
                None => self.names.entry(stream.to_owned()).or_insert(stream.into()).clone(),
            };
            return Ok(Some(Item::Frame(MarketFrame { at_ns, stream, text: text.to_owned(), data_at })));
        }
        if text.starts_with(SNAPSHOT_HEAD) {
            let text = text.to_owned();
            return Ok(Some(Item::Snapshot(SnapshotItem { at_ns, symbol: None, text, hold: self.expects_client })));
        }
        Err(EmulatorError::Frame { path: self.path.clone(), line: frame.line, seen: text.chars().take(SEEN_CHARS).collect() })
    }

    /// Looks at the beginning of a tape.
    pub(super) fn summary(path: &Path) -> Result<TapeSummary, EmulatorError> {
        let mut source = Self::open(path, false)?;
        let mut summary = TapeSummary::default();
        for _ in 0..SUMMARY_FRAMES {
            let Some(item) = source.next()? else {
                break;
            };
            summary.first_ns.get_or_insert(item.at_ns());
            if let Item::Frame(frame) = item {
                summary.streams.insert(frame.stream.to_string());
                if let Some((symbol, _)) = frame.stream.split_once('@') {
                    summary.symbols.insert(symbol.to_uppercase());
                }
            }
        }
        Ok(summary)
    }
}

/// Which market a tape was recorded from, told by the fields of its first frames; `None` when none of them tells.
///
/// # Errors
/// When the tape cannot be read, or a line of its beginning is no frame.
pub fn kind_of_tape(path: &Path) -> Result<Option<MarketKind>, EmulatorError> {
    let mut source = TapeSource::open(path, false)?;
    for _ in 0..SUMMARY_FRAMES {
        let told = match source.next()? {
            None => break,
            Some(Item::Frame(frame)) => kind_of_frame(frame.data()),
            Some(Item::Snapshot(_)) => None,
        };
        if told.is_some() {
            return Ok(told);
        }
    }
    Ok(None)
}

/// USDⓈ-M has `pu` in diffs, `X` in trades and `e` in quotes; spot has none of them, and `M` in trades.
fn kind_of_frame(data: &str) -> Option<MarketKind> {
    let has = |text: &str| data.contains(text);
    if has("\"pu\":") || has("\"X\":\"") || has("\"e\":\"bookTicker\"") {
        return Some(MarketKind::UsdM);
    }
    let spot = has("\"e\":\"depthUpdate\"") || has("\"M\":") || data.starts_with("{\"u\":");
    spot.then_some(MarketKind::Spot)
}

const SNAPSHOT_HEAD: &str = "{\"lastUpdateId\":";
/// A few seconds of any market: every stream that is alive shows in them.
const SUMMARY_FRAMES: u32 = 2_000;
const SEEN_CHARS: usize = 80;
