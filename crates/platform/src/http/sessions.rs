//! One's own sessions: which there are, and ending them.

use axum::Json;
use axum::extract::{FromRef, Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::error::Error;
use super::openapi::{Acknowledged, ErrorBody, done};
use super::platform::Platform;
use super::routes::{Access, Routes};
use crate::identity::{Caller, Session};
use crate::permissions::Permission;

pub(super) fn routes<S>() -> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Platform: FromRef<S>,
{
    let own = Access::needs(Permission::Account).session_only();
    Routes::default().add(own, routes!(list_sessions)).add(own, routes!(revoke_session))
}

#[derive(Serialize, ToSchema)]
struct Sessions {
    #[schema(value_type = Vec<SessionView>)]
    sessions: Vec<Session>,
}

/// A session of the caller.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes `identity::Session` to the API's document")]
struct SessionView {
    id: String,
    user_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_seen_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    ip: Option<String>,
    user_agent: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

/// One's own sessions, the most recently used first.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "Auth", operation_id = "list_sessions",
    responses((status = 200, description = "The sessions.", body = Sessions)))]
async fn list_sessions(State(platform): State<Platform>, caller: Caller) -> Result<Json<Sessions>, Error> {
    Ok(Json(Sessions { sessions: platform.identity.list_sessions(&caller).await? }))
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "Auth", operation_id = "revoke_session",
    params(("id" = String, Path, description = "Id of the session.")),
    responses((status = 200, description = "Ended.", body = Acknowledged),
        (status = 404, description = "The caller has no such session.", body = ErrorBody)))]
async fn revoke_session(
    State(platform): State<Platform>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Acknowledged>, Error> {
    platform.identity.revoke_session(&caller, &id).await?;
    Ok(done())
}
