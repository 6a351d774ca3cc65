//! The API's own description: `GET /api/openapi.json`, and a page at `/docs` that shows it without any network.
//!
//! The document is generated from the routes when the router is put together, so it cannot describe what is not there. Both
//! are public: what they say is in the public documentation anyway, and the login page's tools need it.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::routes;
use utoipa_swagger_ui::Config;

use super::conditional::{Conditions, ETag};
use super::error::Error;
use super::routes::{Access, Definitions, Routes};

/// How every error of the edge family looks.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Error)]
pub(super) struct ErrorBody {
    /// The class of the error.
    #[schema(example = "AuthError")]
    error: String,
    /// What is wrong and what to do, in words.
    message: String,
    /// A stable name of this very case.
    #[schema(example = "auth.required")]
    code: String,
    /// Every issue of a refused document.
    #[serde(skip_serializing_if = "Option::is_none")]
    issues: Option<Vec<IssueBody>>,
    /// What HAProxy said.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    /// What HAProxy's words mean, and which entity they are about.
    #[serde(skip_serializing_if = "Option::is_none")]
    hints: Option<Vec<HintBody>>,
    /// The current version, where the caller's is out of date.
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// The role that would have been enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<String>,
    /// Finds the cause in the daemon's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// How every error of the mesh family looks.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MeshError)]
pub(super) struct MeshErrorBody {
    /// What is wrong, in words.
    error: String,
    /// The same again.
    detail: String,
    /// A stable name of this very case.
    code: String,
    /// Finds the cause in the daemon's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// One problem of a document, in the form that Zod gives it; each code has further fields of its own.
#[derive(Serialize, ToSchema)]
#[schema(as = Issue)]
pub(super) struct IssueBody {
    /// Zod's name of the kind of problem.
    #[schema(example = "invalid_type")]
    code: String,
    /// The way from the root of the document: keys and indices.
    path: Vec<PathStep>,
    /// What is wrong, in words.
    message: String,
}

/// One message of an engine, led back to what in the document caused it.
#[derive(Serialize, ToSchema)]
#[schema(as = Hint)]
pub(super) struct HintBody {
    /// `alert`, `warning` or `notice`.
    severity: String,
    /// The line of the rendered configuration, where the message has one.
    line: Option<u32>,
    /// What is wrong, in the engine's words.
    message: String,
    /// Which entity of the document it is about.
    entity: Option<HintEntity>,
    /// The same, by id.
    #[serde(rename = "ref")]
    reference: Option<HintReference>,
    /// Where in the document.
    path: Vec<PathStep>,
    /// The engine's line as it came.
    raw: String,
}

/// An entity as people call it.
#[derive(Serialize, ToSchema)]
pub(super) struct HintEntity {
    /// `frontend`, `backend`, `server`, `acl`, …
    kind: String,
    name: String,
}

/// An entity as the document identifies it.
#[derive(Serialize, ToSchema)]
pub(super) struct HintReference {
    kind: String,
    /// Its id; for a server, which has none, its backend's.
    id: String,
    /// What to show.
    label: String,
}

/// How errors of the fleet family look.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FleetError)]
pub(super) struct FleetErrorBody {
    /// What is wrong, in words; `INSUFFICIENT_ROLE` where a role is missing.
    error: String,
    /// A stable name of this very case.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// With `INSUFFICIENT_ROLE`: what is wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The role that would have been enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<String>,
    /// Finds the cause in the daemon's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// The answer of what has nothing else to say.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Acknowledged {
    /// Always true: a failure is an error.
    ok: bool,
}

/// `{ok: true}`.
pub(super) fn done() -> axum::Json<Acknowledged> {
    axum::Json(Acknowledged { ok: true })
}

/// A key, or an index of a list.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum PathStep {
    /// A key.
    Key(String),
    /// An index.
    Index(u64),
}

/// The finished document as it is served.
#[derive(Clone)]
pub(super) struct Document {
    bytes: Bytes,
    tag: Arc<str>,
}

impl Document {
    /// Completes what the routes describe with what holds for all of them.
    pub(super) fn new(openapi: OpenApi, definitions: Definitions) -> Result<Self, serde_json::Error> {
        let bytes = Bytes::from(serde_json::to_vec(&describe(openapi, definitions)?)?);
        let tag = hex::encode(Sha256::digest(&bytes));
        Ok(Self { bytes, tag: tag.into() })
    }
}

/// The whole OpenAPI document of a set of routes.
///
/// # Errors
/// When it cannot be written as JSON, or when two schemas have one name.
pub(super) fn describe(mut openapi: OpenApi, definitions: Definitions) -> Result<Value, serde_json::Error> {
    complete(&mut openapi);
    let mut document = serde_json::to_value(openapi)?;
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (name, schema) in definitions {
            if schemas.contains_key(&name) {
                return Err(serde::ser::Error::custom(format!("two schemas have the name {name}")));
            }
            schemas.insert(name, schema);
        }
    }
    Ok(document)
}

