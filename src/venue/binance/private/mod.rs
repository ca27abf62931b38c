//! Real orders: what of the gateway needs keys. Beside the task of market data, not in it.
//!
//! | | |
//! |---|---|
//! | [`task`] | takes instructions and reports, one at a time |
//! | `prepare`, `permissions` | what has to be known, and settled, before anything is sent |
//! | `requests`, `amendments` | what is asked about orders, and what answers prove |
//! | `reports` | what the venue tells, as events |
//! | `account`, `flows` | the whole account at once; deposits, withdrawals, funding |
//! | `stream` | the user data stream, kept alive |
//! | `client`, `budget`, `clock` | signed requests, the venue's limits, its time |
//! | `margins` | how futures are margined, and what the venue closes by itself |
//! | `known` | the orders, and what was told of them |

mod account;
mod amendments;
mod budget;
mod client;
mod clock;
mod flows;
mod known;
mod margins;
mod permissions;
mod prepare;
mod reports;
mod requests;
mod stream;
pub(super) mod task;

use super::wire::private::Filters;
use crate::market::Instrument;

/// The instruments of the settings with their rules, once the venue has told them.
pub(super) struct Definitions(pub(super) Vec<(Instrument, Filters)>);
