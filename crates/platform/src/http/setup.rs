//! The first run: whoever can read the setup token in the data directory makes the first owner.

use axum::Json;
use axum::extract::{FromRef, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::auth::{SignedIn, begin};
use super::body::{JsonBody, Payload};
use super::client::Client;
use super::error::Error;
use super::openapi::ErrorBody;
use super::platform::Platform;
use super::routes::{Access, Routes};
use super::tier::Tier;
use crate::identity::SetupStatus;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    Routes::default()
        // Public: there is nobody to sign in yet.
        .add(Access::public(), routes!(get_setup_status))
        // Public, but only with the setup token.
        .add(Access::public().tier(Tier::Auth), routes!(complete_setup))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetupRequest {
    /// The text of the file `setup.token` in the data directory.
    token: String,
    username: String,
    password: String,
}

impl Payload for SetupRequest {
    const CODE: &'static str = "auth.setup.fieldsRequired";
}

/// Whether the first user is still to be made.
#[utoipa::path(get, path = "/api/setup/status", tag = "Auth", operation_id = "get_setup_status",
    responses((status = 200, description = "Which it is.", body = SetupStatus)))]
async fn get_setup_status(State(platform): State<Platform>) -> Result<Json<SetupStatus>, Error> {
    Ok(Json(platform.identity.setup_status().await?))
}

/// Makes the first user, an owner, and signs them in.
#[utoipa::path(post, path = "/api/setup/complete", tag = "Auth", operation_id = "complete_setup",
    request_body = SetupRequest,
    responses((status = 201, description = "Made and signed in.", body = SignedIn),
        (status = 400, description = "A field is missing or unacceptable.", body = ErrorBody),
        (status = 401, description = "The setup token is wrong, or setup is over.", body = ErrorBody)))]
async fn complete_setup(
    State(platform): State<Platform>,
    client: Client,
    JsonBody(request): JsonBody<SetupRequest>,
) -> Result<Response, Error> {
    complete(&platform, &client, &request).await
}

pub(super) async fn complete(platform: &Platform, client: &Client, request: &SetupRequest) -> Result<Response, Error> {
    let SetupRequest { token, username, password } = request;
    let (user, session) = platform.identity.complete_setup(token, username, password, &client.identity()).await?;
    Ok(begin(platform, client, StatusCode::CREATED, &user, &session))
}
