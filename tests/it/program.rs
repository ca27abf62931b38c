//! The program under test: run to its end, or started and listened to.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// `jangbu` in `dir`, with nothing of ours in the environment.
fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jangbu"));
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JANGBU_"));
    ours.for_each(|(name, _)| {
        command.env_remove(name);
    });
    command.current_dir(dir).args(arguments);
    command
}

/// Runs it to its end.
pub fn jangbu(dir: &Path, arguments: &[&str]) -> Output {
    command(dir, arguments).output().expect("the program starts")
}

/// Runs it, expects the exit code, gives stdout and stderr.
pub fn check(dir: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output = jangbu(dir, arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    assert!(!err.contains("panicked") && !err.contains("RUST_BACKTRACE"), "{arguments:?}\n{err}");
    (out, err)
}

/// Its JSON.
pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// An empty folder.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// A program that runs, killed when the test forgets it.
pub struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
}

impl Running {
    /// Starts it.
    pub fn start(dir: &Path, arguments: &[&str]) -> Self {
        let mut command = command(dir, arguments);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("its stdout"));
        let err = BufReader::new(child.stderr.take().expect("its stderr"));
        Running { child, out, err }
    }

    /// The next line of its stdout; empty at the end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        line
    }

    /// The next line of its stderr; empty at the end. What is read here, `end` does not give again.
    pub fn said(&mut self) -> String {
        let mut line = String::new();
        self.err.read_line(&mut line).expect("a line");
        line
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("a child");
    }

    /// Waits for its end: exit code, the rest of stdout, stderr.
    pub fn end(&mut self, patience: Duration) -> (i32, String, String) {
        let since = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None => assert!(since.elapsed() < patience, "still running after {patience:?}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let (mut out, mut err) = (String::new(), String::new());
        self.out.read_to_string(&mut out).expect("its stdout");
        self.err.read_to_string(&mut err).expect("its stderr");
        assert!(!err.contains("panicked"), "{err}");
        (status.code().unwrap_or(-1), out, err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
