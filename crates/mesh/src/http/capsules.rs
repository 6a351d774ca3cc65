//! The audit log as capsules over HTTP.

use std::io;

use axum::{
    Json,
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future, stream};
use http::{HeaderValue, header};
use platform::{audit, http::error::Error};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::audit::Entry;
use crate::Mesh;
use crate::capsule::{self, Signer};

#[derive(Serialize, ToSchema)]
#[schema(as = MeshCapsuleKey)]
pub(super) struct Key {
    /// `ed25519`.
    algorithm: &'static str,
    /// In hex.
    public_key: String,
    /// What `signed_by` of a capsule says.
    fingerprint: String,
}

/// The public key that capsules are verified with.
#[utoipa::path(get, path = "/mesh/api/audit/capsules/key", tag = "Mesh", operation_id = "mesh_capsule_key",
    responses((status = 200, description = "The key.", body = Key)))]
pub(super) async fn capsule_key(State(mesh): State<Mesh>) -> Result<Json<Key>, Error> {
    let signer = mesh.signer().await.map_err(Error::internal)?;
    Ok(Json(Key { algorithm: "ed25519", public_key: signer.public_key(), fingerprint: signer.fingerprint() }))
}

/// Every completed entry of the audit log as a capsule, oldest first: one chain in a JSON array.
#[utoipa::path(get, path = "/mesh/api/audit/capsules", tag = "Mesh", operation_id = "mesh_capsules",
    responses((status = 200, description = "The chain.", body = Vec<Value>)))]
pub(super) async fn capsules(State(mesh): State<Mesh>) -> Result<Response, Error> {
    let signer = mesh.signer().await.map_err(Error::internal)?;
    let text = |text: &'static str| stream::once(future::ready(Ok::<_, io::Error>(text.to_owned())));
    let lines = chain(&mesh, signer).enumerate().map(|(at, capsule)| {
        let comma = if at == 0 { "" } else { "," };
        Ok(format!("{comma}\n{}", capsule?))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"plenum-capsules.json\"")),
    ];
    Ok((headers, Body::from_stream(text("[").chain(lines).chain(text("\n]\n")))).into_response())
}

/// Each entry is sealed when it is sent: a long log is never in memory.
fn chain(mesh: &Mesh, signer: Signer) -> impl Stream<Item = Result<Value, io::Error>> + use<> {
    let clock = std::sync::Arc::clone(&mesh.clock);
    let completed = audit::export(mesh.db.clone()).try_filter(|row| future::ready(row.seq.is_some()));
    completed.map_err(io::Error::other).scan((0, None), move |(place, previous): &mut (u64, Option<String>), row| {
        let sealed = row.map(|row| {
            let content = capsule::content(&row, &Entry::from(row.clone()).message, *place, previous.as_deref());
            let sealed = signer.seal(content, clock.now());
            *previous = sealed["hash"].as_str().map(str::to_owned);
            *place += 1;
            sealed
        });
        future::ready(Some(sealed))
    })
}
