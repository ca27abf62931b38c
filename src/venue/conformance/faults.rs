//! Everything at once, by seed: whatever is lost, cut, doubled, refused or comes late, the ledgers agree in the end.
//!
//! `JANGBU_SEED=n` runs one seed alone.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::harness::Harness;
use super::rig::{Rig, Setup};
use crate::account::OrderState;
use crate::event::Command;
use crate::market::Side;

/// Seeds that run beside each other: each waits most of its time.
const BESIDE: usize = 5;
/// What each does.
const TURNS: u64 = 8;

fn seeds() -> Vec<u64> {
    if let Some(seed) = std::env::var("JANGBU_SEED").ok().and_then(|text| text.parse().ok()) {
        return vec![seed];
    }
    let count = match std::env::var("JANGBU_SLOW").as_deref() {
        Ok("all") => 200,
        Ok(_) => 25,
        Err(_) => 3,
    };
    (1..=count).collect()
}

pub(super) async fn whatever_goes_wrong_the_ledgers_agree_at_the_end<H: Harness>() {
    for seeds in seeds().chunks(BESIDE) {
        join_all(seeds.iter().map(|seed| one::<H>(*seed))).await;
    }
}

/// What goes wrong. Every second seed also loses and swaps single frames, as no TCP connection does, but a program that fails might.
fn plan<H: Harness>(seed: u64) -> String {
    let frames = if seed.is_multiple_of(2) { "drop=0.12,reorder=0.1," } else { "" };
    // Of market frames there are many: as often, no connection would live.
    let cuts = if H::TERMS.strikes_market { "disconnect=0.005" } else { "disconnect=0.07,session=0.02" };
    let session = if H::TERMS.strikes_market { "session=0.01," } else { "" };
    format!(
        "{frames}{session}{cuts},lost-ack=0.15,duplicate=0.15,garbage=0.05,storm=0.02,storm-requests=1,delay=0.1,delay-ms=5,\
         seed={seed}"
    )
}

async fn one<H: Harness>(seed: u64) {
    // Printed when it fails.
    println!("JANGBU_SEED={seed} {}", plan::<H>(seed));
    let mut rig = Rig::<H>::ready_with(Setup { seed, ..Setup::default() }).await;
    rig.set_faults(&plan::<H>(seed));
    for turn in 0..TURNS {
        let side = if (seed + turn).is_multiple_of(2) { Side::Buy } else { Side::Sell };
        if turn % 4 < 2 {
            rig.market_soon(side, 1).await;
            continue;
        }
        let order = rig.rest_soon(side, 2).await;
        rig.until("known", |rig| rig.state(order) != Some(OrderState::Submitted)).await;
        // What is not there cannot trade, and the kernel amends only what it knows well.
        rig.try_trade(order, 1);
        if (seed + turn).is_multiple_of(3) {
            let nearer = rig.percent(if side == Side::Buy { 101 - H::TERMS.away } else { 99 + H::TERMS.away });
            rig.amend(order, nearer, 2);
        }
        rig.say(Command::Cancel(order));
    }
    // From here on nothing goes wrong any more; what went wrong has to be found out.
    rig.set_faults("");
    let give_up = Instant::now() + Duration::from_secs(120);
    while rig.kernel.orders().count() > 0 {
        assert!(Instant::now() < give_up, "orders are left\n{}", rig.story());
        rig.cancel_what_stands();
        let heard = rig.heard.len();
        rig.until("something happens", |rig| rig.heard.len() > heard || rig.kernel.orders().count() == 0).await;
    }
    let (sent, submits) = (rig.sent(), rig.submits());
    assert!(sent <= submits, "{sent} orders at the venue of {submits} sent");
    rig.finish().await;
}
