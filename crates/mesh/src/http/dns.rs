//! Names over HTTP: list, resolve, explain, flush.

use axum::{Json, extract::State};
use platform::{
    http::{
        body::{JsonBody, Payload, QueryOf},
        error::Error,
    },
    identity::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::{Outcome, unprocessable};
use crate::service::{self, Invalid};
use crate::{Mesh, store, text};

#[derive(Serialize, ToSchema)]
#[schema(as = MeshDnsEntries)]
pub(super) struct Entries {
    ok: bool,
    /// The documented table.
    output: String,
    entries: Vec<Entry>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshDnsEntry)]
struct Entry {
    name: String,
    /// The whole name.
    domain: String,
    ip: String,
    /// Where it comes from: always the registry.
    source: &'static str,
    created_at: String,
}

/// Every name.
#[utoipa::path(get, path = "/mesh/api/dns", tag = "Mesh", operation_id = "mesh_list_dns",
    responses((status = 200, description = "The names.", body = Entries)))]
pub(super) async fn list_dns(State(mesh): State<Mesh>) -> Result<Json<Entries>, Error> {
    let mut entries = Vec::new();
    for service in store::all(&mesh.db).await? {
        if service.state != service::State::Active {
            continue;
        }
        let domain = mesh.fqdn(&service.key);
        let ip = if service.direct {
            // What is answered is what was resolved when it was published.
            match mesh.publisher.dns.explain(&domain).await {
                Some(found) => found.answers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                None => service.host.clone(),
            }
        } else {
            mesh.gateway().to_string()
        };
        let created_at = text::seconds(service.registered_at);
        entries.push(Entry { name: service.name, domain, ip, source: "conduit", created_at });
    }
    let rows: Vec<_> = entries.iter().map(|entry| [entry.domain.clone(), entry.ip.clone()]).collect();
    Ok(Json(Entries { ok: true, output: text::table([40, 0], ["HOSTNAME", "IP"], &rows), entries }))
}

#[derive(Deserialize, ToSchema, IntoParams)]
#[schema(as = MeshResolve)]
#[into_params(parameter_in = Query)]
pub(super) struct Resolve {
    /// The name of a service, or a whole name.
    domain: String,
}

impl Payload for Resolve {
    const CODE: &'static str = "mesh.invalid";
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshResolved)]
pub(super) struct Resolved {
    ok: bool,
    /// As it was asked for.
    domain: String,
    /// `core.qp.local has address 127.0.0.1`, one line for each address; or why there is none.
    output: String,
    /// The first address.
    ip: Option<String>,
    addresses: Vec<String>,
    source: Option<&'static str>,
}

impl Resolve {
    /// The whole name; one without a dot is that of a service.
    fn whole(&self, mesh: &Mesh) -> Result<String, Invalid> {
        let text = self.domain.trim_end_matches('.');
        let is_fine = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if text.is_empty() || text.len() > 253 || !text.bytes().all(is_fine) {
            return Err(Invalid("domain must be a name: letters, digits and ._-".to_owned()));
        }
        let lower = text.to_ascii_lowercase();
        Ok(if lower.contains('.') { lower } else { mesh.fqdn(&lower) })
    }
}

async fn ask(mesh: &Mesh, query: Resolve) -> Result<Json<Resolved>, Error> {
    let whole = query.whole(mesh).map_err(unprocessable)?;
    let found = mesh.publisher.dns.resolve(&whole).await;
    let addresses: Vec<String> = match &found {
        Ok((_, answer)) => answer.addresses.iter().map(ToString::to_string).collect(),
        Err(_) => Vec::new(),
    };
    let output = match &found {
        Err(reason) => format!("{whole} could not be resolved: {reason}\n"),
        Ok(_) if addresses.is_empty() => format!("Host {whole} not found\n"),
        Ok(_) => addresses
            .iter()
            .map(|address| {
                let kind = if address.contains(':') { "IPv6 address" } else { "address" };
                format!("{whole} has {kind} {address}\n")
            })
            .collect(),
    };
    let is_ours = whole.ends_with(&format!(".{}", mesh.config.domain));
    Ok(Json(Resolved {
        ok: !addresses.is_empty(),
        domain: query.domain,
        output,
        ip: addresses.first().cloned(),
        source: (!addresses.is_empty()).then_some(if is_ours { "conduit" } else { "upstream" }),
        addresses,
    }))
}

/// Asks the DNS server for a name.
#[utoipa::path(post, path = "/mesh/api/dns/resolve", tag = "Mesh", operation_id = "mesh_resolve", request_body = Resolve,
    responses((status = 200, description = "What it said; `ok: false` where it knows no address.", body = Resolved)))]
pub(super) async fn resolve(
    State(mesh): State<Mesh>,
    JsonBody(query): JsonBody<Resolve>,
) -> Result<Json<Resolved>, Error> {
    ask(&mesh, query).await
}

/// The same with the name in the address.
#[utoipa::path(get, path = "/mesh/api/dns/resolve", tag = "Mesh", operation_id = "mesh_resolve_get", params(Resolve),
    responses((status = 200, description = "What it said; `ok: false` where it knows no address.", body = Resolved)))]
pub(super) async fn resolve_get(
    State(mesh): State<Mesh>,
    QueryOf(query): QueryOf<Resolve>,
) -> Result<Json<Resolved>, Error> {
    ask(&mesh, query).await
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshExplanation)]
pub(super) struct Explained {
    ok: bool,
    name: String,
    answers: Vec<String>,
    /// The name that an address leads back to.
    points_to: Option<String>,
    /// Why, in a sentence or two.
    text: String,
}

/// Why a name, or the name of an address, answers what it answers.
#[utoipa::path(get, path = "/mesh/api/dns/explain", tag = "Mesh", operation_id = "mesh_explain", params(Resolve),
    responses((status = 200, description = "The reason.", body = Explained)))]
pub(super) async fn explain(
    State(mesh): State<Mesh>,
    QueryOf(query): QueryOf<Resolve>,
) -> Result<Json<Explained>, Error> {
    let whole = query.whole(&mesh).map_err(unprocessable)?;
    Ok(Json(match mesh.publisher.dns.explain(&whole).await {
        Some(found) => Explained {
            ok: true,
            name: found.name,
            answers: found.answers.iter().map(ToString::to_string).collect(),
            points_to: found.points_to,
            text: found.text,
        },
        None => Explained {
            ok: false,
            name: whole,
            answers: Vec::new(),
            points_to: None,
            text: "The DNS server is not running; see mesh.dns.listen.".to_owned(),
        },
    }))
}

/// Forgets what other DNS servers said.
#[utoipa::path(post, path = "/mesh/api/dns/flush", tag = "Mesh", operation_id = "mesh_flush_dns",
    responses((status = 200, description = "Done; or `ok: false` with the reason.", body = Outcome)))]
pub(super) async fn flush(State(mesh): State<Mesh>, caller: Caller) -> Result<Json<Outcome>, Error> {
    match mesh.flush(&caller.actor).await {
        Ok(Ok(count)) => {
            let message = match count {
                Some(count) => format!("DNS cache flushed ({count} answers)"),
                None => "DNS cache flushed".to_owned(),
            };
            Ok(Outcome::done(message.clone(), format!("{message}\n")))
        }
        Ok(Err(reason)) => Ok(Outcome::failed(reason)),
        Err(refusal) => super::answer::refused(refusal),
    }
}
