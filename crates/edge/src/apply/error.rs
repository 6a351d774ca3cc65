//! Why a change did not become the running configuration.

use std::{io, time::Duration};

use shape::Issue;

use super::hints::Hint;
use crate::store::StoreError;

/// A change that was not applied. Whatever the variant, the configuration that ran before runs on.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The change waited for the ones before it for too long.
    #[error("other changes are still being applied; try again")]
    Busy,
    /// A backup holds all writes.
    #[error("writes are held for a backup for {} more seconds; run `plenum backup-post`, or try again", .0.as_secs())]
    Held(Duration),
    /// The document is not the one that the caller has seen.
    #[error("the document has changed since it was read; read it again and repeat the change on it")]
    Precondition {
        /// The current document's ETag (hex), if there is a document.
        etag: Option<String>,
    },
    /// The body is not JSON, or not a patch.
    #[error("{0}")]
    Malformed(String),
    /// The document has problems; all of them are here.
    #[error("the document has {} problem(s)", .0.len())]
    Issues(Vec<Issue>),
    /// A `test` of a patch does not hold, or a pointer leads nowhere.
    #[error("{0}")]
    PatchConflict(String),
    /// The change touches free directives, and the caller may not.
    #[error("changing advancedDirectives, or commands of keepalived, needs the permission edge:directives")]
    Directives,
    /// There is no such snapshot.
    #[error("there is no snapshot {0}")]
    NoSnapshot(String),
    /// HAProxy, its checker, or the machine refuses what the document asks for.
    #[error("{message}")]
    Rejected {
        /// What happened, in a sentence.
        message: String,
        /// The engine's own words.
        output: String,
        /// The same, led back to the document.
        hints: Vec<Hint>,
    },
    /// A stored document's secrets cannot be opened.
    #[error(
        "the stored document's secrets cannot be opened with the present secret.key; put the key back that sealed them"
    )]
    Sealed,
    /// HAProxy was stopped on purpose.
    #[error("HAProxy is stopped; start it with POST /api/haproxy/start")]
    Stopped,
    /// The generation could not be written.
    #[error("the configuration could not be written to disk: {0}")]
    Disk(#[from] io::Error),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The task that applied the change ended before its time.
    #[error("the change was interrupted inside Plenum; see the log")]
    Interrupted,
}

impl From<platform::db::Error> for ApplyError {
    fn from(error: platform::db::Error) -> Self {
        ApplyError::Store(error.into())
    }
}

impl ApplyError {
    /// A refusal without a word from the engine.
    pub(crate) fn rejected(message: impl Into<String>) -> ApplyError {
        ApplyError::Rejected { message: message.into(), output: String::new(), hints: Vec::new() }
    }

    /// One line for the audit log.
    pub(crate) fn summary(&self) -> String {
        match self {
            ApplyError::Rejected { message, hints, .. } => match hints.first() {
                Some(hint) => format!("{message}: {}", hint.message),
                None => message.clone(),
            },
            other => other.to_string(),
        }
    }
}
