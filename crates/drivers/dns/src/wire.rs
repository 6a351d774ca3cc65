//! What goes over the wire: a query taken apart, an answer put together.
//!
//! The plain query (one question, at most the EDNS record) is read here by hand, as it is nearly every query and its
//! cost is the cost of the server. A message with anything else in it is read by `hickory`, so that there is one strict
//! reader of everything that is rare.

mod reply;
mod request;

pub(crate) use reply::{Flags, Reply, Section, plain, truncated};
pub(crate) use request::{Edns, Parsed, Request, parse};

/// Record types by number.
pub(crate) mod kind {
    pub(crate) const A: u16 = 1;
    pub(crate) const NS: u16 = 2;
    pub(crate) const SOA: u16 = 6;
    pub(crate) const PTR: u16 = 12;
    pub(crate) const HINFO: u16 = 13;
    pub(crate) const TXT: u16 = 16;
    pub(crate) const AAAA: u16 = 28;
    pub(crate) const OPT: u16 = 41;
    pub(crate) const IXFR: u16 = 251;
    pub(crate) const AXFR: u16 = 252;
    pub(crate) const ANY: u16 = 255;
}

/// Response codes by number.
pub(crate) mod code {
    pub(crate) const NO_ERROR: u16 = 0;
    pub(crate) const FORMAT_ERROR: u16 = 1;
    pub(crate) const SERVER_FAILURE: u16 = 2;
    pub(crate) const NO_SUCH_NAME: u16 = 3;
    pub(crate) const NOT_IMPLEMENTED: u16 = 4;
    pub(crate) const REFUSED: u16 = 5;
    pub(crate) const BAD_VERSION: u16 = 16;
}

/// The class of the Internet, the only one that there is an answer in.
pub(crate) const INTERNET: u16 = 1;

/// The length of a message's header.
pub(crate) const HEADER: usize = 12;

/// The largest answer over UDP that we send, and that we tell others to send: it passes every usual network in one
/// piece.
pub(crate) const PAYLOAD: u16 = 1232;
