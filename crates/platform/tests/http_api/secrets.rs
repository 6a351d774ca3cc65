//! V10, V11: canary secrets go in everywhere, and come out nowhere: not in answers, not in logs, not in the audit log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use plenum_platform::config::{LogFormat, LogLevel, Logging};
use plenum_platform::http::{Platform, platform_routes};
use plenum_platform::identity::Role;
use serde_json::json;

use crate::server::Server;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn v10_v11_secrets_are_told_once_to_whom_they_belong_and_never_again() {
    let captured = Captured::default();
    let writer = captured.clone();
    let logging = Logging { level: LogLevel::Trace, format: LogFormat::Json, ..Logging::default() };
    let (subscriber, _level) = plenum_platform::log::subscriber(&logging, move || writer.clone(), false);
    let _guard = tracing::subscriber::set_default(subscriber);

    let server = Server::start().await;
    let mut canaries = vec![server.setup_token()];
    let (password, second) = ("canary-password-1f6b", "canary-password-9c2d");
    canaries.extend([password.to_owned(), second.to_owned()]);

    let setup = json!({ "token": canaries[0], "username": "owner", "password": password });
    let reply = server.post("/api/setup/complete").json(&setup).send().await;
    assert_eq!(reply.status, 201);
    let cookie = reply.cookie().unwrap();
    canaries.push(cookie.strip_prefix("cp_session=").unwrap().to_owned());

    let made = server.post("/api/api-tokens").cookie(&cookie).json(&json!({ "name": "ci" })).send().await.json();
    let wire = made["wire"].as_str().unwrap().to_owned();
    canaries.push(wire.split_once('.').unwrap().1.to_owned());
    let enrolled = server.post("/api/auth/totp/enrol").cookie(&cookie).json(&json!({})).send().await.json();
    canaries.push(enrolled["secret"].as_str().unwrap().to_owned());

    // Everything that can go wrong with them.
    let mut answers = Vec::new();
    let refused_login = json!({ "username": "owner", "password": second, "totp": 123 });
    for body in [
        refused_login,
        json!({ "username": "owner", "password": second }),
        json!({ "username": [second] }),
        json!([second]),
    ] {
        answers.push(server.post("/api/auth/login").json(&body).send().await);
    }
    let query = format!("/api/audit?token={wire}&limit={second}");
    answers.push(server.get(&query).send().await);
    answers.push(server.get(&query).bearer(&wire).send().await);
    answers.push(server.get("/api/users").bearer(&format!("{wire}x")).send().await);
    answers.push(server.get(&format!("/api/nothing?password={second}")).send().await);
    let change = json!({ "current": second, "next": second });
    answers.push(server.post("/api/auth/change-password").cookie(&cookie).json(&change).send().await);
    let create = json!({ "username": "eve", "role": "viewer", "password": second });
    answers.push(server.post("/api/users").cookie(&cookie).json(&create).send().await);
    answers.push(server.post("/api/users").cookie(&cookie).json(&create).send().await);
    let reset = json!({ "password": password });
    answers.push(server.post("/api/users/eve/password").cookie(&cookie).json(&reset).send().await);

    // Everything that can be read.
    for row in platform_routes::<Platform>().table() {
        if row.method == http::Method::GET && row.path != "/api/events" && !row.path.contains('{') {
            answers.push(server.get(&row.path).bearer(&wire).send().await);
            answers.push(server.get(&row.path).cookie(&cookie).send().await);
        }
    }
    answers.push(server.post("/api/auth/logout").cookie(&cookie).json(&json!({})).send().await);
    server.platform.identity.flush_last_used().await.unwrap();

    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.lines().count() > answers.len(), "the log was captured");
    for canary in &canaries {
        for answer in &answers {
            assert!(!answer.text().contains(canary.as_str()), "{canary} in {}", answer.text());
            let in_headers = answer
                .headers
                .iter()
                .any(|(_, value)| String::from_utf8_lossy(value.as_bytes()).contains(canary.as_str()));
            assert!(!in_headers, "{canary} in {:?}", answer.headers);
        }
        let line = log.lines().find(|line| line.contains(canary.as_str()));
        assert_eq!(line, None, "{canary} in the log");
    }

    // At rest: hashed or sealed, in every file of the data directory.
    canaries.remove(0);
    for entry in std::fs::read_dir(server.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        for canary in &canaries {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} in {}", path.display());
        }
    }
}

#[tokio::test]
async fn v9_two_installations_share_nothing() {
    let (one, two) = (Server::start().await, Server::start().await);
    assert_ne!(one.setup_token(), two.setup_token());
    one.user(Role::Viewer).await;
    two.user(Role::Viewer).await;
    let cookie = one.session("viewer").await;
    let token = one.token("viewer").await;
    assert_eq!(two.get("/api/reconcilers").cookie(&cookie).send().await.status, 401);
    assert_eq!(two.get("/api/reconcilers").bearer(&token).send().await.status, 401);
}
