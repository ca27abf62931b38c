//! Tapes: recorded raw frames of a venue with receive times, one frame a line.
//!
//! A line is `recv_ns`, one space, and the frame exactly as the venue sent it. The file is plain text or gzip; which of
//! the two is read from its first bytes, never from its name. Reading trusts nothing: a line that is not a frame is an
//! error that names file and line, and reading can go on behind it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

/// The longest line accepted, in bytes: a depth snapshot of 5,000 levels a side is about 0.4 MiB, so this is ample, and
/// it bounds the memory that a damaged file can take.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// Why a tape could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TapeError {
    /// The file could not be opened, read or written; a damaged gzip stream is seen here too.
    #[error("tape {}, line {line}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The line at which it happened; 0 before the first.
        line: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A line that is not a frame. Reading may go on with the next line.
    #[error("tape {}, line {line}: expected {expected}, saw {seen:?}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What should have been there.
        expected: &'static str,
        /// The beginning of what was there.
        seen: String,
    },
}

/// One recorded frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When it was received, in Unix nanoseconds of the recorder's clock.
    pub recv_ns: i64,
    /// Its line in the tape, counted from 1.
    pub line: u64,
    /// The frame exactly as the venue sent it.
    pub text: String,
}

/// One recorded frame, in the reader's own buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRef<'a> {
    /// When it was received, in Unix nanoseconds of the recorder's clock.
    pub recv_ns: i64,
    /// Its line in the tape, counted from 1.
    pub line: u64,
    /// The frame exactly as the venue sent it.
    pub text: &'a str,
}

/// Reads a tape frame by frame, in one buffer.
///
/// As an iterator it yields owned frames. A damaged line yields an error and reading goes on behind it; an error of the
/// file itself ends the iteration.
pub struct TapeReader {
    input: Box<dyn BufRead + Send>,
    path: PathBuf,
    line: u64,
    buffer: Vec<u8>,
    broken: bool,
}

impl TapeReader {
    /// Opens a tape, plain or gzip.
    ///
    /// # Errors
    /// When the file cannot be opened or its first bytes cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TapeError> {
        let path = path.as_ref();
        let failed = |source| TapeError::Io { path: path.to_owned(), line: 0, source };
        let file = File::open(path).map_err(failed)?;
        let mut file = BufReader::with_capacity(READ_BYTES, file);
        let gzip = file.fill_buf().map_err(failed)?.starts_with(&GZIP_MAGIC);
        let input: Box<dyn BufRead + Send> =
            if gzip { Box::new(BufReader::with_capacity(READ_BYTES, MultiGzDecoder::new(file))) } else { Box::new(file) };
        Ok(Self { input, path: path.to_owned(), line: 0, buffer: Vec::new(), broken: false })
    }

    /// The next frame, or `None` at the end. Empty lines are passed over.
    ///
    /// # Errors
    /// [`TapeError::Line`] for a line that is not a frame, after which the next call reads the next line;
    /// [`TapeError::Io`] when the file cannot be read further, after which every call says `None`.
    pub fn next_frame(&mut self) -> Result<Option<FrameRef<'_>>, TapeError> {
        loop {
            if self.broken || !self.read_line()? {
                return Ok(None);
            }
            if !self.buffer.is_empty() {
                break;
            }
        }
        match parse_line(&self.buffer) {
            Ok((recv_ns, text)) => Ok(Some(FrameRef { recv_ns, line: self.line, text })),
            Err(expected) => Err(self.line_error(expected)),
        }
    }

    /// The file that is read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The line last read, counted from 1; 0 before the first.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Reads one line without its end into the buffer; false at the end of the file.
    fn read_line(&mut self) -> Result<bool, TapeError> {
        self.buffer.clear();
        let mut kept_all = true;
        let mut seen_any = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(source) if source.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    self.broken = true;
                    return Err(TapeError::Io { path: self.path.clone(), line: self.line + 1, source });
                }
            };
            if chunk.is_empty() {
                break;
            }
            seen_any = true;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let piece = &chunk[..end.unwrap_or(chunk.len())];
            if self.buffer.len() + piece.len() <= LINE_BYTES_MAX {
                self.buffer.extend_from_slice(piece);
            } else {
                kept_all = false;
            }
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        self.line += u64::from(seen_any);
        if !kept_all {
            return Err(self.line_error("a line of at most 16 MiB"));
        }
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        Ok(seen_any)
    }

    fn line_error(&self, expected: &'static str) -> TapeError {
        let head = &self.buffer[..self.buffer.len().min(SEEN_BYTES)];
        let seen = String::from_utf8_lossy(head).into_owned();
        TapeError::Line { path: self.path.clone(), line: self.line, expected, seen }
    }
}

