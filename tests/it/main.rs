//! Tests of the whole program, one binary. Slow ones run when `JANGBU_SLOW` is set.

mod auto_trader;
mod cli;
mod cli_emulate;
mod cli_backtest;
mod cli_latency;
mod cli_live;
mod two_venues;
mod cli_journal;
mod cli_replay;
mod cli_strategy;
mod examples;
mod golden;
mod golden_accounts;
mod golden_by_hand;
mod golden_made;
mod kiwoom_day;
mod kiwoom_refusals;
mod made;
mod program;
mod tell;
mod tell_kiwoom;
mod tidy;
