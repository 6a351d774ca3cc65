//! The committed document and what was derived from it; readers take it without waiting for anyone.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use shape::Secrets;

use super::generation::Number;
use crate::{
    render::Listen,
    state::{Document, Layout},
    store::Row,
};

/// What is live.
#[derive(Debug)]
pub struct Live {
    /// The document.
    pub document: Arc<Document>,
    /// Its row in the store.
    pub row: Row,
    /// Its canonical text, secrets sealed: what the next snapshot is compared with.
    pub text: Arc<str>,
    /// The rendered configuration.
    pub cfg: Arc<str>,
    /// The marker that the running worker reports.
    pub marker: String,
    /// The addresses that it listens on.
    pub listens: Vec<Listen>,
    /// The generation on disk.
    pub generation: Number,
    nested: OnceLock<Bytes>,
}

impl Live {
    pub(super) fn new(parts: super::candidate::Candidate, row: Row, generation: Number) -> Live {
        Live {
            document: parts.document,
            row,
            text: parts.text,
            cfg: parts.rendered.cfg.into(),
            marker: parts.rendered.marker,
            listens: parts.rendered.listens,
            generation,
            nested: OnceLock::new(),
        }
    }

    /// The hash of the document without `meta`; quoted, it is the ETag.
    pub fn hash(&self) -> &str {
        &self.row.sha
    }

    /// The document as it goes over the wire. The usual layout is written once and kept.
    pub fn wire(&self, layout: Layout) -> Bytes {
        match layout {
            Layout::Nested => self.nested.get_or_init(|| self.write(layout)).clone(),
            Layout::Flat => self.write(layout),
        }
    }

    fn write(&self, layout: Layout) -> Bytes {
        Bytes::from(crate::state::to_json(&self.document, layout, Secrets::Masked))
    }
}
