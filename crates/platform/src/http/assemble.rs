//! The finished router: the platform's routes and an area's, under the layers that hold for all of them.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, Request};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use http::StatusCode;
use serde_json::json;
use tower::ServiceExt;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::admit::{Admission, admit};
use super::client::{Trust, resolve};
use super::error::Error;
use super::linger::{Linger, linger};
use super::observe::{catch_panic, observe};
use super::openapi::{Document, describe};
use super::platform::Platform;
use super::routes::Routes;
use super::security::{Policy, headers, is_api};

/// All routes of the platform itself.
#[must_use]
pub fn platform_routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    super::system::routes()
        .merge(super::openapi::routes())
        .merge(super::setup::routes())
        .merge(super::auth::routes())
        .merge(super::totp::routes())
        .merge(super::sessions::routes())
        .merge(super::tokens::routes())
        .merge(super::users::routes())
        .merge(super::audit::routes())
        .merge(super::events::routes())
        .merge(super::jobs::routes())
        .merge(super::config::routes())
        .merge(super::backup::routes())
        .merge(super::client_errors::routes())
}

/// The OpenAPI document of the platform's routes and those of the areas.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn openapi_of<S>(areas: Routes<S>) -> Result<serde_json::Value, serde_json::Error>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    let (_, openapi, definitions, _) = platform_routes::<S>().merge(areas).into_parts();
    describe(openapi, definitions)
}

/// The whole API over `state`, with the platform's routes and those of the areas. Outside the API it says that there is no
/// web app.
///
/// # Errors
/// When the API's description cannot be written as JSON.
pub fn serve_router<S>(platform: &Platform, areas: Routes<S>, state: S) -> Result<Router, serde_json::Error>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    serve_router_with_ui(platform, areas, state, Router::new().fallback(ui_not_built))
}

/// The same with a web app for every path that the API does not own.
///
/// # Errors
/// When the API's description cannot be written as JSON.
pub fn serve_router_with_ui<S>(
    platform: &Platform,
    areas: Routes<S>,
    state: S,
    ui: Router,
) -> Result<Router, serde_json::Error>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    let (router, openapi, definitions, rows) = platform_routes::<S>().merge(areas).into_parts();
    let document = Document::new(openapi, definitions)?;
    let admission = Arc::new(Admission::new(platform.clone(), &rows));
    let trust = Arc::new(Trust::new(&platform.config.server));
    let bounds = Linger::default();
    let body_timeout = Duration::from_millis(platform.config.server.body_timeout_ms);
    let policy = Arc::new(Policy::new(platform.config.security.hsts_max_age_seconds));

    // Each layer wraps those before it, so the list reads from the inside out.
    Ok(router
        .method_not_allowed_fallback(wrong_method)
        .fallback(move |request: Request| elsewhere(ui.clone(), request))
        .with_state(state)
        .layer(Extension(document))
        // Innermost of the layers, right before the routes' guards, which ask who the caller is. Unknown paths pass
        // here too: the answer to them counts and carries the same headers.
        .layer(from_fn(move |request, next| admit(Arc::clone(&admission), request, next)))
        // Before `admit`, which counts and records by address.
        .layer(from_fn(move |request, next| resolve(Arc::clone(&trust), request, next)))
        // Around everything that runs code of handlers and layers.
        .layer(from_fn(catch_panic))
        // Inside `linger`, which has a limit of its own for what nobody waits for.
        .layer(RequestBodyTimeoutLayer::new(body_timeout))
        // Around everything that may answer before the body has arrived.
        .layer(from_fn(move |request, next| linger(bounds.clone(), request, next)))
        // Around the panics, whose answers need the headers as well.
        .layer(from_fn(move |request, next| headers(Arc::clone(&policy), request, next)))
        // Outermost: sees every request once and every answer as it leaves.
        .layer(from_fn(observe)))
}

async fn wrong_method(request: Request) -> Error {
    Error::method_not_allowed(format!("this path does not take {}", request.method()))
}

/// Paths without a route: JSON below `/api`, the web app everywhere else.
async fn elsewhere(ui: Router, request: Request) -> Response {
    if is_api(request.uri().path()) {
        return Error::not_found("api.notFound", "there is no such path; see /api/openapi.json").into_response();
    }
    match ui.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// What a build without the web app answers outside the API.
pub async fn ui_not_built() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": "UI not built. Run: make ui-build" }))).into_response()
}