fn complete(openapi: &mut OpenApi) {
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").build();
    openapi.info = InfoBuilder::new()
        .title("Plenum REST API")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Everything that the web app does goes through this API. Sign in for a session cookie, or send an API token \
             as `Authorization: Bearer pp_<8 hex>.<32 hex>`.",
        ))
        .license(Some(license))
        .build();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("pp_<keyId>.<secret>")
        .description(Some("An API token."))
        .build();
    let cookie = ApiKeyValue::with_description(super::caller::COOKIE, "The session of a signed-in user.");
    let mut components = openapi.components.take().unwrap_or_else(|| ComponentsBuilder::new().build());
    // No operation names these: they are the bodies of every refusal, whatever the operation.
    let mut errors = vec![
        ("Error".to_owned(), ErrorBody::schema()),
        ("FleetError".to_owned(), FleetErrorBody::schema()),
        ("MeshError".to_owned(), MeshErrorBody::schema()),
    ];
    ErrorBody::schemas(&mut errors);
    components.schemas.extend(errors);
    components.add_security_scheme("BearerAuth", SecurityScheme::Http(bearer));
    components.add_security_scheme("CookieAuth", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    openapi.components = Some(components);
}

pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Routes<S> {
    Routes::default()
        .add(Access::public(), routes!(get_openapi))
        .add(Access::public().undocumented(), routes!(get_docs))
        .add(Access::public().undocumented(), routes!(get_docs_index))
        .add(Access::public().undocumented(), routes!(get_docs_file))
}

/// The OpenAPI document of this server.
#[utoipa::path(get, path = "/api/openapi.json", tag = "Documentation", operation_id = "get_openapi",
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = Object)))]
async fn get_openapi(Extension(document): Extension<Document>, conditions: Conditions) -> Response {
    let tag = HeaderValue::from_str(&ETag::strong(&*document.tag).to_string());
    let mut response = if conditions.has_current(&document.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], document.bytes).into_response()
    };
    if let Ok(tag) = tag {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// Sends the browser to the page. Relative, so that it also works below a proxy's path.
#[utoipa::path(get, path = "/docs", tag = "Documentation", operation_id = "get_docs",
    responses((status = 308, description = "To /docs/.")))]
async fn get_docs() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(LOCATION, HeaderValue::from_static("docs/"))]).into_response()
}

/// The API reference as a page.
#[utoipa::path(get, path = "/docs/", tag = "Documentation", operation_id = "get_docs_index",
    responses((status = 200, description = "A page.", content_type = "text/html")))]
async fn get_docs_index() -> Result<Response, Error> {
    file("index.html")
}

/// The files that the page loads.
#[utoipa::path(get, path = "/docs/{*file}", tag = "Documentation", operation_id = "get_docs_file",
    params(("file" = String, Path, description = "Name of a file.")),
    responses((status = 200, description = "A file."), (status = 404, description = "No such file.", body = ErrorBody)))]
async fn get_docs_file(Path(name): Path<String>) -> Result<Response, Error> {
    file(&name)
}

fn file(name: &str) -> Result<Response, Error> {
    // The validator would send the document to a public service.
    let config = Config::from("../api/openapi.json").validator_url("none").with_credentials(true);
    let found = utoipa_swagger_ui::serve(name, Arc::new(config))
        .map_err(|error| Error::internal(std::io::Error::other(error.to_string())))?;
    let file = found.ok_or_else(|| Error::not_found("api.notFound", "there is no such page"))?;
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_str(&file.content_type)
            .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream")),
    );
    if file.gzpipped {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    // This page alone styles elements inline; scripts stay ours.
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; \
             img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'",
        ),
    );
    Ok((headers, file.bytes.into_owned()).into_response())
}