impl Iterator for TapeReader {
    type Item = Result<Frame, TapeError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_frame() {
            Ok(None) => None,
            Ok(Some(FrameRef { recv_ns, line, text })) => Some(Ok(Frame { recv_ns, line, text: text.to_owned() })),
            Err(error) => Some(Err(error)),
        }
    }
}

impl std::fmt::Debug for TapeReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TapeReader").field("path", &self.path).field("line", &self.line).finish_non_exhaustive()
    }
}

/// Splits a line into receive time and frame, or says what was expected.
fn parse_line(line: &[u8]) -> Result<(i64, &str), &'static str> {
    let line = std::str::from_utf8(line).map_err(|_| "UTF-8 text")?;
    let (time, text) = line.split_once(' ').ok_or("`recv_ns`, one space, and a frame")?;
    let recv_ns = time.parse().map_err(|_| "a receive time in Unix nanoseconds before the first space")?;
    if text.is_empty() {
        return Err("a frame after the receive time");
    }
    Ok((recv_ns, text))
}

/// Records a tape as gzip.
///
/// Dropping it loses what is still buffered: call [`TapeWriter::finish`].
#[derive(Debug)]
pub struct TapeWriter {
    output: GzEncoder<BufWriter<File>>,
    path: PathBuf,
    line: u64,
}

