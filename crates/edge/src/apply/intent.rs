//! What a change over the admin socket was about to touch, kept in the store until the change is committed or taken back.
//!
//! A reload leaves the marker as a witness; a weight set at run time leaves nothing. If the daemon dies between the two,
//! the next one reads here which values may be wrong and gives them the committed document's. Everything else that
//! differs from the document was an operator's hand, and stays.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::plan::{Operation, numeric, weight};
use crate::state::Document;

/// The servers and maps that a runtime change touches.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Intent {
    servers: BTreeSet<(String, String)>,
    maps: BTreeSet<String>,
}

impl Intent {
    /// The intent behind these operations.
    pub(super) fn of(operations: &[Operation]) -> Intent {
        let mut intent = Intent::default();
        for operation in operations {
            match operation {
                Operation::Weight { backend, server, .. } | Operation::Address { backend, server, .. } => {
                    intent.servers.insert((backend.clone(), server.clone()));
                }
                Operation::Map { file, .. } => {
                    intent.maps.insert(file.clone());
                }
            }
        }
        intent
    }

    /// The operations that give everything touched the values of `document`.
    pub(super) fn settle(&self, document: &Document) -> Vec<Operation> {
        let mut operations = Vec::new();
        for backend in document.haproxy.backends.iter() {
            for server in backend.servers.iter() {
                let names = (backend.name.as_str().to_owned(), server.name.as_str().to_owned());
                if !self.servers.contains(&names) {
                    continue;
                }
                let (backend, server_name) = names;
                if let Some(address) = numeric(server.address.as_str()) {
                    operations.push(Operation::Address {
                        backend: backend.clone(),
                        server: server_name.clone(),
                        address,
                    });
                }
                operations.push(Operation::Weight { backend, server: server_name, weight: weight(server) });
            }
        }
        operations.extend(
            document
                .haproxy
                .maps
                .iter()
                .filter(|map| self.maps.contains(&crate::render::map_file(map)))
                .map(|map| Operation::of_map(map)),
        );
        operations
    }
}
