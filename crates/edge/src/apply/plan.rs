//! What a change needs: nothing, runtime operations, or a reload. Pure.

use std::net::{IpAddr, SocketAddr};

use haproxy::admin::{self, Word};

use super::{candidate::Candidate, live::Live};
use crate::state::{Document, backend::Server, diff, sections::MapFile};

/// What has to be done to make a candidate live.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The configuration is the same to the byte.
    Nothing,
    /// Only values differ that HAProxy takes at run time.
    Runtime(Vec<Operation>),
    /// HAProxy must load the configuration anew.
    Reload,
}

impl Action {
    /// `none`, `runtime` or `reload`.
    pub fn name(&self) -> &'static str {
        match self {
            Action::Nothing => "none",
            Action::Runtime(_) => "runtime",
            Action::Reload => "reload",
        }
    }
}

/// One change over the admin socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `set server b/s weight n`.
    Weight {
        /// The backend's name.
        backend: String,
        /// The server's name.
        server: String,
        /// 0 to 256.
        weight: i64,
    },
    /// `set server b/s addr ip port n`.
    Address {
        /// The backend's name.
        backend: String,
        /// The server's name.
        server: String,
        /// Where it is now.
        address: SocketAddr,
    },
    /// All entries of a map, replaced in one step.
    Map {
        /// The file as the configuration names it.
        file: String,
        /// Key and value.
        entries: Vec<(String, String)>,
    },
}

impl Operation {
    /// The replacement of all entries of a map.
    pub(super) fn of_map(map: &MapFile) -> Operation {
        let entries =
            map.entries.iter().map(|entry| (entry.key.as_str().to_owned(), entry.value.as_str().to_owned())).collect();
        Operation::Map { file: crate::render::map_file(map), entries }
    }

    /// The command for it, where it is a single one.
    pub(super) fn change(&self) -> Option<Result<admin::Change, haproxy::Error>> {
        let words = |backend: &str, server: &str| Ok((Word::new(backend)?, Word::new(server)?));
        match self {
            Operation::Weight { backend, server, weight } => Some(words(backend, server).map(|(backend, server)| {
                admin::Change::ServerWeight { backend, server, weight: u16::try_from(*weight).unwrap_or(256) }
            })),
            Operation::Address { backend, server, address } => Some(words(backend, server).map(|(backend, server)| {
                admin::Change::ServerAddress { backend, server, address: address.ip(), port: Some(address.port()) }
            })),
            Operation::Map { .. } => None,
        }
    }

    /// In words, for the plan and the audit log.
    pub fn describe(&self) -> String {
        match self {
            Operation::Weight { backend, server, weight } => format!("set weight of {backend}/{server} to {weight}"),
            Operation::Address { backend, server, address } => {
                format!("set address of {backend}/{server} to {address}")
            }
            Operation::Map { file, entries } => format!("replace the {} entries of {file}", entries.len()),
        }
    }
}

/// A plan: the action and why.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What to do.
    pub action: Action,
    /// Why, in sentences.
    pub reasons: Vec<String>,
}

/// Compares a candidate with what is live. `running` is the marker that the worker reports, if one answers.
///
/// An equal marker means that the two configurations differ in runtime values only; see `render`.
pub fn plan(live: Option<&Live>, candidate: &Candidate, running: Option<&str>) -> Plan {
    let Some(live) = live else {
        return Plan { action: Action::Reload, reasons: vec!["there is no document yet".to_owned()] };
    };
    let marker = candidate.rendered.marker.as_str();
    if running != Some(marker) || live.marker != marker {
        return Plan { action: Action::Reload, reasons: reasons(live, candidate, running) };
    }
    if *live.cfg == *candidate.rendered.cfg && live.document.haproxy.maps == candidate.document.haproxy.maps {
        return Plan { action: Action::Nothing, reasons: vec!["the rendered configuration is the same".to_owned()] };
    }
    let operations = operations(&live.document, &candidate.document, &live.cfg);
    let reasons = operations.iter().map(Operation::describe).collect();
    Plan { action: Action::Runtime(operations), reasons }
}

fn reasons(live: &Live, candidate: &Candidate, running: Option<&str>) -> Vec<String> {
    if live.marker == candidate.rendered.marker {
        return match running {
            Some(_) => vec!["HAProxy runs another configuration than the stored one".to_owned()],
            None => vec!["HAProxy does not answer".to_owned()],
        };
    }
    let changes = diff::diff(&live.document, &candidate.document);
    if changes.is_empty() {
        return vec!["it is rendered differently for the HAProxy that is installed".to_owned()];
    }
    changes.iter().map(describe).collect()
}

/// One change in words, such as `backends web-pool is changed`.
fn describe(change: &diff::Change) -> String {
    let what = match change.kind {
        diff::ChangeKind::Added => "is new",
        diff::ChangeKind::Changed => "is changed",
        diff::ChangeKind::Removed => "is removed",
        diff::ChangeKind::Moved => "is moved",
    };
    match change.name.as_ref().or(change.id.as_ref()) {
        Some(name) => format!("{} {name} {what}", change.section),
        None => format!("{} {what}", change.section),
    }
}

/// The runtime operations that lead from one document to another with the same marker.
fn operations(from: &Document, to: &Document, cfg: &str) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (old, new) in from.haproxy.backends.iter().zip(&to.haproxy.backends) {
        if std::sync::Arc::ptr_eq(old, new) {
            continue;
        }
        let backend = new.name.as_str();
        for (old, new) in old.servers.iter().zip(new.servers.iter()) {
            let server = new.name.as_str();
            if old.address != new.address
                && let Some(address) = numeric(new.address.as_str())
            {
                operations.push(Operation::Address { backend: backend.to_owned(), server: server.to_owned(), address });
            }
            let weights = (weight(old), weight(new));
            if weights.0 != weights.1 {
                operations.push(Operation::Weight {
                    backend: backend.to_owned(),
                    server: server.to_owned(),
                    weight: weights.1,
                });
            }
        }
    }
    for (old, new) in from.haproxy.maps.iter().zip(&to.haproxy.maps) {
        let file = crate::render::map_file(new);
        // A map that no rule uses is a file only; HAProxy does not know it.
        if old.entries != new.entries && cfg.contains(&file) {
            operations.push(Operation::of_map(new));
        }
    }
    operations
}

/// A server's weight; HAProxy's default is 1 (manual 5.2, `weight`).
pub(super) fn weight(server: &Server) -> i64 {
    server.weight.as_ref().map_or(1, |weight| weight.get())
}

/// An address that needs no resolver, which is what HAProxy takes at run time.
pub(super) fn numeric(address: &str) -> Option<SocketAddr> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some(SocketAddr::new(host.parse::<IpAddr>().ok()?, port.parse().ok()?))
}
