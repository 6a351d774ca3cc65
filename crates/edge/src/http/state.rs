//! `/api/state`: read, replace, patch, plan.

use std::sync::LazyLock;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use platform::{
    http::{
        body::{QueryOf, RawBody},
        conditional::{Conditions, Prefer, Tags},
        error::Error,
    },
    identity::Caller,
    permissions::Permission,
};
use serde::Deserialize;

use crate::{
    Edge,
    apply::{Applied, ApplyId, Change, Edit, Live, Precondition, Preview, Wanted},
    state::{Document, Layout, PatchKind},
};

/// How a document is laid out in the answer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct LayoutQuery {
    #[serde(default)]
    layout: LayoutName,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LayoutName {
    #[default]
    Nested,
    Flat,
}

/// What a plan should hold.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PlanQuery {
    #[serde(default)]
    check: bool,
    #[serde(default)]
    rendered: bool,
}

/// One operation of a JSON Patch (RFC 6902).
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct PatchOperation {
    /// `add`, `remove`, `replace`, `move`, `copy` or `test`.
    op: String,
    /// A JSON pointer.
    path: String,
    /// For `add`, `replace` and `test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<serde_json::Value>,
    /// For `move` and `copy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

/// The current document.
#[utoipa::path(
    get, path = "/api/state", operation_id = "get_state", tag = "State",
    params(
        ("layout" = Option<String>, Query, description = "`nested` (default), or `flat` as in the original"),
        ("If-None-Match" = Option<String>, Header, description = "An ETag; 304 if the document still has it"),
    ),
    responses(
        (status = 200, description = "The document; its ETag is in the header", body = ref("#/components/schemas/Document")),
        (status = 304, description = "The document still has the given ETag"),
        (status = 404, description = "No document was ever applied"),
    ),
)]
pub(super) async fn get_state(
    State(edge): State<Edge>,
    QueryOf(query): QueryOf<LayoutQuery>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let live = edge.engine.live().ok_or_else(|| no_document(&edge))?;
    if Conditions::from_headers(&headers)?.has_current(live.hash()) {
        return Ok((StatusCode::NOT_MODIFIED, etag(&live)).into_response());
    }
    Ok(document(&live, query.layout.into()))
}

/// Replaces the document: check, render, validate, swap, reload, verify, snapshot, or nothing at all.
#[utoipa::path(
    put, path = "/api/state", operation_id = "put_state", tag = "State",
    params(
        ("If-Match" = Option<String>, Header, description = "Only if the current document has this ETag; else 412"),
        ("Prefer" = Option<String>, Header, description = "`return=minimal` answers 204"),
        ("Plenum-Apply-Id" = Option<String>, Header, description = "A name of your own for this change in `state.progress` events"),
    ),
    request_body(content = ref("#/components/schemas/Document"), description = "The whole document, in either layout"),
    responses(
        (status = 200, description = "The document as persisted", body = ref("#/components/schemas/Document")),
        (status = 204, description = "Applied; the new ETag is in the header"),
        (status = 412, description = "The document has changed since"),
        (status = 422, description = "The document has problems; all are in `issues`"),
        (status = 502, description = "HAProxy refuses it; `output` and `hints` say why. Nothing was changed"),
    ),
)]
pub(super) async fn put_state(
    State(edge): State<Edge>,
    caller: Caller,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, Error> {
    json_only(&headers)?;
    let change = change(&caller, &headers, Edit::Replace(body))?;
    let applied = edge.engine.apply(change).await?;
    Ok(answer(&applied, &headers))
}

/// Changes a part of the document, under the same guard and through the same apply.
#[utoipa::path(
    patch, path = "/api/state", operation_id = "patch_state", tag = "State",
    params(
        ("If-Match" = Option<String>, Header, description = "Only if the current document has this ETag; else 412"),
        ("Prefer" = Option<String>, Header, description = "`return=minimal` answers 204"),
        ("Plenum-Apply-Id" = Option<String>, Header, description = "A name of your own for this change in `state.progress` events"),
    ),
    request_body(
        content = Vec<PatchOperation>, content_type = "application/json-patch+json",
        description = "A JSON Patch (RFC 6902), or a merge patch (RFC 7396) as `application/merge-patch+json`",
    ),
    responses(
        (status = 200, description = "The document as persisted", body = ref("#/components/schemas/Document")),
        (status = 204, description = "Applied; the new ETag is in the header"),
        (status = 409, description = "A `test` does not hold, or a pointer leads nowhere"),
        (status = 412, description = "The document has changed since"),
        (status = 415, description = "Neither kind of patch"),
        (status = 422, description = "The patched document has problems; all are in `issues`"),
        (status = 502, description = "HAProxy refuses it; nothing was changed"),
    ),
)]
pub(super) async fn patch_state(
    State(edge): State<Edge>,
    caller: Caller,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, Error> {
    let change = change(&caller, &headers, Edit::Patch(patch_kind(&headers)?, body))?;
    let applied = edge.engine.apply(change).await?;
    Ok(answer(&applied, &headers))
}

/// What a document or a patch would change, and whether a reload is needed. Changes nothing.
#[utoipa::path(
    post, path = "/api/state/plan", operation_id = "plan_state", tag = "State",
    params(
        ("check" = Option<bool>, Query, description = "Let HAProxy check the configuration, and test-bind its addresses"),
        ("rendered" = Option<bool>, Query, description = "Include the rendered configuration"),
    ),
    request_body(
        description = "A whole document, or a patch by its content type",
        content(
            (ref("#/components/schemas/Document") = "application/json"),
            (Vec<PatchOperation> = "application/json-patch+json"),
        ),
    ),
    responses(
        (status = 200, description = "The plan", body = Preview),
        (status = 422, description = "The document has problems; all are in `issues`"),
        (status = 502, description = "With `check`: HAProxy refuses it"),
    ),
)]
pub(super) async fn plan_state(
    State(edge): State<Edge>,
    caller: Caller,
    QueryOf(query): QueryOf<PlanQuery>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<axum::Json<Preview>, Error> {
    let edit = match patch_kind(&headers) {
        Ok(kind) => Edit::Patch(kind, body),
        Err(_) => Edit::Replace(body),
    };
    let secrets = caller.role.may(Permission::EdgeSecretsRead);
    let wanted = Wanted { check: query.check, rendered: query.rendered, secrets };
    Ok(axum::Json(edge.engine.preview(change(&caller, &headers, edit)?, wanted).await?))
}

/// The JSON Schema of the document.
#[utoipa::path(
    get, path = "/api/state/schema", operation_id = "get_state_schema", tag = "State",
    responses((status = 200, description = "A JSON Schema (draft 2020-12)", content_type = "application/schema+json", body = Object)),
)]
pub(super) async fn get_state_schema() -> Response {
    // The same for the life of the program, and large.
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| Document::json_schema().to_string().into());
    ([(header::CONTENT_TYPE, "application/schema+json")], TEXT.clone()).into_response()
}

