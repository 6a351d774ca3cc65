//! V28, V29: credentials live exactly as long as they should, and none passes for another kind.

use jiff::SignedDuration;
use plenum_platform::config::Config;
use plenum_platform::identity::{Caller, Role};
use serde_json::json;

use crate::server::{PASSWORD, Server};

async fn alive(server: &Server, cookie: &str, token: &str) -> (bool, bool) {
    let by_cookie = server.get("/api/auth/sessions").cookie(cookie).send().await.status;
    let by_token = server.get("/api/reconcilers").bearer(token).send().await.status;
    (by_cookie == 200, by_token == 200)
}

#[tokio::test]
async fn v28_tokens_are_made_listed_and_revoked() {
    let server = Server::start().await;
    server.user(Role::Admin).await;
    let cookie = server.session("admin").await;
    let create = |body| server.post("/api/api-tokens").cookie(&cookie).json(&body).send();
    let made = create(json!({ "name": "ci-pipeline" })).await;
    assert_eq!(made.status, 201);
    let (token, wire) = (made.json()["token"].clone(), made.json()["wire"].as_str().unwrap().to_owned());
    let (key_id, secret) = wire.split_once('.').unwrap();
    assert_eq!((key_id.len(), secret.len()), (11, 32));
    assert_eq!(token["keyId"], key_id);
    assert_eq!(
        (&token["name"], &token["expiresAt"], &token["lastUsedAt"]),
        (&json!("ci-pipeline"), &json!(null), &json!(null))
    );

    let listed = server.get("/api/api-tokens").bearer(&wire).send().await;
    assert_eq!(listed.json()["tokens"][0]["keyId"], key_id);
    assert!(!listed.text().contains(secret));
    let who = server.get("/api/auth/whoami").bearer(&wire).send().await.json();
    assert_eq!(
        (&who["source"], &who["user"]["id"], &who["user"]["username"]),
        (&json!("token"), &json!(key_id), &json!("ci-pipeline"))
    );

    create(json!({ "name": "ci-pipeline" })).await.expect(409, "auth.token.nameExists");
    create(json!({ "name": "" })).await.expect(400, "auth.token.nameRequired");
    create(json!({ "name": "-x" })).await.expect(400, "auth.token.nameInvalid");
    create(json!({ "name": "a\nb" })).await.expect(400, "auth.token.nameInvalid");
    create(json!({ "name": "x", "expiresAt": "tomorrow" })).await.expect(400, "auth.token.expiresAtInvalid");
    create(json!({ "name": "x", "expiresAt": "2001-01-01T00:00:00Z" })).await.expect(400, "auth.token.expiresAtPast");
    create(json!({ "name": "x", "expiresAt": null })).await;

    let delete =
        |key: &str| server.call(http::Method::DELETE, &format!("/api/api-tokens/{key}")).cookie(&cookie).send();
    assert_eq!(delete(key_id).await.json(), json!({ "ok": true }));
    server.get("/api/api-tokens").bearer(&wire).send().await.expect(401, "auth.required");
    delete(key_id).await.expect(404, "auth.token.notFound");
    delete("pp_zzzzzzzz").await.expect(404, "auth.token.notFound");
}

#[tokio::test]
async fn v28_temporary_tokens_end_after_an_hour() {
    let server = Server::start().await;
    server.user(Role::Admin).await;
    let cookie = server.session("admin").await;
    let made = server.post("/api/api-tokens/temp").cookie(&cookie).send().await;
    assert_eq!(made.status, 200);
    let body = made.json();
    assert_eq!((&body["ok"], &body["expiresAt"]), (&json!(true), &body["token"]["expiresAt"]));
    let wire = body["wire"].as_str().unwrap();
    assert_eq!(server.get("/api/users").bearer(wire).send().await.status, 200);
    server.clock.advance(SignedDuration::from_mins(59));
    assert_eq!(server.get("/api/users").bearer(wire).send().await.status, 200);
    server.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(server.get("/api/users").bearer(wire).send().await.status, 401);
    let config = server.get("/api/api-tokens/swagger-config").cookie(&cookie).send().await.json();
    let expected =
        json!({ "allowFullKeyRetrieval": false, "allowTempKeyGeneration": true, "tempKeyExpirationHours": 1 });
    assert_eq!(config["swaggerConfig"], expected);
}

