//! Users, managed by admins and owners. Nobody can make, change or touch somebody above their own role.

use axum::Json;
use axum::extract::{FromRef, Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::body::{JsonBody, Payload};
use super::error::Error;
use super::openapi::{Acknowledged, ErrorBody, done};
use super::platform::Platform;
use super::routes::{Access, Routes};
use crate::identity::{Caller, Role, User};
use crate::permissions::Permission;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    let (read, write) = (Access::needs(Permission::UsersRead), Access::needs(Permission::UsersWrite));
    Routes::default()
        .add(read, routes!(list_users))
        .add(write, routes!(create_user))
        .add(write, routes!(update_user))
        .add(write, routes!(delete_user))
        .add(write, routes!(reset_user_password))
}

/// A user.
#[derive(ToSchema)]
#[schema(as = User, rename_all = "camelCase")]
#[allow(dead_code, reason = "describes `identity::User` to the API's document")]
struct UserRow {
    /// `u_<16 hex>`.
    id: String,
    username: String,
    /// `customer`, `viewer`, `moderator`, `admin` or `owner`.
    role: String,
    disabled: bool,
    /// Whether a second factor is needed.
    totp: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_login_at: Option<String>,
    #[schema(format = DateTime)]
    password_changed_at: String,
}

#[derive(Serialize, ToSchema)]
struct Users {
    #[schema(value_type = Vec<UserRow>)]
    users: Vec<User>,
}

/// All users by name.
#[utoipa::path(get, path = "/api/users", tag = "Users", operation_id = "list_users",
    responses((status = 200, description = "The users.", body = Users)))]
async fn list_users(State(platform): State<Platform>) -> Result<Json<Users>, Error> {
    Ok(Json(Users { users: platform.identity.list_users().await? }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateUser {
    username: String,
    /// `customer`, `viewer`, `moderator`, `admin` or `owner`; not above one's own.
    role: String,
    password: String,
}

impl Payload for CreateUser {
    const CODE: &'static str = "validation.fieldRequired";
}

#[derive(Serialize, ToSchema)]
struct Changed {
    ok: bool,
    #[schema(value_type = UserRow)]
    user: User,
}

fn role(text: &str) -> Result<Role, Error> {
    text.parse()
        .map_err(|error: crate::permissions::UnknownRole| Error::invalid("auth.user.roleInvalid", error.to_string()))
}

/// Creates a user.
#[utoipa::path(post, path = "/api/users", tag = "Users", operation_id = "create_user", request_body = CreateUser,
    responses((status = 201, description = "Created.", body = Changed),
        (status = 400, description = "A field is missing or unacceptable.", body = ErrorBody),
        (status = 409, description = "The name is taken.", body = ErrorBody)))]
async fn create_user(
    State(platform): State<Platform>,
    caller: Caller,
    JsonBody(request): JsonBody<CreateUser>,
) -> Result<(StatusCode, Json<Changed>), Error> {
    let role = role(&request.role)?;
    let user = platform.identity.create_user(&caller, &request.username, role, &request.password).await?;
    Ok((StatusCode::CREATED, Json(Changed { ok: true, user })))
}

/// One change: a role, or whether the user may sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateUser {
    role: Option<String>,
    disabled: Option<bool>,
}

impl Payload for UpdateUser {}

/// Gives a user another role, or disables or enables them. It takes effect with their next request.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "Users", operation_id = "update_user",
    params(("id" = String, Path, description = "Id or name of the user.")), request_body = UpdateUser,
    responses((status = 200, description = "Changed.", body = Changed),
        (status = 400, description = "Not exactly one change.", body = ErrorBody),
        (status = 404, description = "There is no such user.", body = ErrorBody),
        (status = 409, description = "They are the last owner.", body = ErrorBody)))]
async fn update_user(
    State(platform): State<Platform>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<UpdateUser>,
) -> Result<Json<Changed>, Error> {
    let identity = &platform.identity;
    // One at a time, so that a refused change never leaves half of a request behind.
    let user = match (request.role, request.disabled) {
        (Some(text), None) => identity.set_role(&caller, &id, role(&text)?).await?,
        (None, Some(disabled)) => identity.set_disabled(&caller, &id, disabled).await?,
        _ => return Err(Error::invalid("validation.invalidValue", "give either `role` or `disabled`")),
    };
    Ok(Json(Changed { ok: true, user }))
}

/// Removes a user with their sessions and tokens.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "Users", operation_id = "delete_user",
    params(("id" = String, Path, description = "Id or name of the user.")),
    responses((status = 200, description = "Removed.", body = Acknowledged),
        (status = 404, description = "There is no such user.", body = ErrorBody),
        (status = 409, description = "They are the last owner.", body = ErrorBody)))]
async fn delete_user(
    State(platform): State<Platform>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Acknowledged>, Error> {
    platform.identity.delete_user(&caller, &id).await?;
    Ok(done())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ResetPassword {
    password: String,
    /// Also removes the second factor, for somebody who lost it.
    #[serde(default)]
    drop_totp: bool,
}

impl Payload for ResetPassword {
    const CODE: &'static str = "validation.fieldRequired";
}

/// Sets a user's password and ends their sessions.
#[utoipa::path(post, path = "/api/users/{id}/password", tag = "Users", operation_id = "reset_user_password",
    params(("id" = String, Path, description = "Id or name of the user.")), request_body = ResetPassword,
    responses((status = 200, description = "Set.", body = Changed),
        (status = 400, description = "The password is unacceptable.", body = ErrorBody),
        (status = 404, description = "There is no such user.", body = ErrorBody)))]
async fn reset_user_password(
    State(platform): State<Platform>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<ResetPassword>,
) -> Result<Json<Changed>, Error> {
    let user = platform.identity.set_password(&caller, &id, &request.password, request.drop_totp).await?;
    Ok(Json(Changed { ok: true, user }))
}
