//! What every answer carries, and how "not signed in" is said to different clients.

use plenum_platform::config::Config;
use plenum_platform::identity::Role;

use crate::server::Server;

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let server = Server::start().await;
    let owner = server.user(Role::Owner).await;
    let token = server.token(&owner).await;
    for path in ["/", "/health", "/docs/", "/api/health", "/api/users", "/api/nothing", "/api/openapi.json", "/metrics"]
    {
        for call in [server.get(path), server.get(path).bearer(&token)] {
            let reply = call.send().await;
            let policy = reply.header("content-security-policy").unwrap();
            assert!(policy.contains("default-src 'self'") && policy.contains("script-src 'self'"), "{path}");
            assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-eval"), "{path}");
            assert_eq!(policy.contains("unsafe-inline"), path == "/docs/", "{path}");
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
            assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{path}");
            assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{path}");
            assert_eq!(reply.header("strict-transport-security"), None, "{path}");
            assert_eq!(reply.header("x-powered-by"), None);
            assert_eq!(reply.header("server"), None);
            assert_eq!(reply.header("x-request-id").unwrap().len(), 32);
            if path.starts_with("/api") || path == "/health" || path == "/metrics" {
                let expected = if path == "/metrics" && reply.status == 401 { None } else { Some("no-store") };
                assert_eq!(reply.header("cache-control"), expected, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn strict_transport_security_goes_out_over_tls_only() {
    let server = Server::start().await;
    let reply = server.get("/api/health").encrypted().send().await;
    assert_eq!(reply.header("strict-transport-security"), Some("max-age=31536000"));
    let off = Server::with(|config: &mut Config| config.security.hsts_max_age_seconds = 0).await;
    assert_eq!(off.get("/api/health").encrypted().send().await.header("strict-transport-security"), None);
}

#[tokio::test]
async fn a_request_id_from_outside_is_not_taken() {
    let server = Server::start().await;
    let one = server.get("/api/health").header("x-request-id", "mine").send().await;
    let two = server.get("/api/health").header("x-request-id", "mine").send().await;
    let ids = [one.header("x-request-id").unwrap(), two.header("x-request-id").unwrap()];
    assert!(ids[0] != "mine" && ids[0] != ids[1], "{ids:?}");
}

#[tokio::test]
async fn not_signed_in_is_said_in_the_clients_language() {
    let server = Server::start().await;
    let json = server.get("/api/audit").send().await;
    json.expect(401, "auth.required");
    assert_eq!(json.header("www-authenticate"), Some("Bearer realm=\"plenum\""));

    let stream = server.get("/api/events").header("accept", "text/event-stream").send().await;
    assert_eq!(stream.status, 401);
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.text().trim(), "authentication required");

    let page = server.get("/api/audit?limit=5&category=auth").header("accept", "text/html,*/*").send().await;
    assert_eq!(page.status, 302);
    assert_eq!(page.header("location"), Some("/login?return=%2Fapi%2Faudit%3Flimit%3D5%26category%3Dauth"));

    let write = server.post("/api/users").header("accept", "text/html").send().await;
    write.expect(401, "auth.required");
}

#[tokio::test]
async fn v12_the_way_to_the_login_page_cannot_be_bent() {
    let trusted = |config: &mut Config| config.server.trust_proxy = vec!["10.0.0.1/32".parse().unwrap()];
    let server = Server::with(trusted).await;
    for (ip, path, expected) in [
        ("10.0.0.1", "/panel", "/panel/login?return=%2Fapi%2Faudit"),
        ("10.0.0.1", "//evil.example", "/login?return=%2Fapi%2Faudit"),
        ("10.0.0.1", "https://evil.example", "/login?return=%2Fapi%2Faudit"),
        ("192.0.2.1", "/panel", "/login?return=%2Fapi%2Faudit"),
    ] {
        let call = server.get("/api/audit").header("accept", "text/html").header("x-ingress-path", path).at_ip(ip);
        assert_eq!(call.send().await.header("location"), Some(expected), "{ip} {path}");
    }
}
