//! The same through the live session as `jangbu live` runs it: settings, keys in a file, journal, replay, restart.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};
use jangbu_journal::{Reader, Seq, Stamp};
use jangbu_replay::{Span, Until, verify};

use crate::account::{OrderType, TimeInForce};
use crate::config::{Orders, RawFrames, VenueConfig};
use crate::effect::Notice;
use crate::event::{Command, Event};
use crate::kernel::Kernel;
use crate::live::Summary;
use crate::live::config::LiveConfig;
use crate::live::session::{Hooks, run};
use crate::market::{Price, Qty, Side, Venue};
use crate::venue::binance::conformance::Market;
use crate::venue::binance::emulator::Emulator;
use crate::venue::conformance::harness::{Harness, INSTRUMENT, keys};

const PATIENCE: Duration = Duration::from_secs(30);

/// A session of its own thread, and its ways in and out.
struct Session {
    commands: Sender<Command>,
    stop: Arc<AtomicBool>,
    /// Its account is known.
    known: Arc<AtomicBool>,
    /// Fills it told of.
    fills: Arc<AtomicUsize>,
    thread: std::thread::JoinHandle<Summary>,
}

fn begin(config: LiveConfig) -> Session {
    let (commands, heard) = bounded(16);
    let stop = Arc::new(AtomicBool::new(false));
    let known = Arc::new(AtomicBool::new(false));
    let fills = Arc::new(AtomicUsize::new(0));
    let (told, knows, filled) = (Arc::clone(&stop), Arc::clone(&known), Arc::clone(&fills));
    let thread = std::thread::spawn(move || {
        let on_notice = move |_: &Stamp, notice: &Notice| {
            knows.fetch_or(notice.code == "reconcile.done", Ordering::AcqRel);
            filled.fetch_add(usize::from(notice.code == "fill"), Ordering::AcqRel);
        };
        let hooks = Hooks { commands: heard, notice: Some(Box::new(on_notice)), ..Hooks::default() };
        run(&config, &told, hooks).expect("it begins")
    });
    let session = Session { commands, stop, known, fills, thread };
    until("the account is known", || session.known.load(Ordering::Acquire));
    session
}

impl Session {
    fn end(self) -> Summary {
        self.stop.store(true, Ordering::Release);
        self.thread.join().expect("no panic")
    }
}

fn settings(dir: &Path, venue: Venue, emulator: &Emulator) -> LiveConfig {
    let keys = dir.join("keys.toml");
    let credentials = self::keys();
    let text = format!("key = \"{}\"\nsecret = \"{}\"\n", credentials.key.expose(), credentials.secret.expose());
    fs::write(&keys, text).expect("written");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).expect("its mode");
    let mut config = LiveConfig::paper(dir.join("journal"));
    config.raw = RawFrames::All;
    config.venues = vec![VenueConfig {
        symbols: vec!["BTCUSDT".into()],
        endpoint: Some(format!("ws://{}", emulator.address())),
        orders: Orders::Real,
        keys: Some(keys),
        ..VenueConfig::new(venue)
    }];
    config
}

/// Waits for something that other threads bring about.
fn until(what: &str, condition: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < give_up, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn order(side: Side, order_type: OrderType, amount: &str, time_in_force: TimeInForce) -> Command {
    Command::Order { instrument: INSTRUMENT, side, order_type, time_in_force, qty: qty(amount) }
}

fn qty(text: &str) -> Qty {
    text.parse().expect("a quantity")
}

#[test]
fn a_live_session_trades_restarts_and_replays_alike() {
    trades_restarts_and_replays_alike::<true>();
    trades_restarts_and_replays_alike::<false>();
}

fn trades_restarts_and_replays_alike<const SPOT: bool>() {
    let (kind, venue) = (Market::<SPOT>::KIND, Market::<SPOT>::TERMS.venue);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let emulator = runtime.block_on(Market::<SPOT>::start(7)).emulator;
    let dir = tempfile::tempdir().expect("a directory");
    let config = settings(dir.path(), venue, &emulator);
    let open = |count: usize| emulator.orders(kind).iter().filter(|order| order.status.is_open()).count() == count;

    let session = begin(config.clone());
    assert_eq!(emulator.listening(kind), 1);
    // Without a price no market order leaves: it is asked for again until one does.
    let give_up = Instant::now() + PATIENCE;
    while emulator.fills(kind).is_empty() {
        assert!(Instant::now() < give_up, "no order left");
        session.commands.send(order(Side::Buy, OrderType::Market, "0.01", TimeInForce::Ioc)).expect("it listens");
        std::thread::sleep(Duration::from_millis(300));
    }
    let near = emulator.fills(kind)[0].price.raw();
    let limit = OrderType::Limit(Price::from_raw(near / 100 * 96 / 10_000_000 * 10_000_000));
    session.commands.send(order(Side::Buy, limit, "0.03", TimeInForce::Gtc)).expect("it listens");
    until("an open order", || open(1));
    let name = emulator.orders(kind).into_iter().find(|order| order.status.is_open()).expect("open").client_id;
    assert!(emulator.trade(kind, &name, None, qty("0.01")));
    // What a session has not heard when it ends is the next one's to find.
    until("both fills are heard", || session.fills.load(Ordering::Acquire) >= 2);
    let summary = session.end();
    assert_eq!((summary.halt, summary.notes.clone()), (None, Vec::new()));
    assert!(summary.counts.fills >= 2, "{:?}", summary.counts);

    // While no session runs, the order goes on filling; the next one finds it, and cancels the rest.
    assert!(emulator.trade(kind, &name, None, qty("0.005")));
    let session = begin(config.clone());
    session.commands.send(Command::Kill { reason: "the end of the test".into() }).expect("it listens");
    until("the order is cancelled", || open(0));
    assert_eq!(session.end().halt, None);
    // Whatever that one no longer heard, a third one hears of the account.
    assert_eq!(begin(config.clone()).end().halt, None);

    let (kernel, verified) =
        verify::<Kernel>(&config.journal, Span { from: Seq::FIRST, until: Until::End, snapshots: false }, &mut |_| {})
            .expect("it is read");
    assert!(verified.divergence.is_none(), "{:?}", verified.divergence);
    let funds = emulator.funds(kind, 0).expect("an account");
    let cash = kernel.portfolio().cash(venue, "USDT".parse().expect("a code")).total;
    assert_eq!(cash, funds.total["USDT"], "{kind:?}");
    assert_eq!(kernel.orders().count(), 0);
    no_key(&config.journal);
    drop(emulator);
}

/// No event of the journal shows a key, whatever form it takes.
fn no_key(journal: &Path) {
    let reader = Reader::<Event>::open(journal).expect("it is read");
    let (mut scan, mut batch) = (reader.scan(Seq::FIRST).expect("from the first"), Vec::new());
    while scan.next_batch(1_024, &mut batch).expect("whole") > 0 {
        for (_, event) in batch.drain(..) {
            let text = match &event {
                Event::Frame(piece) => String::from_utf8_lossy(&piece.bytes).into_owned(),
                event => format!("{event:?}"),
            };
            assert!(!text.contains("CANARY"), "{text}");
        }
    }
}
