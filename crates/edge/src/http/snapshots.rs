//! `/api/snapshots`: the document's history.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use platform::http::{body::QueryOf, error::Error};
use platform::{identity::Caller, permissions::Permission};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shape::Secrets;
use utoipa::ToSchema;

use crate::{
    Edge,
    apply::{ApplyError, Change, Edit, Preview, Wanted},
    state::{self, Layout, diff},
    store::{self, Row, SnapshotId},
};

/// One snapshot in the list: the documented fields, and those that the original's web app reads.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SnapshotRow {
    id: String,
    snapshot_at: String,
    actor: String,
    reason: Option<String>,
    name: String,
    iso: String,
    sha: String,
    size: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SnapshotList {
    snapshots: Vec<SnapshotRow>,
}

/// A snapshot with its document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Snapshot {
    id: String,
    snapshot_at: String,
    actor: String,
    reason: Option<String>,
    #[schema(schema_with = document_ref)]
    state: Box<RawValue>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Restored {
    restored_from: String,
    snapshot_at: String,
    #[schema(schema_with = document_ref)]
    state: Box<RawValue>,
}

/// Stored documents, newest first; the first is the current one.
#[utoipa::path(
    get, path = "/api/snapshots", operation_id = "list_snapshots", tag = "State",
    responses((status = 200, description = "All snapshots", body = SnapshotList)),
)]
pub(super) async fn list_snapshots(State(edge): State<Edge>) -> Result<axum::Json<SnapshotList>, Error> {
    let rows = store::list(edge.engine.db()).await?;
    Ok(axum::Json(SnapshotList { snapshots: rows.into_iter().map(SnapshotRow::from).collect() }))
}

/// One stored document.
#[utoipa::path(
    get, path = "/api/snapshots/{id}", operation_id = "get_snapshot", tag = "State",
    params(("id" = String, Path, description = "The snapshot's id, with or without `.json`")),
    responses(
        (status = 200, description = "The snapshot with its document", body = Snapshot),
        (status = 400, description = "Not an id"),
        (status = 404, description = "No such snapshot"),
    ),
)]
pub(super) async fn get_snapshot(State(edge): State<Edge>, Path(id): Path<String>) -> Result<Response, Error> {
    let row = find(&edge, &id).await?;
    let document = edge.engine.stored_document(&row).await?;
    let state = raw(state::to_json(&document, Layout::Nested, Secrets::Masked))?;
    let Row { id, at, actor, reason, .. } = row;
    Ok(axum::Json(Snapshot { id, snapshot_at: iso(at), actor, reason, state }).into_response())
}

/// Makes a stored document the current one, through the whole apply.
#[utoipa::path(
    post, path = "/api/snapshots/{id}/restore", operation_id = "restore_snapshot", tag = "State",
    params(("id" = String, Path, description = "The snapshot's id, with or without `.json`")),
    responses(
        (status = 200, description = "Restored; the document as persisted", body = Restored),
        (status = 400, description = "Not an id"),
        (status = 404, description = "No such snapshot"),
        (status = 502, description = "HAProxy refuses it; nothing was changed"),
    ),
)]
pub(super) async fn restore_snapshot(
    State(edge): State<Edge>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let row = find(&edge, &id).await?;
    let change = restoring(&edge, &caller, &row, &headers).await?;
    let applied = edge.engine.apply(change).await?;
    let state = raw(applied.live.wire(Layout::Nested).to_vec())?;
    Ok(axum::Json(Restored { restored_from: row.id, snapshot_at: iso(row.at), state }).into_response())
}

/// Which document to compare with, and how far to check.
#[derive(Debug, Default, Deserialize)]
pub(super) struct DiffQuery {
    to: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct CheckQuery {
    #[serde(default)]
    check: bool,
}

/// What differs between two stored documents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SnapshotDiff {
    /// The older side's id.
    from: String,
    /// The other side's id.
    to: String,
    /// What is added, changed, removed or moved, by name.
    changes: Vec<diff::Change>,
    /// The unified diff of the rendered configurations; null where the HAProxy that is installed cannot run both.
    diff: Option<String>,
}

