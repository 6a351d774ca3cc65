//! The small vocabulary that every section shares: identifiers, addresses, durations, sizes, lines.
//!
//! Everything here is a leaf. No leaf but [`Page`] can hold a control character, so that no value of a
//! document can begin a new line of a configuration.

use shape::{Body, NO_LIMIT, Nullable, Shape, Text, pattern};

/// A line of text that must not be empty.
pub type Line = Text<1, NO_LIMIT>;

/// A line of text that may be empty.
pub type Free = Text<0, NO_LIMIT>;

/// A description for people; never part of the traffic.
pub type Description = Text<0, 256>;

/// The contents of an error page: the one kind of text that may hold newlines.
pub type Page = Body<65536>;

/// A reference to an entity by its id, or none.
pub type Reference = Nullable<Id>;

pattern! {
    /// The identifier of an entity: a lower-case letter, then letters, digits, `_` or `-`, at most 63 characters.
    pub struct Id = r"^[a-z][a-z0-9_-]{0,62}$";
}

pattern! {
    /// The name of an ACL as conditions refer to it.
    pub struct AclName = r"^[a-zA-Z][a-zA-Z0-9_.-]{0,63}$";
}

pattern! {
    /// The name of a section: a letter, then letters, digits, `_` or `-`, at most 64 characters.
    pub struct SecName = r"^[a-zA-Z][a-zA-Z0-9_-]{0,63}$";
}

pattern! {
    /// The name of a backend or a server, of the characters that HAProxy allows there.
    pub struct ProxyName = r"^[A-Za-z0-9._:-]{1,64}$";
}

pattern! {
    /// The name of a trusted CA or a revocation list.
    pub struct TrustName = r"^[a-zA-Z][a-zA-Z0-9_.-]{0,63}$";
}

pattern! {
    /// A DNS name, with or without `*.` in front.
    pub struct Host = r"^(\*\.)?[a-zA-Z0-9][a-zA-Z0-9.-]{0,252}$";
}

pattern! {
    /// A network in CIDR notation.
    pub struct Cidr = r"^[0-9a-fA-F:.]+/\d{1,3}$";
}

pattern! {
    /// `host:port`; an IPv6 address stands in brackets.
    pub struct AddrPort = r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})$";
}

pattern! {
    /// The address of a server: `host:port`, optionally behind `ipv4@`, `ipv6@`, `quic4@` or `quic6@`, or a
    /// socket as `unix@/path`.
    pub struct SrvAddr = r"^(unix@/[A-Za-z0-9_./@:+-]+|((ipv4|ipv6|quic4|quic6)@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4}))$";
}

pattern! {
    /// A size in bytes, or with `k`, `m` or `g`.
    pub struct Size = r"^\d+[kmgKMG]?$";
}

pattern! {
    /// A duration with its unit: `ms`, `s`, `m`, `h` or `d`.
    pub struct Dur = r"^\d+(ms|s|m|h|d)$";
}

pattern! {
    /// Five numeric cron fields.
    pub struct Cron = r"^[\d*,/\s-]+$";
}

pattern! {
    /// A name that Lua accepts for a function.
    pub struct LuaName = r"^[a-zA-Z_][a-zA-Z0-9_]*$";
}

pattern! {
    /// One of the nineteen status codes for which HAProxy has error pages.
    pub struct ErrorCode = r"^(200|400|401|403|404|405|407|408|410|413|421|422|425|429|500|501|502|503|504)$";
}

pattern! {
    /// A three-digit status code.
    pub struct StatusCode = r"^\d{3}$";
}

/// The nineteen status codes for which HAProxy has error pages.
pub const ERROR_CODES: [u16; 19] =
    [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504];

/// Which protocol a proxy speaks (`mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum Mode {
    /// HTTP: requests are understood and can be changed.
    Http,
    /// TCP: bytes are passed on as they are.
    Tcp,
}

/// Where the address of a server may come from at start (`init-addr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum InitAddr {
    /// What the state file says.
    Last,
    /// What the resolver of the system says.
    Libc,
    /// Nothing: the server starts without an address.
    None,
    /// A literal address.
    Ip,
}

/// Whether the certificate of the other side is checked (`verify`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum ServerVerify {
    /// It must be valid.
    Required,
    /// It is not looked at.
    None,
}
