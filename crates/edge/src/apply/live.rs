//! The committed document and what was derived from it; readers take it without waiting for anyone.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use shape::Secrets;

use super::{
    candidate::Files,
    generation::{CONFIG_FILE, Number},
};
use crate::{
    render::Listen,
    state::{Document, Layout},
    store::Row,
};

/// What is live.
#[derive(Clone, Debug)]
pub struct Live {
    /// The document.
    pub document: Arc<Document>,
    /// Its row in the store.
    pub row: Row,
    /// Its canonical text, secrets sealed: what the next snapshot is compared with.
    pub text: Arc<str>,
    /// keepalived's configuration, where the document enables it.
    pub keepalived: Option<String>,
    /// The marker that the running worker reports; empty where the document could not be rendered for the HAProxy that is
    /// installed (none, or an older one than before).
    pub marker: String,
    /// The addresses that it listens on.
    pub listens: Vec<Listen>,
    /// The files of its generation.
    pub files: Files,
    /// The version of HAProxy that it was rendered for.
    pub version: String,
    /// The generation on disk.
    pub generation: Number,
    nested: OnceLock<Bytes>,
    flat: OnceLock<Bytes>,
}

impl Live {
    pub(super) fn new(parts: super::candidate::Candidate, row: Row, text: Arc<str>, generation: Number) -> Live {
        Live {
            document: parts.document,
            row,
            text,
            keepalived: parts.rendered.keepalived,
            marker: parts.rendered.marker,
            listens: parts.rendered.listens,
            files: parts.files,
            version: parts.version,
            generation,
            nested: OnceLock::new(),
            flat: OnceLock::new(),
        }
    }

    /// A stored document that cannot be rendered now. It can be read, patched and replaced all the same.
    pub(super) fn unrendered(document: Arc<Document>, row: Row, text: Arc<str>) -> Live {
        Live {
            document,
            row,
            text,
            keepalived: None,
            marker: String::new(),
            listens: Vec::new(),
            files: Files::default(),
            version: String::new(),
            generation: 0,
            nested: OnceLock::new(),
            flat: OnceLock::new(),
        }
    }

    /// The same in another generation, which a repair has built.
    pub(super) fn in_generation(&self, generation: Number) -> Live {
        Live { generation, ..self.clone() }
    }

    /// The rendered configuration; empty where the document could not be rendered.
    pub fn cfg(&self) -> &str {
        // It was text when it became a file of the generation.
        self.files.get(CONFIG_FILE).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Whether the document could be rendered.
    pub fn is_rendered(&self) -> bool {
        !self.marker.is_empty()
    }

    /// The hash of the document without `meta`; quoted, it is the ETag.
    pub fn hash(&self) -> &str {
        &self.row.sha
    }

    /// The document as it goes over the wire; written at the first request and kept.
    pub fn wire(&self, layout: Layout) -> Bytes {
        let kept = match layout {
            Layout::Nested => &self.nested,
            Layout::Flat => &self.flat,
        };
        kept.get_or_init(|| self.write(layout)).clone()
    }

    fn write(&self, layout: Layout) -> Bytes {
        Bytes::from(crate::state::to_json(&self.document, layout, Secrets::Masked))
    }
}
