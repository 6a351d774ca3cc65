//! A typed client of HAProxy: its checker, its master and admin sockets, its process and its messages.
//!
//! * [`Binary`] runs the program for an answer: its [`Version`] and [`Features`], and whether it accepts a configuration.
//! * [`Process`] starts a master-worker HAProxy that outlives us, or adopts one that did.
//! * [`Master`] speaks to the master socket: which workers run, and a reload with a verdict.
//! * [`Admin`] speaks to a worker: statistics, servers, frontends, maps.
//! * [`messages`] reads what HAProxy prints for people, [`bind`] finds out whether an address can be listened on.
//!
//! The driver has no opinion: it knows nothing of documents, stores or users, keeps no state of its own, and never
//! decides to reload. It trusts nothing that it reads: every answer is bounded in size and in time, and an answer in
//! plain English that means failure is an [`Error`]. Arguments of commands are [`admin::Word`]s, which cannot hold
//! what would end a command. Versions 2.6 to 3.x are spoken to alike.

pub mod admin;
mod binary;
pub mod bind;
mod error;
mod features;
mod master;
pub mod messages;
mod process;
mod processes;
mod version;
mod wire;

pub use admin::Admin;
pub use binary::{Binary, Check, Probe};
pub use error::Error;
pub use features::Features;
pub use master::{Master, Unknown, Verdict};
pub use process::{Account, Process, Spec, Stop};
pub use processes::{MasterProcess, Processes, Worker};
pub use version::Version;

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;
