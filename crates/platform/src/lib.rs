//! What every area stands on: configuration, store, secrets, identity, permissions, audit, events, jobs and the HTTP kit.
//!
//! Invariant: the platform knows no area. An area hands it routes, permissions and work; never the other way round.

pub mod audit;
pub mod clock;
pub mod config;
pub mod db;
pub mod events;
pub mod failpoint;
pub mod files;
pub mod http;
pub mod identity;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod permissions;
pub mod reconcile;
pub mod secrets;
