//! The registry over HTTP.

use axum::{
    Json,
    extract::{Path, State},
};
use jiff::SignedDuration;
use platform::{
    audit, clock,
    http::{
        body::{JsonBody, Payload, QueryOf},
        error::Error,
    },
    identity::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::{Outcome, refused, unprocessable};
use crate::health::{self, Check};
use crate::registry::{CATEGORY, Wanted};
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

fn row(mesh: &Mesh, service: Service, checks: usize) -> Row {
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
        history: known.checks(checks),
        health_reason: known.reason,
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

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Checks {
    /// How many of the last checks of each service to tell, 0 to 60; 24 when absent.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 60)]
    history: Option<String>,
}

/// What a sparkline shows.
const SHOWN: usize = 24;

/// Every service, those that were removed included.
#[utoipa::path(get, path = "/mesh/api/services", tag = "Mesh", operation_id = "mesh_list_services", params(Checks),
    responses((status = 200, description = "The services by name.", body = Rows)))]
pub(super) async fn list_services(
    State(mesh): State<Mesh>,
    QueryOf(query): QueryOf<Checks>,
) -> Result<Json<Rows>, Error> {
    let checks = match query.history.as_deref().map(str::parse::<usize>) {
        None => SHOWN,
        Some(Ok(checks)) if checks <= health::REMEMBERED => checks,
        Some(_) => return Err(Error::unprocessable("mesh.invalid", "history must be a number from 0 to 60")),
    };
    let services = store::all(&mesh.db).await?.into_iter();
    let shown = services.filter(|service| service.state != service::State::Registering);
    Ok(Json(Rows { services: shown.map(|service| row(&mesh, service, checks)).collect() }))
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
    match mesh.register(&caller.actor, vec![wanted]).await {
        Ok(services) => {
            let text: String = services.iter().map(|service| summary(&mesh, service)).collect();
            Ok(Outcome::done(services.iter().map(registered).collect::<String>(), text))
        }
        Err(refusal) => refused(refusal),
    }
}

fn registered(service: &Service) -> String {
    format!("Registered service: {} ({})", service.name, service.upstream())
}

/// What the documented call prints.
fn summary(mesh: &Mesh, service: &Service) -> String {
    format!(
        "\n  Host:     {}\n  Port:     {}\n  Health:   {}\n  Protocol: {}\n  TLS:      {}\n\n  URL: {}\n\n",
        service.host,
        service.port,
        service.health_path,
        service.upstream_protocol.as_str(),
        if service.tls { "enabled" } else { "disabled" },
        url(mesh, service),
    )
}

/// Many services at once.
#[derive(Deserialize, ToSchema)]
#[schema(as = MeshRegisterMany)]
pub(super) struct RegisterMany {
    /// At most 1,000.
    services: Vec<Register>,
}

impl Payload for RegisterMany {
    const CODE: &'static str = "mesh.invalid";
}

/// The most services of one call.
const MANY: usize = 1000;

/// Registers many services in one step: all of them, or none.
#[utoipa::path(post, path = "/mesh/api/services/batch", tag = "Mesh", operation_id = "mesh_register_services",
    request_body = RegisterMany,
    responses((status = 200, description = "Done; or `ok: false` with the reason, and nothing was changed.", body = Outcome),
        (status = 409, description = "There is one of those names."),
        (status = 422, description = "A field cannot be what it is, or an upstream may not be reached.")))]
pub(super) async fn register_services(
    State(mesh): State<Mesh>,
    caller: Caller,
    JsonBody(body): JsonBody<RegisterMany>,
) -> Result<Json<Outcome>, Error> {
    if !(1..=MANY).contains(&body.services.len()) {
        return Err(unprocessable(service::Invalid(format!("services are 1 to {MANY}"))));
    }
    let wanted = body.services.into_iter().map(|each| {
        // It may be anything yet.
        let name = text::clean(&each.name, 63);
        each.wanted().map_err(|service::Invalid(why)| service::Invalid(format!("{name}: {why}")))
    });
    let wanted = wanted.collect::<Result<Vec<_>, _>>().map_err(unprocessable)?;
    match mesh.register(&caller.actor, wanted).await {
        Ok(services) => {
            let lines: String = services.iter().map(|service| format!("{}\n", registered(service))).collect();
            Ok(Outcome::done(format!("Registered {} services", services.len()), lines))
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

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Span {
    /// How many hours back, 1 to 168; 24 when absent.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 168)]
    hours: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshServiceHistory)]
pub(super) struct History {
    ok: bool,
    name: String,
    /// The hours in which there were checks, oldest first.
    hours: Vec<HourRow>,
    /// When it went up, down or slow, newest first.
    changes: Vec<Change>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshHour)]
struct HourRow {
    from: String,
    checks: u32,
    failures: u32,
    /// Milliseconds of an answer on average.
    ms_avg: Option<u64>,
    ms_max: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshHealthChange)]
struct Change {
    at: String,
    from: String,
    to: String,
    reason: Option<String>,
}

/// How one service was.
#[utoipa::path(get, path = "/mesh/api/services/{name}/history", tag = "Mesh", operation_id = "mesh_service_history",
    params(("name" = String, Path, description = "Name of the service."), Span),
    responses((status = 200, description = "Hours and changes.", body = History),
        (status = 404, description = "There is none of that name."),
        (status = 422, description = "`hours` is not between 1 and 168.")))]
pub(super) async fn service_history(
    State(mesh): State<Mesh>,
    Path(name): Path<String>,
    QueryOf(span): QueryOf<Span>,
) -> Result<Json<History>, Error> {
    let back = match span.hours.as_deref().map(str::parse::<i64>) {
        None => 24,
        Some(Ok(hours)) if (1..=168).contains(&hours) => hours,
        Some(_) => return Err(Error::unprocessable("mesh.invalid", "hours must be a number from 1 to 168")),
    };
    let service = find(&mesh, &name).await?;
    let since = clock::plus(mesh.clock.now(), SignedDuration::from_hours(-back));
    let hours = mesh.history(&service.key, since).await?.into_iter().map(|hour| HourRow {
        from: text::seconds(hour.begin()),
        checks: hour.checks,
        failures: hour.failures,
        ms_avg: hour.ms_average(),
        ms_max: hour.ms_max,
    });
    let query = audit::Query {
        category: Some(CATEGORY.to_owned()),
        action: Some("health_change".to_owned()),
        target: Some(service.name.clone()),
        ..audit::Query::default()
    };
    let changes = audit::list(&mesh.db, &query).await?.into_iter().filter(|row| row.ts >= since).map(|row| {
        let field = |key: &str| row.details.as_ref().and_then(|details| details[key].as_str()).map(str::to_owned);
        Change {
            at: text::seconds(row.ts),
            from: field("from").unwrap_or_default(),
            to: field("to").unwrap_or_default(),
            reason: field("reason"),
        }
    });
    Ok(Json(History { ok: true, hours: hours.collect(), changes: changes.collect(), name: service.name }))
}

pub(super) async fn find(mesh: &Mesh, name: &str) -> Result<Service, Error> {
    let service = store::find(&mesh.db, &name.to_ascii_lowercase()).await?;
    service.ok_or_else(|| Error::not_found("mesh.service.notFound", format!("Service '{name}' not found")))
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
    let service = find(&mesh, &name).await?;
    let row = row(&mesh, service, 0);
    Ok(Json(ServiceHealth {
        ok: row.health_status == "healthy",
        name: row.name,
        status: row.status,
        health_status: row.health_status,
        response_time: row.response_time,
        last_health_check: row.last_health_check,
    }))
}
