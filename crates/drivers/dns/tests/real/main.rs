//! The driver against `dig`, a program that was not written by us, and with dnsmasq, both as an engine and as an upstream
//! server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod embedded;
mod forwarding;
mod hostile;
mod managed;
mod speed;
mod support;
