//! What an operator sees of the ACME server, and can take back.

use axum::{
    Json,
    extract::{Path, State},
};
use pki::Serial;
use platform::{http::error::Error, identity::Caller};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{Outcome, refused};
use super::tls::EXPIRING;
use crate::registry::Refusal;
use crate::service::Invalid;
use crate::store::acme::{self as store, Certificate};
use crate::{Mesh, text};

#[derive(Serialize, ToSchema)]
#[schema(as = MeshAcmeCertificates)]
pub(super) struct Certificates {
    ok: bool,
    /// A table of them.
    output: String,
    certs: Vec<Row>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshAcmeCertificate)]
struct Row {
    serial: String,
    names: Vec<String>,
    /// Who ordered it.
    account: String,
    not_before: String,
    not_after: String,
    /// `valid`, `expiring`, `expired` or `revoked`.
    status: &'static str,
    revoked_at: Option<String>,
    /// The certificate and those between it and the root.
    pem: String,
}

fn row(mesh: &Mesh, found: Certificate) -> Row {
    let now = mesh.clock.now();
    let status = if found.revoked_at.is_some() {
        "revoked"
    } else if now > found.not_after {
        "expired"
    } else if found.not_after.duration_since(now) <= EXPIRING {
        "expiring"
    } else {
        "valid"
    };
    Row {
        not_before: text::seconds(found.not_before),
        not_after: text::seconds(found.not_after),
        revoked_at: found.revoked_at.map(text::seconds),
        serial: found.serial,
        names: found.names,
        account: found.account,
        status,
        pem: found.chain,
    }
}

/// The newest certificates that clients have had by ACME, a thousand at most.
#[utoipa::path(get, path = "/mesh/api/tls/acme", tag = "Mesh", operation_id = "mesh_list_acme_certificates",
    responses((status = 200, description = "The certificates, the newest first.", body = Certificates)))]
pub(super) async fn list_certificates(State(mesh): State<Mesh>) -> Result<Json<Certificates>, Error> {
    let certs: Vec<_> = store::newest(&mesh.db, 1_000).await?.into_iter().map(|each| row(&mesh, each)).collect();
    let lines: Vec<_> = certs
        .iter()
        .map(|each| [each.serial.clone(), each.status.to_owned(), each.not_after.clone(), each.names.join(" ")])
        .collect();
    let output = text::table([41, 10, 21, 0], ["SERIAL", "STATUS", "EXPIRES", "NAMES"], &lines);
    Ok(Json(Certificates { ok: true, output, certs }))
}

/// Revokes a certificate that a client has had by ACME.
#[utoipa::path(post, path = "/mesh/api/tls/acme/{id}/revoke", tag = "Mesh", operation_id = "mesh_revoke_acme_certificate",
    params(("id" = String, Path, description = "Serial number of the certificate, in hex.")),
    responses((status = 200, description = "Done; or `ok: false` with the reason.", body = Outcome),
        (status = 422, description = "This is no serial number.")))]
pub(super) async fn revoke_certificate(
    State(mesh): State<Mesh>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Outcome>, Error> {
    let serial: Serial =
        id.parse().map_err(|error: pki::Error| super::answer::unprocessable(Invalid(error.to_string())))?;
    match mesh.revoke_acme(&caller.actor, &serial.to_string()).await {
        Ok(names) => {
            let message = format!("Certificate revoked: {}", names.join(" "));
            Ok(Outcome::done(message.clone(), format!("{message}\n")))
        }
        Err(Refusal::Unknown(serial)) => {
            Ok(Outcome::failed(format!("There is no certificate {serial} that could be revoked")))
        }
        Err(refusal) => refused(refusal),
    }
}
