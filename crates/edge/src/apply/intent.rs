//! What a change over the admin socket was about to touch, kept in the store until the change is committed or taken back.
//!
//! A reload leaves the marker as a witness; a weight set at run time leaves nothing. If the daemon dies between the two,
//! the next one reads here which values may be wrong and gives them the committed document's. Everything else that
//! differs from the document was an operator's hand, and stays.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::plan::{Operation, numeric, weight};
use crate::state::Document;

/// What a runtime change touches.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Intent {
    weights: BTreeSet<(String, String)>,
    addresses: BTreeSet<(String, String)>,
    maps: BTreeSet<String>,
}

impl Intent {
    /// The intent behind these operations.
    pub(super) fn of(operations: &[Operation]) -> Intent {
        let mut intent = Intent::default();
        for operation in operations {
            match operation {
                Operation::Weight { backend, server, .. } => {
                    intent.weights.insert((backend.clone(), server.clone()));
                }
                Operation::Address { backend, server, .. } => {
                    intent.addresses.insert((backend.clone(), server.clone()));
                }
                Operation::Map { file, .. } => {
                    intent.maps.insert(file.clone());
                }
            }
        }
        intent
    }

    /// The operations that give everything touched, and nothing else, the values of `document`.
    pub(super) fn settle(&self, document: &Document) -> Vec<Operation> {
        let mut operations = Vec::new();
        for backend in document.haproxy.backends.iter() {
            for server in backend.servers.iter() {
                let names = (backend.name.as_str().to_owned(), server.name.as_str().to_owned());
                if self.addresses.contains(&names)
                    && let Some(address) = numeric(server.address.as_str())
                {
                    operations.push(Operation::Address { backend: names.0.clone(), server: names.1.clone(), address });
                }
                if self.weights.contains(&names) {
                    operations.push(Operation::Weight { backend: names.0, server: names.1, weight: weight(server) });
                }
            }
        }
        let maps = document.haproxy.maps.iter().filter(|map| self.maps.contains(&crate::render::map_file(map)));
        operations.extend(maps.map(|map| Operation::of_map(map)));
        operations
    }
}
