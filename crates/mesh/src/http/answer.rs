//! The shapes that all of the area's answers share, and what a refusal looks like.

use axum::Json;
use platform::http::error::Error;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ca::CaError;
use crate::registry::Refusal;
use crate::service::Invalid;

/// The result of an operation. `ok: false` is an answer too, and 200: `stderr` says what to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MeshResult)]
pub(super) struct Outcome {
    ok: bool,
    stdout: String,
    stderr: String,
    exit_code: i32,
    /// The same in one sentence.
    message: String,
}

impl Outcome {
    pub(super) fn done(message: impl Into<String>, stdout: impl Into<String>) -> Json<Self> {
        Json(Self { ok: true, stdout: stdout.into(), stderr: String::new(), exit_code: 0, message: message.into() })
    }

    pub(super) fn failed(stderr: impl Into<String>) -> Json<Self> {
        let stderr = stderr.into();
        Json(Self { ok: false, stdout: String::new(), message: stderr.clone(), stderr, exit_code: 1 })
    }
}

/// What a refusal is to a caller: their mistake is a status, everything else an answer with `ok: false`.
pub(super) fn refused(refusal: Refusal) -> Result<Json<Outcome>, Error> {
    match refusal {
        Refusal::Invalid(invalid) => Err(unprocessable(invalid)),
        Refusal::Exists(_) => Err(Error::conflict("mesh.service.exists", refusal.to_string())),
        Refusal::Store(error) => Err(error.into()),
        Refusal::Unknown(_) => Ok(Outcome::failed(refusal.to_string())),
        Refusal::Publish(error) if error.is_unreachable() => Ok(Outcome::failed(format!(
            "Caddy is not reachable, so nothing was changed ({error}). Is the package `caddy` installed, and are the ports of mesh.caddy free?"
        ))),
        Refusal::Publish(_) | Refusal::Ca(_) => Ok(Outcome::failed(format!("{refusal}; nothing was changed"))),
    }
}

/// 422: what was asked for cannot be.
pub(super) fn unprocessable(invalid: Invalid) -> Error {
    Error::unprocessable("mesh.invalid", invalid.0)
}

/// The authority does not work; the cause is in the log.
pub(super) fn no_ca(error: CaError) -> Error {
    Error::internal(error)
}
