//! Tests of the whole program, one binary. Slow ones run when `JANGBU_SLOW` is set.

mod cli;
mod cli_emulate;
mod cli_live;
mod cli_journal;
mod program;
mod tidy;
