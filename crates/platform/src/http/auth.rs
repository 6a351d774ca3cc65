//! Signing in and out, who one is, and one's own password.

use axum::Json;
use axum::extract::{FromRef, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::body::{JsonBody, Payload};
use super::caller::{MaybeCaller, clear_session, set_session};
use super::client::Client;
use super::error::{Error, Family};
use super::openapi::{Acknowledged, ErrorBody, done};
use super::platform::Platform;
use super::routes::{Access, Routes};
use super::setup::SetupRequest;
use super::tier::Tier;
use crate::identity::{Caller, NewSession, Role, User};
use crate::permissions::Permission;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    let own = Access::needs(Permission::Account).session_only();
    let edge = Routes::new(Family::Edge)
        // Public: this is where credentials come from.
        .add(Access::public().tier(Tier::Auth), routes!(login))
        // Public: "nobody" is an answer.
        .add(Access::public(), routes!(whoami))
        .add(own, routes!(logout))
        .add(own.tier(Tier::Auth), routes!(put_change_password));
    let fleet = Routes::new(Family::Fleet)
        // Public: the web app asks before there is anybody to sign in.
        .add(Access::public(), routes!(get_auth_state))
        // Public, but only with the setup token.
        .add(Access::public().tier(Tier::Auth), routes!(setup_first_user))
        .add(own.tier(Tier::Auth), routes!(change_password));
    edge.merge(fleet)
}

/// A user, as they are shown to themselves.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserView {
    id: String,
    username: String,
    #[schema(value_type = String)]
    role: Role,
    /// How they were identified: `session`, `token` or `local`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<jiff::Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_login_at: Option<jiff::Timestamp>,
    display_name: Option<String>,
    /// Names of the permissions that the role has, such as `edge:state:write`: what a page need not offer otherwise.
    permissions: Vec<&'static str>,
}

fn permissions(role: Role) -> Vec<&'static str> {
    Permission::ALL.iter().filter(|permission| role.may(**permission)).map(|permission| permission.name()).collect()
}

impl UserView {
    pub(super) fn signed_in(user: &User) -> Self {
        Self {
            id: user.id.clone(),
            username: user.username.clone(),
            role: user.role,
            source: Some("session"),
            created_at: Some(user.created_at),
            last_login_at: user.last_login_at,
            display_name: None,
            permissions: permissions(user.role),
        }
    }

    fn caller(caller: &Caller) -> Self {
        Self {
            id: caller.actor.clone(),
            // A token is known by its own name; whose it is shows in the list of tokens.
            username: caller.token.as_ref().map_or(&caller.username, |token| &token.name).clone(),
            role: caller.role,
            source: Some(caller.source.as_str()),
            created_at: None,
            last_login_at: None,
            display_name: None,
            permissions: permissions(caller.role),
        }
    }
}

/// An answer that begins a session.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedIn {
    ok: bool,
    user: UserView,
}

/// Hands the browser its session together with who it is.
pub(super) fn begin(
    platform: &Platform,
    client: &Client,
    status: StatusCode,
    user: &User,
    session: &NewSession,
) -> Response {
    let left = session.expires_at.as_second().saturating_sub(platform.clock.now().as_second());
    let cookie = set_session(session.secret.expose(), client.https, left.max(0).unsigned_abs());
    (status, [cookie], Json(SignedIn { ok: true, user: UserView::signed_in(user) })).into_response()
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginRequest {
    username: String,
    password: String,
    /// The code of an authenticator, when the account has one.
    totp: Option<String>,
}

impl Payload for LoginRequest {
    const CODE: &'static str = "auth.login.fieldsRequired";
}

/// Signs in. The answer carries the cookie `cp_session`.
#[utoipa::path(post, path = "/api/auth/login", tag = "Auth", operation_id = "login", request_body = LoginRequest,
    responses((status = 200, description = "Signed in.", body = SignedIn),
        (status = 400, description = "A field is missing.", body = ErrorBody),
        (status = 401, description = "Wrong username, password or code, or a code is needed.", body = ErrorBody)))]
async fn login(
    State(platform): State<Platform>,
    client: Client,
    JsonBody(request): JsonBody<LoginRequest>,
) -> Result<Response, Error> {
    let LoginRequest { username, password, totp } = request;
    let (user, session) = platform.identity.login(&username, &password, totp.as_deref(), &client.identity()).await?;
    Ok(begin(&platform, &client, StatusCode::OK, &user, &session))
}

