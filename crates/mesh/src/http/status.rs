//! How the area is, in one answer.

use axum::{Json, extract::State};
use platform::{audit, http::error::Error};
use serde::Serialize;
use utoipa::ToSchema;

use super::{audit::Entry, tls};
use crate::{Mesh, health, registry::CATEGORY, service, store};

#[derive(Serialize, ToSchema)]
#[schema(as = MeshStatus)]
pub(super) struct Status {
    /// Whether queries are answered: it was asked.
    dns: bool,
    /// Whether Caddy's admin API answers.
    caddy: bool,
    services: Services,
    certs: Certificates,
    servers: Servers,
    last_audit: Option<Entry>,
}

#[derive(Default, Serialize, ToSchema)]
#[schema(as = MeshServiceCounts)]
struct Services {
    up: usize,
    degraded: usize,
    down: usize,
    total: usize,
}

#[derive(Default, Serialize, ToSchema)]
#[schema(as = MeshCertificateCounts)]
struct Certificates {
    valid: usize,
    expiring: usize,
    expired: usize,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshServerCounts)]
struct Servers {
    online: usize,
    total: usize,
}

/// How DNS, Caddy, services, certificates and servers are.
#[utoipa::path(get, path = "/mesh/api/status", tag = "Mesh", operation_id = "mesh_status",
    responses((status = 200, description = "The state of everything.", body = Status)))]
pub(super) async fn get_status(State(mesh): State<Mesh>) -> Result<Json<Status>, Error> {
    let (dns, caddy) = tokio::join!(mesh.publisher.dns.answers(&mesh.config.domain), mesh.publisher.proxy.is_up());
    let mut services = Services::default();
    for service in store::all(&mesh.db).await? {
        if service.state == service::State::Active {
            services.total += 1;
            match mesh.health.of(&service.key).status {
                health::Status::Up => services.up += 1,
                health::Status::Degraded => services.degraded += 1,
                health::Status::Down => services.down += 1,
                health::Status::Unknown => {}
            }
        }
    }
    let mut certs = Certificates::default();
    for certificate in store::live(&mesh.db).await? {
        match tls::status(&certificate, mesh.clock.now()) {
            "expired" => certs.expired += 1,
            "expiring" => certs.expiring += 1,
            _ => certs.valid += 1,
        }
    }
    let query = audit::Query { limit: Some(1), category: Some(CATEGORY.to_owned()), ..audit::Query::default() };
    let last_audit = audit::list(&mesh.db, &query).await?.into_iter().next().map(Entry::from);
    let (online, total) = mesh.count_machines().await?;
    Ok(Json(Status { dns, caddy, services, certs, servers: Servers { online, total }, last_audit }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshPing)]
pub(super) struct Ping {
    ok: bool,
}

/// Whether anybody is there.
#[utoipa::path(get, path = "/mesh/api/ping", tag = "Mesh", operation_id = "mesh_ping",
    responses((status = 200, description = "Somebody is.", body = Ping)))]
pub(super) async fn ping() -> Json<Ping> {
    Json(Ping { ok: true })
}
