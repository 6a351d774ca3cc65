//! V8: a browser that is made to act for another site gets nowhere; programs are not bothered.

use http::Method;
use http::header::HOST;
use plenum_platform::config::Config;
use plenum_platform::identity::Role;
use serde_json::json;

use crate::server::{Call, Server};

fn write(server: &Server) -> Call {
    server.post("/api/users").json(&json!({}))
}

#[tokio::test]
async fn v8_writes_that_ride_on_a_cookie_come_from_our_own_pages() {
    let server = Server::start().await;
    let owner = server.user(Role::Owner).await;
    let cookie = server.session(&owner).await;
    let passes = |call: Call| {
        let cookie = cookie.clone();
        async move {
            let reply = call.cookie(&cookie).send().await;
            match reply.status.as_u16() {
                400 => true,
                403 => {
                    reply.expect(403, "auth.forbidden.crossSite");
                    false
                }
                other => panic!("{other}: {}", reply.text()),
            }
        }
    };
    assert!(passes(write(&server)).await, "without Origin");
    for (origin, expected) in [
        ("https://panel.example:8099", true),
        ("http://panel.example:8099", true),
        ("null", false),
        ("https://evil.example", false),
        ("https://panel.example:8099.evil.example", false),
        ("https://panel.example", false),
        ("https://evilpanel.example:8099", false),
    ] {
        assert_eq!(passes(write(&server).origin(origin)).await, expected, "{origin}");
    }
    for (site, expected) in [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false)] {
        assert_eq!(passes(write(&server).header("sec-fetch-site", site)).await, expected, "{site}");
    }
    let without_host = write(&server).without(HOST).origin("https://panel.example:8099");
    assert!(!passes(without_host).await, "nothing to compare with");

    for method in [Method::PUT, Method::DELETE] {
        let path = if method == Method::PUT { "/api/auth/change-password" } else { "/api/users/nobody" };
        let foreign = server.call(method, path).json(&json!({})).cookie(&cookie).origin("https://evil.example");
        assert_eq!(foreign.send().await.status, 403);
    }
    assert!(server.audit_rows().await.iter().all(|row| row.category != "user" || row.action == "create"));
}

#[tokio::test]
async fn v8_signing_a_victim_in_from_another_site_is_refused_too() {
    let server = Server::start().await;
    server.user(Role::Owner).await;
    let login = json!({ "username": "owner", "password": crate::server::PASSWORD });
    let foreign = server.post("/api/auth/login").json(&login).origin("https://evil.example");
    foreign.send().await.expect(403, "auth.forbidden.crossSite");
}

#[tokio::test]
async fn v8_reads_and_tokens_are_not_concerned() {
    let server = Server::start().await;
    let owner = server.user(Role::Owner).await;
    let (cookie, token) = (server.session(&owner).await, server.token(&owner).await);
    let read = server.get("/api/users").cookie(&cookie).origin("https://evil.example").send().await;
    assert_eq!(read.status, 200);
    assert_eq!(read.header("access-control-allow-origin"), None, "other sites' scripts read nothing");
    let by_token = write(&server).bearer(&token).origin("https://evil.example").send().await;
    assert_eq!(by_token.status, 400, "a program may send what it likes");
    // A cookie does not become harmless because a bad token stands beside it.
    let both = write(&server).bearer("pp_0.0").cookie(&cookie).origin("https://evil.example").send().await;
    assert!(matches!(both.status.as_u16(), 401 | 403), "{}", both.status);
}

#[tokio::test]
async fn v14_behind_a_trusted_proxy_the_host_it_names_counts_and_only_then() {
    let trusted = |config: &mut Config| config.server.trust_proxy = vec!["10.0.0.0/8".parse().unwrap()];
    let server = Server::with(trusted).await;
    let owner = server.user(Role::Owner).await;
    let cookie = server.session(&owner).await;
    let from = |ip: &str| {
        let call = write(&server).cookie(&cookie).at_ip(ip).origin("https://public.example");
        call.header("x-forwarded-host", "public.example").header("x-forwarded-proto", "https").send()
    };
    assert_eq!(from("10.1.2.3").await.status, 400);
    assert_eq!(from("192.0.2.1").await.status, 403);
}
