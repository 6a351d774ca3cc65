//! Routes over HTTP.

use axum::{Json, extract::State};
use platform::{http::error::Error, identity::Caller};
use serde::Serialize;
use utoipa::ToSchema;

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
