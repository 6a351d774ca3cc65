//! The edge area over HTTP: the routes, their wire types, and what each failure looks like to a client.

mod error;
mod haproxy;
mod rendered;
mod router;
mod snapshots;
mod state;
mod watch;

pub use router::routes;
