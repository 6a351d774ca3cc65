//! The small sections: resolvers, peers, mailers, rings, certificate stores, maps.

use shape::{Extra, Int, List, Shape};

use super::common::{AddrPort, Description, Dur, Id, Line, ProxyName, SecName};

/// A `resolvers` section (configuration manual section 5.3.2).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Resolvers {
    /// Its identifier.
    pub id: Id,
    /// The name of the section.
    pub name: SecName,
    /// The DNS servers that are asked.
    pub nameservers: List<Endpoint, 1>,
    /// Largest answer in bytes (`accepted_payload_size`).
    pub accepted_payload_size: Option<Int<512, 65535>>,
    /// How long a good answer holds (`hold valid`).
    pub hold_valid: Option<Dur>,
    /// How long a vanished record is still used (`hold obsolete`).
    pub hold_obsolete: Option<Dur>,
    /// How long a missing name stays missing (`hold nx`).
    pub hold_nx: Option<Dur>,
    /// How long between two questions (`timeout resolve`).
    pub timeout_resolve: Option<Dur>,
    /// How long to wait for an answer (`timeout retry`).
    pub timeout_retry: Option<Dur>,
    /// How often a question is repeated (`resolve_retries`).
    pub resolve_retries: Option<Int<0, 20>>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Something with a name and an address.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Endpoint {
    /// Its name.
    pub name: ProxyName,
    /// Its address.
    pub address: AddrPort,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A `peers` section: HAProxy processes that share their stick tables.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Peers {
    /// Its identifier.
    pub id: Id,
    /// The name of the section.
    pub name: SecName,
    /// The processes; one of them bears this node's own name.
    pub peers: List<Endpoint, 1>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A `mailers` section.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Mailers {
    /// Its identifier.
    pub id: Id,
    /// The name of the section.
    pub name: SecName,
    /// How long sending may take (`timeout mail`).
    pub timeout: Option<Dur>,
    /// The mail servers.
    pub mailers: List<Endpoint, 1>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A `ring` section: a buffer of log lines that is sent on.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Ring {
    /// Its identifier.
    pub id: Id,
    /// The name of the section.
    pub name: SecName,
    /// For people (`description`).
    pub description: Option<Description>,
    /// The format of a line (`format`).
    pub format: Option<RingFormat>,
    /// Most characters of a line (`maxlen`).
    pub maxlen: Option<Int<80, 2_147_483_647>>,
    /// Bytes of the buffer (`size`).
    pub size: Option<Int<1024, 2_147_483_647>>,
    /// For a connection to a server (`timeout connect`).
    pub timeout_connect: Option<Dur>,
    /// For the server to take data (`timeout server`).
    pub timeout_server: Option<Dur>,
    /// Where lines are sent.
    pub servers: List<Endpoint, 1>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum RingFormat {
    /// Nothing added.
    Raw,
    /// As RFC 3164.
    Rfc3164,
    /// As RFC 5424.
    Rfc5424,
    /// A priority and the text.
    Short,
    /// A priority.
    Priority,
    /// A priority and the time.
    Timed,
    /// The time in ISO form.
    Iso,
}

/// A `crt-store` section (HAProxy 3.0 and later).
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct CrtStore {
    /// Its identifier.
    pub id: Id,
    /// The name of the section.
    pub name: SecName,
    /// Where certificates are looked for (`crt-base`).
    pub crt_base: Option<Line>,
    /// Where keys are looked for (`key-base`).
    pub key_base: Option<Line>,
    /// The certificates (`load`).
    #[shape(default)]
    pub load_entries: Vec<LoadEntry>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A certificate of a store.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct LoadEntry {
    /// The file of the certificate.
    pub crt: Line,
    /// The file of its key.
    pub key: Option<Line>,
    /// Another name for it.
    pub alias: Option<Line>,
    /// The ACME section that renews it (HAProxy 3.2 and later).
    pub acme: Option<Id>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// A map file.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct MapFile {
    /// Its identifier.
    pub id: Id,
    /// Its name; the file is `maps/<name>.map` beside the configuration.
    pub name: SecName,
    /// For people.
    pub description: Option<Description>,
    /// What is looked up.
    #[shape(default)]
    pub entries: Vec<MapEntry>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct MapEntry {
    /// What is looked for; no white space, and no `#` in front.
    pub key: Line,
    /// What is found.
    pub value: Line,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}
