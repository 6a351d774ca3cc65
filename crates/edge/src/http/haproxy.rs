//! `/api/haproxy` and `/api/keepalived`: what is rendered, and the process.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use platform::{
    http::{
        body::{JsonBody, Payload, QueryOf},
        error::Error,
    },
    identity::Caller,
    permissions::Permission,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rendered;
use crate::{Edge, control};

/// Which text: what lies on disk, or what the stored document renders to.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Source {
    #[default]
    Disk,
    State,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct SourceQuery {
    #[serde(default)]
    source: Source,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Strategy {
    /// `direct` (Plenum runs it) or `systemd`.
    strategy: &'static str,
    /// Where its pid is written, where Plenum knows it.
    pid_path: Option<String>,
    /// `managed` or `external`.
    mode: &'static str,
    /// Whether it was stopped on purpose.
    stopped: bool,
    /// Whether it answers.
    running: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    ok: bool,
    /// What HAProxy said.
    output: String,
}

/// The outcome of a start or a stop, in the original's fields.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ran {
    ok: bool,
    code: i32,
    stdout: String,
    stderr: String,
}

/// Stopping takes every site down, so it is asked for twice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    confirm: bool,
}

impl Payload for Confirm {
    const CODE: &'static str = "haproxy.stop.confirmRequired";
}

/// The rendered configuration.
#[utoipa::path(
    get, path = "/api/haproxy/cfg", operation_id = "get_haproxy_cfg", tag = "HAProxy Runtime",
    params(("source" = Option<String>, Query, description = "`disk` (default) or `state`")),
    responses(
        (status = 200, description = "The text; secrets are masked for roles below admin", content_type = "text/plain", body = String),
        (status = 404, description = "Nothing lies on disk yet"),
        (status = 409, description = "There is no document yet, or the file was edited and only an admin may see it"),
    ),
)]
pub(super) async fn get_haproxy_cfg(
    State(edge): State<Edge>,
    caller: Caller,
    QueryOf(query): QueryOf<SourceQuery>,
) -> Result<Response, Error> {
    let secrets = caller.role.may(Permission::EdgeSecretsRead);
    let text = match query.source {
        Source::Disk => rendered::config_on_disk(&edge.engine, secrets).await?,
        Source::State => rendered::config_of_state(&edge.engine, secrets)?,
    };
    Ok(plain(text))
}

/// keepalived's rendered configuration.
#[utoipa::path(
    get, path = "/api/keepalived/cfg", operation_id = "get_keepalived_cfg", tag = "HAProxy Runtime",
    responses(
        (status = 200, description = "The text; secrets are masked for roles below admin", content_type = "text/plain", body = String),
        (status = 404, description = "The document does not enable keepalived"),
    ),
)]
pub(super) async fn get_keepalived_cfg(State(edge): State<Edge>, caller: Caller) -> Result<Response, Error> {
    let secrets = caller.role.may(Permission::EdgeSecretsRead);
    Ok(plain(rendered::keepalived_on_disk(&edge.engine, secrets).await?))
}

/// How HAProxy is started and stopped here.
#[utoipa::path(
    get, path = "/api/haproxy/control-strategy", operation_id = "get_control_strategy", tag = "HAProxy Runtime",
    responses((status = 200, description = "The strategy", body = Strategy)),
)]
pub(super) async fn get_control_strategy(State(edge): State<Edge>) -> Result<axum::Json<Strategy>, Error> {
    let strategy = control::strategy(&edge.engine).await?;
    Ok(axum::Json(Strategy {
        strategy: strategy.name,
        pid_path: strategy.pid_file.map(|path| path.display().to_string()),
        mode: strategy.mode,
        stopped: strategy.stopped,
        running: strategy.running,
    }))
}

/// Loads the current generation anew.
#[utoipa::path(
    post, path = "/api/haproxy/reload", operation_id = "reload_haproxy", tag = "HAProxy Runtime",
    responses((status = 200, description = "Reloaded", body = Done), (status = 502, description = "HAProxy refuses; what ran runs on")),
)]
pub(super) async fn reload_haproxy(State(edge): State<Edge>, caller: Caller) -> Result<axum::Json<Done>, Error> {
    let output = edge.engine.reload(&caller.actor).await?;
    Ok(axum::Json(Done { ok: true, output }))
}

/// Starts HAProxy again after a stop.
#[utoipa::path(
    post, path = "/api/haproxy/start", operation_id = "start_haproxy", tag = "HAProxy Runtime",
    responses((status = 200, description = "It runs", body = Ran), (status = 502, description = "It does not start; `output` says why")),
)]
pub(super) async fn start_haproxy(State(edge): State<Edge>, caller: Caller) -> Result<axum::Json<Ran>, Error> {
    edge.engine.start(&caller.actor).await.map(ran).map_err(Error::from)
}

/// Stops HAProxy; it stays stopped until it is started, also over a restart of Plenum.
#[utoipa::path(
    post, path = "/api/haproxy/stop", operation_id = "stop_haproxy", tag = "HAProxy Runtime",
    request_body = Confirm,
    responses((status = 200, description = "It is stopped", body = Ran), (status = 400, description = "Send {\"confirm\": true}")),
)]
pub(super) async fn stop_haproxy(
    State(edge): State<Edge>,
    caller: Caller,
    JsonBody(body): JsonBody<Confirm>,
) -> Result<axum::Json<Ran>, Error> {
    if !body.confirm {
        return Err(Error::invalid(
            Confirm::CODE,
            "stopping HAProxy takes every site down; send {\"confirm\": true} to do it",
        ));
    }
    edge.engine.stop(&caller.actor).await.map(ran).map_err(Error::from)
}

fn ran(output: String) -> axum::Json<Ran> {
    axum::Json(Ran { ok: true, code: 0, stdout: output, stderr: String::new() })
}

fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], text).into_response()
}
