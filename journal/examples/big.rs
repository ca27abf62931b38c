//! Writes a large journal of made-up trades, reads it back, and says how fast and with how much memory.
//!
//! `cargo run --release -p jangbu-journal --features sled --example big -- DIR GB [power|process|relaxed]`

#[path = "../tests/torture/tick.rs"]
#[allow(dead_code)]
mod tick;

use std::path::{Path, PathBuf};
use std::time::Instant;

use jangbu_journal::writer::WriterOptions;
use jangbu_journal::{Encoder, Reader, Record, Seq, Writer};
use tick::{Last, Tick};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let usage = "usage: big DIR GB [power|process|relaxed]";
    let dir = PathBuf::from(words.next().ok_or(usage)?);
    let bytes_max = (words.next().ok_or(usage)?.parse::<f64>()? * 1e9) as u64;
    let durability = words.next().unwrap_or_else(|| "power".into()).parse()?;
    let (events, bytes) = write(&dir, bytes_max, WriterOptions { durability, ..WriterOptions::default() })?;
    println!("  on disk {:.2} of {:.2} GB", on_disk(&dir)? as f64 / 1e9, bytes as f64 / 1e9);
    scan(&dir, events, bytes)
}

/// Says how fast something was and the most memory this process held meanwhile.
fn report(what: &str, events: u64, bytes: u64, since: Instant) {
    let seconds = since.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown");
    let rate = events as f64 / seconds;
    println!(
        "{what}: {events} events, {bytes} raw bytes in {seconds:.1} s: {rate:.0} events/s, {:.0} MB/s; {peak}",
        bytes as f64 / seconds / 1e6
    );
}

/// Appends ticks until `bytes_max` raw bytes are written, committing every thousand as a session does every batch.
fn write(dir: &Path, bytes_max: u64, options: WriterOptions) -> Result<(u64, u64), Box<dyn std::error::Error>> {
    let since = Instant::now();
    let mut writer = Writer::<Tick>::open(dir, options)?;
    let (mut bytes, mut events) = (0, 0);
    let mut raw = Vec::new();
    let mut context = Last::default();
    while bytes < bytes_max {
        let seq = writer.next_seq();
        let (stamp, tick) = Tick::at(seq);
        // Encoded a second time, to know its size.
        raw.clear();
        tick.encode(&stamp, &mut context, &mut Encoder::new(&mut raw));
        bytes += raw.len() as u64;
        writer.append(&stamp, &tick)?;
        events += 1;
        if events % 1_000 == 0 {
            writer.commit()?;
        }
        if events % 20_000_000 == 0 {
            report("  so far", events, bytes, since);
        }
    }
    writer.sync()?;
    assert_eq!(writer.durable(), Seq::new(events), "a fresh journal");
    writer.close()?;
    report("written", events, bytes, since);
    Ok((events, bytes))
}

/// Reads everything and compares every thousandth event.
fn scan(dir: &Path, events: u64, bytes: u64) -> Result<(), Box<dyn std::error::Error>> {
    // The peak begins anew (see proc(5)), so that it is the scan's own.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let since = Instant::now();
    let mut scan = Reader::<Tick>::open(dir)?.scan(Seq::FIRST)?;
    let mut out = Vec::new();
    let mut last = 0;
    while scan.next_batch(1_000, &mut out)? > 0 {
        let (stamp, tick) = out.last().ok_or("a batch has events")?;
        last += out.len() as u64;
        assert_eq!((*stamp, tick.clone()), Tick::at(Seq::new(last)), "what was written");
        out.clear();
    }
    assert_eq!(last, events, "all of it");
    report("scanned", events, bytes, since);
    Ok(())
}

fn on_disk(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { on_disk(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}