impl TapeWriter {
    /// Creates a tape; an existing file is never overwritten.
    ///
    /// # Errors
    /// When the file exists or cannot be created.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, TapeError> {
        let path = path.as_ref();
        let file = File::create_new(path).map_err(|source| TapeError::Io { path: path.to_owned(), line: 0, source })?;
        let output = GzEncoder::new(BufWriter::new(file), Compression::default());
        Ok(Self { output, path: path.to_owned(), line: 0 })
    }

    /// Appends one frame.
    ///
    /// # Errors
    /// When the frame holds a line end or is too long to be read again, or the file cannot be written.
    pub fn write(&mut self, recv_ns: i64, text: &str) -> Result<(), TapeError> {
        let expected = match text.len() {
            0 => Some("a frame that is not empty"),
            length if length > LINE_BYTES_MAX - TIME_BYTES_MAX => Some("a frame of less than 16 MiB"),
            _ if text.contains(['\n', '\r']) => Some("a frame on one line"),
            _ => None,
        };
        if let Some(expected) = expected {
            let seen = text.chars().take(SEEN_BYTES).collect();
            return Err(TapeError::Line { path: self.path.clone(), line: self.line + 1, expected, seen });
        }
        self.line += 1;
        writeln!(self.output, "{recv_ns} {text}").map_err(|source| self.failed(source))
    }

    /// Ends the gzip stream and gives the file to the disk.
    ///
    /// # Errors
    /// When what is left cannot be written.
    pub fn finish(mut self) -> Result<(), TapeError> {
        self.output.try_finish().map_err(|source| self.failed(source))?;
        self.output.get_mut().flush().map_err(|source| self.failed(source))?;
        self.output.get_ref().get_ref().sync_all().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> TapeError {
        TapeError::Io { path: self.path.clone(), line: self.line, source }
    }
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// One read of the file; large enough that the system call costs nothing beside inflating.
const READ_BYTES: usize = 64 << 10;
/// How much of a bad line an error shows.
const SEEN_BYTES: usize = 80;
/// `i64::MIN` has 20 characters, and a space follows.
const TIME_BYTES_MAX: usize = 21;

#[cfg(test)]
mod tests {
    use super::*;

    fn tape_of(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("a.tape");
        std::fs::write(&path, content).expect("a small file");
        (dir, path)
    }

    fn check_bad(content: &[u8], line: u64, expected_part: &str) {
        let (_dir, path) = tape_of(content);
        let error = TapeReader::open(&path).expect("it opens").find_map(Result::err).expect("one line of it is bad");
        let text = error.to_string();
        assert!(text.contains(&format!("line {line}:")), "{text}");
        assert!(text.contains(expected_part), "{text}");
    }

    #[test]
    fn reads_what_was_written_byte_for_byte() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("a.tape.gz");
        let mut writer = TapeWriter::create(&path).expect("created");
        writer.write(5, "{\"a\": 1}").expect("written");
        writer.write(-7, "두 번째  ").expect("written");
        writer.finish().expect("finished");
        let frames: Vec<Frame> = TapeReader::open(&path).expect("it opens").map(|f| f.expect("a frame")).collect();
        assert_eq!(
            frames,
            [Frame { recv_ns: 5, line: 1, text: "{\"a\": 1}".into() }, Frame { recv_ns: -7, line: 2, text: "두 번째  ".into() },]
        );
        assert!(TapeWriter::create(&path).is_err(), "an existing tape is never overwritten");
    }

    #[test]
    fn reads_plain_text_with_any_line_end() {
        let (_dir, path) = tape_of(b"1 a\r\n\n2 b c");
        let mut reader = TapeReader::open(&path).expect("it opens");
        assert_eq!(reader.next_frame().expect("good"), Some(FrameRef { recv_ns: 1, line: 1, text: "a" }));
        assert_eq!(reader.next_frame().expect("good"), Some(FrameRef { recv_ns: 2, line: 3, text: "b c" }));
        assert_eq!(reader.next_frame().expect("good"), None);
    }

    #[test]
    fn a_bad_line_is_named_and_reading_goes_on() {
        check_bad(b"1 a\nx b\n", 2, "receive time");
        check_bad(b"1 a\n12\n", 2, "one space");
        check_bad(b"1 \n", 1, "a frame after");
        check_bad(b"1 \xff\n", 1, "UTF-8");
        check_bad(b"99999999999999999999 a\n", 1, "receive time");
        let (_dir, path) = tape_of(b"bad\n2 b\n");
        let lines: Vec<bool> = TapeReader::open(&path).expect("it opens").map(|f| f.is_ok()).collect();
        assert_eq!(lines, [false, true]);
    }

    #[test]
    fn a_line_without_end_takes_no_more_than_the_limit() {
        let (_dir, path) = tape_of(&vec![b'7'; LINE_BYTES_MAX + 10]);
        let mut reader = TapeReader::open(&path).expect("it opens");
        assert!(matches!(reader.next_frame(), Err(TapeError::Line { line: 1, .. })));
        assert!(reader.next_frame().expect("the end").is_none());
    }

    #[test]
    fn a_cut_gzip_stream_is_an_error_and_then_the_end() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("a.tape.gz");
        let mut writer = TapeWriter::create(&path).expect("created");
        (0..1000).for_each(|i| writer.write(i, &format!("frame {}", i * 7919)).expect("written"));
        writer.finish().expect("finished");
        let whole = std::fs::read(&path).expect("readable");
        std::fs::write(&path, &whole[..whole.len() / 2]).expect("writable");
        let results: Vec<bool> = TapeReader::open(&path).expect("it opens").map(|f| f.is_ok()).collect();
        assert_eq!(results.iter().filter(|ok| !**ok).count(), 1);
        assert_eq!(results.last(), Some(&false));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = TapeReader::open("/nowhere/x.tape").expect_err("it is not there");
        assert!(error.to_string().contains("/nowhere/x.tape"), "{error}");
    }
}
