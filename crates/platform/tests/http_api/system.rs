//! The daemon about itself: liveness, metrics, background work, reports of the web app, and the pause for a backup.

use std::time::Duration;

use plenum_platform::config::Config;
use plenum_platform::http::Peer;
use plenum_platform::identity::Role;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::server::Server;

#[tokio::test]
async fn health_is_public_in_both_places() {
    let server = Server::start().await;
    for path in ["/health", "/api/health"] {
        let body = server.get(path).send().await.json();
        assert_eq!((&body["status"], &body["service"]), (&json!("ok"), &json!("plenum")));
        assert_eq!(body["frontendLogging"]["level"], "info");
        assert_eq!(body["frontendLogging"]["categories"]["haproxy"], "info");
    }
    let languages = server.get("/api/i18n/languages").send().await.json();
    assert_eq!(languages, json!({ "languages": ["en", "es"], "defaultLanguage": "en" }));
}

#[tokio::test]
async fn metrics_count_by_route_and_not_by_what_strangers_invent() {
    let server = Server::start().await;
    server.user(Role::Viewer).await;
    let token = server.token("viewer").await;
    server.get("/api/api-tokens").send().await;
    server.get("/api/no/such/path/4711").send().await;
    server.call("BREW".parse().unwrap(), "/api/health").send().await;
    assert_eq!(server.get("/metrics").send().await.status, 401);
    let reply = server.get("/metrics").bearer(&token).send().await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").unwrap().starts_with("text/plain"));
    let text = reply.text();
    assert!(text.contains("route=\"/api/api-tokens\",status=\"401\""), "{text}");
    assert!(text.contains("route=\"(none)\",status=\"404\""), "{text}");
    assert!(text.contains("plenum_http_request_seconds_bucket"), "{text}");
    assert!(!text.contains("4711") && !text.contains("BREW"), "{text}");
}

#[tokio::test]
async fn background_work_is_visible_and_can_be_asked_for() {
    let server = Server::start().await;
    server.user(Role::Admin).await;
    let token = server.token("admin").await;
    let status = || async {
        let body = server.get("/api/reconcilers").bearer(&token).send().await.json();
        body["reconcilers"].as_array().unwrap().iter().find(|one| one["name"] == "audit.retention").unwrap().clone()
    };
    let runs = |status: &Value| status["runs"].as_u64().unwrap();
    let wait_for = |least: u64| async move {
        for _ in 0..100 {
            if runs(&status().await) >= least {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it did not run");
    };
    wait_for(1).await;
    let reply = server.post("/api/reconcilers/audit.retention/run").bearer(&token).send().await;
    assert_eq!((reply.status.as_u16(), reply.json()), (202, json!({ "ok": true })));
    wait_for(2).await;
    server.post("/api/reconcilers/nothing/run").bearer(&token).send().await.expect(404, "jobs.notFound");
    assert!(server.audit_rows().await.iter().any(|row| row.category == "job" && row.action == "run"));
}

#[tokio::test]
async fn writes_pause_for_a_backup_and_reads_do_not() {
    let server = Server::start().await;
    server.user(Role::Admin).await;
    let cookie = server.session("admin").await;
    let token = server.token("admin").await;
    let local = || Peer::this_process();
    let paused = server.post("/api/backup/pre").peer(local()).json(&json!({ "limitSeconds": 60 })).send().await;
    assert_eq!(paused.status, 200, "{}", paused.text());
    let body = paused.json();
    assert_eq!((&body["ok"], &body["limitSeconds"]), (&json!(true), &json!(60)));

    assert_eq!(server.get("/api/users").bearer(&token).send().await.status, 200);
    let write = || server.post("/api/api-tokens").cookie(&cookie).json(&json!({ "name": "later" })).send();
    assert!(timeout(Duration::from_millis(300), write()).await.is_err(), "the write waits");
    server.post("/api/backup/pre").peer(local()).send().await.expect(409, "backup.already");

    let id = json!({ "id": body["id"] });
    assert_eq!(server.post("/api/backup/post").peer(local()).json(&id).send().await.status, 200);
    assert_eq!(write().await.status, 201);
    server.post("/api/backup/post").peer(local()).json(&id).send().await.expect(409, "backup.notPaused");
    server.post("/api/backup/post").peer(local()).send().await.expect(409, "backup.notPaused");
    let bad = json!({ "id": "zz" });
    server.post("/api/backup/post").peer(local()).json(&bad).send().await.expect(400, "validation.invalidFormat");

    let actions: Vec<_> =
        server.audit_rows().await.into_iter().filter(|row| row.category == "system").map(|row| row.action).collect();
    assert_eq!(actions, ["resume", "quiesce"]);
}

#[tokio::test]
async fn a_forgotten_pause_ends_by_itself() {
    let server = Server::with(|config: &mut Config| config.security.quiesce_limit_seconds = 1).await;
    server.user(Role::Admin).await;
    let cookie = server.session("admin").await;
    let body = json!({ "limitSeconds": 86_400 });
    let paused = server.post("/api/backup/pre").peer(Peer::this_process()).json(&body).send().await.json();
    assert_eq!(paused["limitSeconds"], 1, "no longer than the configuration allows");
    let write = server.post("/api/api-tokens").cookie(&cookie).json(&json!({ "name": "later" })).send();
    assert_eq!(timeout(Duration::from_secs(5), write).await.expect("writes go on").status, 201);
}

#[tokio::test]
async fn reports_of_the_web_app_are_kept_in_bounds() {
    let server = Server::start().await;
    let report = |body: Value| server.post("/api/client-errors").json(&body).send();
    let line = json!({ "ts": 1, "level": "error", "category": "api", "message": "x".repeat(10_000), "metadata": { "big": "y".repeat(20_000) } });
    let reply = report(json!({ "errors": [line], "recent": vec![json!({ "message": "before" }); 30] })).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "ok": true })));
    let rows = server.audit_rows().await;
    let row = rows.iter().find(|row| row.category == "client-error").unwrap();
    assert_eq!((row.actor.as_str(), row.action.as_str(), row.target.as_deref()), ("anonymous", "report", Some("api")));
    assert_eq!(row.outcome, "error");
    let details = row.details.as_ref().unwrap();
    assert_eq!(details["message"].as_str().unwrap().len(), 4096);
    assert_eq!(details["metadata"]["_truncated"], true);
    assert_eq!(details["recent"].as_array().unwrap().len(), 20);
    assert_eq!(details["ip"], "192.0.2.10");

    for n in 0..30 {
        let from = format!("192.0.2.{n}");
        let errors = vec![json!({ "message": "again" }); 100];
        let body = json!({ "errors": errors });
        assert_eq!(server.post("/api/client-errors").json(&body).at_ip(&from).send().await.status, 200);
    }
    let rows = server.audit_rows().await;
    assert!(rows.iter().filter(|row| row.category == "client-error").count() <= 60, "{} rows", rows.len());
    let huge = json!({ "errors": [{ "message": "x".repeat(300_000) }] });
    report(huge).await.expect(413, "api.payloadTooLarge");
}
