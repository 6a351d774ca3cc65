//! A typed client of the Docker Engine API, as far as looking at containers needs it, over any stream.
//!
//! * [`Client`] speaks to one engine: over its socket on this machine, or over a stream that somebody else opened to one.
//! * [`Container`] is what the engine lists, [`Usage`] what one of them takes; two of them tell how busy it was between.
//!
//! Three calls do not need the large client library and its models of the whole API: this is HTTP/1.1 over a given stream
//! and the fields that are shown. Nothing can be changed through it, because there is nothing here that would ask for a
//! change. The engine may be somebody else's: answers are bounded in size and in time, fields may be missing or null, and
//! ids are checked before they become part of a path. Names come as the engine gives them; whoever shows them cleans them.

mod client;
mod model;

pub use client::{Client, Error, Result};
pub use model::{Container, Id, Usage};
