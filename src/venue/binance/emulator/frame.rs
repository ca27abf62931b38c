//! Frames on their way from a source to the connections, and the names of streams.

use std::sync::Arc;

/// What a source yields next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// A frame for the subscribers of its stream.
    Frame(MarketFrame),
    /// A depth snapshot: never sent, it seeds the emulator's own book.
    Snapshot(SnapshotItem),
}

impl Item {
    /// When it happened, in nanoseconds of the source's clock.
    pub(super) fn at_ns(&self) -> i64 {
        match self {
            Self::Frame(frame) => frame.at_ns,
            Self::Snapshot(snapshot) => snapshot.at_ns,
        }
    }
}

/// A frame in combined form, and the bounds of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MarketFrame {
    pub(super) at_ns: i64,
    /// The stream's name as in the frame.
    pub(super) stream: Arc<str>,
    /// The whole frame, `{"stream":…,"data":…}`.
    pub(super) text: String,
    /// Where `data` begins in it; it ends one byte before the end.
    pub(super) data_at: usize,
}

impl MarketFrame {
    /// The frame's data alone, as the raw streams send it.
    pub(super) fn data(&self) -> &str {
        &self.text[self.data_at..self.text.len() - 1]
    }
}

/// A depth snapshot of a tape or of a synthetic market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SnapshotItem {
    pub(super) at_ns: i64,
    /// The symbol in upper case, if the source knows it; a tape's snapshot does not say.
    pub(super) symbol: Option<Arc<str>>,
    /// The REST answer as it was.
    pub(super) text: String,
    /// Whether the tape should wait here for a client that asks for it.
    pub(super) hold: bool,
}

/// The combined form of a stream's data.
pub(super) fn combined(stream: &str, data: &str) -> String {
    let mut text = String::with_capacity(stream.len() + data.len() + 22);
    text.push_str(COMBINED_HEAD);
    text.push_str(stream);
    text.push_str(COMBINED_MIDDLE);
    text.push_str(data);
    text.push('}');
    text
}

/// Splits a combined frame: the stream's name and where its data begin. `None` when it is not one.
pub(super) fn split_combined(text: &str) -> Option<(&str, usize)> {
    let rest = text.strip_prefix(COMBINED_HEAD)?;
    let (stream, _) = rest.split_once('"')?;
    let data_at = COMBINED_HEAD.len() + stream.len() + COMBINED_MIDDLE.len();
    let data = rest.strip_prefix(stream)?.strip_prefix(COMBINED_MIDDLE)?;
    (!stream.is_empty() && data.len() >= 2 && data.ends_with('}')).then_some((stream, data_at))
}

/// The name under which a stream is looked up: all speeds of a symbol's depth diffs are one stream here.
///
/// A tape holds one speed of it; a client that asks for another gets that one under the name it asked for.
pub(super) fn canonical(stream: &str) -> &str {
    match stream.split_once('@') {
        Some((symbol, "depth" | "depth@0ms" | "depth@100ms" | "depth@250ms" | "depth@500ms" | "depth@1000ms")) => {
            &stream[..symbol.len() + DEPTH_SUFFIX.len()]
        }
        Some(_) | None => stream,
    }
}

/// The part of a stream's name behind the symbol and the first `@`, without its speed: `depth`, `trade`, `bookTicker`.
pub(super) fn stream_kind(stream: &str) -> &str {
    stream.split('@').nth(1).unwrap_or(stream)
}

/// Whether it is a symbol's depth diffs, at any speed.
pub(super) fn is_depth(stream: &str) -> bool {
    canonical(stream).ends_with(DEPTH_SUFFIX)
}

const COMBINED_HEAD: &str = "{\"stream\":\"";
const COMBINED_MIDDLE: &str = "\",\"data\":";
const DEPTH_SUFFIX: &str = "@depth";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_what_it_combines() {
        let text = combined("btcusdt@trade", "{\"p\":\"1\"}");
        assert_eq!(text, "{\"stream\":\"btcusdt@trade\",\"data\":{\"p\":\"1\"}}");
        let (stream, data_at) = split_combined(&text).expect("a combined frame");
        assert_eq!((stream, &text[data_at..text.len() - 1]), ("btcusdt@trade", "{\"p\":\"1\"}"));
    }

    #[test]
    fn refuses_what_is_not_combined() {
        for text in
            ["", "{}", "{\"stream\":\"", "{\"stream\":\"a\"}", "{\"stream\":\"a\",\"data\":}", "{\"stream\":\"\",\"data\":{}}"]
        {
            assert_eq!(split_combined(text), None, "{text}");
        }
    }

    #[test]
    fn all_speeds_of_depth_are_one_stream_and_partial_books_are_not() {
        assert_eq!(canonical("btcusdt@depth@0ms"), "btcusdt@depth");
        assert_eq!(canonical("btcusdt@depth"), "btcusdt@depth");
        assert_eq!(canonical("btcusdt@depth20@100ms"), "btcusdt@depth20@100ms");
        assert_eq!(canonical("btcusdt@trade"), "btcusdt@trade");
        assert!(is_depth("x@depth@100ms") && !is_depth("x@depth5"));
        assert_eq!(stream_kind("btcusdt@depth@0ms"), "depth");
    }
}