#[tokio::test]
async fn v28_every_change_of_a_user_reaches_their_credentials_with_the_next_request() {
    let server = Server::start().await;
    let owner = server.user(Role::Owner).await;
    let boss = server.session(&owner).await;
    server.user(Role::Admin).await;
    let token = server.token("admin").await;
    let cookie = server.session("admin").await;
    assert_eq!(alive(&server, &cookie, &token).await, (true, true));

    let patch = |body| server.call(http::Method::PATCH, "/api/users/admin").cookie(&boss).json(&body).send();
    // Demoted: still somebody, but no more than the new role.
    assert_eq!(server.get("/api/users").bearer(&token).send().await.status, 200);
    assert_eq!(patch(json!({ "role": "viewer" })).await.json()["user"]["role"], "viewer");
    for call in [server.get("/api/users").bearer(&token), server.get("/api/users").cookie(&cookie)] {
        call.send().await.expect(403, "auth.roleRequired");
    }
    patch(json!({ "role": "admin" })).await;
    assert_eq!(server.get("/api/users").bearer(&token).send().await.status, 200);

    // Disabled and enabled: sessions are over, tokens only sleep.
    assert_eq!(patch(json!({ "disabled": true })).await.json()["user"]["disabled"], true);
    assert_eq!(alive(&server, &cookie, &token).await, (false, false));
    let login = json!({ "username": "admin", "password": PASSWORD });
    server.post("/api/auth/login").json(&login).send().await.expect(401, "auth.invalidCredentials");
    patch(json!({ "disabled": false })).await;
    assert_eq!(alive(&server, &cookie, &token).await, (false, true));

    // A password set by somebody else ends sessions.
    let cookie = server.session("admin").await;
    let reset = json!({ "password": "a brand new password" });
    assert_eq!(server.post("/api/users/admin/password").cookie(&boss).json(&reset).send().await.status, 200);
    assert_eq!(alive(&server, &cookie, &token).await, (false, true));

    // Removed.
    let gone = server.call(http::Method::DELETE, "/api/users/admin").cookie(&boss).send().await;
    assert_eq!(gone.json(), json!({ "ok": true }));
    assert_eq!(alive(&server, &cookie, &token).await, (false, false));
    patch(json!({ "role": "viewer" })).await.expect(404, "auth.user.notFound");
}

#[tokio::test]
async fn v28_sessions_end_by_idleness_by_age_and_by_hand() {
    let server = Server::with(|config: &mut Config| config.rate_limit.read_max = 100_000).await;
    server.user(Role::Viewer).await;
    let idle = server.session("viewer").await;
    let probe = |cookie: String| {
        let call = server.get("/api/auth/sessions").cookie(&cookie);
        async move { call.send().await.status.as_u16() }
    };
    server.clock.advance(SignedDuration::from_hours(23));
    assert_eq!(probe(idle.clone()).await, 200);
    server.clock.advance(SignedDuration::from_hours(23));
    assert_eq!(probe(idle.clone()).await, 200, "use keeps a session alive");
    server.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(probe(idle.clone()).await, 401);

    let old = server.session("viewer").await;
    for _ in 0..32 {
        server.clock.advance(SignedDuration::from_hours(23));
        probe(old.clone()).await;
    }
    assert_eq!(probe(old.clone()).await, 401, "no session lives for more than thirty days");

    let (mine, other) = (server.session("viewer").await, server.session("viewer").await);
    let sessions = server.get("/api/auth/sessions").cookie(&mine).send().await.json();
    let list = sessions["sessions"].as_array().unwrap();
    assert_eq!(list.iter().filter(|session| session["current"] == true).count(), 1);
    assert!(list.iter().all(|session| session["ip"] == "192.0.2.10"));
    let other_id = list.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap();
    let revoke = |cookie: &str, id: &str| {
        server.call(http::Method::DELETE, &format!("/api/auth/sessions/{id}")).cookie(cookie).send()
    };
    // Somebody else's session is an unknown one.
    server.user(Role::Owner).await;
    let owner = server.session("owner").await;
    revoke(&owner, other_id).await.expect(404, "auth.session.notFound");
    assert_eq!(probe(other.clone()).await, 200);
    assert_eq!(revoke(&mine, other_id).await.status, 200);
    assert_eq!((probe(mine).await, probe(other).await), (200, 401));
}

