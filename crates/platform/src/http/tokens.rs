//! API tokens: made, listed and revoked. The wire form is shown once, in the answer that makes a token.

use axum::Json;
use axum::extract::{FromRef, Path, State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::body::{JsonBody, Payload};
use super::error::Error;
use super::openapi::{Acknowledged, ErrorBody, done};
use super::platform::Platform;
use super::routes::{Access, Routes};
use crate::identity::{Caller, NewToken, Source, Token};
use crate::permissions::Permission;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    let (read, write) = (Access::needs(Permission::TokensRead), Access::needs(Permission::TokensWrite));
    Routes::default()
        .add(read, routes!(list_tokens))
        .add(write, routes!(create_token))
        .add(write, routes!(create_temporary_token))
        .add(read, routes!(get_swagger_config))
        .add(write, routes!(delete_token))
}

/// A token, as it is listed.
#[derive(ToSchema)]
#[schema(as = ApiToken, rename_all = "camelCase")]
#[allow(dead_code, reason = "describes `identity::Token` to the API's document")]
struct TokenView {
    /// `pp_<8 hex>`.
    key_id: String,
    name: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// Id of the user it acts for.
    created_by: String,
}

#[derive(Serialize, ToSchema)]
struct Tokens {
    #[schema(value_type = Vec<TokenView>)]
    tokens: Vec<Token>,
}

/// All API tokens, newest first.
#[utoipa::path(get, path = "/api/api-tokens", tag = "Auth", operation_id = "list_tokens",
    responses((status = 200, description = "The tokens, without their secrets.", body = Tokens)))]
async fn list_tokens(State(platform): State<Platform>) -> Result<Json<Tokens>, Error> {
    Ok(Json(Tokens { tokens: platform.identity.list_tokens().await? }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CreateToken {
    name: String,
    /// When it stops working (RFC 3339); never when absent.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The user it acts for: only the local operator may say that, everybody else makes tokens for themselves.
    user: Option<String>,
}

impl Payload for CreateToken {
    const CODE: &'static str = "auth.token.nameRequired";
}

#[derive(Serialize, ToSchema)]
struct Created {
    #[schema(value_type = TokenView)]
    token: Token,
    /// What to send after `Bearer `. It cannot be had again.
    #[schema(example = "pp_a1b2c3d4.0123456789abcdef0123456789abcdef")]
    wire: String,
}

/// Makes an API token that acts with its maker's role.
#[utoipa::path(post, path = "/api/api-tokens", tag = "Auth", operation_id = "create_token", request_body = CreateToken,
    responses((status = 201, description = "The token, with its secret for this once.", body = Created),
        (status = 400, description = "The name or the expiry is missing or wrong.", body = ErrorBody),
        (status = 409, description = "The name is taken.", body = ErrorBody)))]
async fn create_token(
    State(platform): State<Platform>,
    caller: Caller,
    JsonBody(request): JsonBody<CreateToken>,
) -> Result<(StatusCode, Json<Created>), Error> {
    if request.user.is_some() && caller.source != Source::Local {
        return Err(Error::forbidden(
            "auth.token.userNotAllowed",
            "a token acts for whoever makes it; leave out `user`",
        ));
    }
    let expires_at = request.expires_at.as_deref().map(expiry).transpose()?;
    let identity = &platform.identity;
    let NewToken { token, wire } =
        identity.create_token(&caller, request.user.as_deref(), &request.name, expires_at).await?;
    Ok((StatusCode::CREATED, Json(Created { token, wire: wire.to_string() })))
}

fn expiry(text: &str) -> Result<Timestamp, Error> {
    let wrong =
        || Error::invalid("auth.token.expiresAtInvalid", "`expiresAt` must be a time such as 2030-01-31T12:00:00Z");
    text.parse().map_err(|_| wrong())
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Temporary {
    ok: bool,
    #[schema(value_type = TokenView)]
    token: Token,
    wire: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Makes a token for an hour, for trying the API out.
#[utoipa::path(post, path = "/api/api-tokens/temp", tag = "Auth", operation_id = "create_temporary_token",
    responses((status = 200, description = "The token, with its secret for this once.", body = Temporary)))]
async fn create_temporary_token(State(platform): State<Platform>, caller: Caller) -> Result<Json<Temporary>, Error> {
    let NewToken { token, wire } = platform.identity.create_temporary_token(&caller).await?;
    Ok(Json(Temporary { ok: true, expires_at: token.expires_at, token, wire: wire.to_string() }))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SwaggerTokens {
    #[schema(value_type = Vec<TokenView>)]
    tokens: Vec<Token>,
    swagger_config: SwaggerConfig,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SwaggerConfig {
    allow_full_key_retrieval: bool,
    allow_temp_key_generation: bool,
    temp_key_expiration_hours: u32,
}

/// What the API reference page offers for authorizing its calls.
#[utoipa::path(get, path = "/api/api-tokens/swagger-config", tag = "Auth", operation_id = "get_swagger_config",
    responses((status = 200, description = "The tokens and what can be done.", body = SwaggerTokens)))]
async fn get_swagger_config(State(platform): State<Platform>) -> Result<Json<SwaggerTokens>, Error> {
    let swagger_config = SwaggerConfig {
        allow_full_key_retrieval: false,
        allow_temp_key_generation: true,
        temp_key_expiration_hours: 1,
    };
    Ok(Json(SwaggerTokens { tokens: platform.identity.list_tokens().await?, swagger_config }))
}

/// Revokes a token at once.
#[utoipa::path(delete, path = "/api/api-tokens/{keyId}", tag = "Auth", operation_id = "delete_token",
    params(("keyId" = String, Path, description = "`pp_<8 hex>`.")),
    responses((status = 200, description = "Revoked.", body = Acknowledged),
        (status = 404, description = "There is no such token.", body = ErrorBody)))]
async fn delete_token(
    State(platform): State<Platform>,
    caller: Caller,
    Path(key_id): Path<String>,
) -> Result<Json<Acknowledged>, Error> {
    platform.identity.revoke_token(&caller, &key_id).await?;
    Ok(done())
}