/// What changed from one stored document to another.
#[utoipa::path(
    get, path = "/api/snapshots/{id}/diff", operation_id = "diff_snapshots", tag = "State",
    params(
        ("id" = String, Path, description = "The snapshot's id, with or without `.json`"),
        ("to" = Option<String>, Query, description = "Another snapshot's id, or `current` (default)"),
    ),
    responses(
        (status = 200, description = "What differs; secrets in the text are masked for roles below admin", body = SnapshotDiff),
        (status = 400, description = "Not an id"),
        (status = 404, description = "No such snapshot"),
    ),
)]
pub(super) async fn diff_snapshots(
    State(edge): State<Edge>,
    caller: Caller,
    Path(id): Path<String>,
    QueryOf(query): QueryOf<DiffQuery>,
) -> Result<axum::Json<SnapshotDiff>, Error> {
    let from = find(&edge, &id).await?;
    let to = match query.to.as_deref() {
        None | Some("current") => newest(&edge).await?,
        Some(id) => find(&edge, id).await?,
    };
    let (before, after) = (edge.engine.stored_document(&from).await?, edge.engine.stored_document(&to).await?);
    let secrets = caller.role.may(Permission::EdgeSecretsRead);
    let names = (from.id.clone(), to.id.clone());
    let found = edge.engine.compare(before, after, names, secrets).await?;
    Ok(axum::Json(SnapshotDiff { from: from.id, to: to.id, changes: found.changes, diff: found.diff }))
}

/// What restoring a stored document would change, and whether a reload is needed. Changes nothing.
#[utoipa::path(
    post, path = "/api/snapshots/{id}/plan", operation_id = "plan_restore", tag = "State",
    params(
        ("id" = String, Path, description = "The snapshot's id, with or without `.json`"),
        ("check" = Option<bool>, Query, description = "Let HAProxy check the configuration, and test-bind its addresses"),
        ("If-Match" = Option<String>, Header, description = "Only if the current document has this ETag; else 412"),
    ),
    responses(
        (status = 200, description = "The plan", body = Preview),
        (status = 400, description = "Not an id"),
        (status = 404, description = "No such snapshot"),
        (status = 412, description = "The document has changed since"),
        (status = 422, description = "The stored document cannot be rendered any more; all problems are in `issues`"),
        (status = 502, description = "With `check`: HAProxy refuses it"),
    ),
)]
pub(super) async fn plan_restore(
    State(edge): State<Edge>,
    caller: Caller,
    Path(id): Path<String>,
    QueryOf(query): QueryOf<CheckQuery>,
    headers: HeaderMap,
) -> Result<axum::Json<Preview>, Error> {
    let row = find(&edge, &id).await?;
    let change = restoring(&edge, &caller, &row, &headers).await?;
    let secrets = caller.role.may(Permission::EdgeSecretsRead);
    let wanted = Wanted { check: query.check, rendered: false, secrets };
    Ok(axum::Json(edge.engine.preview(change, wanted).await?))
}

/// The change that a restore is.
async fn restoring(edge: &Edge, caller: &Caller, row: &Row, headers: &HeaderMap) -> Result<Change, Error> {
    let document = edge.engine.stored_document(row).await?;
    Ok(Change {
        edit: Edit::Whole(document.into()),
        actor: caller.actor.clone(),
        reason: Some(format!("restore:{}", row.id)),
        precondition: super::state::precondition(headers)?,
        directives: caller.role.may(Permission::EdgeDirectives),
        id: super::state::apply_id(headers)?,
    })
}

impl From<Row> for SnapshotRow {
    fn from(row: Row) -> Self {
        let at = iso(row.at);
        SnapshotRow {
            name: format!("{}.json", row.id),
            id: row.id,
            iso: at.clone(),
            snapshot_at: at,
            actor: row.actor,
            reason: row.reason,
            sha: row.sha,
            size: row.size,
        }
    }
}

async fn find(edge: &Edge, id: &str) -> Result<Row, Error> {
    let parsed = SnapshotId::parse(id).ok_or_else(|| {
        Error::invalid("state.snapshot.invalidId", "a snapshot's id looks like 2026-05-17T12-34-56Z-abc1234")
    })?;
    let row = store::find(edge.engine.db(), &parsed).await?;
    Ok(row.ok_or_else(|| ApplyError::NoSnapshot(parsed.to_string()))?)
}

/// The snapshot of the current document.
async fn newest(edge: &Edge) -> Result<Row, Error> {
    let first = store::list(edge.engine.db()).await?.into_iter().next();
    first.ok_or_else(|| Error::not_found("state.notInitialized", "no document was ever applied; PUT one"))
}

/// Milliseconds and `Z`, as the original writes its times.
fn iso(micros: i64) -> String {
    let at = platform::clock::from_micros(micros);
    let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
    format!("{at:.3}")
}

fn document_ref() -> utoipa::openapi::Ref {
    utoipa::openapi::Ref::from_schema_name("Document")
}

/// Text that is JSON already, put into an answer without reading it again.
fn raw(json: Vec<u8>) -> Result<Box<RawValue>, Error> {
    let text = String::from_utf8(json).map_err(Error::internal)?;
    RawValue::from_string(text).map_err(Error::internal)
}
