//! V4: every route, with no credential, a wrong one, and one of every role, by token and by session.

use http::Method;
use plenum_platform::http::{Platform, RouteRow, Rule, platform_routes};
use plenum_platform::identity::Role;
use serde_json::json;

use crate::server::{Call, Server};

fn rows() -> Vec<RouteRow> {
    platform_routes::<Platform>().table().to_vec()
}

/// A call that every handler with a body refuses as malformed, so that nothing happens when access is granted.
fn probe(server: &Server, row: &RouteRow) -> Call {
    let path = row.path.replace("{*file}", "swagger-ui.css").replace(['{', '}'], "");
    let call = server.call(row.method.clone(), &path);
    if row.method == Method::GET { call } else { call.json(&json!({ "bogus": 1 })) }
}

#[tokio::test]
async fn v4_nobody_gets_further_than_the_public_routes() {
    let server = Server::start().await;
    for row in rows() {
        let anonymous = probe(&server, &row).open().await.status();
        let wrong = probe(&server, &row).bearer("pp_00000000.0123456789abcdef0123456789abcdef").open().await.status();
        let stale = probe(&server, &row).cookie("cp_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").open().await;
        for (who, status) in [("anonymous", anonymous), ("wrong token", wrong), ("stale cookie", stale.status())] {
            let refused = status == 401;
            let public = row.access.rule() == Rule::Public;
            // Public handlers may refuse by themselves (a setup token that is wrong); the probe's body never gets there.
            assert_eq!(refused, !public, "{who}: {} {} answered {status}", row.method, row.path);
        }
    }
}

#[tokio::test]
async fn v4_every_role_gets_exactly_what_its_permissions_say() {
    let server = Server::start().await;
    for role in Role::ALL {
        let user = server.user(role).await;
        let token = server.token(&user).await;
        let cookie = server.session(&user).await;
        // The one route that ends the session comes last.
        let (last, mut all): (Vec<_>, Vec<_>) = rows().into_iter().partition(|row| row.operation_id == "logout");
        all.extend(last);
        for row in all {
            let by_session = probe(&server, &row).cookie(&cookie).open().await.status();
            let by_token = probe(&server, &row).bearer(&token).open().await.status();
            let (may, token_may) = match row.access.rule() {
                Rule::Public => (true, true),
                Rule::Needs(permission) => {
                    (role.may(permission), role.may(permission) && !row.access.is_session_only())
                }
            };
            assert_eq!(by_session != 403, may, "{role} by session: {} {}: {by_session}", row.method, row.path);
            assert_eq!(by_token != 403, token_may, "{role} by token: {} {}: {by_token}", row.method, row.path);
            assert!(by_session != 401 && by_token != 401, "{role}: {} {}", row.method, row.path);
            assert!(!by_session.is_server_error() && !by_token.is_server_error(), "{} {}", row.method, row.path);
        }
    }
}

#[test]
fn every_route_has_a_name_of_its_own_and_says_which_are_public() {
    let rows = rows();
    let mut names: Vec<_> = rows.iter().map(|row| row.operation_id.as_str()).collect();
    assert!(names.iter().all(|name| !name.is_empty()));
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "two operations share a name");

    let public: Vec<String> = rows
        .iter()
        .filter(|row| row.access.rule() == Rule::Public)
        .map(|row| format!("{} {}", row.method, row.path))
        .collect();
    // A route joins this list only on purpose.
    assert_eq!(
        public,
        [
            "GET /health",
            "GET /api/health",
            "GET /api/i18n/languages",
            "GET /api/openapi.json",
            "GET /docs",
            "GET /docs/",
            "GET /docs/{*file}",
            "GET /api/setup/status",
            "POST /api/setup/complete",
            "POST /api/auth/login",
            "GET /api/auth/whoami",
            "GET /api/auth/state",
            "POST /api/auth/setup",
            "POST /api/client-errors",
        ]
    );
}

#[test]
fn the_table_can_be_read() {
    let text = plenum_platform::http::to_markdown(&rows());
    assert!(text.contains("| GET | `/api/audit` | `audit:read` | admin | yes | read |"), "{text}");
    assert!(text.contains("| POST | `/api/auth/login` | public | – | – | auth |"), "{text}");
    assert!(text.contains("| POST | `/api/auth/logout` | `account:self` | customer | no | write |"), "{text}");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_json_below_the_api_for_everybody() {
    let server = Server::start().await;
    let user = server.user(Role::Owner).await;
    let token = server.token(&user).await;
    for path in ["/api", "/api/", "/api/nothing", "/api/state/../x", "/mesh/api/nothing"] {
        server.get(path).header("accept", "text/html").send().await.expect(404, "api.notFound");
        server.post(path).bearer(&token).send().await.expect(404, "api.notFound");
    }
    let reply = server.call(Method::DELETE, "/api/auth/login").send().await;
    reply.expect(405, "api.methodNotAllowed");
    assert_eq!(reply.header("allow"), Some("POST"));
    assert_eq!(reply.json()["error"], "MethodNotAllowed");
    server.call(Method::TRACE, "/api/health").send().await.expect(405, "api.methodNotAllowed");
}

#[tokio::test]
async fn outside_the_api_the_missing_web_app_says_what_to_do() {
    let server = Server::start().await;
    for path in ["/", "/login", "/apiary", "/state"] {
        let reply = server.get(path).send().await;
        assert_eq!(reply.status, 503);
        assert_eq!(reply.json(), json!({ "error": "UI not built. Run: make ui-build" }));
    }
}