#[tokio::test]
async fn v28_nobody_reaches_above_their_own_role() {
    let server = Server::start().await;
    server.user(Role::Owner).await;
    server.user(Role::Admin).await;
    let admin = server.session("admin").await;
    let create = |role: &str| {
        let body = json!({ "username": "newcomer", "role": role, "password": PASSWORD });
        server.post("/api/users").cookie(&admin).json(&body).send()
    };
    create("owner").await.expect(403, "auth.user.roleTooLow");
    create("emperor").await.expect(400, "auth.user.roleInvalid");
    assert_eq!(create("moderator").await.status, 201);
    create("moderator").await.expect(409, "auth.user.usernameExists");
    let patch = |user: &str, body| {
        server.call(http::Method::PATCH, &format!("/api/users/{user}")).cookie(&admin).json(&body).send()
    };
    patch("owner", json!({ "role": "viewer" })).await.expect(403, "auth.user.roleTooLow");
    patch("admin", json!({ "role": "owner" })).await.expect(403, "auth.user.roleTooLow");
    patch("newcomer", json!({})).await.expect(400, "validation.invalidValue");
    patch("newcomer", json!({ "role": "viewer", "disabled": true })).await.expect(400, "validation.invalidValue");
    let owner = server.session("owner").await;
    let body = json!({ "role": "viewer" });
    let last = server.call(http::Method::PATCH, "/api/users/owner").cookie(&owner).json(&body).send().await;
    last.expect(409, "auth.user.lastOwner");
}

#[tokio::test]
async fn v29_no_credential_passes_for_another_kind() {
    let server = Server::start().await;
    server.user(Role::Owner).await;
    let cookie = server.session("owner").await;
    let secret = cookie.strip_prefix("cp_session=").unwrap().to_owned();
    let wire = server.token("owner").await;
    let (key_id, half) = wire.split_once('.').unwrap();
    let setup = "0".repeat(48);

    for bearer in [
        secret.as_str(),
        &setup,
        key_id,
        half,
        &format!("{key_id}."),
        &format!("{key_id}.{}", half.to_uppercase()),
        &format!("{key_id}.{half}0"),
        &format!("{wire}.{half}"),
        &format!("ppp_{}.{half}", &key_id[3..]),
        &format!("peer_{}.{half}", &key_id[3..]),
        &format!("{key_id}.{}", "0".repeat(32)),
        "pp_00000000.00000000000000000000000000000000",
        "null",
        "undefined",
        "eyJhbGciOiJub25lIn0.eyJyb2xlIjoib3duZXIifQ.",
    ] {
        let status = server.get("/api/users").bearer(bearer).send().await.status;
        assert_eq!(status, 401, "{bearer}");
    }
    for cookie in
        [format!("cp_session={wire}"), format!("cp_session={setup}"), format!("session={secret}"), "cp_session=".into()]
    {
        assert_eq!(server.get("/api/users").cookie(&cookie).send().await.status, 401, "{cookie}");
    }
    // Neither in the query nor in other headers.
    for path in [format!("/api/users?token={wire}"), format!("/api/users?access_token={wire}")] {
        assert_eq!(server.get(&path).send().await.status, 401);
    }
    for header in ["x-api-key", "x-auth-token", "x-remote-user-name"] {
        assert_eq!(server.get("/api/users").header(header, &wire).send().await.status, 401);
    }
    let basic = server.get("/api/users").header("authorization", &format!("Basic {wire}")).send().await;
    assert_eq!(basic.status, 401);
    // A good cookie does not stand in for a token that somebody chose to send.
    let both = server.get("/api/users").bearer(key_id).cookie(&cookie).send().await;
    assert_eq!(both.status, 401);
}

#[tokio::test]
async fn v29_failed_tokens_are_recorded_without_what_was_sent_and_not_without_end() {
    let server = Server::start().await;
    server.user(Role::Owner).await;
    let before = server.audit_rows().await.len();
    for n in 0..300 {
        let wire = format!("pp_{n:08x}.canary0123456789abcdef0123456789a");
        server.get("/api/users").bearer(&wire).send().await;
    }
    let rows = server.audit_rows().await;
    let failures: Vec<_> = rows.iter().filter(|row| row.action == "bearer-fail").collect();
    assert!(!failures.is_empty() && rows.len() - before < 60, "{} rows", rows.len() - before);
    assert!(failures.iter().all(|row| row.category == "auth" && row.outcome == "fail" && row.actor == "anonymous"));
    assert!(failures.iter().all(|row| row.details.as_ref().unwrap()["ip"] == "192.0.2.10"));
    assert!(!serde_json::to_string(&rows).unwrap().contains("canary"));
}

#[tokio::test]
async fn the_local_operator_makes_tokens_for_users_by_name() {
    let server = Server::start().await;
    server.user(Role::Viewer).await;
    let local = plenum_platform::http::Peer::this_process();
    let body = json!({ "name": "probe", "user": "viewer" });
    let made = server.post("/api/api-tokens").json(&body).peer(local).send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    let wire = made.json()["wire"].as_str().unwrap().to_owned();
    assert_eq!(server.get("/api/reconcilers").bearer(&wire).send().await.status, 200);
    server.get("/api/users").bearer(&wire).send().await.expect(403, "auth.roleRequired");
    let by = server.platform.identity.recheck(&Caller::local("x")).await.unwrap();
    assert!(by.is_some());
}
