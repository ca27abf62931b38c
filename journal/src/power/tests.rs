//! What a power cut leaves, cut at every write.

use super::*;
use crate::catalog::{Catalog, volume_path};
use crate::codec::Decoder;
use crate::record::Record;
use crate::stamp::Seq;
use crate::store::sled::SledStore;
use crate::store::{Durability, Key};
use crate::walk::{Place, Walk};
use crate::writer::{Writer, WriterOptions};
use tick::{Last, Tick, mix};

#[path = "../../tests/torture/tick.rs"]
mod tick;

fn options(durability: Durability) -> WriterOptions {
    WriterOptions { durability, volume_bytes_max: 1 << 20, group_bytes_max: 100_000, ..WriterOptions::default() }
}

fn cycles(fast: u64, slow: u64) -> u64 {
    if std::env::var_os("JANGBU_SLOW").is_some() { slow } else { fast }
}

/// Appends the next `count` ticks, committing every so often.
fn append(writer: &mut Writer<Tick>, count: u64, batch: u64) {
    for n in 1..=count {
        let (stamp, tick) = Tick::at(writer.next_seq());
        writer.append(&stamp, &tick).expect("appends");
        if n % batch == 0 {
            writer.commit().expect("commits");
        }
    }
}

/// Reads the whole journal, compares it with what the seqs say, and returns the last seq.
fn check_all(dir: &Path) -> Seq {
    let catalog = Catalog::load(dir).expect("a catalog").expect("a journal");
    let mut last = Seq::ZERO;
    for volume in &catalog.volumes {
        let path = volume_path(dir, volume.number);
        let store = SledStore::open(&path, volume.number).expect("opens");
        let start = Place::after(volume.first, volume.start_chain);
        let mut walk = Walk::new(&store, volume.number, catalog.journal, Some(start), Key::default());
        let mut raw = Vec::new();
        while let Some(item) = walk.next().expect("undamaged") {
            assert_eq!(item.header.fragment, 0, "recovery and close leave no fragments");
            raw.clear();
            item.checked.unpack(&mut raw).expect("unpacks");
            let (mut input, mut context) = (Decoder::new(&raw), Last::default());
            for _ in 0..item.header.count {
                last = last.next();
                let mut found = Vec::new();
                Tick::decode(item.header.schema, last, &mut context, &mut input, &mut found).expect("decodes");
                assert_eq!(found, vec![Tick::at(last)], "seq {last}");
            }
            input.finish().expect("nothing more");
        }
        assert_eq!(fs::read_dir(path.join("blobs")).map_or(0, Iterator::count), 0, "a blob, which nobody syncs");
    }
    last
}

/// What was acknowledged before the power was cut is in the image; the image can be gone on with.
fn check_image(image: &Path, acknowledged: Seq, what: &str) {
    let mut writer = match Writer::<Tick>::open(image, options(Durability::Power)) {
        Ok(writer) => writer,
        Err(error) => panic!("{what}: acknowledged up to {acknowledged}, then: {error}"),
    };
    let last = writer.next_seq().previous();
    assert!(last >= acknowledged, "{what}: {acknowledged} was acknowledged, the journal ends at {last}");
    append(&mut writer, 100, 7);
    writer.close().expect("closes");
    assert_eq!(check_all(image), last.advance(100), "{what}");
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    for cycle in 0..cycles(5, 20) {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("journal");
        fs::create_dir(&root).expect("a folder");
        watch(&root);
        let mut writer = Writer::<Tick>::open(&root, options(Durability::Power)).expect("opens");
        for round in 0..cycles(2, 4) {
            let dice = mix(cycle * 4 + round);
            append(&mut writer, 1 + dice % 30_000, 1 + (dice >> 20) % 500);
            if dice >> 60 == 0 {
                writer.sync().expect("syncs");
            }
            let acknowledged = writer.durable();
            for rest in [Rest::Gone, Rest::Torn(dice)] {
                let image = dir.path().join("image");
                cut(&root, &image, rest);
                check_image(&image, acknowledged, &format!("cycle {cycle}, round {round}, {rest:?}"));
                fs::remove_dir_all(&image).expect("it was there");
            }
        }
        writer.close().expect("closes");
        check_all(&root);
        forget(&root);
    }
}

#[test]
fn what_a_killed_process_left_is_made_durable_before_it_is_called_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("journal");
    fs::create_dir(&root).expect("a folder");
    watch(&root);
    let mut writer = Writer::<Tick>::open(&root, options(Durability::Process)).expect("opens");
    append(&mut writer, 3_000, 100);
    writer.sync().expect("syncs");
    let acknowledged = writer.durable();
    // Dropped, not closed: as far as this disk knows, nothing of it was synced.
    drop(writer);
    let writer = Writer::<Tick>::open(&root, options(Durability::Power)).expect("opens");
    assert_eq!(writer.durable(), acknowledged);
    let image = dir.path().join("image");
    cut(&root, &image, Rest::Gone);
    drop(writer);
    forget(&root);
    check_image(&image, acknowledged, "killed");
}

#[test]
fn the_disk_forgets_what_nobody_synced() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("journal");
    fs::create_dir(&root).expect("a folder");
    watch(&root);
    let mut writer = Writer::<Tick>::open(&root, options(Durability::Process)).expect("opens");
    append(&mut writer, 3_000, 100);
    writer.sync().expect("syncs");
    let image = dir.path().join("image");
    cut(&root, &image, Rest::Gone);
    forget(&root);
    // The tester tested: `process` does not survive this, or the disk is not one.
    let found = Writer::<Tick>::open(&image, options(Durability::Power)).map(|writer| writer.next_seq().previous());
    let shorter = match &found {
        Ok(last) => *last < writer.durable(),
        // The mark had been written meanwhile, and is synced.
        Err(error) => matches!(error, crate::JournalError::Shortened { .. }),
    };
    assert!(shorter, "{found:?}");
}

/// What is acknowledged while the writer goes on is in an image taken at any moment: between two groups, in the middle of a
/// flush, while a volume is being sealed.
#[test]
fn a_power_cut_while_it_writes_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("journal");
    fs::create_dir(&root).expect("a folder");
    watch(&root);
    let mut writer = Writer::<Tick>::open(&root, options(Durability::Power)).expect("opens");
    let watermark = writer.watermark();
    let stop = std::sync::atomic::AtomicBool::new(false);
    // Held while an image is looked at, which takes long: the writer would fill the disk meanwhile. Not while it is taken.
    let pause = Mutex::new(());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let _turn = pause.lock().unwrap_or_else(PoisonError::into_inner);
                append(&mut writer, 200, 13);
            }
        });
        let mut cuts = || {
            for round in 0..cycles(5, 20) {
                let acknowledged = watermark.get();
                let rest = if round % 2 == 0 { Rest::Torn(mix(round)) } else { Rest::Gone };
                let image = dir.path().join("image");
                cut(&root, &image, rest);
                let turn = pause.lock().unwrap_or_else(PoisonError::into_inner);
                check_image(&image, acknowledged, &format!("round {round}, {rest:?}"));
                fs::remove_dir_all(&image).expect("it was there");
                drop(turn);
                // Some more of it.
                watermark.wait_for(acknowledged.advance(1 + mix(round) % 5_000), std::time::Duration::from_secs(30));
            }
        };
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(&mut cuts));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
    drop(writer);
    forget(&root);
}
