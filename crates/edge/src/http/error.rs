//! What a failed apply looks like to a client.

use platform::http::error::Error;

use crate::{apply::ApplyError, store::StoreError};

impl From<ApplyError> for Error {
    fn from(error: ApplyError) -> Self {
        let message = error.to_string();
        match error {
            ApplyError::Busy => Error::unavailable("state.apply.busy", message),
            ApplyError::Held(_) => Error::unavailable("state.apply.held", message),
            ApplyError::Precondition { etag } => {
                let etag = etag.map(|etag| format!("\"{etag}\"")).unwrap_or_default();
                Error::precondition_failed(message, &etag)
            }
            ApplyError::Malformed(message) => Error::invalid("api.badRequest", message),
            ApplyError::Issues(issues) => Error::issues("state.schema.invalid", message, issues),
            ApplyError::PatchConflict(message) => Error::conflict("state.patch.conflict", message),
            ApplyError::Directives => Error::forbidden("auth.forbidden.directives", message),
            ApplyError::NoSnapshot(_) => Error::not_found("state.snapshot.notFound", message),
            ApplyError::Rejected { message, output, hints } => {
                Error::haproxy("haproxy.validate.failed", message, Some(output), hints)
            }
            ApplyError::Disk(cause) => {
                Error::unavailable("state.apply.disk", format!("{message}; nothing was changed")).with_cause(cause)
            }
            ApplyError::Store(cause) => cause.into(),
            ApplyError::Stopped => Error::conflict("haproxy.stopped", message),
            ApplyError::Sealed => Error::unavailable("state.load.sealed", message),
            ApplyError::Interrupted => Error::unavailable("state.apply.interrupted", message),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(cause) => Error::from(cause),
            damaged => Error::unavailable("state.snapshot.damaged", damaged.to_string()).with_cause(damaged),
        }
    }
}
