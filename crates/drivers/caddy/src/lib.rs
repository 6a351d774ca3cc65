//! A typed client of Caddy: its configuration, its admin API, its program and its process.
//!
//! * [`Config`] describes what Caddy shall serve and renders it, the same input always to the same text.
//! * [`Admin`] speaks to a running Caddy: loads a configuration, reads which one runs, ends it.
//! * [`Binary`] runs the program for an answer: its [`Version`], and whether it accepts a configuration.
//! * [`requests`] reads the access log.
//! * [`Process`] starts a Caddy that outlives us, or adopts one that did.
//!
//! The driver has no opinion: it knows nothing of registries, stores or users, keeps no state of its own, and never
//! decides to load. What goes into a configuration is typed so that nothing in it can be taken by Caddy for a
//! placeholder, a path or a second option; what comes back is bounded in size and in time. Versions 2.6 to 2.11 are
//! spoken to alike.

mod admin;
mod binary;
pub mod config;
mod endpoint;
mod error;
pub mod names;
mod process;
pub mod requests;
mod wire;

pub use admin::Admin;
pub use binary::{Binary, Version};
pub use config::Config;
pub use endpoint::Endpoint;
pub use error::Error;
pub use process::{Account, Process, Spec};

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;
