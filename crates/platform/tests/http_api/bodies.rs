//! V23, V27: bodies that are missing, malformed, huge, deep or too clever cost nothing and say what is wrong.

use axum::body::Body;
use futures_util::stream;
use http::Method;
use plenum_platform::http::{Platform, platform_routes};
use plenum_platform::identity::Role;
use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn v23_every_route_with_a_body_survives_every_kind_of_bad_one() {
    let server = Server::start().await;
    let owner = server.user(Role::Owner).await;
    let cookie = server.session(&owner).await;
    let rows = server.audit_rows().await.len();
    let openapi = server.get("/api/openapi.json").send().await.json();
    for row in platform_routes::<Platform>().table() {
        let method = row.method.as_str().to_lowercase();
        if openapi["paths"][&row.path][&method].get("requestBody").is_none() {
            continue;
        }
        let call = |content_type: &str, body: Vec<u8>| {
            let path = row.path.replace(['{', '}'], "");
            server.call(row.method.clone(), &path).cookie(&cookie).raw(content_type, body).send()
        };
        let name = format!("{} {}", row.method, row.path);
        for (body, what) in [
            (b"{".to_vec(), "cut short"),
            (b"{\"a\":1}}".to_vec(), "with a tail"),
            (b"\xff\xfe{}".to_vec(), "not UTF-8"),
            (b"[1,2".to_vec(), "half a list"),
            (b"\"text\"".to_vec(), "a text"),
            (b"[".repeat(100_000), "100,000 levels deep"),
            (b"{\"a\":".repeat(65), "65 levels deep"),
            (b"{\"no such field\":1}".to_vec(), "an unknown field"),
        ] {
            let reply = call("application/json", body).await;
            assert_eq!(reply.status, 400, "{name}, {what}: {}", reply.text());
            let body = reply.json();
            let fleet = row.family == plenum_platform::http::Family::Fleet;
            assert!(fleet || body["error"] == "ValidationError", "{name}, {what}: {body}");
            assert!(body["code"].is_string(), "{name}, {what}: {body}");
        }
        assert_eq!(call("text/plain", b"{}".to_vec()).await.status, 415, "{name}");
        assert_eq!(call("application/x-www-form-urlencoded", b"a=b".to_vec()).await.status, 415, "{name}");
        let huge = call("application/json", vec![b' '; 2 * 1024 * 1024]).await;
        assert_eq!(huge.status, 413, "{name}");
    }
    let after: Vec<_> = server.audit_rows().await.into_iter().take(5).collect();
    assert_eq!(server.audit_rows().await.len(), rows, "something was done: {after:?}");
}

#[tokio::test]
async fn v23_an_announced_200_mb_body_is_refused_before_it_is_read() {
    let server = Server::start().await;
    let owner = server.user(Role::Owner).await;
    let token = server.token(&owner).await;
    let never = stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let call = server.post("/api/users").bearer(&token).header("content-length", "209715200");
    let reply = call.raw("application/json", Body::from_stream(never)).send().await;
    reply.expect(413, "api.payloadTooLarge");
    assert_eq!(reply.json()["error"], "PayloadTooLarge");
    assert!(reply.json()["message"].as_str().unwrap().contains("1048576"));

    // One that grows without saying so stops at the limit.
    let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 64 * 1024])).take(3200);
    use futures_util::StreamExt;
    let call = server.post("/api/users").bearer(&token);
    call.raw("application/json", Body::from_stream(chunks)).send().await.expect(413, "api.payloadTooLarge");

    // Strangers are not even asked for it.
    let never = stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let stranger = server.post("/api/users").raw("application/json", Body::from_stream(never)).send().await;
    stranger.expect(401, "auth.required");
}

#[tokio::test]
async fn v27_fields_that_decide_about_power_cannot_be_smuggled_in() {
    let server = Server::start().await;
    let owner = server.user(Role::Owner).await;
    let cookie = server.session(&owner).await;
    for (method, path, body) in [
        (Method::POST, "/api/auth/login", json!({ "username": "owner", "password": "x", "role": "owner" })),
        (Method::POST, "/api/api-tokens", json!({ "name": "t", "createdBy": "u_0000000000000000" })),
        (Method::POST, "/api/api-tokens", json!({ "name": "t", "keyId": "pp_00000000" })),
        (Method::POST, "/api/users", json!({ "username": "eve", "role": "viewer", "password": "x", "id": "u_1" })),
        (Method::PATCH, "/api/users/owner", json!({ "role": "viewer", "passwordHash": "x" })),
        (Method::POST, "/api/auth/change-password", json!({ "current": "a", "next": "b", "user": "owner" })),
    ] {
        let reply = server.call(method, path).cookie(&cookie).json(&body).send().await;
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        assert!(reply.text().contains("unknown field"), "{path}: {}", reply.text());
    }
    // Acting for another user is for the local operator.
    let call = server.post("/api/api-tokens").cookie(&cookie).json(&json!({ "name": "t", "user": "owner" }));
    call.send().await.expect(403, "auth.token.userNotAllowed");
    let tokens = server.get("/api/api-tokens").cookie(&cookie).send().await.json();
    assert_eq!(tokens, json!({ "tokens": [] }));
}

#[tokio::test]
async fn missing_fields_are_400_with_the_code_of_the_route() {
    let server = Server::start().await;
    let owner = server.user(Role::Owner).await;
    let cookie = server.session(&owner).await;
    for (method, path, code) in [
        (Method::POST, "/api/auth/login", "auth.login.fieldsRequired"),
        (Method::POST, "/api/setup/complete", "auth.setup.fieldsRequired"),
        (Method::POST, "/api/auth/setup", "auth.setup.fieldsRequired"),
        (Method::POST, "/api/auth/change-password", "auth.changePassword.fieldsRequired"),
        (Method::PUT, "/api/auth/change-password", "auth.changePassword.fieldsRequired"),
        (Method::POST, "/api/api-tokens", "auth.token.nameRequired"),
    ] {
        for body in ["{}", "", "null"] {
            let call = server.call(method.clone(), path).cookie(&cookie).raw("application/json", body);
            call.send().await.expect(400, code);
        }
    }
}
