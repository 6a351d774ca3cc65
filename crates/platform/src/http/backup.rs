//! The pause of writes around a backup of the data directory. It ends by itself, so a script that dies stops nothing.

use std::time::Duration;

use axum::Json;
use axum::extract::{FromRef, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::body::{OptionalJson, Payload};
use super::error::Error;
use super::openapi::{Acknowledged, ErrorBody, done};
use super::platform::Platform;
use super::routes::{Access, Routes};
use crate::audit::{self, Entry, Outcome};
use crate::db::{QuiesceError, QuiesceId};
use crate::identity::Caller;
use crate::permissions::Permission;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    Routes::default()
        .add(Access::needs(Permission::SystemBackup), routes!(quiesce_writes))
        .add(Access::needs(Permission::SystemBackup), routes!(resume_writes))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct QuiesceRequest {
    /// After so many seconds writes resume by themselves; never more than the configuration allows.
    limit_seconds: Option<u64>,
}

impl Payload for QuiesceRequest {}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Quiesced {
    ok: bool,
    /// Names this pause; hand it to `post`.
    id: String,
    /// Writes resume by themselves after so many seconds.
    limit_seconds: u64,
}

/// Pauses writes so that the data directory can be copied. Reads go on; writes wait.
#[utoipa::path(post, path = "/api/backup/pre", tag = "System", operation_id = "quiesce_writes",
    request_body(content = QuiesceRequest, description = "May be absent."),
    responses((status = 200, description = "Writes are paused.", body = Quiesced),
        (status = 409, description = "They are paused already.", body = ErrorBody),
        (status = 503, description = "Running writes did not finish in time.", body = ErrorBody)))]
async fn quiesce_writes(
    State(platform): State<Platform>,
    caller: Caller,
    OptionalJson(request): OptionalJson<QuiesceRequest>,
) -> Result<Json<Quiesced>, Error> {
    let most = platform.config.security.quiesce_limit_seconds;
    let limit_seconds = request.and_then(|request| request.limit_seconds).unwrap_or(most).clamp(1, most);
    // Before the pause, because it is a write itself.
    note(&platform, &caller, "quiesce", Outcome::Ok, json!({ "limitSeconds": limit_seconds })).await?;
    match platform.db.quiesce(Duration::from_secs(limit_seconds)).await {
        Ok(id) => Ok(Json(Quiesced { ok: true, id: format!("{:016x}", id.0), limit_seconds })),
        Err(error) => {
            let reason = json!({ "reason": error.to_string() });
            // The pause that is in the way would hold this entry back, too.
            if !matches!(error, QuiesceError::Already { .. }) {
                note(&platform, &caller, "quiesce", Outcome::Error, reason).await?;
            }
            Err(error.into())
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResumeRequest {
    /// The pause to end; any when absent.
    id: Option<String>,
}

impl Payload for ResumeRequest {}

/// Lets writes go on after a backup.
#[utoipa::path(post, path = "/api/backup/post", tag = "System", operation_id = "resume_writes",
    request_body(content = ResumeRequest, description = "May be absent."),
    responses((status = 200, description = "Writes go on.", body = Acknowledged),
        (status = 409, description = "They were not paused: the copy may be torn.", body = ErrorBody)))]
async fn resume_writes(
    State(platform): State<Platform>,
    caller: Caller,
    OptionalJson(request): OptionalJson<ResumeRequest>,
) -> Result<Json<Acknowledged>, Error> {
    let id = match request.and_then(|request| request.id) {
        None => None,
        Some(text) => Some(QuiesceId(
            u64::from_str_radix(&text, 16)
                .map_err(|_| Error::invalid("validation.invalidFormat", "`id` must be what `backup/pre` answered"))?,
        )),
    };
    platform.db.resume(id)?;
    note(&platform, &caller, "resume", Outcome::Ok, Value::Null).await?;
    Ok(done())
}

async fn note(
    platform: &Platform,
    caller: &Caller,
    action: &'static str,
    outcome: Outcome,
    details: Value,
) -> Result<(), Error> {
    if let Some(remaining) = platform.db.gate().paused_for() {
        return Err(QuiesceError::Already { remaining }.into());
    }
    let mut tx = platform.db.begin().await?;
    audit::record(&mut tx, Entry::new(&caller.actor, "system", action).details(details), outcome).await?;
    Ok(tx.commit().await?)
}

impl From<QuiesceError> for Error {
    fn from(error: QuiesceError) -> Self {
        let message = error.to_string();
        match error {
            QuiesceError::Already { .. } => Self::conflict("backup.already", message),
            QuiesceError::NotPaused => Self::conflict("backup.notPaused", message),
            QuiesceError::Busy(_) => Self::unavailable("backup.busy", message),
            QuiesceError::Database(error) => error.into(),
        }
    }
}
