//! Budgets: three tiers, told on every answer, counted by who really asks, and for signing in not forgotten.

use jiff::SignedDuration;
use plenum_platform::config::Config;
use plenum_platform::http::Peer;
use plenum_platform::identity::Role;
use serde_json::json;

use crate::server::{Reply, Server};

fn numbers(reply: &Reply) -> (u32, u32, u32) {
    let number = |name: &str| reply.header(name).unwrap_or_else(|| panic!("no {name}")).parse().unwrap();
    (number("ratelimit-limit"), number("ratelimit-remaining"), number("ratelimit-reset"))
}

#[tokio::test]
async fn the_documented_budgets_are_on_every_answer() {
    let server = Server::with(|_| {}).await;
    for (call, limit, window) in [
        (server.get("/api/health"), 1000, 60),
        (server.get("/api/users"), 1000, 60),
        (server.get("/api/nothing"), 1000, 60),
        (server.call(http::Method::PATCH, "/api/health"), 60, 60),
        (server.post("/api/users"), 60, 60),
        (server.post("/api/auth/login"), 25, 900),
        (server.post("/api/setup/complete"), 25, 900),
        (server.post("/api/auth/change-password"), 25, 900),
        (server.call(http::Method::PUT, "/api/auth/change-password"), 25, 900),
        (server.get("/api/auth/whoami").bearer("nonsense"), 1000, 60),
    ] {
        let (told, remaining, reset) = numbers(&call.send().await);
        assert_eq!(told, limit);
        assert!(remaining < limit);
        assert!((1..=window).contains(&reset), "{reset}");
    }
    assert_eq!(server.get("/").send().await.header("ratelimit-limit"), None);
}

#[tokio::test]
async fn beyond_the_budget_comes_429_until_the_window_ends() {
    let server = Server::with(|config: &mut Config| config.rate_limit.read_max = 3).await;
    for left in [2, 1, 0] {
        assert_eq!(numbers(&server.get("/api/health").send().await).1, left);
    }
    let reply = server.get("/api/health").send().await;
    reply.expect(429, "api.rateLimited");
    assert_eq!(reply.json()["error"], "RateLimited");
    assert_eq!(reply.header("retry-after"), reply.header("ratelimit-reset"));
    assert_eq!(numbers(&reply).1, 0);
    assert_eq!(server.get("/api/health").at_ip("192.0.2.11").send().await.status, 200, "others have their own");
    server.clock.advance(SignedDuration::from_secs(61));
    assert_eq!(server.get("/api/health").send().await.status, 200);
}

#[tokio::test]
async fn a_known_credential_has_its_own_budget_wherever_it_comes_from() {
    let server = Server::with(|config: &mut Config| config.rate_limit.read_max = 5).await;
    let owner = server.user(Role::Owner).await;
    let token = server.token(&owner).await;
    for left in [4, 3] {
        assert_eq!(numbers(&server.get("/api/users").bearer(&token).send().await).1, left);
    }
    // Somebody behind the same address uses that address up.
    while server.get("/api/health").send().await.status == 200 {}
    assert_eq!(numbers(&server.get("/api/users").bearer(&token).send().await).1, 2);
    assert_eq!(numbers(&server.get("/api/users").bearer(&token).at_ip("198.51.100.1").send().await).1, 1);
}

#[tokio::test]
async fn v14_guessing_tokens_is_stopped_by_address() {
    let server = Server::with(|config: &mut Config| config.rate_limit.read_max = 5).await;
    let mut answers = Vec::new();
    for n in 0..8 {
        let wire = format!("pp_0000000{n}.0123456789abcdef0123456789abcdef");
        answers.push(server.get("/api/users").bearer(&wire).send().await.status.as_u16());
    }
    assert_eq!(answers, [401, 401, 401, 401, 401, 429, 429, 429]);
}

#[tokio::test]
async fn v14_forwarded_for_moves_the_budget_only_behind_a_trusted_proxy() {
    let server = Server::with(|config: &mut Config| {
        config.rate_limit.auth_max = 3;
        config.server.trust_proxy = vec!["10.0.0.0/8".parse().unwrap()];
    })
    .await;
    let attempt = |peer: &'static str, forwarded: String| {
        let body = json!({ "username": "owner", "password": "wrong" });
        server.post("/api/auth/login").json(&body).at_ip(peer).header("x-forwarded-for", &forwarded).send()
    };
    // A stranger invents an address each time.
    let mut answers = Vec::new();
    for n in 0..5 {
        answers.push(attempt("192.0.2.1", format!("203.0.113.{n}")).await.status.as_u16());
    }
    assert_eq!(answers, [401, 401, 401, 429, 429]);
    // The same through the proxy: what the proxy appended counts, what the client wrote before it does not.
    let mut answers = Vec::new();
    for n in 0..5 {
        answers.push(attempt("10.0.0.1", format!("203.0.113.{n}, 198.51.100.7")).await.status.as_u16());
    }
    assert_eq!(answers, [401, 401, 401, 429, 429]);
    assert_eq!(attempt("10.0.0.1", "198.51.100.8".into()).await.status, 401, "another client has its own budget");
    // The other names of one address are one address.
    assert_eq!(attempt("::ffff:192.0.2.1", String::new()).await.status, 429);
}

#[tokio::test]
async fn v14_sign_in_attempts_outlive_a_restart() {
    let few = |config: &mut Config| config.rate_limit.auth_max = 3;
    let server = Server::with(few).await;
    let body = json!({ "username": "owner", "password": "wrong" });
    for _ in 0..3 {
        assert_eq!(server.post("/api/auth/login").json(&body).send().await.status, 401);
    }
    let server = server.restart(few).await;
    let reply = server.post("/api/auth/login").json(&body).send().await;
    reply.expect(429, "api.rateLimited");
    server.clock.advance(SignedDuration::from_mins(16));
    assert_eq!(server.post("/api/auth/login").json(&body).send().await.status, 401);
}

#[tokio::test]
async fn the_local_operator_is_told_the_numbers_but_never_refused() {
    let server = Server::with(|config: &mut Config| config.rate_limit.write_max = 2).await;
    for _ in 0..5 {
        let reply = server.post("/api/users").json(&json!({})).peer(Peer::this_process()).send().await;
        assert_eq!(reply.status, 400);
        assert_eq!(numbers(&reply).0, 2);
    }
}
