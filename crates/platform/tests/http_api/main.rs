//! The HTTP kit and the platform's own routes, called in-process through the finished router over a real SQLite store.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

mod access;
mod audit;
mod bodies;
mod credentials;
mod csrf;
mod documents;
mod events;
mod families;
mod headers;
mod limits;
mod secrets;
mod server;
mod sign_in;
mod system;