impl From<LayoutName> for Layout {
    fn from(name: LayoutName) -> Self {
        match name {
            LayoutName::Nested => Layout::Nested,
            LayoutName::Flat => Layout::Flat,
        }
    }
}

fn no_document(edge: &Edge) -> Error {
    if let Some(trouble) = edge.engine.trouble() {
        return Error::unavailable(
            "state.load.failed",
            format!("there is a stored document, but it cannot be loaded: {trouble}"),
        );
    }
    Error::not_found("state.notInitialized", "no document was ever applied; PUT one")
}

/// What every write has in common.
fn change(caller: &Caller, headers: &HeaderMap, edit: Edit) -> Result<Change, Error> {
    let directives = caller.role.may(Permission::EdgeDirectives);
    let precondition = precondition(headers)?;
    Ok(Change { edit, actor: caller.actor.clone(), reason: None, precondition, directives, id: apply_id(headers)? })
}

/// The name by which the caller knows its change in `state.progress` events.
pub(super) fn apply_id(headers: &HeaderMap) -> Result<ApplyId, Error> {
    let Some(value) = headers.get("plenum-apply-id") else { return Ok(ApplyId::unnamed()) };
    value.to_str().ok().and_then(ApplyId::parse).ok_or_else(|| {
        Error::invalid("api.badRequest", "`Plenum-Apply-Id` must have 1 to 64 letters, digits and dashes")
    })
}

/// What `If-Match` asks of the current document.
pub(super) fn precondition(headers: &HeaderMap) -> Result<Precondition, Error> {
    Ok(match Conditions::from_headers(headers)?.if_match {
        None => Precondition::None,
        Some(Tags::Any) => Precondition::Exists,
        Some(Tags::Some(tags)) => Precondition::Hash(tags.into_iter().map(|tag| tag.value).collect()),
    })
}

fn answer(applied: &Applied, headers: &HeaderMap) -> Response {
    let mut response = if Prefer::from_headers(headers).minimal {
        (StatusCode::NO_CONTENT, etag(&applied.live)).into_response()
    } else {
        document(&applied.live, Layout::Nested)
    };
    response.headers_mut().insert("plenum-action", HeaderValue::from_static(applied.action));
    response
}

pub(super) fn document(live: &Live, layout: Layout) -> Response {
    let body: Bytes = live.wire(layout);
    (etag(live), [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The hash is hex, so it is always a legal header value. The document may be cached, but must be asked for again.
fn etag(live: &Live) -> [(header::HeaderName, String); 2] {
    [(header::ETAG, format!("\"{}\"", live.hash())), (header::CACHE_CONTROL, "no-cache".to_owned())]
}

fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn patch_kind(headers: &HeaderMap) -> Result<PatchKind, Error> {
    match media_type(headers) {
        "application/json-patch+json" => Ok(PatchKind::JsonPatch),
        "application/merge-patch+json" => Ok(PatchKind::MergePatch),
        _ => Err(Error::unsupported_media_type(
            "send a patch as application/json-patch+json (RFC 6902) or application/merge-patch+json (RFC 7396)",
        )
        .with_header(
            header::HeaderName::from_static("accept-patch"),
            HeaderValue::from_static("application/json-patch+json, application/merge-patch+json"),
        )),
    }
}

/// A form post from another site can carry JSON text, but not this content type without the browser asking first.
fn json_only(headers: &HeaderMap) -> Result<(), Error> {
    match media_type(headers) {
        "" | "application/json" => Ok(()),
        _ => Err(Error::unsupported_media_type("send the document as JSON, with `content-type: application/json`")),
    }
}
