//! The daemon about itself: liveness, metrics, languages, and the pause of writes around a backup.

use std::time::Duration;

use axum::Json;
use axum::extract::{FromRef, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::body::{OptionalJson, Payload};
use super::error::Error;
use super::openapi::ErrorBody;
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
        // Public: a load balancer has no credential, and the answer says nothing but that we live.
        .add(Access::public(), routes!(get_health))
        .add(Access::public(), routes!(get_api_health))
        // Public: the login page needs it.
        .add(Access::public(), routes!(list_languages))
        .add(Access::needs(Permission::MetricsRead), routes!(get_metrics))
        .add(Access::needs(Permission::SystemBackup), routes!(quiesce_writes))
        .add(Access::needs(Permission::SystemBackup), routes!(resume_writes))
}

#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`: who cannot answer does not answer.
    status: &'static str,
    service: &'static str,
    /// How much the web app reports about itself.
    #[serde(rename = "frontendLogging")]
    frontend_logging: FrontendLogging,
}

#[derive(Serialize, ToSchema)]
struct FrontendLogging {
    enabled: bool,
    #[schema(value_type = String)]
    level: crate::config::LogLevel,
    /// The level per category.
    #[schema(value_type = Object)]
    categories: Value,
}

fn health(platform: &Platform) -> Response {
    let crate::config::FrontendLogging { enabled, level } = platform.config.frontend_logging;
    let names = ["app", "auth", "api", "state", "haproxy", "cert", "peer", "error"];
    let categories = names.into_iter().map(|name| (name.to_owned(), json!(level))).collect();
    let frontend_logging = FrontendLogging { enabled, level, categories: Value::Object(categories) };
    let no_store = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(Health { status: "ok", service: "plenum", frontend_logging })).into_response()
}

/// Whether the daemon answers.
#[utoipa::path(get, path = "/health", tag = "Health", operation_id = "get_health",
    responses((status = 200, description = "It does.", body = Health)))]
async fn get_health(State(platform): State<Platform>) -> Response {
    health(&platform)
}

/// Whether the daemon answers; the same as `/health`.
#[utoipa::path(get, path = "/api/health", tag = "Health", operation_id = "get_api_health",
    responses((status = 200, description = "It does.", body = Health)))]
async fn get_api_health(State(platform): State<Platform>) -> Response {
    health(&platform)
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Languages {
    languages: &'static [&'static str],
    default_language: &'static str,
}

/// The languages of the web app.
#[utoipa::path(get, path = "/api/i18n/languages", tag = "Configuration", operation_id = "list_languages",
    responses((status = 200, description = "Language codes.", body = Languages)))]
async fn list_languages() -> Json<Languages> {
    Json(Languages { languages: &["en"], default_language: "en" })
}

/// Counters and timings in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "Observability", operation_id = "get_metrics",
    responses((status = 200, description = "Prometheus text.", content_type = "text/plain", body = String)))]
async fn get_metrics(State(platform): State<Platform>) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, platform.metrics.render()).into_response()
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
    /// Names this pause; hand it to `resume`.
    id: String,
    /// Writes resume by themselves after so many seconds.
    limit_seconds: u64,
}

/// Pauses writes so that the data directory can be copied. Reads go on; writes wait.
#[utoipa::path(post, path = "/api/system/quiesce", tag = "System", operation_id = "quiesce_writes",
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
#[utoipa::path(post, path = "/api/system/resume", tag = "System", operation_id = "resume_writes",
    request_body(content = ResumeRequest, description = "May be absent."),
    responses((status = 200, description = "Writes go on.", body = Object),
        (status = 409, description = "They were not paused: the copy may be torn.", body = ErrorBody)))]
async fn resume_writes(
    State(platform): State<Platform>,
    caller: Caller,
    OptionalJson(request): OptionalJson<ResumeRequest>,
) -> Result<Json<Value>, Error> {
    let id = match request.and_then(|request| request.id) {
        None => None,
        Some(text) => Some(QuiesceId(
            u64::from_str_radix(&text, 16)
                .map_err(|_| Error::invalid("validation.invalidFormat", "`id` must be what `quiesce` answered"))?,
        )),
    };
    platform.db.resume(id)?;
    note(&platform, &caller, "resume", Outcome::Ok, Value::Null).await?;
    Ok(Json(json!({ "ok": true })))
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
            QuiesceError::Already { .. } => Self::conflict("system.quiesce.already", message),
            QuiesceError::NotPaused => Self::conflict("system.quiesce.notPaused", message),
            QuiesceError::Busy(_) => Self::unavailable("system.quiesce.busy", message),
            QuiesceError::Database(error) => error.into(),
        }
    }
}
