//! What can be changed at run time, as values.

use std::net::IpAddr;

use super::words::{Text, Word};
use super::{reply, servers};
use crate::{Error, Result};

/// One change of a running worker. None of them outlives the process; a reload keeps none of them either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An absolute weight, 0 to 256. (A percentage of a base weight of 1 would silently become 0.)
    ServerWeight {
        backend: Word,
        server: Word,
        weight: u16,
    },
    /// The address, and the port unless it stays.
    ServerAddress {
        backend: Word,
        server: Word,
        address: IpAddr,
        port: Option<u16>,
    },
    ServerState {
        backend: Word,
        server: Word,
        state: ServerState,
    },
    /// The limit of connections; 0 is none.
    ServerMaxconn {
        backend: Word,
        server: Word,
        maxconn: u32,
    },
    /// Resumes a frontend's listeners, or pauses them: clients are refused.
    FrontendEnabled {
        frontend: Word,
        enabled: bool,
    },
    FrontendMaxconn {
        frontend: Word,
        maxconn: u32,
    },
    GlobalMaxconn {
        maxconn: u32,
    },
    /// Adds an entry; a key may be in a map more than once, and the first counts.
    MapAdd {
        map: Text,
        key: Text,
        value: Text,
    },
    /// Gives every entry with this key another value.
    MapSet {
        map: Text,
        key: Text,
        value: Text,
    },
    /// Removes every entry with this key.
    MapDelete {
        map: Text,
        key: Text,
    },
    /// Resets the statistics' maxima, or all counters.
    ClearCounters {
        all: bool,
    },
}

/// What an operator wants of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerState {
    /// In service.
    Ready,
    /// No new connections but those that stick to it.
    Drain,
    /// Out of service, unchecked.
    Maintenance,
}

impl Change {
    pub(super) fn command(&self) -> String {
        match self {
            Self::ServerWeight { backend, server, weight } => format!("set server {backend}/{server} weight {weight}"),
            Self::ServerAddress { backend, server, address, port: None } => {
                format!("set server {backend}/{server} addr {address}")
            }
            Self::ServerAddress { backend, server, address, port: Some(port) } => {
                format!("set server {backend}/{server} addr {address} port {port}")
            }
            Self::ServerState { backend, server, state } => {
                format!("set server {backend}/{server} state {}", state.keyword())
            }
            Self::ServerMaxconn { backend, server, maxconn } => {
                format!("set maxconn server {backend}/{server} {maxconn}")
            }
            Self::FrontendEnabled { frontend, enabled: true } => format!("enable frontend {frontend}"),
            Self::FrontendEnabled { frontend, enabled: false } => format!("disable frontend {frontend}"),
            Self::FrontendMaxconn { frontend, maxconn } => format!("set maxconn frontend {frontend} {maxconn}"),
            Self::GlobalMaxconn { maxconn } => format!("set maxconn global {maxconn}"),
            Self::MapAdd { map, key, value } => format!("add map {map} {key} {value}"),
            Self::MapSet { map, key, value } => format!("set map {map} {key} {value}"),
            Self::MapDelete { map, key } => format!("del map {map} {key}"),
            Self::ClearCounters { all: true } => "clear counters all".to_owned(),
            Self::ClearCounters { all: false } => "clear counters".to_owned(),
        }
    }

    pub(super) fn judge(&self, command: &str, reply: &str) -> Result<()> {
        match self {
            // Success and failure are both sentences of severity "warning" here.
            Self::ServerAddress { .. } => {
                reply::refuse_errors(command, reply)?;
                let text = reply::severity(reply).map_or(reply, |(_, text)| text).trim();
                if servers::is_address_success(text) {
                    return Ok(());
                }
                Err(Error::Refused { command: reply::shown(command), reply: reply::first_line(text) })
            }
            _ => reply::expect_nothing(command, reply),
        }
    }
}

impl ServerState {
    fn keyword(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Drain => "drain",
            Self::Maintenance => "maint",
        }
    }
}
