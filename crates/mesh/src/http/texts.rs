//! Texts in the zone over HTTP.

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
use crate::Mesh;
use crate::registry::Refusal;
use crate::store;
use crate::texts::{Change, whole_name};

#[derive(Serialize, ToSchema)]
#[schema(as = MeshTexts)]
pub(super) struct Texts {
    ok: bool,
    texts: Vec<Named>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MeshText)]
struct Named {
    /// The whole name.
    name: String,
    values: Vec<String>,
}

/// Every name that has texts (TXT records).
#[utoipa::path(get, path = "/mesh/api/dns/txt", tag = "Mesh", operation_id = "mesh_list_texts",
    responses((status = 200, description = "The names and their texts.", body = Texts)))]
pub(super) async fn list_texts(State(mesh): State<Mesh>) -> Result<Json<Texts>, Error> {
    let texts = store::texts(&mesh.db).await?.into_iter().map(|(name, values)| Named { name, values });
    Ok(Json(Texts { ok: true, texts: texts.collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MeshSetTexts)]
pub(super) struct SetTexts {
    /// 1 to 20 texts of at most 255 octets.
    values: Vec<String>,
}

impl Payload for SetTexts {
    const CODE: &'static str = "mesh.invalid";
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MeshAddText)]
pub(super) struct AddText {
    value: String,
}

impl Payload for AddText {
    const CODE: &'static str = "mesh.invalid";
}

async fn change(mesh: &Mesh, caller: &Caller, name: &str, change: Change) -> Result<Json<Outcome>, Error> {
    let name = whole_name(name, &mesh.config.domain).map_err(unprocessable)?;
    match mesh.change_texts(&caller.actor, &name, change).await {
        Ok(values) if values.is_empty() => {
            let message = format!("{name} has no TXT records any more");
            Ok(Outcome::done(message.clone(), format!("{message}\n")))
        }
        Ok(values) => {
            let lines: String = values.iter().map(|value| format!("{name} TXT {value:?}\n")).collect();
            Ok(Outcome::done(format!("TXT records of {name}: {}", values.len()), lines))
        }
        Err(Refusal::Unknown(name)) => Ok(Outcome::failed(format!("{name} has no TXT records"))),
        Err(refusal) => refused(refusal),
    }
}

/// Gives a name these texts and no others; when this answers, they are in the zone.
#[utoipa::path(put, path = "/mesh/api/dns/txt/{name}", tag = "Mesh", operation_id = "mesh_set_texts",
    params(("name" = String, Path, description = "A name below the domain, with or without the domain.")),
    request_body = SetTexts,
    responses((status = 200, description = "Done; or `ok: false` with the reason, and nothing was changed.", body = Outcome),
        (status = 422, description = "This cannot be a name in the zone, or a text of one.")))]
pub(super) async fn set_texts(
    State(mesh): State<Mesh>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<SetTexts>,
) -> Result<Json<Outcome>, Error> {
    change(&mesh, &caller, &name, Change::Set(body.values)).await
}

/// Adds a text to those of a name: two challenges for one name need both of theirs.
#[utoipa::path(post, path = "/mesh/api/dns/txt/{name}", tag = "Mesh", operation_id = "mesh_add_text",
    params(("name" = String, Path, description = "A name below the domain, with or without the domain.")),
    request_body = AddText,
    responses((status = 200, description = "Done; or `ok: false` with the reason, and nothing was changed.", body = Outcome),
        (status = 422, description = "This cannot be a name in the zone, or a text of one.")))]
pub(super) async fn add_text(
    State(mesh): State<Mesh>,
    caller: Caller,
    Path(name): Path<String>,
    JsonBody(body): JsonBody<AddText>,
) -> Result<Json<Outcome>, Error> {
    change(&mesh, &caller, &name, Change::Add(body.value)).await
}

/// Takes all texts of a name away.
#[utoipa::path(delete, path = "/mesh/api/dns/txt/{name}", tag = "Mesh", operation_id = "mesh_remove_texts",
    params(("name" = String, Path, description = "A name below the domain, with or without the domain.")),
    responses((status = 200, description = "Done; or `ok: false` where there are none.", body = Outcome)))]
pub(super) async fn remove_texts(
    State(mesh): State<Mesh>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Outcome>, Error> {
    change(&mesh, &caller, &name, Change::Remove).await
}
