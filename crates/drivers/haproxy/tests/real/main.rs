//! The driver against real HAProxies of every version at hand, and against peers that misbehave.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adminsocket;
mod checker;
mod corpus;
mod fakes;
mod managed;
mod outage;
mod reloads;
