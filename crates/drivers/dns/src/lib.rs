//! DNS for internal names: two engines that answer, and a client that asks.
//!
//! * [`Zone`] is the names below one domain, as a value; a change is another zone.
//! * [`Server`] answers in this process, over UDP and TCP: from its zone with authority, for other names by asking
//!   upstream servers, or, without any, that they do not exist.
//! * [`dnsmasq::Process`] has dnsmasq do the same.
//! * [`Engine`] is either of them.
//! * [`client::ask`] asks a server, so that one knows whether it answers.
//!
//! The driver has no opinion about which names there should be, and keeps no state but what is being served. It trusts
//! nothing that comes over the network: packets from clients are bounded and never cause more than one bounded answer,
//! and upstream servers cannot give a name from outside an address of ours. It does not validate DNSSEC, does not
//! transfer zones and takes no updates.

mod answer;
pub mod client;
pub mod dnsmasq;
mod engine;
mod error;
mod explain;
mod forward;
mod name;
#[doc(hidden)]
pub mod packets;
mod server;
mod special;
mod wire;
mod zone;

pub use answer::Recursion;
pub use engine::Engine;
pub use error::Error;
pub use explain::{Explanation, Kind};
pub use server::{Options, Server, Statistics};
pub use zone::{MOST_ADDRESSES, MOST_TEXTS, TEXT_OCTETS, TTL, Zone};

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;
