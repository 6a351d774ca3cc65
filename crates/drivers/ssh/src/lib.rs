//! A typed client of SSH servers, for looking at machines.
//!
//! * [`Session`] is one connection: it runs a command and hands back what that wrote, or opens a stream to a socket of the
//!   machine.
//! * [`Fingerprint`] is what a host key is pinned by. A key that is not the pinned one ends the connection before anything
//!   that proves who we are is sent.
//! * [`PrivateKey`] and a password are the ways to log in; neither can be printed.
//! * [`Host`] and [`User`] are names that cannot be taken for anything else.
//!
//! The driver has no opinion: it keeps nothing, resolves no names, and does not decide whom to trust. No program is
//! started and no configuration of the account is read, so there are no options, agents or proxies that a name could
//! smuggle in. What comes back is bounded in size and in time. The library beneath does not appear outside.

mod client;
mod error;
mod key;
mod names;

pub use client::{Credential, Limit, Output, Session, Stream};
pub use error::Error;
pub use key::{Fingerprint, PrivateKey};
pub use names::{Host, User};

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;
