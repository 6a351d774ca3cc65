//! One's own second factor.

use axum::Json;
use axum::extract::{FromRef, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::body::{JsonBody, Payload};
use super::error::Error;
use super::openapi::{Acknowledged, ErrorBody, done};
use super::platform::Platform;
use super::routes::{Access, Routes};
use super::tier::Tier;
use crate::identity::{self, Caller, Enrolment};
use crate::permissions::Permission;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    let own = Access::needs(Permission::Account).session_only();
    Routes::default()
        .add(own, routes!(enrol_totp))
        // Codes and passwords can be guessed here, so it costs what signing in costs.
        .add(own.tier(Tier::Auth), routes!(confirm_totp))
        .add(own.tier(Tier::Auth), routes!(disable_totp))
}

#[derive(Serialize, ToSchema)]
struct Enrolled {
    ok: bool,
    #[serde(flatten)]
    #[schema(inline, value_type = EnrolmentView)]
    enrolment: Enrolment,
}

/// What an authenticator needs; shown once.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes `identity::Enrolment` to the API's document")]
struct EnrolmentView {
    /// The secret in base 32, for typing.
    secret: String,
    /// The same as a URL, for a QR code.
    url: String,
}

/// Begins to set up a second factor. It is asked for only after `confirm`.
#[utoipa::path(post, path = "/api/auth/totp/enrol", tag = "Auth", operation_id = "enrol_totp",
    responses((status = 200, description = "What the authenticator needs.", body = Enrolled),
        (status = 409, description = "There is one already.", body = ErrorBody)))]
async fn enrol_totp(State(platform): State<Platform>, caller: Caller) -> Result<Json<Enrolled>, Error> {
    let enrolment = platform.identity.begin_totp(&caller).await.map_err(signed_in)?;
    Ok(Json(Enrolled { ok: true, enrolment }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConfirmTotp {
    /// The code that the authenticator shows.
    code: String,
}

impl Payload for ConfirmTotp {
    const CODE: &'static str = "auth.totp.codeRequired";
}

/// Turns the second factor on.
#[utoipa::path(post, path = "/api/auth/totp/confirm", tag = "Auth", operation_id = "confirm_totp",
    request_body = ConfirmTotp,
    responses((status = 200, description = "It is on.", body = Acknowledged),
        (status = 400, description = "The code is wrong.", body = ErrorBody),
        (status = 409, description = "None is being set up.", body = ErrorBody)))]
async fn confirm_totp(
    State(platform): State<Platform>,
    caller: Caller,
    JsonBody(request): JsonBody<ConfirmTotp>,
) -> Result<Json<Acknowledged>, Error> {
    platform.identity.confirm_totp(&caller, &request.code).await.map_err(signed_in)?;
    Ok(done())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DisableTotp {
    /// The account's password.
    password: String,
}

impl Payload for DisableTotp {
    const CODE: &'static str = "auth.totp.passwordRequired";
}

/// Turns the second factor off.
#[utoipa::path(post, path = "/api/auth/totp/disable", tag = "Auth", operation_id = "disable_totp",
    request_body = DisableTotp,
    responses((status = 200, description = "It is off.", body = Acknowledged),
        (status = 400, description = "The password is wrong.", body = ErrorBody)))]
async fn disable_totp(
    State(platform): State<Platform>,
    caller: Caller,
    JsonBody(request): JsonBody<DisableTotp>,
) -> Result<Json<Acknowledged>, Error> {
    platform.identity.disable_totp(&caller, &request.password).await.map_err(signed_in)?;
    Ok(done())
}

/// For somebody who is signed in, a wrong code is bad input and not a reason to sign in again.
fn signed_in(error: identity::Error) -> Error {
    match error {
        identity::Error::TotpInvalid => Error::invalid(error.code(), error.to_string()),
        identity::Error::TotpRequired => {
            Error::conflict("auth.totp.alreadyEnabled", "this account has a second factor already; turn it off first")
        }
        other => other.into(),
    }
}
