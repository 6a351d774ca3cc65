//! The daemon about itself: liveness, metrics, languages.

use axum::Json;
use axum::extract::{FromRef, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::platform::Platform;
use super::routes::{Access, Routes};
use crate::permissions::Permission;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    Routes::default()
        // Public: a load balancer has no credential, and the answer says nothing but that we live.
        .add(Access::public(), routes!(get_health))
        .add(Access::public(), routes!(get_api_health))
        // Public: the login page needs it.
        .add(Access::public(), routes!(list_languages))
        .add(Access::needs(Permission::MetricsRead), routes!(get_metrics))
}

#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`: who cannot answer does not answer.
    status: &'static str,
    service: &'static str,
    /// How much the web app reports about itself.
    #[serde(rename = "frontendLogging")]
    frontend_logging: FrontendLogging,
}

#[derive(Serialize, ToSchema)]
struct FrontendLogging {
    enabled: bool,
    #[schema(value_type = String)]
    level: crate::config::LogLevel,
    /// The level per category.
    #[schema(value_type = Object)]
    categories: Value,
}

fn health(platform: &Platform) -> Response {
    let crate::config::FrontendLogging { enabled, level } = platform.config.frontend_logging;
    let names = ["app", "auth", "api", "state", "haproxy", "cert", "peer", "error"];
    let categories = names.into_iter().map(|name| (name.to_owned(), json!(level))).collect();
    let frontend_logging = FrontendLogging { enabled, level, categories: Value::Object(categories) };
    let no_store = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(Health { status: "ok", service: "plenum", frontend_logging })).into_response()
}

/// Whether the daemon answers.
#[utoipa::path(get, path = "/health", tag = "Health", operation_id = "get_health",
    responses((status = 200, description = "It does.", body = Health)))]
async fn get_health(State(platform): State<Platform>) -> Response {
    health(&platform)
}

/// Whether the daemon answers; the same as `/health`.
#[utoipa::path(get, path = "/api/health", tag = "Health", operation_id = "get_api_health",
    responses((status = 200, description = "It does.", body = Health)))]
async fn get_api_health(State(platform): State<Platform>) -> Response {
    health(&platform)
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Languages {
    languages: &'static [&'static str],
    default_language: &'static str,
}

/// The languages of the web app.
#[utoipa::path(get, path = "/api/i18n/languages", tag = "Configuration", operation_id = "list_languages",
    responses((status = 200, description = "Language codes.", body = Languages)))]
async fn list_languages() -> Json<Languages> {
    Json(Languages { languages: &["en", "es"], default_language: "en" })
}

/// Counters and timings in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "Observability", operation_id = "get_metrics",
    responses((status = 200, description = "Prometheus text.", content_type = "text/plain", body = String)))]
async fn get_metrics(State(platform): State<Platform>) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, platform.metrics.render()).into_response()
}
