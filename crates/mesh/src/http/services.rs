//! The registry over HTTP.

use axum::{
    Json,
    extract::{Path, State},
};
use platform::{
    http::{
        body::{JsonBody, Payload},
        error::Error,
    },
    identity::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{Outcome, refused, unprocessable};
use crate::health::{self, Check};
use crate::registry::Wanted;
use crate::service::{self, Name, Protocol, Service};
use crate::{Mesh, store, text};

/// One service: the documented fields, and what else there is to know.
#[derive(Serialize, ToSchema)]
#[schema(as = MeshService)]
pub(super) struct Row {
    name: String,
    host: String,
    port: u16,
    /// How clients reach it through its route: `https`, or `http` without TLS.
    protocol: &'static str,
    health_path: String,
    /// `active`, or `inactive` once it was removed.
    status: &'static str,
    /// `healthy`, `degraded`, `down` or `unknown`.
    health_status: &'static str,
    last_health_check: Option<String>,
    registered_at: String,
    deregistered_at: Option<String>,
    /// How the route and the health check reach it.
    upstream_protocol: Protocol,
    /// Its name in DNS.
    fqdn: String,
    /// Where clients find it.
    url: String,
    tls_enabled: bool,
    direct: bool,
    tags: Vec<String>,
    /// Milliseconds.
    response_time: Option<u32>,
    /// Why the last check failed.
    health_reason: Option<String>,
    /// The last checks, oldest first.
    history: Vec<Check>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshServices)]
pub(super) struct Rows {
    services: Vec<Row>,
}

fn row(mesh: &Mesh, service: Service) -> Row {
    let known = mesh.health.of(&service.key);
    let is_active = service.state != service::State::Inactive;
    let fqdn = mesh.fqdn(&service.key);
    Row {
        protocol: if service.tls { "https" } else { "http" },
        status: if is_active { "active" } else { "inactive" },
        health_status: match known.status {
            health::Status::Up => "healthy",
            other => other.as_str(),
        },
        last_health_check: known.last().map(|check| text::seconds(check.at)),
        registered_at: text::seconds(service.registered_at),
        deregistered_at: service.deregistered_at.map(text::seconds),
        upstream_protocol: service.upstream_protocol,
        url: url(mesh, &service),
        fqdn,
        tls_enabled: service.tls,
        direct: service.direct,
        tags: service.tags,
        response_time: known.last().filter(|check| check.ok).map(|check| check.ms),
        health_reason: known.reason,
        history: known.checks.into_iter().collect(),
        name: service.name,
        host: service.host,
        port: service.port,
        health_path: service.health_path,
    }
}

/// Where clients find a service; the port is left out where clients know it.
fn url(mesh: &Mesh, service: &Service) -> String {
    let (http, https) = mesh.publisher.proxy.ports();
    let fqdn = mesh.fqdn(&service.key);
    match (service.tls, http, https) {
        (true, _, 443) => format!("https://{fqdn}"),
        (true, _, port) => format!("https://{fqdn}:{port}"),
        (false, 80, _) => format!("http://{fqdn}"),
        (false, port, _) => format!("http://{fqdn}:{port}"),
    }
}

/// Every service, those that were removed included.
#[utoipa::path(get, path = "/mesh/api/services", tag = "Mesh", operation_id = "mesh_list_services",
    responses((status = 200, description = "The services by name.", body = Rows)))]
pub(super) async fn list_services(State(mesh): State<Mesh>) -> Result<Json<Rows>, Error> {
    let services = store::all(&mesh.db).await?.into_iter();
    let shown = services.filter(|service| service.state != service::State::Registering);
    Ok(Json(Rows { services: shown.map(|service| row(&mesh, service)).collect() }))
}

/// A service to register. Fields that nobody knows are ignored, as ever.
#[derive(Deserialize, ToSchema)]
#[schema(as = MeshRegister)]
pub(super) struct Register {
    name: String,
    /// A name or an address, with a port after a colon if it is not given apart.
    host: String,
    port: Option<u16>,
    #[serde(default = "root")]
    health_path: String,
    #[serde(default)]
    no_tls: bool,
    /// The opposite of `no_tls`, where that is not given.
    tls_enabled: Option<bool>,
    #[serde(default)]
    upstream_protocol: Protocol,
    /// Whether a service of that name may be there, and is replaced.
    #[serde(default)]
    overwrite: bool,
    /// The name answers the upstream's own address instead of the gateway's.
    #[serde(default)]
    direct: bool,
    #[serde(default)]
    tags: Vec<String>,
}

fn root() -> String {
    "/".to_owned()
}

impl Payload for Register {
    const CODE: &'static str = "mesh.invalid";
}

