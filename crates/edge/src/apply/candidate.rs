//! A document on its way: read, checked, rendered, hashed. Pure apart from sealing its secrets.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use platform::secrets::Vault;

use super::{
    error::ApplyError,
    generation::{CONFIG_FILE, KEEPALIVED_FILE},
    live::Live,
};
use crate::{
    render::{self, Rendered, Target},
    state::{self, Document, PatchError, PatchKind, ReadError},
};

/// What a document's secrets are sealed for; the same everywhere in it, so that moving an entity does not change its text.
pub(super) const SEALED_FOR: &str = "edge.document";

/// How the new document is given.
#[derive(Clone, Debug)]
pub enum Edit {
    /// The whole document.
    Replace(Bytes),
    /// A change to the current one.
    Patch(PatchKind, Bytes),
    /// A document that Plenum holds already (a snapshot, the first document).
    Whole(Arc<Document>),
}

/// A document that could become live.
#[derive(Debug)]
pub struct Candidate {
    /// The document.
    pub document: Arc<Document>,
    /// What it renders to.
    pub rendered: Rendered,
    /// The files of its generation.
    pub files: Files,
    /// The version of HAProxy that it was rendered for.
    pub version: String,
}

/// A generation's files by their relative paths; shared, because a large configuration is a megabyte.
pub(super) type Files = Arc<BTreeMap<String, Vec<u8>>>;

impl Candidate {
    /// Reads an edit against what is live.
    pub fn read(edit: &Edit, live: Option<&Live>) -> Result<Arc<Document>, ApplyError> {
        let current = live.map(|live| &*live.document);
        match edit {
            Edit::Whole(document) => Ok(Arc::clone(document)),
            Edit::Replace(body) => Ok(Arc::new(state::read(body, current)?)),
            Edit::Patch(kind, body) => {
                let current = current
                    .ok_or_else(|| ApplyError::PatchConflict("there is no document to patch; PUT one".to_owned()))?;
                Ok(Arc::new(state::apply_patch(current, *kind, body)?))
            }
        }
    }

    /// Renders a document.
    pub fn derive(document: Arc<Document>, target: &Target) -> Result<Candidate, ApplyError> {
        let rendered = render::render(&document, target).map_err(ApplyError::Issues)?;
        let (files, version) = (files(&rendered), target.version.to_string());
        Ok(Candidate { document, rendered, files, version })
    }
}

/// A document as the store keeps it.
///
/// Apart from the candidate, because writing and hashing ten thousand backends takes longer than rendering them, and
/// HAProxy's checker need not wait for it.
#[derive(Clone, Debug)]
pub(super) struct Sealed {
    /// The canonical text without `meta`, secrets sealed.
    pub(super) text: Arc<str>,
    /// Canonical JSON of `meta`.
    pub(super) meta: String,
    /// SHA-256 (hex) of the text.
    pub(super) sha: String,
}

impl Sealed {
    /// Writes and hashes a document, sealing its secrets.
    pub(super) fn of(document: &Document, vault: &Vault) -> Sealed {
        // The document's own writer marks a sealed value with the same prefix.
        let seal =
            |clear: &str| vault.seal_deterministic(SEALED_FOR, clear).trim_start_matches(shape::SEALED).to_owned();
        let stored = state::stored(document, &seal);
        Sealed { text: stored.body.into(), meta: stored.meta, sha: stored.hash }
    }
}

/// The files of a rendered configuration's generation.
pub(super) fn files(rendered: &Rendered) -> Files {
    let mut files: BTreeMap<String, Vec<u8>> =
        rendered.files.iter().map(|(name, file)| (name.clone(), file.bytes.clone())).collect();
    files.insert(CONFIG_FILE.to_owned(), rendered.cfg.clone().into_bytes());
    if let Some(keepalived) = &rendered.keepalived {
        files.insert(KEEPALIVED_FILE.to_owned(), keepalived.clone().into_bytes());
    }
    Arc::new(files)
}

impl From<ReadError> for ApplyError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Malformed(message) => ApplyError::Malformed(message),
            ReadError::Issues(issues) => ApplyError::Issues(issues),
            ReadError::Sealed => ApplyError::Sealed,
        }
    }
}

impl From<PatchError> for ApplyError {
    fn from(error: PatchError) -> Self {
        match error {
            PatchError::Malformed(message) => ApplyError::Malformed(message),
            PatchError::Issues(issues) => ApplyError::Issues(issues),
            refused @ (PatchError::Pointer { .. } | PatchError::TestFailed { .. } | PatchError::TooLarge { .. }) => {
                ApplyError::PatchConflict(refused.to_string())
            }
        }
    }
}
