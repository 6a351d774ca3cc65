//! What a change needs: nothing, runtime operations, or a reload. Pure.

use std::{collections::HashMap, net::SocketAddr};

use haproxy::admin::{self, Text, Word};

use super::{candidate::Candidate, live::Live};
use crate::{
    render,
    state::{
        Document,
        backend::{Balance, Server},
        diff,
        sections::MapFile,
    },
};

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

/// An action by its name, as clients read it.
#[derive(serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionName {
    /// Nothing to do.
    None,
    /// Over the admin socket.
    Runtime,
    /// A new worker.
    Reload,
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
        Operation::Map { file: render::map_file(map), entries }
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

    /// Whether HAProxy takes it at run time. Weights need a balance algorithm that follows them (management guide, `set weight`),
    /// and some texts cannot be part of a command.
    fn is_possible(&self, document: &Document) -> bool {
        match self {
            Operation::Weight { backend, .. } => {
                let backend = document.haproxy.backends.iter().find(|found| found.name.as_str() == backend);
                let follows = backend.is_some_and(|found| {
                    matches!(found.balance, Balance::Roundrobin | Balance::Leastconn | Balance::Random)
                });
                follows && self.change().is_some_and(|change| change.is_ok())
            }
            Operation::Address { .. } => self.change().is_some_and(|change| change.is_ok()),
            Operation::Map { file, entries } => {
                let text = |text: &String| Text::new(text).is_ok();
                text(file) && entries.iter().all(|(key, value)| text(key) && text(value))
            }
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
    if live.files == candidate.files {
        return Plan { action: Action::Nothing, reasons: vec!["the rendered configuration is the same".to_owned()] };
    }
    if live.keepalived != candidate.rendered.keepalived {
        return Plan { action: Action::Reload, reasons: vec!["keepalived's configuration changes".to_owned()] };
    }
    let operations = operations(&live.document, &candidate.document, live.cfg());
    let reasons: Vec<String> = operations.iter().map(Operation::describe).collect();
    let possible =
        !operations.is_empty() && operations.iter().all(|operation| operation.is_possible(&candidate.document));
    Plan { action: if possible { Action::Runtime(operations) } else { Action::Reload }, reasons }
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
    // By file, not by place: two maps that swap their names have other contents under the same names.
    let before: HashMap<String, &MapFile> =
        from.haproxy.maps.iter().map(|map| (render::map_file(map), &**map)).collect();
    for new in &to.haproxy.maps {
        let file = render::map_file(new);
        // A map that no rule uses is a file only; HAProxy does not know it.
        if before.get(&file).is_none_or(|old| old.entries != new.entries) && cfg.contains(&file) {
            operations.push(Operation::of_map(new));
        }
    }
    operations
}

/// A server's weight; HAProxy's default is 1 (manual 5.2, `weight`).
pub(super) fn weight(server: &Server) -> i64 {
    server.weight.as_ref().map_or(1, |weight| weight.get())
}

/// An address that HAProxy takes at run time; the same that the renderer leaves out of the marker.
pub(super) fn numeric(address: &str) -> Option<SocketAddr> {
    render::numeric(address)
}
