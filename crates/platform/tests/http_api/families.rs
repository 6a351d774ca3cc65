//! Each family keeps its own way to say no.

use axum::extract::State;
use plenum_platform::http::{Access, Error, Family, Platform, Routes};
use plenum_platform::identity::Role;
use plenum_platform::permissions::Permission;
use serde_json::json;
use utoipa_axum::routes;

use crate::server::Server;

#[utoipa::path(get, path = "/api/servers", operation_id = "list_servers", responses((status = 200)))]
async fn list_servers() -> Result<(), Error> {
    Err(Error::not_found("fleet.notFound", "there is no such server"))
}

#[utoipa::path(post, path = "/api/servers", operation_id = "adopt_server", responses((status = 200)))]
async fn adopt_server() -> &'static str {
    "adopted"
}

#[utoipa::path(get, path = "/api/broken", operation_id = "broken", responses((status = 200)))]
async fn broken(State(platform): State<Platform>) -> Result<(), Error> {
    let cause = std::io::Error::other("s3cret-path-/srv/plenum");
    Err(Error::internal(cause).with_extra("data", platform.db.engine()))
}

#[utoipa::path(get, path = "/api/panics", operation_id = "panics", responses((status = 200)))]
async fn panics() -> Result<(), Error> {
    let text = String::from("s3cret in a panic");
    panic!("{text}");
}

#[utoipa::path(get, path = "/api/refused", operation_id = "refused", responses((status = 200)))]
async fn refused() -> Error {
    let hints =
        json!([{ "severity": "alert", "line": 3, "message": "no such ACL", "kind": "acl", "name": "host_typo" }]);
    Error::haproxy("haproxy.validate.failed", "HAProxy refuses the configuration", Some("[ALERT] …".into()), hints)
}

#[utoipa::path(get, path = "/api/issues", operation_id = "issues", responses((status = 200)))]
async fn issues() -> Error {
    let issues = json!([{ "code": "custom", "path": ["haproxy", "backends", 0], "message": "no" }]);
    Error::issues("state.schema.invalid", "the document has 1 issue", issues)
}

async fn server() -> Server {
    let fleet = Routes::new(Family::Fleet)
        .add(Access::needs(Permission::JobsRead), routes!(list_servers))
        .add(Access::needs(Permission::JobsRun), routes!(adopt_server));
    let edge = Routes::new(Family::Edge)
        .add(Access::public(), routes!(broken))
        .add(Access::public(), routes!(panics))
        .add(Access::public(), routes!(refused))
        .add(Access::public(), routes!(issues));
    Server::with_routes(fleet.merge(edge), |_| {}).await
}

#[tokio::test]
async fn the_fleet_family_names_the_missing_role() {
    let server = server().await;
    let viewer = server.token(&server.user(Role::Viewer).await).await;
    let reply = server.post("/api/servers").bearer(&viewer).send().await;
    assert_eq!(reply.status, 403);
    let expected = json!({ "error": "INSUFFICIENT_ROLE", "message": "this needs the role admin", "required": "admin" });
    assert_eq!(reply.json(), expected);

    let reply = server.get("/api/servers").bearer(&viewer).send().await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json(), json!({ "error": "there is no such server", "code": "fleet.notFound" }));

    let reply = server.get("/api/servers").send().await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json(), json!({ "error": "authentication required", "code": "auth.required" }));
}

#[tokio::test]
async fn the_edge_family_has_class_message_and_code() {
    let server = server().await;
    let viewer = server.token(&server.user(Role::Viewer).await).await;
    let reply = server.get("/api/users").bearer(&viewer).send().await;
    let expected = json!({
        "error": "ForbiddenError", "message": "this needs the role admin", "code": "auth.roleRequired", "required": "admin",
    });
    assert_eq!((reply.status.as_u16(), reply.json()), (403, expected));

    let reply = server.get("/api/users").send().await;
    let expected = json!({ "error": "AuthError", "message": "authentication required", "code": "auth.required" });
    assert_eq!((reply.status.as_u16(), reply.json()), (401, expected));

    let reply = server.get("/api/refused").send().await;
    assert_eq!(reply.status, 502);
    let body = reply.json();
    assert_eq!((&body["error"], &body["output"]), (&json!("HaproxyError"), &json!("[ALERT] …")));
    assert_eq!(body["hints"][0]["name"], "host_typo");

    let reply = server.get("/api/issues").send().await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.json()["issues"][0]["path"], json!(["haproxy", "backends", 0]));
}

#[tokio::test]
async fn what_went_wrong_inside_stays_inside() {
    let server = server().await;
    for path in ["/api/broken", "/api/panics"] {
        let reply = server.get(path).send().await;
        reply.expect(500, "api.internalError");
        assert_eq!(reply.json()["error"], "InternalError");
        assert!(!reply.text().contains("s3cret"), "{}", reply.text());
        assert_eq!(reply.json()["requestId"].as_str(), reply.header("x-request-id"));
        assert!(reply.header("content-security-policy").is_some(), "the headers stand around panics too");
        assert!(reply.header("ratelimit-limit").is_some() || path == "/api/panics");
    }
}
