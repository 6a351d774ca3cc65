//! Certificates over HTTP.

use axum::{
    Json,
    extract::{Path, State},
    response::IntoResponse,
};
use http::header;
use jiff::{SignedDuration, Timestamp};
use pki::Certificate;
use platform::{audit, http::error::Error, identity::Caller};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::answer::{Outcome, no_ca, refused, unprocessable};
use crate::authority::Successor;
use crate::registry::{CATEGORY, Refusal};
use crate::service::Name;
use crate::store::{self, Stored};
use crate::{Mesh, text, trust};

/// What ends sooner is expiring: renewal should have happened by then.
pub(super) const EXPIRING: SignedDuration = SignedDuration::from_hours(24 * 21);

/// How a certificate stands with time.
pub(super) fn status(certificate: &Stored, now: Timestamp) -> &'static str {
    if now > certificate.not_after {
        "expired"
    } else if certificate.not_after.duration_since(now) <= EXPIRING {
        "expiring"
    } else {
        "valid"
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshCertificates)]
pub(super) struct Certificates {
    ok: bool,
    /// The documented table.
    output: String,
    certs: Vec<Row>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshCertificate)]
pub(super) struct Row {
    name: String,
    domain: String,
    issuer: String,
    not_before: String,
    not_after: String,
    serial: String,
    fingerprint: String,
    algorithm: String,
    /// `valid`, `expiring` or `expired`.
    status: &'static str,
    /// The certificate and those between it and the root.
    pem: String,
}

fn row(mesh: &Mesh, stored: &Stored) -> Result<Row, Error> {
    let read = Certificate::parse_pem(&stored.chain).map_err(Error::internal)?;
    Ok(Row {
        name: stored.service.clone(),
        domain: mesh.fqdn(&stored.service),
        issuer: read.issuer,
        not_before: text::seconds(stored.not_before),
        not_after: text::seconds(stored.not_after),
        serial: stored.serial.clone(),
        fingerprint: read.fingerprint_sha256,
        algorithm: read.key_algorithm,
        status: status(stored, mesh.clock.now()),
        pem: stored.chain.clone(),
    })
}

async fn find(mesh: &Mesh, name: &str) -> Result<Option<Stored>, Error> {
    Name::new(name).map_err(unprocessable)?;
    Ok(store::live_of(&mesh.db, &name.to_ascii_lowercase()).await?)
}

/// Every certificate that is in use.
#[utoipa::path(get, path = "/mesh/api/tls", tag = "Mesh", operation_id = "mesh_list_certificates",
    responses((status = 200, description = "The certificates.", body = Certificates)))]
pub(super) async fn list_certificates(State(mesh): State<Mesh>) -> Result<Json<Certificates>, Error> {
    let stored = store::live(&mesh.db).await?;
    let rows: Vec<_> = stored
        .iter()
        .map(|each| [each.service.clone(), text::expiry(each.not_after), mesh.fqdn(&each.service)])
        .collect();
    let output = text::table([30, 20, 0], ["SERVICE", "EXPIRES", "DOMAIN"], &rows);
    let certs = stored.iter().map(|each| row(&mesh, each)).collect::<Result<_, _>>()?;
    Ok(Json(Certificates { ok: true, output, certs }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshAuthority)]
pub(super) struct Authority {
    ok: bool,
    issuer: String,
    not_before: String,
    not_after: String,
    algorithm: String,
    fingerprint: String,
    /// What clients are to trust.
    pem: String,
    /// The root before it, for as long as clients may know only that one.
    previous: Option<Root>,
    /// Whom to trust it with, by operating system.
    instructions: Vec<Instruction>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshRoot)]
struct Root {
    not_after: String,
    fingerprint: String,
    pem: String,
}

impl Root {
    fn read(pem: &str) -> Result<Self, Error> {
        let root = Certificate::parse_pem(pem).map_err(Error::internal)?;
        Ok(Self { not_after: text::seconds(root.not_after), fingerprint: root.fingerprint_sha256, pem: pem.to_owned() })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshTrustInstruction)]
struct Instruction {
    system: &'static str,
    command: &'static str,
}

const INSTRUCTIONS: [(&str, &str); 5] = [
    ("Debian, Ubuntu", "sudo cp plenum-root.crt /usr/local/share/ca-certificates/ && sudo update-ca-certificates"),
    ("Fedora, RHEL", "sudo cp plenum-root.crt /etc/pki/ca-trust/source/anchors/ && sudo update-ca-trust"),
    ("macOS", "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain plenum-root.crt"),
    ("Windows", "certutil -addstore -f ROOT plenum-root.crt"),
    ("Firefox", "Settings, Certificates, View Certificates, Authorities, Import"),
];

/// The internal authority.
#[utoipa::path(get, path = "/mesh/api/tls/ca", tag = "Mesh", operation_id = "mesh_ca",
    responses((status = 200, description = "What clients are to trust.", body = Authority)))]
