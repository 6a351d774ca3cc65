//! The audit log over HTTP: list, verify, export.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRef, State};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::body::QueryOf;
use super::error::Error;
use super::openapi::ErrorBody;
use super::platform::Platform;
use super::routes::{Access, Routes};
use crate::audit::{self, Query, Row, Verified};
use crate::permissions::Permission;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    Routes::default()
        .add(Access::needs(Permission::AuditRead), routes!(list_audit))
        .add(Access::needs(Permission::AuditRead), routes!(list_entries))
        .add(Access::needs(Permission::AuditRead), routes!(verify_audit))
        .add(Access::needs(Permission::AuditRead), routes!(export_audit))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// How many entries, newest first; 100 when absent, never more than 1,000.
    #[param(value_type = Option<u32>, minimum = 1)]
    limit: Option<String>,
    /// Exactly this category (`state`, `auth`, `api-token`, …).
    category: Option<String>,
    /// Exactly this actor (`u_…`, `pp_…`, `local:…`, `system`).
    actor: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Entries {
    #[schema(value_type = Vec<AuditEntry>)]
    entries: Vec<Row>,
}

/// One entry of the audit log.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes `audit::Row` to the API's document; the row itself knows nothing of OpenAPI")]
struct AuditEntry {
    id: i64,
    #[schema(format = DateTime)]
    ts: String,
    actor: String,
    category: String,
    action: String,
    target: Option<String>,
    details: Option<serde_json::Value>,
    /// `ok`, `fail`, `error`, `interrupted` or `pending`.
    outcome: String,
    /// The place in the chain; absent while pending.
    seq: Option<i64>,
    /// The hash in the chain; absent while pending.
    hash: Option<String>,
}

/// The newest entries of the audit log.
#[utoipa::path(get, path = "/api/audit", tag = "Observability", operation_id = "list_audit", params(ListQuery),
    responses((status = 200, description = "Entries, newest first.", body = Entries),
        (status = 400, description = "`limit` is not a positive number.", body = ErrorBody)))]
async fn list_audit(
    State(platform): State<Platform>,
    QueryOf(query): QueryOf<ListQuery>,
) -> Result<Json<Entries>, Error> {
    let limit = match query.limit.as_deref() {
        None => None,
        Some(text) => match text.parse::<u32>() {
            Ok(limit) if limit > 0 => Some(limit),
            _ => return Err(Error::invalid("validation.outOfRange", "`limit` must be a number from 1 to 1000")),
        },
    };
    let query = Query { limit, category: query.category, actor: query.actor, ..Query::default() };
    Ok(Json(Entries { entries: audit::list(&platform.db, &query).await? }))
}

/// The same under a name that also the mesh listener has, where `/api/audit` is its own.
#[utoipa::path(get, path = "/api/audit/entries", tag = "Observability", operation_id = "list_audit_entries", params(ListQuery),
    responses((status = 200, description = "Entries, newest first.", body = Entries),
        (status = 400, description = "`limit` is not a positive number.", body = ErrorBody)))]
async fn list_entries(platform: State<Platform>, query: QueryOf<ListQuery>) -> Result<Json<Entries>, Error> {
    list_audit(platform, query).await
}

/// Checks the chain of hashes over the whole log.
#[utoipa::path(get, path = "/api/audit/verify", tag = "Observability", operation_id = "verify_audit",
    responses((status = 200, description = "What was found.", body = Verification)))]
async fn verify_audit(State(platform): State<Platform>) -> Result<Json<Verification>, Error> {
    let found = audit::verify(&platform.db).await?;
    Ok(Json(Verification { ok: found.broken.is_none(), found }))
}

#[derive(Serialize, ToSchema)]
struct Verification {
    ok: bool,
    #[serde(flatten)]
    found: Verified,
}

/// The whole log, oldest first, one JSON object per line.
#[utoipa::path(get, path = "/api/audit/export", tag = "Observability", operation_id = "export_audit",
    responses((status = 200, description = "One entry per line.", content_type = "application/x-ndjson", body = String)))]
async fn export_audit(State(platform): State<Platform>) -> Response {
    let lines = audit::export(platform.db.clone()).map(|row| -> Result<Vec<u8>, std::io::Error> {
        let mut line = serde_json::to_vec(&row.map_err(std::io::Error::other)?)?;
        line.push(b'\n');
        Ok(line)
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson")),
        (CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"plenum-audit.ndjson\"")),
    ];
    (headers, Body::from_stream(lines)).into_response()
}
