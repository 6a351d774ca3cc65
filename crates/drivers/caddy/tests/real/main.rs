//! The driver against the real Caddy, and against peers that misbehave.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod authority;
mod client;
mod dynamic;
mod fakes;
mod home;
mod lifecycle;
mod loading;
mod serving;
mod size;
mod upstream;