pub(super) async fn get_ca(State(mesh): State<Mesh>) -> Result<Json<Authority>, Error> {
    let ca = mesh.ca().await.map_err(no_ca)?;
    let root = ca.root().map_err(no_ca)?;
    Ok(Json(Authority {
        ok: true,
        issuer: root.issuer,
        not_before: text::seconds(root.not_before),
        not_after: text::seconds(root.not_after),
        algorithm: root.key_algorithm,
        fingerprint: root.fingerprint_sha256,
        pem: ca.root_pem(),
        previous: ca.previous_pem().map(Root::read).transpose()?,
        instructions: INSTRUCTIONS.map(|(system, command)| Instruction { system, command }).into(),
    }))
}

/// Replaces the internal authority: a new root, and every certificate with it. Clients that trust the old root go on.
#[utoipa::path(post, path = "/mesh/api/tls/ca/rotate", tag = "Mesh", operation_id = "mesh_rotate_ca",
    responses((status = 200, description = "Done; or `ok: false` with the reason.", body = Outcome)))]
pub(super) async fn rotate_ca(State(mesh): State<Mesh>, caller: Caller) -> Result<Json<Outcome>, Error> {
    match mesh.rotate_ca(&caller.actor, Successor::Root).await {
        Ok(count) => {
            let message = format!("Internal CA rotated, and {count} certificates with it");
            let stdout = format!(
                "{message}\nClients that trust the old root go on; let them trust the new one before the old one ends.\n"
            );
            Ok(Outcome::done(message, stdout))
        }
        Err(refusal) => refused(refusal),
    }
}

/// The certificates that the authority has revoked (RFC 5280 section 5), in PEM. It is for everybody.
#[utoipa::path(get, path = "/mesh/api/tls/crl", tag = "Mesh", operation_id = "mesh_crl",
    responses((status = 200, description = "The list.", content_type = "application/x-pem-file", body = String)))]
pub(super) async fn crl(State(mesh): State<Mesh>) -> Result<impl IntoResponse, Error> {
    let list = mesh.crl().await.map_err(no_ca)?;
    Ok(([(header::CONTENT_TYPE, "application/x-pem-file")], list))
}

/// Replaces a service's certificate and revokes the old one.
#[utoipa::path(post, path = "/mesh/api/tls/{name}/rotate", tag = "Mesh", operation_id = "mesh_rotate",
    params(("name" = String, Path, description = "Name of the service.")),
    responses((status = 200, description = "Done; or `ok: false` with the reason.", body = Outcome)))]
pub(super) async fn rotate(
    State(mesh): State<Mesh>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Outcome>, Error> {
    Name::new(&name).map_err(unprocessable)?;
    match mesh.rotate(&caller.actor, &name).await {
        Ok(certificate) => {
            let message = format!("Certificate rotated for service: {}", certificate.service);
            let stdout = format!("{message}\n  Expires: {}\n", text::expiry(certificate.not_after));
            Ok(Outcome::done(message, stdout))
        }
        Err(Refusal::Unknown(name)) => {
            Ok(Outcome::failed(format!("Service '{name}' not found, or it has no certificate")))
        }
        Err(refusal) => refused(refusal),
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshInspection)]
pub(super) struct Inspection {
    ok: bool,
    /// The text of `openssl x509 -text` under the documented heading; or why there is none.
    output: String,
    certificate: Option<Row>,
}

/// Everything that a certificate says.
#[utoipa::path(get, path = "/mesh/api/tls/{name}/inspect", tag = "Mesh", operation_id = "mesh_inspect",
    params(("name" = String, Path, description = "Name of the service.")),
    responses((status = 200, description = "The certificate; `ok: false` where there is none.", body = Inspection)))]
pub(super) async fn inspect(State(mesh): State<Mesh>, Path(name): Path<String>) -> Result<Json<Inspection>, Error> {
    let Some(found) = find(&mesh, &name).await? else {
        let output = format!("There is no certificate for '{name}'\n");
        return Ok(Json(Inspection { ok: false, output, certificate: None }));
    };
    let dump = pki::text::dump(&found.chain).map_err(Error::internal)?;
    let output = format!("=== Certificate: {} ===\n\n{dump}", found.service);
    Ok(Json(Inspection { ok: true, output, certificate: Some(row(&mesh, &found)?) }))
}

/// Puts the root into this machine's own trust store.
#[utoipa::path(post, path = "/mesh/api/tls/trust", tag = "Mesh", operation_id = "mesh_trust",
    responses((status = 200, description = "Done; or `ok: false` with what to run.", body = Outcome)))]
pub(super) async fn trust(State(mesh): State<Mesh>, caller: Caller) -> Result<Json<Outcome>, Error> {
    let pem = mesh.ca().await.map_err(no_ca)?.root_pem();
    let installed = trust::install(&pem).await;
    let outcome = if installed.is_ok() { audit::Outcome::Ok } else { audit::Outcome::Error };
    let details = match &installed {
        Ok(_) => json!({ "os": std::env::consts::OS }),
        Err(error) => json!({ "os": std::env::consts::OS, "error": error }),
    };
    let mut tx = mesh.db.begin().await?;
    let entry = audit::Entry::new(&caller.actor, CATEGORY, "ca_trust_install").details(details);
    audit::record(&mut tx, entry, outcome).await?;
    tx.commit().await?;
    Ok(match installed {
        Ok(stdout) => Outcome::done("Internal CA installed into system trust store", stdout),
        Err(reason) => Outcome::failed(reason),
    })
}
