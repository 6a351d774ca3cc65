//! The first run, signing in and out, the second factor, and one's own sessions.

use plenum_platform::http::Peer;
use plenum_platform::identity::Role;
use serde_json::{Value, json};

use crate::server::{PASSWORD, Server};

#[tokio::test]
async fn v9_the_first_user_needs_the_setup_token_and_there_is_one_first_user() {
    let server = Server::start().await;
    let status = server.get("/api/setup/status").send().await.json();
    assert_eq!(status, json!({ "needsSetup": true, "hasToken": true, "userCount": 0 }));
    let state = server.get("/api/auth/state").send().await.json();
    assert_eq!(state, json!({ "needs_setup": true, "authenticated": false, "user": null }));

    let body =
        |token: &str, name: &str, password: &str| json!({ "token": token, "username": name, "password": password });
    let complete = |body: Value| server.post("/api/setup/complete").json(&body).send();
    complete(body("", "alice", PASSWORD)).await.expect(401, "auth.setup.tokenInvalid");
    complete(body("0123456789abcdef", "alice", PASSWORD)).await.expect(401, "auth.setup.tokenInvalid");
    let token = server.setup_token();
    complete(body(&token, "Alice!", PASSWORD)).await.expect(400, "auth.user.usernameInvalid");
    complete(body(&token, "alice", "short")).await.expect(400, "auth.user.passwordTooShort");
    complete(body(&token, "alice", &"x".repeat(257))).await.expect(400, "auth.user.passwordTooLong");

    let reply = complete(body(&token, "alice", PASSWORD)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let user = &reply.json()["user"];
    assert_eq!((&user["username"], &user["role"]), (&json!("alice"), &json!("owner")));
    assert!(user["id"].as_str().unwrap().starts_with("u_") && user["createdAt"].is_string());
    let cookie = reply.cookie().unwrap();
    let who = server.get("/api/auth/whoami").cookie(&cookie).send().await.json();
    assert_eq!((&who["authenticated"], &who["source"]), (&json!(true), &json!("session")));

    assert!(!server.data_dir().join("setup.token").exists());
    complete(body(&token, "mallory", PASSWORD)).await.expect(401, "auth.setup.alreadyCompleted");
    let fleet = server.post("/api/auth/setup").json(&body(&token, "mallory", PASSWORD)).send().await;
    assert_eq!((fleet.status.as_u16(), &fleet.json()["code"]), (401, &json!("auth.setup.alreadyCompleted")));
    let status = server.get("/api/setup/status").send().await.json();
    assert_eq!(status, json!({ "needsSetup": false, "hasToken": false, "userCount": 1 }));
}

#[tokio::test]
async fn the_fleet_way_to_set_up_is_the_same() {
    let server = Server::start().await;
    let body = json!({ "token": server.setup_token(), "username": "alice", "password": PASSWORD });
    let reply = server.post("/api/auth/setup").json(&body).send().await;
    assert_eq!((reply.status.as_u16(), &reply.json()["ok"]), (201, &json!(true)));
    let state = server.get("/api/auth/state").cookie(&reply.cookie().unwrap()).send().await.json();
    assert_eq!((&state["needs_setup"], &state["authenticated"]), (&json!(false), &json!(true)));
    assert_eq!(state["user"]["role"], "owner");
}

#[tokio::test]
async fn signing_in_gives_a_guarded_cookie_and_signing_out_takes_it() {
    let server = Server::start().await;
    server.user(Role::Viewer).await;
    let body = json!({ "username": "viewer", "password": PASSWORD });
    let plain = server.post("/api/auth/login").json(&body).send().await;
    assert_eq!(plain.status, 200);
    assert_eq!(plain.json()["ok"], true);
    assert_eq!(plain.json()["user"]["source"], "session");
    let set = plain.header("set-cookie").unwrap();
    assert!(set.starts_with("cp_session=") && set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    assert!(!set.contains("Secure"), "{set}");
    let tls = server.post("/api/auth/login").json(&body).encrypted().send().await;
    assert!(tls.header("set-cookie").unwrap().contains("; Secure"));

    let cookie = plain.cookie().unwrap();
    let out = server.post("/api/auth/logout").cookie(&cookie).send().await;
    assert_eq!(out.json(), json!({ "ok": true }));
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    server.post("/api/auth/logout").cookie(&cookie).send().await.expect(401, "auth.required");
    let who = server.get("/api/auth/whoami").cookie(&cookie).send().await.json();
    assert_eq!(who, json!({ "authenticated": false }));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let server = Server::start().await;
    server.user(Role::Viewer).await;
    let mut bodies = Vec::new();
    for (username, password) in
        [("viewer", "wrong password"), ("nobody", PASSWORD), ("vi\u{0}ewer", PASSWORD), ("", "")]
    {
        let reply =
            server.post("/api/auth/login").json(&json!({ "username": username, "password": password })).send().await;
        reply.expect(401, "auth.invalidCredentials");
        assert_eq!(reply.header("set-cookie"), None);
        bodies.push(reply.json());
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn both_ways_to_change_a_password() {
    let server = Server::start().await;
    server.user(Role::Viewer).await;
    let cookie = server.session("viewer").await;
    let post =
        |cookie: String, body: Value| server.post("/api/auth/change-password").cookie(&cookie).json(&body).send();
    let wrong = post(cookie.clone(), json!({ "current": "nonsense nonsense", "next": "another good one" })).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["code"]), (400, &json!("auth.user.currentPasswordIncorrect")));
    let short = post(cookie.clone(), json!({ "current": PASSWORD, "next": "short" })).await;
    assert_eq!((short.status.as_u16(), &short.json()["code"]), (400, &json!("auth.user.passwordTooShort")));

    let changed = post(cookie.clone(), json!({ "current": PASSWORD, "next": "another good one" })).await;
    assert_eq!(changed.status, 200);
    assert_eq!(server.get("/api/auth/sessions").cookie(&cookie).send().await.status, 401, "the old session is over");
    let fresh = changed.cookie().unwrap();
    let body = json!({ "currentPassword": "another good one", "newPassword": PASSWORD });
    let put = server.call(http::Method::PUT, "/api/auth/change-password").cookie(&fresh).json(&body).send().await;
    assert_eq!((put.status.as_u16(), &put.json()["user"]["username"]), (200, &json!("viewer")));
    server.session("viewer").await;
}

#[tokio::test]
async fn the_second_factor_is_asked_for_once_it_is_confirmed() {
    let server = Server::start().await;
    server.user(Role::Viewer).await;
    let cookie = server.session("viewer").await;
    let post = |path: &'static str, body: Value| server.post(path).cookie(&cookie).json(&body).send();
    let enrolled = post("/api/auth/totp/enrol", json!({})).await.json();
    assert!(enrolled["url"].as_str().unwrap().starts_with("otpauth://totp/"));
    server.session("viewer").await;

    post("/api/auth/totp/confirm", json!({ "code": "000000" })).await.expect(400, "auth.totp.invalid");
    let totp = totp_rs::Totp::from_url(enrolled["url"].as_str().unwrap()).unwrap();
    let code = |server: &Server| totp.generate(server.clock_seconds()).to_string();
    let confirmed = post("/api/auth/totp/confirm", json!({ "code": code(&server) })).await;
    assert_eq!(confirmed.json(), json!({ "ok": true }));
    post("/api/auth/totp/enrol", json!({})).await.expect(409, "auth.totp.alreadyEnabled");

    let login = |totp: Option<String>| {
        let mut body = json!({ "username": "viewer", "password": PASSWORD });
        if let Some(totp) = totp {
            body["totp"] = totp.into();
        }
        server.post("/api/auth/login").json(&body).send()
    };
    login(None).await.expect(401, "auth.totp.required");
    login(Some("123456".into())).await.expect(401, "auth.totp.invalid");
    login(Some(code(&server))).await.expect(401, "auth.totp.invalid");
    server.clock.advance(jiff::SignedDuration::from_secs(30));
    assert_eq!(login(Some(code(&server))).await.status, 200);

    post("/api/auth/totp/disable", json!({ "password": "wrong wrong wrong" }))
        .await
        .expect(400, "auth.user.currentPasswordIncorrect");
    assert_eq!(post("/api/auth/totp/disable", json!({ "password": PASSWORD })).await.status, 200);
    assert_eq!(login(None).await.status, 200);
}

#[tokio::test]
async fn the_local_operator_is_who_the_kernel_says_and_nobody_else() {
    let server = Server::start().await;
    let who = |peer: Peer| server.get("/api/auth/whoami").peer(peer).send();
    let local = who(Peer::Local { uid: 0, pid: None, user: "root".into() }).await.json();
    assert_eq!(local["source"], "local");
    assert_eq!((&local["user"]["id"], &local["user"]["role"]), (&json!("local:root"), &json!("owner")));
    assert_eq!(who(Peer::this_process()).await.json()["authenticated"], true);
    let stranger = who(Peer::Local { uid: 65_534, pid: None, user: "nobody".into() }).await.json();
    assert_eq!(stranger, json!({ "authenticated": false }));
    // An address is no identity.
    for ip in ["127.0.0.1", "::1"] {
        assert_eq!(server.get("/api/users").at_ip(ip).send().await.status, 401);
    }
}
