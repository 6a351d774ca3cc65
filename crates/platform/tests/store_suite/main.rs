//! The store and what stands on it, on real databases.
//!
//! Every test in a `conformance!` list runs on SQLite and on a real PostgreSQL: the statements are one text for both, and
//! nothing checks them at compile time. The others are about files, damage and modes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and tests play the outside world"
)]

#[macro_use]
mod kit;

mod audit;
mod backup;
mod damage;
mod events;
mod files;
mod limits;
mod secrets;
mod sessions;
mod setup;
mod shared;
mod tokens;
mod upkeep;
mod users;
