//! What runs now: HAProxy's status, its servers, and one request through it.

use axum::extract::State;
use platform::http::{
    body::{JsonBody, Payload},
    error::Error,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Edge,
    probe::{self, Answer, Question, Refused},
    status::{self, Server, Status},
};

/// Every server that HAProxy knows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LiveServers)]
pub(super) struct Servers {
    servers: Vec<Server>,
}

/// One request to send through HAProxy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Probe {
    /// The id of a frontend of the live document, in HTTP mode.
    frontend: String,
    /// The id of one of its binds; the first that can be reached when absent.
    bind: Option<String>,
    /// The `Host` header; `localhost` when absent.
    host: Option<String>,
    /// The path with its query; `/` when absent.
    path: Option<String>,
    /// `GET` (default) or `HEAD`.
    method: Option<Method>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = ProbeMethod)]
enum Method {
    #[default]
    Get,
    Head,
}

impl Payload for Probe {
    const CODE: &'static str = "haproxy.probe.invalid";
}

/// HAProxy as it is now, and what a person should look at.
#[utoipa::path(
    get, path = "/api/haproxy/status", operation_id = "get_haproxy_status", tag = "HAProxy Runtime",
    responses((status = 200, description = "What HAProxy says of itself", body = Status)),
)]
pub(super) async fn get_status(State(edge): State<Edge>) -> Result<axum::Json<Status>, Error> {
    Ok(axum::Json(status::status(&edge.engine).await?))
}

/// How every server does, as HAProxy sees it now.
#[utoipa::path(
    get, path = "/api/haproxy/servers", operation_id = "list_live_servers", tag = "HAProxy Runtime",
    responses(
        (status = 200, description = "The servers", body = Servers),
        (status = 503, description = "HAProxy does not answer"),
    ),
)]
pub(super) async fn list_servers(State(edge): State<Edge>) -> Result<axum::Json<Servers>, Error> {
    let servers = status::servers(&edge.engine).await.map_err(|error| {
        Error::unavailable("haproxy.stats.unavailable", "HAProxy does not answer; does it run?").with_cause(error)
    })?;
    Ok(axum::Json(Servers { servers }))
}

/// Sends one request to a frontend of the live document, from this machine, and tells what came back.
#[utoipa::path(
    post, path = "/api/haproxy/probe", operation_id = "probe_haproxy", tag = "HAProxy Runtime",
    request_body = Probe,
    responses(
        (status = 200, description = "What came back, or why nothing did", body = Answer),
        (status = 400, description = "Not a request that can be sent"),
        (status = 404, description = "The live document has no such frontend or bind"),
    ),
)]
pub(super) async fn probe_haproxy(
    State(edge): State<Edge>,
    JsonBody(body): JsonBody<Probe>,
) -> Result<axum::Json<Answer>, Error> {
    let live =
        edge.engine.live().ok_or_else(|| Error::not_found("state.notInitialized", "there is no document yet"))?;
    let question = Question {
        frontend: body.frontend,
        bind: body.bind,
        host: body.host.unwrap_or_else(|| "localhost".to_owned()),
        path: body.path.unwrap_or_else(|| "/".to_owned()),
        method: match body.method.unwrap_or_default() {
            Method::Get => http::Method::GET,
            Method::Head => http::Method::HEAD,
        },
    };
    probe::probe(&live, &question).await.map(axum::Json).map_err(|refused| match refused {
        Refused::Unknown(_) => Error::not_found("haproxy.probe.unknown", refused.to_string()),
        Refused::Unsuitable(_) | Refused::Request(_) => Error::invalid(Probe::CODE, refused.to_string()),
    })
}
