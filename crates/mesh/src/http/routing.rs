//! Routes over HTTP.

use axum::{
    Json,
    extract::{Path, State},
};
use platform::{
    http::{body::QueryOf, error::Error},
    identity::Caller,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{audit::Limit, services::find};
use crate::registry::Refusal;
use crate::service;
use crate::{Mesh, store, text};

#[derive(Serialize, ToSchema)]
#[schema(as = MeshRoute)]
struct Route {
    name: String,
    domain: String,
    upstream: String,
    tls: bool,
    health_status: &'static str,
    /// Milliseconds.
    response_time: Option<u32>,
    last_checked: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshRoutes)]
pub(super) struct Routes {
    routes: Vec<Route>,
}

/// Every route.
#[utoipa::path(get, path = "/mesh/api/routing", tag = "Mesh", operation_id = "mesh_list_routes",
    responses((status = 200, description = "The routes by name.", body = Routes)))]
pub(super) async fn list_routes(State(mesh): State<Mesh>) -> Result<Json<Routes>, Error> {
    let active = store::all(&mesh.db).await?.into_iter().filter(|service| service.state == service::State::Active);
    let routes = active.map(|service| {
        let known = mesh.health.of(&service.key);
        Route {
            domain: mesh.fqdn(&service.key),
            upstream: service.upstream(),
            tls: service.tls,
            health_status: known.status.as_str(),
            response_time: known.last().filter(|check| check.ok).map(|check| check.ms),
            last_checked: known.last().map(|check| text::seconds(check.at)),
            name: service.name,
        }
    });
    Ok(Json(Routes { routes: routes.collect() }))
}

/// One request that a route answered. What its client sent is cleaned of what cannot be seen.
#[derive(Serialize, ToSchema)]
#[schema(as = MeshRequest)]
struct Request {
    /// RFC 3339, UTC.
    at: String,
    method: String,
    /// Without what followed a `?`.
    path: String,
    status: u16,
    /// Milliseconds, with a fraction.
    response_time: f64,
    /// Bytes of the answer.
    size: u64,
    /// The address it came from.
    remote: String,
    /// Such as `HTTP/2.0`.
    protocol: String,
}

impl From<caddy::requests::Request> for Request {
    fn from(line: caddy::requests::Request) -> Self {
        Self {
            method: text::clean(&line.method, 20),
            path: text::clean(&line.path, 2000),
            status: line.status,
            response_time: line.took as f64 / 1000.0,
            size: line.size,
            remote: line.remote,
            protocol: line.protocol,
            at: line.at,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshRequests)]
pub(super) struct Requests {
    ok: bool,
    name: String,
    requests: Vec<Request>,
    /// Why there is no answer, where the log cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The newest requests that a service's route answered, from Caddy's access log.
#[utoipa::path(get, path = "/mesh/api/routing/{name}/requests", tag = "Mesh", operation_id = "mesh_list_requests",
    params(("name" = String, Path, description = "Name of the service."), Limit),
    responses((status = 200, description = "Requests, newest first; or `ok: false` where the log cannot be read.",
            body = Requests),
        (status = 404, description = "There is none of that name."),
        (status = 422, description = "`limit` is not between 1 and 500.")))]
pub(super) async fn list_requests(
    State(mesh): State<Mesh>,
    Path(name): Path<String>,
    QueryOf(limit): QueryOf<Limit>,
) -> Result<Json<Requests>, Error> {
    let most = limit.number()? as usize;
    let service = find(&mesh, &name).await?;
    let read = mesh.publisher.newest_requests(&service.key, most).await;
    let (requests, reason) = match read {
        Ok(requests) => (requests.into_iter().map(Request::from).collect(), None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    Ok(Json(Requests { ok: reason.is_none(), name: service.name, requests, reason }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshReload)]
pub(super) struct Reloaded {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    message: String,
}

/// Gives Caddy the current configuration again.
#[utoipa::path(post, path = "/mesh/api/routing/reload", tag = "Mesh", operation_id = "mesh_reload",
    responses((status = 200, description = "Done; or `ok: false` where Caddy is not there or said no.", body = Reloaded)))]
pub(super) async fn reload(State(mesh): State<Mesh>, caller: Caller) -> Result<Json<Reloaded>, Error> {
    let (error, message) = match mesh.reload(&caller.actor).await {
        Ok(()) => (None, "Caddy configuration reloaded".to_owned()),
        Err(Refusal::Store(error)) => return Err(error.into()),
        Err(Refusal::Publish(error)) if error.is_unreachable() => {
            (Some("Caddy admin API unreachable"), error.to_string())
        }
        Err(refusal) => (Some("Caddy refused the configuration"), refusal.to_string()),
    };
    Ok(Json(Reloaded { ok: error.is_none(), error, message }))
}
