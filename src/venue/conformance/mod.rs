//! One suite for every venue: the same scenarios, from end to end (kernel, gateway, sockets, emulator), against each gateway.
//!
//! A venue has one line in [`venues!`] below, and a [`Harness`] in its folder, which says what is different there and what its
//! emulator can be made to do. At the end of a scenario both ledgers are equal to the unit, no order is left on one side only,
//! every frame is in one class, a replay decides the same, today's parser makes the same of the raw frames, and no key shows
//! anywhere. Where a venue cannot do a scenario, its harness says why, the suite checks what it must do instead, and that is
//! written past the capture of test output.
//!
//! | | |
//! |---|---|
//! | [`orders`] | placing, filling, cancelling, refusing |
//! | [`changes`] | amending: in place, by another number, or by cancelling and placing anew |
//! | [`doubts`] | answers and reports that are lost, late, or come twice |
//! | [`connections`] | cuts, restarts, clocks, limits, maintenance, keys |
//! | [`cash`] | deposits, withdrawals, funding, liquidation |
//! | [`faults`] | everything at once, by seed: 3, with `JANGBU_SLOW=1` 25, with `JANGBU_SLOW=all` 200 |

mod cash;
mod changes;
mod connections;
mod doubts;
mod faults;
pub(in crate::venue) mod harness;
mod looks;
mod orders;
pub(in crate::venue) mod rig;

use super::registry::VENUES;
use crate::market::Venue;
use harness::Harness;

/// The suite of one venue.
macro_rules! suite {
    ($venue:ident, $harness:ty) => {
        mod $venue {
            type Subject = $harness;
            use super::*;
            suite!(@
                orders:
                    connects_and_knows_the_account,
                    market_data_come_and_the_book_is_the_venues,
                    a_book_that_was_lost_comes_again,
                    placed_and_filled_in_parts,
                    cancelled_after_a_part,
                    market_orders_take_from_the_book,
                    time_in_force_is_the_venues,
                    what_breaks_a_rule_is_refused_and_told,
                    orders_that_are_not_ours_are_told_and_left_alone;
                changes:
                    a_new_limit,
                    a_new_quantity,
                    what_is_filled_in_part_is_amended_by_its_rest,
                    an_amendment_without_an_answer_is_found,
                    an_amendment_cut_off_by_a_restart_is_found;
                doubts:
                    a_lost_answer_is_made_up_by_a_report,
                    unknown_after_a_timeout_then_found_and_filled,
                    an_order_that_never_arrived_is_given_up_only_when_it_no_longer_can,
                    a_cancellation_without_an_answer_is_found,
                    reports_that_come_twice_or_as_garbage_count_once,
                    a_fill_that_comes_after_the_end_counts;
                connections:
                    cut_in_the_middle_of_an_order,
                    fills_while_nobody_listens_are_found,
                    what_lets_us_in_expires,
                    too_many_requests_are_not_sent_again_and_cancellations_wait,
                    clocks_may_differ_and_may_jump,
                    maintenance_is_waited_for,
                    a_restart_takes_open_orders_over,
                    a_wrong_key_ends_it_with_one_clear_line;
                cash:
                    deposits_and_withdrawals_while_connected,
                    deposits_while_nobody_listens_are_found,
                    funding_is_booked_while_connected_and_while_not,
                    what_the_venue_closes_by_itself_is_booked_and_stops_trading;
                faults:
                    whatever_goes_wrong_the_ledgers_agree_at_the_end;
            );
        }
    };
    (@ $($module:ident: $($name:ident),+;)+) => {
        $($(
            #[tokio::test]
            async fn $name() {
                $module::$name::<Subject>().await;
            }
        )+)+
    };
}

/// Registers the venues.
macro_rules! venues {
    ($($venue:ident: $harness:ty,)+) => {
        $(suite!($venue, $harness);)+

        /// Every venue that goes through the suite.
        const SUBJECTS: &[Venue] = &[$(<$harness as Harness>::TERMS.venue),+];
    };
}

venues! {
    kiwoom: crate::venue::kiwoom::conformance::Stocks,
    upbit: crate::venue::upbit::conformance::Coins,
    binance_spot: crate::venue::binance::conformance::Spot,
    binance_usd_m: crate::venue::binance::conformance::UsdM,
}

#[test]
fn every_venue_that_trades_goes_through_the_suite() {
    for registration in VENUES.iter().filter(|registration| registration.trades) {
        let venue = registration.venue;
        assert!(SUBJECTS.contains(&venue), "{} has no line in `venues!` of src/venue/conformance/mod.rs", venue.name());
    }
}
