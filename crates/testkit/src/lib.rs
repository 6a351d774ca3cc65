//! Starts the real thing for tests: HAProxy of every version at hand, PostgreSQL, a counting HTTP server, a polling
//! load, a disk that is full, and the daemon itself.
//!
//! Everything here fails loudly when a program is missing (`make test` installs them); nothing is skipped in silence.
//! Everything ends when its value is dropped, by its own process id, never by name. This crate is for tests only and
//! never part of a release build; it knows the other programs by their command lines alone, not our crates.

pub mod account;
pub mod api;
pub mod backend;
pub mod daemon;
pub mod disk;
pub mod dockerd;
pub mod document;
pub mod haproxy;
pub mod load;
pub mod place;
pub mod port;
pub mod postgres;
pub mod process;
pub mod sshd;
pub mod wait;

pub use api::Api;
pub use backend::{Backend, http_backend};
pub use daemon::Daemon;
pub use disk::Disk;
pub use dockerd::Dockerd;
pub use document::document;
pub use load::Load;
pub use port::free_port;
pub use postgres::Postgres;
pub use sshd::Sshd;
