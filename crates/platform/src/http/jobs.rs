//! Background work: what each reconciler last did, and running one now.

use axum::Json;
use axum::extract::{FromRef, Path, State};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::error::Error;
use super::openapi::{Acknowledged, ErrorBody, done};
use super::platform::Platform;
use super::routes::{Access, Routes};
use crate::audit::{self, Entry, Outcome};
use crate::identity::Caller;
use crate::permissions::Permission;
use crate::reconcile::Status;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    Routes::default()
        .add(Access::needs(Permission::JobsRead), routes!(list_reconcilers))
        .add(Access::needs(Permission::JobsRun), routes!(run_reconciler))
}

/// What is known about one reconciler.
#[derive(ToSchema)]
#[schema(as = Reconciler, rename_all = "camelCase")]
#[allow(dead_code, reason = "describes `reconcile::Status` to the API's document")]
struct StatusView {
    name: String,
    interval_secs: u64,
    running: bool,
    runs: u64,
    failures: u64,
    #[schema(format = DateTime)]
    last_start: Option<String>,
    #[schema(format = DateTime)]
    last_end: Option<String>,
    last_outcome: Option<String>,
    last_error: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Statuses {
    #[schema(value_type = Vec<StatusView>)]
    reconcilers: Vec<Status>,
}

/// What each reconciler last did.
#[utoipa::path(get, path = "/api/reconcilers", tag = "System", operation_id = "list_reconcilers",
    responses((status = 200, description = "The reconcilers by name.", body = Statuses)))]
async fn list_reconcilers(State(platform): State<Platform>) -> Json<Statuses> {
    Json(Statuses { reconcilers: platform.reconcilers.status() })
}

/// Runs a reconciler now.
#[utoipa::path(post, path = "/api/reconcilers/{name}/run", tag = "System", operation_id = "run_reconciler",
    params(("name" = String, Path, description = "Name of the reconciler.")),
    responses((status = 202, description = "It will run.", body = Acknowledged),
        (status = 404, description = "There is none of that name.", body = ErrorBody)))]
async fn run_reconciler(
    State(platform): State<Platform>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<Acknowledged>), Error> {
    let Some(found) = platform.reconcilers.status().into_iter().find(|status| status.name == name) else {
        return Err(Error::not_found("jobs.notFound", "there is no reconciler of that name"));
    };
    let mut tx = platform.db.begin().await?;
    audit::record(&mut tx, Entry::new(&caller.actor, "job", "run").target(found.name), Outcome::Ok).await?;
    tx.commit().await?;
    platform.reconcilers.poke(found.name);
    Ok((StatusCode::ACCEPTED, done()))
}