impl Register {
    fn wanted(self) -> Result<Wanted, service::Invalid> {
        let (host, port) = service::split_host(&self.host)?;
        if let (Some(a), Some(b)) = (port, self.port)
            && a != b
        {
            return Err(service::Invalid("host has a port, and port is another".to_owned()));
        }
        if self.port == Some(0) {
            return Err(service::Invalid("port is not between 1 and 65535".to_owned()));
        }
        let is_tag = |tag: &String| (1..=64).contains(&tag.chars().count()) && !tag.chars().any(char::is_control);
        if self.tags.len() > 32 || !self.tags.iter().all(is_tag) {
            return Err(service::Invalid("there are at most 32 tags of 1 to 64 characters".to_owned()));
        }
        Ok(Wanted {
            name: Name::new(&self.name)?,
            host,
            port: port.or(self.port).unwrap_or_else(|| self.upstream_protocol.port()),
            protocol: self.upstream_protocol,
            health_path: service::health_path(&self.health_path)?,
            tls: !self.no_tls && self.tls_enabled.unwrap_or(true),
            direct: self.direct,
            tags: self.tags,
            overwrite: self.overwrite,
        })
    }
}

/// Registers a service: name, certificate, route and health check, or nothing.
#[utoipa::path(post, path = "/mesh/api/services", tag = "Mesh", operation_id = "mesh_register_service",
    request_body = Register,
    responses((status = 200, description = "Done; or `ok: false` with the reason, and nothing was changed.", body = Outcome),
        (status = 409, description = "There is one of that name."),
        (status = 422, description = "A field cannot be what it is, or the upstream may not be reached.")))]
pub(super) async fn register_service(
    State(mesh): State<Mesh>,
    caller: Caller,
    JsonBody(body): JsonBody<Register>,
) -> Result<Json<Outcome>, Error> {
    let wanted = body.wanted().map_err(unprocessable)?;
    match mesh.register(&caller.actor, wanted).await {
        Ok(service) => {
            let url = url(&mesh, &service);
            let stdout = format!(
                "\n  Host:     {}\n  Port:     {}\n  Health:   {}\n  Protocol: {}\n  TLS:      {}\n\n  URL: {url}\n\n",
                service.host,
                service.port,
                service.health_path,
                service.upstream_protocol.as_str(),
                if service.tls { "enabled" } else { "disabled" },
            );
            Ok(Outcome::done(format!("Registered service: {} ({})", service.name, service.upstream()), stdout))
        }
        Err(refusal) => refused(refusal),
    }
}

/// Removes a service: name, certificate, route and health check.
#[utoipa::path(delete, path = "/mesh/api/services/{name}", tag = "Mesh", operation_id = "mesh_deregister_service",
    params(("name" = String, Path, description = "Name of the service.")),
    responses((status = 200, description = "Done; or `ok: false` with the reason.", body = Outcome)))]
pub(super) async fn deregister_service(
    State(mesh): State<Mesh>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Outcome>, Error> {
    Name::new(&name).map_err(unprocessable)?;
    match mesh.deregister(&caller.actor, &name).await {
        Ok(service) => {
            let message = format!("Deregistered service: {}", service.name);
            Ok(Outcome::done(message.clone(), format!("{message}\n")))
        }
        Err(refusal) => refused(refusal),
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshServiceHealth)]
pub(super) struct ServiceHealth {
    ok: bool,
    name: String,
    /// `active` or `inactive`, as documented.
    status: &'static str,
    health_status: &'static str,
    response_time: Option<u32>,
    last_health_check: Option<String>,
}

/// How one service is.
#[utoipa::path(get, path = "/mesh/api/services/{name}/health", tag = "Mesh", operation_id = "mesh_service_health",
    params(("name" = String, Path, description = "Name of the service.")),
    responses((status = 200, description = "What the checks found.", body = ServiceHealth),
        (status = 404, description = "There is none of that name.")))]
pub(super) async fn service_health(
    State(mesh): State<Mesh>,
    Path(name): Path<String>,
) -> Result<Json<ServiceHealth>, Error> {
    let key = name.to_ascii_lowercase();
    let service = store::all(&mesh.db).await?.into_iter().find(|service| service.key == key);
    let Some(service) = service else {
        return Err(Error::not_found("mesh.service.notFound", format!("Service '{name}' not found")));
    };
    let row = row(&mesh, service);
    Ok(Json(ServiceHealth {
        ok: row.health_status == "healthy",
        name: row.name,
        status: row.status,
        health_status: row.health_status,
        response_time: row.response_time,
        last_health_check: row.last_health_check,
    }))
}