/// Signs out: the session ends and the cookie goes.
#[utoipa::path(post, path = "/api/auth/logout", tag = "Auth", operation_id = "logout",
    responses((status = 200, description = "Signed out.", body = Acknowledged)))]
async fn logout(State(platform): State<Platform>, caller: Caller, client: Client) -> Result<Response, Error> {
    platform.identity.logout(&caller, &client.identity()).await?;
    Ok(([clear_session(client.https)], done()).into_response())
}

#[derive(Serialize, ToSchema)]
struct Whoami {
    authenticated: bool,
    /// How: `session`, `token` or `local`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserView>,
}

/// Who the credential belongs to, if there is a good one.
#[utoipa::path(get, path = "/api/auth/whoami", tag = "Auth", operation_id = "whoami",
    responses((status = 200, description = "The caller, or nobody.", body = Whoami)))]
async fn whoami(MaybeCaller(caller): MaybeCaller) -> Json<Whoami> {
    let source = caller.as_ref().map(|caller| caller.source.as_str());
    let user = caller.as_deref().map(UserView::caller);
    Json(Whoami { authenticated: user.is_some(), source, user })
}

#[derive(Serialize, ToSchema)]
struct AuthState {
    /// There is no user yet.
    needs_setup: bool,
    authenticated: bool,
    user: Option<UserView>,
}

/// Whether the first user is still to be made, and who is signed in.
#[utoipa::path(get, path = "/api/auth/state", tag = "Auth", operation_id = "get_auth_state",
    responses((status = 200, description = "The state.", body = AuthState)))]
async fn get_auth_state(
    State(platform): State<Platform>,
    MaybeCaller(caller): MaybeCaller,
) -> Result<Json<AuthState>, Error> {
    let needs_setup = platform.identity.user_count().await? == 0;
    let user = caller.as_deref().map(UserView::caller);
    Ok(Json(AuthState { needs_setup, authenticated: user.is_some(), user }))
}

/// Makes the first user, an owner, and signs them in.
#[utoipa::path(post, path = "/api/auth/setup", tag = "Auth", operation_id = "setup_first_user",
    request_body = SetupRequest,
    responses((status = 201, description = "Made and signed in.", body = SignedIn),
        (status = 400, description = "A field is missing or unacceptable.", body = ErrorBody),
        (status = 401, description = "The setup token is wrong.", body = ErrorBody)))]
async fn setup_first_user(
    State(platform): State<Platform>,
    client: Client,
    JsonBody(request): JsonBody<SetupRequest>,
) -> Result<Response, Error> {
    super::setup::complete(&platform, &client, &request).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    current: String,
    next: String,
}

impl Payload for ChangePassword {
    const CODE: &'static str = "auth.changePassword.fieldsRequired";
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PutChangePassword {
    current_password: String,
    new_password: String,
}

impl Payload for PutChangePassword {
    const CODE: &'static str = "auth.changePassword.fieldsRequired";
}

/// Changes one's own password. All other sessions end; this one gets a fresh cookie.
#[utoipa::path(post, path = "/api/auth/change-password", tag = "Auth", operation_id = "change_password",
    request_body = ChangePassword,
    responses((status = 200, description = "Changed.", body = SignedIn),
        (status = 400, description = "The current password is wrong, or the next one unacceptable.", body = ErrorBody)))]
async fn change_password(
    State(platform): State<Platform>,
    caller: Caller,
    client: Client,
    JsonBody(request): JsonBody<ChangePassword>,
) -> Result<Response, Error> {
    change(&platform, &caller, &client, &request.current, &request.next).await
}

/// Changes one's own password; the same under other names.
#[utoipa::path(put, path = "/api/auth/change-password", tag = "Auth", operation_id = "put_change_password",
    request_body = PutChangePassword,
    responses((status = 200, description = "Changed.", body = SignedIn),
        (status = 400, description = "The current password is wrong, or the new one unacceptable.", body = ErrorBody)))]
async fn put_change_password(
    State(platform): State<Platform>,
    caller: Caller,
    client: Client,
    JsonBody(request): JsonBody<PutChangePassword>,
) -> Result<Response, Error> {
    change(&platform, &caller, &client, &request.current_password, &request.new_password).await
}

async fn change(
    platform: &Platform,
    caller: &Caller,
    client: &Client,
    current: &str,
    next: &str,
) -> Result<Response, Error> {
    let (user, session) = platform.identity.change_password(caller, current, next, &client.identity()).await?;
    Ok(begin(platform, client, StatusCode::OK, &user, &session))
}
